"""What `doctor` is handed, faults and all: numbers, labels, and the rows that are complete."""

import numpy as np

from fastlogreg import design
from fastlogreg.diagnostics.columns import row_slices
from fastlogreg.diagnostics.report import Finding, listed

MOST_ROWS = 100  # row numbers that a finding holds
_HOLES = {
    "missing values": "impute them (sklearn.impute.SimpleImputer), or leave out the columns that "
    "miss most; the other findings are about the complete rows",
    "infinite values": "correct them, or treat them as missing; a logarithm of zero or a division "
    "by zero is the usual cause",
}


def numbers(X):
    """X as a float array, or as CSC without duplicates; positions of its columns; their number.

    Columns of a data frame or of objects that hold no numbers are left out.
    """
    if design.is_sparse(X):
        if X.dtype.kind == "c":
            raise ValueError("Complex data not supported: X must hold real numbers")
        X = X.tocsc(copy=True) if not X.has_canonical_format else X.tocsc()
        X.sum_duplicates()
        p = X.shape[1]
        return X if X.dtype.char in "fd" else X.astype(np.float64), np.arange(p), p
    if hasattr(X, "dtypes") and hasattr(X, "iloc"):
        kinds = [getattr(dtype, "kind", "O") for dtype in X.dtypes]
        kept = [j for j, kind in enumerate(kinds)
                if kind in "biuf" or (kind == "O" and _are_numbers(X.iloc[:, j]))]  # fmt: skip
        values = X.iloc[:, kept].to_numpy(dtype=np.float64, na_value=np.nan)
        return values, np.array(kept, dtype=int), len(kinds)
    X = np.asarray(X)
    if X.ndim != 2:
        raise ValueError(f"X must have two dimensions (rows, columns), got shape {X.shape}")
    if X.dtype.kind == "c":
        raise ValueError("Complex data not supported: X must hold real numbers")
    p = X.shape[1]
    kept = np.arange(p)
    if X.dtype.kind in "OUS":
        kept = np.array([j for j in kept if _are_numbers(X[:, j])], dtype=int)
        X = X[:, kept]
    if X.dtype.char in "fd" and X.dtype.isnative:
        return X, kept, p
    try:
        return X.astype(np.float64), kept, p
    except (TypeError, ValueError) as error:
        raise ValueError(f"X must hold numbers, got dtype {X.dtype}: {error}") from None


def _are_numbers(column):
    """Whether a column of objects can be read as numbers."""
    try:
        if hasattr(column, "to_numpy"):
            column.to_numpy(dtype=np.float64, na_value=np.nan)
        else:
            column.astype(np.float64)
    except (TypeError, ValueError):
        return False
    return True


def texts(names, kept):
    """The finding on columns that are not among the kept ones, if there are any."""
    lost = [name for j, name in enumerate(names) if j not in set(kept.tolist())]
    if lost:
        yield Finding(
            "no numbers",
            f"{listed(lost)}: texts or dates, which no coefficient multiplies",
            "encode them (sklearn.preprocessing.OneHotEncoder; OrdinalEncoder where they have an "
            "order), or leave them out; the other findings are about the other columns",
            tuple(lost),
        )


def labels(y, n):
    """List of classes, and for every row the position of its class, -1 where it is not known."""
    y = np.asarray(y)
    if y.shape != (n,):
        raise ValueError(f"y must have shape ({n},), one label a row, got {y.shape}")
    known = np.array([_is_known(v) for v in y], dtype=bool) if y.dtype.kind == "O" else y == y
    values = y[known].astype(str) if y.dtype.kind == "O" and _mixed(y[known]) else y[known]
    classes, codes = np.unique(values, return_inverse=True)
    if len(classes) > 20 and len(classes) > 0.2 * len(values):
        raise ValueError(
            f"y has {len(classes):,} different values in {len(values):,} rows; labels of classes "
            "are needed, not a quantity or probabilities"
        )
    of_row = np.full(n, -1)
    of_row[known] = codes.ravel()
    return classes.tolist(), of_row


def _is_known(value):
    """Whether a label is neither None nor NaN nor pandas' NA, which is not equal to itself."""
    same = value == value
    return value is not None and isinstance(same, (bool, np.bool_)) and bool(same)


def _mixed(values):
    return len({type(value) for value in values}) > 1


def complete(X, y, weight):
    """The rows and columns that `doctor` uses: of weight, with a label and all their values."""
    X, kept, _ = numbers(X)
    wanted = np.ones(X.shape[0], dtype=bool) if weight is None else np.asarray(weight) > 0
    _, rows, columns = holes(X, labels(y, X.shape[0])[1], wanted, kept)
    return rows, kept[columns]


def holes(X, codes, wanted, names):
    """Findings on values that are no numbers; the rows and columns that have none of them."""
    n, p = X.shape
    findings = []
    known = codes >= 0
    if (wanted & ~known).any():
        lost = np.flatnonzero(wanted & ~known)
        findings.append(
            Finding(
                "missing labels",
                f"{len(lost):,} of {int(wanted.sum()):,} rows have no label",
                "leave these rows out",
                rows=tuple(lost[:MOST_ROWS].tolist()),
                figures={"rows": len(lost)},
            )
        )
    rows = np.flatnonzero(wanted & known)
    column, row, is_nan = _not_finite(X)
    inside = (wanted & known)[row]
    column, row, is_nan = column[inside], row[inside], is_nan[inside]
    columns = np.arange(p)
    for kind, which in (("missing values", is_nan), ("infinite values", ~is_nan)):
        count = np.bincount(column[which], minlength=p)
        some = np.flatnonzero(count)
        if not some.size:
            continue
        some = some[np.argsort(-count[some], kind="stable")]
        touched = len(np.unique(row[which]))
        figures = {names[j]: int(count[j]) for j in some}
        findings.append(
            Finding(
                kind,
                f"{listed([f'{name} ({k:,})' for name, k in figures.items()])}; {touched:,} of "
                f"{len(rows):,} rows are touched",
                _HOLES[kind],
                tuple(figures),
                figures=figures,
            )
        )
    if column.size:
        mostly = np.bincount(column, minlength=p) > 0.5 * len(rows)
        whole = np.setdiff1d(rows, row[~mostly[column]])
        if len(whole) < 2:
            mostly = np.bincount(column, minlength=p) > 0
            whole = rows
        rows, columns = whole, np.flatnonzero(~mostly)
    return findings, rows, columns


def _not_finite(X):
    """(columns, rows, whether NaN and not infinite) of the values that are not finite."""
    if design.is_sparse(X):
        where = np.flatnonzero(~np.isfinite(X.data))
        column = np.searchsorted(X.indptr, where, side="right") - 1
        return column, X.indices[where], np.isnan(X.data[where])
    found = []
    for rows in row_slices(*X.shape):
        row, column = np.nonzero(~np.isfinite(X[rows]))
        found.append((column, row + rows.start, np.isnan(X[rows][row, column])))
    return tuple(np.concatenate(part) for part in zip(*found, strict=True))


def part(X, rows, columns):
    """Some rows and columns, X itself if these are all."""
    if len(rows) < X.shape[0]:
        X = X[rows]
    return X if len(columns) == X.shape[1] else X[:, columns]
