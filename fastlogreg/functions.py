"""The public functions of scores and of data: the kernels, with their arguments checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fastlogreg import design, parallel
from fastlogreg import validation as valid
from fastlogreg._kernels import core as kernels
from fastlogreg.penalty import Penalty

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from fastlogreg.annotations import Array, MatrixLike

# ---------------------------------------------------------------------- elementwise kernels


def _elementwise(double, single, z, *args):
    """Applies a kernel to an array of any shape; float32 stays float32, scalars give scalars."""
    z = np.asarray(z)
    if z.dtype.char != "f":
        z = z.astype(np.float64, copy=False)
    flat = np.ascontiguousarray(z).reshape(-1)
    out = np.empty_like(flat)
    (single if z.dtype.char == "f" else double)(flat, *args, out)
    return out.reshape(z.shape)[()]


def sigmoid(z: ArrayLike) -> Array:
    """Probability 1 / (1 + exp(-z)) of scores, elementwise.

    Parameters
    ----------
    z : array-like of any shape
        Scores; +-inf give 1 and 0, nan stays nan.

    Returns
    -------
    ndarray of the same shape
        float32 for float32 input, else float64; within 4 ulp, denormal results included.

    References
    ----------
    McCullagh & Nelder, "Generalized Linear Models" (1989), sec. 4.3.

    Examples
    --------
    >>> import fastlogreg
    >>> fastlogreg.sigmoid([-2.0, 0.0, 2.0]).round(4)
    array([0.1192, 0.5   , 0.8808])
    """
    return _elementwise(kernels.sigmoid, kernels.sigmoid_f32, z)


def softplus(z: ArrayLike) -> Array:
    """log(1 + exp(z)), elementwise: the cross-entropy of target 0 at score z.

    Parameters
    ----------
    z : array-like of any shape
        Scores.

    Returns
    -------
    ndarray of the same shape
        float32 for float32 input, else float64; within 4 ulp over the whole range.

    References
    ----------
    Mächler, "Accurately computing ``log(1 - exp(-|a|))``" (2012).

    Examples
    --------
    >>> import fastlogreg
    >>> fastlogreg.softplus([-1000.0, 0.0, 1000.0]).tolist()
    [0.0, 0.6931471805599453, 1000.0]
    """
    return _elementwise(kernels.softplus, kernels.softplus_f32, z, 1.0)


def log_sigmoid(z: ArrayLike) -> Array:
    """log(sigmoid(z)), elementwise and without forming the probability.

    Parameters
    ----------
    z : array-like of any shape
        Scores.

    Returns
    -------
    ndarray of the same shape
        float32 for float32 input, else float64; within 4 ulp over the whole range.

    References
    ----------
    Mächler, "Accurately computing ``log(1 - exp(-|a|))``" (2012).

    Examples
    --------
    >>> import fastlogreg
    >>> fastlogreg.log_sigmoid([-1000.0, 0.0]).tolist()
    [-1000.0, -0.6931471805599453]
    """
    return _elementwise(kernels.softplus, kernels.softplus_f32, z, -1.0)


def binary_cross_entropy(y: ArrayLike, z: ArrayLike) -> Array:
    """Cross-entropy of targets y at scores z, elementwise.

    Parameters
    ----------
    y : array-like
        Targets in [0, 1], broadcast against z.
    z : array-like
        Scores.

    Returns
    -------
    ndarray, float64
        ``-(y log sigmoid(z) + (1 - y) log sigmoid(-z))``; never log(0), within 4 ulp.

    Raises
    ------
    ValueError
        A target lies outside [0, 1].

    References
    ----------
    Hastie, Tibshirani & Friedman, "The Elements of Statistical Learning" (2009), sec. 4.4.1.

    Examples
    --------
    >>> import fastlogreg
    >>> fastlogreg.binary_cross_entropy([1, 1, 0], [1000.0, -1000.0, 0.0]).tolist()
    [0.0, 1000.0, 0.6931471805599453]
    """
    y, z = np.broadcast_arrays(_targets(y), np.asarray(z, dtype=np.float64))
    out = np.empty(y.shape)
    kernels.cross_entropy(
        np.ascontiguousarray(y).reshape(-1), np.ascontiguousarray(z).reshape(-1), out.reshape(-1)
    )
    return out[()]


def _targets(y):
    y = np.asarray(y, dtype=np.float64)
    if not ((y >= 0.0) & (y <= 1.0)).all():
        raise ValueError("y must hold targets in [0, 1]")
    return y


def log_loss(y: ArrayLike, z: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
    """Weighted mean cross-entropy of scores z.

    Parameters
    ----------
    y : array-like of shape (n,)
        Targets in [0, 1].
    z : array-like of shape (n,)
        Scores, not probabilities.
    sample_weight : array-like of shape (n,), default=None
        Weights >= 0.

    Returns
    -------
    float
        ``sum(s * binary_cross_entropy(y, z)) / sum(s)``.

    Raises
    ------
    ValueError
        Shapes differ, a target lies outside [0, 1], or weights are negative or all zero.

    References
    ----------
    Good, "Rational decisions", J. R. Stat. Soc. B 14 (1952).

    Examples
    --------
    >>> import fastlogreg
    >>> round(fastlogreg.log_loss([0, 1], [0.0, 0.0]), 4)
    0.6931
    """
    z = np.ascontiguousarray(z, dtype=np.float64)
    if z.ndim != 1 or not len(z):
        raise ValueError(f"z must be one-dimensional and not empty, got shape {z.shape}")
    y = np.ascontiguousarray(_targets(y))
    if y.shape != z.shape:
        raise ValueError(f"y must have shape {z.shape} as z, got {y.shape}")
    weight = valid.check_weights(sample_weight, len(z))
    total = float(len(z)) if weight is None else float(weight.sum())
    return kernels.weighted_log_loss(y, z, weight) / total


# ---------------------------------------------------------------------- kernels over the data


def _problem(X, y, coef, intercept, sample_weight, offset, alpha, n_threads):
    """Objective, parameters: the shared door of the kernels that follow."""
    from fastlogreg.objective import Objective

    alpha = valid.check_number(alpha, "alpha", 0.0)
    matrix, y, weight, offset = valid.check_problem(X, y, sample_weight, offset, True)
    theta = valid.check_parameters(coef, intercept, matrix.shape[1])
    objective = Objective(
        X, matrix, y, weight, offset, intercept is not None, Penalty(l2=alpha),
        parallel.resolve(n_threads),
    )  # fmt: skip
    return objective, theta


def loss_gradient(
    X: MatrixLike, y: ArrayLike, coef: ArrayLike, intercept: float | None = None, *,
    sample_weight: ArrayLike | None = None, offset: ArrayLike | None = None, alpha: float = 0.0,
    n_threads: int | None = None,
) -> tuple[float, Array]:  # fmt: skip
    """Objective and gradient in one read of X.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n, p)
        The data.
    y : array-like of shape (n,)
        0/1, booleans, -1/+1, or probabilities.
    coef : array-like of shape (p,)
        Where to evaluate.
    intercept : float, default=None
        None: a model without intercept.
    sample_weight, offset : array-like of shape (n,), default=None
        Weights >= 0; what is added to the scores.
    alpha : float, default=0.0
        Ridge penalty alpha/2 ||coef||^2.
    n_threads : int, default=None
        Threads; the bits of the result do not depend on it.

    Returns
    -------
    loss : float
        Weighted mean loss plus penalty.
    gradient : ndarray of shape (p,), or (p + 1,) with the intercept's entry last
        float64.

    Raises
    ------
    ValueError
        An argument is of the wrong shape, sign or kind.

    References
    ----------
    Hastie, Tibshirani & Friedman, "The Elements of Statistical Learning" (2009), sec. 4.4.1.

    Examples
    --------
    >>> import fastlogreg
    >>> loss, gradient = fastlogreg.loss_gradient([[1.0], [2.0]], [0, 1], [0.0], 0.0)
    >>> round(loss, 4), gradient
    (0.6931, array([-0.25,  0.  ]))
    """
    objective, theta = _problem(X, y, coef, intercept, sample_weight, offset, alpha, n_threads)
    return objective.value_gradient(theta)


def loss_gradient_hessian(
    X: MatrixLike, y: ArrayLike, coef: ArrayLike, intercept: float | None = None, *,
    sample_weight: ArrayLike | None = None, offset: ArrayLike | None = None, alpha: float = 0.0,
    n_threads: int | None = None,
) -> tuple[float, Array, Array]:  # fmt: skip
    """Objective, gradient and Hessian in one read of X.

    Parameters
    ----------
    X, y, coef, intercept, sample_weight, offset, alpha, n_threads
        As in `loss_gradient`.

    Returns
    -------
    loss : float
        Weighted mean loss plus penalty.
    gradient : ndarray of shape (q,)
        q is p, or p + 1 with the intercept last.
    hessian : ndarray of shape (q, q)
        ``X' diag(s h) X / sum(s) + alpha I``, the intercept's diagonal without alpha.

    Raises
    ------
    ValueError
        An argument is of the wrong shape, sign or kind.

    References
    ----------
    Hastie, Tibshirani & Friedman, "The Elements of Statistical Learning" (2009), sec. 4.4.1.

    Examples
    --------
    >>> import fastlogreg
    >>> fastlogreg.loss_gradient_hessian([[1.0], [2.0]], [0, 1], [0.0])[2]
    array([[0.625]])
    """
    objective, theta = _problem(
        design.by_row(X), y, coef, intercept, sample_weight, offset, alpha, n_threads
    )
    return objective.value_gradient_hessian(theta)


def hessian_vector_product(
    X: MatrixLike, y: ArrayLike, coef: ArrayLike, intercept: float | None, vector: ArrayLike, *,
    sample_weight: ArrayLike | None = None, offset: ArrayLike | None = None, alpha: float = 0.0,
    n_threads: int | None = None,
) -> Array:  # fmt: skip
    """Hessian at (coef, intercept) times a vector, without forming the Hessian.

    Parameters
    ----------
    X, y, coef, intercept, sample_weight, offset, alpha, n_threads
        As in `loss_gradient`.
    vector : array-like of shape (q,)
        q is p, or p + 1 with the intercept last.

    Returns
    -------
    ndarray of shape (q,)
        float64.

    Raises
    ------
    ValueError
        An argument is of the wrong shape, sign or kind.

    References
    ----------
    Nocedal & Wright, "Numerical Optimization" (2006), sec. 7.1.

    Examples
    --------
    >>> import fastlogreg
    >>> fastlogreg.hessian_vector_product([[1.0], [2.0]], [0, 1], [0.0], None, [2.0])
    array([1.25])
    """
    objective, theta = _problem(X, y, coef, intercept, sample_weight, offset, alpha, n_threads)
    vector = valid.check_vector(vector, objective.q, "vector")
    curvature = np.empty(objective.n)
    objective.value_gradient(theta, curvature=curvature)
    return objective.curved_product(curvature, vector)


def _predict(X, coef, intercept, offset, n_threads, columns):
    if np.ndim(coef) == 2:
        return _predict_classes(X, coef, intercept, offset, n_threads, columns == 2)
    matrix = design.as_matrix(X)
    n, p = matrix.shape
    theta = valid.check_parameters(coef, 0.0 if intercept is None else intercept, p)
    offset = valid.check_rows(offset, n, "offset")
    dtype = np.float32 if getattr(X, "dtype", None) == np.float32 else np.float64
    out = np.empty((n, 2) if columns == 2 else n, dtype=dtype)
    kernels.Problem(matrix, None, None, offset, True).predict(
        theta, out, parallel.resolve(n_threads)
    )
    return out


def _predict_classes(X, coef, intercept, offset, n_threads, proba):
    X = design.by_row(X)
    matrix = design.as_matrix(X)
    n, p = matrix.shape
    n_classes = len(coef)
    theta = valid.check_class_start(
        (coef, 0.0 if intercept is None else intercept), True, n_classes, p
    )
    offset = valid.check_class_offset(offset, n, n_classes)
    dtype = np.float32 if getattr(X, "dtype", None) == np.float32 else np.float64
    out = np.empty((n, n_classes), dtype=dtype)
    kernel = kernels.Softmax(matrix, n_classes, None, None, offset, True)
    kernel.predict(np.ascontiguousarray(theta), out, proba, parallel.resolve(n_threads))
    return out


def decision_function(
    X: MatrixLike, coef: ArrayLike, intercept: ArrayLike | None = 0.0, *,
    offset: ArrayLike | None = None, n_threads: int | None = None,
) -> Array:  # fmt: skip
    """Scores ``X @ coef + intercept + offset``.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n, p)
        The data.
    coef : array-like of shape (p,), or (K, p) for many classes
        Coefficients.
    intercept : float, or array-like of shape (K,), default=0.0
        Intercept.
    offset : array-like of shape (n,), or (n, K) for many classes, default=None
        Added to the scores.
    n_threads : int, default=None
        Threads.

    Returns
    -------
    ndarray of shape (n,), or (n, K) for many classes
        float32 for float32 X, else float64.

    Raises
    ------
    ValueError
        Shapes do not fit.

    References
    ----------
    McCullagh & Nelder, "Generalized Linear Models" (1989), sec. 2.2.

    Examples
    --------
    >>> import fastlogreg
    >>> fastlogreg.decision_function([[1.0], [2.0]], [3.0], 1.0)
    array([4., 7.])
    """
    return _predict(X, coef, intercept, offset, n_threads, 1)


def predict_proba(
    X: MatrixLike, coef: ArrayLike, intercept: ArrayLike | None = 0.0, *,
    offset: ArrayLike | None = None, n_threads: int | None = None,
) -> Array:  # fmt: skip
    """Probabilities of target 0 and 1, or of many classes, in one read of X.

    Each is right to full relative accuracy, however small.

    Parameters
    ----------
    X, coef, intercept, offset, n_threads
        As in `decision_function`.

    Returns
    -------
    ndarray of shape (n, 2), or (n, K) for many classes
        float32 for float32 X, else float64.

    Raises
    ------
    ValueError
        Shapes do not fit.

    References
    ----------
    Hastie, Tibshirani & Friedman, "The Elements of Statistical Learning" (2009), sec. 4.4.

    Examples
    --------
    >>> import fastlogreg
    >>> fastlogreg.predict_proba([[0.0], [2.0]], [1.0]).round(4)
    array([[0.5   , 0.5   ],
           [0.1192, 0.8808]])
    """
    return _predict(X, coef, intercept, offset, n_threads, 2)
