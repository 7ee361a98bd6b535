"""Parameters that speak of the columns of X, by name or by position."""

import math
from numbers import Integral

import numpy as np

from fastlogreg.validation import check_bounds, check_factor, plain


def column_factors(penalty_factor, names, p):
    """Penalty factors as a float64 array (p,), or None.

    Of a dict, keys are column names or positions, and columns that it leaves out get 1. ``names``
    are the names of the columns, or None. ValueError for an unknown column, a negative factor or a
    wrong length.
    """
    if isinstance(penalty_factor, dict):
        factors = np.ones(p)
        positions = _positions(penalty_factor, names, p, "penalty_factor")
        for position, (column, factor) in zip(positions, penalty_factor.items(), strict=True):
            try:
                good = float(factor) >= 0.0
            except (TypeError, ValueError):
                good = False
            if not good:
                raise ValueError(
                    f"penalty_factor[{column!r}] must be a number >= 0, got {factor!r}"
                )
            factors[position] = factor
        penalty_factor = factors
    return check_factor(penalty_factor, p)


def column_bounds(bounds, names, p, n_classes=2):
    """Bounds as (lower, upper), float64 arrays (p,), or None.

    Of more than two classes, arrays (n_classes, p) are taken too; those of (p,) are for each class.
    Of a dict ``{column: (low, high)}``, keys are column names or positions; None leaves a side
    open, and columns that it leaves out are free. ``names`` are the names of the columns, or None.
    ValueError for an unknown column, low above high, no pair or a wrong length.
    """
    if bounds is None:
        return None
    if isinstance(bounds, dict):
        lower, upper = np.full(p, -np.inf), np.full(p, np.inf)
        positions = _positions(bounds, names, p, "bounds")
        for position, (column, pair) in zip(positions, bounds.items(), strict=True):
            try:
                low, high = pair
                low = -math.inf if low is None else float(low)
                high = math.inf if high is None else float(high)
                good = low <= high
            except (TypeError, ValueError):
                good = False
            if not good:
                raise ValueError(
                    f"bounds[{column!r}] must be a pair (low, high) of numbers, low not above "
                    f"high, None for an open side; got {pair!r}"
                )
            lower[position], upper[position] = low, high
        bounds = lower, upper
    of_classes = n_classes > 2 and any(np.ndim(side) == 2 for side in bounds)
    return check_bounds(bounds, p, n_classes if of_classes else None)


def _positions(columns, names, p, parameter):
    """Positions of the columns that the keys of a parameter's dict stand for, no two the same."""
    of_name = {}
    for position, name in enumerate(() if names is None else names):
        of_name[name] = position if name not in of_name else None
    positions = []
    for column in columns:
        numbered = isinstance(column, Integral) and 0 <= column < p
        position = int(column) if numbered else of_name.get(column)
        if position is None:
            has = f"{p} columns without names" if names is None else f"the columns {preview(names)}"
            raise ValueError(
                f"{parameter} names {column!r}, which is not exactly one column of X; X has {has}"
            )
        positions.append(position)
    if len(set(positions)) < len(positions):
        raise ValueError(f"{parameter} names a column twice, by its name and by its position")
    return positions


def preview(names):
    """The first of some names, for an error text."""
    some = ", ".join(repr(plain(name)) for name in names[:10])
    return f"{some}{', ...' if len(names) > 10 else ''}"
