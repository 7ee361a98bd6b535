"""The picture of how fits converge: how far above the minimum, against reads of X."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fastlogreg.displays import style

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Self

    from matplotlib.axes import Axes

_ROUNDING = 2.0**-52
_AXES = {"passes": "reads of X", "iterations": "iterations"}


class ConvergenceDisplay:
    """Relative suboptimality ``(objective - minimum) / minimum`` of one fit or several.

    Made by `from_records`. What lies at or below the rounding of a double, where the objective
    cannot be told from its minimum, is drawn at that line. If the minimum is not given, the point
    that is taken for it is left out.

    Parameters
    ----------
    curves : dict of str to tuple (x, objectives)
        By name: reads of X (or iterations), rising, and the objective after each.
    minimum : float, default=None
        The minimum, best from a fit to a smaller tol; None takes the least of the objectives.
    xlabel : str, default="reads of X"
        What x counts.

    Attributes
    ----------
    minimum : float
        The minimum that all is measured from.
    suboptimality_ : dict of str to ndarray
        The heights drawn.
    ax_, figure_
        matplotlib's axes and figure.
    lines_ : dict of str to matplotlib.lines.Line2D
        The curves.
    rounding_line_ : matplotlib.lines.Line2D
        The line at 2.2e-16.

    References
    ----------
    J. Nocedal, S. Wright (2006), Numerical Optimization, section 2.2: rates of convergence.

    Examples
    --------
    >>> import fastlogreg
    >>> from fastlogreg.displays import ConvergenceDisplay
    >>> from sklearn.datasets import load_breast_cancer
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> record = []
    >>> result = fastlogreg.fit(X, y, alpha=1e-3, callback=record.append)
    >>> display = ConvergenceDisplay.from_records({"Newton": record})
    >>> len(display.suboptimality_["Newton"]) == result.n_iter
    True
    """

    def __init__(self, curves, *, minimum=None, xlabel="reads of X"):
        if not curves:
            raise ValueError("curves must hold at least one fit")
        self.curves = {}
        for name, (x, objectives) in curves.items():
            x = style.as_numbers(x, f"x of {name!r}")
            objectives = style.as_numbers(objectives, f"objectives of {name!r}")
            if len(x) != len(objectives):
                raise ValueError(f"{name!r} has {len(x)} places and {len(objectives)} objectives")
            self.curves[name] = x, objectives
        least = min(objectives.min() for _, objectives in self.curves.values())
        self._known = minimum is not None
        self.minimum = float(minimum if self._known else least)
        if not 0.0 < self.minimum < np.inf:
            raise ValueError(
                f"minimum must be above 0 and finite, as a relative distance is drawn; "
                f"got {self.minimum!r}"
            )
        if least < self.minimum * (1.0 - 1e-12):
            raise ValueError(f"minimum={self.minimum!r} is above an objective that was reached")
        self.xlabel = xlabel

    @classmethod
    def from_records(
        cls, records: Mapping[str, Any], *, minimum: float | None = None, against: str = "passes",
        ax: Axes | None = None,
    ) -> Self:  # fmt: skip
        """Draw what callbacks of `fastlogreg.fit` recorded, beside other methods' objectives.

        Parameters
        ----------
        records : dict of str to list
            By name: what ``callback=record.append`` gathered in a list, or the objectives after
            each iteration of a method that reads X once in each, as `fastlogreg.reference`'s
            ``gradient_descent`` returns them.
        minimum : float, default=None
            The minimum, best from a fit to a smaller tol; None takes the least of all objectives.
        against : {"passes", "iterations"}, default="passes"
            What to draw it against.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        ConvergenceDisplay

        Raises
        ------
        ValueError
            If a record is empty, or the minimum not above 0 or above an objective.
        ImportError
            If matplotlib is not installed.
        """
        if against not in _AXES:
            raise ValueError(f"against must be one of {list(_AXES)}, got {against!r}")
        if not isinstance(records, dict):
            raise TypeError(f"records must be a dict of lists, got {type(records).__name__}")
        curves = {name: _curve(name, record, against) for name, record in records.items()}
        return cls(curves, minimum=minimum, xlabel=_AXES[against]).plot(ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw it.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        ConvergenceDisplay
            Itself.
        """
        self.ax_ = ax = style.open_axes("ConvergenceDisplay", ax)
        self.figure_ = ax.figure
        self.suboptimality_ = {
            name: self._heights(objectives) for name, (_, objectives) in self.curves.items()
        }
        self.lines_ = {}
        for k, (name, heights) in enumerate(self.suboptimality_.items()):
            x = self.curves[name][0]
            (self.lines_[name],) = ax.plot(
                x, heights, color=style.colour(k), linewidth=1.6, label=style.shorten(name, 40),
                marker=style.marker(k), markersize=5,
                markevery=max(1, len(x) // 20),
            )  # fmt: skip
        self.rounding_line_ = ax.axhline(
            _ROUNDING, color=style.GREY, linestyle=":", linewidth=1.2, label="rounding"
        )
        ax.set_yscale("log")
        longest = [x[-1] for x, _ in self.curves.values()]
        if max(longest) > 20.0 * min(longest):
            ax.set_xscale("log")
        ax.set_xlabel(self.xlabel)
        ax.set_ylabel("objective above its minimum (relative)")
        style.legend(ax)
        return self

    def _heights(self, objectives):
        heights = np.maximum(objectives / self.minimum - 1.0, _ROUNDING)
        return heights if self._known else np.where(objectives > self.minimum, heights, np.nan)


def _curve(name, record, against):
    """(x, objectives) of a callback's record or of bare objectives."""
    if not len(record):
        raise ValueError(
            f"the record of {name!r} is empty: its fit ended before the first iteration on all rows"
        )
    if hasattr(record[0], "objective"):
        kind = "n_passes" if against == "passes" else "n_iter"
        return [getattr(seen, kind) for seen in record], [seen.objective for seen in record]
    return np.arange(1, len(record) + 1), record
