"""How X can lie in memory: an X of each layout and type out of a float64 array."""

import numpy as np
import scipy.sparse as sp

from common.arrays import dense


def _spread(A, rows, columns, order="C"):
    """A as a view of every `rows`-th row and `columns`-th column of a larger array full of nan."""
    n, p = A.shape
    big = np.full((n * rows + 3, p * columns + 5), np.nan, order=order)
    view = big[2 : 2 + n * rows : rows, 3 : 3 + p * columns : columns]
    view[...] = A
    return view


def _unaligned(A):
    raw = np.zeros(A.nbytes + 1, dtype=np.uint8)
    view = raw[1:].view(A.dtype).reshape(A.shape)
    view[...] = A
    assert not view.flags.aligned
    return view


def _sparse(A):
    """A with about two thirds of its entries, and every seventh row and column, set to zero."""
    A = A * (np.add.outer(5 * np.arange(A.shape[0]), 7 * np.arange(A.shape[1])) % 3 == 0)
    A[3::7] = 0.0
    A[:, 5::7] = 0.0
    return A


def _long_indices(X):
    X = X.copy()
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


def _unsorted(X):
    """The stored entries of each line in reverse order."""
    X = X.copy()
    for lo, hi in zip(X.indptr[:-1], X.indptr[1:], strict=True):
        X.indices[lo:hi] = X.indices[lo:hi][::-1].copy()
        X.data[lo:hi] = X.data[lo:hi][::-1].copy()
    X.has_sorted_indices = False
    return X


def _duplicates(X):
    """Every entry stored twice, as one quarter and three quarters of it."""
    data = np.repeat(X.data, 2) * np.tile([0.25, 0.75], X.nnz)
    return type(X)((data, np.repeat(X.indices, 2), 2 * X.indptr), shape=X.shape)


def _ones(X):
    X = X.copy()
    X.data[:] = 1.0
    return X


DESIGNS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "C-float32": lambda A: np.ascontiguousarray(A, dtype=np.float32),
    "F-float32": lambda A: np.asfortranarray(A, dtype=np.float32),
    "rows-strided": lambda A: _spread(A, 2, 1),
    "rows-strided-float32": lambda A: np.repeat(A, 3, axis=0).astype(np.float32)[::3],
    "columns-strided-F": lambda A: _spread(A, 1, 2, "F"),
    "both-strided": lambda A: _spread(A, 2, 3),
    "rows-reversed": lambda A: np.ascontiguousarray(A[::-1])[::-1],
    "columns-reversed-F": lambda A: np.asfortranarray(A[:, ::-1])[:, ::-1],
    "columns-reversed": lambda A: np.ascontiguousarray(A[:, ::-1])[:, ::-1],
    "column-slice": lambda A: _spread(A, 1, 1),
    "column-slice-F": lambda A: _spread(A, 1, 1, "F"),
    "one-row-repeated": lambda A: np.broadcast_to(A[:1], A.shape),
    "read-only": lambda A: np.frombuffer(A.tobytes()).reshape(A.shape),
    "unaligned": _unaligned,
    "byte-swapped": lambda A: A.astype(A.dtype.newbyteorder()),
    "integers": lambda A: np.rint(4 * A).astype(np.int32),
    "booleans-F": lambda A: np.asfortranarray(A > 0),
    "lists": lambda A: A.tolist(),
    "CSR": lambda A: sp.csr_array(_sparse(A)),
    "CSC": lambda A: sp.csc_array(_sparse(A)),
    "CSR-float32": lambda A: sp.csr_matrix(_sparse(A).astype(np.float32)),
    "CSC-float32": lambda A: sp.csc_matrix(_sparse(A).astype(np.float32)),
    "CSR-int64": lambda A: _long_indices(sp.csr_array(_sparse(A))),
    "CSC-int64": lambda A: _long_indices(sp.csc_array(_sparse(A))),
    "CSR-unsorted": lambda A: _unsorted(sp.csr_array(_sparse(A))),
    "CSC-unsorted": lambda A: _unsorted(sp.csc_array(_sparse(A))),
    "CSR-duplicates": lambda A: _duplicates(sp.csr_array(_sparse(A))),
    "CSC-duplicates": lambda A: _duplicates(sp.csc_array(_sparse(A))),
    "CSR-ones": lambda A: _ones(sp.csr_array(_sparse(A))),
    "CSC-ones": lambda A: _ones(sp.csc_array(_sparse(A))),
    "CSR-ones-float32": lambda A: _ones(sp.csr_array(_sparse(A).astype(np.float32))),
    "CSR-booleans": lambda A: sp.csr_array(_sparse(A) != 0),
    "CSR-nothing-stored": lambda A: sp.csr_array(A.shape),
    "CSC-nothing-stored": lambda A: sp.csc_array(A.shape),
    "COO": lambda A: sp.coo_array(_sparse(A)),
}


class Layout:
    """One entry of DESIGNS: `make` an X of it, and what that X means as a plain array."""

    def __init__(self, name):
        self.name, self.make = name, DESIGNS[name]

    dense = staticmethod(dense)
