"""Pictures: nothing is cut off, and nothing lies on something else, in whatever axes."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.datasets import load_iris

from common.flowers import flowers
from fastlogreg import LogisticRegression, displays, logistic_path

pytest.importorskip("matplotlib")
pytestmark = pytest.mark.usefixtures("pyplot")


def many_names():
    """A path whose names are longer than what an ordinary figure has beside its axes."""
    rng = np.random.default_rng(3)
    X = rng.standard_normal((60, 8))
    y = rng.random(60) < 1 / (1 + np.exp(-X[:, :4].sum(axis=1)))
    path = logistic_path(X, y, n_alphas=20, eps=0.05)
    return path, [f"a column of long name {j}" for j in range(8)]


def model_of_flowers():
    X, y = flowers()
    return LogisticRegression().fit(X, y), X, y


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_legend_lies_below_the_label_of_low_data(n_classes, nothing_is_cut_off):
    X, y = load_iris(return_X_y=True)
    X, y = X[y < n_classes, 2:], np.array(["setosa", "versicolor", "virginica"])[y[y < n_classes]]
    model = LogisticRegression(multi_class="ovr").fit(X, y)
    display = displays.DecisionBoundaryDisplay.from_estimator(model, X, y)
    assert nothing_is_cut_off(display)
    (legend,) = display.figure_.legends
    assert legend.get_window_extent().y1 < display.ax_.xaxis.label.get_window_extent().y0


def test_a_legend_adds_its_rows_to_the_figure():
    estimates, heights = np.eye(6)[:, :2], []
    for label in ("short", "so long a label that two fill a line"):
        display = displays.CoefficientDisplay(estimates, classes=[label] * 6).plot()
        display.figure_.canvas.draw()
        heights.append(display.ax_.get_window_extent().height)
    assert heights == pytest.approx([heights[0]] * 2, rel=0.05)


def test_names_of_a_path_fit_into_a_plain_figure(pyplot, nothing_is_cut_off):
    path, names = many_names()
    figure, axes = pyplot.subplots(1, 2, figsize=(12, 4.5))
    before = [ax.get_position().x1 for ax in axes]
    for ax, edge in zip(axes, before, strict=True):
        display = displays.PathDisplay.from_path(path, names=names, ax=ax)
        figure.canvas.draw()
        ends = [label.get_window_extent().x1 for label in display.labels_]
        assert max(ends) <= edge * figure.bbox.width + 1.0
        assert ax.get_in_layout()
    assert nothing_is_cut_off(display)


def test_a_layout_is_left_to_make_the_room(pyplot, nothing_is_cut_off):
    path, names = many_names()
    figure, ax = pyplot.subplots(layout="constrained")
    place = ax.get_position().bounds
    display = displays.PathDisplay.from_path(path, names=names, ax=ax)
    assert ax.get_position().bounds == place
    assert nothing_is_cut_off(display)


def test_leaders_of_names_run_through_none():
    from matplotlib.text import Text  # of an annotation: the text alone

    ends = [-1.0, *np.linspace(0.9, 1.0, 7)]  # so near to one another that the names are moved
    path = SimpleNamespace(
        alphas=np.array([1.0, 0.1]), coefs=np.array([np.zeros(8), ends]), df=np.array([0, 8])
    )
    display = displays.PathDisplay.from_path(path, names=["a long name"] * 8)
    display.figure_.canvas.draw()
    starts = [Text.get_window_extent(label).x0 for label in display.labels_]
    for label in display.labels_:
        assert label.arrow_patch.get_window_extent().x1 <= min(starts) + 1.0


@pytest.mark.parametrize("layout", [None, "constrained"])
def test_colour_bars_keep_off_the_neighbours(layout, pyplot, nothing_is_cut_off):
    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4), layout=layout)
    shown = [
        displays.DecisionBoundaryDisplay.from_estimator(*model_of_flowers(), ax=ax) for ax in axes
    ]
    figure.canvas.draw()
    label = shown[0].colorbar_.ax.yaxis.label.get_window_extent()
    assert label.x1 < axes[1].get_tightbbox().x0
    for display in shown:
        bar, ax = display.colorbar_.ax.get_window_extent(), display.ax_.get_window_extent()
        assert (bar.y0, bar.y1) == pytest.approx((ax.y0, ax.y1), abs=1.0)
        assert nothing_is_cut_off(display)
