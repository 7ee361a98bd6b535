"""The inequalities whose solutions are the directions of recession, as rows of a binary problem.

A direction v of the parameters (coefficients, then the intercept) never lowers the likelihood if

    sign_i x_i . v >= 0    for every row,        x_i . v = 0    where the target is in (0, 1),

with sign +1 for target 1 and -1 for target 0.  Other models are written as such rows:

- softmax: one row for each pair of a row's class and another class, the last class held at zero;
- a bound on one side of a coefficient: a row that is 1 for it; bounds on both sides, or a penalty:
  its column is left out, since it cannot run off.
"""

from functools import cached_property

import numpy as np

from fastlogreg import design
from fastlogreg.objective import Objective
from fastlogreg.penalty import Penalty
from fastlogreg.recession import exact

FEW = 3  # entries of a vector up to which products are made from its columns alone


class System:
    """Rows that a direction of recession must not lower, and the likelihood over them.

    Parameters
    ----------
    X : dense or sparse, (n, p)
    y : uint8 0/1, or float64 targets in [0, 1], (n,)
    weight, offset : float64 (n,) or None
    n_data : how many rows stand for data; the rest are bounds
    """

    def __init__(self, X, y, weight, offset, intercept, n_threads, n_data=None):
        if not design.is_sparse(X):
            X = np.asarray(X)
        self.X, self.y, self.intercept = X, y, intercept
        self.objective = Objective(
            X, design.as_matrix(X), y, weight, offset, intercept, Penalty(), n_threads
        )
        self.n, self.p, self.q = self.objective.n, self.objective.p, self.objective.q
        self.n_data = self.n if n_data is None else n_data
        self.sign = np.where(y == 1, 1.0, np.where(y == 0, -1.0, 0.0))
        self.alive = np.ones(self.n, dtype=bool) if weight is None else weight > 0.0
        self.soft = bool((self.sign[self.alive] == 0.0).any())

    @cached_property
    def largest(self):
        """The largest absolute entry of each column, and 1 for the intercept."""
        out = np.ones(self.q)
        if design.is_sparse(self.X):
            out[: self.p] = abs(self.X).max(axis=0).toarray().reshape(-1)
        else:
            out[: self.p] = np.maximum(self.X.max(axis=0), -self.X.min(axis=0))
        return out

    def gram(self, mask):
        """X'X over the rows of a mask, intercept included."""
        return self.objective.gram(mask.astype(float)) * self.objective.total_weight

    def margins(self, v):
        """sign_i x_i . v in floating point; 0 for soft targets."""
        return self.sign * self.objective.along(v)

    def signs(self, v, rows=None):
        """The exact signs of x_i . v for an exact vector; see `exact.signs`."""
        if len(v) <= FEW:
            return exact.signs(self.X, v, rows)
        floats = exact.to_floats(v, self.q)
        return exact.signs(self.X, v, rows, (self.objective.along(floats), self.rounding(floats)))

    def rounding(self, v):
        """A bound on the rounding error of any row's product with v."""
        return (self.q + 4) * exact.EPS * float(np.abs(v) @ self.largest)


def binary(X, y, weight, offset, intercept, n_threads, kept=None, side=None):
    """The system of a binary model.

    `kept`: columns that can run off, None for all.  `side` (q,): +1 where a parameter of these can
    only grow, -1 only fall, 0 both; None for all 0.
    """
    if kept is not None and len(kept) < X.shape[1]:
        X = design.pick_columns(X, kept)
    if side is None or not side.any():
        return System(X, y, weight, offset, intercept, n_threads)
    if intercept:
        X = beside(X, np.ones((X.shape[0], 1)))
    bounded = np.flatnonzero(side)
    n, extra = X.shape[0], len(bounded)
    rows = np.zeros((extra, X.shape[1]))
    rows[np.arange(extra), bounded] = 1.0
    return System(
        above(X, rows),
        np.concatenate([y, (side[bounded] > 0).astype(y.dtype)]),
        None if weight is None else np.concatenate([weight, np.ones(extra)]),
        None if offset is None else np.concatenate([offset, np.zeros(extra)]),
        False, n_threads, n_data=n,
    )  # fmt: skip


def softmax(X, targets, weight, intercept, n_threads, side=None):
    """The system of a softmax model; parameters (K - 1, q) or, with bounds, (K, q) row by row.

    `targets` (n, K) holds probabilities; `side` (K, q) as in `binary`.  Also returns the row and
    the other class of each inequality.
    """
    from scipy import sparse

    if intercept:
        X = beside(X, np.ones((X.shape[0], 1)))
    X = sparse.csr_array(X)
    n, K = targets.shape
    q = X.shape[1]
    own = targets.argmax(axis=1)
    row, other = np.nonzero(np.arange(K) != own[:, None])
    y = np.where(targets[row, other] > 0.0, 0.5, 1.0)
    if (y == 1.0).all():
        y = y.astype(np.uint8)
    # row i of the system: x_row in the block of its own class, -x_row in that of the other
    shape, picked = (len(row), K * q), X[row]
    picked.sort_indices()
    stored = np.diff(picked.indptr)
    blocks = [
        sparse.csr_array(
            (factor * picked.data, picked.indices + np.repeat(block * q, stored), picked.indptr),
            shape=shape,
        )
        for factor, block in ((1.0, own[row]), (-1.0, other))
    ]
    pairs = (blocks[0] + blocks[1]).tocsr()
    if side is None or not side.any():
        pairs = pairs[:, : (K - 1) * q]
        side = None
    weight = None if weight is None else weight[row]
    side = None if side is None else side.reshape(-1)
    return binary(pairs, y, weight, None, False, n_threads, side=side), (row, other)


def beside(X, columns):
    """X with more columns at its right."""
    if design.is_sparse(X):
        from scipy import sparse

        return sparse.hstack([X, sparse.csr_array(columns)], format="csr")
    return np.hstack([X, columns.astype(np.asarray(X).dtype)])


def above(X, rows):
    """X with more rows below it."""
    if design.is_sparse(X):
        from scipy import sparse

        return sparse.vstack([X, sparse.csr_array(rows)], format="csr")
    return np.vstack([X, rows.astype(X.dtype)])
