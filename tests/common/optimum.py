"""The objective in extended precision, and its minimum: slow, and right to the last digits."""

import numpy as np


def _objective(X, y, theta, s, offset, ridge):
    """Objective, gradient, curvatures in the type of the arguments; X with its column of ones."""
    z = X @ theta + offset
    e = np.exp(-np.abs(z))
    q = 1 / (1 + e)
    wrong = np.where(z > 0, 1 - y, y)
    residual = np.where(z > 0, wrong - e * q, e * q - wrong)
    value = s @ (np.log1p(e) + wrong * np.abs(z)) + ridge @ (theta * theta) / 2
    return value, X.T @ (s * residual) + ridge * theta, s * e * q * q


def _extended(X, y, alpha=0.0, fit_intercept=True, sample_weight=None, offset=None):
    """The arguments of _objective in extended precision, columns scaled, and their sizes."""
    design = np.column_stack([X, np.ones(len(y))]) if fit_intercept else np.asarray(X)
    size = np.abs(design).max(axis=0).astype(np.longdouble)
    size[size == 0] = 1.0
    ridge = alpha / size**2
    ridge[X.shape[1] :] = 0.0
    s = np.ones(len(y)) if sample_weight is None else sample_weight
    s = s.astype(np.longdouble) / s.sum(dtype=np.longdouble)
    shift = np.longdouble(0) if offset is None else offset.astype(np.longdouble)
    return design / size, y.astype(np.longdouble), s, shift, ridge, size


def objective_at(X, y, coef, intercept, **arguments):
    """The objective at (coef, intercept), in extended precision."""
    design, y, s, shift, ridge, size = _extended(X, y, **arguments)
    theta = np.append(coef, intercept)[: len(size)] * size
    return _objective(design, y, theta, s, shift, ridge)[0]


def optimum(X, y, **arguments):
    """Newton's method with gradients in extended precision and columns of one size.

    Returns (minimum of the objective, coef, intercept): slow, right to a few parts in 1e18 (1e16
    where extended precision is double). With alpha = 0 and dependent columns the coefficients are
    one of many solutions.
    """
    design, y, s, shift, ridge, size = _extended(X, y, **arguments)
    theta, low = np.zeros(len(size), dtype=np.longdouble), design.astype(float)
    f, g, h = _objective(design, y, theta, s, shift, ridge)
    for _ in range(200):
        hessian = low.T @ (h.astype(float)[:, None] * low) + np.diag(ridge.astype(float))
        unit = np.sqrt(np.maximum(hessian.diagonal(), 1e-300))
        inverse = np.linalg.pinv(hessian / unit / unit[:, None], rcond=1e-14, hermitian=True)
        step = -(inverse @ (g.astype(float) / unit)) / unit
        along, length = float(g @ step), 1.0
        while True:
            f_new, g_new, h_new = _objective(design, y, theta + length * step, s, shift, ridge)
            if f_new <= f + 1e-4 * length * along or length < 1e-8:
                break
            length /= 2
        if not f_new < f:
            break
        theta, f, g, h = theta + length * step, f_new, g_new, h_new
    theta = (theta / size).astype(float)
    return (f, theta[:-1], float(theta[-1])) if len(theta) > X.shape[1] else (f, theta, 0.0)
