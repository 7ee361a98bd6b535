"""Many classes with absolute values, column lengths and bounds: what holds at a minimum."""

import dataclasses

import numpy as np
import pytest
import scipy.sparse as sp

import fastlogreg
from fastlogreg import reference_softmax as many
from fastlogreg.result import CONVERGED, STALLED

KINDS = {"C": np.asarray, "F": np.asfortranarray, "CSR": sp.csr_array, "CSC": sp.csc_array}
N, P, K = 150, 6, 4


def data(n=N, p=P, classes=K, seed=0):
    """A third of the values are 0, some columns say nothing, and no class is separated."""
    rng = np.random.default_rng([seed, n, p, classes])
    X = rng.normal(size=(n, p)) * (rng.random((n, p)) < 0.7) * np.geomspace(0.5, 2.0, p)
    X = X.astype(np.float32).astype(float)
    W = rng.normal(size=(classes, p)) * (rng.random(p) < 0.6)
    y = np.argmax(X @ W.T + rng.gumbel(size=(n, classes)), axis=1)
    y[::5] = np.arange(len(y[::5])) % classes
    return X, y


def factors(p=P):
    return np.tile([0.0, 1.0, 0.3, 2.0, 1.0, 1.0], p)[:p]


def box(seed=3):
    rng = np.random.default_rng(seed)
    lower, upper = -0.4 * rng.random((K, P)), 0.4 * rng.random((K, P))
    lower[rng.random((K, P)) < 0.2], upper[rng.random((K, P)) < 0.2] = -np.inf, np.inf
    lower[0, 0], lower[1, 1], upper[1, 1] = 0.0, 0.1, 0.1
    return lower, upper


PENALTIES = {
    "lasso": {"alpha": 0.02, "l1_ratio": 1.0},
    "weak lasso": {"alpha": 1e-4, "l1_ratio": 1.0},
    "strong lasso": {"alpha": 5.0, "l1_ratio": 1.0},
    "elastic net": {"alpha": 0.03, "l1_ratio": 0.4},
    "lasso, one class at zero": {"alpha": 0.02, "l1_ratio": 1.0, "reference_class": 1},
    "lasso with factors": {"alpha": 0.02, "l1_ratio": 1.0, "penalty_factor": factors()},
    "standardized lasso": {"alpha": 0.02, "l1_ratio": 0.8, "standardize": True},
    "grouped": {"alpha": 0.03, "l1_ratio": 1.0, "grouped": True},
    "weak grouped": {"alpha": 1e-4, "l1_ratio": 1.0, "grouped": True},
    "strong grouped": {"alpha": 5.0, "l1_ratio": 1.0, "grouped": True},
    "grouped elastic net": {"alpha": 0.05, "l1_ratio": 0.5, "grouped": True},
    "grouped with factors": {
        "alpha": 0.03, "l1_ratio": 1.0, "grouped": True, "penalty_factor": factors(),
    },
    "standardized grouped": {
        "alpha": 0.03, "l1_ratio": 0.9, "grouped": True, "standardize": True,
    },
    "ridge in a box": {"alpha": 0.02, "bounds": (-0.1, 0.15)},
    "box alone": {"bounds": (-0.1, 0.15)},
    "lasso in a box": {"alpha": 0.01, "l1_ratio": 0.9, "bounds": box()},
    "not negative": {"alpha": 0.01, "l1_ratio": 1.0, "bounds": (0.0, None)},
    "box, one class at zero": {"alpha": 0.01, "bounds": (-0.2, 0.1), "reference_class": 0},
}  # fmt: skip
ROWS = {
    "plain": {},
    "weights": {"sample_weight": np.random.default_rng(4).integers(0, 4, N).astype(float)},
    "offset": {"offset": np.random.default_rng(5).normal(size=(N, K))},
    "soft targets": {"y": np.random.default_rng(6).dirichlet(np.ones(K), N)},
    "no intercept": {"fit_intercept": False},
}


def arrays(X, p=P, alpha=0.0, l1_ratio=0.0, penalty_factor=1.0, bounds=(None, None),
           standardize=False, sample_weight=None, **_):  # fmt: skip
    """l1, l2 (p,) and lower, upper (K, p) by the definition in `fastlogreg.fit`."""
    mean = np.average(X, axis=0, weights=sample_weight)
    scale = np.sqrt(np.average((X - mean) ** 2, axis=0, weights=sample_weight))
    scale = scale if standardize else np.ones(p)
    factor = np.broadcast_to(penalty_factor, p)
    low, high = (-np.inf if bounds[0] is None else bounds[0]), bounds[1]
    high = np.inf if high is None else high
    classes = np.shape(low)[0] if np.ndim(low) == 2 else K
    return (
        alpha * l1_ratio * factor * scale, alpha * (1 - l1_ratio) * factor * scale**2,
        np.broadcast_to(low, (classes, p)), np.broadcast_to(high, (classes, p)),
    )  # fmt: skip


def violation(X, y, result, l1, l2, lower, upper, *, fit_intercept=True, reference_class=None,
              grouped=False, sample_weight=None, offset=None, **_):  # fmt: skip
    """By how much the optimality conditions are broken, at most; the gradient by NumPy."""
    coef, b = result.coef, result.intercept if fit_intercept else None
    _, gradient = many.softmax_loss_gradient(
        X, y, coef, b, sample_weight=sample_weight, offset=offset
    )
    free = [k for k in range(len(coef)) if k != reference_class]
    if reference_class is not None:
        assert not coef[reference_class].any()
        assert not result.intercept[reference_class]
    worst = np.abs(gradient[free, P:]).max(initial=0.0)
    g, coef, lower, upper = ((a[free]) for a in (gradient[:, :P] + l2 * coef, coef, lower, upper))
    assert (lower <= coef).all()
    assert (coef <= upper).all()
    if grouped:
        size = np.linalg.norm(coef, axis=0)
        off = size > 0
        broken = np.where(off, 0.0, np.maximum(np.linalg.norm(g, axis=0) - l1, 0.0))
        pull = g[:, off] + l1[off] * coef[:, off] / size[off]
        return max(worst, broken.max(), np.abs(pull).max(initial=0.0))
    pull = np.where(coef == 0, np.sign(g) * np.maximum(np.abs(g) - l1, 0.0), g + l1 * np.sign(coef))
    pull[(pull > 0) & (coef == lower)] = 0.0
    pull[(pull < 0) & (coef == upper)] = 0.0
    return max(worst, np.abs(pull).max())


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("penalty", PENALTIES)
def test_optimality(penalty, rows):
    X, y = data()
    arguments = {"y": y, "n_classes": K} | PENALTIES[penalty] | ROWS[rows]
    result = fastlogreg.fit(X, tol=0.0, **arguments)
    assert result.converged
    assert result.stop_reason in (CONVERGED, STALLED)
    assert result.solver == "softmax-proximal"
    weight, offset = arguments.get("sample_weight"), arguments.get("offset")
    l1, l2, lower, upper = arrays(X, **arguments)
    assert violation(X, result=result, l1=l1, l2=l2, lower=lower, upper=upper, **arguments) <= 1e-8
    assert result.certificate.verify(X, arguments["y"], weight, offset)
    assert result.certificate.relative_gap <= 1e-11
    b = result.intercept if arguments.get("fit_intercept", True) else None
    loss, _ = many.softmax_loss_gradient(
        X, arguments["y"], result.coef, b, sample_weight=weight, offset=offset
    )
    f = loss + many.softmax_penalty(result.coef, l1, l2, arguments.get("grouped", False))
    assert result.objective == pytest.approx(f, rel=1e-13)


@pytest.mark.parametrize("penalty", PENALTIES)
def test_any_layout(penalty):
    X, y = data()
    arguments = {"y": y, "n_classes": K, "tol": 1e-13} | PENALTIES[penalty]
    want = fastlogreg.fit(X, **arguments)
    for kind in (*KINDS.values(), lambda A: A.astype(np.float32)):
        result = fastlogreg.fit(kind(X), **arguments)
        assert result.objective == pytest.approx(want.objective, rel=2e-13)
        np.testing.assert_array_equal(result.coef == 0, want.coef == 0)
        assert result.certificate.verify(X, y)


def test_penalties_do_what_they_are_for():
    X, y = data()
    fits = {
        name: fastlogreg.fit(X, y, n_classes=K, **arguments).coef
        for name, arguments in PENALTIES.items()
    }
    assert not fits["strong lasso"].any()
    assert not fits["strong grouped"].any()
    assert 0 < np.count_nonzero(fits["lasso"]) < K * P
    assert np.count_nonzero(fits["lasso with factors"][:, 0]) == K
    off = fits["grouped"].any(axis=0)
    assert 0 < off.sum() < P
    assert (fits["grouped"][:, off] != 0).all()
    np.testing.assert_allclose(fits["grouped"].sum(axis=0), 0.0, atol=1e-12)
    lower, upper = box()
    assert (fits["lasso in a box"] == lower).any()
    assert (fits["lasso in a box"] == upper).any()
    assert fits["lasso in a box"][1, 1] == 0.1
    assert (fits["not negative"] >= 0).all()


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("grouped", [False, True])
def test_the_smallest_penalty_that_leaves_nothing(l1_ratio, grouped):
    X, y = data()
    null = np.bincount(y) / N
    g = (null - np.eye(K)[y]).T @ X / N
    size = np.linalg.norm(g, axis=0) if grouped else np.abs(g)
    most = size.max() / l1_ratio
    for factor, empty in ((1.0001, True), (0.999, False)):
        result = fastlogreg.fit(
            X, y, n_classes=K, alpha=most * factor, l1_ratio=l1_ratio, grouped=grouped, tol=1e-14
        )
        assert result.coef.any() != empty


def test_a_lasso_has_medians_at_zero():
    """Of models with the same probabilities it takes the one with the smallest absolute values."""
    for classes in (3, 4, 5):
        X, y = data(400, P, classes)
        result = fastlogreg.fit(X, y, n_classes=classes, alpha=1e-3, l1_ratio=1.0, tol=1e-13)
        ordered = np.sort(result.coef, axis=0)
        low, high = ordered[(classes - 1) // 2], ordered[classes // 2]
        assert ((low <= 0) & (high >= 0)).all()
        if classes % 2:
            assert (low == 0).all()


# ---------------------------------------------------------------------- certificates

RANDOM = {
    "ridge": {}, "lasso": {"l1_ratio": 1.0}, "elastic net": {"l1_ratio": 0.5},
    "grouped": {"l1_ratio": 1.0, "grouped": True}, "box": {"bounds": (-0.3, 0.2)},
    "reference": {"l1_ratio": 0.7, "reference_class": 0},
}  # fmt: skip


@pytest.mark.parametrize("penalty", RANDOM)
@pytest.mark.parametrize("seed", range(10))
def test_the_minimum_lies_within_every_gap(penalty, seed):
    """The minimum is known to 1e-12 of itself, by NumPy alone: the dual bound at a tight fit."""
    rng = np.random.default_rng(seed)
    n, p, classes = int(rng.integers(30, 300)), int(rng.integers(1, 12)), int(rng.integers(2, 6))
    X, y = data(n, p, classes, seed)
    arguments = {"n_classes": classes, "alpha": 10.0 ** rng.uniform(-3.0, -1.0)} | RANDOM[penalty]
    best = fastlogreg.fit(X, y, tol=0.0, max_iter=300, **arguments)
    at = best.certificate
    below = many.softmax_duality_gap(
        X, y, best.coef, best.intercept, alpha=at.penalty.l2, l1=at.penalty.l1,
        lower=at.penalty.lower, upper=at.penalty.upper, reference_class=at.reference_class,
        grouped=at.grouped,
    )  # fmt: skip
    assert below <= 1e-12 * best.objective
    for tol in (0.3, 1e-2, 1e-4, 1e-7, 1e-10):
        result = fastlogreg.fit(X, y, tol=tol, **arguments)
        excess = result.objective - best.objective
        assert result.converged
        assert result.certificate.relative_gap <= tol
        assert -1e-12 <= excess <= result.certificate.gap + 1e-12 * best.objective
        if tol <= 1e-10:  # of looser ones the solver may know more than one step can prove
            assert result.certificate.verify(X, y)
        if excess > 1e-11:
            false = dataclasses.replace(result.certificate, gap=0.9 * excess)
            assert not false.verify(X, y)


@pytest.mark.slow
@pytest.mark.parametrize("penalty", ["lasso", "grouped"])
def test_more_parameters_than_a_hessian_may_have(monkeypatch, penalty):
    """Gradient steps cut the working set down before a Hessian is formed."""
    import sys

    import fastlogreg.solvers.softmax_proximal  # noqa: F401

    proximal = sys.modules["fastlogreg.solvers.softmax_proximal"]
    X, y = data(300, 60, 5)
    arguments = {"n_classes": 5, "alpha": 0.02, "tol": 1e-9} | RANDOM[penalty]
    want = fastlogreg.fit(X, y, **arguments)
    monkeypatch.setattr(proximal, "MOST", 60)
    got = fastlogreg.fit(X, y, **arguments)
    assert got.converged
    assert got.objective == pytest.approx(want.objective, rel=2e-9)
    assert got.certificate.verify(X, y)


@pytest.mark.parametrize("arguments", [
    {"l1_ratio": 1.0}, {"l1_ratio": 1.0, "grouped": True}, {"l1_ratio": 0.5},
], ids=str)  # fmt: skip
def test_more_columns_than_rows(arguments):
    X, y = data(40, 300, 3)
    for kind in KINDS.values():
        result = fastlogreg.fit(kind(X), y, n_classes=3, alpha=0.05, tol=1e-10, **arguments)
        assert result.converged
        assert result.certificate.verify(X, y)
        assert 0 < np.count_nonzero(result.coef.any(axis=0)) < 60


@pytest.mark.parametrize("arguments", [
    {"alpha": 1.0, "l1_ratio": 1.0}, {"alpha": 1.0, "l1_ratio": 1.0, "grouped": True},
    {"alpha": 0.05, "l1_ratio": 1.0}, {"bounds": (0.0, 0.0)},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_nothing_to_work_on(arguments, fit_intercept):
    """All coefficients stay at zero, with and without intercepts beside them."""
    X, y = data()
    X = X - X.mean(axis=0)
    if "bounds" not in arguments and arguments["alpha"] < 1.0:
        X = X / 100.0
    result = fastlogreg.fit(X, y, n_classes=K, fit_intercept=fit_intercept, **arguments)
    assert result.converged
    assert not result.coef.any()
    share = np.bincount(y) / N
    want = np.log(share) - np.log(share).mean() if fit_intercept else np.zeros(K)
    np.testing.assert_allclose(result.intercept, want, atol=1e-9)
    assert result.certificate.verify(X, y)


@pytest.mark.parametrize("l1_ratio", [0.5, 1.0])
@pytest.mark.parametrize("columns", [1, 5])
def test_columns_far_from_zero(l1_ratio, columns):
    """The intercepts take up any shift of the columns."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 5))
    y = np.argmax(X[:, :1] * [1, 0, -1, 0.5] + rng.gumbel(size=(200, 4)), axis=1)
    near = fastlogreg.fit(X, y, n_classes=4, alpha=0.005, l1_ratio=l1_ratio)
    X[:, :columns] += 1000.0
    far = fastlogreg.fit(X, y, n_classes=4, alpha=0.005, l1_ratio=l1_ratio, tol=1e-8)
    assert far.converged
    assert far.objective == pytest.approx(near.objective, rel=1e-8)
    np.testing.assert_allclose(far.coef, near.coef, atol=1e-3)


@pytest.mark.parametrize("K", [4, 5, 6])
@pytest.mark.parametrize("factor", [[1, 1, 1], [1, 0, 1]])
def test_order_of_the_classes_does_not_matter(K, factor):
    """Of an even number of classes too, where a column may be shifted at no cost."""
    rng = np.random.default_rng(K)
    X = rng.normal(size=(200, 3))
    y = np.argmax(X @ rng.normal(size=(3, K)) + rng.gumbel(size=(200, K)), axis=1)
    order = rng.permutation(K)
    terms = {"n_classes": K, "alpha": 0.005, "l1_ratio": 1.0, "penalty_factor": factor}
    one, other = (fastlogreg.fit(X, codes, **terms) for codes in (y, order[y]))
    np.testing.assert_allclose(other.coef[order], one.coef, atol=1e-9)
    np.testing.assert_array_equal(other.coef[order] == 0.0, one.coef == 0.0)
    assert (one.coef == 0.0).any(axis=0)[np.array(factor) > 0].all()
