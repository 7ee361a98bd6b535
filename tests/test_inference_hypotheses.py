"""Tests of coefficients, their intervals and profiles, and the fit as a whole."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import chi2

import fastlogreg
from common.inference import numbers_of_classes, opened, problem


def without(plain, columns):
    """The maximum of the plain model without some columns: (log-likelihood, theta with zeros)."""
    keep = np.tile([j not in columns for j in range(plain.q)], plain.m)

    def full(part):
        theta = np.zeros(len(keep))
        theta[keep] = part
        return theta

    part = np.zeros(keep.sum())
    for _ in range(30):
        theta = full(part)
        score = (plain.s[:, None] * plain.scores(theta)).sum(axis=0)[keep]
        part = part + np.linalg.solve(plain.information(theta)[np.ix_(keep, keep)], score)
    return plain.loglik(full(part)), full(part)


@pytest.mark.parametrize("columns", [[0], [1, 2], [0, 1, 2]])
@numbers_of_classes
def test_three_tests(classes, columns):
    inference, plain = opened(classes)
    drop = None if len(columns) == 3 else [inference.names[j] for j in columns]
    df = plain.m * len(columns)
    loglik, theta = without(plain, columns)
    ratio = inference.lr_test(drop)
    assert ratio.df == df
    assert ratio.statistic == pytest.approx(2 * (inference.loglik - loglik), rel=1e-9)
    assert ratio.pvalue == pytest.approx(chi2.sf(ratio.statistic, df), rel=1e-9)
    score = (plain.s[:, None] * plain.scores(theta)).sum(axis=0)
    rao = score @ np.linalg.solve(plain.information(theta), score)
    assert inference.score_test(drop).statistic == pytest.approx(rao, rel=1e-8)
    some = np.tile([j in columns for j in range(plain.q)], plain.m)
    estimate = inference.params.ravel()[some]
    wald = estimate @ np.linalg.solve(inference.cov_params()[np.ix_(some, some)], estimate)
    assert inference.wald_test(drop=drop).statistic == pytest.approx(wald, rel=1e-9)
    assert inference.wald_test(np.eye(len(some))[some]).statistic == pytest.approx(wald, rel=1e-9)


def test_linear_hypothesis():
    inference, _ = opened(2)
    R, r = np.array([[1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 2.0, 1.0]]), np.array([0.3, -0.1])
    gap = R @ inference.params - r
    expected = gap @ np.linalg.solve(R @ inference.cov_params() @ R.T, gap)
    test = inference.wald_test(R, r)
    assert (test.statistic, test.df) == (pytest.approx(expected), 2)
    one = inference.wald_test([0, 0, 0, 1])
    assert one.pvalue == pytest.approx(inference.pvalues[3])


def test_profile_of_a_softmax():
    """At an end the best log-likelihood of the others, by SciPy, is half a quantile below."""
    inference, plain = opened(3, n=80)
    ends = inference.conf_int(0.9, method="profile").reshape(-1, 2)
    for j in (0, 5):
        for end in ends[j]:
            others = np.delete(np.arange(len(ends)), j)

            def fall(part, j=j, end=end, others=others):
                theta = np.empty(len(ends))
                theta[others], theta[j] = part, end
                score = (plain.s[:, None] * plain.scores(theta)).sum(axis=0)[others]
                return -plain.loglik(theta), -score

            start = np.delete(inference.params.ravel(), j)
            best = minimize(fall, start, jac=True, method="BFGS", options={"gtol": 1e-7})
            assert 2 * (inference.loglik + best.fun) == pytest.approx(chi2.ppf(0.9, 1), abs=1e-6)


def test_fit_as_a_whole():
    inference, plain = opened(2, offset=False)
    mean = plain.s @ plain.Y[:, 1] / plain.s.sum()
    null = plain.s.sum() * (mean * np.log(mean) + (1 - mean) * np.log1p(-mean))
    n, k, loglik = inference.nobs, 4, inference.loglik
    assert inference.loglik_null == pytest.approx(null)
    assert inference.aicc == pytest.approx(2 * k - 2 * loglik + 2 * k * (k + 1) / (n - k - 1))
    assert inference.bic == pytest.approx(k * np.log(n) - 2 * loglik)
    assert inference.pseudo_r2() == pytest.approx(1 - loglik / null)
    cox = 1 - np.exp(2 * (null - loglik) / n)
    assert inference.pseudo_r2("cox-snell") == pytest.approx(cox)
    largest = 1 - np.exp(2 * null / n)
    assert inference.pseudo_r2("nagelkerke") == pytest.approx(cox / largest)
    p = plain.probabilities(inference.params)[:, 1]
    y, s = plain.Y[:, 1], plain.s
    tjur = np.average(p[y == 1], weights=s[y == 1]) - np.average(p[y == 0], weights=s[y == 0])
    assert inference.pseudo_r2("tjur") == pytest.approx(tjur)


def test_large_coefficients():
    """Columns far from zero: without them the intercept of the fit is far from that of the null."""
    from sklearn.datasets import load_breast_cancer

    X, y = load_breast_cancer(return_X_y=True)
    X = X[:, [0, 1, 4, 8]]
    inference, mean = fastlogreg.Inference(X, y), y.mean()
    null = len(y) * (mean * np.log(mean) + (1 - mean) * np.log1p(-mean))
    assert inference.loglik_null == pytest.approx(null, rel=1e-12)
    for name in ("x0", "x2"):
        rest = np.delete(X, int(name[1]), axis=1)
        loss = len(y) * fastlogreg.fit(rest, y, tol=1e-14).objective
        expected = 2 * (inference.loglik + loss)
        assert inference.lr_test(name).statistic == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("far", [50.0, -400.0])
def test_any_start_leads_to_the_maximum(classes, far):
    X, y, given = problem(classes)
    usual = fastlogreg.Inference(X, y, **given)
    shape = (classes, 3) if classes > 2 else (3,)
    coef = np.full(shape, far / 30)
    coef[..., 0] = np.arange(classes) * far / 30 if classes > 2 else far
    other = fastlogreg.Inference(X, y, coef, far, **given)
    np.testing.assert_allclose(other.params, usual.params, rtol=1e-9)
    assert other.loglik == pytest.approx(usual.loglik, rel=1e-13)


def test_null_model_without_intercept():
    """No intercept: the offset alone; a constant column is one."""
    X, y, given = problem(2)
    A = np.column_stack([np.full(len(y), 2.0), X])
    none = fastlogreg.Inference(X, y, **given, fit_intercept=False)
    z, s = given["offset"], given["sample_weight"]
    assert none.loglik_null == pytest.approx(-s @ np.logaddexp(0, np.where(y, -z, z)))
    assert none.df_model == 3
    constant = fastlogreg.Inference(A, y, **given, fit_intercept=False)
    usual = fastlogreg.Inference(X, y, **given)
    assert constant.loglik_null == pytest.approx(usual.loglik_null)
    assert constant.lr_test() == pytest.approx(usual.lr_test())
    assert constant.params[0] == pytest.approx(usual.params[-1] / 2)
    rows = constant.marginal_effects().rows
    assert rows == ("x1", "x2", "x3")
    np.testing.assert_allclose(constant.marginal_effects(), usual.marginal_effects(), rtol=1e-7)


@numbers_of_classes
def test_odds_ratios(classes):
    inference, _ = opened(classes)
    for method in ("wald", "profile"):
        table = inference.odds_ratios(method=method)
        np.testing.assert_allclose(table["odds ratio"], np.exp(inference.params.ravel()))
        ends = np.exp(inference.conf_int(method=method)).reshape(-1, 2)
        np.testing.assert_allclose(np.column_stack([table["low"], table["high"]]), ends)
