"""Agreement with R's brglm2 and logistf; figures and data in data/r_firth.json, by data/r_firth.R.

R is not needed here. logistf's figures of its data set sex2 are those that its documentation and
pages built from it print; the ends of intervals there are exact to some 1e-5 only.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import brentq, minimize
from scipy.special import chdtri

import fastlogreg

FIGURES = json.loads((Path(__file__).parent / "data" / "r_firth.json").read_text(encoding="utf-8"))
BINARY, SOFTMAX = FIGURES["binary"], FIGURES["softmax"]
TYPES = {
    "AS_mean": {}, "AS_median": {"method": "median"}, "Jeffreys_0.25": {"power": 0.25},
    "Jeffreys_1": {"power": 1.0},
}  # fmt: skip


def problem(name):
    """(X, y, the other arguments) of a binary entry."""
    entry = BINARY[name]
    X, y, weight = (np.array(entry[key], dtype=float) for key in ("X", "y", "sample_weight"))
    offset = entry["offset"]
    return X, y, {
        "sample_weight": weight,
        "offset": None if offset is None else np.array(offset, dtype=float),
        "fit_intercept": entry["fit_intercept"],
    }  # fmt: skip


def parameters(result, fit_intercept=True):
    return np.append(result.coef, result.intercept) if fit_intercept else result.coef


def test_there_are_figures():
    assert len(BINARY) == 6
    assert len(SOFTMAX) == 3
    assert "brglm2" in FIGURES["made by"]


@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, sp.csr_array, sp.csc_array])
@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize("name", BINARY)
def test_binary(name, type_, kind):
    X, y, arguments = problem(name)
    result = fastlogreg.firth(kind(X), y, tol=1e-9, **arguments, **TYPES[type_])
    assert result.converged
    theirs = BINARY[name][type_]
    mine = parameters(result, arguments["fit_intercept"])
    np.testing.assert_allclose(mine, theirs["theta"], rtol=0, atol=1e-7)
    np.testing.assert_allclose(
        result.standard_errors, theirs["standard_errors"], rtol=1e-7, atol=1e-7
    )


@pytest.mark.parametrize("name", BINARY)
def test_the_default_tolerance_is_enough(name):
    X, y, arguments = problem(name)
    result = fastlogreg.firth(X, y, **arguments)
    mine = parameters(result, arguments["fit_intercept"])
    np.testing.assert_allclose(mine, BINARY[name]["AS_mean"]["theta"], rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", BINARY)
def test_deviance(name):
    X, y, arguments = problem(name)
    result = fastlogreg.firth(X, y, tol=1e-9, **arguments)
    s, z = arguments["sample_weight"], X @ result.coef + result.intercept
    if arguments["offset"] is not None:
        z = z + arguments["offset"]
    loss = fastlogreg.reference.binary_cross_entropy(y, z)
    assert result.loglik == pytest.approx(-s @ loss, rel=1e-13)
    with np.errstate(divide="ignore", invalid="ignore"):
        best = np.where((y > 0) & (y < 1), y * np.log(y) + (1 - y) * np.log1p(-y), 0.0)
    deviance = 2.0 * (s @ best - result.loglik)
    assert deviance == pytest.approx(BINARY[name]["AS_mean"]["deviance"], rel=1e-8)


@pytest.mark.parametrize("name", SOFTMAX)
def test_softmax(name):
    entry = SOFTMAX[name]
    X, y, weight = (np.array(entry[key], dtype=float) for key in ("X", "y", "sample_weight"))
    classes = int(y.max()) + 1
    theta = np.vstack([np.zeros(X.shape[1] + 1), entry["theta"]])  # R's reference is class 0
    result = fastlogreg.firth(
        X, y, n_classes=classes, reference_class=0, sample_weight=weight, tol=1e-9
    )
    mine = np.column_stack([result.coef, result.intercept])
    np.testing.assert_allclose(mine, theta, rtol=0, atol=1e-6)
    np.testing.assert_allclose(
        result.standard_errors[1:], entry["standard_errors"], rtol=1e-6, atol=1e-6
    )
    other = fastlogreg.firth(
        X, y, n_classes=classes, reference_class=classes - 1, sample_weight=weight, tol=1e-9
    )
    np.testing.assert_allclose(
        np.column_stack([other.coef, other.intercept]), theta - theta[-1], rtol=0, atol=1e-6
    )


# ---------------------------------------------------------------------- logistf on sex2
# order: age, oc, vic, vicl, vis, dia, intercept

COEF = [-1.10598131, -0.06881673, 2.26887464, -2.11140817, -0.78831694, 3.09601166, 0.12025405]
CHI2 = [7.50773092, 0.02467044, 22.93139022, 19.10407252, 3.69740975, 7.89693139, 0.06286298]
P_VALUES = [
    6.143472e-03, 8.751911e-01, 1.678877e-06, 1.237805e-05, 5.449701e-02, 4.951873e-03,
    8.020268e-01,
]  # fmt: skip
LOWER_90 = [-1.8277045, -0.7986318, 1.4248338, -3.0613215, -1.4743338, 1.0835108, -0.6673577]
UPPER_90 = [-0.4328451, 0.6507581, 3.2325326, -1.2704704, -0.1137542, 6.8752016, 0.9177303]
AUGMENTED_ERRORS = [
    0.4149021, 0.4344026, 0.5384872, 0.5320395, 0.4089620, 1.5052197, 0.4763429,
]  # fmt: skip
FLAC_COEF = [-1.10, -0.07, 2.28, -2.11, -0.79, 3.18, 0.12]
FLAC_ERRORS = [0.42, 0.43, 0.54, 0.53, 0.41, 1.53, 0.48]
FLAC_CHI2 = [7.55, 0.02, 23.37, 19.45, 3.74, 8.54, 0.07]
FLAC_95 = [
    (-1.95, -0.31), (-0.93, 0.79), (1.29, 3.43), (-3.24, -1.13), (-1.60, 0.01), (0.87, 7.99),
    (-0.81, 1.07),
]  # fmt: skip
PARAMETERS = [*range(6), "intercept"]


@pytest.fixture(scope="module")
def sex2():
    X, y, _ = problem("sex2")
    return X, y


def test_logistf_estimates_and_tests(sex2):
    result = fastlogreg.firth(*sex2, tol=1e-9)
    np.testing.assert_allclose(parameters(result), COEF, rtol=0, atol=3e-7)
    tests = [result.test(column) for column in PARAMETERS]
    np.testing.assert_allclose([t.statistic for t in tests], CHI2, rtol=0, atol=2e-8)
    np.testing.assert_allclose([t.pvalue for t in tests], P_VALUES, rtol=1e-6)
    every = result.test()
    assert every.statistic == pytest.approx(49.09064, abs=1e-5)
    assert every.df == 6
    assert every.pvalue == pytest.approx(7.15089e-09, rel=1e-5)


def test_logistf_intervals(sex2):
    ends = fastlogreg.firth(*sex2).interval(0.9)
    np.testing.assert_allclose(ends, np.transpose([LOWER_90, UPPER_90]), rtol=0, atol=1e-5)


def test_logistf_standard_errors_are_those_of_augmented_data(sex2):
    """Since 1.24 logistf weighs row i with 1 + h_i where it had 1, as brglm2 and we still have."""
    X, y = sex2
    result = fastlogreg.firth(X, y, tol=1e-9)
    h = fastlogreg.reference.leverages(X, result.coef, result.intercept)
    pi = fastlogreg.predict_proba(X, result.coef, result.intercept)[:, 1]
    design = np.column_stack([X, np.ones(len(X))])
    information = design.T @ (((1 + h) * pi * (1 - pi))[:, None] * design)
    errors = np.sqrt(np.linalg.inv(information).diagonal())
    np.testing.assert_allclose(errors, AUGMENTED_ERRORS, rtol=0, atol=1e-5)


def test_logistf_flac(sex2):
    result = fastlogreg.firth(*sex2, method="flac")
    np.testing.assert_allclose(parameters(result), FLAC_COEF, rtol=0, atol=5e-3)
    np.testing.assert_allclose(result.standard_errors, FLAC_ERRORS, rtol=0, atol=5e-3)
    np.testing.assert_allclose(result.interval(), FLAC_95, rtol=0, atol=5e-3)
    tests = [result.test(column).statistic for column in PARAMETERS]
    np.testing.assert_allclose(tests, FLAC_CHI2, rtol=0, atol=5e-3)


def test_logistf_flic(sex2):
    X, y = sex2
    firth, flic = (fastlogreg.firth(X, y, method=method, tol=1e-9) for method in ("firth", "flic"))
    np.testing.assert_array_equal(flic.coef, firth.coef)
    assert flic.intercept == pytest.approx(0.13, abs=5e-3)
    np.testing.assert_array_equal(flic.interval()[:6], firth.interval()[:6])
    np.testing.assert_allclose(flic.interval()[6], [-0.82, 1.08], rtol=0, atol=5e-3)


# ---------------------------------------------------------------------- slow twins


def penalised(X, y, power=0.5):
    """l* as a plain function of theta, intercept last."""
    design = np.column_stack([X, np.ones(len(X))])

    def value(theta):
        z = design @ theta
        w = 1.0 / (2.0 + np.exp(z) + np.exp(-z))
        log_det = np.linalg.slogdet(design.T @ (w[:, None] * design))[1]
        return y @ z - np.logaddexp(0.0, z).sum() + power * log_det

    return value


@pytest.mark.parametrize(("name", "column"), [("endometrial", 0), ("endometrial", 2), ("sex2", 5)])
def test_intervals_against_a_slow_root_finder(name, column):
    X, y, _ = problem(name)
    value = penalised(X, y)
    result = fastlogreg.firth(X, y, tol=1e-9)
    theta = parameters(result)
    others = np.delete(np.arange(len(theta)), column)
    unit = result.standard_errors[others]

    def short_of(c):
        def inner(u):
            whole = theta.copy()
            whole[others] += unit * u
            whole[column] = c
            return -value(whole)

        best = minimize(inner, np.zeros(len(others)), method="BFGS", options={"gtol": 1e-8})
        return 2.0 * (value(theta) + best.fun) - chdtri(1, 0.05)

    lower, upper = result.interval(columns=column)[0]
    error = result.standard_errors[column]
    for end, side in ((lower, -1), (upper, 1)):
        inside, outside = theta[column], theta[column] + side * 8 * error
        assert brentq(short_of, *sorted((inside, outside)), xtol=1e-9) == pytest.approx(
            end, abs=1e-6
        )


@pytest.mark.parametrize("name", ["endometrial", "sex2", "birthwt"])
def test_no_other_point_is_better(name):
    X, y, _ = problem(name)
    value = penalised(X, y)
    result = fastlogreg.firth(X, y, tol=1e-9)
    theta = parameters(result)
    assert result.penalised_loglik == pytest.approx(value(theta), rel=1e-13)
    rng = np.random.default_rng(0)
    for size in (1e-3, 1e-2, 0.1, 1.0):
        away = theta + size * result.standard_errors * rng.standard_normal(len(theta))
        assert value(away) < result.penalised_loglik
