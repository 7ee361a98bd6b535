"""A problem of many classes over the class kernels, and the same in plain NumPy."""

import numpy as np
import pytest
import scipy.sparse as sp

from common.arrays import dense
from fastlogreg import design
from fastlogreg import reference_softmax as many
from fastlogreg._kernels import core as kernels
from fastlogreg.softmax import class_matrix

KINDS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "C-float32": lambda A: np.ascontiguousarray(A, dtype=np.float32),
    "F-float32": lambda A: np.asfortranarray(A, dtype=np.float32),
    "CSR": lambda A: sp.csr_array(A * (np.add.outer(*map(np.arange, A.shape)) % 3 == 0)),
    "CSR-float32": lambda A: sp.csr_array(KINDS["CSR"](A).astype(np.float32)),
}
kinds = pytest.mark.parametrize("kind", KINDS)


class Setting:
    """A problem of K classes over some X, and the arithmetic done plainly beside it."""

    def __init__(self, X, K, *, intercept, weight, offset, soft, rows=None, n_threads=1):
        X, matrix = class_matrix(X, design.as_matrix(X))
        A = dense(X) if rows is None else dense(X)[rows]
        n, p = A.shape
        rng = np.random.default_rng([1, n, p, K])
        self.n, self.p, self.q, self.K, self.n_threads = n, p, p + intercept, K, n_threads
        y = rng.dirichlet(np.ones(K), n) if soft else rng.integers(0, K, n).astype(np.int32)
        self.y, self.s, self.o = y, None, None
        if weight:
            self.s = 2.0 * rng.random(n) * (np.arange(n) % 5 > 0)
        if offset:
            self.o = rng.normal(size=(n, K))
        self.theta, self.v = rng.normal(size=(2, K, self.q))
        self.kernel = kernels.Softmax(matrix, K, y, self.s, self.o, intercept, rows)
        self.silent = kernels.Softmax(matrix, K, None, None, self.o, intercept, rows)
        self.design = np.hstack([A, np.ones((n, int(intercept)))])
        self.weights = np.ones(n) if self.s is None else self.s
        self.z = self.design @ self.theta.T + (0.0 if self.o is None else self.o)
        self.pi = many.softmax(self.z)
        self.proba = np.full((K, kernels.padded(n)), 9.0)  # any number may lie beyond the rows
        self.proba[:, :n] = self.pi.T

    def close(self, got, want, size, scale=1.0):
        """Within rounding: `size` bounds the terms that were added up to make `want`."""
        bound = 4e-16 * (20.0 + 0.2 * (self.n + self.p + self.K)) * (np.asarray(size) + scale)
        error = np.abs(got - want)
        assert np.all(error <= bound), f"error {np.max(error / bound):.3g} times the bound"

    def check_evaluate(self):
        room = np.full((self.K + 2, self.q), 7.5)  # nothing before or behind may change
        gradient, proba = room[1:-1], np.full_like(self.proba, np.nan)
        loss = self.kernel.evaluate(self.theta, gradient, proba, self.n_threads)
        losses = self.weights * many.softmax_cross_entropy(self.y, self.z)
        self.close(loss, losses.sum(), losses.sum())
        residual = self.weights[:, None] * many.softmax_residual(self.y, self.z)
        size = np.abs(self.design).T @ self.weights
        self.close(gradient, residual.T @ self.design, size)
        self.close(proba[:, : self.n], self.pi.T, 1.0)
        assert (room[[0, -1]] == 7.5).all()
        alone = self.kernel.evaluate(self.theta, n_threads=self.n_threads)
        self.close(alone, loss, abs(loss), scale=0.0)

    def check_curved(self):
        out = np.full((self.K, self.q), np.nan)
        self.kernel.curved_product(self.proba, self.v, out, self.n_threads)
        u = self.design @ self.v.T
        r = self.weights[:, None] * self.pi * (u - (self.pi * u).sum(axis=1, keepdims=True))
        sizes = np.abs(self.design) @ np.abs(self.v).max(axis=0)
        size = 2.0 * np.abs(self.design).T @ (self.weights * sizes)
        self.close(out, r.T @ self.design, size)

    def check_dual_gap(self):
        for reach in (0.5, 1.5):
            u = self.design @ self.v.T
            t = u - (self.pi * u).sum(axis=1, keepdims=True)
            counts = self.weights > 0
            if not counts.any():
                return
            most = np.maximum(-t[counts], 0.0).max()
            factor = reach / most if most > 0 else 1.0
            got = self.kernel.dual_gap(self.proba, factor * self.v, self.n_threads)
            cost = self.weights @ many.divergence_bound(self.pi, np.maximum(factor * t, -1.0))
            beyond = self.weights @ (self.pi * np.maximum(-1.0 - factor * t, 0.0)).sum(axis=1)
            size = np.abs(factor * self.design) @ np.abs(self.v).max(axis=0)
            self.close(got[0], cost, self.weights @ (1.0 + size) ** 3)
            self.close(got[1], beyond, self.weights @ (1.0 + size))
            self.close(got[2], factor * most, size.max(initial=1.0))
            assert (got[1] > 0.0) == (reach > 1.0 and most > 0)

    def check_predict(self):
        for dtype, eps in ((np.float64, 0.0), (np.float32, 1.2e-7)):
            out = np.full((self.n + 2, self.K), 7.5, dtype=dtype)
            self.silent.predict(self.theta, out[1:-1], False, self.n_threads)
            size = np.abs(self.design) @ np.abs(self.theta).T + np.abs(self.z)
            self.close(np.maximum(np.abs(out[1:-1] - self.z) - eps * size, 0.0), 0.0, size)
            self.silent.predict(self.theta, out[1:-1], True, self.n_threads)
            self.close(np.maximum(np.abs(out[1:-1] - self.pi) - eps * self.pi, 0.0), 0.0, 1.0)
            assert (out[[0, -1]] == 7.5).all()

    def check(self):
        self.check_evaluate()
        self.check_curved()
        self.check_dual_gap()
        self.check_predict()
