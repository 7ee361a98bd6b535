"""Agreement with R's glmnet: figures in data/r_glmnet.json, made by data/r_glmnet.R.

R is not needed here. The data are scikit-learn's bundled sets, those of data/r_glm.json, and whole
numbers from a formula; the weights, offsets and factors come from formulas as well.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn import datasets

import fastlogreg
from common.whole_numbers import whole_numbers

FOLDER = Path(__file__).parent / "data"
FIGURES = json.loads((FOLDER / "r_glmnet.json").read_text(encoding="utf-8"))
FITS = FIGURES["fits"]


def classes(load, kinds, positive):
    X, y = load(return_X_y=True)
    keep = np.isin(y, kinds)
    return X[keep], (y[keep] == positive).astype(float), None


def from_glm(name):
    figures = json.loads((FOLDER / "r_glm.json").read_text(encoding="utf-8"))[name]
    return tuple(np.array(figures[key], dtype=float) for key in ("X", "y", "sample_weight"))


def two_of_whole_numbers():
    X, remainder = whole_numbers()
    return X, (remainder > 2).astype(float), None


DATA = {
    "breast_cancer": lambda: classes(datasets.load_breast_cancer, [0, 1], 1),
    "iris": lambda: classes(datasets.load_iris, [1, 2], 2),
    "wine": lambda: classes(datasets.load_wine, [0, 1], 1),
    "digits": lambda: classes(datasets.load_digits, [3, 8], 8),
    "birthwt": lambda: from_glm("birthwt with factors"),
    "Pima.tr": lambda: from_glm("Pima.tr"),
    "infert": lambda: from_glm("infert"),
    "esoph": lambda: from_glm("esoph, cases among counts"),  # soft targets and counts as weights
    "whole_numbers": two_of_whole_numbers,
}
data_of = cache(lambda name: DATA[name]())


class Figures:
    """One fit of glmnet's: the data, the arguments of ours, its results."""

    def __init__(self, entry):
        self.X, self.y, weight = data_of(entry["data"])
        n, p = self.X.shape
        self.coef, self.intercept = np.array(entry["coef"]), entry["intercept"]
        row, column = np.arange(n), np.arange(p)
        self.arguments = {
            "alpha": entry["alpha"],
            "l1_ratio": entry["l1_ratio"],
            "sample_weight": 1.0 + row % 3 if entry["weights"] else weight,
            "offset": (5 * row % 9 - 4) / 8 if entry["offset"] else None,
            "penalty_factor": (column % 16) / 8 if entry["factors"] else None,
            "bounds": (entry["lower"], entry["upper"]),
            "standardize": entry["standardize"],
            "fit_intercept": entry["fit_intercept"],
        }

    def fit(self, kind=np.asarray):
        return fastlogreg.fit(kind(self.X), self.y, tol=0.0, **self.arguments)


def name_of(entry):
    words = [f"{entry['data']}-alpha={entry['alpha']}-l1_ratio={entry['l1_ratio']}"]
    words += [key for key in ("weights", "offset", "factors") if entry[key]]
    words += [f"{key}={entry[key]}" for key in ("lower", "upper") if entry[key] is not None]
    words += [f"no-{key}" for key in ("standardize", "fit_intercept") if not entry[key]]
    return "-".join(words)


@pytest.fixture(params=FITS, ids=name_of)
def figures(request):
    return Figures(request.param)


def test_there_are_figures():
    assert len(FITS) == 111
    assert FIGURES["made by"].startswith("R version")
    assert sum(0.0 in entry["coef"] for entry in FITS) >= 70


@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, sp.csr_array])
def test_coefficients(figures, kind):
    result = figures.fit(kind)
    assert result.converged
    scale = np.abs(figures.coef).max()
    np.testing.assert_allclose(result.coef, figures.coef, rtol=0, atol=5e-7 * scale)
    assert result.intercept == pytest.approx(figures.intercept, rel=5e-7, abs=5e-7)
    np.testing.assert_array_equal(result.coef == 0.0, figures.coef == 0.0)
    for bound in filter(None, figures.arguments["bounds"]):  # glmnet's are scaled and scaled back
        there = np.isclose(figures.coef, bound, rtol=1e-14, atol=0.0)
        np.testing.assert_array_equal(result.coef == bound, there)
