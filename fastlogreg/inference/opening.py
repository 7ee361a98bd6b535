"""What an inference is handed, turned into a likelihood, names and a start, or an error."""

from typing import NamedTuple

import numpy as np

from fastlogreg import core, design, parallel
from fastlogreg import validation as valid
from fastlogreg._kernels.core import Problem
from fastlogreg.inference.covariance import KINDS
from fastlogreg.inference.likelihood import Likelihood

LARGEST = 30_000  # parameters whose information is still formed: 7 GB
WEIGHTS = ("frequency", "sampling")


class Opened(NamedTuple):
    """A checked problem.

    classes : labels, in the order of their codes
    order : codes of the classes, the reference first: the likelihood's order
    names : of the columns and the intercept
    columns : names that the columns of X came with, or None
    start : parameters (m q,) to begin at
    groups : codes of the clusters, or None
    """

    likelihood: Likelihood
    classes: np.ndarray
    order: np.ndarray
    names: tuple
    columns: list | None
    start: np.ndarray
    groups: np.ndarray | None


def open_problem(
    X, y, coef, intercept, fit_intercept, sample_weight, offset, groups, reference, classes,
    feature_names, n_threads,
):  # fmt: skip
    """The `Opened` problem of the arguments of `Inference`."""
    columns = frame_names(X)
    feature_names = columns if feature_names is None else feature_names
    columns = feature_names if columns is None else columns
    X = X if design.is_sparse(X) else np.asarray(X)
    fit_intercept, n_threads = bool(fit_intercept), parallel.resolve(n_threads)
    matrix, y, K, weight, offset = _checked(  # noqa: N806
        X, y, classes, sample_weight, offset, fit_intercept
    )
    n, p = matrix.shape
    if not p:
        raise ValueError(
            f"X has no columns (shape {matrix.shape}); an inference needs one at least"
        )
    size = (K - 1) * (p + fit_intercept)
    if size > LARGEST:
        raise ValueError(
            f"X has {p} columns, which gives {size} parameters, and the covariance of more than "
            f"{LARGEST} is not formed; choose columns first, for example by an L1 penalty"
        )
    targets, classes = _check_classes(y, K, classes, weight)
    order = _order(classes, reference)
    groups = check_groups(groups, n)
    names = _check_names(feature_names, p, fit_intercept)
    theta = _check_start(coef, intercept, p, K, fit_intercept)
    squares = np.empty(p + 1)
    Problem(matrix, None, None, None, True).collect(np.ones(n), squares, True, n_threads)
    if not np.isfinite(squares).all():
        valid.refuse_values(X)
    if theta is None and K == 2:
        result = core.fit(
            X, y, sample_weight=weight, offset=offset, fit_intercept=fit_intercept,
            n_threads=n_threads,
        )  # fmt: skip
        theta = _check_start(result.coef, result.intercept, p, K, fit_intercept)
    elif theta is None:  # Newton's method from zero: its Hessians are needed anyway
        theta = np.zeros((K, p + fit_intercept))
    start = _differences(theta, order)
    if K > 2:
        targets = np.ascontiguousarray(targets[:, order])
        offset = None if offset is None else offset[:, order]
    elif order[0] == 1:
        targets = 1 - targets
        offset = None if offset is None else -offset
    likelihood = Likelihood(X, targets, weight, offset, fit_intercept, n_threads)
    return Opened(likelihood, classes, order, names, columns, start, groups)


def _checked(X, y, classes, sample_weight, offset, fit_intercept):
    """(Matrix, targets, number of classes, weights, offset), by the checks of fits."""
    y = np.asarray(y)
    if y.ndim == 2:
        K = y.shape[1]  # noqa: N806
    elif classes is not None:
        K = len(classes)  # noqa: N806
    else:
        several = y.ndim == 1 and y.dtype.kind in "iu" and y.size > 0 and y.max() > 1
        K = int(y.max()) + 1 if several else 2  # noqa: N806
    shares = y.ndim == 2 and K == 2
    if K > 2 or shares:
        given = (sample_weight, None if shares else offset, fit_intercept)
        matrix, y, K, weight, checked = valid.check_class_problem(X, y, K, *given)  # noqa: N806
        if not shares:
            return matrix, y, K, weight, checked
        y = np.ascontiguousarray(y[:, 1])
    matrix, y, weight, offset = valid.check_problem(X, y, sample_weight, offset, fit_intercept)
    return matrix, y, 2, weight, offset


def _check_classes(y, K, classes, weight):  # noqa: N803
    """Targets, (n,) of two classes and (n, K) of more, and the labels."""
    targets = y
    if K > 2 and y.ndim == 1:
        targets = np.zeros((len(y), K))
        targets[np.arange(len(y)), y] = 1.0
    classes = np.arange(K) if classes is None else np.asarray(classes)
    if classes.shape != (K,):
        raise ValueError(f"classes must hold {K} labels, got {list(map(valid.plain, classes))}")
    _refuse_absent(targets, classes, weight)
    return targets, classes


def _refuse_absent(targets, classes, weight):
    mean = np.average(targets, axis=0, weights=weight)
    share = np.array([1.0 - mean, mean]) if targets.ndim == 1 else mean
    if not (share > 0.0).all():
        label = valid.plain(classes[np.argmin(share)])
        raise ValueError(
            f"no row with a weight is of class {label!r}; a class that never occurs has nothing to "
            "estimate"
        )


def _order(classes, reference):
    """Codes of the classes, the reference first."""
    first = 0
    if reference is not None:
        found = np.flatnonzero(classes == reference)
        if len(found) != 1:
            raise ValueError(
                f"reference {reference!r} is not one of the classes "
                f"{list(map(valid.plain, classes))}"
            )
        first = int(found[0])
    return np.array([first, *(k for k in range(len(classes)) if k != first)])


def check_covariance(covariance, weights, groups):
    """The kind of covariance, its default filled in."""
    if weights not in WEIGHTS:
        raise ValueError(f"weights must be one of {WEIGHTS}, got {weights!r}")
    if covariance is None:
        covariance = "nonrobust" if weights == "frequency" else "HC0"
    if covariance not in KINDS:
        raise ValueError(f"covariance must be one of {KINDS}, got {covariance!r}")
    if covariance == "nonrobust" and weights == "sampling":
        raise ValueError(
            "under sampling weights the inverse information is not the covariance of the "
            "estimates; use covariance='HC0' or another robust one"
        )
    if (covariance == "cluster") != (groups is not None):
        raise ValueError(
            "covariance='cluster' and groups, the cluster of each row, go together; got "
            f"covariance={covariance!r} {'with' if groups is not None else 'without'} groups"
        )
    return covariance


def check_groups(groups, n):
    """Codes of the clusters, or None."""
    if groups is None:
        return None
    groups = np.asarray(groups)
    if groups.shape != (n,):
        raise ValueError(f"groups must have shape ({n},), one cluster a row, got {groups.shape}")
    labels, codes = np.unique(groups, return_inverse=True)
    if len(labels) < 2:
        raise ValueError("groups holds one cluster; a clustered covariance needs two at least")
    return codes


def frame_names(X):
    """The names of a data frame's columns, if all are strings."""
    names = list(getattr(X, "columns", [None]))
    return names if all(isinstance(name, str) for name in names) else None


def refuse_other_columns(X, columns):
    """ValueError for a data frame whose columns are not those of the fit, in their order."""
    names = frame_names(X)
    if names is not None and columns is not None and names != list(map(str, columns)):
        raise ValueError(
            f"X has the columns {names}, the fit had {list(map(str, columns))}: give the same "
            "ones in the same order"
        )


def _check_names(feature_names, p, fit_intercept):
    names = [f"x{j}" for j in range(p)] if feature_names is None else list(map(str, feature_names))
    if len(names) != p:
        raise ValueError(f"feature_names must hold {p} names, got {len(names)}")
    names = (*names, "intercept") if fit_intercept else tuple(names)
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(
            f"feature_names holds {twice!r} twice"
            + (" ('intercept' is the intercept's own)" if twice == "intercept" else "")
        )
    return names


def _check_start(coef, intercept, p, K, fit_intercept):  # noqa: N803
    """Parameters (K, q) of a given fit, or None."""
    if coef is None:
        return None
    shape = (p,) if K == 2 else (K, p)
    coef = np.asarray(coef, dtype=float)
    if coef.shape != shape or not np.isfinite(coef).all():
        raise ValueError(f"coef must have shape {shape} and be finite, got shape {coef.shape}")
    parts = [coef.reshape(-1, p)]
    if fit_intercept:
        intercept = np.asarray(0.0 if intercept is None else intercept, dtype=float).reshape(-1)
        if len(intercept) not in (1, len(parts[0])) or not np.isfinite(intercept).all():
            raise ValueError(f"intercept must be {len(parts[0])} finite numbers, got {intercept}")
        parts.append(np.broadcast_to(intercept, len(parts[0]))[:, None])
    theta = np.column_stack(parts)
    return np.vstack([np.zeros_like(theta), theta]) if K == 2 else theta


def _differences(theta, order):
    """Parameters (m q,) of the classes but the reference, of a fit's (K, q)."""
    return (theta[order] - theta[order[0]])[1:].reshape(-1)


def parameters(coef, intercept, likelihood, order):
    """Parameters (m q,) of a fit."""
    theta = _check_start(
        coef, intercept, likelihood.p, likelihood.n_classes, likelihood.fit_intercept
    )
    return _differences(theta, order)
