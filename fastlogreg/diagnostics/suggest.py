"""What a logistic model lacks: the squares and products that its residuals ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc, logsumexp

from fastlogreg import core, parallel
from fastlogreg import validation as valid
from fastlogreg.diagnostics.score_tests import Columns, ScoreTests, tail_probability, tilt
from fastlogreg.diagnostics.suggestions import Suggestion, Suggestions
from fastlogreg.result import SEPARATED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from fastlogreg.annotations import MatrixLike

MOST_COLUMNS = 2000
_SEPARATED = "It separates the classes already: there is nothing left to explain."
_NO_CANDIDATE = "No square or product adds anything to its columns."


def suggest(
    X: MatrixLike, y: ArrayLike, coef: ArrayLike | None = None, intercept: ArrayLike | None = None,
    *, sample_weight: ArrayLike | None = None, offset: ArrayLike | None = None,
    fit_intercept: bool = True, feature_names: Sequence[str] | None = None, level: float = 0.05,
    top: int = 10, n_threads: int | None = None, n_classes: int | None = None,
    class_names: Sequence[object] | None = None,
) -> Suggestions:  # fmt: skip
    """Test every square and product of two columns that a logistic model lacks.

    The terms are tested against the present columns at their maximum likelihood, by one fit that
    starts at `coef`; no candidate is fitted. All ``p + p (p - 1) / 2`` score tests cost about as
    much as some tens of Newton steps.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n, p)
        The data, at most 2,000 columns. Sparse X is made dense in blocks of rows.
    y : array-like of shape (n,) or (n, K)
        0/1, booleans, -1/+1, or probabilities in [0, 1]; with `n_classes` the codes 0..K-1, or the
        probabilities of K classes.
    coef : array-like of shape (p,) or (K, p), default=None
        Coefficients of a fitted model, with any penalty; None for none.
    intercept : float or array-like of shape (K,), default=None
        Its intercept.
    sample_weight : array-like of shape (n,), default=None
        Weights >= 0, which count as repeated rows.
    offset : array-like of shape (n,) or (n, K), default=None
        Added to the scores.
    fit_intercept : bool, default=True
        Whether the model has an intercept.
    feature_names : sequence of str, default=None
        Names of the columns; None for those of a data frame, else x0, x1, ...
    level : float, default=0.05
        Largest adjusted p-value, above 0 and below 1. P-values are multiplied by the number of
        candidates (Bonferroni), so that data without such terms give nothing in all but a share
        `level` of cases.
    top : int, default=10
        Most terms to return.
    n_threads : int, default=None
        Threads.
    n_classes : int, default=None
        Number of classes of a softmax; None for two that share one score.
    class_names : sequence, default=None
        Labels of the classes, for the table; None for their codes.

    Returns
    -------
    Suggestions
        The terms by falling statistic, and what a straight line can do at its best. Printed, it is
        a table.

    Raises
    ------
    ValueError
        An argument is of the wrong shape, sign or kind, or X holds NaN or has too many columns.

    Notes
    -----
    Of many classes the score of each is tested by itself, the parameters of the others held, and
    p-values count all classes. Estimating the others too could only make the variance smaller, so
    this finds a little less than a joint test.

    A term that the present columns contain (the square of a column of two values) is no candidate.
    P-values are the saddle-point approximation to the distribution of the score, which rare classes
    make skew; chi-square where the term separates the classes. `gain` is the likelihood ratio along
    what the present columns leave of the term, a lower bound of what a refit wins. Of more than
    2,048 candidates those whose statistic is bounded below the level are not computed; the bound is
    a random one (the same in every call) and passes over a significant term with a probability
    below 1e-6.

    References
    ----------
    C. R. Rao (1948), Large sample tests of statistical hypotheses, Proc. Cambridge Phil. Soc. 44.
    J. C. van Houwelingen, S. le Cessie (1990), Predictive value of statistical models, Statistics
    in Medicine 9 (the scores whose distribution p-values are of, shrunk for few rows).
    J. Neyman (1959), Optimal asymptotic tests of composite statistical hypotheses.
    D. Pregibon (1982), Score tests in GLIM with applications, Lecture Notes in Statistics 14.
    R. Dey et al. (2017), A fast and accurate algorithm to test for binary phenotypes, Am. J. Hum.
    Genet. 101 (the saddle-point approximation of Lugannani and Rice).

    Examples
    --------
    >>> import fastlogreg
    >>> X = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> fastlogreg.suggest(X, [0, 1, 1, 0])
    A straight line at its best: 50.0% of the rows predicted (the largest class alone 50.0%),
    mean log loss 0.6931 (the shares of the classes alone 0.6931).
    Missing, of 1 square or product (chance of a false one 0.05):
      term        chi2  p adjusted  log-likelihood
      x0*x1          4       0.046          +2.773
    With x0*x1 added the classes are separated: fit with a penalty.
    """
    level = valid.check_number(level, "level", 0.0, inclusive=False)
    if level >= 1.0:
        raise ValueError(f"level must be below 1, got {level:g}")
    valid.check_count(top, "top")
    valid.check_flag(fit_intercept, "fit_intercept")
    if n_classes is None and np.ndim(y) != 2:
        matrix, y, weight, offset = valid.check_problem(X, y, sample_weight, offset, fit_intercept)
    else:
        matrix, y, n_classes, weight, offset = valid.check_class_problem(
            X, y, n_classes, sample_weight, offset, fit_intercept
        )
    n, p = matrix.shape
    names = valid.column_names(X, p, feature_names)
    if p > MOST_COLUMNS:
        raise ValueError(
            f"X has {p:,} columns, whose {p * (p + 1) // 2:,} squares and products are too many; "
            f"give at most {MOST_COLUMNS:,}, such as those that a lasso keeps"
        )
    class_names = _check_classes(class_names, n_classes)
    start = None
    if coef is not None:
        start = coef, np.zeros(np.shape(coef)[:-1]) if intercept is None else intercept
    fitted = core.fit(
        X, y, sample_weight=weight, offset=offset, fit_intercept=fit_intercept, start=start,
        tol=1e-12, n_threads=n_threads, n_classes=n_classes,
    )  # fmt: skip
    scores = core.decision_function(
        X, fitted.coef, fitted.intercept, offset=offset, n_threads=n_threads
    )
    weight = np.ones(n) if weight is None else weight
    line = _Line(_by_class(scores.astype(float)), _shares(y, n_classes), weight)
    if fitted.stop_reason == SEPARATED:
        return Suggestions((), 0, level, **line.figures(), note=_SEPARATED)
    columns = Columns(X, (n, p), fit_intercept, parallel.resolve(n_threads))
    null = _null(y, weight, offset, fit_intercept, n_classes)
    tested = [1] if line.scores.shape[1] == 2 else range(line.scores.shape[1])
    found, count = [], 0
    for k in tested:
        tests = ScoreTests(columns, line.odds(line.scores, k), line.y[:, k], weight)
        sober = line.odds(line.shrunk(null, tests.rank - fit_intercept), k)
        label = class_names[k] if len(tested) > 1 else None
        found += _strongest(tests, sober, names, label, level, int(top), len(tested))
        count += tests.n_candidates
    found.sort(key=lambda item: -item.statistic)
    note = "" if count else _NO_CANDIDATE
    return Suggestions(tuple(found[: int(top)]), count, level, **line.figures(), note=note)


def _check_classes(names, n_classes):
    n_classes = 2 if n_classes is None else n_classes
    names = list(range(n_classes)) if names is None else list(names)
    if len(names) != n_classes:
        raise ValueError(f"class_names must have {n_classes} names, one a class, got {len(names)}")
    return names


def _by_class(scores):
    """Scores of the classes, (n, K): of two that share one score zero and that score."""
    return scores if scores.ndim == 2 else np.column_stack([np.zeros(len(scores)), scores])


def _shares(y, n_classes):
    """The probabilities (n, K) that y holds or, as labels, means."""
    if y.ndim == 2:
        return y
    return np.column_stack([1.0 - y, y]) if n_classes is None else np.eye(n_classes)[y]


def _null(y, weight, offset, fit_intercept, n_classes):
    """Scores (n, K) of the model without columns."""
    n = len(y)
    if fit_intercept:
        fitted = core.fit(
            np.empty((n, 0)), y, sample_weight=weight, offset=offset, n_classes=n_classes
        )
        level = fitted.intercept
    else:
        level = np.zeros(() if n_classes is None else n_classes)
    shift = 0.0 if offset is None else offset
    return _by_class(np.broadcast_to(level + shift, (n, *np.shape(level))).astype(float))


@dataclass(frozen=True)
class _Line:
    """The model of the present columns: its scores (n, K), the targets (n, K) and the weights."""

    scores: np.ndarray
    y: np.ndarray
    weight: np.ndarray

    def loglik(self, scores):
        """Log-likelihood of scores (n, K)."""
        return float(self.weight @ ((scores * self.y).sum(axis=1) - logsumexp(scores, axis=1)))

    def odds(self, scores, k):
        """Log-odds of a class against all others."""
        return scores[:, k] - logsumexp(np.delete(scores, k, axis=1), axis=1)

    def shrunk(self, null, freedom):
        """The scores less what they owe to chance, by van Houwelingen and le Cessie's factor.

        A fit of many columns to few rows is surer of itself than it should be, which makes the
        variance of a score test too small.
        """
        ratio = 2.0 * (self.loglik(self.scores) - self.loglik(null))
        freedom = freedom * (self.scores.shape[1] - 1)
        if ratio <= freedom:
            return null
        return null + (1.0 - freedom / ratio) * (self.scores - null)

    def figures(self):
        """What it can do beside the classes' shares alone."""
        share = self.weight @ self.y / self.weight.sum()
        best = self.scores >= self.scores.max(axis=1, keepdims=True) - 1e-9  # at an optimum
        truth = self.y == self.y.max(axis=1, keepdims=True)
        right = (best & truth).sum(axis=1) / (best.sum(axis=1) * truth.sum(axis=1))
        with np.errstate(divide="ignore", invalid="ignore"):
            null = np.where(share > 0, share * np.log(share), 0.0).sum() * self.weight.sum()
        return {
            "loglik": self.loglik(self.scores),
            "loglik_null": float(null),
            "accuracy": float(self.weight @ right / self.weight.sum()),
            "accuracy_null": float(share.max()),
            "n_rows": float(self.weight.sum()),
        }


def _strongest(tests, sober, names, label, level, top, classes):
    """The `top` strongest products of a class with an adjusted p-value of at most `level`."""
    found = []
    for statistic, product in tests.ranked(level / classes):
        if len(found) == top or statistic < tests.threshold(level / classes):
            break
        direction = tests.beyond(product)
        total = float(tests.residual @ direction)
        chance = tail_probability(direction, sober, tests.weight, total)
        if chance is None:
            chance = float(chdtrc(1, statistic))
        adjusted = min(1.0, classes * tests.n_candidates * chance)
        if adjusted <= level:
            i, j = int(tests.first[product]), int(tests.second[product])
            name = f"{names[i]}^2" if i == j else f"{names[i]}*{names[j]}"
            coef, gain, _ = tilt(direction, tests.score, tests.weight, total)
            item = Suggestion(name, (i, j), label, float(statistic), adjusted, gain, coef)
            found.append(item)
    return found
