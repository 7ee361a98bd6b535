"""The one door to X: what the user holds becomes a `Matrix` of the kernels, uncopied if possible.

Dense float32 or float64 with contiguous rows or columns (any stride along the other axis, negative
too) and CSR/CSC are used where they lie; integers, other floats and other strides are converted.
"""

import numpy as np

from fastlogreg._kernels.core import Matrix, Problem
from fastlogreg._kernels.core import pick_columns as kernels_pick


def is_sparse(X):
    """Whether X looks like a SciPy sparse matrix or array, without importing SciPy."""
    return type(X) is not np.ndarray and hasattr(X, "tocsr") and hasattr(X, "nnz")


def as_matrix(X):
    """A `Matrix` over X.

    Raises
    ------
    ValueError
        X is not two-dimensional, is complex or holds objects that are not numbers.
    """
    if is_sparse(X):
        return _sparse(X)
    X = np.asarray(X)
    if X.ndim != 2:
        raise ValueError(f"X must have two dimensions (rows, columns), got shape {X.shape}")
    if X.dtype.char not in "fd" or not X.dtype.isnative:
        if X.dtype.kind == "c":
            raise ValueError("Complex data not supported: X must hold real numbers")
        try:
            X = X.astype(np.float32 if X.dtype.char == "e" else np.float64, order="K")
        except (TypeError, ValueError) as error:
            raise ValueError(f"X must hold numbers, got dtype {X.dtype}: {error}") from None
    (n, p), (down, across), itemsize = X.shape, X.strides, X.itemsize
    by_row = (across == itemsize or p == 1) and down % itemsize == 0
    by_column = (down == itemsize or n == 1) and across % itemsize == 0
    if not (by_row or by_column):
        X = np.ascontiguousarray(X)
    return Matrix.dense(X)


def _sparse(X):
    if X.ndim != 2:
        raise ValueError(f"X must have two dimensions (rows, columns), got shape {X.shape}")
    if X.dtype.kind == "c":
        raise ValueError("Complex data not supported: X must hold real numbers")
    if X.format not in ("csr", "csc"):
        X = X.tocsr()
    if max(X.shape) > np.iinfo(np.int32).max:
        raise ValueError(f"X has shape {X.shape}; at most 2**31 - 1 rows and columns are indexed")
    values = X.data
    if values.dtype.char not in "fd" or not values.dtype.isnative:
        values = values.astype(np.float64)
    index = np.ascontiguousarray(X.indices)
    if index.dtype != np.int32:
        if index.size and (index.min() < 0 or index.max() > np.iinfo(np.int32).max):
            raise ValueError("X is not a valid sparse matrix: an index is out of its bounds")
        index = index.astype(np.int32)
    start = X.indptr.astype(np.int64, copy=False)
    values = None if _all_ones(values) else np.ascontiguousarray(values)
    return Matrix.sparse(values, index, np.ascontiguousarray(start), X.shape, X.format == "csr")


def _all_ones(values):
    """Whether all stored values are 1 (dummies, word presence): then they need not be read."""
    return values.size > 0 and values[0] == 1 and bool((values == 1).all())


def by_row(X):
    """X, or for column-wise sparse X its CSR form: what products of row pairs need."""
    return X.tocsr() if is_sparse(X) and X.format != "csr" else X


def serves(matrix, by_column):
    """Whether X where it lies serves walks along its columns, or else products of pairs of them."""
    return matrix.layout in (("F", "CSC") if by_column else ("C", "F", "CSR"))


def canonical(X):
    """X, or of sparse X whose entries are unsorted or doubled a sorted copy without doubles."""
    if is_sparse(X) and not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    return X


def pick_rows(X, rows):
    """A copy of some rows, and of nothing else: in X's own order, CSR for sparse X."""
    if is_sparse(X):
        return by_row(X)[rows]
    X = np.asarray(X)
    if X.flags.f_contiguous and not X.flags.c_contiguous:
        # taking rows of a column-major array would copy all of it first
        return np.take(X.T, rows, axis=1).T
    return np.take(X, rows, axis=0) if X.flags.c_contiguous else X[rows]


def pick_columns(X, columns):
    """A copy of some columns, in that order: row-major for dense X, CSR for sparse X."""
    if is_sparse(X):
        if X.format == "csc" or not len(columns):
            return X[:, columns].tocsr()
        position = np.full(X.shape[1], -1, dtype=np.int32)
        position[columns] = np.arange(len(columns), dtype=np.int32)
        values = X.data if X.data.dtype.char in "fd" else X.data.astype(np.float64)
        start, index, picked = kernels_pick(
            X.indptr.astype(np.int64, copy=False),
            X.indices.astype(np.int32, copy=False),
            values,
            position,
        )
        return type(X)((picked, index, start), shape=(X.shape[0], len(columns)))
    X = np.asarray(X)
    return np.ascontiguousarray(np.take(X, columns, axis=1))


def standard_deviations(X, matrix, weight, n_threads):
    """Weighted standard deviation of each column, divided by the sum of weights; 1 if it is 0."""
    n, p = matrix.shape
    problem = Problem(matrix, None, None, None, True)
    s = np.ones(n) if weight is None else weight
    sums, squares = np.empty(p + 1), np.empty(p + 1)
    problem.collect(s, sums, False, n_threads)
    problem.collect(s, squares, True, n_threads)
    total = sums[p]
    with np.errstate(over="ignore", invalid="ignore"):  # X itself is judged by the fit
        return np.sqrt(_variances(X, s, sums, squares, total))


def _variances(X, s, sums, squares, total):
    p = len(sums) - 1
    mean, square = sums[:p] / total, squares[:p] / total
    variance = square - mean * mean
    lost = np.flatnonzero(variance <= 1e-6 * square)  # to cancellation: once more about the mean
    for begin in range(0, len(lost), 64):
        some = lost[begin : begin + 64]
        part = pick_columns(X, some)
        part = np.asarray(part.toarray() if is_sparse(part) else part, dtype=np.float64)
        variance[some] = s @ np.square(part - mean[some]) / total
    return np.where(variance <= 1e-28 * square, 1.0, variance)
