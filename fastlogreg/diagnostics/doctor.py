"""`doctor`: what hinders a logistic regression of given data, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fastlogreg import parallel, separation
from fastlogreg import validation as valid
from fastlogreg.design import by_row
from fastlogreg.diagnostics import faults
from fastlogreg.diagnostics.collinearity import MOST_COLUMNS
from fastlogreg.diagnostics.columns import describe, equal_columns
from fastlogreg.diagnostics.given import MOST_ROWS, holes, labels, numbers, part, texts
from fastlogreg.diagnostics.report import Finding, Report
from fastlogreg.recession.model import Model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from fastlogreg.annotations import MatrixLike

_ORDER = (
    "no rows", "one class", "no numbers", "missing labels", "missing values", "infinite values",
    "too large", "separation",
    "one-class columns", "constant", "duplicate", "collinear", "more columns than rows",
    "nearly collinear", "rare class", "rare values", "leverage", "scales", "far from zero",
)  # fmt: skip


def doctor(
    X: MatrixLike, y: ArrayLike, *, sample_weight: ArrayLike | None = None,
    fit_intercept: bool = True, feature_names: Sequence[str] | None = None,
) -> Report:  # fmt: skip
    """Look for what hinders a logistic regression of y on X, and say what to do about it.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n, p)
        The data; NaN and infinite values are counted, not refused, and columns of texts named.
    y : array-like of shape (n,)
        Labels of any kind and number of classes; NaN or None for unknown ones.
    sample_weight : array-like of shape (n,), default=None
        Rows of weight zero are left out; otherwise rows count the same here.
    fit_intercept : bool, default=True
        Whether the model has an intercept.
    feature_names : sequence of str, default=None
        Names of the columns; None for those of a data frame, else x0, x1, ...

    Returns
    -------
    Report
        The findings, the gravest first, each with its columns or rows, its figures and a remedy.
        Printed, it reads as help.

    Raises
    ------
    ValueError
        X has no rows, or is not two-dimensional; y holds no labels; their lengths differ.

    Notes
    -----
    The kinds of findings:

    - "one class", "missing labels", "missing values", "infinite values", "no rows"; "no numbers":
      columns of texts or dates; "too large": values above 1e150, whose squares overflow;
    - "separation": no finite maximum-likelihood estimate (`fastlogreg.check_separation`), and
      "one-class columns", whose non-zeros are all of one class, a frequent reason for it;
    - "constant", "duplicate" and "collinear" columns, the last with their relation; "nearly
      collinear" from a variance inflation factor of 100, which makes a standard error ten times as
      large; "more columns than rows";
    - "rare class": below 20 rows, or below 5 for each column; "rare values": columns other than
      zero (or than one) in fewer than 5 rows;
    - "leverage": rows with 20 times the average leverage, or more than normal data ever have;
    - "scales": standard deviations that differ by 1e4 or more; "far from zero": means of 1e5
      standard deviations or more.

    References
    ----------
    Belsley, Kuh and Welsch (1980), Regression Diagnostics. Vittinghoff and McCulloch (2007),
    Relaxing the rule of ten events per variable in logistic and Cox regression, Am. J. Epidemiology
    165.

    Examples
    --------
    >>> import numpy as np, fastlogreg
    >>> X = np.random.default_rng(0).standard_normal((200, 3))
    >>> y = X[:, 0] + np.random.default_rng(1).standard_normal(200) > 0
    >>> fastlogreg.doctor(X, y)
    200 rows, 3 columns; classes False (106), True (94)
    Nothing stands in the way of a fit.
    >>> X[:, 2] = X[:, 0] - 2 * X[:, 1] + 5
    >>> print(fastlogreg.doctor(X, y, feature_names=["a", "b", "c"])[0].text)
    c = 5 + a - 2 b
    """
    frame = X
    X, kept, p = numbers(X)
    n = X.shape[0]
    names = valid.column_names(frame, p, feature_names)
    if n == 0:
        raise ValueError(f"X has no rows (shape {X.shape}); at least one is needed")
    classes, codes = labels(y, n)
    weight = valid.check_weights(sample_weight, n)
    valid.check_flag(fit_intercept, "fit_intercept")
    wanted = np.ones(n, dtype=bool) if weight is None else weight > 0
    told = list(texts(names, kept))
    names = [names[j] for j in kept]
    findings, rows, columns = holes(X, codes, wanted, names)
    findings += told
    X, codes = part(X, rows, columns), codes[rows]
    counts, skipped = np.bincount(codes, minlength=len(classes)), []
    if len(rows):
        names = [names[j] for j in columns]
        present, codes = np.unique(codes, return_inverse=True)
        labelled = [classes[k] for k in present]
        seen = describe(X, codes, len(present))
        data = faults.Data(X, codes, rows, names, labelled, fit_intercept, seen)
        findings += _look(data, skipped)
    else:
        text = "no row has a weight, a label and all its values"
        findings.append(Finding("no rows", text, "fill the missing values in"))
    findings.sort(key=lambda finding: _ORDER.index(finding.kind))
    shares = dict(zip(classes, counts.tolist(), strict=True))
    return Report(tuple(findings), n, p, len(rows), shares, tuple(skipped))


def _look(data, skipped):
    """All findings in complete data; what is not looked for is added to `skipped`."""
    if not data.X.shape[1]:
        return []
    findings, seen = list(faults.classes(data)), data.seen
    constant = seen.low == seen.high
    if not data.fit_intercept:
        constant &= seen.low == 0
    findings += faults.constant(data, constant)
    groups = [group for group in equal_columns(data.X, seen) if not constant[group[0]]]
    findings += faults.duplicates(data, groups)
    left = constant.copy()
    for group in groups:
        left[group[1:]] = True
    left = np.flatnonzero(~left)
    large = list(faults.too_large(data, left))
    findings += large
    findings += faults.scales(data, left)
    findings += faults.rare(data, left)
    dependent = []
    findings += faults.geometry(data, left, dependent, skipped)
    if large:
        skipped.append("separation, as long as values are too large")
    elif len(left) >= len(data.codes):
        skipped.append("separation, which is all but certain with as many columns as rows")
    elif len(left) > MOST_COLUMNS:
        skipped.append(f"separation, in more than {MOST_COLUMNS:,} columns")
    elif len(data.classes) > 1:
        findings += _separation(data, np.setdiff1d(left, dependent), skipped)
    return findings


def _separation(data, columns, skipped):
    """What `check_separation` proves of columns that none of the others make up."""
    n, n_classes, codes = len(data.codes), len(data.classes), data.codes
    if n_classes == 2:
        n_classes, codes = None, valid.check_targets(codes, n)
    verdict = separation.decide(
        Model.of(len(columns), data.fit_intercept, K=n_classes),
        by_row(part(data.X, range(n), columns)), codes, None, None, None,
        tuple(data.names[j] for j in columns), np.array(data.classes, dtype=object),
        parallel.resolve(None), np.inf,
    )  # fmt: skip
    if verdict.kind == "undecided":
        skipped.append("separation: neither it nor overlap could be proved")
    if verdict.separated:
        text, _, options = str(verdict).partition(" Options: ")
        named = (key[1] if isinstance(key, tuple) else key for key in verdict.infinite)
        yield Finding(
            "separation",
            text,
            options or "a penalty: C=1.0, or Firth's likelihood for inference",
            tuple(dict.fromkeys(str(name) for name in named)),
            tuple(data.rows[verdict.rows[:MOST_ROWS]].tolist()),
            dict(verdict.infinite),
        )
