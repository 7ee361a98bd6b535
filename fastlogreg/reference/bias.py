"""Firth's penalised likelihood, and the leverages that its score is made of."""

import numpy as np

from fastlogreg.reference.loss import (
    _residual_curvature,
    _split,
    _with_ones,
    binary_cross_entropy,
    decision_function,
    sigmoid,
)


def leverages(X, coef, intercept=None, *, sample_weight=None, offset=None):
    """Leverages h_i = w_i x_i' (sum_k w_k x_k x_k')^{-1} x_i, shape (n,), by a QR factorisation.

    w_i is the weight times ``pi_i (1 - pi_i)``; with an intercept x_i has a last entry 1.  They are
    the diagonal of the projection on the columns of ``diag(sqrt(w)) X``, so that each is in [0, 1]
    and their sum is the number of independent columns.

    Parameters
    ----------
    X, coef, intercept, sample_weight, offset
        As in `loss_gradient`.

    Returns
    -------
    ndarray of shape (n,)
        Leverages, float64.

    References
    ----------
    Pregibon, "Logistic regression diagnostics", Ann. Statist. 9 (1981).

    Examples
    --------
    >>> import numpy as np
    >>> from fastlogreg import reference
    >>> h = reference.leverages(np.array([[0.0], [1.0], [2.0]]), [0.0], 0.0)
    >>> print(h.round(3), round(h.sum(), 9))
    [0.833 0.333 0.833] 2.0
    """
    root, _ = _weighted_root(X, coef, intercept, sample_weight, offset)
    return (_column_space(root) ** 2).sum(axis=1)


def _weighted_root(X, coef, intercept, sample_weight, offset):
    """diag(sqrt(w)) [X, 1], and the scores."""
    design = _with_ones(X, intercept is not None)
    s = np.ones(len(design)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
    z = decision_function(X, coef, intercept, offset=offset)
    _, curvature = _residual_curvature(np.zeros(len(z)), z)
    return np.sqrt(s * curvature)[:, None] * design, z


def _column_space(root):
    """An orthonormal basis of the columns, each scaled to size 1 first."""
    size = np.sqrt((root * root).sum(axis=0))
    u, singular, _ = np.linalg.svd(root / np.where(size > 0, size, 1.0), full_matrices=False)
    return u[:, singular > singular[0] * max(root.shape) * np.finfo(float).eps]


def firth(
    X, y, *, power=0.5, fit_intercept=True, sample_weight=None, offset=None, max_iter=1000,
    tol=1e-12,
):  # fmt: skip
    """The maximum of a likelihood with Jeffreys' penalty; (coef, intercept, values of l*).

    With weights as numbers of equal rows the penalised log-likelihood is

        l*(theta) = sum_i s_i [y_i log pi_i + (1 - y_i) log(1 - pi_i)] + power log det I(theta),
        I(theta)  = sum_i w_i x_i x_i',    w_i = s_i pi_i (1 - pi_i),

    and its gradient the modified score

        sum_i [s_i (y_i - pi_i) + power h_i (1 - 2 pi_i)] x_i,    h_i the leverages.

    power = 1/2 removes the first-order bias of maximum likelihood, and the maximum is finite for
    separated data too.  Scoring steps ``I^{-1} score`` are halved until l* grows; it ends where a
    step is at most ``tol`` standard errors long.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n, p)
        The data.
    y : array-like of shape (n,)
        Targets in [0, 1].
    power : float, default=0.5
        Power of Jeffreys' prior, >= 0.
    fit_intercept : bool, default=True
        Whether to fit an intercept.
    sample_weight, offset : array-like of shape (n,), default=None
        Weights >= 0; what is added to the scores.
    max_iter, tol : int, float, default=1000, 1e-12
        Most steps; when to stop.

    Returns
    -------
    coef : ndarray of shape (p,)
    intercept : float or None
    values : list of float
        l* at each point.

    References
    ----------
    Firth, "Bias reduction of maximum likelihood estimates", Biometrika 80 (1993). Heinze &
    Schemper, "A solution to the problem of separation in logistic regression", Stat. Med. 21
    (2002). Kosmidis & Firth, "Jeffreys-prior penalty, finiteness and shrinkage in binomial-response
    generalized linear models", Biometrika 108 (2021).

    Examples
    --------
    >>> import numpy as np
    >>> from fastlogreg import reference
    >>> X, y = np.array([[0.0], [0.0], [0.0], [1.0], [1.0], [1.0]]), [0, 0, 0, 1, 1, 1]
    >>> coef, intercept, _ = reference.firth(X, y)
    >>> print(coef.round(3), round(intercept, 3))
    [3.892] -1.946
    """
    design = _with_ones(X, fit_intercept)
    y = np.asarray(y, dtype=float)
    s = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
    given = {"sample_weight": sample_weight, "offset": offset}

    def value(theta):
        root, z = _weighted_root(X, *_split(theta, fit_intercept), **given)
        triangle, size = _scaled_triangle(root)
        with np.errstate(divide="ignore"):
            log_det = 2.0 * np.log(np.abs(triangle.diagonal()) * size).sum()
        return -s @ binary_cross_entropy(y, z) + power * log_det

    theta, values = np.zeros(design.shape[1]), []
    for _ in range(max_iter):
        values.append(value(theta))
        root, z = _weighted_root(X, *_split(theta, fit_intercept), **given)
        residual, _ = _residual_curvature(y, z)
        h = leverages(X, *_split(theta, fit_intercept), **given)
        score = design.T @ (power * h * (1.0 - 2.0 * sigmoid(z)) - s * residual)
        triangle, size = _scaled_triangle(root)
        step = np.linalg.solve(triangle, np.linalg.solve(triangle.T, score / size)) / size
        if score @ step <= tol**2:
            break
        length = 1.0
        while value(theta + length * step) < values[-1] - 1e-14 * abs(values[-1]):
            length *= 0.5
            if length < 1e-10:
                return *_split(theta, fit_intercept), values
        theta = theta + length * step
    return *_split(theta, fit_intercept), values


def _scaled_triangle(root):
    """(R, size) with root = Q R diag(size), columns of R of length 1."""
    size = np.sqrt((root * root).sum(axis=0))
    return np.linalg.qr(root / size, mode="r"), size
