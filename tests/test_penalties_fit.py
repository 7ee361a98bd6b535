"""How a penalised fit goes: starts, limits of iterations, callbacks, solvers, tolerances."""

import numpy as np
import pytest
import scipy.sparse as sp

import fastlogreg
from common.penalised import PENALTIES, TOL, P, Problem, arrays_of, columns, labels
from fastlogreg import reference
from fastlogreg.result import CALLBACK, MAX_ITER, STALLED


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
