"""The certificate's bound holds in 50 digits, is not loose, and does not verify once changed."""

import dataclasses

import mpmath
import numpy as np
import pytest
import scipy.sparse as sp

import fastlogreg
from common.optimum import objective_at, optimum

pytestmark = pytest.mark.usefixtures("digits")

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


def penalised_problem(seed):
    """A random problem with absolute values or bounds, every other option in its turn."""
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(4, 15)), int(rng.integers(1, 7))
    X = rng.normal(size=(n, p)) * 10.0 ** rng.uniform(-2, 2, p)
    y = rng.integers(0, 2, n).astype(float)
    y[:2] = 0.0, 1.0
    arguments = {"l1_ratio": (1.0, 0.5, 1.0, 0.0, 0.9)[seed % 5], "fit_intercept": bool(seed % 7)}
    arguments["standardize"] = seed % 2 == 0
    if seed % 3 == 0:
        arguments["sample_weight"] = rng.random(n) + 0.01
    if seed % 4 == 1:
        arguments["offset"] = rng.normal(size=n)
    if seed % 4 == 2:  # with a column that nothing holds back, soft targets make sure of an optimum
        arguments["penalty_factor"] = np.arange(p) / 2.0
        y = 0.1 + 0.8 * rng.random(n)
    if seed % 5 == 3 or seed % 6 == 1:
        ends = np.sort(rng.normal(size=(2, p)) / np.abs(X).max(axis=0), axis=0)
        ends[0, ::3], ends[1, 1::3] = -np.inf, np.inf
        arguments["bounds"] = tuple(ends)
    # in units of the least strength that leaves no coefficient
    residual = (y.mean() - y)[:, None] * (X / X.std(axis=0) if arguments["standardize"] else X)
    arguments["alpha"] = 10.0 ** rng.uniform(-2, 0) * np.abs(residual.mean(axis=0)).max()
    return X, y, arguments


class Exact:
    """A problem in 50 digits; `l1`, `l2`, `lower`, `upper` also hold the intercept's."""

    def __init__(
        self, X, y, *, alpha, fit_intercept=True, l1_ratio=0.0, penalty_factor=None, bounds=None,
        standardize=False, sample_weight=None, offset=None,
    ):  # fmt: skip
        (n, p), mpf = X.shape, mpmath.mpf
        ones = np.ones((n, int(fit_intercept)))
        self.rows = [[mpf(v) for v in row] for row in np.hstack([X, ones]).tolist()]
        self.y = [mpf(v) for v in y.tolist()]
        s = [mpf(v) for v in (np.ones(n) if sample_weight is None else sample_weight).tolist()]
        self.s = [v / mpmath.fsum(s) for v in s]
        self.offset = [mpf(v) for v in (np.zeros(n) if offset is None else offset).tolist()]
        factors = [mpf(v) for v in (np.ones(p) if penalty_factor is None else penalty_factor)]
        scale = [self.deviation(j) if standardize else mpf(1) for j in range(p)]
        pairs = list(zip(factors, scale, strict=True))
        free = [mpf(0)] * int(fit_intercept)
        self.l1 = [mpf(alpha) * mpf(l1_ratio) * f * d for f, d in pairs] + free
        self.l2 = [mpf(alpha) * (1 - mpf(l1_ratio)) * f * d * d for f, d in pairs] + free
        lower, upper = (-np.inf, np.inf) if bounds is None else bounds
        self.lower = [mpf(v) for v in np.broadcast_to(lower, p)] + [-mpmath.inf] * len(free)
        self.upper = [mpf(v) for v in np.broadcast_to(upper, p)] + [mpmath.inf] * len(free)

    def deviation(self, j):
        """Weighted standard deviation of a column."""
        mean = mpmath.fsum(s * row[j] for s, row in zip(self.s, self.rows, strict=True))
        squares = (s * (row[j] - mean) ** 2 for s, row in zip(self.s, self.rows, strict=True))
        return mpmath.sqrt(mpmath.fsum(squares))

    def point(self, coef, intercept):
        return [mpmath.mpf(v) for v in [*coef.tolist(), intercept]][: len(self.l1)]

    def evaluate(self, theta):
        """Objective, gradient and Hessian, these two without the absolute values."""
        q = len(theta)
        value = mpmath.fsum(
            a * abs(t) + r * t * t / 2 for a, r, t in zip(self.l1, self.l2, theta, strict=True)
        )
        gradient = [r * t for r, t in zip(self.l2, theta, strict=True)]
        hessian = mpmath.diag(self.l2)
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
        return mpmath.fsum(losses) + value, gradient, hessian

    def slopes(self, theta, gradient):
        """The objective's slope to the left and to the right of each parameter; at bounds -+inf."""
        left, right = [], []
        for t, g, l1, low, high in zip(
            theta, gradient, self.l1, self.lower, self.upper, strict=True
        ):
            left.append(g + l1 * (1 if t > 0 else -1) if t > low else -mpmath.inf)
            right.append(g + l1 * (1 if t >= 0 else -1) if t < high else mpmath.inf)
        return left, right

    def minimum(self, theta):
        """The minimum, from a point near it, proved by its slopes.

        Newton's method in the parameters off zero and off their bounds, held where a step would
        lead across; once it has converged, the one with the steepest way out is let go.
        """
        f, gradient, hessian = self.evaluate(theta)
        for _ in range(200):
            left, right = self.slopes(theta, gradient)
            moving = [j for j in range(len(theta)) if left[j] == right[j]]
            steepest = max((abs(left[j]) for j in moving), default=mpmath.mpf(0))
            if steepest < mpmath.mpf(10) ** -40:
                falls = [max(d, -u, 0) for d, u in zip(left, right, strict=True)]
                for j in moving:
                    falls[j] = mpmath.mpf(0)
                if max(falls) == 0:  # no parameter's slope leads down: convexity does the rest
                    return f
                moving.append(falls.index(max(falls)))
            slope = mpmath.matrix([left[j] if left[j] > 0 else right[j] for j in moving])
            part = mpmath.matrix([[hessian[i, j] for j in moving] for i in moving])
            step = mpmath.lu_solve(part, -slope)
            length = mpmath.mpf(1)
            for _ in range(150):
                trial = list(theta)
                for j, d in zip(moving, step, strict=True):
                    trial[j] = self.clipped(j, theta[j], theta[j] + length * d)
                moved = self.evaluate(trial)
                if moved[0] <= f + mpmath.mpf(10) ** -46:  # near the end f no longer tells
                    break
                length /= 2
            theta, (f, gradient, hessian) = trial, moved
        raise AssertionError("no minimum found")

    def clipped(self, j, before, after):
        """`after`, or the bound or zero that lies on the way there."""
        if self.l1[j] and before * after < 0:
            after = mpmath.mpf(0)
        return min(max(after, self.lower[j]), self.upper[j])


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


@pytest.fixture(scope="module")
def penalised_minima():
    """For each problem with absolute values or bounds: X, y, arguments, Exact, minimum."""
    with mpmath.workdps(50):
        found = []
        for seed in range(N_PROBLEMS):
            X, y, arguments = penalised_problem(seed)
            exact, result = Exact(X, y, **arguments), fastlogreg.fit(X, y, **arguments)
            minimum = exact.minimum(exact.point(result.coef, result.intercept))
            found.append((X, y, arguments, exact, minimum))
        return found


@pytest.mark.slow
@pytest.mark.parametrize("tol", [1e-2, 1e-4, 1e-9, 1e-14])
def test_the_truth_lies_inside_the_bound_of_a_penalised_fit(tol, penalised_minima):
    ratios, zeros, at_bounds = [], 0, 0
    for seed, (X, y, arguments, exact, minimum) in enumerate(penalised_minima):
        result = fastlogreg.fit(X, y, **arguments, tol=tol)
        theta, gap = exact.point(result.coef, result.intercept), result.certificate.gap
        assert all(
            low <= t <= high for low, t, high in zip(exact.lower, theta, exact.upper, strict=True)
        )
        truth = exact.evaluate(theta)[0] - minimum
        assert truth <= gap, f"problem {seed}: {float(truth)} above the bound {gap}"
        assert result.converged
        assert gap <= max(tol, 1e-13) * result.objective
        data = {key: arguments.get(key) for key in ("sample_weight", "offset")}
        assert result.certificate.verify(X, y, **data)
        if gap > 1e-14:
            ratios.append(gap / max(float(truth), 1e-18))
        lower, upper = arguments.get("bounds", (-np.inf, np.inf))
        zeros += np.sum(result.coef == 0)
        at_bounds += np.sum((result.coef == lower) | (result.coef == upper))
    assert min(zeros, at_bounds) > 50
    if tol in (1e-4, 1e-9):
        assert np.median(ratios) < 1e4


@pytest.mark.slow
@pytest.mark.parametrize("max_iter", [0, 1, 2, 3])
def test_the_bound_of_a_penalised_fit_holds_before_convergence(max_iter, penalised_minima):
    bounds = 0
    for seed, (X, y, arguments, exact, minimum) in enumerate(penalised_minima):
        result = fastlogreg.fit(X, y, **arguments, tol=0.0, max_iter=max_iter)
        truth = exact.evaluate(exact.point(result.coef, result.intercept))[0] - minimum
        gap = result.certificate.gap
        assert truth <= gap, f"problem {seed}: {float(truth)} above the bound {gap}"
        bounds += np.isfinite(gap)
    assert bounds >= 50


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
def test_bound_of_the_sampled_hessian_holds(alpha, tol):
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


@pytest.mark.parametrize("alpha", [1e-9, 1e-4, 1e-1])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_bound_of_a_sampled_hessian_in_single_precision_holds(alpha, fit_intercept):
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(9000, 140))
    y = Z @ rng.normal(scale=0.2, size=140) + rng.logistic(size=9000) > 0.5
    X = Z * 10.0 ** rng.uniform(-2, 2, 140) + 1.0
    arguments = {"alpha": alpha, "fit_intercept": fit_intercept}
    minimum = fastlogreg.fit(X, y, solver="newton", tol=1e-14, **arguments).objective
    for tol in (1e-2, 1e-4, 1e-6, 1e-9):
        result = fastlogreg.fit(X, y, solver="multilevel", tol=tol, **arguments)
        assert result.objective - minimum <= result.certificate.gap + 1e-15
        assert result.certificate.relative_gap <= tol
        assert result.certificate.verify(X, y)


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
    assert (certificate.intercept, certificate.penalty.l2) == (result.intercept, 0.1)
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
    "penalty": lambda c: {"penalty": c.penalty._replace(l2=0.11)},
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


TAMPER_PENALISED = {
    "coef": lambda c: {"coef": c.coef + [1e-3, 0.0, 0.0]},
    "coef off zero": lambda c: {"coef": c.coef + [0.0, 0.0, 1e-3]},
    "l1": lambda c: {"penalty": c.penalty._replace(l1=0.0499)},
    "less l1, objective to match": lambda c: moved_penalty(c, l1=0.049),
    "other factors, objective to match": lambda c: moved_penalty(c, l1=np.array([0.051, 0.05, 0])),
    "no bound": lambda c: {"penalty": c.penalty._replace(upper=np.inf)},
    "a wider bound": lambda c: {"penalty": c.penalty._replace(upper=0.5)},
    "a bound that excludes": lambda c: {"penalty": c.penalty._replace(upper=0.4)},
    "a low bound that excludes": lambda c: {"penalty": c.penalty._replace(lower=0.1)},
    "equal bounds elsewhere": lambda c: {"penalty": c.penalty._replace(lower=0.5, upper=0.5)},
}


def moved_penalty(certificate, **changes):
    """Another penalty, and the objective that the coefficients have with it."""
    penalty = certificate.penalty._replace(**changes)
    more = penalty.value(certificate.coef) - certificate.penalty.value(certificate.coef)
    return {"penalty": penalty, "objective": certificate.objective + more}


@pytest.mark.parametrize("what", TAMPER_PENALISED)
def test_changed_certificates_of_penalised_fits_do_not_verify(what):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    y = X @ [1.0, 2.0, 0.0] + rng.logistic(size=200) > 0
    upper = np.array([np.inf, 0.4, np.inf])
    certificate = fastlogreg.fit(X, y, alpha=0.05, l1_ratio=1, bounds=(None, upper)).certificate
    assert certificate.coef[0] > 0.2
    assert certificate.coef[1] == 0.4
    assert certificate.coef[2] == 0.0
    assert certificate.verify(X, y)
    changed = dataclasses.replace(certificate, **TAMPER_PENALISED[what](certificate))
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
