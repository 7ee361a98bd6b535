"""The picture of a regularisation path: every coefficient against the strength of the penalty."""

import numpy as np

# of the columns that are named; without grey, which is for all others
_COLOURS = ("C0", "C1", "C2", "C3", "C4", "C5", "C6", "C9")
_GAP = 0.05  # least distance of two names, as a share of the axes' height
_LONGEST = 24  # letters of a name


def plot_path(path, ax=None, names=None):
    """Draw the coefficients of a path against alpha, strong penalties at the left.

    The columns with the largest coefficients at the weakest penalty are named; a second axis at the
    top counts the coefficients other than zero.

    Parameters
    ----------
    path : Path
        What `fastlogreg.logistic_path` returns. A model without a penalty, which has no place on a
        logarithmic axis, is left out.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; None makes a new figure.
    names : sequence of str, default=None
        Names of the columns; None numbers them.

    Returns
    -------
    matplotlib.axes.Axes
    """
    import matplotlib.pyplot as plt
    from matplotlib.collections import LineCollection

    if ax is None:
        _, ax = plt.subplots(figsize=(8, 5), layout="constrained")
    shown = path.alphas > 0
    alphas, df = path.alphas[shown], path.df[shown]
    columns, curves = _curves(path.coefs, shown)
    order = np.argsort(-np.abs(curves[-1]), kind="stable") if len(curves) else np.arange(0)
    others = [np.column_stack([alphas, curves[:, j]]) for j in order[len(_COLOURS) :]]
    ax.add_collection(LineCollection(others, colors="0.8", linewidths=0.7, zorder=1))
    named = order[: len(_COLOURS)]
    for colour, j in zip(_COLOURS, named, strict=False):
        ax.plot(alphas, _without_rests(curves[:, j]), color=colour, linewidth=1.6, zorder=2)
    ax.axhline(0.0, color="0.4", linewidth=0.8, zorder=1.5)
    ax.set_xscale("log")
    if len(alphas) > 1:
        ax.set_xlim(alphas[0], alphas[-1])
    ax.autoscale(axis="y")
    ax.set_xlabel("alpha (strength of the penalty)")
    ax.set_ylabel("coefficient")
    _count_above(ax, alphas, df)
    low, high = ax.get_ylim()
    heights = (curves[-1, named] - low) / (high - low) if len(named) else np.empty(0)
    for colour, j, end, height in zip(_COLOURS, named, heights, _spread(heights), strict=False):
        name = f"x{columns[j]}" if names is None else str(names[columns[j]])
        ax.annotate(
            name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…",
            xy=(1.0, end), xytext=(1.03, height), xycoords="axes fraction", color=colour,
            va="center", fontsize="small", annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "lw": 0.6, "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip
    return ax


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
    """The axis at the top: how many coefficients are not zero."""
    top = ax.secondary_xaxis("top")
    places = np.unique(np.linspace(0, len(alphas) - 1, min(8, len(alphas))).round().astype(int))
    top.set_xticks(alphas[places], [str(count) for count in df[places]])
    top.minorticks_off()
    top.set_xlabel("coefficients other than zero")


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
