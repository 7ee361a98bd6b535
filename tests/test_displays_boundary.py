"""Pictures of two columns: the boundary, the colours of the probabilities, the arrow."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression as PeerLogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from common.flowers import flowers
from fastlogreg import LogisticRegression, displays

pytest.importorskip("matplotlib")
pytestmark = pytest.mark.usefixtures("pyplot")


def crossed(n=300, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, (n, 2))
    return X, (X[:, 0] * X[:, 1] > 0) ^ (rng.random(n) < 0.1)


# ------------------------------------------------------------------------------ two columns


def test_boundary_of_a_linear_model(axes):
    X, y = flowers()
    model = LogisticRegression().fit(X, y)
    display = displays.DecisionBoundaryDisplay.from_estimator(model, X, y, ax=axes)
    (line,) = display.lines_
    ends = np.column_stack(line.get_data())
    assert not np.allclose(ends[0], ends[1])
    np.testing.assert_allclose(model.decision_function(ends), 0.0, atol=1e-12)
    low, high = ends.min(axis=0), ends.max(axis=0)
    box = [*axes.get_xlim(), *axes.get_ylim()]
    assert box[0] - 1e-9 <= low[0] <= high[0] <= box[1] + 1e-9
    assert box[2] - 1e-9 <= low[1] <= high[1] <= box[3] + 1e-9
    assert display.boundaries_ == []  # the exact line does


def test_colours_are_probabilities(axes):
    X, y = flowers()
    model = LogisticRegression().fit(X, y)
    display = displays.DecisionBoundaryDisplay.from_estimator(model, X, ax=axes)
    for i, j in ((0, 0), (13, 180), (199, 77)):
        point = [[display.xx0[j], display.xx1[i]]]
        p = model.predict_proba(point)[0]
        assert display.probabilities[i, j] == pytest.approx(p)
        assert display.image_.get_array()[i, j] == pytest.approx(p[1])
    assert display.image_.get_clim() == (0.0, 1.0)
    levels = display.contours_[0].levels
    assert list(levels) == [0.1, 0.25, 0.75, 0.9]
    assert display.points_ == []


def test_the_arrow_goes_from_the_line_along_the_coefficients(axes):
    X, y = flowers()
    model = LogisticRegression(C=20).fit(X, y)
    display = displays.DecisionBoundaryDisplay.from_estimator(model, X, y, ax=axes)
    start, end = np.array(display.arrow_.xyann), np.array(display.arrow_.xy)
    scores = model.decision_function([start, end])
    assert scores == pytest.approx([0.0, display.score_step_], abs=1e-9)
    w = model.coef_[0]
    step = (end - start) / np.linalg.norm(end - start)
    assert step == pytest.approx(w / np.linalg.norm(w))
    length = np.linalg.norm(end - start)  # steps of one: the margin
    assert length == pytest.approx(display.score_step_ / np.linalg.norm(w))
    assert axes.get_aspect() == 1.0  # so that it stands at a right angle


def test_the_arrow_fits_however_steep_the_model_is(axes):
    X, y = flowers()
    for factor, step in ((1e-6, 1e-6), (1.0, 1.0), (1e6, 1e6)):
        axes.clear()
        model = LogisticRegression().fit(X, y)
        model.coef_, model.intercept_ = factor * model.coef_, factor * model.intercept_
        display = displays.DecisionBoundaryDisplay.from_estimator(model, X, y, ax=axes)
        reach = np.abs(np.subtract(display.arrow_.xy, display.arrow_.xyann))
        assert 0.05 < (reach / [np.ptp(display.xx0), np.ptp(display.xx1)]).max() <= 0.22 + 1e-9
        assert display.score_step_ == pytest.approx(step, rel=1.1)


def test_a_curved_boundary_is_a_contour_at_one_half(axes):
    X, y = crossed()
    model = make_pipeline(PolynomialFeatures(2), LogisticRegression()).fit(X, y)
    display = displays.DecisionBoundaryDisplay.from_estimator(model, X, y, ax=axes)
    (contour,) = display.boundaries_
    assert list(contour.levels) == [0.5]
    ends = np.vstack([path.vertices for path in contour.get_paths()])
    assert np.abs(model.predict_proba(ends)[:, 1] - 0.5).max() < 0.01
    assert display.lines_ == []
    assert display.arrow_ is None


def test_a_pipeline_keeps_the_units_of_the_frame(nothing_is_cut_off):
    X, y = flowers(frame=True)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    display = displays.DecisionBoundaryDisplay.from_estimator(model, X, y)
    assert display.ax_.get_xlabel() == "petal length (cm)"
    assert display.colorbar_.ax.get_ylabel() == "probability of virginica"
    assert len(display.boundaries_) == 1
    assert nothing_is_cut_off(display)


def test_three_classes_of_a_softmax(nothing_is_cut_off):
    X, y = load_iris(return_X_y=True)
    X = X[:, :2]
    model = PeerLogisticRegression().fit(X, y)
    display = displays.DecisionBoundaryDisplay.from_estimator(model, X, y)
    assert display.probabilities.shape == (200, 200, 3)
    assert display.lines_ == []
    assert len(display.boundaries_) == 3
    for contour in display.boundaries_:
        ends = np.vstack([path.vertices for path in contour.get_paths()])
        two = np.sort(model.predict_proba(ends), axis=1)[:, 1:]
        assert np.abs(two[:, 0] - two[:, 1]).max() < 0.05  # two classes are level
    shades = np.asarray(display.image_.get_array())
    best = display.probabilities.argmax(axis=2)
    from matplotlib.colors import to_rgb

    for k, colour in enumerate(["#0072B2", "#D55E00", "#009E73"]):
        strongest = np.argmin(shades[best == k].sum(axis=1))
        away = 1.0 - shades[best == k][strongest]
        full = 1.0 - np.array(to_rgb(colour))
        assert away / away.max() == pytest.approx(full / full.max(), abs=1e-6)
    assert [len(line.get_xdata()) for line in display.points_] == [50, 50, 50]
    assert nothing_is_cut_off(display)


def test_one_vs_rest_has_a_line_a_class(axes):
    X, y = load_iris(return_X_y=True)
    X = X[:, :2]
    model = OneVsRestClassifier(LogisticRegression()).fit(X, y)
    display = displays.DecisionBoundaryDisplay.from_estimator(model, X, y, ax=axes)
    assert len(display.lines_) == 3
    for part, line in zip(model.estimators_, display.lines_, strict=True):
        ends = np.column_stack(line.get_data())
        np.testing.assert_allclose(part.decision_function(ends), 0.0, atol=1e-9)


def test_bad_input_of_a_boundary():
    X, y = flowers()
    make, model = displays.DecisionBoundaryDisplay.from_estimator, LogisticRegression().fit(X, y)
    with pytest.raises(ValueError, match="X must have 2 columns"):
        make(model, X[:, :1], y)
    with pytest.raises(ValueError, match="one name for each of 2 columns, got 1"):
        make(model, X, y, names=["length"])
    with pytest.raises(ValueError, match="predict_proba"):
        make(StandardScaler().fit(X), X)
    with pytest.raises(TypeError, match="ax must be matplotlib axes or None, got str"):
        make(model, X, y, ax="here")
    with pytest.raises(ValueError, match="grid_resolution"):
        make(model, X, y, grid_resolution=1.5)
