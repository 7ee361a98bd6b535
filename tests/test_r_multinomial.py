"""Agreement with R's glmnet and nnet for many classes: figures in data/r_multinomial.json.

R is not needed here; data/r_multinomial.R made the figures. Small sets of R's are kept with them,
the others are scikit-learn's bundled sets and whole numbers from a formula, as weights, offsets and
factors are.
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
FIGURES = json.loads((FOLDER / "r_multinomial.json").read_text(encoding="utf-8"))
MULTINOM = FIGURES["multinom"]
CLOSE = 1e-6  # of the largest coefficient


@cache
def data_of(name):
    """X, codes, number of classes, weights or None."""
    weight = None
    if name in FIGURES["data"]:
        figures = FIGURES["data"][name]
        X, y = np.array(figures["X"], dtype=float), np.array(figures["y"], dtype=int)
        if "sample_weight" in figures:
            weight = np.array(figures["sample_weight"], dtype=float)
    elif name == "whole_numbers":
        X, remainder = whole_numbers()
        y = remainder % 4
    else:
        X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        if name == "digits":
            X, y = X[:400], y[:400]
    return X, y, int(y.max()) + 1, weight


def name_of(entry):
    words = [entry["data"], *(f"{k}={entry[k]}" for k in ("alpha", "l1_ratio") if k in entry)]
    words += [key for key in ("grouped", "weights", "offset", "factors") if entry.get(key)]
    words += [f"no-{key}" for key in ("standardize", "fit_intercept") if not entry.get(key, True)]
    return "-".join(words)


class Figures:
    """One fit of glmnet's: the data, the arguments of ours, its results."""

    def __init__(self, entry):
        self.X, self.y, K, weight = data_of(entry["data"])
        n, p = self.X.shape
        self.coef, self.intercept = np.array(entry["coef"]), np.array(entry["intercept"])
        row, k, column = np.arange(n), np.arange(K), np.arange(p)
        self.arguments = {
            "n_classes": K,
            **{key: entry[key] for key in ("alpha", "l1_ratio", "grouped", "standardize")},
            "fit_intercept": entry["fit_intercept"],
            "sample_weight": 1.0 + row % 3 if entry["weights"] else weight,
            "offset": ((5 * row[:, None] + 3 * k) % 9 - 4) / 8 if entry["offset"] else None,
            "penalty_factor": (column % 5) / 2 if entry["factors"] else None,
        }
        # only differences are decided without a penalty, and by an even number of absolute values
        self.shifts = (column % 5 == 0) & entry["factors"]
        self.shifts |= entry["l1_ratio"] == 1 and not entry["grouped"] and K % 2 == 0

    def fit(self, kind=np.asarray):
        return fastlogreg.fit(kind(self.X), self.y, tol=0.0, **self.arguments)


@pytest.fixture(params=FIGURES["glmnet"], ids=name_of)
def figures(request):
    return Figures(request.param)


def test_there_are_figures():
    assert FIGURES["made by"].startswith("R version")
    assert len(FIGURES["glmnet"]) == 116
    assert len(MULTINOM) == 11
    assert sum(0.0 in np.array(entry["coef"]) for entry in FIGURES["glmnet"]) >= 70
    assert sum(entry["grouped"] for entry in FIGURES["glmnet"]) >= 35


def same_model(coef, intercept, other, other_intercept, close=CLOSE):
    scale = np.abs(other).max()
    np.testing.assert_allclose(coef, other, rtol=0, atol=close * scale)
    np.testing.assert_allclose(
        intercept, other_intercept, rtol=close, atol=close * max(1.0, np.abs(other_intercept).max())
    )


@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, sp.csr_array])
def test_glmnet(figures, kind):
    result = figures.fit(kind)
    assert result.converged
    coef, theirs = (
        values - np.where(figures.shifts, values.mean(axis=0), 0.0)
        for values in (result.coef, figures.coef)
    )
    same_model(coef, result.intercept, theirs, figures.intercept)
    np.testing.assert_array_equal(
        result.coef[:, ~figures.shifts] == 0.0, figures.coef[:, ~figures.shifts] == 0.0
    )


@pytest.mark.parametrize("entry", MULTINOM, ids=name_of)
def test_multinom(entry):
    X, y, K, weight = data_of(entry["data"])
    if entry["weights"]:
        weight = 1.0 + np.arange(len(y)) % 3
    result = fastlogreg.fit(X, y, n_classes=K, reference_class=0, sample_weight=weight, tol=0.0)
    assert result.converged
    assert not result.coef[0].any()
    assert not result.intercept[0]
    same_model(result.coef[1:], result.intercept[1:], entry["coef"], entry["intercept"])
    total = len(y) if weight is None else weight.sum()
    assert 2.0 * total * result.objective == pytest.approx(entry["deviance"], rel=1e-12)
    free = fastlogreg.fit(X, y, n_classes=K, sample_weight=weight, tol=0.0)
    same_model(
        free.coef[1:] - free.coef[0], free.intercept[1:] - free.intercept[0], entry["coef"],
        entry["intercept"],
    )  # fmt: skip
    np.testing.assert_allclose(free.coef.sum(axis=0), 0.0, atol=1e-9)


@pytest.mark.parametrize("name", ["birthwt", "survey", "airquality", "chickwts", "ToothGrowth"])
def test_statsmodels(name):
    api = pytest.importorskip("statsmodels.api")
    X, y, K, _ = data_of(name)
    scale = X.std(axis=0)
    model = api.MNLogit(y, np.column_stack([X / scale, np.ones(len(y))]))
    theirs = model.fit(method="newton", disp=False, maxiter=100, tol=1e-9)
    result = fastlogreg.fit(X, y, n_classes=K, reference_class=0, tol=0.0)
    params = np.asarray(theirs.params).T
    same_model(result.coef[1:] * scale, result.intercept[1:], params[:, :-1], params[:, -1])
    assert -len(y) * result.objective == pytest.approx(theirs.llf, rel=1e-12)
