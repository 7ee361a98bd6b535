"""The picture of coefficients with their intervals; an infinite one is an arrow."""

from __future__ import annotations

from inspect import signature
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

from fastlogreg.displays import style

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Self

    from matplotlib.axes import Axes


class CoefficientDisplay:
    """Estimates and their intervals, a line a column; what is infinite leaves by an arrow.

    Made by `from_estimator`, `from_inference`, or from arrays: ``CoefficientDisplay(...).plot()``.

    Parameters
    ----------
    estimates : array-like of shape (p,) or (K, p)
        Coefficients; plus or minus infinity where no finite estimate exists. K rows are classes.
    lower, upper : array-like of the same shape, default=None
        Ends of the intervals, which may be infinite; NaN for none.
    names : sequence of str, default=None
        Names of the columns; None numbers them.
    classes : sequence of K labels, default=None
        Names of the rows, if there are several.
    level : float, default=None
        Coverage of the intervals, for the legend, as 0.95.

    Attributes
    ----------
    ax_, figure_
        matplotlib's axes and figure.
    points_ : list of matplotlib.lines.Line2D
        The finite estimates, an artist a class.
    intervals_ : list of matplotlib.collections.LineCollection
        The intervals, an artist a class; infinite ends stop at the edge.
    arrows_ : list of matplotlib.text.Annotation
        One for each infinite estimate and each infinite end of an interval, pointing out.
    order_ : ndarray of int
        The columns drawn, from the top.

    References
    ----------
    S. Lewis, M. Clarke (2001), "Forest plots: trying to see the wood and the trees", BMJ 322.

    Examples
    --------
    >>> import numpy as np
    >>> from fastlogreg.displays import CoefficientDisplay
    >>> display = CoefficientDisplay(
    ...     [0.5, np.inf], [0.1, 1.2], [0.9, np.inf], names=["age", "smoker"], level=0.95
    ... ).plot()
    >>> len(display.arrows_)
    1
    """

    def __init__(self, estimates, lower=None, upper=None, *, names=None, classes=None, level=None):
        ndim = 2 if np.ndim(estimates) == 2 else 1
        self.estimates = style.as_numbers(estimates, "estimates", ndim)
        if np.isnan(self.estimates).any():
            raise ValueError("estimates must not be NaN")
        if (lower is None) != (upper is None):
            raise ValueError("lower and upper must both be given, or neither")
        if lower is not None:
            lower, upper = (
                style.as_numbers(ends, name, ndim)
                for ends, name in ((lower, "lower"), (upper, "upper"))
            )
            if not lower.shape == upper.shape == self.estimates.shape:
                raise ValueError(
                    f"lower and upper must have the shape of estimates, {self.estimates.shape}, "
                    f"got {lower.shape} and {upper.shape}"
                )
            if (lower > upper).any():
                raise ValueError("lower must not be above upper")
        self.lower, self.upper, self.level = lower, upper, level
        self.names = style.column_names(names, self.estimates.shape[-1])
        self.classes = classes
        rows = len(self.estimates) if ndim == 2 else 1
        if classes is not None and len(classes) != rows:
            raise ValueError(f"classes must hold one label for each of {rows} rows of estimates")

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, names: Sequence[str] | None = None, ax: Axes | None = None,
        odds_ratio: bool = False, most: int = 40,
    ) -> Self:  # fmt: skip
        """Draw the coefficients of a fitted linear model, without intervals.

        Where the model knows that estimates are infinite (its ``separation_``), they are drawn so.

        Parameters
        ----------
        estimator : estimator
            Fitted, with ``coef_``.
        names : sequence of str, default=None
            Names of the columns; None takes those of the estimator.
        ax, odds_ratio, most
            As for `plot`.

        Returns
        -------
        CoefficientDisplay

        Raises
        ------
        ValueError
            If the estimator has no coefficients, or the number of names is wrong.
        ImportError
            If matplotlib is not installed.
        """
        coef = getattr(estimator, "coef_", None)
        if coef is None:
            raise ValueError(f"estimator must be fitted and linear; {estimator!r} has no coef_")
        coef = coef.toarray() if hasattr(coef, "toarray") else np.array(coef, dtype=float)
        coef = np.atleast_2d(coef)
        names = style.column_names(names, coef.shape[1], estimator)
        binary, classes = len(coef) == 1, np.asarray(estimator.classes_).tolist()
        _mark_infinite(coef, getattr(estimator, "separation_", None), names, classes)
        return cls(
            coef[0] if binary else coef, names=names,
            classes=None if binary else classes,
        ).plot(ax, odds_ratio=odds_ratio, most=most)  # fmt: skip

    @classmethod
    def from_inference(
        cls, inference: Any, *, level: float = 0.95, method: str | None = None,
        names: Sequence[str] | None = None, intercept: bool = False, ax: Axes | None = None,
        odds_ratio: bool = False, most: int = 40,
    ) -> Self:  # fmt: skip
        """Draw estimates with their intervals: of this library or of statsmodels.

        Parameters that were not estimated (nan) are left out. Those of statsmodels' ``MNLogit``, a
        column of them a class, are drawn class by class, named ``class:column``.

        Parameters
        ----------
        inference : object
            With ``params`` and ``conf_int``: what ``clf.inference(X, y)`` returns, or the fitted
            result of a statsmodels model.
        level : float, default=0.95
            Coverage of the intervals.
        method : str, default=None
            Handed to its ``conf_int``, as "profile", by which an infinite estimate has an interval.
        names : sequence of str, default=None
            Names of the parameters, class by class; None takes those of the object.
        intercept : bool, default=False
            Whether to draw the intercept too.
        ax, odds_ratio, most
            As for `plot`.

        Returns
        -------
        CoefficientDisplay

        Raises
        ------
        ValueError
            If the object has no parameters and intervals, or not as many of both, or level is not
            within (0, 1).
        ImportError
            If matplotlib is not installed.
        """
        if not 0.0 < level < 1.0:
            raise ValueError(f"level must be within (0, 1), got {level!r}")
        if not hasattr(inference, "params") or not hasattr(inference, "conf_int"):
            raise ValueError(
                f"inference must have params and conf_int, {type(inference).__name__} has not"
            )
        options = {} if method is None else {"method": method}
        if "level" in signature(inference.conf_int).parameters:
            ends = inference.conf_int(level, **options)
        else:  # statsmodels asks for what is left out
            ends = inference.conf_int(1.0 - level, **options)
        params, sources = _class_by_class(inference)
        ends = np.asarray(ends, dtype=float).reshape(-1, 2)
        if len(ends) != len(params):
            raise ValueError(
                f"inference must have an interval for each of {len(params)} params, got {len(ends)}"
            )
        names = style.column_names(names, len(params), *sources)
        shown = ~np.isnan(params)
        if not intercept:
            shown &= [name.split(":")[-1].lower() not in _INTERCEPTS for name in names]
        return cls(
            params[shown], ends[shown, 0], ends[shown, 1], level=level,
            names=[name for name, keep in zip(names, shown, strict=True) if keep],
        ).plot(ax, odds_ratio=odds_ratio, most=most)  # fmt: skip

    def plot(self, ax: Axes | None = None, *, odds_ratio: bool = False, most: int = 40) -> Self:
        """Draw it.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure as high as the columns need.
        odds_ratio : bool, default=False
            Whether to draw the exponentials, on a logarithmic axis, instead of the coefficients.
        most : int, default=40
            Most columns to draw: of more, the largest by absolute value.

        Returns
        -------
        CoefficientDisplay
            Itself.
        """
        style.check_count(most, "most", 1)
        estimates = np.atleast_2d(self.estimates)
        size = np.abs(estimates).max(axis=0)
        self.order_ = np.sort(np.argsort(-size, kind="stable")[:most])
        height = 1.0 + 0.3 * len(self.order_) * max(1.0, 0.5 * len(estimates))
        own = ax is None
        ax = style.open_axes("CoefficientDisplay", ax, (6.4, max(height, 2.2)))
        self.ax_, self.figure_ = ax, ax.figure
        self.points_, self.intervals_, self.arrows_ = [], [], []
        estimates = estimates[:, self.order_]
        nothing = np.full_like(estimates, np.nan)
        lower = nothing if self.lower is None else np.atleast_2d(self.lower)[:, self.order_]
        upper = nothing if self.upper is None else np.atleast_2d(self.upper)[:, self.order_]
        self._with_intervals = not np.isnan(lower).all()
        self._edges = _limits(np.concatenate([estimates, lower, upper]))
        self._unit = np.exp if odds_ratio else np.asarray
        self._limit_names = {-1.0: "0", 1.0: "∞"} if odds_ratio else {-1.0: "−∞", 1.0: "+∞"}
        ax.axvline(self._unit(0.0), color=style.GREY, linewidth=1.0, zorder=1)
        rows = len(estimates)
        for k in range(rows):
            places = np.arange(len(self.order_)) + (k - (rows - 1) / 2.0) * 0.7 / rows
            self._draw_class(k, places, estimates[k], lower[k], upper[k])
        if odds_ratio:
            _logarithmic(ax.xaxis, np.ptp(self._edges))
        ax.set_xlim(*self._unit(self._edges))
        ax.set_ylim(len(self.order_) - 0.4, -0.6)
        ax.set_yticks(range(len(self.order_)), [style.shorten(self.names[j]) for j in self.order_])
        if rows > 1:
            for line in np.arange(1, len(self.order_)) - 0.5:
                ax.axhline(line, color="0.9", linewidth=0.8, zorder=0)
        ax.set_xlabel("odds ratio" if odds_ratio else "coefficient (log odds)")
        style.legend(ax, outside=own)
        return self

    def _draw_class(self, k, places, estimates, lower, upper):
        """One class: its intervals, its finite estimates, and arrows for what is infinite."""
        ax, color, unit, edges = self.ax_, style.colour(k), self._unit, self._edges
        if self._with_intervals:
            covered = "interval" if self.level is None else f"{100 * self.level:g} % interval"
            ends = unit(np.clip(lower, *edges)), unit(np.clip(upper, *edges))
            self.intervals_.append(
                ax.hlines(
                    places, *ends, colors=color, linewidth=1.8, zorder=2,
                    label=covered if k == 0 else None,
                )
            )  # fmt: skip
        finite = np.isfinite(estimates)
        self.points_ += ax.plot(
            unit(estimates[finite]), places[finite], linestyle="none", color=color,
            marker=style.marker(k), markersize=6, zorder=3,
            label=None if self.classes is None else style.shorten(self.classes[k]),
        )  # fmt: skip
        for place, *values in zip(places, estimates, lower, upper, strict=True):
            for sign, edge in ((-1.0, edges[0]), (1.0, edges[1])):
                if sign * np.inf in values:
                    # beside intervals a line from zero would be taken for one
                    short = edge - 0.1 * sign * np.ptp(edges)
                    start = short if self._with_intervals else 0.0
                    text = "" if values[0] != sign * np.inf else self._limit_names[sign]
                    self._draw_arrow(place, start, edge, sign, text, color)

    def _draw_arrow(self, place, start, edge, sign, text, color):
        """From start to the edge; the text, if any, beyond it."""
        ax, unit = self.ax_, self._unit
        arrow = ax.annotate(
            "", xy=(unit(edge), place), xytext=(unit(start), place), zorder=4,
            arrowprops={
                "arrowstyle": "-|>", "color": color, "lw": 1.8, "mutation_scale": 14,
                "shrinkA": 0, "shrinkB": 0,
            },
        )  # fmt: skip
        self.arrows_.append(arrow)
        if text:
            ax.annotate(
                text, xy=(unit(edge), place), xytext=(-4.0 * sign, 3.0), color=color, fontsize=13,
                textcoords="offset points", ha="right" if sign > 0 else "left", va="bottom",
            )  # fmt: skip


_INTERCEPTS = {"const", "intercept", "(intercept)"}  # what statsmodels, pandas and R call it


def _class_by_class(inference):
    """Parameters as one row, in the order of the intervals, and where their names may stand.

    Of many classes ours are (K, p), a row a class; statsmodels' (p, K - 1), a column a class,
    though its intervals go class by class.
    """
    params = np.asarray(inference.params, dtype=float)
    own = getattr(inference, "param_names", None)
    model = getattr(inference, "model", None)
    columns = getattr(model, "exog_names", None)
    sources = [own, getattr(inference.params, "index", None), columns]
    if params.ndim == 2 and own is None:
        labels = list(getattr(model, "_ynames_map", {}).values())[-params.shape[1] :]
        sources = [[f"{label}:{column}" for label in labels for column in columns or ()]]
        params = params.T
    found = [names for names in sources if names is not None and not callable(names)]
    return params.ravel(), [SimpleNamespace(columns=names) for names in found]


def _logarithmic(axis, span):
    """A logarithmic axis in plain numbers: 0.5, 1, 2, 5; on a wide one powers of ten alone."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    axis.axes.set_xscale("log")
    if span < np.log(4.0):
        axis.set_major_locator(MaxNLocator(6))
    else:
        wide = span > np.log(3000.0)
        axis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


def _mark_infinite(coef, separation, names, classes):
    """Infinite estimates, where a separation names them and their sign, in place.

    Its keys are columns, by name or number, of many classes pairs (class, column).
    """
    for key, sign in (getattr(separation, "infinite", None) or {}).items():
        label, column = key if isinstance(key, tuple) else (None, key)
        if not sign or (column == "intercept" and column not in names):
            continue  # the sign is not one, or not known
        row = 0 if label is None else classes.index(label)
        coef[row, names.index(column) if isinstance(column, str) else column] = sign * np.inf


def _limits(values):
    """Left and right edge: all that is finite, and zero, with a margin; more towards infinity."""
    finite = np.append(values[np.isfinite(values)], 0.0)
    low, high = finite.min(), finite.max()
    span = (high - low) or 1.0
    below, above = (0.25 if (values == end).any() else 0.06 for end in (-np.inf, np.inf))
    return np.array([low - below * span, high + above * span])
