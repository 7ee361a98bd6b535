"""The estimator's soft targets: weighted duplicates of labels, and those refused."""

import numpy as np
import pandas as pd
import pytest

import fastlogreg
from common.logistic import (
    FRAME,
    NAMES,
    OFFSET,
    PENALTIES,
    SOFT,
    WEIGHT,
    N,
    X,
    Y,
    assert_same_model,
    fitted,
)
from fastlogreg import LogisticRegression


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("parameters", PENALTIES, ids=str)
def test_soft_targets_are_weighted_duplicates(parameters, weighted):
    weight = WEIGHT if weighted else None
    model = fitted(weight, y=SOFT, **parameters)
    of_row = WEIGHT if weighted else np.ones(N)
    twice = fitted(
        np.r_[of_row * SOFT[:, 0], of_row * SOFT[:, 1]],
        X=np.vstack([X, X]),
        y=np.repeat([0, 1], N),
        **parameters,
    )
    assert_same_model(model, twice)
    np.testing.assert_array_equal(model.classes_, [0, 1])
    assert set(model.predict(X)) == {0, 1}


@pytest.mark.parametrize(
    "container",
    [np.ndarray.tolist, pd.DataFrame, np.asfortranarray, lambda y: y.astype(object)],
    ids=["list", "frame", "fortran", "objects"],
)
def test_soft_targets_in_any_container(container):
    expected = fitted(y=SOFT)
    np.testing.assert_array_equal(fitted(y=container(SOFT)).coef_, expected.coef_)
    np.testing.assert_array_equal(fitted(y=container(SOFT), X=FRAME).feature_names_in_, NAMES)
    rounded = fitted(y=SOFT.astype(np.float32))
    np.testing.assert_allclose(rounded.coef_, expected.coef_, rtol=1e-4)


@pytest.mark.parametrize("dtype", [int, float, bool])
def test_rows_of_zeros_and_ones_are_labels(dtype):
    y = np.column_stack([1 - Y, Y]).astype(dtype)
    np.testing.assert_array_equal(fitted(y=y).coef_, fitted(y=Y).coef_)


def test_certificate_of_soft_targets():
    model = LogisticRegression(l1_ratio=0.5).fit(X, SOFT, WEIGHT, offset=OFFSET)
    assert model.certificate_.positive_class is None
    assert model.certificate_.verify(X, SOFT[:, 1], WEIGHT, OFFSET)
    assert not model.certificate_.verify(X, SOFT[:, 0], WEIGHT, OFFSET)


def with_row(row, values):
    y = SOFT.copy()
    y[row] = values
    return y


BAD_SOFT = {
    "sum": (with_row(17, [0.3, 0.6]), r"y\[17\] is \[0.3, 0.6\].*rows that sum to 1"),
    "sum, barely": (with_row(4, [0.5, 0.500002]), r"y\[4\] is .*sum to 1 \(to 1e-6\)"),
    "negative": (with_row(3, [-0.5, 1.5]), r"y\[3\] is \[-0.5, 1.5\].*within \[0, 1\]"),
    "two labels": (np.column_stack([Y, Y]), r"y\[0\] is .*holds probabilities"),
    "nan": (with_row(3, np.nan), "Input y contains NaN"),
    "inf": (with_row(3, [np.inf, 0.0]), "Input y contains infinity"),
    "short": (SOFT[:-1], r"inconsistent numbers of samples: \[90, 89\]"),
    "text": (np.full((N, 2), "a"), "could not convert string to float"),
    "one class": (np.tile([1.0, 0.0], (N, 1)), "contain only one class: .*0"),
    "three columns": (np.column_stack([SOFT, SOFT[:, 0]]), r"y\[0\] is .*holds probabilities"),
    "three dimensions": (SOFT[:, :, None], "Found array with dim 3"),
    "ragged": ([[0.5, 0.5]] * (N - 1) + [[1.0]], "inhomogeneous"),
}


@pytest.mark.parametrize("name", BAD_SOFT)
def test_bad_soft_targets(name):
    y, text = BAD_SOFT[name]
    with pytest.raises(ValueError, match=text):
        LogisticRegression().fit(X, y)


def test_soft_targets_have_no_labels():
    for class_weight in ("balanced", {1: 2.0}):
        with pytest.raises(ValueError, match="class_weight=.* needs labels"):
            LogisticRegression(class_weight=class_weight).fit(X, SOFT)
    with pytest.raises(ValueError, match="score needs labels"):
        fitted().score(X, SOFT)
    with pytest.raises(ValueError, match="only one class: .*1"):
        fitted(np.eye(1, N)[0], y=with_row(0, [0.0, 1.0]))


def test_warm_start_from_labels_to_soft_targets():
    model = LogisticRegression(warm_start=True, max_iter=0)
    with pytest.warns(fastlogreg.ConvergenceWarning):
        model.set_params(max_iter=3).fit(X, Y)
    coef = model.coef_.copy()
    with pytest.warns(fastlogreg.ConvergenceWarning):
        model.set_params(max_iter=0).fit(X, SOFT)
    np.testing.assert_array_equal(model.coef_, coef)
