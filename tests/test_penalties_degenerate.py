"""Penalties on data of odd shapes and units: wide, equal, constant, of one class, far from zero."""

import numpy as np
import pytest
import scipy.sparse as sp

import fastlogreg
from common.penalised import PENALTIES, TOL, P, Problem, columns, labels
from fastlogreg.result import CONVERGED, MAX_ITER, STALLED


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


@pytest.mark.parametrize("n", [60, 1100])
def test_all_of_very_many_columns(n):
    """They come into work by and by; in the end they are taken where they lie."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 2100))
    y = (X[:, 0] + rng.normal(size=n) > 0).astype(float)
    result = fastlogreg.fit(X, y, alpha=0.3, l1_ratio=1e-6, tol=1e-8)
    assert result.converged
    assert result.certificate.relative_gap <= 1e-8
    residual = 1.0 / (1.0 + np.exp(-(X @ result.coef + result.intercept))) - y
    slope = X.T @ residual / n + 0.3 * (1 - 1e-6) * result.coef
    assert np.abs(slope).max() < 1e-5


def test_a_weak_penalty_on_columns_that_all_but_separate():
    """Models whose curvature is next to nothing in most directions."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(900, 330))
    y = (X @ (0.05 * rng.normal(size=330)) + rng.logistic(size=900) > 0).astype(float)
    for alpha in (1e-4, 1e-6, 1e-8):
        result = fastlogreg.fit(X, y, alpha=alpha, l1_ratio=1.0, tol=1e-8)
        assert result.converged
        assert result.n_iter < 60
        assert result.certificate.verify(X, y)


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
