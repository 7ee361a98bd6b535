"""Pictures: their artists carry the numbers of the models that they show."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.linear_model import LogisticRegression as PeerLogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

import fastlogreg
from fastlogreg import LogisticRegression, LogisticRegressionCV, displays, logistic_path

pytest.importorskip("matplotlib")
pytestmark = pytest.mark.usefixtures("pyplot")


def flowers(n_columns=2, frame=False):
    """Two kinds of iris that overlap."""
    X, y = load_iris(return_X_y=True, as_frame=frame)
    if frame:
        return X.iloc[50:, 4 - n_columns :], np.array(["versicolor", "virginica"])[y[50:] - 1]
    return X[50:, 4 - n_columns :], y[50:]


def crossed(n=300, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, (n, 2))
    return X, (X[:, 0] * X[:, 1] > 0) ^ (rng.random(n) < 0.1)


# ------------------------------------------------------------------------------ the sigmoid


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


# ------------------------------------------------------------------------------ the path


def wide_path():
    rng = np.random.default_rng(3)
    X = rng.standard_normal((60, 30))
    y = rng.random(60) < 1 / (1 + np.exp(-X[:, :4].sum(axis=1)))
    return logistic_path(X, y, n_alphas=40, eps=0.05)


def test_axes_of_a_path(axes):
    path = wide_path()
    display = displays.PathDisplay.from_path(path, ax=axes)
    assert display.ax_ is axes
    assert axes.get_xscale() == "log"
    assert axes.get_xlim() == pytest.approx((path.alphas[0], path.alphas[-1]))  # strong at left
    assert "alpha" in axes.get_xlabel()
    assert axes.get_ylabel() == "coefficient"
    counts = [int(label.get_text()) for label in display.count_axis_.get_xticklabels()]
    assert counts[0] == path.df[0]
    assert counts[-1] == path.df[-1]
    assert "other than zero" in display.count_axis_.get_xlabel()


def test_curves_of_a_path_are_its_coefficients(axes):
    path = wide_path()
    display = displays.PathDisplay.from_path(path, ax=axes)
    for j, line in display.lines_.items():
        drawn = np.nan_to_num(line.get_ydata())
        np.testing.assert_array_equal(drawn, path.coefs[:, j])
        np.testing.assert_array_equal(line.get_xdata(), path.alphas)
    assert set(display.lines_) == set(np.argsort(-np.abs(path.coefs[-1]))[:8])
    assert len(display.others_.get_segments()) == np.any(path.coefs, axis=0).sum() - 8


def test_a_path_at_a_common_scale(axes):
    path, scale = wide_path(), np.linspace(0.1, 3.0, 30)
    display = displays.PathDisplay.from_path(path, scale=scale, ax=axes)
    for j, line in display.lines_.items():
        np.testing.assert_array_equal(np.nan_to_num(line.get_ydata()), path.coefs[:, j] * scale[j])
    assert set(display.lines_) == set(np.argsort(-np.abs(path.coefs[-1] * scale))[:8])
    assert "scale" in axes.get_ylabel()
    with pytest.raises(ValueError, match="a number for each of 30 columns, got 2"):
        displays.PathDisplay.from_path(path, scale=[1.0, 2.0])


def test_names_the_largest_at_the_ends_of_their_curves(axes):
    path = wide_path()
    names = [f"column {j}" for j in range(30)]
    display = displays.PathDisplay.from_path(path, names=names, ax=axes)
    largest = np.argsort(-np.abs(path.coefs[-1]))[:8]
    assert [text.get_text() for text in display.labels_] == [names[j] for j in largest]
    heights = np.sort([text.get_position()[1] for text in display.labels_])
    assert (np.diff(heights) > 0.049).all()
    for text, j in zip(display.labels_, largest, strict=True):
        low, high = axes.get_ylim()
        assert low + text.xy[1] * (high - low) == pytest.approx(path.coefs[-1, j])


def test_draws_sparse_and_empty_paths(axes):
    path = wide_path()
    display = displays.PathDisplay.from_path(
        replace(path, coefs=sparse.csr_array(path.coefs)), ax=axes
    )
    assert display.labels_[0].get_text().startswith("x")
    X, y = flowers()
    empty = logistic_path(X, y == 2, n_alphas=1)
    assert empty.df[0] == 0
    axes.clear()
    assert displays.PathDisplay.from_path(empty, ax=axes).labels_ == []
    axes.figure.canvas.draw()


def test_a_path_draws_itself(nothing_is_cut_off):
    display = wide_path().plot()
    assert isinstance(display, displays.PathDisplay)
    assert nothing_is_cut_off(display)
    with pytest.raises(ValueError, match="one name for each of 30 columns"):
        displays.PathDisplay.from_path(wide_path(), names=["a"])
    with pytest.raises(ValueError, match="path must be what .*logistic_path returns; int has no"):
        displays.PathDisplay.from_path(3)


# ------------------------------------------------------------------------------ cross-validation


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("ratios", [(0,), (0, 0.5, 1)])
def test_error_bars_are_those_of_the_folds(axes, legacy, ratios):
    X, y = load_breast_cancer(return_X_y=True)
    model = LogisticRegressionCV(
        Cs=[0.01, 0.1, 1, np.inf], l1_ratios=ratios, standardize=True, scoring="neg_log_loss",
        use_legacy_attributes=legacy, cv=4, max_iter=1000, bounds=(-30, 30),
    ).fit(X, y)  # fmt: skip
    display = displays.CVDisplay.from_estimator(model, ax=axes)
    if legacy:
        scores = model.scores_[1].swapaxes(1, 2)
    else:
        scores = model.scores_
    place = list(ratios).index(float(np.ravel(model.l1_ratio_)[0]))
    scores = scores[:, place, :3]  # C = inf has no place on the axis
    line, caps, (bars,) = display.errorbar_.lines
    np.testing.assert_array_equal(line.get_xdata(), model.alphas_[:3])
    np.testing.assert_allclose(line.get_ydata(), scores.mean(axis=0))
    ends = np.array([segment[:, 1] for segment in bars.get_segments()])
    error = scores.std(axis=0, ddof=1) / 2.0
    np.testing.assert_allclose(ends.T, [line.get_ydata() - error, line.get_ydata() + error])
    assert len(caps) == 2
    if model.alpha_ > 0:
        assert list(display.min_line_.get_xdata()) == [model.alpha_] * 2
    else:
        assert display.min_line_ is None
    assert list(display.one_se_line_.get_xdata()) == [model.alpha_1se_] * 2
    assert axes.get_xscale() == "log"
    assert "log loss" in axes.get_ylabel()


def test_a_chosen_l1_ratio(nothing_is_cut_off):
    X, y = flowers()
    model = LogisticRegressionCV(
        Cs=4, l1_ratios=(0, 1), scoring="accuracy", use_legacy_attributes=False
    ).fit(X, y)
    best = displays.CVDisplay.from_estimator(model)
    other = 1.0 - model.l1_ratio_
    display = displays.CVDisplay.from_estimator(model, l1_ratio=other)
    mean = model.scores_.mean(axis=0)[int(other)]
    np.testing.assert_allclose(display.mean_, mean)
    assert best.min_line_ is not None
    assert display.min_line_ is None  # the two strengths belong to the best
    assert nothing_is_cut_off(best)
    with pytest.raises(ValueError, match="l1_ratio must be one of those tried"):
        displays.CVDisplay.from_estimator(model, l1_ratio=0.3)


@pytest.mark.parametrize("legacy", [False, True])
def test_scores_of_one_vs_rest(legacy):
    X, y = load_iris(return_X_y=True)
    model = LogisticRegressionCV(
        Cs=3, l1_ratios=(0, 1), multi_class="ovr", scoring="accuracy", use_legacy_attributes=legacy
    ).fit(X, y)
    display = displays.CVDisplay.from_estimator(model, l1_ratio=1)
    scores = model.scores_[1][:, :, 1] if legacy else model.scores_[:, 1]
    np.testing.assert_allclose(display.mean_, scores.mean(axis=0))


def test_bad_input_of_a_cross_validation():
    with pytest.raises(ValueError, match="fitted fastlogreg.LogisticRegressionCV"):
        displays.CVDisplay.from_estimator(LogisticRegressionCV())
    with pytest.raises(ValueError, match="a column for each of 2 alphas"):
        displays.CVDisplay([1.0, 2.0], np.ones((5, 3)))
    with pytest.raises(ValueError, match="alphas must be above 0"):
        displays.CVDisplay([1.0, 0.0], np.ones((5, 2)))


# ------------------------------------------------------------------------------ convergence


def test_suboptimality_against_reads(axes, nothing_is_cut_off):
    X, y = load_breast_cancer(return_X_y=True)
    best = fastlogreg.fit(X, y, alpha=1e-3, tol=1e-14).objective
    record = []
    result = fastlogreg.fit(X, y, alpha=1e-3, callback=record.append)
    slow = fastlogreg.reference.gradient_descent(X, y, alpha=1e-3, max_iter=7)[2]
    display = displays.ConvergenceDisplay.from_records(
        {"here": record, "gradient descent": slow}, minimum=best, ax=axes
    )
    passes, heights = display.lines_["here"].get_data()
    assert list(passes) == [seen.n_passes for seen in record]
    assert passes[-1] <= result.n_passes
    expected = np.array([seen.objective for seen in record]) / best - 1
    np.testing.assert_array_equal(heights, np.maximum(expected, 2.0**-52))
    passes, heights = display.lines_["gradient descent"].get_data()
    assert list(passes) == list(range(1, 8))
    np.testing.assert_array_equal(heights, np.array(slow) / best - 1)
    assert axes.get_yscale() == "log"
    assert axes.get_xlabel() == "reads of X"
    by_step = displays.ConvergenceDisplay.from_records({"here": record}, against="iterations")
    assert list(by_step.lines_["here"].get_xdata()) == list(range(1, result.n_iter + 1))
    assert nothing_is_cut_off(by_step)


def test_the_point_taken_for_the_minimum_is_left_out():
    display = displays.ConvergenceDisplay.from_records({"a": [3.0, 2.0, 1.0], "b": [4.0, 1.5]})
    np.testing.assert_allclose(display.suboptimality_["a"], [2.0, 1.0, np.nan])
    np.testing.assert_allclose(display.suboptimality_["b"], [3.0, 0.5])
    flat = displays.ConvergenceDisplay.from_records({"a": [2.0, 1.0]}, minimum=1.0)
    np.testing.assert_array_equal(flat.suboptimality_["a"], [1.0, 2.0**-52])


@pytest.mark.parametrize(
    "solver", ["newton", "multilevel", "truncated-newton", "lbfgs", "proximal"]
)
def test_callbacks_see_the_reads_of_the_result(solver):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((3000, 40))
    y = rng.random(3000) < 0.5
    seen = []
    result = fastlogreg.fit(X, y, alpha=1e-3, solver=solver, callback=seen.append)
    passes = [info.n_passes for info in seen]
    assert passes == sorted(passes)
    assert 0 < passes[-1] <= result.n_passes


def test_bad_input_of_a_convergence():
    make = displays.ConvergenceDisplay.from_records
    with pytest.raises(ValueError, match="the record of 'a' is empty"):
        make({"a": []})
    with pytest.raises(TypeError, match="must be a dict of lists, got list"):
        make([1.0])
    with pytest.raises(ValueError, match="at least one fit"):
        make({})
    with pytest.raises(ValueError, match="against must be one of"):
        make({"a": [1.0]}, against="seconds")
    with pytest.raises(ValueError, match="above an objective that was reached"):
        make({"a": [2.0, 1.0]}, minimum=1.5)
    with pytest.raises(ValueError, match="minimum must be above 0"):
        make({"a": [1.0, 0.0]})


# ------------------------------------------------------------------------------ all of them


def test_calibration_is_scikit_learns(axes):
    from sklearn.calibration import CalibrationDisplay

    assert displays.CalibrationDisplay is CalibrationDisplay
    X, y = flowers()
    display = displays.CalibrationDisplay.from_estimator(
        LogisticRegression().fit(X, y), X, y, n_bins=4, ax=axes
    )
    assert display.ax_ is axes


def drawings():
    X, y = flowers()
    model, one = LogisticRegression().fit(X, y), LogisticRegression().fit(X[:, :1], y)
    cv = LogisticRegressionCV(
        Cs=3, l1_ratios=(0,), scoring="accuracy", use_legacy_attributes=False
    ).fit(X, y)
    return {
        "SigmoidDisplay": lambda **k: displays.SigmoidDisplay.from_estimator(one, X[:, 0], y, **k),
        "DecisionBoundaryDisplay": lambda **k: displays.DecisionBoundaryDisplay.from_estimator(
            model, X, y, **k
        ),
        "PathDisplay": lambda **k: logistic_path(X, y == 2, n_alphas=5).plot(**k),
        "CVDisplay": lambda **k: displays.CVDisplay.from_estimator(cv, **k),
        "CoefficientDisplay": lambda **k: displays.CoefficientDisplay.from_estimator(model, **k),
        "ConvergenceDisplay": lambda **k: displays.ConvergenceDisplay.from_records(
            {"a": [2.0, 1.0]}, **k
        ),
        "SeparationDisplay": lambda **k: displays.SeparationDisplay([1.0, 2.0], [0.5, 0.1]).plot(
            **k
        ),
    }


OWN = [name for name in displays.__all__ if name != "CalibrationDisplay"]


@pytest.mark.parametrize("name", OWN)
def test_each_makes_its_figure_or_takes_axes(name, axes):
    draw = drawings()[name]
    assert type(draw()) is getattr(displays, name)
    display = draw(ax=axes)
    assert display.ax_ is axes
    assert display.figure_ is axes.figure
    assert display.plot().ax_ is not axes  # again, in a figure of its own


@pytest.mark.parametrize("name", OWN)
def test_each_says_that_matplotlib_is_missing(name, monkeypatch):
    import sys

    draw = drawings()[name]
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=f"{name} draws with matplotlib, .* pip install"):
        draw()


def test_importing_displays_imports_no_matplotlib(run_python):
    run_python(
        "import sys; from fastlogreg import displays; displays.PathDisplay; displays.CVDisplay;"
        "displays.SigmoidDisplay; displays.DecisionBoundaryDisplay; displays.SeparationDisplay;"
        "assert 'matplotlib' not in sys.modules and 'sklearn' not in sys.modules"
    )
