"""The doors of the estimators: a user's X, y and weights become a checked binary problem.

Each door has two wings. Plain NumPy arrays and pandas frames of floating-point numbers are
recognised in a few microseconds; everything else (lists, sparse matrices, wrong input) goes through
scikit-learn's own checks, whose error texts users know. Values of X are not looked at here: the
core meets NaN and infinity in its first pass over the data.

`column_factors` and `column_bounds` are the doors of parameters that speak of columns by name.
"""

import copy
import math
import sys
from numbers import Integral
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_array, check_consistent_length, compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from fastlogreg.validation import check_bounds, check_factor, check_rows

_FLOATS = (np.dtype(np.float64), np.dtype(np.float32))
_SPARSE = ["csr", "csc"]


class Problem(NamedTuple):
    """A checked binary problem.

    ``y`` is the uint8 code of ``labels``: 1 where the label is ``classes[1]``. Of soft targets,
    ``labels`` (n, 2) are the probabilities of the classes 0 and 1, and ``y`` is the second column
    as float64. ``sample_weight`` is None or includes the class weights; ``total_weight`` is its
    sum, or the number of rows. ``feature_names`` is None unless X came with names.
    """

    X: object
    y: np.ndarray
    labels: np.ndarray
    classes: np.ndarray
    sample_weight: np.ndarray | None
    total_weight: float
    feature_names: np.ndarray | None
    offset: np.ndarray | None

    @property
    def positive_class(self):
        """The label that counts as 1; None for soft targets."""
        return self.classes[1] if self.labels.ndim == 1 else None


def open_problem(estimator, X, y, sample_weight, offset=None):
    """The `Problem` that X, y, the weights and the offset pose; the estimator is only read."""
    encoded = None
    values, names = _plain_matrix(X)
    labels = _plain_labels(y)
    if values is not None and labels is not None and values.shape[0] == labels.shape[0]:
        encoded = encode_two_labels(labels)
    if encoded is None and is_soft(y):
        return _open_soft_problem(estimator, X, y, sample_weight, offset)
    if encoded is None:
        # validate_data records n_features_in_ and the names on the object that it is given
        scratch = copy.copy(estimator)
        values, labels = validate_data(
            scratch, X, y, accept_sparse=_SPARSE, dtype=_FLOATS, ensure_all_finite=False
        )
        names = scratch.__dict__.get("feature_names_in_")
        encoded = encode_two_labels(labels) or _encode_any_labels(labels)
    classes, codes = encoded
    weight, total = None, float(len(codes))
    if sample_weight is not None or estimator.class_weight is not None:
        weight, total = _weights(values, codes, classes, sample_weight, estimator.class_weight)
    offset = check_rows(offset, len(codes), "offset")
    return Problem(values, codes, labels, classes, weight, total, names, offset)


def is_soft(y):
    """Whether y has two columns: probabilities of the classes 0 and 1 in the place of labels."""
    shape = y.shape if hasattr(y, "shape") else np.asarray(y).shape
    return len(shape) == 2 and shape[1] == 2


def _open_soft_problem(estimator, X, y, sample_weight, offset):
    """As `open_problem`, for a y of two columns."""
    if estimator.class_weight is not None:
        raise ValueError(
            f"class_weight={estimator.class_weight!r} needs labels, but y has two columns, which "
            "are probabilities; use sample_weight instead."
        )
    scratch = copy.copy(estimator)
    X = validate_data(scratch, X, accept_sparse=_SPARSE, dtype=_FLOATS, ensure_all_finite=False)
    y = check_array(y, dtype=np.float64, input_name="y", estimator=estimator)
    check_consistent_length(X, y)
    odd = ((y < 0) | (y > 1)).any(axis=1) | (np.abs(y.sum(axis=1) - 1.0) > 1e-6)
    if odd.any():
        row = int(odd.argmax())
        raise ValueError(
            f"y[{row}] is {y[row].tolist()}, but a y of two columns holds the probabilities of the "
            "classes 0 and 1, within [0, 1] and with rows that sum to 1 (to 1e-6). Labels need a y "
            "of one dimension."
        )
    classes, weight, total, in_class = np.array([0, 1]), None, float(len(y)), y.sum(axis=0)
    if sample_weight is not None:
        weight = _check_weights(sample_weight, X)
        total, in_class = float(weight.sum(dtype=float)), weight @ y
    _refuse_one_class(classes, in_class)
    names = scratch.__dict__.get("feature_names_in_")
    offset = check_rows(offset, len(y), "offset")
    return Problem(X, y[:, 1].copy(), y, classes, weight, total, names, offset)


def _plain_matrix(X):
    """X as an array, and its column names if it has any; (None, None) if it needs a closer look."""
    names = None
    if type(X) is not np.ndarray:
        pandas = sys.modules.get("pandas")
        if pandas is None or type(X) is not pandas.DataFrame:
            return None, None
        names = X.columns.to_numpy(dtype=object)
        dtypes = X.dtypes.to_numpy()
        if not all(type(name) is str for name in names):
            return None, None
        if len(dtypes) == 0 or dtypes[0] not in _FLOATS or not (dtypes == dtypes[0]).all():
            return None, None
        X = X.to_numpy()
    if X.ndim != 2 or X.dtype not in _FLOATS or X.size == 0:
        return None, None
    return X, names


def _plain_labels(y):
    """The labels as a 1-d array, None if they need a closer look."""
    if type(y) is not np.ndarray:
        pandas = sys.modules.get("pandas")
        if pandas is None or type(y) is not pandas.Series:
            return None
        if not isinstance(y.dtype, np.dtype) and y.dtype.kind != "O":  # nullable numbers
            return None
        y = y.to_numpy()
    return y if y.ndim == 1 else None


def encode_two_labels(y):
    """Sorted classes and uint8 codes of a 1-d array that holds two labels, in linear passes.

    None if it holds another number of labels, or any that need a closer look: missing values,
    fractions, objects other than strings.
    """
    if y.dtype.kind not in "biufUO" or len(y) == 0:
        return None
    first = y[0]
    if y.dtype.kind == "O" and not isinstance(first, str):
        return None
    differs = y != first
    other = y[int(differs.argmax())]
    if y.dtype.kind == "O" and not isinstance(other, str):
        return None
    if y.dtype.kind == "f" and not (first.is_integer() and other.is_integer()):
        return None
    equals_other = y == other
    if np.count_nonzero(equals_other) != np.count_nonzero(differs):
        return None
    if first < other:
        return np.array([first, other], dtype=y.dtype), equals_other.view(np.uint8)
    return np.array([other, first], dtype=y.dtype), np.logical_not(differs).view(np.uint8)


def _encode_any_labels(y):
    """As `encode_two_labels`, for labels of any kind; raises if these are not two classes."""
    check_classification_targets(y)
    classes = np.unique(y)
    if len(classes) < 2:
        raise ValueError(
            "This solver needs samples of at least 2 classes in the data, but the data contains "
            f"only one class: {classes[0]!r}"
        )
    if len(classes) > 2:
        raise ValueError(
            "Only binary classification is supported. The type of the target is "
            f"{type_of_target(y)} ({len(classes)} classes)."
        )
    return classes, (y == classes[1]).astype(np.uint8)


def _weights(X, codes, classes, sample_weight, class_weight):
    """Weights of the rows times those of their classes, and the sum of them."""
    if sample_weight is None:
        n_positive = np.count_nonzero(codes)
        in_class = np.array([len(codes) - n_positive, n_positive], dtype=float)
    else:
        sample_weight = _check_weights(sample_weight, X)
        in_class = _weight_in_class(codes, sample_weight)
    if class_weight is not None:
        factor = _class_factors(classes, in_class, class_weight)
        if (in_class > 0).all():
            of_row = np.where(codes.view(bool), factor[1], factor[0])
            if sample_weight is not None:
                np.multiply(of_row, sample_weight, out=of_row)
            sample_weight = of_row
            in_class = in_class * factor
    if not in_class.any():
        raise ValueError(f"class_weight leaves no class with a weight, got {class_weight!r}.")
    _refuse_one_class(classes, in_class)
    return sample_weight, float(in_class.sum())


def _refuse_one_class(classes, in_class):
    """ValueError if only one of the classes has a weight."""
    if not (in_class > 0).all():
        raise ValueError(
            "This solver needs samples of at least 2 classes in the data, but the rows with a "
            f"weight above zero contain only one class: {classes[in_class > 0][0]!r}"
        )


def _weight_in_class(codes, sample_weight):
    """Sums of the weights of both classes, in blocks that stay in cache."""
    in_class = np.zeros(2)
    for begin in range(0, len(codes), 32768):
        weight = sample_weight[begin : begin + 32768].astype(float, copy=False)
        positive = codes[begin : begin + 32768]
        in_class += weight.dot(1 - positive), weight.dot(positive)
    return in_class


def _class_factors(classes, in_class, class_weight):
    """The weights of the two classes, as scikit-learn defines them."""
    labels = classes.tolist()
    if isinstance(class_weight, str):  # "balanced"
        with np.errstate(divide="ignore"):
            return in_class.sum() / (2.0 * in_class)
    if class_weight.keys() <= set(labels):
        factor = np.array([class_weight.get(label, 1.0) for label in labels], dtype=float)
    else:  # labels that are not in y: scikit-learn's error
        factor = compute_class_weight(class_weight, classes=classes, y=classes)
    if not (factor >= 0).all():
        raise ValueError(f"class_weight must not be negative, got {class_weight!r}.")
    return factor


def _check_weights(sample_weight, X):
    """The weights as an array of n non-negative, finite floats, not all of them zero."""
    if (
        type(sample_weight) is np.ndarray
        and sample_weight.dtype in _FLOATS
        and sample_weight.shape == (X.shape[0],)
        and sample_weight.min() >= 0
        and 0 < sample_weight.sum(dtype=float) < math.inf
    ):
        return sample_weight
    return _check_sample_weight(sample_weight, X, ensure_non_negative=True)


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


def column_bounds(bounds, names, p):
    """Bounds as (lower, upper), float64 arrays (p,), or None.

    Of a dict ``{column: (low, high)}``, keys are column names or positions; None leaves a side
    open, and columns that it leaves out are free. ``names`` are the names of the columns, or None.
    ValueError for an unknown column, low above high, no pair or a wrong length.
    """
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
    return check_bounds(bounds, p)


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
            has = f"{p} columns without names" if names is None else _preview(names)
            raise ValueError(
                f"{parameter} names {column!r}, which is not exactly one column of X; X has {has}"
            )
        positions.append(position)
    if len(set(positions)) < len(positions):
        raise ValueError(f"{parameter} names a column twice, by its name and by its position")
    return positions


def _preview(names):
    """The first of some names, for an error text."""
    some = ", ".join(repr(name) for name in names[:10])
    return f"the columns {some}{', ...' if len(names) > 10 else ''}"


def open_scoring(estimator, X):
    """X checked against what the estimator was fitted on, its coefficients (p,), its intercept.

    Of plain arrays the values are not looked at; see `check_finite`.
    """
    fitted = estimator.__dict__
    coef = fitted.get("coef_")
    values, names = _plain_matrix(X)
    if (
        values is not None
        and type(coef) is np.ndarray
        and coef.ndim == 2
        and coef.shape[1] == values.shape[1]
        and _same_names(names, fitted.get("feature_names_in_"))
    ):
        return values, coef[0], float(fitted["intercept_"][0])
    check_is_fitted(estimator)
    X = validate_data(estimator, X, reset=False, accept_sparse=_SPARSE)
    coef = estimator.coef_
    if hasattr(coef, "toarray"):  # after sparsify()
        coef = coef.toarray()
    return X, np.asarray(coef).reshape(-1), float(np.asarray(estimator.intercept_).reshape(-1)[0])


def _same_names(names, fitted):
    if names is None or fitted is None:
        return names is fitted
    return names.tolist() == fitted.tolist()


def check_finite(estimator, X):
    """Raise scikit-learn's error if X holds a NaN or an infinity."""
    check_array(X, accept_sparse=_SPARSE, dtype=_FLOATS, input_name="X", estimator=estimator)
