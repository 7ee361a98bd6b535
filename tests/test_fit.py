"""`fastlogreg.fit`: every problem with every solver reaches the optimum and proves it."""

import numpy as np
import pytest
import scipy.sparse as sp

import fastlogreg
from common.optimum import optimum
from fastlogreg import reference
from fastlogreg.core import SOLVERS
from fastlogreg.result import CONVERGED, MAX_ITER, SEPARATED, STALLED

TOL = 1e-9


def can_solve(solver, problem, alpha):
    """Whether a solver is meant for a problem; `dual` keeps an n x n matrix."""
    n, p = problem.X.shape
    if solver == "multilevel":
        return n >= 16 * (p + 1)
    return solver != "dual" or (alpha > 0 and n <= 400)


def check(result, minimum, tol=TOL):
    """The objective is the optimum to tol; nan and inf are nowhere."""
    assert np.isfinite(result.coef).all()
    assert np.isfinite(result.intercept)
    assert result.converged
    assert result.stop_reason in (CONVERGED, STALLED)
    assert result.objective - minimum <= max(tol, 1e-14) * abs(minimum) + 1e-300
    assert result.objective - minimum >= -1e-12 * abs(minimum)


@pytest.mark.parametrize("solver", SOLVERS)
def test_every_problem_with_every_solver(problem, solver):
    for alpha in problem.alphas:
        if not can_solve(solver, problem, alpha):
            continue
        minimum, *_ = optimum(problem.X, problem.y, alpha=alpha, **problem.arguments)
        result = fastlogreg.fit(
            problem.X, problem.y, alpha=alpha, solver=solver, max_iter=1000, **problem.arguments
        )
        check(result, minimum)
        assert result.solver in SOLVERS[1:]
        assert solver in ("auto", result.solver)
        if alpha > 0:
            assert result.certificate.relative_gap <= TOL
            assert result.stop_reason == CONVERGED
        assert result.certificate.objective == result.objective
        weights = {k: v for k, v in problem.arguments.items() if k != "fit_intercept"}
        if np.isfinite(result.certificate.gap):
            assert result.certificate.verify(problem.X, problem.y, **weights)


@pytest.mark.parametrize("solver", ["auto", "newton"])
def test_newton_proves_the_optimum_without_a_penalty(problem, solver):
    if problem.separated or problem.rank_deficient:
        return
    result = fastlogreg.fit(problem.X, problem.y, solver=solver, **problem.arguments)
    assert result.certificate.relative_gap <= TOL
    assert result.stop_reason == CONVERGED
    with_python = fastlogreg.fit(
        problem.X, problem.y, solver=solver, callback=lambda info: None, **problem.arguments
    )
    assert with_python.certificate.relative_gap <= TOL
    assert with_python.objective == pytest.approx(result.objective, rel=2 * TOL)


@pytest.mark.parametrize("solver", ["newton", "truncated-newton", "lbfgs"])
@pytest.mark.parametrize("kind", ["csr_array", "csc_array"])
def test_sparse_reaches_the_same_optimum(problem, solver, kind):
    X = getattr(sp, kind)(problem.X * (np.abs(problem.X) > 0.3))
    for alpha in problem.alphas[-2:]:
        minimum, *_ = optimum(X.toarray(), problem.y, alpha=alpha, **problem.arguments)
        result = fastlogreg.fit(
            X, problem.y, alpha=alpha, solver=solver, max_iter=1000, **problem.arguments
        )
        check(result, minimum)
        assert result.certificate.relative_gap <= TOL


def test_every_layout_and_instruction_set(layout, level):
    rng = np.random.default_rng(0)
    A = rng.normal(size=(200, 4)).astype(np.float32).astype(float)
    X = layout.make(A)
    dense = layout.dense(X)
    y = dense[:, 0] + rng.logistic(size=200) > 0
    minimum, coef, intercept = optimum(dense, y, alpha=0.01)
    result = fastlogreg.fit(X, y, alpha=0.01, tol=1e-13)
    check(result, minimum, 1e-13)
    np.testing.assert_allclose(result.coef, coef, atol=2e-7)
    assert result.intercept == pytest.approx(intercept, abs=2e-7)


@pytest.mark.parametrize("tol", [1e-3, 1e-6, 1e-12, 1e-14, 0.0])
def test_tol_is_kept(problem, tol):
    alpha = problem.alphas[-2]
    minimum, *_ = optimum(problem.X, problem.y, alpha=alpha, **problem.arguments)
    result = fastlogreg.fit(problem.X, problem.y, alpha=alpha, tol=tol, **problem.arguments)
    check(result, minimum, tol)
    assert result.certificate.relative_gap <= tol or result.stop_reason == STALLED


@pytest.mark.parametrize("n", [400, 6000])
@pytest.mark.parametrize("solver", ["auto", "newton", "multilevel", "truncated-newton", "lbfgs"])
def test_units_of_the_columns_do_not_matter(n, solver):
    for seed in range(4):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(n, 6)) + rng.normal(size=6)
        y = X @ rng.normal(size=6) + rng.logistic(size=n) > 0
        units = 10.0 ** rng.uniform(-6, 6, 6)
        arguments = {"solver": solver, "tol": 1e-15, "max_iter": 1000}
        plain = fastlogreg.fit(X, y, **arguments)
        scaled = fastlogreg.fit(X * units, y, **arguments)
        assert plain.converged
        assert scaled.converged
        np.testing.assert_allclose(
            fastlogreg.predict_proba(X * units, scaled.coef, scaled.intercept),
            fastlogreg.predict_proba(X, plain.coef, plain.intercept),
            rtol=0,
            atol=1e-8,
        )


def minimum_norm_by_svd(X, coef, intercept):
    """The least coefficients with the same scores, up to a constant if there is an intercept."""
    centred = X - X.mean(axis=0)
    coef = np.linalg.pinv(centred, rcond=1e-10) @ (centred @ coef)
    return coef, intercept


@pytest.mark.parametrize("solver", ["auto", "newton", "multilevel"])
@pytest.mark.parametrize("n", [300, 3000])
def test_dependent_columns_without_penalty_give_the_minimum_norm(n, solver):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 5))
    X[:, 3] = X[:, 0] - 2.0 * X[:, 1]
    X[:, 4] = 1.5
    y = X[:, 0] + X[:, 2] + rng.logistic(size=n) > 0
    minimum, coef, _ = optimum(X, y)
    want, _ = minimum_norm_by_svd(X, coef, 0.0)
    result = fastlogreg.fit(X, y, solver=solver, tol=1e-14)
    check(result, minimum, 1e-12)
    np.testing.assert_allclose(result.coef, want, atol=1e-7)
    assert result.coef[4] == pytest.approx(0.0, abs=1e-9)
    without = fastlogreg.fit(X[:, :4], y, solver=solver, fit_intercept=False, tol=1e-14)
    null = np.array([1.0, -2.0, 0.0, -1.0])
    assert without.converged
    assert without.coef @ null == pytest.approx(0.0, abs=1e-8)


@pytest.mark.parametrize("solver", ["auto", "newton", "dual", "truncated-newton", "lbfgs"])
@pytest.mark.parametrize("alpha", [1e-4, 1.0, 100.0])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_more_columns_than_rows(solver, alpha, fit_intercept):
    rng = np.random.default_rng(1)
    X, y, o = rng.normal(size=(25, 80)), rng.integers(0, 2, 25), rng.normal(size=25)
    s = rng.random(25) + 0.1
    arguments = {"sample_weight": s, "offset": o, "fit_intercept": fit_intercept, "alpha": alpha}
    minimum, coef, _ = optimum(X, y, **arguments)
    result = fastlogreg.fit(X, y, solver=solver, tol=1e-13, max_iter=500, **arguments)
    check(result, minimum, 1e-13)
    np.testing.assert_allclose(result.coef, coef, atol=1e-5 * np.abs(coef).max())


@pytest.mark.parametrize("y", [[0], [1], [0.3], [0.5]])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("alpha", [0.1, 10.0])
def test_one_row(y, fit_intercept, alpha):
    X, y = np.array([[2.0, -1.0]]), np.array(y)
    minimum, coef, _ = optimum(X, y, alpha=alpha, fit_intercept=fit_intercept)
    result = fastlogreg.fit(X, y, alpha=alpha, fit_intercept=fit_intercept)
    assert np.isfinite(result.coef).all()
    if fit_intercept and y[0] in (0, 1):  # the intercept alone is right as it grows
        assert result.objective < 1e-8
    else:
        check(result, minimum)
        np.testing.assert_allclose(result.coef, coef, atol=1e-4)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array, sp.csc_array])
def test_no_columns(solver, kind):
    y = np.array([0, 1, 1, 1] * 20)
    if solver == "dual":
        with pytest.raises(ValueError, match="alpha > 0"):
            fastlogreg.fit(kind(np.empty((80, 0))), y, solver=solver)
        return
    result = fastlogreg.fit(kind(np.empty((80, 0))), y, solver=solver)
    assert result.coef.shape == (0,)
    assert result.intercept == pytest.approx(np.log(3.0), abs=1e-5)
    check(result, reference.log_loss(y, np.full(80, np.log(3.0))))


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array])
def test_nothing_to_fit(kind):
    with pytest.raises(ValueError, match="X has no columns .* no intercept"):
        fastlogreg.fit(kind(np.empty((4, 0))), [0, 1, 1, 1], fit_intercept=False)


def separated_data(n, p, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, X @ np.ones(p) > 0.1


@pytest.mark.parametrize("solver", ["auto", "newton", "multilevel", "truncated-newton", "lbfgs"])
@pytest.mark.parametrize(("n", "p"), [(40, 2), (400, 6), (5000, 15)])
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array])
def test_separated_classes_without_penalty(solver, n, p, kind):
    if solver == "multilevel" and n < 16 * (p + 1):
        return
    X, y = separated_data(n, p)
    for labels in (y, ~y):
        result = fastlogreg.fit(kind(X), labels, solver=solver)
        assert result.stop_reason == SEPARATED
        assert not result.converged
        assert np.isfinite(result.coef).all()
        assert result.objective < 1e-6
        score = fastlogreg.decision_function(X, result.coef, result.intercept)
        np.testing.assert_array_equal(score > 0, labels)


@pytest.mark.parametrize("solver", ["auto", "newton", "truncated-newton", "lbfgs"])
@pytest.mark.parametrize("label", [0, 1])
def test_one_class_without_penalty(solver, label):
    X, _ = separated_data(50, 3)
    result = fastlogreg.fit(X, np.full(50, label), solver=solver)
    assert result.stop_reason == SEPARATED
    assert np.isfinite(result.coef).all()
    assert (result.intercept > 10) == bool(label)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("max_iter", [100, 3000])
def test_one_class_with_penalty(solver, kind, max_iter):
    X, _ = separated_data(80, 2)
    if solver == "dual" and kind is not np.asarray:
        return
    result = fastlogreg.fit(
        kind(X), np.ones(80), alpha=0.1, solver=solver, tol=1e-14, max_iter=max_iter
    )
    assert np.isfinite(result.intercept)
    assert result.intercept > 10.0
    assert result.objective < 1e-8
    np.testing.assert_allclose(result.coef, 0.0, atol=1e-6)


@pytest.mark.parametrize("solver", ["auto", "newton", "truncated-newton", "lbfgs"])
def test_partly_separated_classes_without_penalty(solver):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    X[:, 2] = rng.random(300) < 0.1
    y = X[:, 0] + rng.logistic(size=300) > 0
    y[X[:, 2] > 0] = True  # a dummy whose rows are all of one class: its coefficient is infinite
    rest = X[:, 2] == 0
    floor = fastlogreg.fit(X[rest][:, :2], y[rest], tol=1e-12).objective * rest.mean()
    result = fastlogreg.fit(X, y, solver=solver)
    assert np.isfinite(result.coef).all()
    assert result.coef[2] > 8.0
    assert -1e-12 <= result.objective - floor <= 1e-6


@pytest.mark.parametrize("solver", SOLVERS)
def test_warm_start(solver):
    rng = np.random.default_rng(2)
    X = rng.normal(size=(500, 5))
    y = X[:, 0] + rng.logistic(size=500) > 0
    cold = fastlogreg.fit(X, y, alpha=0.01, solver=solver, tol=1e-12)
    warm = fastlogreg.fit(
        X, y, alpha=0.01, solver=solver, tol=1e-9, start=(cold.coef, cold.intercept)
    )
    assert warm.converged
    assert warm.objective == pytest.approx(cold.objective, rel=1e-9)
    if solver not in ("dual", "multilevel"):  # these start from an intercept, from a sample's fit
        assert warm.n_iter <= 1 < cold.n_iter
    far = fastlogreg.fit(X, y, alpha=0.01, solver=solver, start=(np.full(5, 9.0), -7.0))
    check(far, cold.objective)


def test_warm_start_without_intercept():
    X, y = np.array([[1.0], [2.0], [-1.0]]), [1, 0, 1]
    result = fastlogreg.fit(X, y, alpha=1.0, fit_intercept=False, start=([0.5], None))
    assert fastlogreg.fit(X, y, alpha=1.0, fit_intercept=False).objective == pytest.approx(
        result.objective, rel=1e-9
    )
    fastlogreg.fit(X, y, alpha=1.0, fit_intercept=False, start=([0.5], 0.0))
    with pytest.raises(ValueError, match="start has an intercept"):
        fastlogreg.fit(X, y, fit_intercept=False, start=([0.5], 1.0))
    with pytest.raises(ValueError, match=r"coef must have shape \(1,\)"):
        fastlogreg.fit(X, y, start=([0.5, 1.0], 1.0))


@pytest.mark.parametrize("solver", SOLVERS)
def test_no_iteration_evaluates_the_start(solver):
    rng = np.random.default_rng(3)
    X, y, start = rng.normal(size=(300, 3)), rng.integers(0, 2, 300), (np.ones(3), 0.5)
    result = fastlogreg.fit(X, y, alpha=0.1, solver=solver, max_iter=0, start=start)
    loss, gradient = reference.loss_gradient(X, y, *start, alpha=0.1)
    assert result.objective == pytest.approx(loss, rel=1e-14)
    assert result.certificate.gradient_norm == pytest.approx(np.abs(gradient).max(), rel=1e-12)
    assert (result.n_iter, result.stop_reason, result.converged) == (0, MAX_ITER, False)
    np.testing.assert_array_equal(result.coef, start[0])
    assert result.intercept == 0.5
    zero = fastlogreg.fit(X, y, solver=solver, max_iter=0) if solver != "dual" else None
    assert zero is None or (zero.intercept, zero.objective) == (0.0, pytest.approx(np.log(2.0)))


@pytest.mark.parametrize("solver", SOLVERS)
def test_iteration_limit(solver):
    rng = np.random.default_rng(4)
    X = rng.normal(size=(2000, 5)) * 3
    y = X.sum(axis=1) + rng.logistic(size=2000) > 1
    for max_iter in (1, 2):
        result = fastlogreg.fit(X, y, alpha=1e-3, solver=solver, tol=1e-15, max_iter=max_iter)
        assert result.n_iter <= max_iter
        if not result.converged:
            assert result.stop_reason == MAX_ITER
        loss, _ = reference.loss_gradient(X, y, result.coef, result.intercept, alpha=1e-3)
        assert result.objective == pytest.approx(loss, rel=1e-13)
