"""What bias reduction refuses, and data at its limits: dependent columns, large offsets."""

import numpy as np
import pytest
import scipy.sparse as sp

from common.firth import TIGHT, data
from fastlogreg import firth


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"method": "mean"}, "method must be one of"),
        ({"power": -0.1}, "power must be a finite number >= 0"),
        ({"tol": -1.0}, "tol must be a finite number >= 0"),
        ({"max_iter": 1.5}, "max_iter must be an integer"),
        ({"sample_weight": -np.ones(120)}, "Negative values"),
        ({"sample_weight": np.ones(3)}, "sample_weight must have shape"),
        ({"offset": np.full(120, np.nan)}, "offset contains NaN"),
        ({"n_threads": 0}, "n_threads must be a positive integer"),
        ({"start": (np.zeros(3), 0.0)}, "coef must have shape"),
        ({"reference_class": 1}, "reference_class needs n_classes"),
        ({"method": "flic", "fit_intercept": False}, "needs fit_intercept=True"),
        ({"method": "flac", "power": 0.0}, "power above 0"),
        ({"method": "median", "power": 1.0}, "no meaning for method='median'"),
        ({"n_classes": 3, "method": "flic"}, "is for two classes"),
        ({"n_classes": 3, "start": (0, 0)}, "start is for two classes"),
        ({"n_classes": 1}, "n_classes must be an integer of at least 2"),
        ({"n_classes": 3, "reference_class": 3}, "reference_class must be within 0..2"),
        ({"n_classes": 3, "offset": np.zeros(120)}, r"offset must have shape \(120, 3\)"),
    ],
)
def test_wrong_arguments_are_refused(change, text):
    X, y = data()
    with pytest.raises(ValueError, match=text):
        firth(X, y, **change)


def test_numbers_are_expected():
    X, y = data()
    with pytest.raises(TypeError, match="power must be a real number"):
        firth(X, y, power="half")
    with pytest.raises(TypeError, match="fit_intercept must be True or False"):
        firth(X, y, fit_intercept=1)


@pytest.mark.parametrize("y", [[0, 1, 2, 3] * 30, [0.5] * 120, [-1, 0, 1] * 40])
def test_wrong_class_numbers_are_refused(y):
    X, _ = data()
    with pytest.raises(ValueError, match="y must hold the codes"):
        firth(X, y, n_classes=3)


def test_wrong_probabilities_are_refused():
    X, _ = data()
    for y in (np.full((120, 3), 0.5), np.full((120, 3), [2.0, -1.0, 0.0])):
        with pytest.raises(ValueError, match="summing to 1"):
            firth(X, y)
    with pytest.raises(ValueError, match="n_classes is 4, but y has 2 columns"):
        firth(X, np.full((120, 2), 0.5), n_classes=4)
    with pytest.raises(ValueError, match="one row for each of the 120 rows"):
        firth(X, np.full((3, 2), 0.5))


@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, sp.csr_array, sp.csc_array])
@pytest.mark.parametrize("k", [None, 3])
def test_dependent_columns_are_named(kind, k):
    X, y = data()
    X = np.column_stack([X, X[:, 0] + X[:, 1], np.zeros(120), np.ones(120)])
    with pytest.raises(ValueError, match="no maximum: x4 = x0 [+] x1; x5 = 0; x6 = 1[.] Drop one"):
        firth(kind(X), y, n_classes=k)
    names = ["a", "b", "c", "d", "sum", "none"]
    with pytest.raises(ValueError, match="no maximum: sum = a [+] b; none = 0[.] Drop one"):
        firth(kind(X[:, :6]), y, fit_intercept=False, n_classes=k, feature_names=names)


def test_too_few_rows_are_dependent_columns():
    X, y = data(n=120, p=4)
    with pytest.raises(ValueError, match="no maximum: x2 = .*; x3 = "):
        firth(X[:3], [0, 1, 1])


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, sp.csr_array])
@pytest.mark.parametrize("k", [None, 3])
def test_values_that_are_not_finite_are_refused(value, kind, k):
    X, y = data()
    X[7, 2] = value
    with pytest.raises(ValueError, match="contains NaN or infinity"):
        firth(kind(X), y, n_classes=k)


@pytest.mark.parametrize("k", [None, 3])
def test_too_many_columns_are_refused_before_they_are_tried(k):
    X, y = sp.csr_array((120, 1_000_000)), np.zeros(120, dtype=int)
    with pytest.raises(ValueError, match="000000 parameters; the penalty is a determinant"):
        firth(X, y, n_classes=k)


def test_one_class_has_no_flic():
    X, y = data()
    assert firth(X, 0 * y).converged
    with pytest.raises(ValueError, match="needs both classes"):
        firth(X, 0 * y, method="flic")


@pytest.mark.parametrize("size", [30.0, 1e3, 1e6])
def test_large_offsets(size):
    X, y = data()
    plain = firth(X, y, tol=TIGHT)
    result = firth(X, y, offset=np.full(120, size))
    assert result.converged
    np.testing.assert_allclose(result.coef, plain.coef, rtol=0, atol=1e-6)
    assert result.intercept + size == pytest.approx(plain.intercept, abs=1e-6)
    far = firth(X, y, offset=np.full(120, size), start=(np.zeros(4), 0.0))  # all rows saturated
    assert far.converged == (abs(far.intercept - result.intercept) < 1e-3)


def test_an_offset_along_a_column_is_taken_back():
    X, y = data()
    plain = firth(X, y, tol=TIGHT)
    for size in (5.0, 50.0):
        result = firth(X, y, offset=size * X[:, 1], tol=TIGHT)
        assert result.converged
        np.testing.assert_allclose(result.coef + [0, size, 0, 0], plain.coef, rtol=0, atol=1e-6)


def test_information_that_underflows_is_named():
    X, y = data()
    with pytest.raises(ValueError, match="singular where the fit starts"):
        firth(1e-160 * X, y, start=(np.zeros(4), 0.0))


def test_the_arguments_are_not_written_to():
    X, y = data()
    weight, offset, start = np.ones(120), np.zeros(120), np.zeros(4)
    before = [a.copy() for a in (X, y, weight, offset, start)]
    for method in ("firth", "flic", "flac", "median"):
        firth(
            X, y, sample_weight=weight, offset=offset, start=(start, 0.0), method=method
        ).standard_errors[0] = 0.0
    for a, b in zip((X, y, weight, offset, start), before, strict=True):
        np.testing.assert_array_equal(a, b)
