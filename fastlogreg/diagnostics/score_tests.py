"""Rao's score tests of all squares and products of columns, against a fitted logistic model.

With z a product of two columns, W the curvatures and r the residuals of the model, and X its
columns with the intercept, the statistic is U^2 / V, where z~ = z - X (X'WX)^-1 X'W z is what X
leaves of z, U = z~'r and V = z~'W z~. One Gram matrix, X' diag(r) X, holds all scores. The
variances would take one for every column of X. Instead z'W z, less an estimate from a few random
directions of the span of X of what the projection takes away, bounds most of them well enough to
see that they cannot be significant, and only the others are computed.
"""

import heapq

import numpy as np
from scipy.special import chdtri, gammaincinv, log_ndtr

from fastlogreg import design
from fastlogreg._kernels import core as kernels
from fastlogreg.diagnostics.columns import dense_rows, row_slices
from fastlogreg.functions import sigmoid, softplus

_FEW = 2048  # products that are all computed
_BATCH = 256  # products computed at once
_KEPT = 1 << 28  # bytes of blocks that are kept rather than made in every pass
_IN_SPAN = 1e-9  # share of a product left by X that is rounding
_SINGULAR = 1e-10  # share of the largest eigenvalue that is rounding
_MISS = 1e-6  # probability that an estimate falls below what `_estimate` multiplies it up to


class Columns:
    """X as blocks of dense rows at unit scale; centred if an intercept makes that the same model.

    Its parameters are p slopes, and last the intercept if there is one.
    """

    def __init__(self, X, shape, intercept, n_threads):
        self.X = design.by_row(X) if design.is_sparse(X) else np.asarray(X)
        self.n, self.p = shape
        self.intercept, self.n_threads = bool(intercept), n_threads
        self.rows = row_slices(self.n, max(self.p, _BATCH))
        self.kept = {}
        self.shift = np.zeros(self.p)
        if intercept:
            self.shift = sum(x.sum(axis=0) for x in self._raw()) / self.n
        self.scale = np.sqrt(
            sum(np.square(x - self.shift).sum(axis=0) for x in self._raw()) / self.n
        )
        self.scale[self.scale <= 1e-13 * np.abs(self.shift)] = np.inf  # constant: becomes zeros
        self.scale[self.scale == 0.0] = np.inf

    def _raw(self):
        return (dense_rows(self.X, rows) for rows in self.rows)

    def __iter__(self):
        for rows in self.rows:
            block = self.kept.get(rows.start)
            if block is None:
                block = np.ascontiguousarray((dense_rows(self.X, rows) - self.shift) / self.scale)
                if 8 * self.n * self.p <= _KEPT:
                    self.kept[rows.start] = block
            yield rows, block

    def gram(self, per_row, squared=False, single=False):
        """sum_i per_row_i x_i x_i', full and symmetric; of squared values without the intercept.

        `single`: in single precision.
        """
        total = 0.0
        for rows, block in self:
            block = np.square(block) if squared else block
            problem = kernels.Problem(
                design.as_matrix(block), None, None, None, self.intercept and not squared
            )
            out = np.empty((kernels.padded(problem.q),) * 2)
            problem.gram(np.ascontiguousarray(per_row[rows]), out, self.n_threads, single)
            total = total + out[: problem.q, : problem.q]
        return np.triu(total) + np.triu(total, 1).T

    def gather(self, per_row):
        """X' per_row."""
        slopes = sum(per_row[rows] @ block for rows, block in self)
        return np.append(slopes, per_row.sum()) if self.intercept else slopes

    def along(self, theta):
        """X theta for one or several columns of parameters."""
        slopes, level = (theta[:-1], theta[-1]) if self.intercept else (theta, 0.0)
        return np.concatenate([block @ slopes + level for _, block in self])

    def products(self, first, second):
        """(rows, X with the intercept, products of the columns `first` and `second`) by blocks."""
        for rows, block in self:
            ones = np.ones((len(block), int(self.intercept)))
            yield rows, np.hstack([block, ones]), block[:, first] * block[:, second]


class ScoreTests:
    """The tests of all products against one model.

    Parameters
    ----------
    columns : Columns
    score : ndarray (n,), the log-odds of the model
    y, weight : ndarrays (n,), targets in [0, 1] and weights
    """

    def __init__(self, columns, score, y, weight):
        self.columns, self.score, self.weight = columns, score, weight
        self.probability = sigmoid(score)
        self.residual = weight * (y - self.probability)
        self.curvature = weight * self.probability * sigmoid(-score)
        self.hessian = columns.gram(self.curvature)
        self.basis = _orthonormal(self.hessian, columns.intercept)
        self.rank = self.basis.shape[1]
        # the scores of X are not quite zero at these coefficients; taken out to first order
        step = self.basis @ (self.basis.T @ columns.gather(self.residual))
        self.efficient = self.residual - self.curvature * columns.along(step)
        self.first, self.second = np.triu_indices(columns.p)
        self.n_candidates = 0

    def ranked(self, level):
        """(statistic, product) of the products that may be significant, by falling statistic.

        Sets `n_candidates`, the number of products that are not in the span of X.
        """
        m = len(self.first)
        if m <= _FEW:
            batches = [self._exact(np.arange(k, min(k + _BATCH, m))) for k in range(0, m, _BATCH)]
            statistic, left = (np.concatenate(part) for part in zip(*batches, strict=True))
            self.n_candidates = int(left.sum())
            order = np.argsort(-statistic, kind="stable")
            return ((statistic[k], k) for k in order[: self.n_candidates])
        return self._branch_and_bound(self._upper_bounds(), level)

    def _branch_and_bound(self, upper, level):
        needed = self.threshold(level)
        order = np.argsort(-upper, kind="stable")
        order = order[: np.count_nonzero(upper >= needed)]
        heap = []
        for begin in range(0, len(order), _BATCH):
            batch = order[begin : begin + _BATCH]
            statistic, left = self._exact(batch)
            heap += [(-t, k) for t, k in zip(statistic[left], batch[left], strict=True)]
            heapq.heapify(heap)
            rest = order[begin + _BATCH :]
            bound = upper[rest[0]] if len(rest) else 0.0
            while heap and -heap[0][0] >= bound:
                statistic, k = heapq.heappop(heap)
                yield -statistic, k

    def threshold(self, level):
        """The statistic whose p-value times the number of candidates is `level`."""
        return float(chdtri(1, level / max(self.n_candidates, 1)))

    def _upper_bounds(self):
        """Bounds of all statistics: above them with a probability of at least 1 - `_MISS` each."""
        p, columns = self.columns.p, self.columns
        size = columns.gram(self.curvature, squared=True)
        taken = np.zeros((p, p))
        basis = self.basis
        if columns.intercept:  # the first direction is the intercept; its part is known exactly
            taken = np.square(self.hessian[:p, :p]) * np.square(basis[-1, 0])
            basis = basis[:, 1:]
        self.n_candidates = int(np.count_nonzero(np.triu(size - taken > _IN_SPAN * size)))
        directions, factor = _estimate(basis, columns.n)
        per_row = np.ascontiguousarray(columns.along(directions).T) * self.curvature
        for values in per_row:
            taken += factor * np.square(columns.gram(values, single=True)[:p, :p])
        score = columns.gram(self.efficient)[:p, :p]
        left = size - taken
        with np.errstate(divide="ignore", invalid="ignore"):
            upper = np.where(left > 1e-6 * size, np.square(score) / left, np.inf)
        return upper[self.first, self.second]

    def _exact(self, which):
        """Statistics of some products, and whether X leaves anything of them."""
        first, second = self.first[which], self.second[which]
        size, inner = 0.0, 0.0
        for rows, X, z in self.columns.products(first, second):
            curved = z * self.curvature[rows, None]
            size = size + np.einsum("ij,ij->j", z, curved)
            inner = inner + X.T @ curved
        within = self.basis @ (self.basis.T @ inner)
        score, variance = 0.0, 0.0
        for rows, X, z in self.columns.products(first, second):
            z -= X @ within
            score = score + self.efficient[rows] @ z
            variance = variance + self.curvature[rows] @ np.square(z, out=z)
        left = variance > _IN_SPAN * size
        return np.square(score) / np.where(left, variance, np.inf), left

    def beyond(self, product):
        """z~ of one product, in the units of X."""
        first, second = self.first[[product]], self.second[[product]]
        inner = sum(
            X.T @ (z * self.curvature[rows, None])
            for rows, X, z in self.columns.products(first, second)
        )
        within = self.basis @ (self.basis.T @ inner)
        parts = [z - X @ within for _, X, z in self.columns.products(first, second)]
        scale = self.columns.scale
        return np.concatenate(parts)[:, 0] * (scale[first[0]] * scale[second[0]])


def _orthonormal(hessian, intercept):
    """B with B'HB = I that spans all directions in which H is not zero; the intercept's first."""
    q = len(hessian)
    if not intercept:
        return _inverse_root(hessian)
    total = hessian[-1, -1]
    if not total > 0.0:
        return np.zeros((q, 1))
    mean = hessian[:-1, -1] / total
    root = _inverse_root(hessian[:-1, :-1] - total * np.outer(mean, mean))
    basis = np.zeros((q, 1 + root.shape[1]))
    basis[-1, 0] = 1.0 / np.sqrt(total)
    basis[:-1, 1:] = root
    basis[-1, 1:] = -mean @ root
    return basis


def _inverse_root(matrix):
    values, vectors = np.linalg.eigh(matrix)
    kept = values > _SINGULAR * max(values[-1], 0.0) if len(values) else values > 0.0
    return vectors[:, kept] / np.sqrt(values[kept])


def _estimate(basis, n):
    """Directions (q, s) of the span of `basis` and a factor.

    The factor times the squared length of a vector's products with them is above its squared
    products with the whole basis, with a probability of 1 - `_MISS`: these are s normal
    combinations of the basis, so that the ratio of both is chi-square over s. If the basis is
    small, it is the basis itself.
    """
    rank = basis.shape[1]
    for s in (12, 16, 24, 32, 48, 64, 96, 128):
        if s >= rank:
            return basis, 1.0
        factor = s / (2.0 * gammaincinv(s / 2.0, _MISS))
        if factor * rank <= 0.5 * n:
            break
    mixed = np.random.default_rng(1948).standard_normal((rank, s))
    return basis @ mixed / np.sqrt(s), factor


def tilt(direction, score, weight, total):
    """Where the tilted family of sum_i s_i d_i (y_i - p_i) has the mean `total`.

    With K(t) = sum_i s_i (log(1 - p_i + p_i exp(t d_i)) - t p_i d_i), the cumulant generating
    function of that sum under the model, this is the root t of K'(t) = total. If `total` is the
    sum's value in the data, t is also the coefficient of d that wins most likelihood. Returns
    (t, t total - K(t), K''(t)); t is infinite at the end of the sum's range, where the second is
    minus the logarithm of the probability of that end, and beyond it.
    """
    p, q = sigmoid(score), sigmoid(-score)
    size = np.abs(direction)
    away = direction * np.sign(total) < 0  # rows whose y = 0 moves the sum towards total
    end = weight @ (size * np.where(away, p, q))
    if abs(total) >= end * (1.0 - 1e-9):
        if abs(total) > end * (1.0 + 1e-9):
            return np.copysign(np.inf, total), np.inf, 0.0
        moved = size > 1e-9 * size.max()
        won = softplus(np.where(away, score, -score))[moved]
        return np.copysign(np.inf, total), float(weight[moved] @ won), 0.0
    low, high, t = -np.inf, np.inf, 0.0
    for _ in range(200):
        z = score + t * direction
        moved = sigmoid(z)
        slope = total - weight @ (direction * (moved - p))
        bend = weight @ (np.square(direction) * moved * sigmoid(-z))
        if slope * slope <= 1e-18 * bend:  # half of it over bend is what t could still win
            break
        low, high = (t, high) if slope > 0 else (low, t)
        step = slope / bend if bend > 0 else np.copysign(np.inf, slope)
        reach = 4.0 * abs(t) + 1.0 / size.max()
        t += min(max(step, -reach), reach)
        if not low < t < high:
            t = 0.5 * (low + high)
    gained = t * total - weight @ (softplus(z) - softplus(score) - t * p * direction)
    return t, float(gained), float(bend)


def tail_probability(direction, score, weight, total):
    """P(|sum_i s_i d_i (y_i - p_i)| >= |total|) under the model, by the saddle point; or None.

    Lugannani and Rice's formula as Barndorff-Nielsen wrote it. None if |total| is the end of the
    sum's range, where there is no saddle point.
    """
    probability = 0.0
    for side in (total, -total):
        t, gain, bend = tilt(direction, score, weight, side)
        if np.isinf(t):
            if side == total:
                return None
            probability += np.exp(-gain)
            continue
        root = np.sqrt(2.0 * gain)
        if root < 1e-6:  # at the mean
            return 1.0
        probability += np.exp(log_ndtr(-(root + np.log(abs(t) * np.sqrt(bend) / root) / root)))
    return float(probability)
