"""Statistics of single rows: leverage, influence, residuals."""

import numpy as np
import pytest

import fastlogreg
from common.inference import numbers_of_classes, opened


@numbers_of_classes
def test_influence(classes):
    inference, plain = opened(classes)
    theta = inference.params.ravel()
    W, rows = plain.curvatures(theta)
    V = inference.cov_params()
    gap = plain.Y - plain.probabilities(theta)
    hats, cooks = [], []
    for i in range(len(gap)):
        H = plain.s[i] * W[i] @ rows[i].T @ V @ rows[i]
        hats.append(np.trace(H))
        u = np.linalg.solve(np.eye(plain.m) - H, plain.s[i] * gap[i, 1:])
        step = V @ rows[i] @ u
        cooks.append(step @ np.linalg.solve(V, step) / len(theta))
    np.testing.assert_allclose(inference.leverage(), hats, rtol=1e-8)
    assert inference.leverage().sum() == pytest.approx(len(theta))
    np.testing.assert_allclose(inference.cooks_distance(), cooks, rtol=1e-6)


def test_residuals_of_several_classes():
    inference, plain = opened(3)
    p = plain.probabilities(inference.params.ravel())
    np.testing.assert_allclose(inference.residuals("response"), plain.Y - p, atol=1e-12)
    pearson = np.sqrt(plain.s)[:, None] * (plain.Y - p) / np.sqrt(p * (1 - p))
    np.testing.assert_allclose(inference.residuals("pearson"), pearson, rtol=1e-9)
    deviance = inference.residuals()
    assert (deviance**2).sum() == pytest.approx(inference.deviance)
    # the variance of a residual at the estimate: (I - M) of the multinomial covariance
    W, rows = plain.curvatures(inference.params.ravel())
    V, C = inference.cov_params(), np.vstack([-np.ones((1, 2)), np.eye(2)])
    for i in (0, 17, 90):
        sW = plain.s[i] * W[i]
        left = C @ (sW - sW @ rows[i].T @ V @ rows[i] @ sW) @ C.T
        expected = plain.s[i] * (plain.Y - p)[i] / np.sqrt(np.diag(left))
        np.testing.assert_allclose(inference.residuals("standardized")[i], expected, rtol=1e-8)


def test_shares_as_targets():
    """Targets within (0, 1), counts as weights: cases among controls, one row a cell."""
    random = np.random.default_rng(3)
    X, total = random.normal(size=(40, 2)), random.integers(3, 20, 40)
    cases = random.binomial(total, 1 / (1 + np.exp(-X[:, 0])))
    grouped = fastlogreg.Inference(X, cases / total, sample_weight=total.astype(float))
    single = fastlogreg.Inference(
        np.repeat(X, 2, axis=0), np.tile([1, 0], 40),
        sample_weight=np.column_stack([cases, total - cases]).ravel().astype(float),
    )  # fmt: skip
    for name in ("params", "bse", "loglik", "nobs", "bic"):
        np.testing.assert_allclose(getattr(grouped, name), getattr(single, name), rtol=1e-9)
    ends = single.conf_int(method="profile")
    np.testing.assert_allclose(grouped.conf_int(method="profile"), ends, rtol=1e-8)
    assert grouped.deviance < single.deviance
    assert (grouped.residuals() ** 2).sum() == pytest.approx(grouped.deviance)
    three = fastlogreg.Inference(X, np.column_stack([1 - cases / total, cases / total]),
                                 sample_weight=total.astype(float))  # fmt: skip
    np.testing.assert_allclose(three.params, grouped.params, rtol=1e-10)
