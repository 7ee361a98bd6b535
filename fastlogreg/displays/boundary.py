"""The picture of a model of two columns: regions, probability contours, the line w.x + b = 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fastlogreg.displays import style

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Self

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

_LEVELS = (0.1, 0.25, 0.5, 0.75, 0.9)
_SPAN = 4.0  # axes whose ranges differ by less are drawn to one scale, so that right angles show


class DecisionBoundaryDisplay:
    """What a model predicts in the plane of two columns, and how sure it is.

    Made by `from_estimator`. For two classes the colour is the probability, and a linear model has
    its line ``w.x + b = 0`` with an arrow along w, the direction in which the score grows. For more
    classes the colour is the class predicted, paler where its probability is smaller; a
    one-vs-rest model has a dashed line for each class against the rest.

    Parameters
    ----------
    xx0, xx1 : ndarray of shape (g,)
        The values of the first and the second column that span the grid.
    probabilities : ndarray of shape (g, g, K)
        Probabilities of the classes, at ``[i, j]`` for ``xx1[i]`` and ``xx0[j]``.
    classes : sequence of K labels
        Names of the classes.
    coef : ndarray of shape (m, 2), default=None
        Coefficients of lines to draw: one for two classes, one a class for one-vs-rest.
    intercept : ndarray of shape (m,), default=None
        Their intercepts.
    X : ndarray of shape (n, 2), default=None
        The data.
    y : ndarray of shape (n,), default=None
        Positions of their labels in `classes`.
    xlabel, ylabel : str
        Names of the columns, with their units.

    Attributes
    ----------
    ax_, figure_
        matplotlib's axes and figure.
    image_ : matplotlib.image.AxesImage
        The coloured regions.
    contours_ : list of matplotlib.contour.QuadContourSet
        Lines of equal probability.
    lines_ : list of matplotlib.lines.Line2D
        The lines of `coef` that pass through the picture.
    boundaries_ : list of matplotlib.contour.QuadContourSet
        Where the class predicted changes, if no line says so: more than two classes, or a model
        that is not linear in the two columns.
    arrow_ : matplotlib.text.Annotation or None
        From the line along w. It is as long as the score takes to grow by `score_step_`; for a step
        of one that is the margin ``1 / ||w||``.
    score_step_ : float or None
        A power of ten, or two or five times one.
    colorbar_ : matplotlib.colorbar.Colorbar or None
        Two classes: the scale of the probability.
    points_ : list of matplotlib.lines.Line2D
        The data, one artist a class.

    References
    ----------
    T. Hastie, R. Tibshirani, J. Friedman (2009), The Elements of Statistical Learning, section 4.4.

    Examples
    --------
    >>> from fastlogreg import LogisticRegression
    >>> from fastlogreg.displays import DecisionBoundaryDisplay
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> X, y = X[50:, 2:], y[50:]
    >>> display = DecisionBoundaryDisplay.from_estimator(LogisticRegression().fit(X, y), X, y)
    >>> display.probabilities.shape, len(display.lines_)
    ((200, 200, 2), 1)
    """

    def __init__(
        self, xx0, xx1, probabilities, *, classes, coef=None, intercept=None, X=None, y=None,
        xlabel="x0", ylabel="x1",
    ):  # fmt: skip
        self.xx0, self.xx1, self.probabilities = xx0, xx1, probabilities
        self.classes, self.coef, self.intercept = classes, coef, intercept
        self.X, self.y, self.xlabel, self.ylabel = X, y, xlabel, ylabel

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: ArrayLike, y: ArrayLike | None = None, *, ax: Axes | None = None,
        names: Sequence[str] | None = None, grid_resolution: int = 200,
    ) -> Self:  # fmt: skip
        """Draw a fitted model of two columns.

        Parameters
        ----------
        estimator : estimator
            A fitted classifier with ``predict_proba``, of any number of classes; a pipeline too.
        X : array-like of shape (n, 2)
            The data; the picture spans them and a little more.
        y : array-like of shape (n,), default=None
            Labels; None draws no points.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure. The colour bar takes room from axes of a figure
            that has no layout; ``layout="constrained"`` finds more of it.
        names : sequence of two str, default=None
            Names of the columns; None takes those of X or of the estimator.
        grid_resolution : int, default=200
            Points of the grid along each axis.

        Returns
        -------
        DecisionBoundaryDisplay

        Raises
        ------
        ValueError
            If X has other than two columns, or y labels that the estimator does not know.
        ImportError
            If matplotlib is not installed.
        """
        style.check_predicts(estimator)
        style.check_count(grid_resolution, "grid_resolution", 2)
        points = style.columns_of(X, 2)
        classes = tuple(estimator.classes_)
        codes = None if y is None else style.codes_of(y, classes, len(points))
        names = style.column_names(names, 2, X, estimator)
        low, high = points.min(axis=0), points.max(axis=0)
        margin = np.where(high > low, 0.08 * (high - low), 1.0)
        xx0, xx1 = np.linspace(low - margin, high + margin, grid_resolution).T
        grid = np.column_stack([np.tile(xx0, len(xx1)), np.repeat(xx1, len(xx0))])
        probabilities = estimator.predict_proba(style.as_frame(X, grid))
        coef, intercept = _lines_of(estimator)
        return cls(
            xx0, xx1, probabilities.reshape(len(xx1), len(xx0), -1), classes=classes, coef=coef,
            intercept=intercept, X=points, y=codes, xlabel=names[0], ylabel=names[1],
        ).plot(ax)  # fmt: skip

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw it.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure. The colour bar takes room from axes of a figure
            that has no layout; ``layout="constrained"`` finds more of it.

        Returns
        -------
        DecisionBoundaryDisplay
            Itself.
        """
        size = np.array([np.ptp(self.xx0), np.ptp(self.xx1)])
        one_scale = size.max() < _SPAN * size.min()
        height = np.clip(5.5 * size[1] / size[0], 2.8, 6.0) + 0.8 if one_scale else 5.2
        own = ax is None
        self.ax_ = ax = style.open_axes("DecisionBoundaryDisplay", ax, (7.0, height))
        self.figure_ = ax.figure
        self.lines_, self.boundaries_, self.contours_, self.points_ = [], [], [], []
        self.arrow_ = self.score_step_ = self.colorbar_ = None
        if len(self.classes) == 2:
            self._draw_probability()
        else:
            self._draw_classes()
        ax.set_xlim(self.xx0[0], self.xx0[-1])
        ax.set_ylim(self.xx1[0], self.xx1[-1])
        if one_scale:
            ax.set_aspect("equal")
        if own:  # ticks by the height of the axes would go back and forth with the layout
            ax.locator_params(axis="y", nbins=6)
        self._draw_lines()
        if self.y is not None:
            self._draw_points()
        ax.set_xlabel(self.xlabel)
        ax.set_ylabel(self.ylabel)
        style.legend(ax, outside=own)
        if self.colorbar_ is not None:
            style.make_room(ax)
        return self

    def _draw_probability(self):
        """Two classes: the probability of the second, blue to vermilion through white."""
        from matplotlib.colors import LinearSegmentedColormap

        ends = [_tint(style.colour(k), 0.75) for k in (0, 1)]
        shades = LinearSegmentedColormap.from_list("classes", [ends[0], (1.0, 1.0, 1.0), ends[1]])
        p = self.probabilities[:, :, 1]
        self.image_ = self._image(p, cmap=shades, vmin=0.0, vmax=1.0)
        self._contours(p, [level for level in _LEVELS if level != 0.5])
        beside = self.ax_.inset_axes([1.03, 0.0, 0.045, 1.0])  # as high as the axes
        self.colorbar_ = self.figure_.colorbar(self.image_, cax=beside, ticks=[0, *_LEVELS, 1])
        self.colorbar_.set_label(f"probability of {style.shorten(self.classes[1])}")
        self.colorbar_.ax.hlines(_LEVELS, 0, 1, colors=style.GREY, linewidth=0.8)

    def _draw_classes(self):
        """More classes: the one predicted, paler where it is less sure."""
        best, sure = self.probabilities.argmax(axis=2), self.probabilities.max(axis=2)
        full = np.array([_tint(style.colour(k), 1.0) for k in range(len(self.classes))])
        self.image_ = self._image(1.0 - 0.6 * sure[:, :, None] ** 2 * (1.0 - full[best]))
        for k in range(len(self.classes)):
            self._contours(self.probabilities[:, :, k], [0.75, 0.9])
            lead = self._lead(k)
            if lead.min() < 0.0 < lead.max():
                self.boundaries_.append(self._contour(lead, [0.0], style.BLACK, 1.6))
        if self.contours_:
            self.ax_.plot([], [], color=style.GREY, linewidth=0.8, label="probability 0.75, 0.9")

    def _image(self, values, **options):
        extent = (self.xx0[0], self.xx0[-1], self.xx1[0], self.xx1[-1])
        return self.ax_.imshow(
            values, origin="lower", extent=extent, aspect="auto", interpolation="bilinear",
            zorder=0, **options,
        )  # fmt: skip

    def _contours(self, p, levels):
        levels = [level for level in levels if p.min() < level < p.max()]
        if levels:
            self.contours_.append(self._contour(p, levels, style.GREY, 0.8))

    def _lead(self, k):
        """By how much class k is ahead of the best of the others; negative where it is behind."""
        others = np.delete(self.probabilities, k, axis=2).max(axis=2)
        return self.probabilities[:, :, k] - others

    def _contour(self, values, levels, color, width):
        return self.ax_.contour(
            self.xx0, self.xx1, values, levels=levels, colors=color, linestyles="-",
            linewidths=width, zorder=1,
        )  # fmt: skip

    def _draw_lines(self):
        """The lines of a linear model; else, for two classes, where the probability is a half."""
        binary = len(self.classes) == 2
        if self.coef is None:
            p = self.probabilities[:, :, 1]
            if binary and p.min() < 0.5 < p.max():
                self.boundaries_.append(self._contour(p, [0.5], style.BLACK, 1.8))
            return
        for k, (w, b) in enumerate(zip(self.coef, self.intercept, strict=True)):
            ends = _through(w, b, self.xx0, self.xx1)
            if ends is None:
                continue
            label = "w·x + b = 0" if binary else f"{style.shorten(self.classes[k])} or rest"
            color = style.BLACK if binary else style.colour(k)
            self.lines_ += self.ax_.plot(
                *ends.T, color=color, linewidth=1.8, linestyle="-" if binary else "--", zorder=2,
                label=label,
            )  # fmt: skip
            if binary:
                self._draw_arrow(w, ends.mean(axis=0))

    def _draw_arrow(self, w, start):
        """From the line along w, about a sixth of the picture long."""
        size = np.array([np.ptp(self.xx0), np.ptp(self.xx1)])
        unit = w / (w @ w)  # the score grows by 1 along it
        self.score_step_ = step = _round_down(0.22 / np.max(np.abs(unit) / size))
        self.ax_.plot(
            [], [], marker=r"$\rightarrow$", color=style.BLACK, linestyle="none", markersize=13,
            label=f"w: score +{step:g}",
        )  # fmt: skip
        self.arrow_ = self.ax_.annotate(
            "", xy=start + step * unit, xytext=start, zorder=4,
            arrowprops={
                "arrowstyle": "-|>", "color": style.BLACK, "lw": 1.8, "shrinkA": 0, "shrinkB": 0,
                "mutation_scale": 16,
            },
        )  # fmt: skip

    def _draw_points(self):
        size = 6.0 if len(self.X) <= 200 else 4.5
        for k, label in enumerate(self.classes):
            own = self.X[self.y == k]
            self.points_ += self.ax_.plot(
                *own.T, linestyle="none", marker=style.marker(k),
                color=style.colour(k), markersize=size, markeredgecolor="white",
                markeredgewidth=0.7, zorder=3, label=style.shorten(label),
            )  # fmt: skip


def _lines_of(estimator):
    """(m, 2) coefficients and (m,) intercepts that a line each belongs to, or (None, None).

    One for two classes, one a class for one-vs-rest. A softmax over more classes has lines between
    pairs of them only, which are drawn from its probabilities.
    """
    parts = getattr(estimator, "estimators_", None)
    if parts is None and (
        len(estimator.classes_) == 2 or getattr(estimator, "multi_class", None) == "ovr"
    ):
        parts = [estimator]
    if parts is None or not all(hasattr(part, "coef_") for part in parts):
        return None, None
    coef = np.vstack([_dense(part.coef_) for part in parts])
    intercept = np.concatenate([np.ravel(part.intercept_) for part in parts])
    if coef.shape[1] != 2:
        return None, None
    return coef, np.broadcast_to(intercept, len(coef))


def _dense(coef):
    return coef.toarray() if hasattr(coef, "toarray") else np.atleast_2d(coef)


def _through(w, b, xx0, xx1):
    """Where the line w.x + b = 0 enters and leaves the picture, (2, 2); None if it does not."""
    ends = []
    low, high = np.array([xx0[0], xx1[0]]), np.array([xx0[-1], xx1[-1]])
    for j in (0, 1):
        if w[1 - j] == 0.0:
            continue
        for edge in (low[j], high[j]):
            other = -(b + w[j] * edge) / w[1 - j]
            if low[1 - j] <= other <= high[1 - j]:
                ends.append((edge, other) if j == 0 else (other, edge))
    if not ends:
        return None
    ends = np.array(ends)
    far = np.argmax(((ends - ends[0]) ** 2).sum(axis=1))
    return ends[[0, far]]


def _round_down(value):
    """The largest of 1, 2 and 5 times a power of ten that is at most the value."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(power * max(digit for digit in (1, 2, 5) if digit * power <= value * (1 + 1e-9)))


def _tint(color, share):
    """A colour mixed with white."""
    from matplotlib.colors import to_rgb

    return tuple(1.0 - share * (1.0 - part) for part in to_rgb(color))
