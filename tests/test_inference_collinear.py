"""Columns that depend on each other, nearly or wholly, or lie far from zero."""

import numpy as np
import pytest

import fastlogreg
from common.inference import problem


@pytest.mark.parametrize("classes", [2, 3])
def test_collinear_columns(classes):
    X, y, given = problem(classes)
    A = np.column_stack([X[:, 0], X[:, 1], 1 - X[:, 1], X[:, 2], X[:, 0] + 2 * X[:, 2],
                         np.full(len(y), 3.0)])  # fmt: skip
    names = ["age", "smokes", "abstains", "dose", "both", "one"]
    with pytest.raises(ValueError, match="depend on each other") as raised:
        fastlogreg.Inference(A, y, **given, feature_names=names)
    text = str(raised.value)
    assert "abstains = 1 - smokes" in text
    assert "both = age + 2 dose" in text
    assert "one = 3" in text
    inference = fastlogreg.Inference(A, y, **given, feature_names=names, collinear="drop")
    less = fastlogreg.Inference(X, y, **given)
    shape = (classes - 1, 7)
    params, bse = inference.params.reshape(shape), inference.bse.reshape(shape)
    assert np.isnan(params[:, [2, 4, 5]]).all()
    assert np.isnan(bse[:, [2, 4, 5]]).all()
    kept = [0, 1, 3, 6]
    np.testing.assert_allclose(params[:, kept], less.params.reshape(classes - 1, 4), rtol=1e-7)
    np.testing.assert_allclose(bse[:, kept], less.bse.reshape(classes - 1, 4), rtol=1e-7)
    assert inference.df == less.df
    assert inference.aic == pytest.approx(less.aic)
    assert inference.lr_test().df == less.lr_test().df
    ends = inference.conf_int(method="profile").reshape(*shape, 2)
    assert np.isnan(ends[:, [2, 4, 5]]).all()
    expected = less.conf_int(method="profile").reshape(classes - 1, 4, 2)
    np.testing.assert_allclose(ends[:, kept], expected, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(inference.leverage(), less.leverage(), rtol=1e-7)
    assert inference.wald_test(drop=["age", "both"]) == pytest.approx(less.wald_test(drop="x0"))
    assert sum("aliased" in note for note in inference.notes) == 3


def test_more_columns_than_rows():
    X = np.random.default_rng(0).normal(size=(20, 30))
    with pytest.raises(ValueError, match=r"x19 = .* \(11 more terms\); .*; and 3 more") as raised:
        fastlogreg.Inference(X, np.arange(20) % 2)
    assert len(str(raised.value)) < 2000


def test_a_column_far_from_zero():
    """A year beside an intercept: the same errors as of the centred column."""
    X, y, given = problem(2)
    X[:, 0] = np.round(X[:, 0] * 3)
    far = X + [2000.0, 0.0, 0.0]
    near, other = (fastlogreg.Inference(made, y, **given) for made in (X, far))
    np.testing.assert_allclose(other.params[:3], near.params[:3], rtol=1e-8)
    np.testing.assert_allclose(other.bse[:3], near.bse[:3], rtol=1e-6)


def test_nearly_collinear_columns_are_told():
    X, y, given = problem(2)
    X[:, 2] = X[:, 0] + 1e-8 * X[:, 2]
    with pytest.warns(RuntimeWarning, match="variance of 'x[02]' is"):
        fastlogreg.Inference(X, y, **given)
