"""What the pictures share: colours and markers, axes to draw on, names and classes.

The colours are those of Okabe & Ito, "Color universal design" (2008), which people with any common
kind of colour blindness can tell apart, without their yellow, which is faint on white; wine is Paul
Tol's (2021).
"""

import numpy as np

BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, BLACK, WINE = "#E69F00", "#56B4E9", "#000000", "#882255"
COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK, WINE)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")  # 9 and 8: pairs repeat after 72
GREY = "0.45"  # reference lines
LEGEND_ROW = 0.24  # inches


def open_axes(caller, ax=None, figsize=(6.4, 4.8), panels=1):
    """The axes to draw on: those given, or those of a new figure; ImportError without matplotlib.

    A figure made here keeps legends and labels within its edges; of several panels the axes are an
    array.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{caller} draws with matplotlib, which is not installed; "
            'pip install matplotlib, or ".[plot]" in the source folder'
        ) from error
    if ax is None:
        _, ax = plt.subplots(1, panels, figsize=figsize, layout="constrained")
    elif not hasattr(ax, "plot"):
        raise TypeError(f"ax must be matplotlib axes or None, got {type(ax).__name__}")
    return ax


def legend(ax, outside=False):
    """The legend, if there is anything to tell: on the axes, or below those of a figure of ours.

    The figure grows by the height of that legend.
    """
    handles, labels = ax.get_legend_handles_labels()
    if handles and outside:
        # as many columns as fit a line of some 80 letters, marks and gaps included
        ncols = max(1, min(len(labels), 80 // (max(map(len, labels)) + 8)))
        width, height = ax.figure.get_size_inches()
        ax.figure.set_size_inches(width, height + LEGEND_ROW * -(-len(labels) // ncols))
        ax.figure.legend(handles, labels, loc="outside lower center", ncols=ncols)
    elif handles:
        ax.legend(loc="best", framealpha=0.8)


def make_room(ax):
    """Axes made narrower, so that what stands to the right of them ends where they did.

    A layout of the figure does it better.
    """
    figure = ax.figure
    if figure.get_layout_engine() is None:
        box = ax.get_position(original=True)
        beyond = ax.get_tightbbox().x1 - box.transformed(figure.transSubfigure).x1
        width = max(box.width - max(beyond, 0.0) / figure.bbox.width, 0.3 * box.width)
        ax.set_position([box.x0, box.y0, width, box.height])
        ax.set_in_layout(True)  # a layout that is asked for later may still move them


def colour(k):
    """The colour of class or line k."""
    return COLOURS[k % len(COLOURS)]


def marker(k):
    """The marker of class or line k."""
    return MARKERS[k % len(MARKERS)]


def shorten(name, longest=24):
    """A name that leaves room for the picture."""
    name = str(name)
    return name if len(name) <= longest else name[: longest - 1] + "…"


def column_names(names, p, *sources):
    """Names of the p columns: those given, or those that a source has, or x0, x1, ..."""
    if names is not None:
        names = [str(name) for name in names]
        if len(names) != p:
            raise ValueError(f"names must hold one name for each of {p} columns, got {len(names)}")
        return names
    for source in sources:
        for attribute in ("feature_names_in_", "columns", "feature_names"):
            found = getattr(source, attribute, None)
            if found is not None and not callable(found) and len(found) == p:
                return [str(name) for name in found]
    return [f"x{j}" for j in range(p)]


def check_predicts(estimator):
    """ValueError unless the estimator is fitted and gives probabilities."""
    name = type(estimator).__name__
    if not hasattr(estimator, "predict_proba"):
        raise ValueError(f"estimator must have predict_proba, but {name} has none")
    if getattr(estimator, "classes_", None) is None:
        raise ValueError(f"{name} is not fitted; call fit before drawing it")


def columns_of(X, p, name="X"):
    """X as float64 (n, p), dense and finite; ValueError otherwise."""
    if hasattr(X, "toarray"):
        X = X.toarray()
    X = np.asarray(X, dtype=np.float64)
    if X.ndim == 1 and p == 1:
        X = X[:, None]
    if X.ndim != 2 or X.shape[1] != p:
        columns = "one column" if p == 1 else f"{p} columns"
        raise ValueError(f"{name} must have {columns} for this picture, got shape {X.shape}")
    if not len(X) or not np.isfinite(X).all():
        raise ValueError(f"{name} must have rows, and no NaN or infinity")
    return X


def codes_of(y, classes, n):
    """Labels as positions in `classes`; ValueError for labels that the model does not know."""
    y = np.asarray(y)
    if y.shape != (n,):
        raise ValueError(f"y must hold one label for each of {n} rows, got shape {y.shape}")
    codes = np.full(n, -1)
    for k, label in enumerate(classes):
        codes[y == label] = k
    if (codes < 0).any():
        strange, known = y[codes < 0].tolist()[0], np.asarray(classes).tolist()
        raise ValueError(f"y holds {strange!r}, which is none of the classes {known}")
    return codes


def as_table(X):
    """A series that has a name as the frame of one column that it was; all else as it is."""
    if np.ndim(X) == 1 and hasattr(X, "to_frame"):
        return np.asarray(X) if X.name in (None, "") else X.to_frame()
    return X


def as_frame(X, values):
    """The values as what X is: a data frame keeps its column names, which an estimator checks."""
    if hasattr(X, "iloc"):
        return type(X)(values, columns=X.columns)
    return values


def check_count(value, name, least):
    """ValueError unless the value is a whole number of at least `least`."""
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, got {value!r}")


def grid_over(x, n_points):
    """Points over the values and a twentieth of their range on both sides."""
    check_count(n_points, "n_points", 2)
    low, high = x.min(), x.max()
    margin = 0.05 * (high - low) or 1.0
    return np.linspace(low - margin, high + margin, n_points)


def as_numbers(values, name, ndim=1):
    """An array of numbers with so many dimensions; ValueError that names it."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.empty(0)
    if array.ndim != ndim or not array.size:
        raise ValueError(f"{name} must be a {ndim}-dimensional array of numbers, got {values!r}")
    return array
