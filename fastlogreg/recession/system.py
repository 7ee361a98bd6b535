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
    group : K - 1 where that many rows at a time are the pairs of one row of a softmax, else 0
    """

    def __init__(self, X, y, weight, offset, intercept, n_threads, n_data=None, group=0):
        X = design.canonical(design.by_row(X)) if design.is_sparse(X) else np.asarray(X)
        self.X, self.y, self.intercept, self.group = X, y, intercept, group
        self.objective = Objective(
            X, design.as_matrix(X), y, weight, offset, intercept, Penalty(), n_threads
        )
        self.n, self.p, self.q = self.objective.n, self.objective.p, self.objective.q
        self.n_data = self.n if n_data is None else n_data
        self.sign = 2.0 * y - 1.0
        self.alive = np.ones(self.n, dtype=bool) if weight is None else weight > 0.0
        if y.dtype != np.uint8:
            self.sign[np.abs(self.sign) < 1.0] = 0.0
        self.soft = y.dtype != np.uint8 and bool((self.sign[self.alive] == 0.0).any())

    @cached_property
    def largest(self):
        """The largest absolute entry of each column, and 1 for the intercept."""
        out = np.ones(self.q)
        if design.is_sparse(self.X):
            out[: self.p] = abs(self.X).max(axis=0).toarray().reshape(-1)
        else:
            out[: self.p] = np.maximum(self.X.max(axis=0), -self.X.min(axis=0))
        return out

    @cached_property
    def zero(self):
        """Parameters that are multiplied by zero in every row that counts."""
        if self.alive.all():
            return self.largest == 0.0
        part = design.pick_rows(self.X, np.flatnonzero(self.alive))
        out = np.zeros(self.q, dtype=bool)
        out[: self.p] = np.asarray((part != 0.0).sum(axis=0)).reshape(-1) == 0
        return out

    def gram(self, mask):
        """X'X over the rows of a mask, intercept included."""
        if not mask.any():
            return np.zeros((self.q, self.q))
        if 5 * np.count_nonzero(mask) < self.n:
            part = self.objective.sample(np.flatnonzero(mask), 1.0, copied=True)
            return part.gram(None) * part.total_weight
        return self.objective.gram(mask.astype(float)) * self.objective.total_weight

    def residuals(self, theta, joint):
        """Residuals and curvatures; `joint`: those of the softmax whose pairs the rows are."""
        o = self.objective
        r, h, z = np.empty(self.n), np.empty(self.n), o.scores(theta)
        with np.errstate(over="ignore", invalid="ignore"):
            o.problem.losses(z, r, h)
        if joint and self.group:
            data = slice(0, self.n_data)
            weight = 1.0 if o.weight is None else o.weight[data]
            behind = -z[data].reshape(-1, self.group)  # the other classes' scores less the own
            most = np.maximum(behind.max(axis=1, keepdims=True), 0.0)
            share = np.exp(behind - most)
            share /= share.sum(axis=1, keepdims=True) + np.exp(-most)
            share = share.ravel()
            r[data] = weight * (1.0 - self.y[data] - share)
            h[data] = weight * share * (1.0 - share)
        return r, h

    def margins(self, v, rows=None):
        """sign_i x_i . v in floating point, of all rows or of a mask's; 0 for soft targets."""
        if rows is None:
            return self.sign * self.objective.along(v)
        if 5 * np.count_nonzero(rows) > self.n:
            return self.margins(v)[rows]
        used = np.flatnonzero(v)
        return self.sign[rows] * (exact.dense_columns(self.X, used.tolist(), rows) @ v[used])

    def signs(self, v, rows=None):
        """The exact signs of x_i . v for an exact vector; see `exact.signs`."""
        if len(v) <= FEW:
            return exact.signs(self.X, v, rows)
        floats = exact.to_floats(v, self.q)
        return exact.signs(self.X, v, rows, (self.objective.along(floats), self.rounding(floats)))

    def rounding(self, v):
        """A bound on the rounding error of any row's product with v."""
        return (self.q + 4) * exact.EPS * float(np.abs(v) @ self.largest)


def binary(X, y, weight, offset, intercept, n_threads, kept=None, side=None, group=0):
    """The system of a binary model.

    `kept`: columns that can run off, None for all.  `side` (q,): +1 where a parameter of these can
    only grow, -1 only fall, 0 both; None for all 0.
    """
    if kept is not None and len(kept) < X.shape[1]:
        X = design.pick_columns(X, kept)
    if side is None or not side.any():
        return System(X, y, weight, offset, intercept, n_threads, group=group)
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
        False, n_threads, n, group,
    )  # fmt: skip


def softmax(X, targets, weight, intercept, n_threads, side=None):
    """The system of a softmax model; parameters (K - 1, q) or, with bounds, (K, q) row by row.

    `targets` (n, K) holds probabilities; `side` (K, q) as in `binary`.  Also returns the row and
    the other class of each inequality.
    """
    if intercept:
        X = beside(X, np.ones((X.shape[0], 1)))
    n, K = targets.shape
    own = targets.argmax(axis=1)
    row, other = np.nonzero(np.arange(K) != own[:, None])
    y = 1.0 - targets[row, other]
    if (y == 1.0).all():
        y = y.astype(np.uint8)
    side = None if side is None or not side.any() else side.reshape(-1)
    blocks = K - 1 if side is None else K
    pairs = (_sparse_pairs if design.is_sparse(X) else _dense_pairs)(
        X, row, own[row], other, blocks
    )
    weight = None if weight is None else weight[row]
    made = binary(pairs, y, weight, None, False, n_threads, side=side, group=K - 1)
    return made, (row, other)


def _dense_pairs(X, row, own, other, blocks):
    """CSR with x_row in block `own` and -x_row in block `other`, of the first `blocks` blocks.

    The blocks are as wide as X and stored whole, zeros too.
    """
    from scipy import sparse

    q = X.shape[1]
    block = np.stack([np.minimum(own, other), np.maximum(own, other)], axis=1)
    stored = block < blocks
    values = np.where(own < other, 1.0, -1.0)[:, None] * X[row]
    values = np.stack([values, -values], axis=1)[stored]
    columns = (block[stored] * q)[:, None] + np.arange(q)
    start = np.append(0, np.cumsum(stored.sum(axis=1) * q))
    return sparse.csr_array(
        (values.ravel(), columns.astype(np.int32).ravel(), start), shape=(len(row), blocks * q)
    )


def _sparse_pairs(X, row, own, other, blocks):
    """As `_dense_pairs`, zeros left out."""
    from scipy import sparse

    q, picked = X.shape[1], sparse.csr_array(X)[row].astype(float)
    lengths, total = np.diff(picked.indptr), sparse.csr_array((len(row), blocks * q))
    for sign, block in ((1.0, own), (-1.0, other)):
        data = np.where(np.repeat(block < blocks, lengths), sign * picked.data, 0.0)
        columns = picked.indices + np.repeat(np.where(block < blocks, block, 0) * q, lengths)
        total = total + sparse.csr_array((data, columns, picked.indptr), shape=total.shape)
    total.eliminate_zeros()
    return total


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
