"""The NumPy reference against 50 digits, finite differences, and its own two solvers."""

import mpmath
import numpy as np
import pytest
import scipy.optimize
import scipy.sparse as sp

from common.optimum import objective_at, optimum
from fastlogreg import reference

pytestmark = pytest.mark.usefixtures("digits")

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
def test_gradient_descent_and_newton_meet(name):
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
def test_duality_gap_bounds_the_truth(name, distance):
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


# ---------------------------------------------------------------------- absolute values and bounds

BOXES = {
    "ridge": {"l2": 0.1},
    "lasso": {"l1": 0.05},
    "elastic net": {"l1": 0.05, "l2": 0.1},
    "each its own": {"l1": [0.0, 0.1, 0.02], "l2": [0.0, 0.0, 0.3]},
    "not negative": {"l1": 0.02, "lower": 0.0},
    "not positive": {"l1": 0.02, "upper": 0.0},
    "box": {"lower": -0.1, "upper": [0.2, 0.3, np.inf]},
    "box without zero": {"l1": 0.03, "lower": 0.1, "upper": 0.4},
    "fixed": {"l1": 0.03, "lower": [0.3, -np.inf, -0.1], "upper": [0.3, np.inf, -0.1]},
}


def split_minimum(X, y, fit_intercept=True, l1=0.0, l2=0.0, lower=-np.inf, upper=np.inf, **data):
    """Minimum and coefficients by SciPy's L-BFGS-B, each coefficient as a difference of two >= 0.

    That makes the absolute values smooth: |b| = b+ + b- where one of them is 0.
    """
    p = X.shape[1]
    l1, l2, lower, upper = (np.broadcast_to(v, p).astype(float) for v in (l1, l2, lower, upper))

    def value_and_gradient(parts):
        up, down, rest = parts[:p], parts[p : 2 * p], parts[2 * p :]
        b = up - down
        loss, slope = reference.loss_gradient(X, y, b, rest[0] if fit_intercept else None, **data)
        value = loss + l1 @ (up + down) + 0.5 * l2 @ (b * b)
        g = slope[:p] + l2 * b
        return value, np.concatenate([g + l1, -g + l1, slope[p:]])

    ends = [*zip(np.maximum(lower, 0), np.maximum(upper, 0), strict=True)]
    ends += zip(np.maximum(-upper, 0), np.maximum(-lower, 0), strict=True)
    ends += [(None, None)] * fit_intercept
    best = scipy.optimize.minimize(
        value_and_gradient, np.array([0.0 if a is None else a for a, _ in ends]), jac=True,
        bounds=ends, method="L-BFGS-B", options={"ftol": 1e-16, "gtol": 1e-10, "maxiter": 2000},
    )  # fmt: skip
    return best.fun, best.x[:p] - best.x[p : 2 * p]


@pytest.mark.parametrize("name", FITS)
@pytest.mark.parametrize("box", BOXES)
def test_proximal_newton_meets_a_solver_of_another_kind(name, box):
    X, y, arguments = data_and_arguments(name)
    arguments.pop("alpha", None)
    minimum, want = split_minimum(X, y, **arguments, **BOXES[box])
    coef, intercept, objectives = reference.proximal_newton(X, y, **arguments, **BOXES[box])
    assert (intercept is None) == (name == "no intercept")
    assert len(objectives) < 12
    assert np.all(np.diff(objectives) < 0)
    assert objectives[-1] == pytest.approx(minimum, rel=1e-9)
    np.testing.assert_allclose(coef, want, atol=1e-4)
    assert np.all(coef >= BOXES[box].get("lower", -np.inf))
    assert np.all(coef <= BOXES[box].get("upper", np.inf))


def test_proximal_newton_is_newton_where_all_is_smooth():
    X, y, arguments = data_and_arguments("weights and offset")
    want, intercept, _ = reference.newton(X, y, alpha=0.1, tol=1e-20, **arguments)
    coef, b, objectives = reference.proximal_newton(X, y, l2=0.1, tol=1e-20, **arguments)
    np.testing.assert_allclose(coef, want, rtol=1e-12)
    assert b == pytest.approx(intercept, rel=1e-12)
    loss, _ = reference.loss_gradient(X, y, coef, b, alpha=0.1, **arguments)
    assert objectives[-1] == pytest.approx(loss, rel=1e-15)


@pytest.mark.parametrize("box", BOXES)
def test_duality_gap_bounds_the_truth_beside_kinks_and_bounds(box):
    X, y, arguments = data_and_arguments("weights and offset")
    pen = {"l1": 0.0, "l2": 0.0, "lower": -np.inf, "upper": np.inf} | BOXES[box]
    coef, intercept, objectives = reference.proximal_newton(X, y, tol=1e-18, **pen, **arguments)
    l1, l2, lower, upper = (np.broadcast_to(value, 3) for value in pen.values())
    here = {"alpha": l2, "l1": l1, "lower": lower, "upper": upper}
    at_optimum = reference.duality_gap(X, y, coef, intercept, **here, **arguments)
    assert 0 <= at_optimum + 1e-16 <= 1e-14
    rng = np.random.default_rng(6)
    for distance in np.repeat([0.1, 1e-2, 1e-4], 20):
        # some of them at kinks and bounds, others just beside
        point = np.clip(coef + distance * rng.choice([-1, 0, 1], 3) * rng.random(3), lower, upper)
        b = intercept + distance * rng.normal()
        loss, _ = reference.loss_gradient(X, y, point, b, **arguments)
        truth = loss + reference.penalty(point, l1, l2) - objectives[-1]
        gap = reference.duality_gap(X, y, point, b, **here, **arguments)
        assert truth - 1e-15 <= gap <= 1.2 * truth + 1e-14


def test_penalty_is_the_sum_of_its_terms():
    assert reference.penalty(np.array([-2.0, 0.0, 3.0]), np.array([1.0, 5.0, 0.0]), 2.0) == 15.0
    assert reference.penalty(np.array([1.0, -1.0]), 0.25, 0.5) == 1.0


@pytest.mark.parametrize("l1", [0.0, 0.7])
@pytest.mark.parametrize("l2", [0.0, 0.4])
@pytest.mark.parametrize(
    "ends",
    [(-np.inf, np.inf), (-1.0, 2.0), (0.0, 3.0), (-2.0, 0.0), (0.5, 1.5), (-1.5, -0.5), (1.0, 1.0)],
)
def test_penalty_conjugate_is_the_largest_of_a_grid(l1, l2, ends):
    """On a bounded box, or where the quadratic keeps the maximum finite."""
    lower, upper = ends
    b = np.linspace(max(lower, -20.0), min(upper, 20.0), 40_001)
    b = np.append(b, np.clip(0.0, lower, upper))
    for u in (-3.0, -0.7, -0.2, 0.0, 0.3, 0.7, 2.5):
        value, excess = reference.penalty_conjugate(u, l1, l2, lower, upper)
        if l2 == 0.0 and upper == np.inf and abs(u) > l1:
            assert (value, excess) == (0.0, pytest.approx(abs(u) - l1))
            continue
        grid = u * b - l1 * np.abs(b) - 0.5 * l2 * b * b
        assert excess == 0.0
        assert grid.max() - 1e-14 <= value <= grid.max() + 1e-6


@pytest.mark.parametrize("box", BOXES)
def test_coordinate_sweeps_minimise_the_quadratic(box):
    rng = np.random.default_rng(7)
    A = rng.normal(size=(20, 3))
    hessian, linear = A.T @ A / 20, rng.normal(size=3)
    pen = {"l1": 0.0, "l2": 0.0, "lower": -np.inf, "upper": np.inf} | BOXES[box]
    l1, l2, lower, upper = (np.broadcast_to(value, 3) for value in pen.values())

    def value(w):
        return linear @ w + 0.5 * w @ hessian @ w + reference.penalty(w, l1, l2)

    w = np.clip(np.zeros(3), lower, upper)
    slope, values = linear + hessian @ w, [value(w)]
    for _ in range(300):
        w, slope, largest = reference.coordinate_sweep(hessian, w, slope, l1, l2, lower, upper)
        values.append(value(w))
    np.testing.assert_allclose(slope, linear + hessian @ w, atol=1e-13)
    assert np.all(np.diff(values) <= 1e-15)
    assert largest <= 1e-28
    for _ in range(300):  # no point near or far is lower
        other = np.clip(w + 10.0 ** rng.uniform(-6, 0) * rng.normal(size=3), lower, upper)
        assert value(other) >= value(w) - 1e-15


def test_coordinate_sweep_leaves_columns_of_zeros_alone():
    w, slope, largest = reference.coordinate_sweep(np.zeros((2, 2)), [0.5, 0.0], [1.0, 0.0])
    np.testing.assert_array_equal(w, [0.5, 0.0])
    np.testing.assert_array_equal(slope, [1.0, 0.0])
    assert largest == 0.0
