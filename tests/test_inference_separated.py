"""Infinite estimates: what is infinite, what the limit leaves finite, and the ends that exist."""

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.stats import chi2

import fastlogreg
from fastlogreg import Inference

FIGURES = json.loads((Path(__file__).parent / "data" / "r_inference.json").read_text("utf-8"))
KINDS = [np.asarray, np.asfortranarray, sp.csr_array, sp.csc_array]


def treated(n=200, seed=1, classes=2):
    """Quasi-complete: rows with treatment are never of the last class but one."""
    random = np.random.default_rng(seed)
    treatment = (random.random(n) < 0.3).astype(float)
    age = random.normal(50, 10, n).round()
    y = (age / 10 + random.logistic(size=n) > 5).astype(int)
    y[treatment == 1] = 1
    return np.column_stack([treatment, age]), y


def test_figures_of_r():
    """A column whose rows are all cases: R's fit of the other rows, and uniroot on the deviance."""
    figures = FIGURES["separated"]
    X, y = np.array(figures["X"], dtype=float), np.array(figures["y"], dtype=int)
    last = lambda values: np.roll(np.array(values, dtype=float), -1, axis=0)  # noqa: E731
    for kind in KINDS:
        inference = Inference(kind(X), y, feature_names=figures["columns"])
        assert inference.params[0] == np.inf
        assert inference.bse[0] == np.inf
        assert np.isnan(inference.zvalues[0])
        assert np.isnan(inference.pvalues[0])
        np.testing.assert_allclose(inference.params[1:], last(figures["coef"]), rtol=1e-6)
        np.testing.assert_allclose(inference.bse[1:], last(figures["standard_errors"]), rtol=1e-6)
        ends = inference.conf_int(method="profile")
        assert ends[0, 0] == pytest.approx(figures["low"], rel=1e-6)
        assert ends[0, 1] == np.inf
        np.testing.assert_allclose(ends[1:], last(figures["profile"]), rtol=1e-6)
        assert inference.loglik == pytest.approx(figures["loglik"], rel=1e-9)
        test = inference.lr_test("light")
        assert test.statistic == pytest.approx(figures["likelihood_ratio"], rel=1e-7)
        assert test.pvalue == pytest.approx(chi2.sf(test.statistic, 1))


@pytest.mark.parametrize("sign", [1, -1])
def test_the_rest_is_the_fit_of_the_other_rows(sign):
    X, y = treated()
    X = X * [sign, 1]
    inference, rest = Inference(X, y), Inference(X[X[:, 0] == 0, 1:], y[X[:, 0] == 0])
    assert inference.params[0] == sign * np.inf
    np.testing.assert_allclose(inference.params[1:], rest.params, rtol=1e-9)
    np.testing.assert_allclose(inference.cov_params()[1:, 1:], rest.cov_params(), rtol=1e-8)
    assert inference.cov_params()[0, 0] == np.inf
    assert np.isnan(inference.cov_params()[0, 1:]).all()
    assert inference.loglik == pytest.approx(rest.loglik)
    assert inference.separation.separated
    certain = X[:, 0] != 0
    np.testing.assert_array_equal(inference.leverage()[certain], 0)
    np.testing.assert_allclose(inference.leverage()[~certain], rest.leverage(), rtol=1e-8)
    np.testing.assert_array_equal(inference.residuals("response")[certain], 0)
    np.testing.assert_array_equal(inference.residuals("pearson")[certain], 0)
    np.testing.assert_array_equal(inference.cooks_distance()[certain], 0)
    p = inference.predict_interval()
    np.testing.assert_allclose(p[~certain], rest.predict_interval(), rtol=1e-8)
    np.testing.assert_array_equal(p[certain, 0], 1)
    assert np.isnan(p[certain, 1:]).all()
    for kind in ("HC0", "HC3"):
        robust = inference.cov_params(kind)[1:, 1:]
        np.testing.assert_allclose(robust, rest.cov_params(kind), rtol=1e-7)
    share = (~certain).mean()
    effects = inference.marginal_effects()
    assert np.isnan(effects["effect"][0])
    assert effects["effect"][1] == pytest.approx(share * rest.marginal_effects()["effect"][0])


def test_the_end_of_the_profile():
    """The fall of the deviance there is the quantile: by fits with the coefficient in an offset."""
    X, y = treated()
    inference = Inference(X, y)
    low = inference.conf_int(0.9, method="profile")[0, 0]
    held = fastlogreg.fit(X[:, 1:], y, offset=low * X[:, 0], tol=1e-14)
    fall = 2 * (inference.loglik + len(y) * held.objective)
    assert fall == pytest.approx(chi2.ppf(0.9, 1), abs=1e-7)


def test_what_is_told():
    X, y = treated()
    inference = Inference(X, y, feature_names=["treatment", "age"])
    text = str(inference.summary())
    row = next(line for line in text.splitlines() if line.startswith("treatment"))
    assert "+inf" in row
    assert "<1e-4" in row
    assert "P>LR" in text
    assert "treatment infinite" in inference.notes[0]
    frame = inference.to_frame()
    assert frame.loc["treatment", "coef"] == np.inf
    assert np.isfinite(frame.loc["treatment", "2.5%"])
    assert frame.loc["treatment", "97.5%"] == np.inf
    ratios = inference.odds_ratios(method="profile")
    assert ratios["odds ratio"][0] == ratios["high"][0] == np.inf
    wald = inference.odds_ratios()
    np.testing.assert_array_equal(wald.values[0], ratios.values[0])
    np.testing.assert_array_equal(wald.values[1, 1:], np.exp(inference.conf_int()[1]))
    assert np.isnan(inference.conf_int()[0]).all()
    assert np.isfinite(inference.conf_int()[1:]).all()
    assert np.isnan(inference.wald_test(drop="treatment").statistic)
    assert inference.wald_test(drop="age").pvalue == pytest.approx(inference.pvalues[1])
    assert 0 < inference.score_test("treatment").pvalue < 1e-3
    with pytest.raises(ValueError, match="method='profile'"):
        inference.conf_int(method="bootstrap")
    with pytest.raises(ValueError, match="at='average'"):
        inference.marginal_effects("mean")


def test_complete_separation():
    X, y = np.arange(1.0, 7.0)[:, None], np.array([0, 0, 0, 1, 1, 1])
    inference = Inference(X, y)
    assert inference.params.tolist() == [np.inf, -np.inf]
    assert inference.loglik == 0
    assert inference.deviance == 0
    assert inference.predict_interval()[:, 0].tolist() == y.tolist()
    ends = inference.conf_int(method="profile")
    assert ends[0, 1] == np.inf
    assert ends[1, 0] == -np.inf
    held = fastlogreg.fit(np.empty((6, 0)), y, offset=ends[0, 0] * X[:, 0], tol=1e-14)
    assert 12 * held.objective == pytest.approx(chi2.ppf(0.95, 1), abs=1e-6)
    assert inference.lr_test().statistic == pytest.approx(12 * np.log(2))


def test_either_sign():
    """A column that is not needed to separate: any value is as good, so nan and no ends."""
    random = np.random.default_rng(0)
    X = random.normal(size=(40, 2))
    inference = Inference(X, (X[:, 0] > 0).astype(int))
    assert inference.params[0] == np.inf
    assert np.isnan(inference.params[1])
    np.testing.assert_array_equal(inference.conf_int(method="profile")[1], [-np.inf, np.inf])
    assert "any sign" in " ".join(inference.notes)


def test_from_an_estimator():
    X, y = treated()
    model = fastlogreg.LogisticRegression(C=np.inf, max_iter=30)
    with pytest.warns(fastlogreg.ConvergenceWarning):
        model.fit(X, y)
    inference, direct = model.inference(X, y), Inference(X, y)
    np.testing.assert_allclose(inference.params, direct.params, rtol=1e-8)
    np.testing.assert_allclose(inference.bse, direct.bse, rtol=1e-8)


def test_weights_and_offset():
    X, y = treated()
    random = np.random.default_rng(5)
    weight, offset = random.integers(0, 4, len(y)).astype(float), random.normal(size=len(y))
    inference = Inference(X, y, sample_weight=weight, offset=offset)
    keep = X[:, 0] == 0
    rest = Inference(X[keep, 1:], y[keep], sample_weight=weight[keep], offset=offset[keep])
    assert inference.params[0] == np.inf
    np.testing.assert_allclose(inference.params[1:], rest.params, rtol=1e-8)
    np.testing.assert_allclose(inference.bse[1:], rest.bse, rtol=1e-8)


def test_rare_but_not_separated():
    """One row on the other side: large, finite, and told as such."""
    X, y = treated()
    y[np.flatnonzero(X[:, 0] == 1)[0]] = 0
    inference = Inference(X, y)
    assert np.isfinite(inference.params).all()
    assert inference.separation is None
    ends = inference.conf_int(method="profile")
    assert np.isfinite(ends).all()
    assert ends[0, 0] < inference.params[0] < ends[0, 1]


# ---------------------------------------------------------------------- several classes


def three(n=240, seed=2):
    random = np.random.default_rng(seed)
    X = np.column_stack([random.integers(0, 2, n), random.normal(size=n)]).astype(float)
    y = (X[:, [1]] * [0.0, 0.5, 1.0] + random.gumbel(size=(n, 3))).argmax(axis=1)
    y[(X[:, 0] == 1) & (y == 2)] = 0
    return X, y


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array])
def test_softmax(kind):
    """The last class never occurs with column 0: its coefficient is -inf, the others finite."""
    X, y = three()
    inference = Inference(kind(X), y, classes=["a", "b", "c"])
    infinite = np.isinf(inference.params)
    assert infinite.tolist() == [[False, False, False], [True, False, False]]
    assert inference.params[1, 0] == -np.inf
    assert np.isfinite(inference.bse[~infinite]).all()
    # far out along the direction the finite parameters and their errors are the same
    far = np.where(infinite, -40.0, inference.params).ravel()
    A = np.column_stack([X, np.ones(len(y))])
    z = np.column_stack([np.zeros(len(y)), A @ far.reshape(2, 3).T])
    p = np.exp(z - np.logaddexp.reduce(z, axis=1, keepdims=True))
    residual = (np.eye(3)[y] - p)[:, 1:]
    score = np.concatenate([A.T @ r for r in residual.T])
    assert np.abs(score).max() <= 1e-8
    assert inference.loglik == pytest.approx(np.log(p[np.arange(len(y)), y]).sum(), abs=1e-9)
    W = np.einsum("ik,kl->ikl", p[:, 1:], np.eye(2)) - p[:, 1:, None] * p[:, None, 1:]
    information = np.einsum("ikl,ia,ib->kalb", W, A, A).reshape(6, 6)
    finite = ~infinite.ravel()
    covariance = np.linalg.inv(information[np.ix_(finite, finite)])
    ours = inference.cov_params()[np.ix_(finite, finite)]
    np.testing.assert_allclose(ours, covariance, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(inference.predict_interval()[..., 0], p, atol=1e-9)
    ends = inference.conf_int(method="profile")
    assert ends[1, 0, 0] == -np.inf
    assert np.isfinite(ends[1, 0, 1])
    assert np.isfinite(ends[~infinite]).all()
    assert "c:x0" in inference.notes[0]


def test_softmax_with_another_reference():
    """Against the class that never occurs, both others are +inf apart."""
    X, y = three()
    inference = Inference(X, y, classes=["a", "b", "c"], reference="c")
    assert inference.params[:, 0].tolist() == [np.inf, np.inf]
    usual = Inference(X, y, classes=["a", "b", "c"])
    assert inference.loglik == pytest.approx(usual.loglik)
    assert inference.params[0, 1] == pytest.approx(-usual.params[1, 1], rel=1e-7)
    assert inference.bse[0, 1] == pytest.approx(usual.bse[1, 1], rel=1e-7)
    np.testing.assert_allclose(
        inference.predict_interval()[..., 0], usual.predict_interval()[..., 0], atol=1e-9
    )
    low, high = inference.conf_int(method="profile")[0, 0]
    mine = usual.conf_int(method="profile")[1, 0]
    assert (low, high) == (pytest.approx(-mine[1], rel=1e-7), np.inf)


def test_softmax_complete():
    """Three classes along a line: all certain."""
    X, y = np.arange(9.0)[:, None], np.repeat([0, 1, 2], 3)
    inference = Inference(X, y)
    assert inference.params[:, 0].tolist() == [np.inf, np.inf]
    assert inference.loglik == pytest.approx(0, abs=1e-12)
    assert inference.predict_interval()[..., 0].argmax(axis=1).tolist() == y.tolist()
