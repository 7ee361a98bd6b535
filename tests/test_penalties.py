"""Absolute values, elastic nets, factors and bounds: against the reference, and what must hold."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fastlogreg
from fastlogreg import reference
from fastlogreg.result import CALLBACK, CONVERGED, MAX_ITER, STALLED

TOL = 1e-12
P = 6

PENALTIES = {
    "lasso": {"alpha": 0.02, "l1_ratio": 1.0},
    "elastic net": {"alpha": 0.05, "l1_ratio": 0.3},
    "little": {"alpha": 1e-4, "l1_ratio": 1.0},
    "factors": {"alpha": 0.05, "l1_ratio": 1.0, "penalty_factor": [0.0, 1.0, 0.3, 5.0, 0.0, 2.0]},
    "ridge with factors": {"alpha": 0.05, "penalty_factor": [0.0, 1.0, 0.3, 5.0, 0.0, 2.0]},
    "ridge in a box": {"alpha": 0.05, "bounds": (-0.1, 0.2)},
    "not negative": {"alpha": 0.02, "l1_ratio": 1.0, "bounds": (0.0, None)},
    "not positive": {"alpha": 0.02, "l1_ratio": 0.3, "bounds": (None, 0.0)},
    "box alone": {"bounds": (-0.15, [0.1, np.inf, 0.0, 0.3, 0.2, 0.1])},
    "fixed": {
        "alpha": 0.02, "l1_ratio": 1.0,
        "bounds": ([0.2, -0.1, 0.0, -1.0, -1.0, -np.inf], [0.2, -0.1, 0.0, 1.0, 1.0, np.inf]),
    },
    "all fixed": {"bounds": (0.1, 0.1)},
    "above zero": {"alpha": 0.02, "l1_ratio": 1.0, "bounds": (0.05, 0.3)},
    "below zero": {"alpha": 0.02, "l1_ratio": 0.3, "bounds": (-np.inf, -0.05)},
    "standardized": {"alpha": 0.02, "l1_ratio": 0.7, "standardize": True, "bounds": (-0.5, None)},
}  # fmt: skip


def arrays_of(X, alpha=0.0, l1_ratio=0.0, penalty_factor=1.0, bounds=(None, None),
              standardize=False, sample_weight=None):  # fmt: skip
    """The penalty of `fastlogreg.fit`, by its definition: l1, l2, lower, upper, each (p,)."""
    X = np.asarray(X.toarray() if sp.issparse(X) else X, dtype=float)
    mean = np.average(X, axis=0, weights=sample_weight)
    scale = np.sqrt(np.average((X - mean) ** 2, axis=0, weights=sample_weight))
    scale = np.where(scale > 0, scale, 1.0) if standardize else np.ones(X.shape[1])
    factor = np.broadcast_to(penalty_factor, X.shape[1])
    low, high = (-np.inf if bounds[0] is None else bounds[0]), bounds[1]
    return {
        "l1": alpha * l1_ratio * factor * scale,
        "l2": alpha * (1.0 - l1_ratio) * factor * scale**2,
        "lower": np.broadcast_to(low, X.shape[1]),
        "upper": np.broadcast_to(np.inf if high is None else high, X.shape[1]),
    }


class Problem:
    """Data, the arguments of a fit, and what the reference makes of them."""

    def __init__(self, X, y, penalty, fit_intercept=True, **data):
        self.X, self.y, self.penalty, self.data = X, y, penalty, data
        self.fit_intercept = fit_intercept
        dense = np.asarray(X.toarray() if sp.issparse(X) else X, dtype=float)
        self.box = arrays_of(dense, **penalty, sample_weight=data.get("sample_weight"))
        self.coef, self.intercept, objectives = reference.proximal_newton(
            dense, y, **self.box, fit_intercept=fit_intercept, tol=1e-18, **data
        )
        self.minimum = objectives[-1]

    def fit(self, **changes):
        arguments = self.penalty | self.data | {"tol": TOL} | changes
        X, y = arguments.pop("X", self.X), arguments.pop("y", self.y)
        return fastlogreg.fit(X, y, fit_intercept=self.fit_intercept, **arguments)

    def check(self, result, tol=TOL, atol=1e-5, unique=True):
        """Converged, proved, inside the bounds, and where the reference ends if that is unique."""
        assert result.converged
        assert result.stop_reason in (CONVERGED, STALLED)
        assert result.certificate.relative_gap <= max(tol, 1e-12)
        assert abs(result.objective - self.minimum) <= 2.0 * max(tol, 1e-14) * self.minimum
        assert np.all(self.box["lower"] <= result.coef)
        assert np.all(result.coef <= self.box["upper"])
        assert result.certificate.verify(self.X, self.y, **self.data)
        if not unique:
            return
        scale = np.abs(self.coef).max(initial=1.0)
        np.testing.assert_allclose(result.coef, self.coef, rtol=0, atol=atol * scale)
        assert result.intercept == pytest.approx(self.intercept or 0.0, abs=10 * atol)
        for bound in (self.box["lower"], self.box["upper"]):  # reached, not only neared
            np.testing.assert_array_equal(result.coef == bound, self.coef == bound)
        np.testing.assert_array_equal(result.coef == 0, self.coef == 0)


def columns(n=200, p=P, seed=0):
    """Values that float32 holds too."""
    return np.random.default_rng(seed).normal(size=(n, p)).astype(np.float32).astype(float)


def labels(X, seed=1):
    X = np.asarray(X.toarray() if sp.issparse(X) else X, dtype=float)
    rng = np.random.default_rng(seed)
    signal = X @ (np.array([1.0, -0.7, 0.4, 0.0, 0.2, -0.1] * X.shape[1])[: X.shape[1]])
    return (signal + rng.logistic(size=len(X)) > 0.3).astype(float)


ROWS = {
    "plain": lambda n, rng: {},
    "weights": lambda n, rng: {"sample_weight": rng.integers(0, 4, n).astype(float)},
    "offset": lambda n, rng: {"offset": rng.normal(size=n)},
    "soft targets": lambda n, rng: {"y": rng.random(n)},
    "no intercept": lambda n, rng: {"fit_intercept": False},
    "everything": lambda n, rng: {
        "y": rng.random(n), "sample_weight": rng.random(n), "offset": rng.normal(size=n)
    },
}  # fmt: skip


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("penalty", PENALTIES)
def test_penalties_with_all_that_rows_may_have(penalty, rows):
    X = columns()
    arguments = {"y": labels(X)} | ROWS[rows](len(X), np.random.default_rng(2))
    problem = Problem(X, penalty=PENALTIES[penalty], **arguments)
    problem.check(problem.fit())
    problem.check(problem.fit(tol=1e-15), tol=1e-14, atol=1e-6)


@pytest.mark.parametrize("penalty", PENALTIES)
def test_penalties_on_every_memory_layout(penalty, basic_layout):
    X = basic_layout.make(columns())
    weight = np.random.default_rng(3).random(200)
    problem = Problem(X, labels(X), PENALTIES[penalty], sample_weight=weight)
    problem.check(problem.fit(), unique="ones" not in basic_layout.name)  # of which some are alike


@pytest.mark.parametrize("penalty", ["elastic net", "box alone"])
def test_every_layout_and_instruction_set(layout, level, penalty):
    X = layout.make(columns())
    y = labels(layout.dense(X))
    if layout.name == "one-row-repeated":
        y[:150] = 0.0
    problem = Problem(X if sp.issparse(X) else np.asarray(X, dtype=float), y, PENALTIES[penalty])
    result = problem.fit(X=X)
    assert result.converged
    assert result.certificate.relative_gap <= TOL
    assert abs(result.objective - problem.minimum) <= 2.0 * TOL * problem.minimum
    if penalty == "elastic net":  # the box alone leaves more than one optimum where columns vanish
        np.testing.assert_allclose(result.coef, problem.coef, atol=1e-6)


def strongest(problem, l1_ratio):
    """The least alpha that leaves no coefficient."""
    coef, intercept = np.zeros(problem.X.shape[1]), 0.0
    data = {k: v for k, v in problem.arguments.items() if k != "fit_intercept"}
    if problem.arguments.get("fit_intercept", True):
        ones = np.zeros((len(problem.y), 0))
        _, intercept, _ = reference.newton(ones, problem.y, tol=1e-20, **data)
    else:
        intercept = None
    _, gradient = reference.loss_gradient(problem.X, problem.y, coef, intercept, **data)
    return np.abs(gradient[: len(coef)]).max() / l1_ratio


@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, sp.csr_array, sp.csc_array])
@pytest.mark.parametrize("l1_ratio", [0.3, 1.0])
def test_every_problem(problem, l1_ratio, kind):
    """The certificate, recomputed in NumPy, is the judge."""
    limit = strongest(problem, l1_ratio)
    data = {k: v for k, v in problem.arguments.items() if k != "fit_intercept"}
    for share in (0.5, 0.02):
        result = fastlogreg.fit(
            kind(problem.X), problem.y, alpha=share * limit, l1_ratio=l1_ratio,
            tol=1e-10, **problem.arguments,
        )  # fmt: skip
        assert result.converged
        assert result.certificate.relative_gap <= 1e-10
        assert result.coef.any()
        assert result.certificate.verify(problem.X, problem.y, **data)
    for share, tol in ((1.0 + 1e-9, 1e-14), (1.01, 1e-9), (3.0, 1e-9)):
        none = fastlogreg.fit(
            kind(problem.X), problem.y, alpha=share * limit, l1_ratio=l1_ratio,
            tol=tol, **problem.arguments,
        )  # fmt: skip
        assert none.converged
        np.testing.assert_array_equal(none.coef, 0.0)


# ---------------------------------------------------------------------- shapes and degenerate data


@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, sp.csr_array, sp.csc_array])
@pytest.mark.parametrize("penalty", ["lasso", "elastic net", "not negative", "above zero"])
def test_more_columns_than_rows(kind, penalty):
    X = columns(40, 100)
    if penalty == "above zero":  # every column in work, whatever its gradient
        X = X / 100.0
    problem = Problem(kind(X), labels(X), PENALTIES[penalty])
    problem.check(problem.fit())


@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, sp.csc_array])
@pytest.mark.parametrize("l1_ratio", [0.5, 1.0])
def test_a_working_set_that_must_grow(kind, l1_ratio):
    """Thousands of columns of which a start names few."""
    rng = np.random.default_rng(4)
    X = rng.normal(size=(100, 3000)) * (rng.random((100, 3000)) < 0.3)
    X[:, 1000:1400] += X[:, :400]  # likenesses, so that single columns' gradients mislead
    y = (X[:, :10].sum(axis=1) + rng.logistic(size=100) > 0).astype(float)
    result = fastlogreg.fit(kind(X), y, alpha=0.01, l1_ratio=l1_ratio, tol=1e-11)
    assert result.converged
    assert result.certificate.relative_gap <= 1e-11
    assert result.certificate.verify(X, y)
    assert 20 < np.count_nonzero(result.coef) < 1500


@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, sp.csc_array])
@pytest.mark.parametrize("l1_ratio", [0.5, 1.0])
def test_a_far_start_with_more_columns_than_rows(kind, l1_ratio):
    X = columns(40, 200)
    arguments = {"alpha": 0.02, "l1_ratio": l1_ratio, "tol": 1e-11}
    cold = fastlogreg.fit(kind(X), labels(X), **arguments)
    ridge = fastlogreg.fit(X, labels(X), alpha=0.02)
    for start in ((ridge.coef, ridge.intercept), (np.ones(200), 2.0)):
        warm = fastlogreg.fit(kind(X), labels(X), start=start, **arguments)
        assert warm.certificate.relative_gap <= 1e-11
        np.testing.assert_allclose(warm.coef, cold.coef, atol=1e-5)


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array, sp.csc_array])
@pytest.mark.parametrize("penalty", ["lasso", "elastic net", "ridge in a box", "box alone"])
def test_duplicated_columns(kind, penalty):
    """Which of the two gets how much is open for a lasso; the objective and the sum are not."""
    single, y = columns(), labels(columns())
    X = np.column_stack([single, single[:, 0]])
    arguments = dict(PENALTIES[penalty])
    if penalty == "box alone":
        arguments = {"bounds": (-0.15, 0.2)}
    problem = Problem(X, y, arguments)
    result = problem.fit(X=kind(X))
    assert result.converged
    assert result.certificate.relative_gap <= TOL
    assert abs(result.objective - problem.minimum) <= 2.0 * TOL * problem.minimum
    scores = X @ result.coef + result.intercept, X @ problem.coef + problem.intercept
    np.testing.assert_allclose(*scores, atol=1e-5)
    if penalty == "elastic net":
        assert result.coef[0] == pytest.approx(result.coef[-1], abs=1e-6)


@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, sp.csr_array, sp.csc_array])
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("penalty", ["lasso", "elastic net", "not negative", "ridge in a box"])
def test_constant_columns_and_zeros(kind, standardize, penalty):
    """They say nothing beside an intercept, and so get nothing."""
    X = columns()
    X[:, 1], X[:, 4] = 0.0, 7.0
    problem = Problem(X, labels(X), PENALTIES[penalty] | {"standardize": standardize})
    result = problem.fit(X=kind(X))
    problem.check(result)
    np.testing.assert_array_equal(result.coef[1], 0.0)
    assert result.coef[4] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array])
def test_unpenalised_columns_of_zeros(kind):
    X = columns()
    X[:, 1] = 0.0
    factor = np.array([1.0, 0.0, 1.0, 1.0, 1.0, 1.0])
    result = fastlogreg.fit(kind(X), labels(X), alpha=0.02, l1_ratio=1, penalty_factor=factor)
    assert result.converged
    assert result.certificate.relative_gap <= 1e-9
    assert np.isfinite(result.coef).all()
    fixed = fastlogreg.fit(kind(X), labels(X), alpha=0.02, bounds=(0.3, None), tol=TOL)
    assert fixed.coef[1] == 0.3
    assert fixed.converged


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("label", [0.0, 1.0])
@pytest.mark.parametrize("penalty", ["lasso", "elastic net", "ridge in a box"])
def test_one_class(kind, label, penalty):
    X, y = columns(80), np.full(80, label)
    problem = Problem(X, y, PENALTIES[penalty], fit_intercept=False)
    problem.check(problem.fit(X=kind(X)))
    result = fastlogreg.fit(kind(X), y, **PENALTIES[penalty], max_iter=1000)
    assert np.isfinite(result.coef).all()
    assert 10.0 < abs(result.intercept) < 1e4
    assert (result.intercept > 0) == bool(label)
    assert result.objective < 1e-4
    np.testing.assert_allclose(result.coef, 0.0, atol=1e-3)


@pytest.mark.parametrize("exponents", [(-6, 6), (-100, -90), (60, 70)])
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("penalty", ["lasso", "elastic net", "standardized"])
def test_units_of_the_columns(exponents, kind, penalty):
    """The same problem in other units: factors and bounds follow them."""
    X, units = columns(), 10.0 ** np.linspace(*exponents, P)
    y = labels(X)
    plain = PENALTIES[penalty] | {"bounds": (-0.3, 0.4)}
    if penalty != "standardized":
        plain["penalty_factor"] = np.ones(P)
    scaled = plain | {"bounds": (-0.3 / units, 0.4 / units)}
    if penalty == "lasso":
        scaled["penalty_factor"] = units
    if (
        penalty == "elastic net"
    ):  # a lasso's factors go with the units, a ridge's with their squares
        plain["l1_ratio"] = scaled["l1_ratio"] = 0.0
        scaled["penalty_factor"] = units**2
    want = fastlogreg.fit(X, y, **plain, tol=1e-14)
    got = fastlogreg.fit(kind(X * units), y, **scaled, tol=1e-14)
    assert want.converged
    assert got.converged
    assert got.certificate.relative_gap <= 1e-12
    np.testing.assert_allclose(got.coef * units, want.coef, atol=1e-6)
    assert got.objective == pytest.approx(want.objective, rel=1e-12)


@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, sp.csr_array, sp.csc_array])
@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.3, 1.0])
def test_standardize_is_scaling_by_hand(kind, weights, l1_ratio):
    rng = np.random.default_rng(5)
    X = np.abs(columns()) * 10.0 ** np.linspace(-4, 4, P)
    X[rng.random(X.shape) < 0.3] = 0.0
    X[:, 3] += 1e6  # far from zero: the deviation is lost unless taken about the mean
    y, s = labels(X / X.std(axis=0)), rng.random(200) if weights else np.ones(200)
    mean = np.average(X, axis=0, weights=s)
    deviation = np.sqrt(np.average((X - mean) ** 2, axis=0, weights=s))
    options = {"alpha": 0.01, "l1_ratio": l1_ratio, "sample_weight": s, "tol": 1e-13}
    want = fastlogreg.fit((X - mean) / deviation, y, **options)
    got = fastlogreg.fit(kind(X), y, standardize=True, **options)
    assert got.converged
    np.testing.assert_allclose(got.coef * deviation, want.coef, atol=1e-6)
    assert got.objective == pytest.approx(want.objective, rel=1e-10)
    assert got.certificate.gap >= 0.0


@pytest.mark.parametrize("far", [1e2, 1e4, 1e6])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_no_bound_is_false_far_from_zero(far, l1_ratio):
    """The columns' deviations are some 1e6 times less than their means at most."""
    X = columns()
    y, options = labels(X), {"alpha": 0.01, "l1_ratio": l1_ratio, "tol": 1e-10}
    best = fastlogreg.fit(X, y, **options)
    result = fastlogreg.fit(X + far, y, **options)
    assert result.certificate.gap >= 0.0
    assert result.objective - best.objective <= result.certificate.gap + 1e-9
    assert result.stop_reason in (CONVERGED, STALLED, MAX_ITER)


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array, sp.csc_array])
def test_no_columns(kind):
    y = np.array([0, 1, 1, 1] * 20)
    result = fastlogreg.fit(kind(np.empty((80, 0))), y, alpha=0.1, l1_ratio=1.0, bounds=(0, None))
    assert result.converged
    assert result.intercept == pytest.approx(np.log(3.0), abs=1e-5)


@pytest.mark.parametrize("y", [[0], [1], [0.3]])
def test_one_row(y):
    problem = Problem(
        np.array([[2.0, -1.0, 0.0]]), np.array(y, dtype=float), {"alpha": 0.1, "l1_ratio": 0.5},
        fit_intercept=False,
    )  # fmt: skip
    problem.check(problem.fit())


# ---------------------------------------------------------------------- how a fit goes


@pytest.mark.parametrize("penalty", PENALTIES)
def test_warm_start(penalty):
    X = columns()
    problem = Problem(X, labels(X), PENALTIES[penalty])
    cold = problem.fit()
    warm = problem.fit(start=(cold.coef, cold.intercept))
    problem.check(warm)
    assert warm.n_iter <= 1
    assert np.all(warm.objective <= cold.objective * (1 + 1e-15))
    for start in (np.full(P, 9.0), np.full(P, -9.0), 1e3 * np.eye(P)[2]):  # outside the box, too
        problem.check(problem.fit(start=(start, -7.0), max_iter=500))


@pytest.mark.parametrize("penalty", ["lasso", "elastic net", "not negative", "factors"])
@pytest.mark.parametrize("n", [200, 20_000])
def test_iteration_limit(penalty, n):
    X = 3.0 * columns(n)
    X[:, 1:] += X[:, :1]
    problem = Problem(X, labels(X), PENALTIES[penalty])
    for max_iter in (1, 2, 3, 4):
        result = problem.fit(max_iter=max_iter, tol=1e-15)
        assert result.n_iter <= max_iter
        if n == 200 and max_iter <= 2:  # tall data begin with a sample's solution
            assert (result.converged, result.stop_reason) == (False, MAX_ITER)
        if result.converged:
            assert result.certificate.relative_gap <= 1e-12
        else:
            assert result.stop_reason == MAX_ITER
        assert np.all(problem.box["lower"] <= result.coef)
        assert np.all(result.coef <= problem.box["upper"])
        loss, _ = reference.loss_gradient(X, problem.y, result.coef, result.intercept)
        value = loss + reference.penalty(result.coef, problem.box["l1"], problem.box["l2"])
        assert result.objective == pytest.approx(value, rel=1e-13)
        assert result.objective - problem.minimum <= result.certificate.gap + 1e-15
        assert result.certificate.gap >= 0.9 * problem.fit(tol=1e-15).certificate.gap


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("penalty", ["lasso", "elastic net", "box alone", "above zero"])
def test_no_iteration_evaluates_the_start(penalty, kind):
    X, start = columns(), np.array([0.1, 0.08, 0.0, 0.07, 0.1, 0.06])
    problem = Problem(X, labels(X), PENALTIES[penalty])
    l1, l2, lower, upper = problem.box.values()
    start = np.clip(start, lower, upper)
    result = problem.fit(X=kind(X), max_iter=0, start=(start, 0.5))
    loss, gradient = reference.loss_gradient(X, problem.y, start, 0.5)
    assert result.objective == pytest.approx(loss + reference.penalty(start, l1, l2), rel=1e-14)
    assert (result.n_iter, result.stop_reason, result.converged) == (0, MAX_ITER, False)
    np.testing.assert_array_equal(result.coef, start)
    assert result.intercept == 0.5
    assert result.objective - problem.minimum <= result.certificate.gap
    # the shortest subgradient: zero where a kink or a bound holds against the slope
    slope = gradient[:P] + l2 * start
    up, down = slope + np.where(start >= 0, l1, -l1), slope + np.where(start > 0, l1, -l1)
    up[start == upper], down[start == lower] = np.inf, -np.inf
    length = np.maximum(0.0, np.maximum(-up, down))
    largest = max(length.max(), abs(gradient[P]))
    assert result.certificate.gradient_norm == pytest.approx(largest, rel=1e-12)


@pytest.mark.parametrize("penalty", PENALTIES)
def test_gradient_norm_vanishes_at_the_optimum(penalty):
    X = columns()
    problem = Problem(X, labels(X), PENALTIES[penalty])
    assert problem.fit(tol=1e-15).certificate.gradient_norm <= 1e-7


@pytest.mark.parametrize("penalty", ["lasso", "elastic net", "box alone", "above zero", "factors"])
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array])
def test_callback_sees_every_iteration(penalty, kind):
    X, seen = 3.0 * columns(), []
    problem = Problem(X, labels(X), PENALTIES[penalty])
    result = problem.fit(X=kind(X), callback=seen.append)
    assert [info.n_iter for info in seen] == list(range(1, result.n_iter + 1))
    assert len(seen) >= 2
    for info in seen:
        loss, _ = reference.loss_gradient(X, problem.y, info.coef, info.intercept)
        value = loss + reference.penalty(info.coef, problem.box["l1"], problem.box["l2"])
        assert info.objective == pytest.approx(value, rel=1e-12)
        assert value - problem.minimum <= info.gap + 1e-14
        assert np.all(problem.box["lower"] <= info.coef)
        assert np.all(info.coef <= problem.box["upper"])
    np.testing.assert_allclose(seen[-1].coef, result.coef, atol=1e-9)
    np.testing.assert_allclose(problem.fit(X=kind(X)).coef, result.coef, atol=1e-9)


@pytest.mark.parametrize("stop_after", [1, 2])
@pytest.mark.parametrize("penalty", ["lasso", "box alone"])
@pytest.mark.parametrize("shape", [(200, P), (40, 400)])
def test_callback_that_returns_true_stops(penalty, stop_after, shape):
    X = 3.0 * columns(*shape)
    arguments = dict(PENALTIES[penalty])
    if penalty == "box alone":
        arguments["bounds"] = (-0.1, 0.1)
    result = fastlogreg.fit(
        X, labels(X), **arguments, tol=1e-15, callback=lambda info: info.n_iter == stop_after
    )
    assert (result.n_iter, result.stop_reason, result.converged) == (stop_after, CALLBACK, False)
    loss, _ = reference.loss_gradient(X, labels(X), result.coef, result.intercept)
    box = arrays_of(X, **arguments)
    value = loss + reference.penalty(result.coef, box["l1"], box["l2"])
    assert result.objective == pytest.approx(value, rel=1e-13)


def test_callbacks_errors_come_through():
    X = columns()
    with pytest.raises(ZeroDivisionError):
        fastlogreg.fit(X, labels(X), alpha=0.01, l1_ratio=1, callback=lambda info: 1 / 0)


def test_names_of_solvers():
    X = columns()
    y = labels(X)
    assert fastlogreg.fit(X, y, alpha=0.01, l1_ratio=0.1).solver == "proximal"
    assert fastlogreg.fit(X, y, bounds=(None, 5.0)).solver == "proximal"
    assert fastlogreg.fit(X, y, alpha=0.01, bounds=(None, None)).solver != "proximal"
    ridge = fastlogreg.fit(X, y, alpha=0.01, solver="proximal", tol=TOL)
    assert ridge.solver == "proximal"
    np.testing.assert_allclose(
        ridge.coef, fastlogreg.fit(X, y, alpha=0.01, tol=TOL).coef, atol=1e-6
    )


@pytest.mark.parametrize("tol", [1e-3, 1e-6, 1e-12, 1e-14, 0.0])
@pytest.mark.parametrize("penalty", PENALTIES)
def test_tol_is_kept(tol, penalty):
    X = columns()
    problem = Problem(X, labels(X), PENALTIES[penalty])
    result = problem.fit(tol=tol)
    assert result.converged
    assert result.certificate.relative_gap <= tol or result.stop_reason == STALLED
    assert result.certificate.relative_gap <= max(tol, 1e-12)
    assert result.objective - problem.minimum <= max(tol, 1e-14) * problem.minimum


# ---------------------------------------------------------------------- bits and orders


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ((20_000, 30), np.asarray),
        ((20_000, 30), np.asfortranarray),
        ((20_000, 300), sp.csr_array),
        ((20_000, 300), sp.csc_array),
        ((60, 4000), np.asarray),
        ((60, 4000), np.asfortranarray),
        ((200, P), np.asarray),
    ],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_threads_do_not_change_a_bit(shape, kind, dtype):
    rng = np.random.default_rng(6)
    X = rng.normal(size=shape) * (rng.random(shape) < (0.05 if "c" in kind.__name__[:2] else 0.5))
    X = kind(X.astype(dtype))
    y = labels(X)
    alpha = 0.2 * np.abs(X.T @ (y - y.mean())).max() / len(y)
    for options in ({"l1_ratio": 1.0}, {"l1_ratio": 0.5, "bounds": (0.0, None)}):
        runs = [
            fastlogreg.fit(X, y, alpha=alpha, n_threads=n_threads, **options)
            for n_threads in (1, 2, 3)
        ]
        for other in runs[1:]:
            np.testing.assert_array_equal(other.coef, runs[0].coef)
            assert other.intercept == runs[0].intercept
            assert other.objective == runs[0].objective
            assert other.certificate.gap == runs[0].certificate.gap
        assert runs[0].coef.any()


@pytest.mark.parametrize("penalty", PENALTIES)
def test_orders_of_rows_and_columns_do_not_matter(penalty):
    X, rng = columns(), np.random.default_rng(7)
    problem = Problem(X, labels(X), PENALTIES[penalty], offset=rng.normal(size=200))
    rows, order = rng.permutation(200), rng.permutation(P)
    data = {"y": problem.y[rows], "offset": problem.data["offset"][rows]}
    problem.check(problem.fit(X=X[rows], **data))
    moved = dict(problem.penalty)
    if "penalty_factor" in moved:
        moved["penalty_factor"] = np.array(moved["penalty_factor"])[order]
    if "bounds" in moved:
        moved["bounds"] = (problem.box["lower"][order], problem.box["upper"][order])
    back = problem.fit(X=X[:, order], **moved)
    np.testing.assert_allclose(back.coef, problem.coef[order], atol=1e-5)
    assert back.objective == pytest.approx(problem.minimum, rel=2.0 * TOL)


@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, sp.csr_array, sp.csc_array])
@pytest.mark.parametrize("penalty", PENALTIES)
def test_weight_k_is_a_row_k_times(penalty, kind):
    X, rng = columns(), np.random.default_rng(8)
    y, own, shift = labels(X), rng.random(200), rng.normal(size=200)
    times = rng.integers(0, 4, 200)
    rows = np.repeat(np.arange(200), times)
    start = (np.zeros(P), 0.0)
    for _ in range(2):  # one more step from there, so that the coefficients are known to rounding
        options = PENALTIES[penalty] | {"tol": 0.0, "start": start}
        weighted = fastlogreg.fit(kind(X), y, sample_weight=own * times, offset=shift, **options)
        copied = fastlogreg.fit(
            kind(X[rows]), y[rows], sample_weight=own[rows], offset=shift[rows], **options
        )
        start = (weighted.coef, weighted.intercept)
    np.testing.assert_allclose(weighted.coef, copied.coef, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(weighted.coef == 0, copied.coef == 0)
    assert weighted.intercept == pytest.approx(copied.intercept, rel=1e-9, abs=1e-9)
    assert weighted.objective == pytest.approx(copied.objective, rel=1e-13)


def test_arguments_are_not_changed():
    X, bounds, factor = columns(), (np.full(P, -0.1), np.full(P, 0.2)), np.ones(P)
    y, start = labels(X), np.full(P, 9.0)
    arrays = (X, y, *bounds, factor, start)
    copies = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    options = {"bounds": bounds, "penalty_factor": factor, "standardize": True}
    result = fastlogreg.fit(X, y, alpha=0.1, l1_ratio=0.5, start=(start, 0.0), **options)
    for array, copy in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(array, copy)
        assert not np.shares_memory(array, result.coef)


# ---------------------------------------------------------------------- drawn problems


def drawn(seed, n, p, kind, l1_ratio, strength, factors, bounds, rows):
    """A problem without any regularity but an optimum."""
    rng = np.random.default_rng(seed)
    X = (rng.normal(size=(n, p)) * 10.0 ** rng.uniform(-1, 1, p)).round(3)
    X[rng.random((n, p)) < 0.3] = 0.0
    arguments = {"y": rng.integers(0, 2, n).astype(float)} | ROWS[rows](n, rng)
    arguments["y"][:2] = 0.0, 1.0
    if "sample_weight" in arguments:
        arguments["sample_weight"] = arguments["sample_weight"] + 0.1
    limit = np.abs((X - X.mean(axis=0)).T @ arguments["y"]).max() / n
    penalty = {"alpha": max(strength * limit, 1e-3), "l1_ratio": l1_ratio}
    if factors:
        penalty["penalty_factor"] = rng.integers(1, 4, p) / 2.0
    if bounds:
        ends = np.sort(rng.normal(scale=0.5, size=(2, p)), axis=0)
        if rng.random() < 0.5:
            ends[0], ends[1] = np.minimum(ends[0], 0.0), np.inf
        penalty["bounds"] = tuple(ends)
    return Problem(kind(X), penalty=penalty, **arguments)


@settings(
    max_examples=30, deadline=None, database=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
@given(
    st.builds(
        drawn,
        seed=st.integers(0, 2**32 - 1),
        n=st.integers(3, 60),
        p=st.integers(1, 10),
        kind=st.sampled_from([np.array, np.asfortranarray, sp.csr_array, sp.csc_array]),
        l1_ratio=st.sampled_from([0.0, 0.3, 1.0]),
        strength=st.sampled_from([0.01, 0.1, 0.5, 1.5]),
        factors=st.booleans(),
        bounds=st.booleans(),
        rows=st.sampled_from(list(ROWS)),
    )
)
def test_drawn_problems(problem):
    result = problem.fit()
    assert result.converged
    assert result.certificate.relative_gap <= 1e-11
    assert abs(result.objective - problem.minimum) <= 1e-11 * problem.minimum
    assert np.all(problem.box["lower"] <= result.coef)
    assert np.all(result.coef <= problem.box["upper"])
    assert result.certificate.verify(problem.X, problem.y, **problem.data)
    scores = [
        problem.X @ coef + (intercept or 0.0)
        for coef, intercept in (
            (result.coef, result.intercept),
            (problem.coef, problem.intercept),
        )
    ]
    np.testing.assert_allclose(*scores, atol=1e-4)
