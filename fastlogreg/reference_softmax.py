"""The mathematics of many classes in pure NumPy: what the class kernels are tested against.

Scores z_ik = x_i . w_k + b_k + offset_ik, probabilities pi_i = softmax(z_i), loss
log sum_k exp(z_ik) - sum_k y_ik z_ik for probabilities y_i (a label is a row of the identity).
`coef` is (K, p), `intercept` (K,) or None; gradients are (K, q), the intercept's entry last.
"""

import numpy as np

from fastlogreg.reference import fenchel_young
from fastlogreg.reference.loss import _with_ones


def softmax(z):
    """exp(z_k) / sum_l exp(z_l) along the last axis, the largest score subtracted first."""
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_cross_entropy(y, z):
    """log sum_k exp(z_ik) - sum_k y_ik z_ik of each row, for y (n, K) or labels (n,).

    With m the largest score, of class t, this is log1p(sum_{k != t} exp(z_k - m)) + m - y.z, so
    that a loss below 1e-16 keeps its digits.
    """
    z = np.asarray(z, dtype=float)
    below = z - z.max(axis=1, keepdims=True)
    e = np.exp(below)
    e[np.arange(len(e)), z.argmax(axis=1)] = 0.0
    return np.log1p(e.sum(axis=1)) - (one_hot(y, z.shape[1]) * below).sum(axis=1)


def one_hot(y, n_classes):
    """Labels 0..K-1 as rows of the identity; probabilities as they are."""
    y = np.asarray(y)
    return y.astype(float) if y.ndim == 2 else np.eye(n_classes)[y.astype(int)]


def softmax_residual(y, z):
    """softmax(z) - y, and - sum_{k != t} pi_k at a label t that has the largest score."""
    pi, y = softmax(z), one_hot(y, z.shape[1])
    rows, top = np.arange(len(z)), z.argmax(axis=1)
    others = pi.copy()
    others[rows, top] = 0.0
    residual = pi - y
    right = y[rows, top] == 1.0
    residual[rows[right], top[right]] = -others.sum(axis=1)[right]
    return residual


def softmax_scores(X, coef, intercept=None, *, offset=None):
    """X @ coef.T + intercept + offset, shape (n, K)."""
    z = np.asarray(X @ np.asarray(coef, dtype=float).T, dtype=float)
    z = z if intercept is None else z + intercept
    return z if offset is None else z + offset


def _mean_weights(sample_weight, n):
    s = np.ones(n) if sample_weight is None else np.asarray(sample_weight, dtype=float)
    return s / s.sum()


def softmax_loss_gradient(
    X, y, coef, intercept=None, *, sample_weight=None, offset=None, alpha=0.0
):
    """Weighted mean loss + alpha/2 ||coef||^2 and its gradient (K, q)."""
    coef = np.asarray(coef, dtype=float)
    z = softmax_scores(X, coef, intercept, offset=offset)
    s = _mean_weights(sample_weight, len(z))
    gradient = (s[:, None] * softmax_residual(y, z)).T @ _with_ones(X, intercept is not None)
    gradient[:, : coef.shape[1]] += alpha * coef
    penalty = 0.5 * float(np.sum(alpha * coef * coef))
    return float(s @ softmax_cross_entropy(y, z)) + penalty, gradient


def softmax_hessian(X, coef, intercept=None, *, sample_weight=None, offset=None, alpha=0.0):
    """The Hessian, (K q, K q): blocks X' diag(s pi_k (delta_kl - pi_l)) X (+ alpha)."""
    coef = np.asarray(coef, dtype=float)
    design = _with_ones(X, intercept is not None)
    pi = softmax(softmax_scores(X, coef, intercept, offset=offset))
    s = _mean_weights(sample_weight, len(pi))
    K, q = coef.shape[0], design.shape[1]
    hessian = np.empty((K, q, K, q))
    for k in range(K):
        for m in range(K):
            h = s * pi[:, k] * (np.delete(pi, k, axis=1).sum(axis=1) if k == m else -pi[:, m])
            hessian[k, :, m] = design.T @ (h[:, None] * design)
        hessian[k, np.arange(coef.shape[1]), k, np.arange(coef.shape[1])] += alpha
    return hessian.reshape(K * q, K * q)


def softmax_newton(
    X, y, n_classes, *, alpha=0.0, fit_intercept=True, sample_weight=None, offset=None,
    reference_class=None, max_iter=100, tol=1e-13,
):  # fmt: skip
    """Newton's method with step halving; (coef, intercept, objectives).

    Directions that change no probability, the same vector for every class, are left alone by the
    pseudo-inverse; `reference_class` holds the coefficients of one class at zero.
    """
    p = X.shape[1]
    theta = np.zeros((n_classes, p + fit_intercept))
    data = {"sample_weight": sample_weight, "offset": offset, "alpha": alpha}
    free = np.ones(theta.shape, dtype=bool)
    if reference_class is not None:
        free[reference_class] = False

    def parts(theta):
        return theta[:, :p], theta[:, p] if fit_intercept else None

    objectives = []
    for _ in range(max_iter):
        f, gradient = softmax_loss_gradient(X, y, *parts(theta), **data)
        objectives.append(f)
        hessian = softmax_hessian(X, *parts(theta), **data)
        some = np.flatnonzero(free)
        step = np.zeros(theta.size)
        inverse = np.linalg.pinv(hessian[np.ix_(some, some)], 1e-13, hermitian=True)
        step[some] = -inverse @ gradient.ravel()[some]
        if -0.5 * gradient.ravel() @ step <= tol * f:
            break
        step, size = step.reshape(theta.shape), 1.0
        while softmax_loss_gradient(X, y, *parts(theta + size * step), **data)[0] > f:
            size *= 0.5
            if size < 1e-10:
                return *parts(theta), objectives
        theta = theta + size * step
    return *parts(theta), objectives


def class_turn(pi, u):
    """t_k = u_k - sum_l pi_l u_l of each row, by differences to the likeliest class.

    Of these nothing is lost to rounding where one probability is almost 1.
    """
    u = u - u[np.arange(len(u)), pi.argmax(axis=1)][:, None]
    return u - (pi * u).sum(axis=1, keepdims=True)


def divergence_bound(pi, t):
    """A bound on KL(pi (1 + t) || pi) of each row, where sum_k pi_k t_k = 0 and t >= -1.

    KL = sum_k pi_k ((1 + t) log(1 + t) - t), and (1 + t) log(1 + t) - t <= t^2/2 for t >= 0; for
    -1 <= t < 0 its series is sum_{m >= 2} |t|^m / (m (m - 1)) <= t^2/2 + |t|^3/2.
    """
    back = np.maximum(-t, 0.0)
    return (pi * 0.5 * t * t * (1.0 + back)).sum(axis=1)


def softmax_duality_gap(
    X, y, coef, intercept=None, *, sample_weight=None, offset=None, alpha=0.0, l1=0.0,
    lower=-np.inf, upper=np.inf, step=None, reference_class=None, grouped=False,
):  # fmt: skip
    """An upper bound on ``f(coef, intercept) - min f`` with its proof, inf where it proves nothing.

    The loss of row i is the maximum over distributions mu of (mu - y_i) . z + H(mu), H the entropy,
    attained at mu = pi_i; any mu_i therefore bound f from below, and with
    v = sum_i s_i (mu_i - y_i) x_i' the gap is

        sum_i s_i KL(mu_i || pi_i) + sum_kj [pen(b_kj) + b_kj v_kj + pen*(-v_kj)]  >=  f - min f.

    The bracket is (v + alpha b)^2 / (2 alpha) for a ridge; for parameters without penalty, the
    intercepts above all, v must be 0; a class that is held at zero has none.  The means are moved
    along a step d: mu_ik = pi_ik (1 + t_ik), t_ik = u_ik - sum_l pi_il u_il, u_i = x_i d', which
    are distributions while t >= -1, and then v = gradient of the loss + H d, H the loss' Hessian;
    of t below -1 no more is cut off than rounding makes.  The divergence is bounded by
    `divergence_bound`.  `step` (K, q) is d; None takes the best of the proximal
    Newton step off the bounds, that of the intercepts alone, and some between.

    Where pen* is infinite, |v| exceeding l1, it is enough to maximise over the b with
    sum l1 |b| <= f(coef), for the optimum is one of them: that costs f max(|v| / l1 - 1).

    `grouped`: the penalty of column j is l1_j ||b_.j||_2 + l2_j/2 ||b_.j||_2^2 over the classes.
    """
    coef = np.asarray(coef, dtype=float)
    K, p = coef.shape
    data = {"sample_weight": sample_weight, "offset": offset}
    design = _with_ones(X, intercept is not None)
    s = _mean_weights(sample_weight, len(design))
    pi = softmax(softmax_scores(X, coef, intercept, offset=offset))
    loss, gradient = softmax_loss_gradient(X, y, coef, intercept, **data)
    free = np.ones(gradient.shape, dtype=bool)
    if reference_class is not None:
        free[reference_class] = False
    l1, l2, lower, upper = (np.broadcast_to(v, (K, p)) for v in (l1, alpha, lower, upper))
    if np.any(coef < lower) or np.any(coef > upper):
        return np.inf
    if step is None:
        hessian = softmax_hessian(X, coef, intercept, **data)
        at = (coef, gradient, hessian)
        if grouped:
            newton = _grouped_step(*at, free, l1, l2)
        else:
            newton = _lasso_step(*at, free, l1, l2, lower, upper)
        free[:, :p] = False
        short = _lasso_step(*at, free, l1, l2, lower, upper)
        penalties = {"alpha": l2, "l1": l1, "lower": lower, "upper": upper, "grouped": grouped}
        return min(
            softmax_duality_gap(
                X, y, coef, intercept, **data, **penalties, reference_class=reference_class,
                step=share * newton + (1.0 - share) * short,
            )
            for share in (1.0, 0.5, 0.2, 0.0)
        )  # fmt: skip
    f = loss + softmax_penalty(coef, l1, l2, grouped)
    t = class_turn(pi, design @ step.T)
    if not (s @ (pi * np.maximum(-1.0 - t, 0.0)).sum(axis=1) <= 1e-14 * f):
        return np.inf
    t = np.maximum(t, -1.0)
    v = gradient + (s[:, None] * pi * t).T @ design
    rounding = 1e-11 * f * np.sqrt(s @ (design * design))
    if (np.abs(v[:, p:]) > rounding[p:])[free[:, p:]].any():
        return np.inf
    v = v[:, :p]
    if grouped:
        size, against = np.linalg.norm(coef, axis=0), np.linalg.norm(v, axis=0)
        terms, excess = fenchel_young(size, -against, l1[0], l2[0], 0.0, np.inf)
        terms, l1 = terms + size * against + (coef * v).sum(axis=0), l1[0]
    else:
        terms, excess = fenchel_young(coef, v, l1, l2, lower, upper)
        some = free[:, :p]
        rounding = np.broadcast_to(rounding[:p], some.shape)[some]
        terms, excess, l1 = terms[some], excess[some], l1[some]
    if (excess > rounding[: len(excess)])[l1 == 0].any():
        return np.inf
    beyond = np.divide(excess, l1, out=np.zeros(excess.shape), where=l1 > 0).max(initial=0.0)
    return float(s @ divergence_bound(pi, t) + np.maximum(terms, 0.0).sum() + f * beyond)


def _solve(matrix, target):
    """The least solution; eigenvalues are judged after the diagonal is scaled to ones."""
    unit = np.sqrt(np.where(matrix.diagonal() > 0, matrix.diagonal(), 1.0))
    inverse = np.linalg.pinv(matrix / unit / unit[:, None], 1e-13, hermitian=True)
    return inverse @ (target / unit) / unit


def _lasso_step(coef, gradient, hessian, free, l1, l2, lower, upper):
    """The step that minimises the quadratic model plus the penalty, (K, q), or nearly so.

    Newton's method on the coefficients off zero and off the bounds, with their signs; after each
    solution those join that want to leave, and those stop at zero whose sign would turn.
    """
    K, p = coef.shape
    some, step, sign = free.copy(), np.zeros(gradient.shape), np.zeros(gradient.shape)
    sign[:, :p] = np.sign(coef)
    some[:, :p] &= ((coef != 0) | (l1 == 0)) & (lower < coef) & (coef < upper)
    ridge, size = np.zeros(gradient.shape), np.zeros(gradient.shape)
    ridge[:, :p], size[:, :p] = l2, l1
    whole = hessian + np.diag(ridge.ravel())
    for _ in range(10):
        at = np.flatnonzero(some)
        for _ in range(3 * bool(at.size)):  # again for what rounding left of the first
            slope = gradient + (whole @ step.ravel()).reshape(step.shape) + size * sign
            slope[:, :p] += l2 * coef
            step.ravel()[at] -= _solve(whole[np.ix_(at, at)], slope.ravel()[at])
        v = (gradient + (hessian @ step.ravel()).reshape(step.shape))[:, :p]
        pull = v + l2 * coef + l1 * sign[:, :p]
        pull = np.where(
            coef == 0, np.sign(v) * np.maximum(np.abs(v) - l1 * (1.0 + 1e-9), 0.0), pull
        )
        joins = free[:, :p] & ~some[:, :p] & np.where(pull > 0, coef > lower, coef < upper)
        joins &= np.abs(pull) > 1e-12 * (l1 + np.abs(v))
        turns = some[:, :p] & (l1 > 0) & ((coef + step[:, :p]) * sign[:, :p] < 0)
        if not (joins | turns).any():
            break
        some[:, :p] = (some[:, :p] | joins) & ~turns
        sign[:, :p] = np.where(joins & (coef == 0), -np.sign(v), sign[:, :p])
        step[:, :p] = np.where(turns, -coef, step[:, :p])
    return step


def _grouped_step(coef, gradient, hessian, free, l1, l2):
    """As `_lasso_step` for lengths of columns; those that leave zero begin with a gradient step."""
    K, p = coef.shape
    q = gradient.shape[1]
    some, step = free.copy(), np.zeros(gradient.shape)
    some[:, :p] &= coef.any(axis=0) | (l1 == 0)
    size = np.linalg.norm(gradient[:, :p], axis=0)
    joins = ~some[0, :p] & (size > l1[0])
    trace = hessian.diagonal().reshape(K, q)[:, :p].sum(axis=0) + l2[0]
    shrunk = (1.0 - l1[0, joins] / size[joins]) / trace[joins]
    step[:, :p][:, joins] = -gradient[:, :p][:, joins] * shrunk
    some[:, :p] |= joins
    at = np.flatnonzero(some)
    for _ in range(10 * bool(at.size)):
        w, curved = coef + step[:, :p], np.zeros((K, q, K, q))
        slope = gradient + (hessian @ step.ravel()).reshape(K, q)
        slope[:, :p] += l2 * w
        for j in range(p):
            curved[np.arange(K), j, np.arange(K), j] = l2[:, j]
            if w[:, j].any():
                size = np.linalg.norm(w[:, j])
                unit = w[:, j] / size
                slope[:, j] += l1[0, j] * unit
                curved[:, j, :, j] += l1[0, j] / size * (np.eye(K) - np.outer(unit, unit))
        matrix = (hessian + curved.reshape(K * q, K * q))[np.ix_(at, at)]
        step.ravel()[at] -= _solve(matrix, slope.ravel()[at])
    return step


def softmax_penalty(coef, l1=0.0, l2=0.0, grouped=False):
    """sum_kj l1 |b_kj| + l2/2 b_kj^2, or sum_j l1_j ||b_.j||_2 + l2_j/2 ||b_.j||_2^2."""
    size = np.sqrt((coef * coef).sum(axis=0)) if grouped else np.abs(coef)
    l1 = np.broadcast_to(l1, coef.shape)[0] if grouped else l1
    return float(np.sum(l1 * size) + 0.5 * np.sum(l2 * coef * coef))
