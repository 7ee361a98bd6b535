"""Plain solvers: gradient descent, Newton's method, and that for absolute values and bounds."""

import numpy as np

from fastlogreg.reference.loss import _split, _with_ones, loss_gradient, loss_gradient_hessian
from fastlogreg.reference.penalised import coordinate_sweep, penalty


def gradient_descent(
    X, y, *, alpha=0.0, fit_intercept=True, sample_weight=None, offset=None,
    learning_rate=None, max_iter=1000, tol=1e-6,
):  # fmt: skip
    """Plain gradient descent from zero; returns (coef, intercept, losses after each step).

    The default learning rate is 1 / L with ``L = ||design||_2^2 max(s) / 4 + alpha``, a bound on
    the Hessian's largest eigenvalue, for which the loss never rises.  Stops at
    ``max |gradient| <= tol``.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n, p)
        The data.
    y : array-like of shape (n,)
        Targets in [0, 1].
    alpha : float, default=0.0
        Ridge penalty alpha/2 ||coef||^2.
    fit_intercept : bool, default=True
        Whether to fit an intercept.
    sample_weight, offset : array-like of shape (n,), default=None
        Weights >= 0; what is added to the scores.
    learning_rate : float, default=None
        Length of a step for a gradient of 1; None for 1 / L.
    max_iter, tol : int, float, default=1000, 1e-6
        Most steps; when to stop.

    Returns
    -------
    coef : ndarray of shape (p,)
    intercept : float or None
    losses : list of float
        The objective at each point.

    References
    ----------
    Nocedal & Wright, "Numerical Optimization" (2006), sec. 3.1-3.3.

    Examples
    --------
    >>> import numpy as np
    >>> from fastlogreg import reference
    >>> X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), [0, 1, 0, 1]
    >>> coef, intercept, losses = reference.gradient_descent(X, y, alpha=0.1)
    >>> print(coef.round(3), round(intercept, 3), losses == sorted(losses, reverse=True))
    [0.637] -0.955 True
    """
    design = _with_ones(X, fit_intercept)
    s = np.ones(len(design)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
    if learning_rate is None:
        spectral = np.linalg.norm(np.sqrt(s / s.sum())[:, None] * design, 2)
        learning_rate = 1.0 / (spectral**2 / 4.0 + alpha)
    theta = np.zeros(design.shape[1])
    losses = []
    for _ in range(max_iter):
        coef, intercept = _split(theta, fit_intercept)
        loss, gradient = loss_gradient(
            X, y, coef, intercept, sample_weight=sample_weight, offset=offset, alpha=alpha
        )
        losses.append(loss)
        if np.max(np.abs(gradient)) <= tol:
            break
        theta = theta - learning_rate * gradient
    coef, intercept = _split(theta, fit_intercept)
    return coef, intercept, losses


def newton(
    X, y, *, alpha=0.0, fit_intercept=True, sample_weight=None, offset=None,
    max_iter=100, tol=1e-12,
):  # fmt: skip
    """Newton's method with step halving; returns (coef, intercept, losses after each step).

    Stops when the Newton decrement g'H^+ g / 2 is at most ``tol`` times the loss, or when no step
    lowers the loss.  A singular Hessian is met by its pseudo-inverse.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n, p)
        The data.
    y : array-like of shape (n,)
        Targets in [0, 1].
    alpha : float, default=0.0
        Ridge penalty alpha/2 ||coef||^2.
    fit_intercept : bool, default=True
        Whether to fit an intercept.
    sample_weight, offset : array-like of shape (n,), default=None
        Weights >= 0; what is added to the scores.
    max_iter, tol : int, float, default=100, 1e-12
        Most steps; when to stop.

    Returns
    -------
    coef : ndarray of shape (p,)
    intercept : float or None
    losses : list of float
        The objective at each point.

    References
    ----------
    Nocedal & Wright, "Numerical Optimization" (2006), algorithm 3.2.

    Examples
    --------
    >>> import numpy as np
    >>> from fastlogreg import reference
    >>> X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), [0, 1, 0, 1]
    >>> coef, intercept, losses = reference.newton(X, y, alpha=0.1)
    >>> print(coef.round(3), round(intercept, 3), len(losses))
    [0.637] -0.955 4
    """
    p = X.shape[1]
    theta = np.zeros(p + fit_intercept)
    losses = []
    for _ in range(max_iter):
        coef, intercept = _split(theta, fit_intercept)
        args = {"sample_weight": sample_weight, "offset": offset, "alpha": alpha}
        loss, gradient, hessian = loss_gradient_hessian(X, y, coef, intercept, **args)
        losses.append(loss)
        step = -np.linalg.pinv(hessian, hermitian=True) @ gradient
        if -0.5 * gradient @ step <= tol * loss:
            break
        size = 1.0
        while loss_gradient(X, y, *_split(theta + size * step, fit_intercept), **args)[0] > loss:
            size *= 0.5
            if size < 1e-10:
                return coef, intercept, losses
        theta = theta + size * step
    coef, intercept = _split(theta, fit_intercept)
    return coef, intercept, losses


def proximal_newton(
    X, y, *, l1=0.0, l2=0.0, lower=-np.inf, upper=np.inf, fit_intercept=True, sample_weight=None,
    offset=None, max_iter=100, tol=1e-14,
):  # fmt: skip
    """Newton's method for absolute values and bounds; (coef, intercept, objectives).

    Each step minimises the loss' quadratic model plus the exact penalty on the box by cycles of
    `coordinate_sweep`, and is halved until the objective falls.  Stops when the model promises less
    than ``tol`` times the objective, or when no step lowers it.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n, p)
        The data.
    y : array-like of shape (n,)
        Targets in [0, 1].
    l1, l2 : float or array-like of shape (p,), default=0.0
        Strengths of the absolute values and of the squares, >= 0.
    lower, upper : float or array-like of shape (p,), default=-inf, inf
        Bounds.
    fit_intercept : bool, default=True
        Whether to fit an intercept.
    sample_weight, offset : array-like of shape (n,), default=None
        Weights >= 0; what is added to the scores.
    max_iter, tol : int, float, default=100, 1e-14
        Most steps; when to stop.

    Returns
    -------
    coef : ndarray of shape (p,)
    intercept : float or None
    objectives : list of float
        Loss plus penalty at each point.

    References
    ----------
    Lee, Sun & Saunders, "Proximal Newton-type methods for minimizing composite functions", SIAM J.
    Optim. 24 (2014).

    Examples
    --------
    >>> import numpy as np
    >>> from fastlogreg import reference
    >>> X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), [0, 1, 0, 1]
    >>> coef, intercept, _ = reference.proximal_newton(X, y, l1=0.1)
    >>> print(coef.round(3), round(intercept, 3))
    [0.5] -0.75
    """
    p = X.shape[1]
    q = p + fit_intercept
    box = np.full((4, q), [[0.0], [0.0], [-np.inf], [np.inf]])
    box[:, :p] = [np.broadcast_to(value, p) for value in (l1, l2, lower, upper)]
    theta = np.clip(np.zeros(q), box[2], box[3])
    data = {"sample_weight": sample_weight, "offset": offset}

    def objective(theta):
        loss = loss_gradient(X, y, *_split(theta, fit_intercept), **data)[0]
        return loss + penalty(theta, box[0], box[1])

    objectives = []
    for _ in range(max_iter):
        loss, slope, hessian = loss_gradient_hessian(X, y, *_split(theta, fit_intercept), **data)
        f = loss + penalty(theta, box[0], box[1])
        objectives.append(f)
        w, gradient = theta, slope
        for _ in range(10_000):
            w, slope, largest = coordinate_sweep(hessian, w, slope, *box)
            if largest <= 1e-30 + 1e-4 * tol * f:
                break
        step = w - theta
        promised = -0.5 * step @ (gradient + slope)
        promised -= penalty(w, box[0], box[1]) - penalty(theta, box[0], box[1])
        if promised <= tol * f:
            break
        size = 1.0
        while objective(theta + size * step) > f:
            size *= 0.5
            if size < 1e-10:
                return *_split(theta, fit_intercept), objectives
        theta = theta + size * step
    return *_split(theta, fit_intercept), objectives
