"""The picture of a model of one column: probability against it, and where it crosses one half."""

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


class SigmoidDisplay:
    """The fitted curve over one column (or over scores), the data, and the threshold of 0.5.

    Made by `from_estimator` or `from_scores`.

    Parameters
    ----------
    grid, probability : ndarray of shape (m,)
        The curve: values of the column, rising, and the probability of ``classes[1]`` at each.
    thresholds : ndarray of shape (t,), default=()
        Where the probability crosses one half; beyond, the other class is predicted.
    x, y : ndarray of shape (n,), default=None
        The data: values of the column, and 1 for ``classes[1]``, 0 for ``classes[0]``.
    classes : sequence of two labels, default=(0, 1)
        Names of the classes.
    xlabel : str, default="x"
        Name of the column, with its unit.

    Attributes
    ----------
    ax_, figure_
        matplotlib's axes and figure.
    line_ : matplotlib.lines.Line2D
        The curve.
    half_ : matplotlib.lines.Line2D
        The line at probability 0.5.
    threshold_lines_ : list of matplotlib.lines.Line2D
        A vertical line for each threshold.
    points_ : list of matplotlib.lines.Line2D
        The data, one artist a class; empty without data.

    References
    ----------
    D. W. Hosmer, S. Lemeshow (2000), Applied Logistic Regression, section 1.1.

    Examples
    --------
    >>> import numpy as np
    >>> from fastlogreg import LogisticRegression
    >>> from fastlogreg.displays import SigmoidDisplay
    >>> x = np.array([[1.0], [2.0], [3.0], [4.0], [5.0], [6.0]])
    >>> y = np.array([0, 0, 1, 0, 1, 1])
    >>> display = SigmoidDisplay.from_estimator(LogisticRegression().fit(x, y), x, y)
    >>> display.thresholds.round(2)
    array([3.5])
    """

    def __init__(
        self, grid, probability, *, thresholds=(), x=None, y=None, classes=(0, 1), xlabel="x"
    ):
        self.grid, self.probability = grid, probability
        self.thresholds = np.asarray(thresholds, dtype=float)
        self.x, self.y, self.classes, self.xlabel = x, y, classes, xlabel

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: ArrayLike, y: ArrayLike | None = None, *, ax: Axes | None = None,
        xlabel: str | None = None, n_points: int = 1000,
    ) -> Self:  # fmt: skip
        """Draw a fitted model of one column.

        Parameters
        ----------
        estimator : estimator
            A fitted classifier of two classes with ``predict_proba``; a pipeline too.
        X : array-like of shape (n,) or (n, 1)
            The column, a series of a data frame too; the curve spans its values and a little more.
        y : array-like of shape (n,), default=None
            Labels; None draws the curve alone.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
        xlabel : str, default=None
            Name of the column; None takes that of X or of the estimator.
        n_points : int, default=1000
            Points of the curve.

        Returns
        -------
        SigmoidDisplay

        Raises
        ------
        ValueError
            If X has more than one column, the model other than two classes, or y strange labels.
        ImportError
            If matplotlib is not installed.
        """
        style.check_predicts(estimator)
        if len(estimator.classes_) != 2:
            raise ValueError(
                f"a sigmoid belongs to two classes, the estimator has {len(estimator.classes_)}"
            )
        X = style.as_table(X)
        x = style.columns_of(X, 1)[:, 0]
        codes = None if y is None else style.codes_of(y, estimator.classes_, len(x))

        def probability(values):
            return estimator.predict_proba(style.as_frame(X, values[:, None]))[:, 1]

        grid = style.grid_over(x, n_points)
        curve = probability(grid)
        (name,) = style.column_names(None if xlabel is None else [xlabel], 1, X, estimator)
        return cls(
            grid, curve, thresholds=_crossings(grid, curve, probability), x=x, y=codes,
            classes=tuple(estimator.classes_), xlabel=name,
        ).plot(ax)  # fmt: skip

    @classmethod
    def from_scores(
        cls, scores: ArrayLike, y: ArrayLike | None = None, *, ax: Axes | None = None,
        classes: Sequence[Any] = (0, 1), n_points: int = 1000,
    ) -> Self:  # fmt: skip
        """Draw the logistic function over scores: for models of any number of columns.

        Parameters
        ----------
        scores : array-like of shape (n,)
            What ``decision_function`` returns.
        y : array-like of shape (n,), default=None
            Labels, from `classes`.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
        classes : sequence of two labels, default=(0, 1)
            The labels; the curve is the probability of the second.
        n_points : int, default=1000
            Points of the curve.

        Returns
        -------
        SigmoidDisplay

        Raises
        ------
        ValueError
            If scores is not one-dimensional and finite, or y holds strange labels.
        ImportError
            If matplotlib is not installed.
        """
        if np.ndim(scores) != 1:
            raise ValueError(f"scores must be one-dimensional, got shape {np.shape(scores)}")
        x = style.columns_of(scores, 1, "scores")[:, 0]
        codes = None if y is None else style.codes_of(y, classes, len(x))
        grid = style.grid_over(x, n_points)
        return cls(
            grid, sigmoid(grid), thresholds=[0.0] if grid[0] <= 0 <= grid[-1] else (), x=x, y=codes,
            classes=tuple(classes), xlabel="score z = w·x + b",
        ).plot(ax)  # fmt: skip

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw it.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        SigmoidDisplay
            Itself.
        """
        self.ax_ = ax = style.open_axes("SigmoidDisplay", ax)
        self.figure_ = ax.figure
        self.half_ = ax.axhline(0.5, color=style.GREY, linewidth=1.0, linestyle=":", zorder=1)
        self.threshold_lines_ = [
            ax.axvline(
                t, color=style.GREY, linewidth=1.3, linestyle="--", zorder=1,
                label=f"threshold 0.5, at {t:.4g}",
            )
            for t in self.thresholds
        ]  # fmt: skip
        (self.line_,) = ax.plot(
            self.grid, self.probability, color=style.BLACK, linewidth=2.0, zorder=2,
            label=f"P({self.classes[1]})",
        )  # fmt: skip
        self.points_ = []
        if self.y is not None:
            for k in (1, 0):
                own = self.x[self.y == k]
                self.points_ += ax.plot(
                    own, np.full(len(own), float(k)), linestyle="none", markersize=6,
                    marker=style.marker(k), color=style.colour(k), markeredgecolor="white",
                    markeredgewidth=0.5, alpha=0.8 if len(self.x) <= 100 else 0.5, zorder=3,
                    clip_on=False, label=f"{self.classes[k]}",
                )  # fmt: skip
        ax.set_xlim(self.grid[0], self.grid[-1])
        ax.set_ylim(-0.04, 1.04)
        ax.set_xlabel(self.xlabel)
        ax.set_ylabel(f"probability of {style.shorten(self.classes[1])}")
        style.legend(ax)
        return self


def _crossings(grid, curve, probability):
    """Where the curve crosses one half, by bisection between neighbours on the grid."""
    above = curve > 0.5
    steps = np.flatnonzero(above[1:] != above[:-1])
    if not len(steps):
        return np.empty(0)
    low, high = grid[steps], grid[steps + 1]
    for _ in range(60):
        middle = 0.5 * (low + high)
        before = (probability(middle) > 0.5) == above[steps]
        low, high = np.where(before, middle, low), np.where(before, high, middle)
    return 0.5 * (low + high)
