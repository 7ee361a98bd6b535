"""Pictures of a path: its curves are the coefficients, and carry their names."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from common.flowers import flowers
from fastlogreg import displays, logistic_path

pytest.importorskip("matplotlib")
pytestmark = pytest.mark.usefixtures("pyplot")


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
