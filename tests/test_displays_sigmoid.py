"""Pictures of the sigmoid: the probability of a model along its one column, or along scores."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

import fastlogreg
from common.flowers import flowers
from fastlogreg import LogisticRegression, displays

pytest.importorskip("matplotlib")
pytestmark = pytest.mark.usefixtures("pyplot")


def test_sigmoid_is_the_models_probability(axes):
    X, y = flowers(1)
    model = LogisticRegression().fit(X, y)
    display = displays.SigmoidDisplay.from_estimator(model, X, y, ax=axes)
    x, p = display.line_.get_data()
    np.testing.assert_array_equal(p, model.predict_proba(x[:, None])[:, 1])
    assert x[0] < X.min() < X.max() < x[-1]
    assert display.ax_ is axes
    assert display.figure_ is axes.figure


def test_sigmoids_threshold_is_where_the_probability_is_one_half(axes):
    X, y = flowers(1)
    model = LogisticRegression().fit(X, y)
    display = displays.SigmoidDisplay.from_estimator(model, X, y, ax=axes)
    boundary = -model.intercept_[0] / model.coef_[0, 0]
    (line,) = display.threshold_lines_
    assert line.get_xdata() == pytest.approx([boundary, boundary], rel=1e-12)
    assert list(display.half_.get_ydata()) == [0.5, 0.5]
    two, one = display.points_
    np.testing.assert_array_equal(two.get_xdata(), X[y == 2, 0])
    np.testing.assert_array_equal(one.get_xdata(), X[y == 1, 0])
    assert set(two.get_ydata()) == {1.0}
    assert set(one.get_ydata()) == {0.0}


def test_a_curve_may_cross_one_half_twice_or_never(axes):
    x = np.linspace(-3, 3, 61)
    y = (np.abs(x) > 1.3).astype(int)
    model = make_pipeline(PolynomialFeatures(2), LogisticRegression(C=100)).fit(x[:, None], y)
    low, high = displays.SigmoidDisplay.from_estimator(model, x, y, ax=axes).thresholds
    assert model.predict_proba([[low], [high]])[:, 1] == pytest.approx([0.5, 0.5], abs=1e-9)
    assert low == pytest.approx(-1.35, abs=0.2)
    alike = LogisticRegression().fit(np.ones((3, 1)), [0, 1, 1])
    display = displays.SigmoidDisplay.from_estimator(alike, np.ones(3), ax=axes)
    assert len(display.thresholds) == 0
    assert display.points_ == []


def test_sigmoid_over_scores(axes):
    X, y = load_breast_cancer(return_X_y=True)
    model = LogisticRegression().fit(X, y)
    z = model.decision_function(X)
    display = displays.SigmoidDisplay.from_scores(z, y, ax=axes)
    x, p = display.line_.get_data()
    np.testing.assert_allclose(p, fastlogreg.sigmoid(x))
    (line,) = display.threshold_lines_
    assert list(line.get_xdata()) == [0.0, 0.0]
    assert "score" in axes.get_xlabel()


def test_labels_of_a_sigmoid_are_those_of_the_frame(nothing_is_cut_off):
    X, y = flowers(1, frame=True)
    display = displays.SigmoidDisplay.from_estimator(LogisticRegression().fit(X, y), X, y)
    assert display.ax_.get_xlabel() == "petal width (cm)"
    assert display.ax_.get_ylabel() == "probability of virginica"
    assert nothing_is_cut_off(display)
    renamed = displays.SigmoidDisplay.from_estimator(
        LogisticRegression().fit(X, y), X, y, xlabel="width / cm"
    )
    assert renamed.ax_.get_xlabel() == "width / cm"


def test_a_series_is_the_column_it_was(axes, recwarn):
    X, y = flowers(1, frame=True)
    column = X["petal width (cm)"]
    draw, model = displays.SigmoidDisplay.from_estimator, LogisticRegression().fit(X, y)
    display = draw(model, column, y, ax=axes)
    assert axes.get_xlabel() == "petal width (cm)"
    np.testing.assert_array_equal(display.probability, draw(model, X, y).probability)
    assert not recwarn.list
    bare = LogisticRegression().fit(X.to_numpy(), y)
    assert draw(bare, column.rename(None), y).ax_.get_xlabel() == "x0"
    assert not recwarn.list


def test_bad_input_of_a_sigmoid():
    X, y = flowers(1)
    make, model = displays.SigmoidDisplay.from_estimator, LogisticRegression().fit(X, y)
    with pytest.raises(ValueError, match="X must have one column"):
        make(model, np.ones((3, 2)))
    with pytest.raises(ValueError, match="NaN or infinity"):
        make(model, [1.0, np.nan])
    with pytest.raises(ValueError, match="y holds 7, which is none of the classes"):
        make(model, X, np.where(y == 2, 7, 1))
    with pytest.raises(ValueError, match="one label for each of 100 rows"):
        make(model, X, y[:-1])
    with pytest.raises(ValueError, match="not fitted"):
        make(LogisticRegression(), X)
    with pytest.raises(ValueError, match="n_points must be a whole number of at least 2"):
        make(model, X, n_points=1)
    three = SimpleNamespace(predict_proba=None, classes_=[0, 1, 2])
    with pytest.raises(ValueError, match="two classes, the estimator has 3"):
        make(three, X)
    with pytest.raises(ValueError, match="scores must be one-dimensional"):
        displays.SigmoidDisplay.from_scores([[1.0], [2.0]])
