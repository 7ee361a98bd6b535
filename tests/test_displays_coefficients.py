"""Pictures of coefficients: estimates, intervals, what is infinite, and whose they are."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression as PeerLogisticRegression

from common.flowers import flowers
from fastlogreg import LogisticRegression, displays

pytest.importorskip("matplotlib")
pytestmark = pytest.mark.usefixtures("pyplot")


def test_estimates_and_intervals(axes):
    display = displays.CoefficientDisplay(
        [0.5, -1.0], [0.1, -2.0], [0.9, np.nan], names=["age", "weight"], level=0.9
    ).plot(axes)
    (points,), (intervals,) = display.points_, display.intervals_
    assert list(points.get_xdata()) == [0.5, -1.0]
    assert list(points.get_ydata()) == [0, 1]
    first = intervals.get_segments()[0]
    assert [tuple(end) for end in first] == [(0.1, 0), (0.9, 0)]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["age", "weight"]
    assert axes.yaxis_inverted()  # the first at the top
    assert display.arrows_ == []
    assert "90 % interval" in axes.get_legend().get_texts()[0].get_text()


@pytest.mark.parametrize("odds_ratio", [False, True])
def test_infinite_estimates_are_arrows(axes, odds_ratio, nothing_is_cut_off):
    display = displays.CoefficientDisplay(
        [0.5, np.inf, -np.inf, 1.0], [0.1, 1.2, -np.inf, -1.0], [0.9, np.inf, -0.3, np.inf]
    ).plot(axes, odds_ratio=odds_ratio)
    unit = np.exp if odds_ratio else np.asarray
    assert display.points_[0].get_xdata() == pytest.approx(unit([0.5, 1.0]))
    low, high = axes.get_xlim()
    ends = [(arrow.xy[0], arrow.xy[1]) for arrow in display.arrows_]
    assert ends == [(pytest.approx(high), 1), (pytest.approx(low), 2), (pytest.approx(high), 3)]
    for arrow in display.arrows_:
        assert (arrow.xy[0] > arrow.xyann[0]) == (arrow.xy[0] == pytest.approx(high))
    texts = [text.get_text() for text in axes.texts if text.get_text()]
    assert texts == (
        ["∞", "0"] if odds_ratio else ["+∞", "−∞"]
    )  # an estimate of 1 is not infinite, though its interval is
    segments = display.intervals_[0].get_segments()
    assert segments[1][0, 0] == pytest.approx(unit(1.2))
    assert segments[1][1, 0] == pytest.approx(high)
    assert axes.get_xscale() == ("log" if odds_ratio else "linear")
    assert nothing_is_cut_off(display)


def test_infinite_estimates_without_intervals(axes):
    display = displays.CoefficientDisplay([np.inf, -np.inf]).plot(axes)
    assert len(display.arrows_) == 2
    assert len(display.points_[0].get_xdata()) == 0
    assert [arrow.xyann[0] for arrow in display.arrows_] == [0.0, 0.0]
    none = displays.CoefficientDisplay([np.inf, 1.0], [np.nan] * 2, [np.nan] * 2).plot()
    assert [arrow.xyann[0] for arrow in none.arrows_] == [0.0]
    assert none.intervals_ == []


def test_coefficients_of_estimators(nothing_is_cut_off):
    X, y = load_iris(return_X_y=True, as_frame=True)
    model = PeerLogisticRegression(max_iter=500).fit(X, y)
    display = displays.CoefficientDisplay.from_estimator(model)
    for k, points in enumerate(display.points_):
        np.testing.assert_array_equal(points.get_xdata(), model.coef_[k])
    labels = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert labels == list(X.columns)
    assert nothing_is_cut_off(display)
    X, y = flowers(4)
    model = LogisticRegression().fit(X, y)
    model.separation_ = SimpleNamespace(infinite={1: -1, 2: 0, 3: None, "intercept": 1})
    display = displays.CoefficientDisplay.from_estimator(model, most=3)
    expected = model.coef_[0].copy()
    expected[1] = -np.inf
    np.testing.assert_array_equal(display.estimates, expected)
    assert len(display.order_) == 3
    assert 1 in display.order_
    assert np.isfinite(model.coef_).all()  # the model itself is as it was
    sparse_model = LogisticRegression().fit(X, y).sparsify()
    np.testing.assert_allclose(
        displays.CoefficientDisplay.from_estimator(sparse_model).estimates, model.coef_[0]
    )


def test_infinite_estimates_of_one_of_many_classes():
    X, y = load_iris(return_X_y=True)
    model = PeerLogisticRegression(max_iter=500).fit(X, np.array(["a", "b", "c"])[y])
    model.separation_ = SimpleNamespace(infinite={("b", 2): 1})
    display = displays.CoefficientDisplay.from_estimator(model)
    assert [tuple(place) for place in np.argwhere(np.isinf(display.estimates))] == [(1, 2)]
    assert len(display.arrows_) == 1


def test_an_inference_that_asks_for_a_level_and_knows_infinities(axes):
    asked = []

    def conf_int(level=0.95, *, method="wald"):
        asked.append((level, method))
        ends = np.array([[0.1, 0.9], [np.nan, np.nan], [np.nan, np.nan], [0.0, 1.0]])
        if method == "profile":
            ends[1] = [1.2, np.inf]
        return ends

    inference = SimpleNamespace(
        params=np.array([0.5, np.inf, np.nan, 0.5]),
        param_names=("age", "smoker", "aliased", "intercept"), conf_int=conf_int,
    )  # fmt: skip
    make = displays.CoefficientDisplay.from_inference
    display = make(inference, level=0.8, method="profile", ax=axes)
    assert display.names == ["age", "smoker"]
    low, high = axes.get_xlim()
    assert display.arrows_[0].xyann[0] > 1.2
    assert display.arrows_[0].xy[0] == pytest.approx(high)
    bare = make(inference)  # no interval: a short arrow, which is none either
    low, high = bare.ax_.get_xlim()
    assert bare.arrows_[0].xyann[0] == pytest.approx(high - 0.1 * (high - low))
    assert [len(ends) for ends in bare.intervals_[0].get_segments()] == [2, 0]
    assert asked == [(0.8, "profile"), (0.95, "wald")]


def test_coefficients_of_an_inference(axes):
    sm = pytest.importorskip("statsmodels.api")
    pd = pytest.importorskip("pandas")
    X, y = flowers(4, frame=True)
    X = X.iloc[:, 2:]
    X = sm.add_constant(X)
    for exog in (X, X.to_numpy()):
        result = sm.Logit((y == "virginica").astype(int), exog).fit(disp=0)
        axes.clear()
        display = displays.CoefficientDisplay.from_inference(result, level=0.9, ax=axes)
        params, ends = np.asarray(result.params), np.asarray(result.conf_int(0.1))
        np.testing.assert_array_equal(display.points_[0].get_xdata(), params[1:])
        np.testing.assert_array_equal(display.lower, ends[1:, 0])
        np.testing.assert_array_equal(display.upper, ends[1:, 1])
    named = displays.CoefficientDisplay.from_inference(
        SimpleNamespace(params=pd.Series([1.0], ["age"]), conf_int=lambda alpha: [[0.5, 1.5]])
    )
    assert named.names == ["age"]
    assert (
        len(displays.CoefficientDisplay.from_inference(result, intercept=True).estimates)
        == len(display.estimates) + 1
    )


def labelled(axis):
    """The labels that are seen."""
    axis.axes.figure.canvas.draw()
    low, high = axis.get_view_interval()
    ticks = axis.get_major_ticks() + axis.get_minor_ticks()
    return [t.label1.get_text() for t in ticks if low <= t.get_loc() <= high]


def test_odds_ratios_are_plain_numbers(axes):
    def labels(estimates, lower, upper):
        axes.clear()
        displays.CoefficientDisplay(estimates, lower, upper).plot(axes, odds_ratio=True)
        return labelled(axes.xaxis)

    assert labels([0.4], [-0.9], [1.8]) == ["0.5", "1", "2", "5"]
    assert labels([5.0, -4.0], [3.0, -8.0], [9.0, -1.0]) == [
        "0.001", "0.01", "0.1", "1", "10", "100", "1000", "10000"
    ]  # fmt: skip
    narrow = labels([0.03], [-0.01], [0.09])
    assert len(narrow) >= 4
    assert set(narrow) > {"1", "1.02", "1.04"}


@pytest.mark.parametrize("frame", [True, False])
@pytest.mark.parametrize("n_columns", [1, 2])
def test_a_multinomial_model_of_statsmodels(n_columns, frame):
    sm = pytest.importorskip("statsmodels.api")
    X, y = load_iris(return_X_y=True, as_frame=True)
    noise = np.random.default_rng(0).integers(0, 3, len(y))
    y = y.where(np.arange(len(y)) % 3 > 0, noise) + 4  # two columns: as many classes as parameters
    X = sm.add_constant(X.iloc[:, :n_columns])
    result = sm.MNLogit(y if frame else y.to_numpy(), X if frame else X.to_numpy()).fit(disp=0)
    make = displays.CoefficientDisplay.from_inference
    display = make(result, intercept=True)
    params, ends = np.asarray(result.params), np.asarray(result.conf_int()).reshape(-1, 2)
    np.testing.assert_array_equal(display.estimates, [*params[:, 0], *params[:, 1]])
    np.testing.assert_allclose(display.estimates, ends.mean(axis=1))  # Wald: in the middle
    np.testing.assert_array_equal(display.lower, ends[:, 0])
    columns = list(X.columns) if frame else ["const", "x1", "x2"][: n_columns + 1]
    assert display.names == [f"{label}:{name}" for label in (5, 6) for name in columns]
    assert make(result).names == [name for name in display.names if "const" not in name]


def test_an_inference_of_many_classes():
    X, y = load_iris(return_X_y=True)
    y = np.where(np.arange(len(y)) % 3, y, np.random.default_rng(0).integers(0, 3, len(y)))
    inference = LogisticRegression(C=np.inf).fit(X[:, :1], y).inference(X[:, :1], y)
    display = displays.CoefficientDisplay.from_inference(inference, intercept=True)
    np.testing.assert_array_equal(display.estimates, inference.params.ravel())
    np.testing.assert_allclose(display.estimates, (display.lower + display.upper) / 2)
    assert display.names == list(inference.param_names)


def test_bad_input_of_coefficients():
    make = displays.CoefficientDisplay
    with pytest.raises(ValueError, match="must not be NaN"):
        make([np.nan])
    with pytest.raises(ValueError, match="both be given, or neither"):
        make([1.0], [0.0])
    with pytest.raises(ValueError, match="shape of estimates"):
        make([1.0], [0.0, 1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="lower must not be above upper"):
        make([1.0], [2.0], [0.0])
    with pytest.raises(ValueError, match="one name for each of 2 columns"):
        make([1.0, 2.0], names=["a"])
    with pytest.raises(ValueError, match="one label for each of 2 rows"):
        make([[1.0], [2.0]], classes=["a"])
    with pytest.raises(ValueError, match="most must be a whole number"):
        make([1.0]).plot(most=0)
    with pytest.raises(ValueError, match="has no coef_"):
        make.from_estimator(LogisticRegression())
    with pytest.raises(ValueError, match="level must be within"):
        make.from_inference(object(), level=95)
    with pytest.raises(ValueError, match="params and conf_int"):
        make.from_inference(object())
    with pytest.raises(ValueError, match="an interval for each of 2 params, got 1"):
        make.from_inference(SimpleNamespace(params=[1.0, 2.0], conf_int=lambda alpha: [[0, 1]]))
