"""The NumPy reference for many classes against 50 digits, finite differences and its own bound."""

import mpmath
import numpy as np
import pytest

from fastlogreg import reference
from fastlogreg import reference_softmax as many

pytestmark = pytest.mark.usefixtures("digits")

SCORES = [
    [0.0, 0.0, 0.0], [1.0, -2.0, 0.3], [40.0, 0.0, -3.0], [-1000.0, 0.0, 1000.0],
    [700.0, 0.0, 699.0], [1e-18, 0.0, -1e-18], [5.0, 5.0, -200.0], [1e5, -1e5, 3.0],
]  # fmt: skip


def exact_probabilities(z):
    e = [mpmath.exp(mpmath.mpf(value)) for value in z]
    return [value / mpmath.fsum(e) for value in e]


def exact_loss(z, y):
    z = [mpmath.mpf(value) for value in z]
    top = max(range(len(z)), key=lambda k: z[k])
    rest = mpmath.fsum(mpmath.exp(v - z[top]) for k, v in enumerate(z) if k != top)
    return mpmath.log1p(rest) + mpmath.fsum(t * (z[top] - v) for t, v in zip(y, z, strict=True))


@pytest.mark.parametrize("z", SCORES)
def test_softmax(z):
    want = [float(value) for value in exact_probabilities(z)]
    np.testing.assert_allclose(many.softmax(np.array(z)), want, rtol=1e-14, atol=5e-324)


@pytest.mark.parametrize("y", [0, 1, 2, [0.2, 0.3, 0.5], [1.0, 0.0, 0.0], [0.0, 0.5, 0.5]])
@pytest.mark.parametrize("z", SCORES)
def test_loss_and_residual(z, y):
    targets = np.eye(3)[y] if isinstance(y, int) else np.array(y)
    given, scores = np.array([y]), np.array([z])
    want = float(exact_loss(z, targets))
    assert many.softmax_cross_entropy(given, scores)[0] == pytest.approx(want, rel=4e-15, abs=0)
    exact = exact_probabilities(z)
    want = [float(pi - mpmath.mpf(t)) for pi, t in zip(exact, targets, strict=True)]
    got = many.softmax_residual(given, scores)[0]
    np.testing.assert_allclose(got, want, rtol=1e-14 if isinstance(y, int) else 0, atol=2e-16)


def test_two_classes_are_the_binary_model():
    z = np.linspace(-800, 800, 41)
    y = np.arange(41) % 2
    pair = np.column_stack([np.zeros(41), z])
    want = reference.binary_cross_entropy(y, z)
    np.testing.assert_allclose(many.softmax_cross_entropy(y, pair), want, rtol=1e-15)
    np.testing.assert_allclose(many.softmax(pair)[:, 1], reference.sigmoid(z), rtol=1e-14)


def problem(seed=0, n=30, p=3, K=4, soft=True):
    rng = np.random.default_rng(seed)
    y = rng.dirichlet(np.ones(K), n) if soft else rng.integers(0, K, n)
    data = {"sample_weight": rng.random(n), "offset": rng.normal(size=(n, K))}
    return rng.normal(size=(n, p)), y, rng.normal(size=(K, p)), rng.normal(size=K), data


@pytest.mark.parametrize("with_intercept", [True, False])
@pytest.mark.parametrize("soft", [True, False])
def test_derivatives(with_intercept, soft):
    X, y, coef, intercept, data = problem(soft=soft)
    K, p = coef.shape
    theta = np.column_stack([coef, intercept]) if with_intercept else coef

    def at(flat):
        theta_at = flat.reshape(K, -1)
        b = theta_at[:, p] if with_intercept else None
        f, g = many.softmax_loss_gradient(X, y, theta_at[:, :p], b, alpha=0.3, **data)
        return f, g.ravel()

    def slope(k, which):
        h = 1e-5 * np.eye(theta.size)[k]
        return (at(theta.ravel() + h)[which] - at(theta.ravel() - h)[which]) / 2e-5

    gradient = at(theta.ravel())[1]
    np.testing.assert_allclose(gradient, [slope(k, 0) for k in range(theta.size)], atol=1e-8)
    b = intercept if with_intercept else None
    hessian = many.softmax_hessian(
        X, coef, b, alpha=0.3, sample_weight=data["sample_weight"], offset=data["offset"]
    )
    np.testing.assert_allclose(hessian, [slope(k, 1) for k in range(theta.size)], atol=1e-8)


@pytest.mark.parametrize("reference_class", [None, 0, 3])
def test_newton_ends_where_the_gradient_is_zero(reference_class):
    X, y, _, _, data = problem(n=60)
    coef, intercept, objectives = many.softmax_newton(
        X, y, 4, alpha=0.01, reference_class=reference_class, tol=1e-22, **data
    )
    gradient = many.softmax_loss_gradient(X, y, coef, intercept, alpha=0.01, **data)[1]
    if reference_class is None:
        np.testing.assert_allclose(coef.sum(axis=0), 0.0, atol=1e-9)
    else:
        assert not coef[reference_class].any()
        assert not intercept[reference_class]
        gradient = np.delete(gradient, reference_class, axis=0)
    np.testing.assert_allclose(gradient, 0.0, atol=1e-8)
    assert all(np.diff(objectives) <= 0)


@pytest.mark.parametrize("seed", range(20))
def test_the_divergence_is_bounded(seed):
    rng = np.random.default_rng(seed)
    pi = rng.dirichlet(np.full(5, 0.3), 200)
    t = rng.normal(size=pi.shape)
    t -= (pi * t).sum(axis=1, keepdims=True)
    t *= rng.uniform(0, 0.999, (200, 1)) / np.abs(t.min(axis=1, keepdims=True))
    exact = (pi * ((1 + t) * np.log1p(t) - t)).sum(axis=1)
    bound = many.divergence_bound(pi, t)
    assert (bound >= exact * (1 - 1e-12)).all()
    small = 1e-4 * t
    exact = (pi * 0.5 * small**2).sum(axis=1)
    np.testing.assert_allclose(many.divergence_bound(pi, small), exact, rtol=1e-2)


PENALTIES = {
    "ridge": {"alpha": 0.05},
    "lasso": {"l1": 0.03},
    "elastic net": {"l1": 0.02, "alpha": 0.03},
    "grouped": {"l1": 0.04, "grouped": True},
    "box": {"alpha": 0.02, "lower": -0.3, "upper": 0.2},
    "reference": {"alpha": 0.05, "reference_class": 1},
}


@pytest.mark.parametrize("penalty", PENALTIES)
def test_the_gap_bounds_the_distance_to_the_minimum(penalty):
    """From points on the way of 1000 proximal gradient steps to their end."""
    arguments = PENALTIES[penalty]
    X, y, *_, data = problem(n=200, soft=False)
    l1, l2 = arguments.get("l1", 0.0), arguments.get("alpha", 0.0)
    lower, upper = arguments.get("lower", -np.inf), arguments.get("upper", np.inf)
    grouped, held = arguments.get("grouped", False), arguments.get("reference_class")

    def value(coef, loss):
        return loss + many.softmax_penalty(coef, l1, l2, grouped)

    coef, intercept, objectives, gaps = np.zeros((4, 3)), np.zeros(4), [], []
    for k in range(1000):
        loss, gradient = many.softmax_loss_gradient(X, y, coef, intercept, **data)
        objectives.append(value(coef, loss))
        if k % 10 == 0:
            gap = many.softmax_duality_gap(X, y, coef, intercept, **data, **arguments)
            gaps.append((objectives[-1], gap))
        move = coef - gradient[:, :3]
        size = np.linalg.norm(move, axis=0) if grouped else np.abs(move)
        shrunk = np.divide(np.maximum(size - l1, 0.0), size, out=0.0 * size, where=size > 0)
        coef = np.clip(move * shrunk / (1.0 + l2), lower, upper)
        intercept = intercept - gradient[:, 3]
        if held is not None:
            coef[held], intercept[held] = 0.0, 0.0
    assert (np.diff(objectives) <= 1e-14).all()
    f, gap = np.array(gaps).T
    assert np.isfinite(gap).sum() >= 80
    assert (f - gap <= objectives[-1] * (1 + 1e-13)).all()
    assert gap.min() <= 1e-8  # and it says something
