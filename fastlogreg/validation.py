"""What the functional core is handed, turned into checked arrays, or an error that names it."""

import numpy as np

from fastlogreg._kernels import core as kernels

_ENCODED = frozenset("lqid" + "f")


def check_targets(y, n):
    """Targets as uint8 0/1, or as float64 in [0, 1].

    Raises
    ------
    ValueError
        Wrong shape or length, or values other than 0/1, False/True, -1/+1 or within [0, 1].
    """
    y = np.asarray(y)
    if y.ndim != 1:
        raise ValueError(f"y must be one-dimensional, got shape {y.shape}")
    if len(y) != n:
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: X has {n}, y has {len(y)}"
        )
    if y.dtype == np.bool_:
        return np.ascontiguousarray(y).view(np.uint8)
    if y.dtype == np.uint8 and (n == 0 or y.max() <= 1):
        return np.ascontiguousarray(y)
    if y.dtype.kind not in "iuf":
        raise ValueError(
            f"y must hold 0/1, booleans, -1/+1 or probabilities, got dtype {y.dtype}; "
            "fastlogreg.LogisticRegression takes labels of any kind"
        )
    if y.dtype.char not in _ENCODED or not y.dtype.isnative:
        y = y.astype(np.float64)
    labels = np.empty(n, dtype=np.uint8)
    if kernels.encode_labels(y, 0, 1, labels):
        return labels
    if kernels.encode_labels(y, -1, 1, labels):
        return labels
    y = y.astype(np.float64)
    if not np.isfinite(y).all():
        raise ValueError("Input y contains NaN or infinity")
    if y.min() < 0.0 or y.max() > 1.0:
        raise ValueError(
            f"y must hold 0/1, -1/+1 or probabilities in [0, 1], got values from {y.min():g} to "
            f"{y.max():g}; fastlogreg.LogisticRegression takes labels of any kind"
        )
    return np.ascontiguousarray(y)


def check_rows(values, n, name):
    """A float64 array with one finite number a row, or None."""
    if values is None:
        return None
    try:
        values = np.ascontiguousarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold real numbers: {error}") from None
    if values.shape != (n,):
        raise ValueError(f"{name} must have shape ({n},), one number a row, got {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} contains NaN or infinity")
    return values


def check_weights(values, n):
    """Sample weights: as `check_rows`, not negative, not all zero."""
    values = check_rows(values, n, "sample_weight")
    if values is not None and n:
        if values.min() < 0.0:
            raise ValueError("Negative values in data passed to `sample_weight`")
        if not values.any():
            raise ValueError("sample_weight is zero for every row; at least one must be positive")
        with np.errstate(over="ignore"):
            if not values.sum() < np.inf:
                raise ValueError("sample_weight has an infinite sum; divide it by its maximum")
    return values


def check_count(value, name):
    """A whole number >= 0."""
    try:
        good = value == int(value) and value >= 0
    except (TypeError, ValueError, OverflowError):
        good = False
    if not good:
        raise ValueError(f"{name} must be an integer >= 0, got {value!r}")


def check_number(value, name, low, inclusive=True):
    """A finite real number at least (or above) `low`."""
    if isinstance(value, str):
        raise TypeError(f"{name} must be a real number, got {value!r}")
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a real number, got {value!r}") from None
    if not np.isfinite(number) or number < low or (number == low and not inclusive):
        raise ValueError(
            f"{name} must be a finite number {'>=' if inclusive else '>'} {low:g}, got {value!r}"
        )
    return number


def check_vector(values, length, name):
    """A finite float64 array of a given length."""
    values = np.ascontiguousarray(values, dtype=np.float64)
    if values.shape != (length,):
        raise ValueError(f"{name} must have shape ({length},), got {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} contains NaN or infinity")
    return values


def check_parameters(coef, intercept, p):
    """Coefficients and, unless it is None, the intercept as one float64 array."""
    coef = check_vector(coef, p, "coef")
    if intercept is None:
        return coef
    return np.append(coef, check_number(intercept, "intercept", -np.finfo(float).max))
