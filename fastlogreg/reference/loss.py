"""The loss of two classes, its derivatives, and the functions of scores that they are made of."""

import numpy as np


def sigmoid(z):
    """1 / (1 + exp(-z)), elementwise.

    Parameters
    ----------
    z : array-like of any shape
        Scores.

    Returns
    -------
    ndarray of the same shape
        Probabilities, float64.

    References
    ----------
    McCullagh & Nelder, "Generalized Linear Models" (1989), sec. 4.3.

    Examples
    --------
    >>> from fastlogreg import reference
    >>> reference.sigmoid([-2.0, 0.0, 2.0]).round(4)
    array([0.1192, 0.5   , 0.8808])
    """
    z = np.asarray(z, dtype=float)
    e = np.exp(-np.abs(z))
    return np.where(z > 0, 1.0, e) / (1.0 + e)


def softplus(z):
    """log(1 + exp(z)), elementwise: the cross-entropy of target 0.

    Parameters
    ----------
    z : array-like of any shape
        Scores.

    Returns
    -------
    ndarray of the same shape
        float64; no overflow, and no digit lost where exp(z) is small.

    References
    ----------
    Mächler, "Accurately computing ``log(1 - exp(-|a|))``" (2012).

    Examples
    --------
    >>> from fastlogreg import reference
    >>> reference.softplus([-1000.0, 0.0, 1000.0]).round(4)
    array([0.000e+00, 6.931e-01, 1.000e+03])
    """
    z = np.asarray(z, dtype=float)
    return np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z)))


def log_sigmoid(z):
    """log(sigmoid(z)) = -softplus(-z), elementwise.

    Parameters
    ----------
    z : array-like of any shape
        Scores.

    Returns
    -------
    ndarray of the same shape
        float64.

    References
    ----------
    Mächler, "Accurately computing ``log(1 - exp(-|a|))``" (2012).

    Examples
    --------
    >>> from fastlogreg import reference
    >>> reference.log_sigmoid([-1000.0, 0.0]).round(4)
    array([-1.000e+03, -6.931e-01])
    """
    return -softplus(-np.asarray(z, dtype=float))


def binary_cross_entropy(y, z):
    """-[y log sigmoid(z) + (1 - y) log sigmoid(-z)], elementwise, for targets y in [0, 1].

    Written as ``log1p(exp(-|z|)) + c |z|`` where c is the target's weight on the wrong side of z,
    so that a certain and right answer (c = 0) costs ``exp(-|z|)`` and never 0 * inf.

    Parameters
    ----------
    y : array-like
        Targets in [0, 1], broadcast against z.
    z : array-like
        Scores.

    Returns
    -------
    ndarray
        float64, of the broadcast shape.

    References
    ----------
    Hastie, Tibshirani & Friedman, "The Elements of Statistical Learning" (2009), sec. 4.4.1.

    Examples
    --------
    >>> from fastlogreg import reference
    >>> reference.binary_cross_entropy([1, 1, 0], [1000.0, -1000.0, 0.0]).tolist()
    [0.0, 1000.0, 0.6931471805599453]
    """
    y, z = np.broadcast_arrays(np.asarray(y, dtype=float), np.asarray(z, dtype=float))
    wrong = np.where(z > 0, 1.0 - y, y)
    with np.errstate(invalid="ignore"):
        linear = np.where(wrong == 0, 0.0, wrong * np.abs(z))
    return np.log1p(np.exp(-np.abs(z))) + np.where(np.isnan(z), np.nan, linear)


def log_loss(y, z, sample_weight=None):
    """Weighted mean of the binary cross-entropy of scores z.

    Parameters
    ----------
    y, z : array-like of shape (n,)
        Targets in [0, 1]; scores.
    sample_weight : array-like of shape (n,), default=None
        Weights >= 0; None for 1 each.

    Returns
    -------
    float
        ``sum(s * binary_cross_entropy(y, z)) / sum(s)``.

    References
    ----------
    Hastie, Tibshirani & Friedman, "The Elements of Statistical Learning" (2009), sec. 4.4.1.

    Examples
    --------
    >>> from fastlogreg import reference
    >>> round(reference.log_loss([0, 1], [0.0, 0.0]), 4)
    0.6931
    """
    return float(np.average(binary_cross_entropy(y, z), weights=sample_weight))


def _residual_curvature(y, z):
    """dloss/dz = sigmoid(z) - y and d2loss/dz2, without cancellation at confident right answers."""
    e = np.exp(-np.abs(z))
    q = 1.0 / (1.0 + e)
    wrong = np.where(z > 0, 1.0 - y, y)
    return np.where(z > 0, 1.0, -1.0) * (wrong - e * q), e * q * q


def decision_function(X, coef, intercept=0.0, *, offset=None):
    """Scores z = X @ coef + intercept + offset, shape (n,).

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n, p)
        The data.
    coef : array-like of shape (p,)
        Coefficients.
    intercept : float or None, default=0.0
        Intercept; None counts as 0.
    offset : array-like of shape (n,), default=None
        Added to the scores.

    Returns
    -------
    ndarray of shape (n,)
        Scores, float64.

    References
    ----------
    McCullagh & Nelder, "Generalized Linear Models" (1989), sec. 2.2.

    Examples
    --------
    >>> import numpy as np
    >>> from fastlogreg import reference
    >>> reference.decision_function(np.array([[1.0], [2.0]]), [3.0], 1.0)
    array([4., 7.])
    """
    z = np.asarray(X @ np.asarray(coef, dtype=float), dtype=float)
    z = z + (0.0 if intercept is None else intercept)
    return z if offset is None else z + offset


def predict_proba(X, coef, intercept=0.0, *, offset=None):
    """Probability of target 1, shape (n,).

    Parameters
    ----------
    X, coef, intercept, offset
        As in `decision_function`.

    Returns
    -------
    ndarray of shape (n,)
        Probabilities, float64.

    References
    ----------
    McCullagh & Nelder, "Generalized Linear Models" (1989), sec. 4.3.

    Examples
    --------
    >>> import numpy as np
    >>> from fastlogreg import reference
    >>> reference.predict_proba(np.array([[0.0], [2.0]]), [1.0]).round(4)
    array([0.5   , 0.8808])
    """
    return sigmoid(decision_function(X, coef, intercept, offset=offset))


def _with_ones(X, fit_intercept):
    """X as float64 with a last column of ones: the reference may, the kernels never do."""
    X = np.asarray(X.toarray() if hasattr(X, "toarray") else X, dtype=float)
    return np.column_stack([X, np.ones(len(X))]) if fit_intercept else X


def _terms(X, y, coef, intercept, sample_weight, offset, alpha):
    """Objective, gradient, mean weights s, curvature and design [X, 1] at a point."""
    design = _with_ones(X, intercept is not None)
    n = design.shape[0]
    s = np.ones(n) if sample_weight is None else np.asarray(sample_weight, dtype=float)
    s = s / s.sum()
    y = np.asarray(y, dtype=float)
    z = decision_function(X, coef, intercept, offset=offset)
    residual, curvature = _residual_curvature(y, z)
    penalty_gradient = np.zeros(design.shape[1])
    penalty_gradient[: len(coef)] = alpha * np.asarray(coef, dtype=float)
    loss = s @ binary_cross_entropy(y, z) + 0.5 * np.asarray(coef) @ penalty_gradient[: len(coef)]
    return float(loss), design.T @ (s * residual) + penalty_gradient, s, curvature, design


def loss_gradient(X, y, coef, intercept=None, *, sample_weight=None, offset=None, alpha=0.0):
    """Objective and gradient; the gradient's last entry is the intercept's if one is given.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n, p)
        The data.
    y : array-like of shape (n,)
        Targets in [0, 1].
    coef : array-like of shape (p,)
        Where to evaluate.
    intercept : float, default=None
        None: a model without intercept.
    sample_weight, offset : array-like of shape (n,), default=None
        Weights >= 0; what is added to the scores.
    alpha : float, default=0.0
        Ridge penalty alpha/2 ||coef||^2.

    Returns
    -------
    loss : float
        Weighted mean loss plus penalty.
    gradient : ndarray of shape (q,)
        q is p, or p + 1 with the intercept last.

    References
    ----------
    Hastie, Tibshirani & Friedman, "The Elements of Statistical Learning" (2009), sec. 4.4.1.

    Examples
    --------
    >>> import numpy as np
    >>> from fastlogreg import reference
    >>> loss, gradient = reference.loss_gradient(np.array([[1.0], [2.0]]), [0, 1], [0.0], 0.0)
    >>> round(loss, 4), gradient
    (0.6931, array([-0.25,  0.  ]))
    """
    loss, gradient, *_ = _terms(X, y, coef, intercept, sample_weight, offset, alpha)
    return loss, gradient


def loss_gradient_hessian(
    X, y, coef, intercept=None, *, sample_weight=None, offset=None, alpha=0.0
):
    """Objective, gradient and Hessian X' diag(s * curvature) X + alpha I (intercept: none).

    Parameters
    ----------
    X, y, coef, intercept, sample_weight, offset, alpha
        As in `loss_gradient`.

    Returns
    -------
    loss : float
    gradient : ndarray of shape (q,)
    hessian : ndarray of shape (q, q)
        q is p, or p + 1 with the intercept last.

    References
    ----------
    Hastie, Tibshirani & Friedman, "The Elements of Statistical Learning" (2009), sec. 4.4.1.

    Examples
    --------
    >>> import numpy as np
    >>> from fastlogreg import reference
    >>> reference.loss_gradient_hessian(np.array([[1.0], [2.0]]), [0, 1], [0.0])[2]
    array([[0.625]])
    """
    loss, gradient, s, curvature, design = _terms(
        X, y, coef, intercept, sample_weight, offset, alpha
    )
    hessian = design.T @ ((s * curvature)[:, None] * design)
    hessian[np.arange(len(coef)), np.arange(len(coef))] += alpha
    return loss, gradient, hessian


def hessian_vector_product(
    X, y, coef, intercept, vector, *, sample_weight=None, offset=None, alpha=0.0
):
    """Hessian at (coef, intercept) times ``vector``, without forming the Hessian.

    Parameters
    ----------
    X, y, coef, intercept, sample_weight, offset, alpha
        As in `loss_gradient`.
    vector : array-like of shape (q,)
        q is p, or p + 1 with the intercept last.

    Returns
    -------
    ndarray of shape (q,)
        float64.

    References
    ----------
    Nocedal & Wright, "Numerical Optimization" (2006), sec. 7.1.

    Examples
    --------
    >>> import numpy as np
    >>> from fastlogreg import reference
    >>> reference.hessian_vector_product(np.array([[1.0], [2.0]]), [0, 1], [0.0], None, [2.0])
    array([1.25])
    """
    _, _, s, curvature, design = _terms(X, y, coef, intercept, sample_weight, offset, alpha)
    product = design.T @ (s * curvature * (design @ vector))
    product[: len(coef)] += alpha * np.asarray(vector)[: len(coef)]
    return product


def _split(theta, fit_intercept):
    return (theta[:-1], theta[-1]) if fit_intercept else (theta, None)
