"""The labels of a classification: their codes, and what class weights make of them."""

import math

import numpy as np
from sklearn.utils import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight

_FLOATS = (np.dtype(np.float64), np.dtype(np.float32))


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


def encode_labels(y):
    """Sorted classes and their int32 codes of a 1-d array of labels, in linear passes.

    None if they are fewer than three, or need a closer look: missing values, fractions, objects
    other than strings, or so many classes that y may be no labels at all.
    """
    if y.dtype.kind in "iuf" and len(y):
        encoded = _encode_numbers(y)
    elif y.dtype.kind in "UO" and len(y):
        encoded = _encode_texts(y)
    else:
        return None
    if encoded is None or not 3 <= len(encoded[0]) <= len(y) // 2:
        return None
    return encoded


def _encode_numbers(y):
    """As `encode_labels`, for whole numbers that lie near each other."""
    low, high = y.min(), y.max()
    if not float(high) - float(low) <= max(8 * len(y), 1024):  # nan, too
        return None
    if y.dtype.kind == "i":
        places = y.astype(np.intp, copy=False) - int(low)
    else:
        above = y - low
        places = above.astype(np.intp)
        if y.dtype.kind == "f" and not (low.is_integer() and np.array_equal(places, above)):
            return None
    taken = np.zeros(int(places.max()) + 1, dtype=bool)
    taken[places] = True
    classes = np.flatnonzero(taken).astype(y.dtype) + low
    return classes, (np.cumsum(taken) - 1).astype(np.int32)[places]


def _encode_texts(y):
    """As `encode_labels`, for strings."""
    values = y.tolist()
    distinct = set(values)
    if not all(type(label) is str for label in distinct):
        return None
    classes = sorted(distinct)
    code = dict(zip(classes, range(len(classes)), strict=True))
    codes = np.fromiter(map(code.__getitem__, values), dtype=np.int32, count=len(values))
    return np.array(classes, dtype=y.dtype), codes


def encode_any_labels(y):
    """As `encode_labels`, for labels of any kind; raises if they are not of two classes or more."""
    check_classification_targets(y)
    classes, codes = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            "This solver needs samples of at least 2 classes in the data, but the data contains "
            f"only one class: {classes[0]!r}"
        )
    return classes, codes.astype(np.uint8 if len(classes) == 2 else np.int32)


def weigh_classes(codes, classes, sample_weight, class_weight):
    """Weights of the rows times those of their classes, and the sum of them in each class.

    ``sample_weight`` (n,) is checked, or None.
    """
    two = len(classes) == 2  # the commonest case has faster passes
    if sample_weight is None and two:
        n_positive = np.count_nonzero(codes)
        in_class = np.array([len(codes) - n_positive, n_positive], dtype=float)
    else:
        in_class = _weight_in_class(codes, sample_weight, len(classes))
    if class_weight is not None:
        factor = _class_factors(classes, in_class, class_weight)
        of_row = np.where(codes.view(bool), factor[1], factor[0]) if two else factor[codes]
        if sample_weight is not None:
            np.multiply(of_row, sample_weight, out=of_row)
        sample_weight = of_row
        in_class = in_class * factor
    if not in_class.any():
        raise ValueError(f"class_weight leaves no class with a weight, got {class_weight!r}.")
    return sample_weight, in_class


def refuse_empty_classes(classes, in_class, every):
    """ValueError if fewer than two classes, or where ``every`` one is needed any, lack weight."""
    present = np.count_nonzero(in_class)
    if present == len(classes) or (present > 1 and not every):
        return
    if present == 1:
        raise ValueError(
            "This solver needs samples of at least 2 classes in the data, but the rows with a "
            f"weight above zero contain only one class: {classes[in_class > 0][0]!r}"
        )
    raise ValueError(
        f"No row of the class {classes[in_class == 0][0]!r} has a weight above zero; leave out the "
        "rows of that class, or give them a weight."
    )


def _weight_in_class(codes, sample_weight, n_classes):
    """Sums of the weights of all classes; without weights, their numbers of rows."""
    if n_classes > 2:
        return np.bincount(codes, sample_weight, n_classes).astype(float)
    in_class = np.zeros(2)
    for begin in range(0, len(codes), 32768):  # blocks that stay in cache
        weight = sample_weight[begin : begin + 32768].astype(float, copy=False)
        positive = codes[begin : begin + 32768]
        in_class += weight.dot(1 - positive), weight.dot(positive)
    return in_class


def _class_factors(classes, in_class, class_weight):
    """The weights of the classes, as scikit-learn defines them."""
    labels = classes.tolist()
    if isinstance(class_weight, str):  # "balanced"
        if in_class.all():
            return in_class.sum() / (len(labels) * in_class)
        present = in_class > 0
        share = np.count_nonzero(present) * in_class
        return np.divide(in_class.sum(), share, out=np.zeros_like(in_class), where=present)
    if class_weight.keys() <= set(labels):
        factor = np.array([class_weight.get(label, 1.0) for label in labels], dtype=float)
    else:  # labels that are not in y: scikit-learn's error
        factor = compute_class_weight(class_weight, classes=classes, y=classes)
    if not (factor >= 0).all():
        raise ValueError(f"class_weight must not be negative, got {class_weight!r}.")
    return factor


def check_weights(sample_weight, X):
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
