"""The whole mathematics of binary logistic regression in NumPy: the specification of every kernel.

Words: ``n`` rows, ``p`` columns, score ``z = X @ coef + intercept + offset``, target ``y`` in [0,
1], ``residual = dloss/dz``, ``curvature = d2loss/dz2``.  The objective is

    f(coef, intercept) = sum_i s_i loss(y_i, z_i) / sum_i s_i + alpha/2 * ||coef||^2,
    loss(y, z)         = softplus(z) - y z = y softplus(-z) + (1 - y) softplus(z),

with the intercept never penalised.  Everything is formed from ``exp(-|z|)``, which cannot overflow,
and never from a probability, whose distance from 1 is lost to rounding.

Parameter vectors ``theta`` hold the coefficients first and the intercept, if there is one, last.
Nothing here is fast on purpose: short and readable is the aim.

References: Hastie, Tibshirani & Friedman, "The Elements of Statistical Learning" (2009), sec. 4.4;
Nocedal & Wright, "Numerical Optimization" (2006), ch. 2-3.
"""

import numpy as np

__all__ = [
    "binary_cross_entropy", "coordinate_sweep", "decision_function", "duality_gap",
    "gradient_descent",
    "hessian_vector_product", "log_loss", "log_sigmoid", "loss_gradient", "loss_gradient_hessian",
    "newton", "predict_proba", "sigmoid", "softplus",
]  # fmt: skip


def sigmoid(z):
    """1 / (1 + exp(-z)), elementwise."""
    z = np.asarray(z, dtype=float)
    e = np.exp(-np.abs(z))
    return np.where(z > 0, 1.0, e) / (1.0 + e)


def softplus(z):
    """log(1 + exp(z)), elementwise: the cross-entropy of target 0."""
    z = np.asarray(z, dtype=float)
    return np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z)))


def log_sigmoid(z):
    """log(sigmoid(z)) = -softplus(-z), elementwise."""
    return -softplus(-np.asarray(z, dtype=float))


def binary_cross_entropy(y, z):
    """-[y log sigmoid(z) + (1 - y) log sigmoid(-z)], elementwise, for targets y in [0, 1].

    Written as log1p(exp(-|z|)) + c |z| where c is the target's weight on the wrong side of z,
    so that a certain and right answer (c = 0) costs exp(-|z|) and never 0 * inf.
    """
    y, z = np.broadcast_arrays(np.asarray(y, dtype=float), np.asarray(z, dtype=float))
    wrong = np.where(z > 0, 1.0 - y, y)
    with np.errstate(invalid="ignore"):
        linear = np.where(wrong == 0, 0.0, wrong * np.abs(z))
    return np.log1p(np.exp(-np.abs(z))) + np.where(np.isnan(z), np.nan, linear)


def log_loss(y, z, sample_weight=None):
    """Weighted mean of the binary cross-entropy of scores z."""
    return float(np.average(binary_cross_entropy(y, z), weights=sample_weight))


def _residual_curvature(y, z):
    """dloss/dz = sigmoid(z) - y and d2loss/dz2, without cancellation at confident right answers."""
    e = np.exp(-np.abs(z))
    q = 1.0 / (1.0 + e)
    wrong = np.where(z > 0, 1.0 - y, y)
    return np.where(z > 0, 1.0, -1.0) * (wrong - e * q), e * q * q


def decision_function(X, coef, intercept=0.0, *, offset=None):
    """Scores z = X @ coef + intercept + offset, shape (n,)."""
    z = np.asarray(X @ np.asarray(coef, dtype=float), dtype=float)
    z = z + (0.0 if intercept is None else intercept)
    return z if offset is None else z + offset


def predict_proba(X, coef, intercept=0.0, *, offset=None):
    """Probability of target 1, shape (n,)."""
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
    """Objective and gradient; the gradient's last entry is the intercept's if one is given."""
    loss, gradient, *_ = _terms(X, y, coef, intercept, sample_weight, offset, alpha)
    return loss, gradient


def loss_gradient_hessian(
    X, y, coef, intercept=None, *, sample_weight=None, offset=None, alpha=0.0
):
    """Objective, gradient and Hessian X' diag(s * curvature) X + alpha I (intercept: none)."""
    loss, gradient, s, curvature, design = _terms(
        X, y, coef, intercept, sample_weight, offset, alpha
    )
    hessian = design.T @ ((s * curvature)[:, None] * design)
    hessian[np.arange(len(coef)), np.arange(len(coef))] += alpha
    return loss, gradient, hessian


def hessian_vector_product(
    X, y, coef, intercept, vector, *, sample_weight=None, offset=None, alpha=0.0
):
    """Hessian at (coef, intercept) times ``vector``, without forming the Hessian."""
    _, _, s, curvature, design = _terms(X, y, coef, intercept, sample_weight, offset, alpha)
    product = design.T @ (s * curvature * (design @ vector))
    product[: len(coef)] += alpha * np.asarray(vector)[: len(coef)]
    return product


def duality_gap(X, y, coef, intercept=None, *, sample_weight=None, offset=None, alpha=0.0):
    """An upper bound on ``f(coef, intercept) - min f`` with its proof, inf where it proves nothing.

    Let d solve (H + alpha I) d = -gradient with H = sum_i s_i h_i x_i x_i', h the curvatures and x
    with the intercept's 1, and let u_i = x_i'd.  Moving the means pi_i = sigmoid(z_i), the dual
    variables, to mu_i = pi_i + h_i u_i makes the dual constraints hold exactly:
    sum_i s_i (mu_i - y_i) x_i + alpha (coef + d) = 0.  If every mu_i lies in (0, 1) this is a dual
    point, and its duality gap is

        sum_i s_i KL(mu_i || pi_i) + alpha/2 ||d||^2  >=  f - min f.

    KL as a function of the move has second derivative 1 / (mu (1 - mu)), and on the way
    mu (1 - mu) = h (1 - (2 pi - 1) u t - h u^2 t^2) >= h (1 - c t) for c = (2 pi - 1) u + h u^2, so

        KL <= h u^2 int_0^1 (1 - t) / (1 - c t) dt <= h u^2 (1/2 + c/6 + c^2 / (12 (1 - |c|))).

    It needs |u|, |c| < 1, which hold once Newton's method is near its end.
    """
    _, gradient, s, curvature, design = _terms(X, y, coef, intercept, sample_weight, offset, alpha)
    ridge = np.zeros(design.shape[1])
    ridge[: len(coef)] = alpha
    root = np.sqrt(s * curvature)[:, None] * design
    scale = np.sqrt((root * root).sum(axis=0) + ridge)
    scale[scale == 0] = 1.0
    stacked = np.vstack([root / scale, np.diag(np.sqrt(ridge) / scale)])
    # least squares on the factor, not a solve with the Hessian: half the condition number's digits
    _, singular, vt = np.linalg.svd(stacked, full_matrices=False)
    keep = singular > singular[0] * max(stacked.shape) * np.finfo(float).eps
    step = -(vt[keep].T * singular[keep] ** -2.0) @ (vt[keep] @ (gradient / scale)) / scale
    u, tilt = design @ step, 2.0 * predict_proba(X, coef, intercept, offset=offset) - 1.0
    c = tilt * u + curvature * u * u
    if not max(np.abs(u[s > 0]).max(initial=0.0), np.abs(c[s > 0]).max(initial=0.0)) < 1.0:
        return np.inf
    divergence = curvature * u**2 * (0.5 + c / 6.0 + c**2 / (12.0 * (1.0 - np.abs(c))))
    return float(s @ divergence + 0.5 * ridge @ step**2)


def coordinate_sweep(hessian, w, slope, l1=0.0, l2=0.0, lower=-np.inf, upper=np.inf):
    """One cycle of coordinate descent on a quadratic; (w, slope, twice the largest decrease).

    The model is ``slope'step + step' H step / 2 + sum l1 |w| + sum l2 w^2 / 2`` on the box
    lower <= w <= upper, ``slope`` its quadratic part's gradient at w.  Each coordinate in turn
    moves to its minimiser, ``clip(soft(H_jj w_j - slope_j, l1_j) / (H_jj + l2_j))``.

    Reference: Friedman, Hastie & Tibshirani, "Regularization paths for generalized linear models
    via coordinate descent" (2010), sec. 2.2.
    """
    w, slope = np.array(w, dtype=float), np.array(slope, dtype=float)
    l1, l2, lower, upper = (np.broadcast_to(value, w.shape) for value in (l1, l2, lower, upper))
    largest = 0.0
    for j in range(len(w)):
        curvature = hessian[j, j] + l2[j]
        if not curvature > 0:
            continue
        u = hessian[j, j] * w[j] - slope[j]
        moved = np.sign(u) * max(abs(u) - l1[j], 0.0) / curvature
        change = min(max(moved, lower[j]), upper[j]) - w[j]
        slope += change * hessian[j]
        w[j] += change
        largest = max(largest, curvature * change**2)
    return w, slope, largest


def _split(theta, fit_intercept):
    return (theta[:-1], theta[-1]) if fit_intercept else (theta, None)


def gradient_descent(
    X, y, *, alpha=0.0, fit_intercept=True, sample_weight=None, offset=None,
    learning_rate=None, max_iter=1000, tol=1e-6,
):  # fmt: skip
    """Plain gradient descent from zero; returns (coef, intercept, losses after each step).

    The default learning rate is 1 / L with L = ||design||_2^2 max(s) / 4 + alpha, a bound on the
    Hessian's largest eigenvalue, for which the loss never rises.  Stops at max |gradient| <= tol.
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
