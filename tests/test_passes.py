"""Passes over the data against the reference, for every layout, instruction set and problem."""

import numpy as np
import pytest
import scipy.sparse as sp

from common.arrays import ALL, OPTIONS, values
from fastlogreg import design, reference
from fastlogreg._kernels import core as kernels

# around vectors, blocks of rows, packed rows and panels of columns, and a bit beyond
ROWS = (1, 7, 8, 9, 63, 64, 65, 127, 129, 1000)
COLUMNS = (1, 7, 8, 9, 24, 25, 63, 64, 65, 130, 513)


def squared_entries(X, dense):
    """Squares as a diagonal preconditioner takes them: duplicates are squared one by one."""
    if not sp.issparse(X):
        return dense**2
    X = X.copy().astype(np.float64)
    X.data **= 2
    return X.toarray()


class Setting:
    """A problem over some X with random targets, and the arithmetic done plainly beside it."""

    def __init__(self, X, dense, *, intercept, weight, offset, soft, n_threads=1):
        n, p = dense.shape
        rng = np.random.default_rng([1, n, p])
        self.n, self.p, self.q, self.n_threads = n, p, p + intercept, n_threads
        self.y = rng.random(n) if soft else rng.integers(0, 2, n).astype(np.uint8)
        self.s = 2.0 * rng.random(n) * (np.arange(n) % 5 > 0) if weight else None
        self.o = rng.normal(size=n) if offset else None
        self.theta = rng.normal(size=self.q)
        self.v = rng.normal(size=self.q)
        self.problem = kernels.Problem(design.as_matrix(X), self.y, self.s, self.o, intercept)
        ones = np.ones((n, int(intercept)))
        self.dense = np.hstack([dense, ones])
        self.squares = np.hstack([squared_entries(X, dense), ones])
        self.weights = np.ones(n) if self.s is None else self.s
        self.z = self.dense @ self.theta + (0.0 if self.o is None else self.o)
        residual, curvature = reference.loss._residual_curvature(self.y.astype(float), self.z)
        self.residual, self.curvature = self.weights * residual, self.weights * curvature
        self.losses = self.weights * reference.binary_cross_entropy(self.y, self.z)

    def close(self, got, want, size, scale=1.0):
        """Within rounding: `size` bounds the terms that were added up to make `want`."""
        bound = 4e-16 * (20.0 + 0.2 * (self.n + self.p)) * (np.asarray(size) + scale)
        error = np.abs(got - want)
        assert np.all(error <= bound), f"error {np.max(error / bound):.3g} times the bound"

    def check_evaluate(self, hessian=True):
        n, q, Q = self.n, self.q, kernels.padded(self.q)
        gradient, rows = np.full(q, np.nan), np.full((3, n), np.nan)
        H = np.full((Q, Q), np.nan) if hessian else None
        loss = self.problem.evaluate(self.theta, gradient, H, *rows, self.n_threads)
        self.close(loss, self.losses.sum(), self.losses.sum())
        self.close(rows[0], self.residual, self.weights)
        self.close(rows[1], self.curvature, self.weights)
        self.close(rows[2], self.z, np.abs(self.dense) @ np.abs(self.theta))
        self.close(gradient, self.dense.T @ self.residual, np.abs(self.dense).T @ self.weights)
        if hessian:
            self.check_gram(H, self.curvature)
        alone = self.problem.evaluate(self.theta, n_threads=self.n_threads)
        self.close(alone, loss, abs(loss), scale=0.0)

    def check_gram(self, H, h):
        upper = np.triu_indices(self.q)
        want = self.dense.T @ (h[:, None] * self.dense)
        size = np.abs(self.dense).T @ (np.abs(h)[:, None] * np.abs(self.dense))
        self.close(H[upper], want[upper], size[upper])

    def check_products(self):
        out = np.full(self.q, np.nan)
        absolute = np.abs(self.dense)
        self.problem.curved_product(self.curvature, self.v, out, self.n_threads)
        u = self.dense @ self.v
        size = absolute.T @ (self.curvature * (absolute @ np.abs(self.v)))
        self.close(out, self.dense.T @ (self.curvature * u), size)
        r = np.random.default_rng(2).normal(size=self.n)
        for squared, terms in ((False, self.dense), (True, self.squares)):
            self.problem.collect(r, out, squared, self.n_threads)
            self.close(out, terms.T @ r, np.abs(terms).T @ np.abs(r))

    def check_hessians(self):
        Q = kernels.padded(self.q)
        H = np.full((Q, Q), np.nan)
        self.problem.gram(self.curvature, H, self.n_threads)
        self.check_gram(H, self.curvature)
        self.problem.gram(None, H, self.n_threads)
        self.check_gram(H, np.ones(self.n))

    def check_predictions(self):
        plain = kernels.Problem(self.problem.matrix, None, None, self.o, self.problem.intercept)
        for dtype, rounding in ((np.float64, 0.0), (np.float32, 6e-8)):
            scores, pairs = np.full(self.n, np.nan, dtype), np.full((self.n, 2), np.nan, dtype)
            plain.predict(self.theta, scores, self.n_threads)
            plain.predict(self.theta, pairs, self.n_threads)
            tiny = rounding * np.maximum(np.abs(self.z), 1.0)
            size = np.abs(self.dense) @ np.abs(self.theta)
            self.close(np.maximum(np.abs(scores - self.z) - tiny, 0.0), 0.0, size)
            for column, sign in ((0, -1.0), (1, 1.0)):
                error = np.abs(pairs[:, column] - reference.sigmoid(sign * self.z))
                self.close(np.maximum(error - rounding, 0.0), 0.0, 1.0)

    def check_dual_gap(self):
        d = 0.3 * self.v / max(1.0, np.abs(self.dense @ self.v).max())
        total = self.weights.sum()
        if not total:
            return
        moves = self.curvature * np.random.default_rng(3).uniform(0.3, 1.5, self.n)
        for given in (None, moves):
            got = self.problem.dual_gap(self.theta, d, given, self.n_threads)
            counts = self.weights > 0
            h, s = self.curvature[counts], self.weights[counts]
            u = (self.dense @ d)[counts]
            rho = u if given is None else given[counts] * u / h
            c = np.tanh(0.5 * self.z[counts]) * rho + h / s * rho**2
            rest = c**2 / (12.0 * (1.0 - np.abs(c)))
            terms = h * rho**2 * np.array([0.5 + c / 6.0 + rest, 2.0 * rest])
            reach = max(np.abs(c).max(), np.abs(rho).max())
            # the tilt 1 - 2 sigmoid(z) is formed from the curvature: half the digits near z = 0
            np.testing.assert_allclose(got[0], terms[0].sum(), rtol=1e-7)
            np.testing.assert_allclose(got[1], reach, rtol=1e-6)
            np.testing.assert_allclose(got[2], terms[1].sum(), rtol=1e-5, atol=1e-15)

    def check_losses(self):
        residual, curvature = np.full((2, self.n), np.nan)
        loss = self.problem.losses(self.z, residual, curvature)
        self.close(loss, self.losses.sum(), self.losses.sum())
        self.close(residual, self.residual, self.weights)
        self.close(curvature, self.curvature, self.weights)

    def check_all(self, hessian=True):
        hessian = hessian and self.problem.matrix.layout != "CSC"
        self.check_evaluate(hessian)
        self.check_products()
        self.check_predictions()
        self.check_dual_gap()
        self.check_losses()
        if hessian:
            self.check_hessians()


@pytest.mark.parametrize(("n", "p"), [(1, 1), (9, 8), (65, 13), (130, 25)])
def test_every_layout_with_every_option(layout, level, n, p):
    X = layout.make(values(n, p))
    for options in OPTIONS:
        Setting(X, layout.dense(X), **options).check_all()


@pytest.mark.slow
@pytest.mark.parametrize("n", ROWS)
def test_sizes_around_the_edges_of_blocks(basic_layout, level, n):
    for p in COLUMNS:
        X = basic_layout.make(values(n, p))
        hessian = n * p * p <= 4_000_000 or basic_layout.name == "C"
        Setting(X, basic_layout.dense(X), **ALL).check_all(hessian)
        Setting(X, basic_layout.dense(X), **OPTIONS[0]).check_all(hessian and p < 500)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "p"), [(3, 9001), (70, 3100), (40_000, 3), (6000, 60)])
def test_several_chunks_and_threads(basic_layout, level, n, p):
    X = basic_layout.make(values(n, p))
    setting = Setting(X, basic_layout.dense(X), **ALL, n_threads=2)
    setting.check_all(hessian=p < 1000)


def test_a_row_may_be_larger_than_a_task(level):
    """More than 65,536 columns: a row of doubles has over half a megabyte."""
    X = values(3, 140_000)
    for order in "CF":
        Setting(np.asarray(X, order=order), X, **ALL).check_all(hessian=False)


def test_picked_rows_are_those_rows(level):
    A = values(300, 11)
    rows = np.random.default_rng(0).choice(300, size=130)
    for X in (A, A.astype(np.float32), np.repeat(A, 2, axis=0)[::2]):
        y = np.random.default_rng(1).random(130)
        theta = np.linspace(-1, 1, 12)
        picked = kernels.Problem(design.as_matrix(X), y, y, y, True, rows)
        copied = kernels.Problem(design.as_matrix(np.ascontiguousarray(X[rows])), y, y, y, True)
        assert picked.n == 130
        results = []
        for problem in (picked, copied):
            arrays = [np.zeros(12), np.zeros((16, 16)), *np.zeros((3, 130))]
            results.append([problem.evaluate(theta, *arrays), *arrays])
        for a, b in zip(*results, strict=True):
            np.testing.assert_array_equal(a, b)


def test_picked_rows_outside_of_x_are_refused():
    matrix = design.as_matrix(values(5, 2))
    for row in (-1, 5):
        with pytest.raises(ValueError, match=f"row {row} is outside of X with 5 rows"):
            kernels.Problem(matrix, None, None, None, True, np.array([0, row]))
    with pytest.raises(ValueError, match="row-major"):
        kernels.Problem(design.as_matrix(np.asfortranarray(values(5, 2))), None, rows=np.array([0]))


def test_transposed_reads_the_same_buffer(level):
    A = values(20, 33)
    for X in (A, np.asfortranarray(A), A.astype(np.float32)):
        matrix = design.as_matrix(X).transposed()
        assert matrix.shape == (33, 20)
        out = np.zeros((24, 24))
        kernels.Problem(matrix, None, None, None, False).gram(None, out)
        want = A.T.T @ A.T
        np.testing.assert_allclose(out[np.triu_indices(20)], want[np.triu_indices(20)], atol=1e-14)
    with pytest.raises(ValueError, match="dense"):
        design.as_matrix(sp.csr_array(A)).transposed()


WRONG = {  # what is one too long, and the call that has to notice
    "y": lambda P, n, q: P(y=n + 1),
    "labels": lambda P, n, q: P(label=n + 1),
    "weight": lambda P, n, q: P(weight=n + 1),
    "offset": lambda P, n, q: P(offset=n - 1),
    "theta": lambda P, n, q: P().evaluate(np.zeros(q + 1)),
    "short theta": lambda P, n, q: P().evaluate(np.zeros(q - 1)),
    "gradient": lambda P, n, q: P().evaluate(np.zeros(q), np.zeros(q - 1)),
    "hessian": lambda P, n, q: P().evaluate(np.zeros(q), None, np.zeros((q, q))),
    "residual": lambda P, n, q: P().evaluate(np.zeros(q), residual=np.zeros(n - 1)),
    "curvature": lambda P, n, q: P().evaluate(np.zeros(q), curvature=np.zeros(n - 1)),
    "score": lambda P, n, q: P().evaluate(np.zeros(q), score=np.zeros(n - 1)),
    "losses z": lambda P, n, q: P().losses(np.zeros(n - 1), np.zeros(n), np.zeros(n)),
    "losses r": lambda P, n, q: P().losses(np.zeros(n), np.zeros(n - 1), np.zeros(n)),
    "losses h": lambda P, n, q: P().losses(np.zeros(n), np.zeros(n), np.zeros(n - 1)),
    "product h": lambda P, n, q: P().curved_product(np.zeros(n - 1), np.zeros(q), np.zeros(q)),
    "product v": lambda P, n, q: P().curved_product(np.zeros(n), np.zeros(q - 1), np.zeros(q)),
    "product out": lambda P, n, q: P().curved_product(np.zeros(n), np.zeros(q), np.zeros(q - 1)),
    "collect r": lambda P, n, q: P().collect(np.zeros(n - 1), np.zeros(q)),
    "collect out": lambda P, n, q: P().collect(np.zeros(n), np.zeros(q - 1)),
    "dual theta": lambda P, n, q: P().dual_gap(np.zeros(q - 1), np.zeros(q)),
    "dual v": lambda P, n, q: P().dual_gap(np.zeros(q), np.zeros(q - 1)),
    "dual moves": lambda P, n, q: P().dual_gap(np.zeros(q), np.zeros(q), np.zeros(n - 1)),
    "gram h": lambda P, n, q: P().gram(np.zeros(n - 1), np.zeros((kernels.padded(q),) * 2)),
    "gram out": lambda P, n, q: P().gram(np.zeros(n), np.zeros((q, kernels.padded(q)))),
    "predict theta": lambda P, n, q: P().predict(np.zeros(q - 1), np.zeros(n)),
    "predict out": lambda P, n, q: P().predict(np.zeros(q), np.zeros(n - 1)),
    "predict pairs": lambda P, n, q: P().predict(np.zeros(q), np.zeros((n, 3))),
    "newton": lambda P, n, q: P().newton(np.zeros(q - 1), 0.1, 1.0, 1e-9, 5),
}


@pytest.mark.parametrize("what", WRONG)
def test_arrays_of_the_wrong_length_are_refused(what):
    matrix = design.as_matrix(values(20, 5))

    def problem(y=20, label=None, weight=20, offset=20):
        targets = np.zeros(y) if label is None else np.zeros(label, dtype=np.uint8)
        return kernels.Problem(matrix, targets, np.ones(weight), np.zeros(offset), True)

    problem().evaluate(np.zeros(6), np.zeros(6))
    with pytest.raises(ValueError, match=r"different lengths|has shape"):
        WRONG[what](problem, 20, 6)


def arrays(data=(1.0, 2.0, 3.0), index=(0, 2, 1), start=(0, 2, 3)):
    return np.array(data), np.array(index, dtype=np.int32), np.array(start, dtype=np.int64)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"index": (0, 3, 1)}, "out of its bounds"),
        ({"index": (0, -1, 1)}, "out of its bounds"),
        ({"start": (0, 2, 4)}, "out of its bounds"),
        ({"start": (-1, 2, 3)}, "out of its bounds"),
        ({"start": (0, 3, 2)}, "out of its bounds"),
        ({"start": (0, 4, 3)}, "out of its bounds"),
        ({"start": (0, 2)}, "indptr of X has 2 entries, 3 expected"),
        ({"start": (0, 2, 3, 3)}, "indptr of X has 4 entries, 3 expected"),
        ({"data": (1.0, 2.0)}, "different lengths"),
    ],
)
def test_invalid_sparse_arrays_are_refused(change, text):
    for by_row, shape in ((True, (2, 3)), (False, (3, 2))):
        assert kernels.Matrix.sparse(*arrays(), shape, by_row).shape == shape
        with pytest.raises(ValueError, match=text):
            kernels.Matrix.sparse(*arrays(**change), shape, by_row)


@pytest.mark.parametrize("by_row", [True, False])
@pytest.mark.parametrize("index", [2**31, 2**32, -1, 3])
def test_wide_indices_are_not_cut_off(by_row, index):
    X = sp.csr_array(np.ones((3, 3))) if by_row else sp.csc_array(np.ones((3, 3)))
    X.indices = X.indices.astype(np.int64)
    X.indices[4] = index
    X.data[0] = 2.0
    with pytest.raises(ValueError, match="out of its bounds"):
        design.as_matrix(X)


def test_hessian_of_columns_is_refused():
    problem = kernels.Problem(design.as_matrix(sp.csc_array(np.eye(3))), np.zeros(3))
    with pytest.raises(ValueError, match="row-wise"):
        problem.gram(None, np.zeros((8, 8)))
    with pytest.raises(ValueError, match="row-wise"):
        problem.evaluate(np.zeros(4), None, np.zeros((8, 8)))


def test_targets_are_asked_for():
    problem = kernels.Problem(design.as_matrix(values(4, 2)), None)
    for call in (
        lambda: problem.evaluate(np.zeros(3)),
        lambda: problem.losses(np.zeros(4), np.zeros(4), np.zeros(4)),
        lambda: problem.dual_gap(np.zeros(3), np.zeros(3)),
        lambda: problem.newton(np.zeros(3), 1.0, 4.0, 1e-9, 9),
    ):
        with pytest.raises(ValueError, match="no targets"):
            call()
