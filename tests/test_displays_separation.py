"""Pictures of separated classes: the loss falls with the slope, and the curves steepen."""

from types import SimpleNamespace

import numpy as np
import pytest

import fastlogreg
from fastlogreg import displays

pytest.importorskip("matplotlib")
pytestmark = pytest.mark.usefixtures("pyplot")


def test_loss_falls_with_the_slope_and_never_is_zero(axes, nothing_is_cut_off):
    x, y = np.arange(1.0, 7.0), np.array([0, 0, 0, 1, 1, 1])
    slopes = np.geomspace(0.1, 100, 40)
    losses = np.array([fastlogreg.log_loss(y, m * (x - 3.5)) for m in slopes])
    curve = SimpleNamespace(slopes=slopes, losses=losses, direction=np.ones(1), margin=0.5)
    display = displays.SeparationDisplay.from_curve(curve, ax=axes)
    np.testing.assert_array_equal(display.line_.get_data(), [slopes, losses])
    assert axes.get_yscale() == "log"
    assert axes.get_ylim()[0] > 0
    limit = display.limit_line_.get_ydata()
    np.testing.assert_allclose(np.diff(np.log(limit)), -0.5 * np.diff(slopes))
    np.testing.assert_allclose(limit[-10:], losses[-10:], rtol=1e-4)  # the loss goes over to it
    assert "not zero" in axes.get_legend().get_texts()[0].get_text()
    assert nothing_is_cut_off(display)
    assert displays.SeparationDisplay(slopes, losses).plot().limit_line_ is None


def test_rows_that_overlap_leave_a_limit_above_zero(axes):
    slopes = np.linspace(0.0, 20.0, 50)
    losses = 0.2 + 0.3 * np.log1p(np.exp(-slopes))
    display = displays.SeparationDisplay(slopes, losses, margin=1.0, limit=0.2).plot(axes)
    assert list(display.floor_line_.get_ydata()) == [0.2, 0.2]
    np.testing.assert_allclose(display.limit_line_.get_ydata()[20:], losses[20:], rtol=1e-4)
    low, high = axes.get_ylim()
    assert 0 < low < 0.2 < losses[0] < high


def test_bad_input_of_a_separation():
    make = displays.SeparationDisplay
    with pytest.raises(ValueError, match="never is zero"):
        make([1.0, 2.0], [0.5, 0.0])
    with pytest.raises(ValueError, match="limit must be at least 0 and at most every loss"):
        make([1.0, 2.0], [0.5, 0.4], limit=0.45)
    with pytest.raises(ValueError, match="at least 0 and rise"):
        make([2.0, 1.0], [0.5, 0.4])
    with pytest.raises(ValueError, match="of one length, got 2 and 1"):
        make([1.0, 2.0], [0.5])
    with pytest.raises(ValueError, match="slopes must be a 1-dimensional array"):
        make("slopes", [0.5])
    with pytest.raises(ValueError, match="separation_curve"):
        make.from_curve([1.0])


def test_the_limit_is_drawn_over_the_losses(axes):
    slopes = np.linspace(1.0, 30.0, 30)
    display = displays.SeparationDisplay(slopes, np.exp(-slopes / 2), margin=0.5).plot(axes)
    assert display.limit_line_.get_zorder() > display.line_.get_zorder()
    assert display.limit_line_.is_dashed()


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_second_panel_has_the_curves(sign, nothing_is_cut_off):
    x, y = sign * np.arange(1.0, 7.0), np.array([0, 0, 0, 1, 1, 1])
    curve = fastlogreg.separation_curve(x[:, None], y, slopes=np.linspace(0.0, 100.0, 101))
    display = displays.SeparationDisplay.from_curve(curve, x, 2 * y - 1, xlabel="dose")
    labels = [line.get_label() for line in display.sigmoid_lines_]
    assert labels == ["m = 1", "m = 3", "m = 10", "m = 32", "m = 100"]
    for line, m in zip(display.sigmoid_lines_, (1, 3, 10, 32, 100), strict=True):
        grid, p = line.get_data()
        np.testing.assert_allclose(p, fastlogreg.sigmoid(m * (sign * grid - 3.5)), atol=1e-12)
    for points, k in zip(display.points_, (1, 0), strict=True):
        np.testing.assert_array_equal(points.get_xdata(), x[y == k])
        assert set(points.get_ydata()) == {k}
    assert display.sigmoid_ax_.get_xlabel() == "dose"
    assert nothing_is_cut_off(display)


def test_the_curves_start_from_the_finite_part():
    x, y = np.array([[1.0], [2.0], [3.0], [3.0], [3.0], [4.0]]), [0, 0, 0, 1, 1, 1]
    curve = fastlogreg.separation_curve(x, y, slopes=[0.0, 2.0])
    (line,) = displays.SeparationDisplay.from_curve(curve, x, y).sigmoid_lines_
    grid, p = line.get_data()
    score = curve.intercept + curve.coef[0] * grid + 2.0 * (grid - 3.0)
    assert fastlogreg.sigmoid(score) == pytest.approx(p)
    assert np.interp(3.0, grid, p) == pytest.approx(2 / 3, abs=1e-3)  # of the rows at the border


def test_the_curves_are_drawn_on_two_axes(pyplot):
    x, y = np.arange(1.0, 7.0), np.array([0, 0, 0, 1, 1, 1])
    curve = fastlogreg.separation_curve(x[:, None], y)
    make = displays.SeparationDisplay.from_curve
    pair = pyplot.subplots(1, 2)[1]
    display = make(curve, x, y, ax=pair)
    assert (display.ax_, display.sigmoid_ax_) == tuple(pair)
    assert make(curve).sigmoid_ax_ is None
    with pytest.raises(ValueError, match="ax must be two axes"):
        make(curve, x, y, ax=pair[0])
    with pytest.raises(ValueError, match="must all be given, or none"):
        make(curve, x)
    with pytest.raises(ValueError, match="X must have one column"):
        make(curve, np.ones((6, 2)), y)
    with pytest.raises(ValueError, match="one label for each of 6 rows, got 5"):
        make(curve, x, y[:-1])
    with pytest.raises(ValueError, match="y must hold 0/1"):
        make(curve, x, 3 * y)
