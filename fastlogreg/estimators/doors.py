"""The doors of the estimators: a user's X, y and weights become a checked problem.

Each door has two wings. Plain NumPy arrays and pandas frames of floating-point numbers are
recognised in a few microseconds; everything else (lists, sparse matrices, wrong input) goes through
scikit-learn's own checks, whose error texts users know. Values of X are not looked at here: the
core meets NaN and infinity in its first pass over the data.
"""

import copy
import sys
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils.validation import check_is_fitted, validate_data

from fastlogreg.estimators.labels import (
    check_weights,
    encode_any_labels,
    encode_labels,
    encode_two_labels,
    refuse_empty_classes,
    weigh_classes,
)
from fastlogreg.validation import check_rows

_FLOATS = (np.dtype(np.float64), np.dtype(np.float32))
_SPARSE = ["csr", "csc"]


class Problem(NamedTuple):
    """A checked problem of two classes or more.

    ``y`` holds the codes of ``labels``: of two classes uint8, 1 where the label is ``classes[1]``;
    of more int32, the places in ``classes``. Of soft targets, ``labels`` (n, K) are the
    probabilities of the classes 0 to K - 1, and ``y`` is, as float64, the second column of two, or
    all columns of more. ``sample_weight`` is None or includes the class weights; ``total_weight``
    is its sum, or the number of rows. ``feature_names`` is None unless X came with names.
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
    def n_classes(self):
        """Number of classes."""
        return len(self.classes)

    @property
    def soft(self):
        """Whether y held probabilities."""
        return self.labels.ndim == 2


def open_problem(estimator, X, y, sample_weight, offset=None):
    """The `Problem` that X, y, the weights and the offset pose; the estimator is only read."""
    encoded = None
    values, names = _plain_matrix(X)
    labels = _plain_labels(y)
    if values is not None and labels is not None and values.shape[0] == labels.shape[0]:
        encoded = encode_two_labels(labels) or encode_labels(labels)
    if encoded is None and is_soft(y):
        return _open_soft_problem(estimator, X, y, sample_weight, offset)
    if encoded is None:
        # validate_data records n_features_in_ and the names on the object that it is given
        scratch = copy.copy(estimator)
        values, labels = validate_data(
            scratch, X, y, accept_sparse=_SPARSE, dtype=_FLOATS, ensure_all_finite=False
        )
        names = scratch.__dict__.get("feature_names_in_")
        encoded = encode_two_labels(labels) or encode_labels(labels) or encode_any_labels(labels)
    classes, codes = encoded
    weight, total = None, float(len(codes))
    if sample_weight is not None or estimator.class_weight is not None:
        if sample_weight is not None:
            sample_weight = check_weights(sample_weight, values)
        by_class = None if balances_later(estimator, classes) else estimator.class_weight
        weight, in_class = weigh_classes(codes, classes, sample_weight, by_class)
        refuse_empty_classes(classes, in_class, len(classes) == 2 or estimator.multi_class == "ovr")
        total = float(in_class.sum())
    if offset is not None:
        offset = _check_offset(offset, len(codes), len(classes))
    return Problem(values, codes, labels, classes, weight, total, names, offset)


def balances_later(estimator, classes):
    """Whether "balanced" is meant for each class against the rest, not for the classes."""
    return estimator._one_vs_rest(classes) and isinstance(estimator.class_weight, str)


def is_soft(y):
    """Whether y has columns: probabilities of the classes in the place of labels."""
    shape = y.shape if hasattr(y, "shape") else np.asarray(y).shape
    return len(shape) == 2 and shape[1] >= 2


def _open_soft_problem(estimator, X, y, sample_weight, offset):
    """As `open_problem`, for a y of two columns or more."""
    if estimator.class_weight is not None:
        raise ValueError(
            f"class_weight={estimator.class_weight!r} needs labels, but the columns of y are "
            "probabilities; use sample_weight instead."
        )
    scratch = copy.copy(estimator)
    X = validate_data(scratch, X, accept_sparse=_SPARSE, dtype=_FLOATS, ensure_all_finite=False)
    y = check_array(y, dtype=np.float64, order="C", input_name="y", estimator=estimator)
    check_consistent_length(X, y)
    odd = ((y < 0) | (y > 1)).any(axis=1) | (np.abs(y.sum(axis=1) - 1.0) > 1e-6)
    if odd.any():
        row = int(odd.argmax())
        raise ValueError(
            f"y[{row}] is {y[row].tolist()}, but a y with a column for each class holds "
            "probabilities, within [0, 1] and with rows that sum to 1 (to 1e-6). Labels need a y "
            "of one dimension."
        )
    n, K = y.shape
    classes, weight, total, in_class = np.arange(K), None, float(n), y.sum(axis=0)
    if sample_weight is not None:
        weight = check_weights(sample_weight, X)
        total, in_class = float(weight.sum(dtype=float)), weight @ y
    refuse_empty_classes(classes, in_class, K == 2 or estimator.multi_class == "ovr")
    names = scratch.__dict__.get("feature_names_in_")
    targets = y[:, 1].copy() if K == 2 else y
    return Problem(X, targets, y, classes, weight, total, names, _check_offset(offset, n, K))


def _check_offset(offset, n, n_classes):
    """A float64 array (n,), of more than two classes (n, n_classes), or None."""
    if offset is None or n_classes == 2:
        return check_rows(offset, n, "offset")
    offset = np.asarray(offset)
    if offset.shape != (n, n_classes):
        raise ValueError(
            f"offset must have shape ({n}, {n_classes}), one number a row and class, got "
            f"{offset.shape}"
        )
    return check_rows(offset.reshape(-1), offset.size, "offset").reshape(n, n_classes)


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


def open_scoring(estimator, X):
    """X checked against what the estimator was fitted on, its coefficients, its intercept.

    (p,) and a float for two classes, (K, p) and (K,) for more. Of plain arrays the values are not
    looked at; see `check_finite`.
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
        intercept = fitted["intercept_"]
        if len(coef) == 1:
            return values, coef[0], float(intercept[0])
        return values, coef, intercept
    check_is_fitted(estimator)
    X = validate_data(estimator, X, reset=False, accept_sparse=_SPARSE)
    coef = estimator.coef_
    if hasattr(coef, "toarray"):  # after sparsify()
        coef = coef.toarray()
    coef, intercept = np.atleast_2d(coef), np.ravel(estimator.intercept_)
    return X, *((coef[0], float(intercept[0])) if len(coef) == 1 else (coef, intercept))


def _same_names(names, fitted):
    if names is None or fitted is None:
        return names is fitted
    return names.tolist() == fitted.tolist()


def check_finite(estimator, X):
    """Raise scikit-learn's error if X holds a NaN or an infinity."""
    check_array(X, accept_sparse=_SPARSE, dtype=_FLOATS, input_name="X", estimator=estimator)
