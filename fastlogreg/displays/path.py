"""The picture of a regularisation path: every coefficient against the strength of the penalty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fastlogreg.displays import style

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Self

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike


_GAP = 0.05  # least distance of two names, as a share of the axes' height


class PathDisplay:
    """Every coefficient of a path against alpha, strong penalties at the left.

    Made by `from_path`. The columns with the largest coefficients at the weakest penalty are named,
    the others grey; a second axis at the top counts the coefficients other than zero.

    Parameters
    ----------
    path : Path
        What `fastlogreg.logistic_path` returns. A model without a penalty, which has no place on a
        logarithmic axis, is left out.
    names : sequence of str, default=None
        Names of the columns; None takes those of the path, or numbers them.
    scale : array-like of shape (p,), default=None
        What to multiply the coefficients by: the columns' standard deviations show them at a common
        scale.

    Attributes
    ----------
    ax_, figure_
        matplotlib's axes and figure.
    lines_ : dict of int to matplotlib.lines.Line2D
        By column: the curves of those that are named, with gaps where they rest at zero.
    others_ : matplotlib.collections.LineCollection
        The curves of all other columns that are ever other than zero.
    labels_ : list of matplotlib.text.Annotation
        The names at the ends of the curves.
    count_axis_ : matplotlib.axes.Axes
        The axis at the top.

    References
    ----------
    J. Friedman, T. Hastie, R. Tibshirani (2010), "Regularization paths for generalized linear
    models via coordinate descent", figure 1.

    Examples
    --------
    >>> import fastlogreg
    >>> from fastlogreg.displays import PathDisplay
    >>> from sklearn.datasets import load_breast_cancer
    >>> X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    >>> path = fastlogreg.logistic_path(X, y, standardize=True, n_alphas=20)
    >>> display = PathDisplay.from_path(path)
    >>> display.ax_.get_xscale(), len(display.labels_)
    ('log', 8)
    """

    def __init__(self, path, *, names=None, scale=None):
        for name in ("alphas", "coefs", "df"):
            if not hasattr(path, name):
                raise ValueError(
                    f"path must be what fastlogreg.logistic_path returns; "
                    f"{type(path).__name__} has no {name}"
                )
        p = path.coefs.shape[1]
        self.path = path
        self.names = style.column_names(names, p, path)
        self.scale = None if scale is None else style.as_numbers(scale, "scale")
        if scale is not None and len(self.scale) != p:
            raise ValueError(
                f"scale must hold a number for each of {p} columns, got {len(self.scale)}"
            )

    @classmethod
    def from_path(
        cls, path: Any, *, names: Sequence[str] | None = None, scale: ArrayLike | None = None,
        ax: Axes | None = None,
    ) -> Self:  # fmt: skip
        """Draw a path.

        Parameters
        ----------
        path : Path
            What `fastlogreg.logistic_path` returns.
        names : sequence of str, default=None
            Names of the columns; None takes those of the path, or numbers them.
        scale : array-like of shape (p,), default=None
            What to multiply the coefficients by, for example the columns' standard deviations.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure. The names take room from axes of a figure that
            has no layout; ``layout="constrained"`` finds more of it.

        Returns
        -------
        PathDisplay

        Raises
        ------
        ValueError
            If path is of another kind, or the number of names or of scales is not that of the
            columns.
        ImportError
            If matplotlib is not installed.
        """
        return cls(path, names=names, scale=scale).plot(ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw it.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure. The names take room from axes of a figure that
            has no layout; ``layout="constrained"`` finds more of it.

        Returns
        -------
        PathDisplay
            Itself.
        """
        self.ax_ = ax = style.open_axes("PathDisplay", ax, (8.0, 5.0))
        self.figure_ = ax.figure
        shown = self.path.alphas > 0
        alphas = self.path.alphas[shown]
        columns, curves = _curves(self.path.coefs, shown)
        if self.scale is not None:
            curves = curves * self.scale[columns]
        order = np.argsort(-np.abs(curves[-1]), kind="stable") if len(curves) else np.arange(0)
        named = order[: len(style.COLOURS)]
        self._draw_curves(alphas, columns, curves, named, order[len(named) :])
        ax.axhline(0.0, color="0.4", linewidth=0.8, zorder=1.5)
        ax.set_xscale("log")
        if len(alphas) > 1:
            ax.set_xlim(alphas[0], alphas[-1])
        ax.autoscale(axis="y")
        ax.set_xlabel("alpha (strength of the penalty)")
        ax.set_ylabel("coefficient" if self.scale is None else "coefficient times scale of column")
        self.count_axis_ = _count_above(ax, alphas, self.path.df[shown])
        ends = curves[-1, named] if len(curves) else np.empty(0)
        self._name_curves([self.names[columns[j]] for j in named], ends)
        if self.labels_:
            style.make_room(ax)
        return self

    def _draw_curves(self, alphas, columns, curves, named, others):
        from matplotlib.collections import LineCollection

        others = [np.column_stack([alphas, curves[:, j]]) for j in others]
        self.others_ = LineCollection(others, colors="0.8", linewidths=0.7, zorder=1)
        self.ax_.add_collection(self.others_)
        self.lines_ = {}
        for k, j in enumerate(named):
            (self.lines_[int(columns[j])],) = self.ax_.plot(
                alphas, _without_rests(curves[:, j]), color=style.colour(k), linewidth=1.6, zorder=2
            )

    def _name_curves(self, names, ends):
        """Names at the right, as near to the ends of their curves as they fit."""
        low, high = self.ax_.get_ylim()
        heights = (ends - low) / (high - low)
        self.labels_ = [
            self.ax_.annotate(
                style.shorten(name), xy=(1.0, end), xytext=(1.03, height), va="center",
                xycoords="axes fraction", color=style.colour(k), fontsize="small",
                annotation_clip=False,
                arrowprops={
                    "arrowstyle": "-", "color": style.colour(k), "lw": 0.6, "shrinkA": 0,
                    "shrinkB": 0, "relpos": (0.0, 0.5),
                },
            )
            for k, (name, end, height) in enumerate(
                zip(names, heights, _spread(heights), strict=True)
            )
        ]  # fmt: skip


def _curves(coefs, shown):
    """Columns that are ever other than zero, and their coefficients (k, columns), dense."""
    rows = np.flatnonzero(shown)
    columns = np.unique(coefs[rows].nonzero()[1])
    curves = coefs[rows][:, columns]
    return columns, curves.toarray() if hasattr(curves, "toarray") else curves


def _without_rests(curve):
    """The curve with a gap where it rests at zero, so that it covers no other there."""
    zero = np.concatenate([[True], curve == 0.0, [True]])
    return np.where(zero[:-2] & zero[1:-1] & zero[2:], np.nan, curve)


def _count_above(ax, alphas, df):
    """The axis at the top, made: how many coefficients are not zero."""
    top = ax.secondary_xaxis("top")
    places = np.unique(np.linspace(0, len(alphas) - 1, min(8, len(alphas))).round().astype(int))
    top.set_xticks(alphas[places], [str(count) for count in df[places]])
    top.minorticks_off()
    top.set_xlabel("coefficients other than zero")
    return top


def _spread(heights):
    """The heights moved as little as needed for neighbours to be `_GAP` apart."""
    order = np.argsort(heights)
    moved = heights[order].astype(float)
    for _ in range(200):
        near = _GAP - np.diff(moved)
        if not (near > 1e-6).any():
            break
        push = np.maximum(near, 0.0) / 2.0
        moved[:-1] -= push
        moved[1:] += push
    spread = np.empty_like(moved)
    spread[order] = moved
    return spread
