"""The coordinate step: one cycle equals the reference's, many cycles reach the optimum."""

import numpy as np
import pytest

from fastlogreg import reference
from fastlogreg._kernels import core as kernels


def model(q, seed=0):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(2 * q + 3, q))
    return A.T @ A / len(A), rng.normal(size=q), rng


@pytest.mark.parametrize("q", [1, 2, 7, 8, 9, 31, 64, 100])
@pytest.mark.parametrize("penalised", [False, True])
def test_one_cycle_equals_the_reference(level, q, penalised):
    H, gradient, rng = model(q)
    w = rng.normal(size=q)
    slope = gradient + H @ w
    extra = {}
    if penalised:
        extra = {
            "l1": rng.random(q), "l2": rng.random(q), "lower": -rng.random(q),
            "upper": rng.random(q),
        }  # fmt: skip
    want_w, want_slope, want_largest = reference.coordinate_sweep(H, w, slope, **extra)
    largest = kernels.coordinate_sweep(H, w, slope, **extra)
    np.testing.assert_allclose(w, want_w, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(slope, want_slope, rtol=1e-11, atol=1e-11)
    assert largest == pytest.approx(want_largest, rel=1e-11)


def cycles(H, gradient, **extra):
    w = np.zeros(len(gradient))
    slope = gradient.copy()
    for _ in range(5000):
        if kernels.coordinate_sweep(H, w, slope, **extra) < 1e-28:
            return w, slope
    raise AssertionError("coordinate descent did not come to rest")


def test_no_penalty_is_the_newton_step(level):
    H, gradient, _ = model(20)
    w, _ = cycles(H, gradient)
    np.testing.assert_allclose(w, -np.linalg.solve(H, gradient), atol=1e-9)


def test_lasso_and_box_meet_their_conditions(level):
    H, gradient, _ = model(30, seed=1)
    l1, l2 = np.full(30, 0.3), np.full(30, 0.1)
    lower, upper = np.full(30, -0.4), np.full(30, 0.5)
    w, slope = cycles(H, gradient, l1=l1, l2=l2, lower=lower, upper=upper)
    np.testing.assert_allclose(slope, gradient + H @ w, atol=1e-12)
    pull = slope + l2 * w
    inside = (w > lower) & (w < upper)
    free = inside & (w != 0)
    assert free.any()
    assert (w == 0).any()
    assert (~inside).any()
    np.testing.assert_allclose(pull[free], -l1[free] * np.sign(w[free]), atol=1e-10)
    assert (np.abs(pull[w == 0]) <= l1[w == 0] + 1e-10).all()
    assert (pull[w == upper] <= -l1[w == upper] + 1e-10).all()
    assert (pull[w == lower] >= l1[w == lower] - 1e-10).all()


def test_a_flat_coordinate_stays():
    H = np.diag([1.0, 0.0])
    w, slope = np.array([0.0, 3.0]), np.array([2.0, 5.0])
    kernels.coordinate_sweep(H, w, slope)
    np.testing.assert_array_equal(w, [-2.0, 3.0])


def test_wrong_lengths_are_refused():
    with pytest.raises(ValueError, match="lengths"):
        kernels.coordinate_sweep(np.eye(3), np.zeros(3), np.zeros(2))
    with pytest.raises(ValueError, match="lengths"):
        kernels.coordinate_sweep(np.eye(3), np.zeros(3), np.zeros(3), np.zeros(4))
