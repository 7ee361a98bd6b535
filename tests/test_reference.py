"""The NumPy reference against 50 digits, finite differences, and its own two solvers."""

import mpmath
import numpy as np
import pytest
import scipy.sparse as sp

from fastlogreg import reference


@pytest.fixture(autouse=True)
def digits():
    with mpmath.workdps(50):
        yield


Z = [-800.0, -745.2, -709.0, -100.0, -37.0, -1.0, -1e-9, -0.0, 0.0, 3e-17, 0.7, 36.9, 40.0, 710.0]


def small_problem(seed=0, n=40, p=3):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return {
        "X": X, "y": rng.random(n), "coef": rng.normal(size=p), "intercept": 0.4,
        "sample_weight": rng.random(n), "offset": rng.normal(size=n), "alpha": 0.3,
    }  # fmt: skip


def exact(function, *args):
    return [float(function(*map(mpmath.mpf, values))) for values in zip(*args, strict=True)]


def exact_cross_entropy(y, z):
    return (1 - y) * mpmath.log1p(mpmath.exp(z)) + y * mpmath.log1p(mpmath.exp(-z))


@pytest.mark.parametrize(
    ("function", "truth"),
    [
        (reference.sigmoid, lambda z: 1 / (1 + mpmath.exp(-z))),
        (reference.softplus, lambda z: mpmath.log1p(mpmath.exp(z))),
        (reference.log_sigmoid, lambda z: -mpmath.log1p(mpmath.exp(-z))),
    ],
)
def test_elementwise(function, truth):
    np.testing.assert_allclose(function(Z), exact(truth, Z), rtol=1e-15, atol=5e-324)


@pytest.mark.parametrize("y", [0.0, 1.0, 0.25, 1e-18, 1.0 - 2.0**-53])
def test_binary_cross_entropy(y):
    want = exact(exact_cross_entropy, [y] * len(Z), Z)
    np.testing.assert_allclose(reference.binary_cross_entropy(y, Z), want, rtol=1e-15, atol=5e-324)


def test_binary_cross_entropy_at_infinity():
    z = np.array([np.inf, -np.inf, np.inf, -np.inf, np.inf, np.nan])
    y = np.array([1.0, 0.0, 0.0, 1.0, 0.5, 1.0])
    want = [0.0, 0.0, np.inf, np.inf, np.inf, np.nan]
    np.testing.assert_array_equal(reference.binary_cross_entropy(y, z), want)


def test_log_loss_is_a_weighted_mean():
    y, z, s = [1.0, 0.0, 1.0], [2.0, 3.0, -1.0], [1.0, 0.0, 3.0]
    want = (np.log1p(np.exp(-2.0)) + 3.0 * np.log1p(np.exp(1.0))) / 4.0
    assert reference.log_loss(y, z, s) == pytest.approx(want, rel=1e-15)
    assert reference.log_loss(y, z) == pytest.approx(
        (np.log1p(np.exp([-2.0, 3.0, 1.0]))).sum() / 3.0, rel=1e-15
    )


def exact_objective(X, y, coef, intercept, sample_weight, offset, alpha):
    """The objective in 50 digits, straight from its definition."""
    total = mpmath.mpf(0)
    for x, target, s, o in zip(X, y, sample_weight, offset, strict=True):
        z = mpmath.fdot(x.tolist(), coef.tolist()) + mpmath.mpf(intercept) + mpmath.mpf(o)
        total += mpmath.mpf(s) * exact_cross_entropy(mpmath.mpf(target), z)
    squares = mpmath.fdot(coef.tolist(), coef.tolist())
    return total / mpmath.fsum(sample_weight.tolist()) + mpmath.mpf(alpha) / 2 * squares


def test_objective_against_50_digits():
    problem = small_problem()
    loss, _ = reference.loss_gradient(**problem)
    assert loss == pytest.approx(float(exact_objective(**problem)), rel=1e-15)


@pytest.mark.slow
def test_gradient_and_hessian_against_differences_in_50_digits():
    problem = small_problem()
    _, gradient, hessian = reference.loss_gradient_hessian(**problem)
    theta = np.append(problem["coef"], problem["intercept"])
    h = mpmath.mpf(10) ** -15

    def at(shift):
        point = [mpmath.mpf(t) + d for t, d in zip(theta, shift, strict=True)]
        moved = problem | {"coef": np.array(point[:-1], dtype=object), "intercept": point[-1]}
        return exact_objective(**moved)

    unit = np.eye(4, dtype=object) * h
    here = at(np.zeros(4))
    for i in range(4):
        slope = (at(unit[i]) - at(-unit[i])) / (2 * h)
        assert float(slope) == pytest.approx(gradient[i], rel=1e-13)
        for j in range(i + 1):
            both = at(unit[i] + unit[j]) - at(unit[i]) - at(unit[j]) + here
            assert float(both / h**2) == pytest.approx(hessian[i, j], rel=1e-12, abs=1e-14)
    np.testing.assert_allclose(hessian, hessian.T, rtol=1e-14)


def test_gradient_without_intercept_is_the_first_part_of_the_one_with():
    problem = small_problem() | {"intercept": 0.0}
    _, with_intercept = reference.loss_gradient(**problem)
    loss, without = reference.loss_gradient(**(problem | {"intercept": None}))
    assert with_intercept.shape == (4,)
    np.testing.assert_allclose(without, with_intercept[:3], rtol=1e-14)
    assert loss == reference.loss_gradient(**problem)[0]


def test_hessian_vector_product():
    problem = small_problem(seed=1)
    vector = np.random.default_rng(0).normal(size=4)
    *_, hessian = reference.loss_gradient_hessian(**problem)
    got = reference.hessian_vector_product(
        problem.pop("X"), problem.pop("y"), problem.pop("coef"), problem.pop("intercept"), vector,
        **problem,
    )  # fmt: skip
    np.testing.assert_allclose(got, hessian @ vector, rtol=1e-13)


def test_sparse_is_dense():
    problem = small_problem(seed=2)
    problem["X"][problem["X"] < 0] = 0.0
    for want, got in zip(
        reference.loss_gradient_hessian(**problem),
        reference.loss_gradient_hessian(**(problem | {"X": sp.csr_array(problem["X"])})),
        strict=True,
    ):
        np.testing.assert_allclose(got, want, rtol=1e-14)


def test_predictions():
    X, coef = np.array([[1.0, 2.0], [0.0, -1.0]]), [0.5, -1.0]
    np.testing.assert_array_equal(
        reference.decision_function(X, coef, 0.25, offset=np.array([1.0, 2.0])), [-0.25, 3.25]
    )
    np.testing.assert_array_equal(reference.decision_function(X, coef, None), [-1.5, 1.0])
    np.testing.assert_array_equal(
        reference.predict_proba(X, coef), reference.sigmoid(np.array([-1.5, 1.0]))
    )


FITS = {
    "plain": {},
    "ridge": {"alpha": 0.1},
    "no intercept": {"fit_intercept": False, "alpha": 0.01},
    "weights and offset": {"sample_weight": "random", "offset": "random"},
}


def data_and_arguments(name, seed=3):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(120, 3))
    y = (X[:, 0] + rng.logistic(size=120) > 0.2).astype(float)
    arguments = {
        key: rng.random(120) if value == "random" else value for key, value in FITS[name].items()
    }
    return X, y, arguments


@pytest.mark.parametrize("name", FITS)
def test_gradient_descent_and_newton_meet(name, optimum):
    X, y, arguments = data_and_arguments(name)
    slow_coef, slow_intercept, losses = reference.gradient_descent(
        X, y, tol=1e-9, max_iter=20_000, **arguments
    )
    coef, intercept, newton_losses = reference.newton(X, y, tol=1e-20, **arguments)
    minimum, want, _ = optimum(X, y, **arguments)
    assert np.all(np.diff(losses) <= 4e-16)
    assert len(newton_losses) < 10 < len(losses) < 20_000
    np.testing.assert_allclose(slow_coef, coef, atol=1e-7)
    np.testing.assert_allclose(coef, want, atol=1e-9)
    assert (intercept is None) == (slow_intercept is None) == (name == "no intercept")
    assert newton_losses[-1] == pytest.approx(float(minimum), rel=1e-14)


def test_gradient_descent_takes_a_learning_rate():
    X, y, _ = data_and_arguments("plain")
    coef, intercept, losses = reference.gradient_descent(X, y, learning_rate=0.5, max_iter=1)
    _, gradient = reference.loss_gradient(X, y, np.zeros(3), 0.0)
    np.testing.assert_array_equal(np.append(coef, intercept), -0.5 * gradient)
    assert losses == [pytest.approx(np.log(2.0))]


def test_newton_takes_the_minimum_norm_step_of_a_singular_hessian():
    X, y, _ = data_and_arguments("plain")
    single, *_ = reference.newton(X, y)
    double, *_ = reference.newton(np.column_stack([X, X[:, 0]]), y)
    np.testing.assert_allclose(double[[0, 3]], single[0] / 2, rtol=1e-9)


@pytest.mark.parametrize("name", FITS)
@pytest.mark.parametrize("distance", [0.3, 1e-2, 1e-4, 1e-7])
def test_duality_gap_bounds_the_truth(name, distance, optimum, objective_at):
    X, y, arguments = data_and_arguments(name)
    minimum, coef, intercept = optimum(X, y, **arguments)
    rng = np.random.default_rng(5)
    problem = {key: value for key, value in arguments.items() if key != "fit_intercept"}
    for _ in range(20):
        point = coef + distance * rng.normal(size=3)
        b = None if name == "no intercept" else intercept + distance * rng.normal()
        gap = reference.duality_gap(X, y, point, b, **problem)
        truth = objective_at(X, y, point, b or 0.0, **arguments) - minimum
        assert gap >= truth - 20 * np.finfo(np.longdouble).eps
        if distance <= 1e-2:
            assert gap <= 1.2 * truth


def test_duality_gap_proves_nothing_far_away():
    X, y, _ = data_and_arguments("plain")
    assert reference.duality_gap(X, y, np.full(3, 50.0), 0.0) == np.inf
