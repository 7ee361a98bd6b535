"""The picture of separated classes: a steeper curve always fits better, and never perfectly."""

import numpy as np

from fastlogreg.displays import style


class SeparationDisplay:
    """Loss against the slope m of a curve along a separating direction: it falls, never to zero.

    Made by `from_curve`, or from arrays: ``SeparationDisplay(slopes, losses).plot()``.

    Parameters
    ----------
    slopes : array-like of shape (k,)
        Slopes, rising, above 0.
    losses : array-like of shape (k,)
        The mean loss at each, above 0.
    margin : float, default=None
        Of the direction, if the classes are completely separated: the least score, at slope one, of
        any row on its side. The loss then falls as ``exp(-m margin)``, which is drawn.

    Attributes
    ----------
    ax_, figure_
        matplotlib's axes and figure.
    line_ : matplotlib.lines.Line2D
        The losses.
    limit_line_ : matplotlib.lines.Line2D or None
        The slope of the limit, through the last loss.

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

    def __init__(self, slopes, losses, *, margin=None):
        self.slopes = style.as_numbers(slopes, "slopes")
        self.losses = style.as_numbers(losses, "losses")
        if len(self.slopes) != len(self.losses):
            raise ValueError(
                f"slopes and losses must be of one length, got {len(self.slopes)} and "
                f"{len(self.losses)}"
            )
        if not (self.slopes > 0).all() or not (np.diff(self.slopes) > 0).all():
            raise ValueError("slopes must be above 0 and rise")
        if not (self.losses > 0).all():
            raise ValueError(
                "losses must be above 0: a logistic loss never is zero, but below 1e-308 a double "
                "cannot hold it; use smaller slopes"
            )
        self.margin = margin

    @classmethod
    def from_curve(cls, curve, *, ax=None):
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
        return cls(curve.slopes, curve.losses, margin=getattr(curve, "margin", None)).plot(ax)

    def plot(self, ax=None):
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
        last = f"{self.losses[-1]:.1e} at m = {self.slopes[-1]:.4g}"
        (self.line_,) = ax.plot(
            self.slopes, self.losses, color=style.BLUE, linewidth=2.0, zorder=2,
            label=f"mean loss; {last}, not zero",
        )  # fmt: skip
        ax.plot(self.slopes[-1:], self.losses[-1:], "o", color=style.BLUE, zorder=3)
        self.limit_line_ = None
        if self.margin is not None and self.margin > 0:
            limit = self.losses[-1] * np.exp(-self.margin * (self.slopes - self.slopes[-1]))
            (self.limit_line_,) = ax.plot(
                self.slopes, limit, color=style.VERMILION, linewidth=1.4, linestyle="--", zorder=1,
                label=f"in the limit, as exp(−m · {self.margin:.3g})",
            )  # fmt: skip
        low, high = self.losses.min(), self.losses.max()
        ax.set_yscale("log")
        ax.set_ylim(low / 3.0 if low > 1e-300 else low, 3.0 * high)
        ax.set_xlabel("slope m")
        ax.set_ylabel("mean loss (nats)")
        style.legend(ax)
        return self
