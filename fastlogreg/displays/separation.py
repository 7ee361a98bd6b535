"""The picture of separated classes: a steeper curve always fits better, and never perfectly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fastlogreg.displays import style

if TYPE_CHECKING:
    from typing import Any, Self

    from matplotlib.axes import Axes


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

    Attributes
    ----------
    ax_, figure_
        matplotlib's axes and figure.
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
    """

    def __init__(self, slopes, losses, *, margin=None, limit=0.0):
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

    @classmethod
    def from_curve(cls, curve: Any, *, ax: Axes | None = None) -> Self:
        """Draw what `fastlogreg.separation_curve` returns.

        Parameters
        ----------
        curve : object
            With ``slopes``, ``losses`` and ``margin``.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        SeparationDisplay

        Raises
        ------
        ValueError
            If the object has no slopes and losses, or they are not as described above.
        ImportError
            If matplotlib is not installed.
        """
        if not hasattr(curve, "slopes") or not hasattr(curve, "losses"):
            raise ValueError(
                f"curve must have slopes and losses, {type(curve).__name__} has not; "
                "fastlogreg.separation_curve(X, y) makes one"
            )
        margin, limit = getattr(curve, "margin", None), getattr(curve, "limit", 0.0)
        return cls(curve.slopes, curve.losses, margin=margin, limit=limit).plot(ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw it.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        SeparationDisplay
            Itself.
        """
        self.ax_ = ax = style.open_axes("SeparationDisplay", ax)
        self.figure_ = ax.figure
        last, slope = self.losses[-1], self.slopes[-1]
        (self.line_,) = ax.plot(
            self.slopes, self.losses, color=style.BLUE, linewidth=2.0, zorder=2,
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
                self.slopes, self.limit + rest, color=style.VERMILION, linewidth=1.4,
                linestyle="--", zorder=1, label=f"in the limit, as exp(−m · {self.margin:.3g})",
            )  # fmt: skip
        low, high = self.losses.min(), self.losses.max()
        ax.set_yscale("log")
        room = max(high / low, 10.0) ** 0.05
        ax.set_ylim(low / room, high * room)
        ax.set_xlabel("slope m")
        ax.set_ylabel("mean loss (nats)")
        style.legend(ax)
        return self
