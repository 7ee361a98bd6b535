"""The columns of X one by one: blocks of dense rows, and figures of each."""

from typing import NamedTuple

import numpy as np

from fastlogreg import design

_BLOCK = 1 << 24  # bytes of a block of dense rows


def row_slices(n, p):
    """Slices of rows that are a few megabytes each."""
    height = max(1, _BLOCK // (8 * max(p, 1)))
    return [slice(i, min(i + height, n)) for i in range(0, n, height)]


def dense_rows(X, rows):
    """Some rows as a float64 array; of sparse X from CSR."""
    part = X[rows]
    return np.asarray(part.toarray() if design.is_sparse(part) else part, dtype=np.float64)


class Described(NamedTuple):
    """Of every column the range, the mean, the standard deviation, and the non-zeros by class."""

    low: np.ndarray
    high: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    nonzero: np.ndarray


def describe(X, codes, n_classes):
    """`Described` of finite X (an array, or CSC without duplicates) with classes `codes`."""
    with np.errstate(over="ignore", under="ignore"):
        return (_describe_sparse if design.is_sparse(X) else _describe_dense)(X, codes, n_classes)


def _describe_dense(X, codes, n_classes):
    n, p = X.shape
    low, high, total = np.full(p, np.inf), np.full(p, -np.inf), np.zeros(p)
    nonzero, of_class = np.zeros((p, n_classes)), np.eye(n_classes)
    for rows in row_slices(n, p):
        x = dense_rows(X, rows)
        low, high = np.minimum(low, x.min(axis=0)), np.maximum(high, x.max(axis=0))
        total += (x / n).sum(axis=0)
        nonzero += (x != 0).T.astype(float) @ of_class[codes[rows]]
    peak = _peak(low, high)
    square = sum(
        np.square((dense_rows(X, rows) - total) / peak).sum(axis=0) for rows in row_slices(n, p)
    )
    return Described(low, high, total, peak * np.sqrt(square / n), nonzero.astype(int))


def _describe_sparse(X, codes, n_classes):
    n, p = X.shape
    values = X.data.astype(np.float64)
    column = np.repeat(np.arange(p), np.diff(X.indptr))
    low, high = (np.zeros(p) for _ in range(2))
    np.minimum.at(low, column, values)
    np.maximum.at(high, column, values)
    stored = np.diff(X.indptr)
    full = stored == n  # no zero that is not stored: the range need not hold it
    if full.any():
        inside = full[column]
        for end, ufunc, start in ((low, np.minimum, np.inf), (high, np.maximum, -np.inf)):
            end[full] = start
            ufunc.at(end, column[inside], values[inside])
    mean = np.bincount(column, values / n, p)
    peak = _peak(low, high)
    square = np.bincount(column, np.square((values - mean[column]) / peak[column]), p)
    square += (n - stored) * np.square(mean / peak)
    here = values != 0
    key = column[here] * n_classes + codes[X.indices[here]]
    nonzero = np.bincount(key, minlength=p * n_classes).reshape(p, n_classes)
    return Described(low, high, mean, peak * np.sqrt(square / n), nonzero)


def _peak(low, high):
    """A size of each column to divide by, so that squares do not overflow."""
    peak = np.maximum(np.abs(low), np.abs(high))
    return np.where(peak > 0.0, peak, 1.0)


def equal_columns(X, described):
    """Groups of columns with the same values, as lists of positions, the first the earliest."""
    n, p = X.shape
    key = np.random.default_rng(1).standard_normal(n)
    sums = X.T @ key if design.is_sparse(X) else _sums(X, key)
    room = 1e-9 * np.sqrt(n) * (np.abs(described.mean) + described.deviation)
    order = np.argsort(sums, kind="stable")
    groups, start = [], 0
    for stop in range(1, p + 1):
        apart = stop == p or sums[order[stop]] - sums[order[stop - 1]] > room[order[stop]]
        if apart:
            groups += _same(X, np.sort(order[start:stop]))
            start = stop
    return sorted(groups)


def _sums(X, key):
    n, p = X.shape
    return sum(key[rows] @ dense_rows(X, rows) for rows in row_slices(n, p))


def _same(X, some):
    """Groups of at least two among columns that may be equal."""
    groups = []
    while len(some) > 1:
        first, others = some[0], some[1:]
        column = _column(X, first)
        same = np.array([np.array_equal(column, _column(X, j)) for j in others])
        if same.any():
            groups.append([int(first), *map(int, others[same])])
        some = others[~same]
    return groups


def _column(X, j):
    return X[:, [j]].toarray().ravel() if design.is_sparse(X) else X[:, j]
