"""Many classes with a ridge or none: against the reference's Newton method, and what must hold."""

import dataclasses
import importlib
import signal
import time

import mpmath
import numpy as np
import pytest
import scipy.sparse as sp

import fastlogreg
from fastlogreg import multiclass
from fastlogreg import reference_softmax as many
from fastlogreg.result import CALLBACK, CONVERGED, MAX_ITER, STALLED, UNPROVED

KINDS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "C-float32": lambda A: A.astype(np.float32),
    "F-float32": lambda A: np.asfortranarray(A, dtype=np.float32),
    "CSR": sp.csr_array,
    "CSC": sp.csc_array,
    "CSR-float32": lambda A: sp.csr_array(A.astype(np.float32)),
}


def data(n=160, p=5, K=4, seed=0):
    """Columns of several sizes, a third of them zeros, as float32 holds them; labels overlap."""
    rng = np.random.default_rng([seed, n, p, K])
    X = rng.normal(size=(n, p)) * np.geomspace(0.3, 3.0, p) + 0.2
    X = (X * (rng.random((n, p)) < 0.7)).astype(np.float32).astype(float)
    W = rng.normal(size=(K, p)) / np.geomspace(0.3, 3.0, p)
    y = np.argmax(X @ W.T * 0.7 + rng.gumbel(size=(n, K)), axis=1)
    y[::5] = np.arange(len(y[::5])) % K
    return X, y


def soft(n, K, seed=1):
    y = np.random.default_rng(seed).dirichlet(np.full(K, 0.5), n)
    y[:3] = np.eye(K)[0]
    return y / y.sum(axis=1, keepdims=True)


def offsets(n, K):
    return np.random.default_rng(2).normal(size=(n, K))


def weights(n):
    return np.random.default_rng(3).integers(0, 4, n).astype(float)


ARGUMENTS = {
    "no penalty": lambda n, p, K: {},
    "ridge": lambda n, p, K: {"alpha": 0.02},
    "weak ridge": lambda n, p, K: {"alpha": 1e-5},
    "first class at zero": lambda n, p, K: {"reference_class": 0},
    "last class at zero, ridge": lambda n, p, K: {"reference_class": K - 1, "alpha": 0.05},
    "weights": lambda n, p, K: {"alpha": 0.01, "sample_weight": weights(n)},
    "offset": lambda n, p, K: {"alpha": 0.01, "offset": offsets(n, K)},
    "offset, no penalty": lambda n, p, K: {"offset": offsets(n, K)},
    "soft targets": lambda n, p, K: {"alpha": 0.01, "y": soft(n, K)},
    "soft targets, no penalty": lambda n, p, K: {"y": soft(n, K)},
    "no intercept": lambda n, p, K: {"alpha": 0.01, "fit_intercept": False},
    "factors": lambda n, p, K: {"alpha": 0.05, "penalty_factor": np.arange(p) % 3 / 2.0},
    "standardize": lambda n, p, K: {"alpha": 0.05, "standardize": True},
    "everything": lambda n, p, K: {
        "alpha": 0.05, "penalty_factor": np.arange(p) % 3 / 2.0, "standardize": True,
        "sample_weight": weights(n), "offset": offsets(n, K), "y": soft(n, K),
        "reference_class": 1,
    },
}  # fmt: skip


class Problem:
    """Data, the arguments of a fit, and what the reference makes of them."""

    def __init__(self, name, n, p, K):
        self.X, y = data(n, p, K)
        self.K, self.arguments = K, {"y": y, "n_classes": K} | ARGUMENTS[name](n, p, K)
        a = self.arguments
        self.data = {key: a[key] for key in ("sample_weight", "offset") if key in a}
        ridge = a.get("alpha", 0.0) * np.broadcast_to(a.get("penalty_factor", 1.0), p)
        if a.get("standardize"):
            s = a.get("sample_weight")
            mean = np.average(self.X, axis=0, weights=s)
            ridge = ridge * np.average((self.X - mean) ** 2, axis=0, weights=s)
        self.coef, self.intercept, objectives = many.softmax_newton(
            self.X, a["y"], K, alpha=ridge, fit_intercept=a.get("fit_intercept", True),
            reference_class=a.get("reference_class"), tol=1e-22, **self.data,
        )  # fmt: skip
        self.minimum = objectives[-1]

    def fit(self, kind=np.asarray, **changes):
        arguments = self.arguments | {"tol": 0.0} | changes
        return fastlogreg.fit(kind(self.X), **arguments)

    def check(self, result, close=1e-7):
        assert result.converged
        assert result.stop_reason in (CONVERGED, STALLED)
        assert result.solver == "softmax"
        assert result.coef.shape == self.coef.shape
        assert result.objective == pytest.approx(self.minimum, rel=1e-13, abs=0)
        scale = np.abs(self.coef).max()
        np.testing.assert_allclose(result.coef, self.coef, rtol=0, atol=close * scale)
        want = np.zeros(self.K) if self.intercept is None else self.intercept
        np.testing.assert_allclose(result.intercept, want, rtol=0, atol=10 * close)
        assert result.certificate.relative_gap <= 1e-12
        assert result.certificate.verify(self.X, self.arguments["y"], **self.data)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ARGUMENTS)
def test_the_reference_ends_there_too(name, kind):
    problem = Problem(name, 160, 5, 4)
    problem.check(problem.fit(KINDS[kind]))


@pytest.mark.slow
@pytest.mark.parametrize("name", ARGUMENTS)
def test_more_parameters(name):
    """Quasi-Newton steps instead of the compiled Newton method."""
    problem = Problem(name, 1500, 24, 5)
    assert problem.X.shape[0] * problem.coef.size**2 > 2e7
    for kind in ("C", "F", "CSR"):
        problem.check(problem.fit(KINDS[kind]), close=1e-6)


@pytest.mark.parametrize("K", [2, 3, 11])
@pytest.mark.parametrize("p", [1, 9])
def test_other_shapes(K, p):
    X, y = data(400, p, K)
    result = fastlogreg.fit(X, y, n_classes=K, alpha=1e-3, tol=1e-13)
    coef, intercept, objectives = many.softmax_newton(X, y, K, alpha=1e-3, tol=1e-22)
    assert result.objective == pytest.approx(objectives[-1], rel=1e-13, abs=0)
    np.testing.assert_allclose(result.coef, coef, atol=1e-7 * np.abs(coef).max())
    np.testing.assert_allclose(result.intercept, intercept, atol=1e-6)


@pytest.mark.parametrize("name", ["ridge", "no penalty", "last class at zero, ridge"])
@pytest.mark.parametrize("shape", [(160, 5, 4), (1500, 24, 5)])
def test_weights_are_repeats(name, shape):
    n, p, K = shape
    X, y = data(*shape)
    s = np.random.default_rng(0).integers(0, 4, n)
    arguments = {"n_classes": K, "tol": 0.0} | ARGUMENTS[name](n, p, K)
    weighted = fastlogreg.fit(X, y, sample_weight=s, **arguments)
    repeated = fastlogreg.fit(np.repeat(X, s, axis=0), np.repeat(y, s), **arguments)
    scaled = fastlogreg.fit(X, y, sample_weight=1e6 * s, **arguments)
    for other in (repeated, scaled):
        assert weighted.objective == pytest.approx(other.objective, rel=1e-13, abs=0)
        scale = np.abs(other.coef).max()
        np.testing.assert_allclose(weighted.coef, other.coef, rtol=0, atol=1e-7 * scale)


@pytest.mark.parametrize("arguments", [
    {"alpha": 0.01}, {}, {"alpha": 0.01, "l1_ratio": 1.0}, {"alpha": 0.02, "l1_ratio": 0.5},
    {"alpha": 0.02, "l1_ratio": 1.0, "grouped": True},
    {"alpha": 0.02, "bounds": (-0.2, 0.3)},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("shape", [(200, 5, 5), (1500, 24, 5)])
def test_any_order_of_classes_and_rows(arguments, shape):
    n, p, K = shape
    X, y = data(*shape)
    rng = np.random.default_rng(0)
    order, rows = rng.permutation(K), rng.permutation(n)
    arguments = arguments | {"n_classes": K, "tol": 1e-14, "offset": offsets(n, K)}
    result = fastlogreg.fit(X, y, **arguments)
    arguments["offset"] = arguments["offset"][:, order]
    turned = fastlogreg.fit(X, np.argsort(order)[y], **arguments)
    arguments["offset"] = arguments["offset"][rows]
    mixed = fastlogreg.fit(X[rows], np.argsort(order)[y[rows]], **arguments)
    for other in (turned, mixed):
        assert other.objective == pytest.approx(result.objective, rel=1e-13, abs=0)
        scale = np.abs(result.coef).max()
        np.testing.assert_allclose(other.coef, result.coef[order], rtol=0, atol=1e-6 * scale)
        np.testing.assert_allclose(other.intercept, result.intercept[order], atol=1e-6)
        np.testing.assert_array_equal(other.coef == 0, result.coef[order] == 0)


# ---------------------------------------------------------------------- two classes


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_two_classes_with_a_ridge_are_the_binary_fit(fit_intercept):
    """Scores -z/2 and z/2 cost alpha/4 |w|^2, those of a reference class alpha/2 |w|^2."""
    X, y = data(300, 6, 2)
    more = {"tol": 0.0, "fit_intercept": fit_intercept, "sample_weight": weights(300) + 0.1}
    half = fastlogreg.fit(X, y, alpha=0.01, **more)
    pair = fastlogreg.fit(X, y, alpha=0.02, n_classes=2, **more)
    np.testing.assert_allclose(pair.coef, np.outer([-0.5, 0.5], half.coef), atol=1e-9)
    np.testing.assert_allclose(pair.intercept, [-half.intercept / 2, half.intercept / 2], atol=1e-9)
    assert pair.objective == pytest.approx(half.objective, rel=1e-14)
    held = fastlogreg.fit(X, y, alpha=0.01, n_classes=2, reference_class=0, **more)
    np.testing.assert_allclose(held.coef, [0.0 * half.coef, half.coef], atol=1e-9)
    assert held.objective == pytest.approx(half.objective, rel=1e-14)


@pytest.mark.parametrize("l1_ratio", [0.3, 1.0])
@pytest.mark.parametrize("bounds", [None, (-0.1, 0.25)])
def test_two_classes_with_a_lasso_are_the_binary_fit(l1_ratio, bounds):
    """With one class at zero, everything is the same; else |w_0| + |w_1| >= |w_1 - w_0|."""
    X, y = data(300, 6, 2)
    want = fastlogreg.fit(X, y, alpha=0.03, l1_ratio=l1_ratio, bounds=bounds, tol=1e-14)
    held = fastlogreg.fit(
        X, y, alpha=0.03, l1_ratio=l1_ratio, tol=1e-14, n_classes=2, reference_class=0,
        bounds=None if bounds is None else (np.full((2, 6), -0.1), 0.25),
    )  # fmt: skip
    np.testing.assert_allclose(held.coef[1], want.coef, atol=1e-7)
    np.testing.assert_array_equal(held.coef[1] == 0, want.coef == 0)
    assert held.objective == pytest.approx(want.objective, rel=1e-13)
    if bounds is None:
        l1, l2 = 0.03 * l1_ratio, 0.03 * (1 - l1_ratio) / 2
        want = fastlogreg.fit(X, y, alpha=l1 + l2, l1_ratio=l1 / (l1 + l2), tol=1e-14)
        pair = fastlogreg.fit(X, y, alpha=0.03, l1_ratio=l1_ratio, tol=1e-14, n_classes=2)
        np.testing.assert_allclose(pair.coef[1] - pair.coef[0], want.coef, atol=1e-7)
        assert pair.objective == pytest.approx(want.objective, rel=1e-13)
        grouped = fastlogreg.fit(
            X, y, alpha=0.03, l1_ratio=l1_ratio, grouped=True, tol=1e-14, n_classes=2
        )
        l1 /= np.sqrt(2.0)  # || (-w, w) / 2 || = |w| / sqrt 2
        want = fastlogreg.fit(X, y, alpha=l1 + l2, l1_ratio=l1 / (l1 + l2), tol=1e-14)
        np.testing.assert_allclose(grouped.coef, np.outer([-0.5, 0.5], want.coef), atol=1e-7)


# ---------------------------------------------------------------------- 40 digits


@pytest.mark.parametrize("seed", range(3))
def test_forty_digits(seed):
    """Newton's method in 40 digits: the minimum lies within every certified gap."""
    X, y = data(14, 2, 3, seed)
    alpha, n, K, q = mpmath.mpf("0.03"), 14, 3, 3
    with mpmath.workdps(40):
        rows = [[mpmath.mpf(v) for v in (*row, 1.0)] for row in X]
        start = fastlogreg.fit(X, y, n_classes=3, alpha=0.03, tol=1e-8)
        start = np.column_stack([start.coef, start.intercept])
        theta = mpmath.matrix([mpmath.mpf(v) for v in start.ravel()])
        for _ in range(5):
            f, g, H = mpmath.mpf(0), mpmath.zeros(K * q, 1), mpmath.zeros(K * q, K * q)
            for x, label in zip(rows, y, strict=True):
                z = [mpmath.fsum(x[j] * theta[k * q + j] for j in range(q)) for k in range(K)]
                e = [mpmath.exp(value) for value in z]
                pi = [value / mpmath.fsum(e) for value in e]
                f += (mpmath.log(mpmath.fsum(e)) - z[label]) / n
                for k in range(K):
                    for j in range(q):
                        g[k * q + j] += (pi[k] - (k == label)) * x[j] / n
                        for m in range(K):
                            h = pi[k] * ((k == m) - pi[m]) / n
                            for i in range(q):
                                H[k * q + j, m * q + i] += h * x[j] * x[i]
            for k in range(K):
                for j in range(2):
                    f += alpha * theta[k * q + j] ** 2 / 2
                    g[k * q + j] += alpha * theta[k * q + j]
                    H[k * q + j, k * q + j] += alpha
                for m in range(K):
                    H[k * q + 2, m * q + 2] += 1  # the shift that all intercepts share
            theta -= mpmath.lu_solve(H, g)
        assert mpmath.norm(g) < 1e-30
    for tol in (1e-2, 1e-6, 1e-12, 0.0):
        result = fastlogreg.fit(X, y, n_classes=3, alpha=0.03, tol=tol)
        excess = float(mpmath.mpf(result.objective) - f)
        assert -1e-15 <= excess <= result.certificate.gap
        assert result.certificate.relative_gap <= max(tol, 1e-13)
    want = np.array([float(v) for v in theta]).reshape(3, 3)
    np.testing.assert_allclose(result.coef, want[:, :2], atol=1e-12)
    np.testing.assert_allclose(result.intercept, want[:, 2], atol=1e-12)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("shape", [(60, 4, 3), (900, 30, 5)])
def test_loose_tolerances_prove_what_they_say(shape, seed):
    X, y = data(*shape, seed)
    alpha = 10.0 ** -(1 + seed % 4)
    best = fastlogreg.fit(X, y, n_classes=shape[2], alpha=alpha, tol=1e-14)
    coef, b = best.coef, best.intercept
    below = many.softmax_duality_gap(X, y, coef, b, alpha=alpha)  # by NumPy alone
    assert below <= 1e-12 * best.objective
    for tol in (0.3, 1e-2, 1e-4, 1e-7):
        result = fastlogreg.fit(X, y, n_classes=shape[2], alpha=alpha, tol=tol)
        excess = result.objective - best.objective
        assert excess <= result.certificate.gap * (1 + 1e-9) + 1e-14
        assert result.certificate.relative_gap <= tol
        assert result.certificate.verify(X, y)
        if excess > 1e-11:  # and would not prove less
            false = dataclasses.replace(result.certificate, gap=0.5 * excess)
            assert not false.verify(X, y)


# ---------------------------------------------------------------------- more columns than rows


@pytest.mark.parametrize("more", [
    {}, {"reference_class": 1}, {"fit_intercept": False}, {"sample_weight": weights(40) + 0.5},
    {"offset": offsets(40, 3)}, {"y": soft(40, 3)},
], ids=lambda m: "-".join(m) or "plain")  # fmt: skip
@pytest.mark.parametrize("kind", ["C", "F", "C-float32"])
def test_the_span_of_the_rows(monkeypatch, more, kind):
    import fastlogreg.solvers.softmax  # noqa: F401
    from fastlogreg.solvers import softmax_span

    X, y = data(40, 400, 3)
    arguments = {"y": y, "n_classes": 3, "alpha": 0.05, "tol": 1e-12} | more
    result = fastlogreg.fit(KINDS[kind](X), **arguments)
    monkeypatch.setattr(softmax_span, "serves", lambda objective: False)
    plain = fastlogreg.fit(KINDS[kind](X), **arguments)
    assert result.converged
    assert plain.converged
    assert result.n_passes < plain.n_passes
    assert result.objective == pytest.approx(plain.objective, rel=1e-11)
    np.testing.assert_allclose(result.coef, plain.coef, atol=1e-5 * np.abs(plain.coef).max())
    data_too = {key: more[key] for key in ("sample_weight", "offset") if key in more}
    assert result.certificate.verify(X, arguments["y"], **data_too)


def test_many_sparse_columns():
    rng = np.random.default_rng(0)
    X = sp.random_array((400, 5000), density=0.01, format="csr", rng=rng)
    y = np.argmax(X @ (3 * rng.normal(size=(5000, 4))) + rng.gumbel(size=(400, 4)), axis=1)
    result = fastlogreg.fit(X, y, n_classes=4, alpha=1e-3, tol=1e-8)
    assert result.converged
    assert result.certificate.relative_gap <= 1e-8
    for kind in (sp.csc_array, lambda A: A.toarray()):
        other = fastlogreg.fit(kind(X), y, n_classes=4, alpha=1e-3, tol=1e-8)
        assert other.objective == pytest.approx(result.objective, rel=2e-8)
    loss, gradient = many.softmax_loss_gradient(X.toarray(), y, result.coef, result.intercept)
    gradient[:, :-1] += 1e-3 * result.coef
    assert np.sum(gradient[:, :-1] ** 2) / 2e-3 <= 1e-7 * loss


# ---------------------------------------------------------------------- threads, callbacks, starts


@pytest.mark.parametrize("kind", ["C", "F", "CSR"])
@pytest.mark.parametrize("arguments", [
    {"alpha": 1e-3}, {"alpha": 0.01, "l1_ratio": 0.9},
    {"alpha": 0.01, "l1_ratio": 1.0, "grouped": True},
], ids=str)  # fmt: skip
def test_any_number_of_threads_gives_the_same_bits(kind, arguments):
    X, y = data(6000, 9, 6)
    X = KINDS[kind](X)
    results = [fastlogreg.fit(X, y, n_classes=6, n_threads=n, **arguments) for n in (1, 2, 3, 8, 8)]
    assert len({(r.coef.tobytes(), r.objective, r.certificate.gap) for r in results}) == 1


SOLVES = {
    "newton": ((200, 5, 4), {"alpha": 1e-3}),
    "quasi-newton": ((1500, 24, 5), {"alpha": 1e-6}),
    "span": ((40, 400, 3), {"alpha": 1e-3}),
    "proximal": ((200, 5, 4), {"alpha": 1e-3, "l1_ratio": 1.0}),
    "grouped": ((200, 5, 4), {"alpha": 1e-3, "l1_ratio": 1.0, "grouped": True}),
}


@pytest.mark.parametrize("name", SOLVES)
def test_callbacks(name):
    shape, arguments = SOLVES[name]
    X, y = data(*shape)
    arguments = arguments | {"n_classes": shape[2], "tol": 1e-10}
    seen = []
    with_callback = fastlogreg.fit(X, y, callback=seen.append, **arguments)
    plain = fastlogreg.fit(X, y, **arguments)
    np.testing.assert_array_equal(with_callback.coef, plain.coef)
    assert seen
    assert all(a.n_iter <= b.n_iter for a, b in zip(seen[:-1], seen[1:], strict=True))
    assert seen[-1].objective == pytest.approx(plain.objective, rel=1e-6)
    for step in seen:
        assert step.coef.shape == (shape[2], shape[1])
        assert step.intercept.shape == (shape[2],)
    stopped = fastlogreg.fit(X, y, callback=lambda step: True, **(arguments | {"tol": 0.0}))
    assert stopped.stop_reason == CALLBACK
    assert not stopped.converged
    assert stopped.n_iter == seen[0].n_iter


@pytest.mark.parametrize("name", SOLVES)
def test_no_iterations_and_starts(name):
    shape, arguments = SOLVES[name]
    X, y = data(*shape)
    K, arguments = shape[2], arguments | {"n_classes": shape[2], "tol": 1e-10}
    nothing = fastlogreg.fit(X, y, max_iter=0, **arguments)
    assert nothing.stop_reason == MAX_ITER
    assert not nothing.coef.any()
    assert not nothing.intercept.any()
    assert nothing.objective == pytest.approx(np.log(K), rel=1e-14)
    best = fastlogreg.fit(X, y, **arguments)
    assert best.converged
    assert best.n_iter > 0
    again = fastlogreg.fit(X, y, start=(best.coef, best.intercept), **arguments)
    assert again.n_iter <= 1
    assert again.objective <= best.objective * (1 + 1e-14)
    rng = np.random.default_rng(0)
    start = rng.normal(size=best.coef.shape), rng.normal(size=K)
    other = fastlogreg.fit(X, y, start=start, **arguments)
    assert other.converged
    assert other.objective == pytest.approx(best.objective, rel=2e-10)
    there = fastlogreg.fit(X, y, start=start, max_iter=0, **arguments)
    if name == "proximal":  # the same probabilities with the smallest absolute values
        assert np.abs(there.coef).sum() < np.abs(start[0]).sum()
        there.coef[:] += (start[0] - there.coef)[0]
    np.testing.assert_allclose(there.coef, start[0], rtol=0, atol=1e-15)
    np.testing.assert_array_equal(there.intercept, start[1])


def test_a_start_is_shifted_to_the_reference_class():
    X, y = data()
    start = np.ones((4, 5)) * np.arange(4)[:, None], np.arange(4.0)
    there = fastlogreg.fit(X, y, n_classes=4, reference_class=2, start=start, max_iter=0, tol=0)
    np.testing.assert_array_equal(there.coef, start[0] - 2.0)
    np.testing.assert_array_equal(there.intercept, start[1] - 2.0)


LONG = """
import time
import numpy as np, fastlogreg
rng = np.random.default_rng(0)
X, y = rng.normal(size=(60_000, 300)), rng.integers(0, 30, 60_000)
print("start", flush=True)
try:
    fastlogreg.fit(X, y, n_classes=30, tol=0.0, max_iter=10_000, ARGUMENTS)
except KeyboardInterrupt:
    print(time.monotonic(), flush=True)
assert fastlogreg.fit(X[:100], y[:100] % 3, n_classes=3, alpha=1.0).converged
print("works on")
"""


@pytest.mark.slow
@pytest.mark.parametrize("arguments", ["alpha=1e-9, n_threads=2", "alpha=1e-3, l1_ratio=1.0"])
def test_ctrl_c(start_python, arguments):
    process = start_python(LONG.replace("ARGUMENTS", arguments), OPENBLAS_NUM_THREADS="1")
    assert process.stdout.readline() == "start\n"
    time.sleep(1.0)
    sent = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    at, last = out.split("\n")[:2]
    assert last == "works on"
    assert float(at) - sent < 1.5


@pytest.mark.parametrize("scales", [(1e7, 1, 1), (1e8, 1, 1e-4), (1e7, 1e7, 1)])
@pytest.mark.parametrize("sparse", [False, True])
def test_columns_of_any_size(scales, sparse):
    """One huge column takes no digit from the others: the fit of scaled columns, scaled back."""
    rng = np.random.default_rng(0)
    X, scales = rng.standard_normal((2000, 3)), np.array(scales, dtype=float)
    y = np.argmax(X @ rng.standard_normal((3, 4)) + rng.gumbel(size=(2000, 4)), axis=1)
    wild = sp.csr_array(X * scales) if sparse else X * scales
    result = fastlogreg.fit(wild, y, n_classes=4, alpha=1e-4)
    assert result.converged
    assert result.certificate.relative_gap <= 1e-9
    assert result.certificate.verify(wild, y)
    best = fastlogreg.fit(X, y, n_classes=4, alpha=1e-4, penalty_factor=1 / scales**2)
    assert result.objective == pytest.approx(best.objective, rel=1e-8)


def test_a_floor_without_a_proof_is_not_called_converged(monkeypatch):
    monkeypatch.setattr(multiclass, "LOOSE", 0.0)
    solver = importlib.import_module("fastlogreg.solvers.softmax")
    monkeypatch.setattr(solver, "certify", lambda *_: np.inf)
    monkeypatch.setattr(solver, "EXPLICIT", 0)
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((300, 5)), rng.integers(0, 3, 300)
    result = fastlogreg.fit(X, y, n_classes=3, alpha=1e-3)
    assert not result.converged
    assert result.stop_reason == UNPROVED
