"""The faults that `doctor` looks for in complete data; each function yields findings."""

from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv

from fastlogreg import design
from fastlogreg.diagnostics import collinearity
from fastlogreg.diagnostics.columns import Described, dense_rows, row_slices
from fastlogreg.diagnostics.given import MOST_ROWS
from fastlogreg.diagnostics.report import Finding, listed

RARE = 5  # rows in which a column is not what it is in all others
RARE_CLASS = 20  # rows of a class
PER_COLUMN = 5  # rows of the smallest class for each column
TOO_LARGE = 1e150
SCALES = 1e4  # ratio of the largest to the smallest standard deviation
FAR = 1e5  # mean over standard deviation
LEVERAGE = 20.0  # times the average
_SPARSE_SHARE = 0.05  # of non-zeros, below which a column's non-zeros are not called extreme
_LEVERAGE_WORK = 4e10  # rows times squared columns of sparse X


@dataclass(frozen=True)
class Data:
    """Complete data: an array or CSC, class codes, figures of each column and names."""

    X: object
    codes: np.ndarray
    rows: np.ndarray  # positions in what the user gave
    names: list
    classes: list
    fit_intercept: bool
    seen: Described

    @property
    def counts(self):
        """Rows of each class."""
        return np.bincount(self.codes, minlength=len(self.classes))

    @property
    def two_valued(self):
        """Whether each column holds zero and one other value."""
        seen, n = self.seen, len(self.codes)
        end = np.where(seen.high > 0, seen.high, seen.low)
        one_sided = np.minimum(np.abs(seen.low), np.abs(seen.high)) == 0
        share = seen.nonzero.sum(axis=1) / n
        with np.errstate(over="ignore"):
            mean_fits = np.abs(seen.mean - share * end) <= 1e-9 * np.abs(end)
            spread = np.abs(end) * np.sqrt(share * (1 - share))
            spread_fits = np.abs(seen.deviation - spread) <= 1e-7 * np.abs(end)
        return one_sided & mean_fits & spread_fits


def classes(data):
    """One class, and classes of few rows."""
    counts, p = data.counts, data.X.shape[1]
    if len(counts) < 2:
        label = repr(data.classes[0])
        yield Finding(
            "one class",
            f"every usable row is of class {label}: there is nothing to tell apart",
            "add rows of another class",
            figures={data.classes[0]: int(counts[0])},
        )
        return
    needed = max(RARE_CLASS, PER_COLUMN * p if p < len(data.codes) else 0)
    for label, count in zip(data.classes, counts.tolist(), strict=True):
        if count < needed:
            yield Finding(
                "rare class",
                f"class {label!r} has {count:,} of {len(data.codes):,} rows, {count / p:.2g} for "
                "each column: estimates are biased away from zero and uncertain",
                "fewer columns or more rows of it; a penalty (Firth's likelihood for estimates "
                "without that bias)",
                figures={"class": label, "rows": count, "per_column": count / p},
            )


def constant(data, which):
    """Columns of one value."""
    if which.any():
        figures = {data.names[j]: float(data.seen.low[j]) for j in np.flatnonzero(which)}
        what = "the intercept" if data.fit_intercept else "zero"
        yield Finding(
            "constant",
            f"{listed(f'{name} (always {value:g})' for name, value in figures.items())}: no more "
            f"than {what}",
            "drop",
            tuple(figures),
            figures=figures,
        )


def duplicates(data, groups):
    """Columns that repeat another."""
    for group in groups:
        first, *others = (data.names[j] for j in group)
        yield Finding(
            "duplicate",
            f"{listed(others)} repeat{'s' * (len(others) == 1)} {first}: their coefficients cannot "
            "be told apart",
            f"drop {listed(others)}",
            (first, *others),
        )


def too_large(data, columns):
    """Columns whose squares overflow, so that a fit refuses them."""
    peak = np.maximum(np.abs(data.seen.low), np.abs(data.seen.high))
    some = [j for j in columns if peak[j] > TOO_LARGE]
    if some:
        figures = {data.names[j]: float(peak[j]) for j in some}
        yield Finding(
            "too large",
            f"{listed(f'{name} (up to {k:.1g})' for name, k in figures.items())}: the squares of "
            "such values overflow, and a fit refuses them",
            "divide by a large unit, or correct wrong values",
            tuple(figures),
            figures=figures,
        )


def scales(data, columns):
    """Columns of very different sizes, or far from zero."""
    seen, names = data.seen, data.names
    mean, deviation = np.abs(seen.mean[columns]), seen.deviation[columns]
    usable = seen.low[columns] < seen.high[columns]
    if usable.sum() > 1:
        low = columns[usable][np.argmin(deviation[usable])]
        high = columns[usable][np.argmax(deviation[usable])]
        ratio = float(seen.deviation[high] / seen.deviation[low])
        if ratio >= SCALES:
            yield Finding(
                "scales",
                f"standard deviations from {seen.deviation[low]:.2g} ({names[low]}) to "
                f"{seen.deviation[high]:.2g} ({names[high]}): a penalty presses on "
                f"{names[low]} and hardly on {names[high]}",
                "standardize=True, if there is a penalty",
                (names[low], names[high]),
                figures={names[j]: float(seen.deviation[j]) for j in (low, high)},
            )
    far = columns[usable & (mean > FAR * deviation)]
    if data.fit_intercept and far.size:
        figures = {names[j]: float(abs(seen.mean[j]) / seen.deviation[j]) for j in far}
        yield Finding(
            "far from zero",
            f"{listed(f'{name} (mean {k:.1g} standard deviations)' for name, k in figures.items())}"
            ": nearly the intercept, digits are lost",
            "subtract the mean, or a round number near it",
            tuple(figures),
            figures=figures,
        )


def rare(data, columns):
    """Columns that are zero, or one value, in nearly all rows; non-zeros of a single class."""
    n, names = len(data.codes), data.names
    nonzero = data.seen.nonzero
    total, zeros = nonzero.sum(axis=1), data.counts - nonzero
    two_valued = data.two_valued
    signed = (data.seen.low < 0) & (data.seen.high > 0)
    pure = {}
    for j in columns:
        for side, counts, counted in (
            ("other than 0", nonzero[j], not signed[j]), ("at 0", zeros[j], two_valued[j])
        ):  # fmt: skip
            if counted and 0 < counts.sum() < n and np.count_nonzero(counts) == 1:
                pure.setdefault(j, (side, int(counts.sum()), data.classes[int(counts.argmax())]))
    if pure and len(data.classes) > 1:
        texts = [
            f"{names[j]} ({count:,} of {n:,} rows {side}, all of class {label!r})"
            for j, (side, count, label) in pure.items()
        ]
        yield Finding(
            "one-class columns",
            f"{listed(texts)}: without a penalty such a coefficient grows for ever",
            "a penalty (Firth's likelihood for inference), or drop or merge such columns",
            tuple(names[j] for j in pure),
            figures={names[j]: count for j, (_, count, _) in pure.items()},
        )
    carried = np.where(two_valued, np.minimum(total, n - total), total)
    some = [j for j in columns if 0 < carried[j] < min(RARE, n / 10) and j not in pure]
    if some:
        figures = {names[j]: int(carried[j]) for j in some}
        yield Finding(
            "rare values",
            f"{listed(f'{name} ({k})' for name, k in figures.items())}: what differs from all other"
            f" rows is carried by fewer than {RARE} rows",
            "merge rare levels, drop such columns, or use a penalty",
            tuple(figures),
            figures=figures,
        )


def geometry(data, columns, dependent, skipped):
    """Relations among columns, and rows far out.

    Columns that others make up are added to `dependent`, and what is too much work to `skipped`.
    """
    n = len(data.codes)
    if len(columns) > collinearity.MOST_COLUMNS:
        skipped.append(
            f"collinear columns and leverage, in more than {collinearity.MOST_COLUMNS:,} columns"
        )
        return
    if n <= len(columns):
        yield Finding(
            "more columns than rows",
            f"{len(columns):,} columns that differ, {n:,} rows: without a penalty the coefficients "
            "are not unique and the classes usually separated",
            "a penalty (the lasso picks columns), or fewer columns",
            figures={"columns": len(columns), "rows": n},
        )
        skipped.append("collinear columns and leverage, with no more rows than columns")
        return
    if not len(columns):
        return
    part = _Standard(data, columns)
    eps = np.finfo(data.X.dtype).eps
    names = [data.names[j] for j in columns]
    R = part.correlation()
    exact = collinearity.exact_relations(R, part.raw, part.shift, part.scale, eps)
    for relation in exact:
        yield _collinear(relation, names)
    dependent += [columns[relation.column] for relation in exact]
    kept = np.setdiff1d(np.arange(len(columns)), [relation.column for relation in exact])
    R = R[np.ix_(kept, kept)]
    some = [names[k] for k in kept]
    for relation in collinearity.near_relations(R, part.shift[kept], part.scale[kept]):
        yield _nearly(relation, some)
    yield from _leverage(data, part, R, kept, names, skipped)


def _collinear(relation, names):
    of = [names[relation.column], *(names[k] for k in relation.terms)]
    return Finding(
        "collinear",
        relation.text(names),
        f"drop one of these columns (say {of[0]}); or a penalty, which shares the effect among "
        "them",
        tuple(of),
        figures={
            "constant": float(relation.constant),
            **{names[k]: float(c) for k, c in relation.terms.items()},
        },
    )


def _nearly(relation, names):
    of = [names[relation.column], *(names[k] for k in relation.terms)]
    inflation = relation.inflation
    return Finding(
        "nearly collinear",
        f"{of[0]} is nearly given by {listed(of[1:])} (R2 = {1 - 1 / inflation:.6g}): its standard "
        f"error is {np.sqrt(inflation):.3g} times as large as if it were not",
        f"harmless for predictions; to interpret coefficients drop {of[0]}, or use a penalty",
        tuple(of),
        figures={"inflation": inflation, "r2": 1 - 1 / inflation},
    )


class _Standard:
    """Some columns in blocks of dense rows, and how to standardise them."""

    def __init__(self, data, columns):
        seen = data.seen
        whole = len(columns) == data.X.shape[1]
        X = data.X if whole else data.X[:, columns]
        self.X = X.tocsr() if design.is_sparse(X) else X
        if data.fit_intercept:
            self.shift, self.scale = seen.mean[columns], seen.deviation[columns]
        else:
            self.shift = np.zeros(len(columns))
            self.scale = np.hypot(seen.mean[columns], seen.deviation[columns])

    def raw(self):
        """Blocks as they are."""
        for rows in row_slices(*self.X.shape):
            yield dense_rows(self.X, rows)

    def blocks(self):
        """Blocks at mean zero and standard deviation one."""
        for x in self.raw():
            x = x - self.shift
            yield np.divide(x, self.scale, out=x)

    def correlation(self):
        """Their correlation matrix."""
        n = self.X.shape[0]
        mean = self.shift / self.scale
        if not design.is_sparse(self.X) or np.abs(mean).max() > 1e3:  # where squares would cancel
            return sum(z.T @ z for z in self.blocks()) / n
        Z = self.X.astype(np.float64).multiply(1.0 / self.scale).tocsr()
        return (Z.T @ Z).toarray() / n - np.outer(mean, mean)


def _leverage(data, part, R, kept, names, skipped):
    """Rows far out among the columns of numbers that R correlates."""
    n = part.X.shape[0]
    usual = data.seen.nonzero.sum(axis=1) >= _SPARSE_SHARE * n
    position = {name: j for j, name in enumerate(data.names)}
    original = np.array([position[names[k]] for k in kept], dtype=int)
    numbers = (usual & ~data.two_valued)[original]
    R, kept = R[np.ix_(numbers, numbers)], kept[numbers]
    k = len(kept)
    if not k:
        return
    if design.is_sparse(part.X) and n * float(k) ** 2 > _LEVERAGE_WORK:
        skipped.append(f"rows of extreme leverage, in {n:,} sparse rows of {k:,} columns")
        return
    values, vectors = np.linalg.eigh(R)
    root = vectors / np.sqrt(np.maximum(values, 1e-12))
    parts = [z[:, kept] @ root for z in part.blocks()]
    h = np.concatenate([np.einsum("ij,ij->i", z, z) for z in parts]) / n
    limit = LEVERAGE * (k + 1) / n
    if limit > 0.5:
        limit = max(0.5, float(betaincinv(k / 2, max(n - k - 1, 1) / 2, 1 - 1e-3 / n)))
    far = np.flatnonzero(h > limit)
    if not far.size:
        return
    far = far[np.argsort(-h[far], kind="stable")]
    texts = []
    for i in far[:3]:
        z = (dense_rows(part.X, slice(i, i + 1))[0] - part.shift) / part.scale
        j = kept[np.argmax(np.abs(z[kept]))]
        value = z[j] * part.scale[j] + part.shift[j]
        texts.append(
            f"row {data.rows[i]} ({names[j]} = {value:.4g}, {abs(z[j]):.3g} standard deviations "
            "off)"
        )
    more = f" and {len(far) - 3:,} more rows" if len(far) > 3 else ""
    yield Finding(
        "leverage",
        f"{', '.join(texts)}{more}: such rows alone can decide coefficients",
        "check these rows for mistakes; take logarithms of skew columns; compare with a fit "
        "without them",
        rows=tuple(data.rows[far[:MOST_ROWS]].tolist()),
        figures={"leverage": h[far[:MOST_ROWS]].tolist(), "limit": float(limit)},
    )
