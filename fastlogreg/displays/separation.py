"""The picture of separated classes: a steeper curve always fits better, and never perfectly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fastlogreg.displays import style
from fastlogreg.functions import sigmoid

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Self

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike


class SeparationDisplay:
    """Loss against the slope m of a curve along a separating direction: it falls, never to zero.

    Made by `from_curve`, or from arrays: ``SeparationDisplay(slopes, losses).plot()``.

    Parameters
    ----------
    slopes : array-like of shape (k,)
        Slopes, rising, at least 0.
    losses : array-like of shape (k,)
        The mean loss at each, above 0.
    margin : float, default=None
        Of the direction, if the classes are completely separated: the least score, at slope one, of
        any row on its side. The loss then falls as ``exp(-m margin)``, which is drawn.
    limit : float, default=0.0
        What the loss approaches: above zero if only some of the rows are separated.
    direction : pair of float, default=None
        Of a model of one column: what slope and intercept of the score grow by with m. With it a
        second panel shows the sigmoids of some of the slopes.
    base : pair of float, default=(0.0, 0.0)
        Slope and intercept of the score at m = 0.
    x, y : array-like of shape (n,), default=None
        The data, for the sigmoids: the column, and 0/1, -1/+1 or probabilities.
    xlabel : str, default="x"
        Name of the column.

    Attributes
    ----------
    ax_, figure_
        matplotlib's axes, those of the losses, and figure.
    sigmoid_ax_ : matplotlib.axes.Axes or None
        The second panel.
    sigmoid_lines_ : list of matplotlib.lines.Line2D
        The sigmoids, flat to steep.
    points_ : list of matplotlib.lines.Line2D
        The data in the second panel, one artist a class.
    line_ : matplotlib.lines.Line2D
        The losses.
    limit_line_ : matplotlib.lines.Line2D or None
        The exponential, through the last loss; none if that is at its limit to rounding.
    floor_line_ : matplotlib.lines.Line2D or None
        The limit, if above zero.

    References
    ----------
    A. Albert, J. A. Anderson (1984), "On the existence of maximum likelihood estimates in logistic
    regression models", Biometrika 71.

    Examples
    --------
    >>> import numpy as np
    >>> from fastlogreg import log_loss
    >>> from fastlogreg.displays import SeparationDisplay
    >>> x, y = np.arange(1.0, 7.0), np.array([0, 0, 0, 1, 1, 1])
    >>> slopes = np.geomspace(0.1, 100.0, 50)
    >>> losses = [log_loss(y, m * (x - 3.5)) for m in slopes]
    >>> display = SeparationDisplay(slopes, losses, margin=0.5).plot()
    >>> bool((np.diff(display.losses) < 0).all() and display.losses[-1] > 0)
    True

    With the sigmoids:

    >>> from fastlogreg import separation_curve
    >>> display = SeparationDisplay.from_curve(separation_curve(x[:, None], y), x, y)
    >>> len(display.sigmoid_lines_)
    5
    """

    def __init__(
        self, slopes, losses, *, margin=None, limit=0.0, direction=None, base=(0.0, 0.0), x=None,
        y=None, xlabel="x",
    ):  # fmt: skip
        self.slopes = style.as_numbers(slopes, "slopes")
        self.losses = style.as_numbers(losses, "losses")
        if len(self.slopes) != len(self.losses):
            raise ValueError(
                f"slopes and losses must be of one length, got {len(self.slopes)} and "
                f"{len(self.losses)}"
            )
        if not (self.slopes >= 0).all() or not (np.diff(self.slopes) > 0).all():
            raise ValueError("slopes must be at least 0 and rise")
        if not (self.losses > 0).all():
            raise ValueError(
                "losses must be above 0: a logistic loss never is zero, but below 1e-308 a double "
                "cannot hold it; use smaller slopes"
            )
        if not 0.0 <= limit <= self.losses.min():
            raise ValueError(f"limit must be at least 0 and at most every loss, got {limit!r}")
        self.margin, self.limit = margin, limit
        self.direction, self.base, self.xlabel = direction, base, xlabel
        if (direction is None) != (x is None) or (x is None) != (y is None):
            raise ValueError("direction, x and y must all be given, or none of them")
        self.x = None if x is None else style.columns_of(x, 1, "x")[:, 0]
        self.y = None if y is None else _targets(y, len(self.x))

    @classmethod
    def from_curve(
        cls, curve: Any, X: ArrayLike | None = None, y: ArrayLike | None = None, *,
        ax: Axes | Sequence[Axes] | None = None, xlabel: str | None = None,
    ) -> Self:  # fmt: skip
        """Draw what `fastlogreg.separation_curve` returns, and the sigmoids that it is of.

        Parameters
        ----------
        curve : object
            With ``slopes``, ``losses`` and ``margin``; for the sigmoids also with ``direction``,
            ``coef`` and their intercepts.
        X : array-like of shape (n,) or (n, 1), default=None
            The data of the curve, if they have one column: a second panel shows the sigmoids.
        y : array-like of shape (n,), default=None
            Their labels, as for `fastlogreg.separation_curve`.
        ax : matplotlib.axes.Axes or two of them, default=None
            Where to draw the losses, and the sigmoids; None makes a new figure.
        xlabel : str, default=None
            Name of the column; None takes that of X.

        Returns
        -------
        SeparationDisplay

        Raises
        ------
        ValueError
            If the object has no slopes and losses, or they are not as described above; if X has
            more than one column, or comes without y.
        ImportError
            If matplotlib is not installed.
        """
        if not hasattr(curve, "slopes") or not hasattr(curve, "losses"):
            raise ValueError(
                f"curve must have slopes and losses, {type(curve).__name__} has not; "
                "fastlogreg.separation_curve(X, y) makes one"
            )
        margin, limit = getattr(curve, "margin", None), getattr(curve, "limit", 0.0)
        data = {}
        if X is not None:
            X = style.as_table(X)
            x = style.columns_of(X, 1)[:, 0]
            (name,) = style.column_names(None if xlabel is None else [xlabel], 1, X)
            data = {
                "direction": (curve.direction[0], curve.direction_intercept),
                "base": (curve.coef[0], curve.intercept), "x": x, "xlabel": name,
            }  # fmt: skip
        return cls(curve.slopes, curve.losses, margin=margin, limit=limit, y=y, **data).plot(ax)

    def plot(self, ax: Axes | Sequence[Axes] | None = None) -> Self:
        """Draw it.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or two of them, default=None
            Where to draw the losses, and the sigmoids; None makes a new figure.

        Returns
        -------
        SeparationDisplay
            Itself.
        """
        self.ax_, self.sigmoid_ax_ = self._open(ax)
        self.figure_ = self.ax_.figure
        self.sigmoid_lines_, self.points_ = [], []
        self._draw_losses()
        if self.sigmoid_ax_ is not None:
            self._draw_sigmoids()
        return self

    def _open(self, ax):
        """Axes for the losses, and for the sigmoids, if there are any."""
        if self.direction is None:
            return style.open_axes("SeparationDisplay", ax), None
        if ax is None:
            return style.open_axes("SeparationDisplay", None, (10.0, 4.4), panels=2)
        if np.shape(ax) != (2,):
            raise ValueError("ax must be two axes: of the losses, and of the sigmoids")
        return tuple(style.open_axes("SeparationDisplay", one) for one in ax)

    def _draw_losses(self):
        ax = self.ax_
        last, slope = self.losses[-1], self.slopes[-1]
        (self.line_,) = ax.plot(
            self.slopes, self.losses, color=style.BLUE, linewidth=3.5, zorder=2,
            label=f"mean loss; {last:.2g} at m = {slope:.4g}, not zero",
        )  # fmt: skip
        ax.plot([slope], [last], "o", color=style.BLUE, zorder=3)
        self.limit_line_ = self.floor_line_ = None
        if self.limit > 0.0:
            self.floor_line_ = ax.axhline(
                self.limit, color=style.GREY, linestyle=":", linewidth=1.2,
                label=f"limit {self.limit:.3g}, of the rows that overlap",
            )  # fmt: skip
        if self.margin is not None and self.margin > 0 and last - self.limit > 1e-12 * self.limit:
            rest = (last - self.limit) * np.exp(-self.margin * (self.slopes - slope))
            (self.limit_line_,) = ax.plot(
                self.slopes, self.limit + rest, color=style.VERMILION, linewidth=2.0,
                linestyle=(0, (4, 4)), zorder=4,
                label=f"in the limit, as exp(−m · {self.margin:.3g})",
            )  # fmt: skip
        low, high = self.losses.min(), self.losses.max()
        ax.set_yscale("log")
        room = max(high / low, 10.0) ** 0.05
        ax.set_ylim(low / room, high * room)
        ax.set_xlabel("slope m")
        ax.set_ylabel("mean loss (nats)")
        style.legend(ax)

    def _draw_sigmoids(self):
        """The curves of a few of the slopes, darker as they steepen."""
        ax, (w, b), (w0, b0) = self.sigmoid_ax_, self.direction, self.base
        grid = style.grid_over(self.x, 1000)
        chosen = _spread(self.slopes)
        for k, m in enumerate(chosen):
            shade = str(0.75 * (1.0 - k / max(len(chosen) - 1, 1)))
            self.sigmoid_lines_ += ax.plot(
                grid, sigmoid((w0 + m * w) * grid + b0 + m * b), color=shade, linewidth=1.8,
                zorder=2, label=f"m = {m:.3g}",
            )  # fmt: skip
        ax.axhline(0.5, color=style.GREY, linewidth=1.0, linestyle=":", zorder=1)
        for k in (1, 0):
            own = (self.y > 0.5) == k
            self.points_ += ax.plot(
                self.x[own], self.y[own], linestyle="none", markersize=6, marker=style.marker(k),
                color=style.colour(k), markeredgecolor="white", markeredgewidth=0.5, zorder=3,
                clip_on=False,
            )  # fmt: skip
        ax.set_xlim(grid[0], grid[-1])
        ax.set_ylim(-0.04, 1.04)
        ax.set_xlabel(self.xlabel)
        ax.set_ylabel("probability of class 1")
        style.legend(ax)


def _targets(y, n):
    """Labels 0/1 or -1/+1, or probabilities, as probabilities."""
    y = style.as_numbers(y, "y")
    if len(y) != n:
        raise ValueError(f"y must hold one label for each of {n} rows, got {len(y)}")
    y = np.where(y == -1.0, 0.0, y)
    if not ((y >= 0.0) & (y <= 1.0)).all():
        raise ValueError("y must hold 0/1, -1/+1 or probabilities")
    return y


def _spread(slopes):
    """Up to five of the slopes above zero, evenly spread in their logarithm."""
    slopes = slopes[slopes > 0.0]
    if not len(slopes):
        return slopes
    wanted = np.geomspace(slopes[0], slopes[-1], 5)
    return slopes[np.unique(np.abs(np.log(slopes[:, None] / wanted)).argmin(axis=0))]
