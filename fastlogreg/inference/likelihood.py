"""The log-likelihood over the user's data with its derivatives; two classes or more.

Parameters are the differences of every class to the reference: m = K - 1 vectors of q entries (the
columns, then the intercept), one after the other in a flat array of m q. Of two classes the fused
kernel gives everything in one read; of more, each pair of classes costs one Gram matrix.
"""

import numpy as np

from fastlogreg import design
from fastlogreg._kernels.core import Problem, padded, symmetrise

_BLOCK = 1 << 17  # entries of X in a block of rows


class Likelihood:
    """Sum over rows of s_i log P(y_i), its gradient (score) and information.

    Parameters
    ----------
    X : array (n, p), dense or sparse, checked
    targets : (n,) 0/1 or probabilities of the second class, or (n, K) probabilities of the classes,
        the reference first
    weight : (n,) float64 or None
    offset : (n,) of the second class, or (n, K); None for none. -inf rules a class out in a row.
    """

    def __init__(self, X, targets, weight, offset, fit_intercept, n_threads):
        self.X = X
        self.rows = design.by_row(X)
        self.matrix = design.as_matrix(self.rows)
        self.n, self.p = self.matrix.shape
        self.targets, self.weight, self.offset = targets, weight, offset
        self.fit_intercept, self.n_threads = bool(fit_intercept), n_threads
        self.binary = targets.ndim == 1
        self.n_classes = 2 if self.binary else targets.shape[1]
        self.m, self.q = self.n_classes - 1, self.p + self.fit_intercept
        self.size = self.m * self.q
        self.plain = Problem(self.matrix, None, None, None, self.fit_intercept)
        if self.binary:
            self.problem = Problem(self.matrix, targets, weight, offset, self.fit_intercept)

    def __reduce__(self):
        given = (self.X, self.targets, self.weight, self.offset, self.fit_intercept, self.n_threads)
        return Likelihood, given  # the compiled problem is made anew

    def over(self, *, weight=None, offset=None, X=None):
        """The same with other weights, offset or columns."""
        return Likelihood(
            self.X if X is None else X,
            self.targets,
            self.weight if weight is None else weight,
            self.offset if offset is None else offset,
            self.fit_intercept,
            self.n_threads,
        )

    @property
    def s(self):
        """The weights, also where they are all 1."""
        return np.ones(self.n) if self.weight is None else self.weight

    @property
    def onehot(self):
        """Targets as probabilities (n, K)."""
        if not self.binary:
            return self.targets
        y = self.targets.astype(float)
        return np.column_stack([1.0 - y, y])

    def along(self, theta):
        """X times the parameters of each class, without offset: (n, m)."""
        parts = np.asarray(theta, dtype=float).reshape(self.m, self.q)
        return np.array([self.product(part) for part in parts]).T

    def product(self, v):
        """X times one vector (q,): (n,)."""
        out = np.empty(self.n)
        self.plain.predict(np.ascontiguousarray(v), out, self.n_threads)
        return out

    def scores(self, theta):
        """Scores of all classes with the offset: (n, K), the reference first."""
        z = np.zeros((self.n_classes, self.n)).T  # by class: sums over the classes are quicker
        z[:, 1:] = self.along(theta)
        if self.offset is not None:
            if self.binary:
                z[:, 1] += self.offset
            else:
                z += self.offset
        return z

    def probabilities(self, theta):
        """Probabilities of the classes, (n, K), the reference first."""
        return softmax(self.scores(theta))[0]

    def evaluate(self, theta):
        """(log-likelihood, score (size,), information (size, size))."""
        if self.binary:
            gradient, hessian = np.empty(self.q), np.empty((padded(self.q),) * 2)
            loss = self.problem.evaluate(
                np.ascontiguousarray(theta), gradient, hessian, None, None, None, self.n_threads
            )
            return -loss, -gradient, self._full(hessian)
        probability, logs = softmax(self.scores(theta))
        s = self.s
        seen = self.targets > 0.0
        loglik = float(s @ np.where(seen, self.targets * np.where(seen, logs, 0.0), 0.0).sum(1))
        residual = (self.targets - probability)[:, 1:] * s[:, None]
        return loglik, self.gather(residual), self.gram(self.curvatures(probability))

    def loglik(self, theta):
        """The log-likelihood alone."""
        if self.binary:
            theta = np.ascontiguousarray(theta)
            return -self.problem.evaluate(theta, None, None, None, None, None, self.n_threads)
        logs = softmax(self.scores(theta))[1]
        seen = self.targets > 0.0
        return float(self.s @ np.where(seen, self.targets * np.where(seen, logs, 0.0), 0.0).sum(1))

    def curvatures(self, probability):
        """The function (k, j) -> weights (n,) of the information's block k, j."""
        s, free, rest = self.s, probability[:, 1:], complement(probability)[:, 1:]

        def weights(k, j):
            return s * free[:, k] * (rest[:, k] if k == j else -free[:, j])

        return weights

    def gram(self, weights):
        """sum_i weights(k, j)_i x_i x_i' for every pair of classes, as one matrix."""
        out = np.empty((self.m, self.q, self.m, self.q))
        for k in range(self.m):
            for j in range(k, self.m):
                out[k, :, j] = out[j, :, k] = self.products(weights(k, j))
        return out.reshape(self.size, self.size)

    def products(self, h):
        """sum_i h_i x_i x_i', (q, q)."""
        upper = np.empty((padded(self.q),) * 2)
        self.plain.gram(np.ascontiguousarray(h), upper, self.n_threads)
        return self._full(upper)

    def _full(self, upper):
        full = np.empty((self.q, self.q))
        symmetrise(upper, 1.0, np.zeros(self.q), full)
        return full

    def gather(self, per_row):
        """X' r for the columns of r (n, m): (size,)."""
        out = np.empty((per_row.shape[1], self.q))
        for k, part in enumerate(out):
            self.plain.collect(np.ascontiguousarray(per_row[:, k]), part, n_threads=self.n_threads)
        return out.reshape(-1)

    def blocks(self):
        """Pairs (rows, these rows as a dense float64 block with the intercept's ones)."""
        return row_blocks(self.rows, self.fit_intercept)


def softmax(z):
    """Probabilities and their logarithms, both (n, K), of scores that may be -inf."""
    z = z - z.max(axis=1, keepdims=True)
    e = np.exp(z)
    total = e.sum(axis=1, keepdims=True)
    return e / total, z - np.log(total)


def complement(probability):
    """Sum of the other classes' probabilities, (n, K): 1 - p without its loss of digits near 1."""
    if probability.shape[1] == 2:
        return probability[:, ::-1]
    classes = range(probability.shape[1])
    return np.array([np.delete(probability, k, axis=1).sum(axis=1) for k in classes]).T


def row_blocks(X, fit_intercept):
    """Pairs (slice of rows, these rows dense in float64 with a column of ones last)."""
    X = design.by_row(X) if design.is_sparse(X) else np.asarray(X)
    n, p = X.shape
    step = max(64, _BLOCK // (p + 1))
    for begin in range(0, n, step):
        rows = slice(begin, min(begin + step, n))
        part = X[rows]
        part = part.toarray() if design.is_sparse(part) else part
        block = np.ones((rows.stop - begin, p + fit_intercept))
        block[:, :p] = part
        yield rows, block


def quadratic_forms(blocks, n, matrix, m):
    """x_i' V_kj x_i for every row and every pair of classes: (n, m, m).

    matrix : V, (m q, m q) symmetric. blocks : as of `row_blocks`.
    """
    q = len(matrix) // m
    parts = matrix.reshape(m, q, m, q)
    out = np.empty((n, m, m))
    for rows, block in blocks:
        for k in range(m):
            for j in range(k, m):
                out[rows, k, j] = np.einsum("ij,ij->i", block @ parts[k, :, j], block)
                out[rows, j, k] = out[rows, k, j]
    return out
