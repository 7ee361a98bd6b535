"""What the functional core is handed, turned into checked arrays, or an error that names it."""

import math

import numpy as np

from fastlogreg import design
from fastlogreg._kernels import core as kernels

TOO_LARGE = (
    "X or offset holds values so large that their squares or products overflow; "
    "rescale those columns"
)


class NonFiniteError(ValueError):
    """X holds a NaN or an infinity; found in the first pass over the data."""


_ENCODED = frozenset("lqid" + "f")


def check_problem(X, y, sample_weight, offset, fit_intercept):
    """(Matrix over X, targets, weights or None, offset or None), all of the same rows."""
    matrix = design.as_matrix(X)
    n, p = matrix.shape
    if n == 0:
        raise ValueError(f"X has no rows (shape {matrix.shape}); at least one is needed")
    if p + fit_intercept == 0:
        raise ValueError(
            f"X has no columns (shape {matrix.shape}) and there is no intercept to fit"
        )
    y = check_targets(y, n)
    weight = check_weights(sample_weight, n)
    return matrix, y, weight, check_rows(offset, n, "offset")


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


def _real(values, name):
    """A contiguous float64 array."""
    try:
        values = np.asarray(values)
        if values.dtype.kind == "c":
            raise TypeError("these are complex")
        return np.asarray(values, dtype=np.float64, order="C")
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold real numbers: {error}") from None


def check_rows(values, n, name):
    """A float64 array with one finite number a row, or None."""
    if values is None:
        return None
    values = _real(values, name)
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


def check_ratio(value):
    """l1_ratio as a float in [0, 1]."""
    number = check_number(value, "l1_ratio", 0.0)
    if number > 1.0:
        raise ValueError(f"l1_ratio must be within [0, 1], got {value!r}")
    return number


def check_factor(values, p):
    """Penalty factors as a float64 array (p,), or None."""
    if values is None:
        return None
    values = check_vector(values, p, "penalty_factor")
    if p and values.min() < 0.0:
        raise ValueError(
            f"penalty_factor must not be negative, got {values.min():g} for column "
            f"{int(values.argmin())}; 0 leaves a coefficient unpenalised"
        )
    return values


def check_bounds(bounds, p, n_classes=None):
    """Bounds as (lower, upper) arrays (p,), with `n_classes` (K, p), or None.

    A side is None, a number, an array (p,), or with `n_classes` an array (K, p).
    """
    if bounds is None:
        return None
    shape = (p,) if n_classes is None else (n_classes, p)
    shapes = f"shape ({p},)" if n_classes is None else f"shape ({p},) or ({n_classes}, {p})"
    try:
        lower, upper = bounds
    except (TypeError, ValueError):
        raise ValueError(
            f"bounds must be a pair (lower, upper), each None, a number or an array of {shapes}, "
            f"got {bounds!r}"
        ) from None
    sides = []
    for name, values, free in (("lower", lower, -np.inf), ("upper", upper, np.inf)):
        values = _real(free if values is None else values, f"bounds: {name}")
        if values.shape not in ((), (p,), shape):
            raise ValueError(
                f"bounds: {name} must be a number or have {shapes}, got {values.shape}"
            )
        if np.isnan(values).any():
            raise ValueError(f"bounds: {name} contains NaN")
        sides.append(np.array(np.broadcast_to(values, shape)))
    lower, upper = sides
    wrong = np.argwhere((lower > upper) | (lower == np.inf) | (upper == -np.inf))
    if len(wrong):
        place = tuple(wrong[0])
        of_class = "" if n_classes is None else f" of class {place[0]}"
        raise ValueError(
            f"bounds: column {place[-1]}{of_class} has low {lower[place]:g} and high "
            f"{upper[place]:g}; low must not be above high, and one finite number must lie between "
            "them"
        )
    return lower, upper


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
    if not low <= number < math.inf or (number == low and not inclusive):
        raise ValueError(
            f"{name} must be a finite number {'>=' if inclusive else '>'} {low:g}, got {value!r}"
        )
    return number


def check_vector(values, length, name):
    """A finite float64 array of a given length."""
    values = _real(values, name)
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


def check_start(start, fit_intercept, p):
    """`start`, a pair of coefficients and intercept, as one array."""
    try:
        coef, intercept = start
    except (TypeError, ValueError):
        raise ValueError(
            f"start must be a pair (coef, intercept), coef of shape ({p},), got {start!r}"
        ) from None
    if not fit_intercept and intercept:
        raise ValueError("start has an intercept, but fit_intercept is False")
    return check_parameters(coef, intercept if fit_intercept else None, p)


def check_flag(value, name):
    """True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {value!r}")


def refuse_values(X):
    """The error for an X whose sums are not finite."""
    refuse_nonfinite(X)
    raise ValueError(TOO_LARGE) from None


def refuse_nonfinite(X):
    """NonFiniteError if X holds a NaN or an infinity."""
    if not np.isfinite(X.data if design.is_sparse(X) else np.asarray(X)).all():
        raise NonFiniteError(
            "Input X contains NaN or infinity; impute or drop those rows first "
            "(sklearn.impute.SimpleImputer)"
        )


# ---------------------------------------------------------------------- many classes


def check_class_problem(X, y, n_classes, sample_weight, offset, fit_intercept):
    """(Matrix, int32 labels (n,) or probabilities (n, K), K, weights or None, offset or None)."""
    matrix = design.as_matrix(X)
    n, p = matrix.shape
    if n == 0:
        raise ValueError(f"X has no rows (shape {matrix.shape}); at least one is needed")
    if p + fit_intercept == 0:
        raise ValueError(
            f"X has no columns (shape {matrix.shape}) and there is no intercept to fit"
        )
    y = np.asarray(y)
    if y.ndim == 2:
        columns = y.shape[1]
        if n_classes is not None and n_classes != columns:
            raise ValueError(f"n_classes is {n_classes}, but y has {columns} columns")
        y, n_classes = _check_class_probabilities(y, n), columns
    else:
        whole = isinstance(n_classes, (int, np.integer)) and not isinstance(n_classes, bool)
        if not whole or n_classes < 2:
            raise ValueError(f"n_classes must be an integer of at least 2, got {n_classes!r}")
        y = _check_codes(y, n, int(n_classes))
    weight = check_weights(sample_weight, n)
    offset = check_class_offset(offset, n, int(n_classes))
    return matrix, y, int(n_classes), weight, offset


def check_class_offset(offset, n, n_classes):
    """A float64 array (n, K) of finite numbers, or None."""
    if offset is None:
        return None
    offset = _real(offset, "offset")
    if offset.shape != (n, n_classes):
        raise ValueError(
            f"offset must have shape ({n}, {n_classes}), one number a row and class, got "
            f"{offset.shape}"
        )
    if not np.isfinite(offset).all():
        raise ValueError("offset contains NaN or infinity")
    return offset


def _check_codes(y, n, n_classes):
    if y.shape != (n,):
        raise ValueError(f"y must have shape ({n},) as X has {n} rows, got {y.shape}")
    if y.dtype.kind not in "iufb":
        raise ValueError(
            f"y must hold the codes 0..{n_classes - 1}, got dtype {y.dtype}; "
            "fastlogreg.LogisticRegression takes labels of any kind"
        )
    with np.errstate(invalid="ignore"):
        codes = y.astype(np.int32)
    if not (codes == y).all() or codes.min() < 0 or codes.max() >= n_classes:
        raise ValueError(
            f"y must hold the codes 0..{n_classes - 1}; "
            "fastlogreg.LogisticRegression takes labels of any kind"
        )
    return np.ascontiguousarray(codes)


def _check_class_probabilities(y, n):
    y = _real(y, "y")
    if len(y) != n or y.shape[1] < 2:
        raise ValueError(
            f"y must be one-dimensional, or have one row for each of the {n} rows of X and a "
            f"column for each of at least two classes; got shape {y.shape}"
        )
    odd = ~((y >= 0).all(axis=1) & (np.abs(y.sum(axis=1) - 1.0) <= 1e-6))
    if odd.any():
        row = int(odd.argmax())
        raise ValueError(
            f"y[{row}] is {y[row].tolist()}; rows of a y of two dimensions are the probabilities "
            "of the classes, within [0, 1] and summing to 1 (to 1e-6)"
        )
    if ((y == 0.0) | (y == 1.0)).all():  # labels: their losses are exact, and can be separated
        return y.argmax(axis=1).astype(np.int32)
    return y / y.sum(axis=1, keepdims=True)


def check_reference_class(value, n_classes):
    """None, or the index of a class."""
    if value is None:
        return None
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"reference_class must be None or the index of a class, got {value!r}")
    if not 0 <= value < n_classes:
        raise ValueError(f"reference_class must be within 0..{n_classes - 1}, got {value!r}")
    return int(value)


def check_class_start(start, fit_intercept, n_classes, p):
    """`start`, a pair of coefficients (K, p) and intercepts (K,), as one array (K, q)."""
    try:
        coef, intercept = start
    except (TypeError, ValueError):
        raise ValueError(
            f"start must be a pair (coef, intercept), coef of shape ({n_classes}, {p}), got "
            f"{start!r}"
        ) from None
    coef, intercept = _real(coef, "coef"), _real(intercept, "intercept")
    if coef.shape != (n_classes, p) or intercept.shape not in ((), (n_classes,)):
        raise ValueError(
            f"start must have coefficients of shape ({n_classes}, {p}) and intercepts of shape "
            f"({n_classes},), got {coef.shape} and {intercept.shape}"
        )
    if not (np.isfinite(coef).all() and np.isfinite(intercept).all()):
        raise ValueError("start contains NaN or infinity")
    if not fit_intercept:
        if intercept.any():
            raise ValueError("start has an intercept, but fit_intercept is False")
        return coef
    return np.column_stack([coef, np.broadcast_to(intercept, n_classes)])


def column_names(X, p, names=None):
    """Names of the p columns as a list: from the argument, from a data frame, or x0, x1, ..."""
    if names is None and hasattr(X, "columns"):
        names = X.columns
    if names is None:
        return [f"x{j}" for j in range(p)]
    names = [str(name) for name in names]
    if len(names) != p:
        raise ValueError(f"feature_names must have {p} names, one a column, got {len(names)}")
    return names


def plain(value):
    """A NumPy scalar as Python's own, for texts."""
    return value.item() if isinstance(value, np.generic) else value
