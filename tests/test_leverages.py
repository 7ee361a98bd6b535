"""The pass that reads leverages with the rows: against its twin, on every level and layout."""

import numpy as np
import pytest
import scipy.sparse as sp

from fastlogreg import design, reference
from fastlogreg._kernels import core as kernels


def inverse_factor(information):
    """F (Q, Q), upper triangular, with F F' the inverse."""
    q = len(information)
    out = np.full((kernels.padded(q), kernels.padded(q)), np.nan)
    kernels.Cholesky(np.ascontiguousarray(information)).inverse_factor(out)
    return out


class Point:
    """A problem and a point, and what the pass should find there."""

    def __init__(self, n, p, intercept=True, weighted=False, offset=False, seed=0):
        rng = np.random.default_rng(seed)
        self.A = rng.standard_normal((n, p)) * np.linspace(0.5, 3.0, p) + 0.3
        self.y = rng.integers(0, 2, n).astype(np.uint8)
        self.weight = rng.integers(0, 4, n).astype(float) if weighted else None
        self.offset = rng.standard_normal(n) if offset else None
        self.intercept = intercept
        self.theta = rng.standard_normal(p + intercept) / np.sqrt(p)

    def run(self, X, dense, n_threads=1, what=("leverage", "gradient", "pull", "hessian")):
        """{name: array} of the pass over X, with the factor of the information at the point."""
        problem = kernels.Problem(
            design.as_matrix(X), self.y, self.weight, self.offset, self.intercept
        )
        q, side = problem.q, kernels.padded(problem.q)
        root = self.root(dense)
        shapes = {"leverage": len(self.y), "gradient": q, "pull": q, "hessian": (side, side)}
        out = {name: np.full(shapes[name], np.nan) for name in what}
        factor = inverse_factor(root.T @ root)
        out["loss"] = kernels.firth_score(problem, self.theta, factor, **out, n_threads=n_threads)
        return out

    @property
    def parts(self):
        p = len(self.theta) - self.intercept
        return self.theta[:p], self.theta[p] if self.intercept else None

    def root(self, dense):
        return reference.bias._weighted_root(dense, *self.parts, self.weight, self.offset)[0]

    def expected(self, dense):
        root, z = reference.bias._weighted_root(dense, *self.parts, self.weight, self.offset)
        ones = np.ones((len(dense), 1))
        X = np.hstack([dense, ones]) if self.intercept else dense
        h = reference.leverages(dense, *self.parts, sample_weight=self.weight, offset=self.offset)
        s = np.ones(len(z)) if self.weight is None else self.weight
        return {
            "leverage": h, "pull": X.T @ (h * np.tanh(z / 2)), "hessian": root.T @ root,
            "gradient": X.T @ (s * (reference.sigmoid(z) - self.y)),
            "loss": s @ reference.binary_cross_entropy(self.y, z),
        }  # fmt: skip


SHAPES = [(40, 1), (97, 3), (96, 7), (200, 8), (193, 11), (500, 30), (300, 70), (20, 12)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("intercept", [True, False])
def test_against_the_reference(shape, intercept, basic_layout, level):
    point = Point(*shape, intercept=intercept, weighted=shape[0] == 500, offset=shape[1] == 11)
    X = basic_layout.make(point.A)
    if sp.issparse(X):
        X = sp.csr_array(X + sp.random_array(X.shape, density=0.3, rng=1, dtype=X.dtype))
        if basic_layout.name == "CSC-ones":
            X.data[:] = 1.0
    dense = basic_layout.dense(X)
    assert np.linalg.matrix_rank(point.root(dense)) == len(point.theta)
    found, expected = point.run(X, dense), point.expected(dense)
    condition = np.linalg.cond(point.root(dense))
    q = len(point.theta)
    np.testing.assert_allclose(
        found["leverage"], expected["leverage"], rtol=0, atol=1e-14 * condition**2 + 1e-13
    )
    np.testing.assert_allclose(
        found["pull"], expected["pull"], rtol=0, atol=1e-12 * (condition**2 / 100 + 1) * len(dense)
    )
    np.testing.assert_allclose(found["gradient"], expected["gradient"], rtol=1e-12, atol=1e-11)
    np.testing.assert_allclose(
        np.triu(found["hessian"][:q, :q]), np.triu(expected["hessian"]), rtol=1e-12, atol=1e-11
    )
    assert found["loss"] == pytest.approx(expected["loss"], rel=1e-13)


@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 23, 24, 25, 95, 96, 97, 191, 192, 193])
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_length_of_a_last_block(n, order, level):
    point = Point(n, 3)
    root = point.root(point.A) if n > 4 else np.eye(4)
    factor = inverse_factor(root.T @ root)
    problem = kernels.Problem(design.as_matrix(np.asarray(point.A, order=order)), point.y)
    found = np.full(n, np.nan)
    kernels.firth_score(problem, point.theta, factor, found)
    own = point.root(point.A)
    np.testing.assert_allclose(found, ((own @ factor[:4, :4]) ** 2).sum(axis=1), rtol=1e-12)


def test_leverages_sum_to_the_parameters():
    point = Point(400, 9, weighted=True)
    h = point.run(point.A, point.A)["leverage"]
    assert h.sum() == pytest.approx(10.0, rel=1e-13)
    np.testing.assert_array_equal(h[point.weight == 0], 0.0)
    assert (h >= 0).all()
    assert (h <= 1).all()


def test_the_pull_is_the_derivative_of_the_log_determinant():
    point = Point(150, 4, weighted=True, offset=True)
    pull = point.run(point.A, point.A)["pull"]

    def log_det(theta):
        root, _ = reference.bias._weighted_root(
            point.A, theta[:-1], theta[-1], point.weight, point.offset
        )
        return np.linalg.slogdet(root.T @ root)[1]

    for j, step in enumerate(1e-5 * np.eye(5)):
        slope = (log_det(point.theta + step) - log_det(point.theta - step)) / 2e-5
        assert pull[j] == pytest.approx(-slope, rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, sp.csr_array])
def test_the_bits_do_not_depend_on_threads(kind, level):
    point = Point(20_000, 17, weighted=True)
    X = kind(point.A)
    one = point.run(X, point.A)
    for n_threads in (2, 3, 7):
        other = point.run(X, point.A, n_threads)
        for name, values in one.items():
            np.testing.assert_array_equal(values, other[name])


def test_outputs_may_be_left_out():
    point = Point(300, 6)
    every = point.run(point.A, point.A)
    for name in ("leverage", "gradient", "pull", "hessian"):
        alone = point.run(point.A, point.A, what=(name,))
        np.testing.assert_array_equal(alone[name], every[name])


def test_wrong_arguments_are_refused():
    point = Point(50, 3)
    factor = np.eye(8)
    csc = kernels.Problem(design.as_matrix(sp.csc_array(point.A)), point.y)
    with pytest.raises(ValueError, match="row-wise layout, not CSC"):
        kernels.firth_score(csc, point.theta, factor, np.empty(50))
    rows = kernels.Problem(design.as_matrix(point.A), point.y)
    for arguments in (
        (point.theta[1:], factor, np.empty(50)),
        (point.theta, np.eye(16), np.empty(50)),
        (point.theta, factor, np.empty(49)),
        (point.theta, factor, None, np.empty(5)),
        (point.theta, factor, None, None, np.empty(3)),
        (point.theta, factor, None, None, None, np.empty((4, 4))),
    ):
        with pytest.raises(ValueError, match="different lengths"):
            kernels.firth_score(rows, *arguments)
    no_targets = kernels.Problem(design.as_matrix(point.A), None)
    with pytest.raises(ValueError, match="no targets"):
        kernels.firth_score(no_targets, point.theta, factor, np.empty(50))


@pytest.mark.parametrize("q", [1, 2, 7, 8, 31, 40, 100])
def test_inverse_factor(q, level):
    rng = np.random.default_rng(q)
    root = rng.standard_normal((3 * q, q)) * 10.0 ** rng.uniform(-4, 4, q)
    matrix = root.T @ root
    factor = inverse_factor(matrix)
    assert (np.tril(factor, -1) == 0).all()
    assert (factor[q:] == 0).all()
    assert (factor[:, q:] == 0).all()
    scale = np.sqrt(matrix.diagonal())
    product = (
        scale[:, None] * (factor @ factor.T)[:q, :q] * scale @ (matrix / scale / scale[:, None])
    )
    np.testing.assert_allclose(product, np.eye(q), atol=1e-10)


def test_a_singular_matrix_has_no_inverse_factor():
    with pytest.raises(ValueError, match="not positive definite"):
        inverse_factor(np.ones((2, 2)))
