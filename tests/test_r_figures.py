"""Agreement with R's glm on data sets that come with R; figures and data in data/r_glm.json.

data/r_glm.R made them; R is not needed here.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

import fastlogreg
from fastlogreg import core, reference

FILE = Path(__file__).parent / "data" / "r_glm.json"
FIGURES = json.loads(FILE.read_text(encoding="utf-8"))
NAMES = [name for name in FIGURES if name != "made by"]


class Figures:
    """One fit of R's: its data, the arguments of ours, its results."""

    def __init__(self, name):
        figures = FIGURES[name]
        array = {
            key: np.array(figures[key], dtype=float)
            for key in ("X", "y", "sample_weight", "coef", "standard_errors", "probabilities")
        }
        self.X, self.y, self.coef = array["X"], array["y"], array["coef"]
        self.standard_errors, self.probabilities = array["standard_errors"], array["probabilities"]
        self.intercept, self.deviance = figures["intercept"], figures["deviance"]
        offset = figures["offset"]
        self.arguments = {
            "sample_weight": array["sample_weight"],
            "offset": None if offset is None else np.array(offset, dtype=float),
        }
        self.fit_intercept = figures["fit_intercept"]

    def fit(self, X=None, **options):
        X = self.X if X is None else X
        return fastlogreg.fit(
            X, self.y, fit_intercept=self.fit_intercept, **self.arguments, **options
        )


@pytest.fixture(params=NAMES)
def figures(request):
    return Figures(request.param)


def test_there_are_figures():
    assert len(NAMES) == 9
    assert FIGURES["made by"].startswith("R version")


@pytest.mark.parametrize("solver", ["auto", "newton", "truncated-newton", "lbfgs"])
@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, sp.csr_array])
def test_coefficients(figures, solver, kind):
    result = figures.fit(kind(figures.X), solver=solver, tol=1e-14, max_iter=500)
    assert result.converged
    # in standard errors, and for the larger ones in digits
    error = np.append(result.coef - figures.coef, result.intercept - figures.intercept)
    scale = figures.standard_errors
    if figures.fit_intercept:
        error = np.roll(error, 1)  # R has the intercept first
    assert np.abs(error[: len(scale)] / scale).max() <= 1e-6
    if solver == "auto":
        polished = figures.fit(kind(figures.X), tol=0.0, max_iter=200)
        np.testing.assert_allclose(polished.coef, figures.coef, rtol=1e-8, atol=1e-10)
        assert polished.intercept == pytest.approx(figures.intercept, rel=1e-8, abs=1e-10)


def test_probabilities(figures):
    result = figures.fit(tol=1e-14)
    intercept = result.intercept if figures.fit_intercept else None
    proba = core.predict_proba(
        figures.X, result.coef, intercept, offset=figures.arguments["offset"]
    )
    np.testing.assert_allclose(proba[:, 1], figures.probabilities, atol=1e-7)


def test_deviance(figures):
    """Twice the loss above that of the targets themselves, which is not 0 where these are soft."""
    result = figures.fit(tol=1e-14)
    s, y = figures.arguments["sample_weight"], figures.y
    inner = (y > 0) & (y < 1)
    own = -(y * np.log(np.where(inner, y, 1)) + (1 - y) * np.log(np.where(inner, 1 - y, 1)))
    deviance = 2.0 * s.sum() * result.objective - 2.0 * s @ np.where(inner, own, 0.0)
    assert deviance == pytest.approx(figures.deviance, rel=1e-9)


def test_standard_errors_from_the_hessian(figures):
    """The inverse of the weighted Hessian at the optimum is the covariance of the estimates."""
    intercept = figures.intercept if figures.fit_intercept else None
    for module in (core, reference):
        _, gradient, hessian = module.loss_gradient_hessian(
            figures.X, figures.y, figures.coef, intercept, **figures.arguments
        )
        covariance = np.linalg.inv(figures.arguments["sample_weight"].sum() * hessian)
        errors = np.sqrt(np.diag(covariance))
        if figures.fit_intercept:
            errors = np.roll(errors, 1)
        np.testing.assert_allclose(errors, figures.standard_errors, rtol=1e-6)
        assert np.abs(gradient / np.sqrt(np.diag(hessian))).max() <= 1e-8
