"""Agreement of the statistics with R: figures and data in data/r_inference.json.

data/r_inference.R made them, with glm, MASS, sandwich and nnet; R is not needed here.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

import fastlogreg

FIGURES = json.loads((Path(__file__).parent / "data" / "r_inference.json").read_text("utf-8"))
GLM, MULTINOM, SEPARATED = FIGURES["glm"], FIGURES["multinom"], FIGURES["separated"]
KINDS = {"dense": np.asarray, "by column": np.asfortranarray, "CSR": sp.csr_array,
         "CSC": sp.csc_array}  # fmt: skip


class Figures:
    """One fit of R's: its results as arrays with the intercept last, and our inference of it."""

    def __init__(self, name):
        self.raw = GLM[name]
        self.X, self.y = np.array(self.raw["X"], dtype=float), np.array(self.raw["y"], dtype=float)
        self.intercept = self.raw["fit_intercept"]
        self.weight = np.array(self.raw["sample_weight"], dtype=float)

    def __getitem__(self, key):
        return np.array(self.raw[key], dtype=float)

    def last(self, values, axis=0):
        """R has the intercept first."""
        return np.roll(values, -1, axis=axis) if self.intercept else values

    def inference(self, kind=np.asarray, **options):
        return fastlogreg.Inference(
            kind(self.X), self.y, fit_intercept=self.intercept, sample_weight=self.weight,
            offset=None if self.raw["offset"] is None else self["offset"],
            feature_names=self.raw["columns"], **options,
        )  # fmt: skip


@pytest.fixture(params=list(GLM))
def figures(request):
    return Figures(request.param)


def test_there_are_figures():
    assert len(GLM) == 5
    assert len(MULTINOM) == 3
    assert FIGURES["made by"].startswith("R version")


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_estimates_and_errors(figures, kind):
    inference = figures.inference(kind)
    coef, covariance = figures.last(figures["coef"]), figures["covariance"]
    covariance = figures.last(figures.last(covariance), axis=1)
    errors = np.sqrt(np.diag(covariance))
    assert np.abs((inference.params - coef) / errors).max() <= 1e-7
    np.testing.assert_allclose(inference.params, coef, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(inference.bse, errors, rtol=1e-6)
    scale = np.outer(errors, errors)
    np.testing.assert_allclose(inference.cov_params() / scale, covariance / scale, atol=1e-6)


def test_fit_as_a_whole(figures):
    inference = figures.inference()
    for key in ("deviance", "deviance_null", "loglik", "aic", "bic"):
        ours = inference.nobs if key == "bic" else None
        value = getattr(inference, key)
        if ours is not None:  # R counts rows, whatever they weigh
            value += inference.df * np.log(len(figures.y) / ours)
        assert value == pytest.approx(float(figures[key]), rel=1e-9), key


@pytest.mark.parametrize(("level", "key"), [(0.95, "profile"), (0.9, "profile_90")])
def test_profile_intervals(figures, level, key):
    ends = figures.inference().conf_int(level, method="profile")
    expected = figures.last(figures[key])
    width = expected[:, 1] - expected[:, 0]
    assert np.abs((ends - expected) / width[:, None]).max() <= 1e-7
    np.testing.assert_allclose(ends, expected, rtol=1e-6, atol=1e-7)


def test_profile_intervals_beside_confint(figures):
    """MASS interpolates the profile, to some 1e-3 of the width."""
    ends, expected = (
        figures.inference().conf_int(method="profile"),
        figures.last(figures["confint"]),
    )
    width = expected[:, 1] - expected[:, 0]
    assert np.abs((ends - expected) / width[:, None]).max() <= 2e-3


def test_sparse_profile_intervals():
    figures = Figures("birthwt")
    expected = figures.last(figures["profile"])
    for kind in (sp.csr_array, sp.csc_array):
        ends = figures.inference(kind).conf_int(method="profile")
        np.testing.assert_allclose(ends, expected, rtol=1e-6, atol=1e-7)


def test_robust_covariance(figures):
    """R's weights multiply the scores: sampling weights, where they are not 1."""
    weights = "frequency" if (figures.weight == 1.0).all() else "sampling"
    inference = figures.inference(weights=weights)
    for kind, expected in zip(("HC0", "HC1", "HC2", "HC3"), figures["robust"], strict=True):
        errors = np.sqrt(np.diag(inference.cov_params(kind)))
        np.testing.assert_allclose(errors, figures.last(expected), rtol=1e-6, err_msg=kind)
    groups = 7 * np.arange(len(figures.y)) % 23
    expected = figures.last(figures.last(figures["clustered"]), axis=1)
    ours = inference.cov_params("cluster", groups)
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    np.testing.assert_allclose(ours / scale, expected / scale, atol=1e-6)


def test_rows(figures):
    inference = figures.inference()
    np.testing.assert_allclose(inference.leverage(), figures["leverage"], rtol=1e-7)
    np.testing.assert_allclose(inference.cooks_distance(), figures["cooks"], rtol=1e-6)
    for kind in ("response", "pearson", "standardized"):
        np.testing.assert_allclose(inference.residuals(kind), figures[kind], rtol=1e-7)
    np.testing.assert_allclose(inference.residuals(), figures["deviance_residuals"], rtol=1e-7)


def test_intervals_of_probabilities(figures):
    z = 1.959963984540054
    link, error = figures["link"], figures["link_errors"]
    expected = 1.0 / (1.0 + np.exp(-np.column_stack([link, link - z * error, link + z * error])))
    ours = figures.inference().predict_interval()
    np.testing.assert_allclose(ours, expected, rtol=1e-6, atol=1e-9)


def test_tests_of_single_columns(figures):
    inference = figures.inference()
    for name, ratio, rao in zip(
        figures.raw["columns"], figures["likelihood_ratio"], figures["rao"], strict=True
    ):
        test = inference.lr_test(name)
        assert (test.statistic, test.df) == (pytest.approx(ratio, rel=1e-7, abs=1e-9), 1)
        if figures.intercept:  # without one, R takes a mean from the scores that is not there
            assert inference.score_test(name).statistic == pytest.approx(rao, rel=1e-6, abs=1e-9)
        wald = inference.wald_test(drop=name).statistic
        assert wald == pytest.approx(inference.zvalues[inference.names.index(name)] ** 2)


# ---------------------------------------------------------------------- more than two classes


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("name", list(MULTINOM))
def test_multinom(name, kind):
    """multinom ends its search at about 1e-7 of a standard error."""
    figures = {key: np.array(value) for key, value in MULTINOM[name].items()}
    y = figures["y"].astype(int)
    inference = fastlogreg.Inference(
        kind(figures["X"].astype(float)), y, sample_weight=figures["sample_weight"].astype(float)
    )
    errors = np.roll(figures["standard_errors"], -1, axis=1)
    coef = np.roll(figures["coef"], -1, axis=1)
    assert np.abs((inference.params - coef) / errors).max() <= 1e-6
    np.testing.assert_allclose(inference.bse, errors, rtol=1e-6)
    assert inference.deviance == pytest.approx(float(figures["deviance"]), rel=1e-10)
    assert inference.aic == pytest.approx(float(figures["aic"]), rel=1e-10)
