"""Probabilities: average marginal effects, intervals, and new rows."""

import numpy as np
import pytest
import scipy.sparse as sp

import fastlogreg
from common.inference import differences, numbers_of_classes, opened, problem


def average_effects(plain, theta, discrete, A=None, share=None):
    """Marginal effects (K, columns) by differences of probabilities."""
    A = plain.A if A is None else A
    share = plain.s / plain.s.sum() if share is None else share
    out = []
    for j in range(plain.q - 1):
        low, high, step = A.copy(), A.copy(), 1.0
        if discrete and j == 1:
            low[:, j], high[:, j] = 0.0, 1.0
        else:
            low[:, j] -= 1e-5
            high[:, j] += 1e-5
            step = 2e-5
        gap = plain.probabilities(theta, high) - plain.probabilities(theta, low)
        out.append(share @ gap / step)
    return np.array(out).T


@pytest.mark.parametrize("discrete", [True, False])
@numbers_of_classes
def test_average_marginal_effects(classes, discrete):
    inference, plain = opened(classes)
    theta = inference.params.ravel()
    table = inference.marginal_effects(discrete=discrete)

    def effects(t):
        out = average_effects(plain, t, discrete)
        return (out[1:] if plain.m == 1 else out).ravel()

    np.testing.assert_allclose(table["effect"], effects(theta), rtol=1e-6, atol=1e-9)
    jacobian = differences(effects, theta, 1e-4)
    error = np.sqrt(np.einsum("ja,ab,jb->j", jacobian, inference.cov_params(), jacobian))
    np.testing.assert_allclose(table["std err"], error, rtol=1e-4)
    np.testing.assert_allclose(table["z"], table["effect"] / table["std err"])


def test_marginal_effects_at_a_place():
    inference, plain = opened(3, offset=False)
    theta, share = inference.params.ravel(), plain.s / plain.s.sum()
    mean = share @ plain.A
    for at, place in (("mean", mean), ({"x0": 1.5}, [1.5, *mean[1:]]), ({2: 4.0}, None)):
        place = np.array([mean[0], mean[1], 4.0, 1.0] if place is None else place)[None]
        expected = average_effects(plain, theta, True, place, np.ones(1)).ravel()
        ours = inference.marginal_effects(at)["effect"]
        np.testing.assert_allclose(ours, expected, rtol=1e-6, atol=1e-9)


@numbers_of_classes
def test_intervals_of_probabilities(classes):
    """Logits and their errors by the delta method, with a numerical derivative."""
    inference, plain = opened(classes)
    theta = inference.params.ravel()
    ours = inference.predict_interval(level=0.9)
    ours = ours[:, None] if plain.m == 1 else ours

    def logits(t):
        p = plain.probabilities(t)
        z = np.log(p) - np.log1p(-p)
        return z[:, 1:] if plain.m == 1 else z

    jacobian = differences(logits, theta)
    error = np.sqrt(np.einsum("ika,ab,ikb->ik", jacobian, inference.cov_params(), jacobian))
    z = logits(theta)[..., None] + 1.6448536269514722 * error[..., None] * np.array([0, -1, 1])
    np.testing.assert_allclose(ours, 1 / (1 + np.exp(-z)), rtol=1e-5)


def test_new_rows():
    X, y, given = problem(3)
    inference = fastlogreg.Inference(X, y, **given)
    whole = inference.predict_interval()
    some = inference.predict_interval(sp.csr_array(X[5:9]), offset=given["offset"][5:9])
    np.testing.assert_allclose(some, whole[5:9], rtol=1e-10)
