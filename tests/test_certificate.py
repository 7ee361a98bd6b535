"""The certificate's bound holds in 40 digits, is not loose, and does not verify once changed."""

import dataclasses

import mpmath
import numpy as np
import pytest
import scipy.sparse as sp

import fastlogreg


@pytest.fixture(autouse=True)
def digits():
    with mpmath.workdps(40):
        yield


N_PROBLEMS = 200


def small_problem(seed):
    """A random problem of up to 14 rows and 3 columns, every option in its turn."""
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(4, 15)), int(rng.integers(1, 4))
    X = rng.normal(size=(n, p)) * 10.0 ** rng.uniform(-3, 3, p)
    y = rng.random(n) if seed % 3 == 0 else rng.integers(0, 2, n).astype(float)
    if seed % 3 and y.min() == y.max():
        y[0] = 1.0 - y[0]
    alpha = 10.0 ** rng.uniform(-4, 1) if seed % 3 else 0.0
    arguments = {"alpha": alpha, "fit_intercept": bool(seed % 5)}
    if seed % 2:
        arguments["sample_weight"] = rng.random(n) + 0.01
    if seed % 4 == 1:
        arguments["offset"] = rng.normal(size=n)
    return X, y, arguments


class Exact:
    """A problem in 40 digits."""

    def __init__(self, X, y, *, alpha, fit_intercept, sample_weight=None, offset=None):
        n, self.p = X.shape
        ones = np.ones((n, int(fit_intercept)))
        self.rows = [[mpmath.mpf(v) for v in row] for row in np.hstack([X, ones]).tolist()]
        self.y = [mpmath.mpf(v) for v in y.tolist()]
        s = [mpmath.mpf(v) for v in (np.ones(n) if sample_weight is None else sample_weight)]
        self.s = [v / mpmath.fsum(s) for v in s]
        self.offset = [mpmath.mpf(v) for v in (np.zeros(n) if offset is None else offset)]
        self.ridge = [mpmath.mpf(alpha)] * self.p + [mpmath.mpf(0)] * int(fit_intercept)

    def point(self, coef, intercept):
        return [mpmath.mpf(v) for v in [*coef, intercept]][: len(self.ridge)]

    def evaluate(self, theta):
        """Objective, gradient, Hessian."""
        q = len(theta)
        penalty = mpmath.fsum(r * t * t for r, t in zip(self.ridge, theta, strict=True))
        gradient = [r * t for r, t in zip(self.ridge, theta, strict=True)]
        hessian = mpmath.diag(self.ridge)
        losses = []
        for x, y, s, offset in zip(self.rows, self.y, self.s, self.offset, strict=True):
            z = mpmath.fdot(x, theta) + offset
            e = mpmath.exp(-abs(z))
            mean = (1 if z > 0 else e) / (1 + e)
            losses.append(s * (mpmath.log1p(e) + max(z, 0) - y * z))
            for i in range(q):
                gradient[i] += s * (mean - y) * x[i]
                for j in range(q):
                    hessian[i, j] += s * e / (1 + e) ** 2 * x[i] * x[j]
        return mpmath.fsum(losses) + penalty / 2, mpmath.matrix(gradient), hessian

    def minimum(self, theta):
        """The minimum by Newton's method from a point near it."""
        f, gradient, hessian = self.evaluate(theta)
        for _ in range(50):
            step, before = mpmath.lu_solve(hessian, -gradient), f
            for halvings in range(60):
                trial = [t + d / 2**halvings for t, d in zip(theta, step, strict=True)]
                f_new, gradient_new, hessian_new = self.evaluate(trial)
                if f_new <= f:
                    break
            if f_new > f:
                assert f_new - f < mpmath.mpf(10) ** -34
                break
            theta, f, gradient, hessian = trial, f_new, gradient_new, hessian_new
            if before - f < mpmath.mpf(10) ** -36:
                break
        return f


def excess_over_gap(X, y, arguments, result):
    """(true distance to the minimum, certified gap) of a fit."""
    exact = Exact(X, y, **arguments)
    theta = exact.point(result.coef, result.intercept)
    return exact.evaluate(theta)[0] - exact.minimum(theta), result.certificate.gap


def fitted(seed, **options):
    """A random problem that has an optimum, and its fit; None if it has none."""
    X, y, arguments = small_problem(seed)
    result = fastlogreg.fit(X, y, **arguments, **options)
    return (X, y, arguments, result) if result.converged else None


@pytest.mark.slow
@pytest.mark.parametrize("tol", [1e-3, 1e-9, 1e-13])
@pytest.mark.parametrize("python", [False, True])
def test_the_truth_lies_inside_the_bound(tol, python):
    """Loose, default and tight; the compiled Newton and the one in Python."""
    callback = (lambda info: None) if python else None
    ratios, checked = [], 0
    for seed in range(N_PROBLEMS // 2 if python else N_PROBLEMS):
        problem = fitted(seed, tol=tol, solver="newton", callback=callback)
        if problem is None:
            continue
        checked += 1
        truth, gap = excess_over_gap(*problem)
        assert truth <= gap, f"problem {seed}: {float(truth)} above the bound {gap}"
        if gap > 1e-14:
            ratios.append(gap / max(float(truth), 1e-18))
    assert checked >= 0.9 * (N_PROBLEMS // 2 if python else N_PROBLEMS)
    if tol >= 1e-9:
        assert np.median(ratios) < 100.0


@pytest.mark.slow
@pytest.mark.parametrize("max_iter", [1, 2, 3, 4])
def test_the_bound_holds_before_convergence(max_iter):
    bounds = 0
    for seed in range(60):
        X, y, arguments = small_problem(seed)
        if arguments["alpha"] == 0.0:
            continue
        result = fastlogreg.fit(X, y, **arguments, tol=0.0, max_iter=max_iter)
        truth, gap = excess_over_gap(X, y, arguments, result)
        assert truth <= gap, f"problem {seed}: {float(truth)} above the bound {gap}"
        bounds += np.isfinite(gap)
    assert bounds >= 10


@pytest.mark.slow
@pytest.mark.parametrize("solver", ["dual", "truncated-newton", "lbfgs"])
@pytest.mark.parametrize("tol", [1e-4, 1e-9])
def test_other_solvers_bounds_hold(solver, tol):
    for seed in range(60):
        X, y, arguments = small_problem(seed)
        if arguments["alpha"] == 0.0:
            continue
        result = fastlogreg.fit(X, y, **arguments, solver=solver, tol=tol)
        truth, gap = excess_over_gap(X, y, arguments, result)
        assert truth <= gap, f"problem {seed}: {float(truth)} above the bound {gap}"
        assert gap <= tol * result.objective


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [0.0, 1e-3])
@pytest.mark.parametrize("tol", [1e-3, 1e-6, 1e-12])
def test_bound_of_the_sampled_hessian_holds(alpha, tol, optimum, objective_at):
    ratios = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(5000, 6)) * 10.0 ** rng.uniform(-3, 3, 6)
        y = X @ (rng.normal(size=6) / np.abs(X).max(axis=0)) + rng.logistic(size=5000) > 2
        s = rng.integers(0, 3, 5000).astype(float)
        arguments = {"alpha": alpha, "sample_weight": s}
        result = fastlogreg.fit(X, y, solver="multilevel", tol=tol, **arguments)
        minimum, *_ = optimum(X, y, **arguments)
        truth = objective_at(X, y, result.coef, result.intercept, **arguments) - minimum
        assert truth <= result.certificate.gap + 20 * np.finfo(np.longdouble).eps
        assert result.certificate.relative_gap <= tol
        assert result.certificate.verify(X, y, sample_weight=s)
        ratios.append(result.certificate.gap / max(float(truth), 1e-18))
    if tol > 1e-12:
        assert np.median(ratios) < 1000.0


def data(seed=0, n=80, p=3):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, (X[:, 0] + rng.logistic(size=n) > 0).astype(int), rng


def test_what_a_certificate_says():
    X, y, _ = data()
    result = fastlogreg.fit(X, y, alpha=0.1)
    certificate = result.certificate
    assert certificate.relative_gap == certificate.gap / certificate.objective
    assert certificate.objective == result.objective
    np.testing.assert_array_equal(certificate.coef, result.coef)
    assert (certificate.intercept, certificate.alpha) == (result.intercept, 0.1)
    assert certificate.fit_intercept is True
    _, gradient = fastlogreg.reference.loss_gradient(X, y, result.coef, result.intercept, alpha=0.1)
    assert certificate.gradient_norm == pytest.approx(np.abs(gradient).max(), abs=1e-15)
    assert f"{certificate.gap:.1e}" in str(certificate)
    assert f"{certificate.objective:.10g}" in str(certificate)


TAMPER = {
    "coef": lambda c: {"coef": c.coef + [1e-3, 0.0, 0.0]},
    "coef and objective": lambda c: {"coef": 1.01 * c.coef, "objective": c.objective},
    "intercept": lambda c: {"intercept": c.intercept + 1e-3},
    "objective": lambda c: {"objective": c.objective * (1.0 - 1e-9)},
    "alpha": lambda c: {"alpha": 0.11},
    "gap": lambda c: {"gap": -1e-10},
    "fit_intercept": lambda c: {"fit_intercept": False},
}


@pytest.mark.parametrize("what", TAMPER)
def test_changed_certificates_do_not_verify(what):
    X, y, _ = data()
    certificate = fastlogreg.fit(X, y, alpha=0.1).certificate
    assert certificate.verify(X, y)
    changed = dataclasses.replace(certificate, **TAMPER[what](certificate))
    assert not changed.verify(X, y)


def test_a_bound_that_is_too_small_does_not_verify():
    X, y, _ = data()
    certificate = fastlogreg.fit(X, y, alpha=0.1, max_iter=2, tol=1e-15).certificate
    assert 1e-10 < certificate.gap < np.inf
    assert certificate.verify(X, y)
    assert not dataclasses.replace(certificate, gap=0.5 * certificate.gap).verify(X, y)
    # a point with a true objective that is no optimum
    far = fastlogreg.fit(X, y, alpha=0.1, max_iter=0, start=(np.ones(3), 0.0)).certificate
    assert not dataclasses.replace(far, gap=1e-3).verify(X, y)


def test_other_data_do_not_verify():
    X, y, rng = data()
    s, o = rng.random(80), rng.normal(size=80)
    certificate = fastlogreg.fit(X, y, alpha=0.1, sample_weight=s, offset=o).certificate
    assert certificate.verify(X, y, sample_weight=s, offset=o)
    assert certificate.verify(sp.csr_array(X), y.tolist(), sample_weight=s.tolist(), offset=o)
    assert not certificate.verify(X, 1 - y, sample_weight=s, offset=o)
    assert not certificate.verify(X + 0.01, y, sample_weight=s, offset=o)
    assert not certificate.verify(X, y, sample_weight=s)
    assert not certificate.verify(X, y, offset=o)
    with pytest.raises(ValueError):
        certificate.verify(X[:, :2], y, sample_weight=s, offset=o)


def test_positive_class_maps_labels():
    X, y, _ = data()
    certificate = fastlogreg.fit(X, y, alpha=0.1).certificate
    named = dataclasses.replace(certificate, positive_class="yes")
    assert named.verify(X, np.array(["no", "yes"])[y])
    assert not named.verify(X, np.array(["yes", "no"])[y])
    assert certificate.verify(X, 2 * y - 1)
