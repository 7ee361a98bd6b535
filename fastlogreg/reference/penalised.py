"""Penalties, their conjugates, and the proof of how far from the optimum a point can be."""

import numpy as np

from fastlogreg.reference.loss import _terms, predict_proba


def penalty(coef, l1=0.0, l2=0.0):
    """``sum_j l1_j |b_j| + l2_j b_j^2 / 2``.

    Parameters
    ----------
    coef : ndarray of shape (p,)
        Coefficients.
    l1, l2 : float or array-like of shape (p,), default=0.0
        Strengths of the absolute values and of the squares, >= 0.

    Returns
    -------
    float
        The sum.

    References
    ----------
    Zou & Hastie, "Regularization and variable selection via the elastic net", J. R. Stat. Soc. B 67
    (2005).

    Examples
    --------
    >>> import numpy as np
    >>> from fastlogreg import reference
    >>> reference.penalty(np.array([3.0, -1.0]), l1=1.0, l2=2.0)
    14.0
    """
    return float(np.sum(l1 * np.abs(coef) + 0.5 * l2 * coef * coef))


def penalty_conjugate(u, l1=0.0, l2=0.0, lower=-np.inf, upper=np.inf):
    """Largest ``u b - l1 |b| - l2 b^2 / 2`` over b in [lower, upper], elementwise: (value, excess).

    Where nothing holds b back the maximum is infinite; the value is then 0 and ``excess`` is
    ``|u| - l1 > 0``, which is 0 elsewhere.

    Parameters
    ----------
    u : ndarray of shape (p,)
        Slopes.
    l1, l2 : float or array-like of shape (p,), default=0.0
        Strengths of the absolute values and of the squares, >= 0.
    lower, upper : float or array-like of shape (p,), default=-inf, inf
        Bounds.

    Returns
    -------
    value, excess : ndarray of shape (p,)
        The maximum where it is finite; by how much u is too large where it is not.

    References
    ----------
    Boyd & Vandenberghe, "Convex Optimization" (2004), sec. 3.3.

    Examples
    --------
    >>> import numpy as np
    >>> from fastlogreg import reference
    >>> reference.penalty_conjugate(np.array([0.5, 3.0]), l1=1.0)
    (array([0., 0.]), array([0., 2.]))
    """
    b, excess = _conjugate_point(u, l1, l2, lower, upper)
    return u * b - l1 * np.abs(b) - 0.5 * l2 * b * b, excess


def _conjugate_point(u, l1, l2, lower, upper):
    """The b of `penalty_conjugate`, 0 where there is none, and the excess."""
    beyond = np.sign(u) * np.maximum(np.abs(u) - l1, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        b = np.where(l2 > 0, beyond / l2, np.where(beyond == 0, 0.0, np.sign(beyond) * np.inf))
    b = np.clip(b, lower, upper)
    finite = np.isfinite(b)
    return np.where(finite, b, 0.0), np.where(finite, 0.0, np.abs(beyond))


def fenchel_young(coef, v, l1, l2, lower, upper):
    """pen(b) + b v + pen*(-v) >= 0 for each coefficient b, and the excess: (terms, excess).

    Parameters
    ----------
    coef, v : ndarray of shape (p,)
        Coefficients b; slopes of the loss.
    l1, l2, lower, upper : float or ndarray of shape (p,)
        Penalty and bounds, as in `penalty_conjugate`.

    Returns
    -------
    terms, excess : ndarray of shape (p,)
        Terms that are 0 at an optimum; the excess of `penalty_conjugate` at -v.

    References
    ----------
    Boyd & Vandenberghe, "Convex Optimization" (2004), sec. 3.3.2.

    Examples
    --------
    >>> import numpy as np
    >>> from fastlogreg import reference
    >>> coef, v = np.array([2.0, 2.0]), np.array([-1.0, -3.0])
    >>> reference.fenchel_young(coef, v, 1.0, 1.0, -9.0, 9.0)
    (array([2., 0.]), array([0., 0.]))
    """
    b, excess = _conjugate_point(-v, l1, l2, lower, upper)
    # pen(coef) + coef v - (pen(b) + b v), without cancellation of the squares
    terms = l1 * (np.abs(coef) - np.abs(b)) + (coef - b) * (v + 0.5 * l2 * (coef + b))
    return np.maximum(terms, 0.0), excess


def duality_gap(
    X, y, coef, intercept=None, *, sample_weight=None, offset=None, alpha=0.0, l1=0.0,
    lower=-np.inf, upper=np.inf,
):  # fmt: skip
    """An upper bound on ``f(coef, intercept) - min f`` with its proof, inf where it proves nothing.

    Any means mu_i in (0, 1) are a dual point.  With v = sum_i s_i (mu_i - y_i) x_i its gap is ::

        sum_i s_i KL(mu_i || pi_i) + sum_j [pen_j(b_j) + b_j v_j + pen*_j(-v_j)]  >=  f - min f,

    with pi_i = sigmoid(z_i), ``pen*`` the conjugate (`penalty_conjugate`); for parameters without
    penalty and bounds, the intercept above all, v_j must be 0.  Where ``pen*_j`` is infinite,
    ``|v_j|`` exceeding l1_j, it is still enough to maximise over the b with
    ``sum_j l1_j |b_j| <= f(coef)``, for the optimum is one of them; that costs
    ``f max_j (|v_j| / l1_j - 1)``.

    The means are those of the proximal Newton step d at (coef, intercept), which minimises
    g'd + d'H d / 2 + pen(b + d) on the box: mu_i = pi_i + h_i u_i with h the curvatures and
    u_i = x_i'd.  Then v = gradient + H d is what the step makes of the gradient, and -v a
    subgradient of pen at b + d: for a ridge the bracket is ``alpha d^2 / 2``, for absolute values
    it vanishes where the sign stays.

    KL as a function of the move has second derivative 1 / (mu (1 - mu)), and on the way
    ``mu (1 - mu) = h (1 - (2 pi - 1) u t - h u^2 t^2) >= h (1 - c t)`` for
    ``c = (2 pi - 1) u + h u^2``, so ::

        KL <= h u^2 int_0^1 (1 - t) / (1 - c t) dt <= h u^2 (1/2 + c/6 + c^2 / (12 (1 - |c|))).

    It needs ``|u|, |c| < 1``, which hold once Newton's method is near its end.

    Parameters
    ----------
    X, y, coef, intercept, sample_weight, offset, alpha
        As in `loss_gradient`.
    l1 : float or array-like of shape (p,), default=0.0
        Strengths of the absolute values; alpha may be an array too.
    lower, upper : float or array-like of shape (p,), default=-inf, inf
        Bounds.

    Returns
    -------
    float
        The bound, in units of the mean loss.

    References
    ----------
    Boyd & Vandenberghe, "Convex Optimization" (2004), sec. 5.5.1.

    Examples
    --------
    >>> import numpy as np
    >>> from fastlogreg import reference
    >>> X, y = np.array([[0.0], [1.0], [2.0]]), [0, 1, 0]
    >>> coef, intercept, _ = reference.newton(X, y, alpha=0.1)
    >>> reference.duality_gap(X, y, coef, intercept, alpha=0.1) < 1e-9
    True
    """
    loss, gradient, s, curvature, design = _terms(X, y, coef, intercept, sample_weight, offset, 0.0)
    p = len(coef)
    coef = np.asarray(coef, dtype=float)
    l1, l2, lower, upper = (np.broadcast_to(value, p) for value in (l1, alpha, lower, upper))
    if np.any(coef < lower) or np.any(coef > upper):
        return np.inf
    f = loss + penalty(coef, l1, l2)
    root = np.sqrt(s * curvature)[:, None] * design
    step = _proximal_step(root, gradient, coef, l1, l2, lower, upper)
    v = (gradient + root.T @ (root @ step))[:p]
    left, excess = fenchel_young(coef, v, l1, l2, lower, upper)
    free = (excess > 0) & (l1 == 0)  # the step brings their v to 0, but for rounding
    left[free] = excess[free] = 0.0
    u, tilt = design @ step, 2.0 * predict_proba(X, coef, intercept, offset=offset) - 1.0
    c = tilt * u + curvature * u * u
    if not max(np.abs(u[s > 0]).max(initial=0.0), np.abs(c[s > 0]).max(initial=0.0)) < 1.0:
        return np.inf
    divergence = curvature * u**2 * (0.5 + c / 6.0 + c**2 / (12.0 * (1.0 - np.abs(c))))
    with np.errstate(divide="ignore"):
        beyond = np.max(np.divide(excess, l1, out=np.zeros(p), where=excess > 0), initial=0.0)
    return float(s @ divergence + left.sum() + f * beyond)


def _proximal_step(root, gradient, coef, l1, l2, lower, upper):
    """The d that minimises g'd + |root d|^2 / 2 + pen(coef + d) on the box.

    The intercept is eliminated; then cycles over the coefficients that may be off zero, with Newton
    steps on those that are.
    """
    p = len(coef)
    box = np.array([l1, l2, lower, upper], dtype=float)
    columns, slopes, ones = root[:, :p], gradient[:p], root[:, p:]
    total = (ones * ones).sum()
    if total > 0:
        shift = (ones.T @ columns)[0] / total
        columns, slopes = columns - ones * shift, slopes - gradient[p] * shift
        constant = (columns**2).sum(axis=0) <= 1e-24 * (root[:, :p] ** 2).sum(axis=0)
        columns[:, constant] = slopes[constant] = 0.0  # what is left is rounding
    work = (coef != 0) | (l1 <= np.abs(slopes)) | (lower > 0) | (upper < 0)
    w = coef.copy()
    for _ in range(100):
        some = np.flatnonzero(work)
        hessian = columns[:, some].T @ columns[:, some]
        slope = slopes[some] + columns[:, some].T @ (columns @ (w - coef))
        here, bounds = w[some], box[:, some]
        for _ in range(200):
            here, slope, largest = coordinate_sweep(hessian, here, slope, *bounds)
            here, slope, done = _face_step(columns[:, some], hessian, here, slope, *bounds)
            if done and largest <= 1e-28:
                break
        w[some] = here
        v = slopes + columns.T @ (columns @ (w - coef))
        new = ~work & (((v > l1) & (lower < 0)) | ((-v > l1) & (upper > 0)))
        if not new.any():
            break
        work |= new
    step = w - coef  # to the rounding of w; the last correction is to its own
    free = ((w != 0) | (l1 == 0)) & (lower < w) & (w < upper)
    if free.any():
        left = v[free] + l2[free] * w[free] + l1[free] * np.sign(w[free])
        step[free] -= _solve_factored(columns[:, free], l2[free], left)
    if len(gradient) == p:
        return step
    moved = ones[:, 0] @ (root[:, :p] @ step) + gradient[p]
    return np.append(step, -moved / total if total > 0 else 0.0)


def _face_step(root, hessian, w, slope, l1, l2, lower, upper):
    """To the minimum with the present signs, or the first kink: (w, slope, got there)."""
    free = ((w != 0) | (l1 == 0)) & (lower < w) & (w < upper)
    if not free.any():
        return w, slope, True
    target = slope[free] + l2[free] * w[free] + l1[free] * np.sign(w[free])
    move = np.zeros(len(w))
    move[free] = -_solve_factored(root[:, free], l2[free], target)
    wall = np.where(move < 0, lower, upper)
    crosses = (l1 > 0) & (w * (w + move) < 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        wall = np.where(crosses & (wall * np.sign(w + move) > 0), 0.0, wall)
        room = np.where(move == 0, np.inf, (wall - w) / move)
    first = int(np.argmin(room))
    size = min(1.0, room[first])
    new = w + size * move
    if size < 1.0:
        new[first] = wall[first]
    return new, slope + hessian @ (new - w), size == 1.0


def _solve_factored(root, ridge, g):
    """(root'root + diag(ridge))^+ g by the factor's SVD: half the condition number's digits."""
    scale = np.sqrt((root * root).sum(axis=0) + ridge)
    scale[scale == 0] = 1.0
    stacked = np.vstack([root / scale, np.diag(np.sqrt(ridge) / scale)])
    _, singular, vt = np.linalg.svd(stacked, full_matrices=False)
    if not singular.size:
        return np.zeros(len(g))
    keep = singular > singular[0] * max(stacked.shape) * np.finfo(float).eps
    return (vt[keep].T * singular[keep] ** -2.0) @ (vt[keep] @ (g / scale)) / scale


def coordinate_sweep(hessian, w, slope, l1=0.0, l2=0.0, lower=-np.inf, upper=np.inf):
    """One cycle of coordinate descent on a quadratic; (w, slope, twice the largest decrease).

    The model is ``slope'step + step' H step / 2 + sum l1 |w| + sum l2 w^2 / 2`` on the box
    lower <= w <= upper, ``slope`` its quadratic part's gradient at w.  Each coordinate in turn
    moves to its minimiser, ``clip(soft(H_jj w_j - slope_j, l1_j) / (H_jj + l2_j))``.

    Parameters
    ----------
    hessian : ndarray of shape (p, p)
        H, symmetric.
    w, slope : array-like of shape (p,)
        The point, and the gradient there of the quadratic part.
    l1, l2 : float or array-like of shape (p,), default=0.0
        Strengths of the absolute values and of the squares, >= 0.
    lower, upper : float or array-like of shape (p,), default=-inf, inf
        Bounds.

    Returns
    -------
    w, slope : ndarray of shape (p,)
        Both after the cycle.
    largest : float
        Twice the largest decrease of a step.

    References
    ----------
    Friedman, Hastie & Tibshirani, "Regularization paths for generalized linear models via
    coordinate descent", J. Stat. Softw. 33(1) (2010), sec. 2.2.

    Examples
    --------
    >>> import numpy as np
    >>> from fastlogreg import reference
    >>> w, slope, _ = reference.coordinate_sweep(np.eye(2), [0.0, 0.0], [-3.0, 0.5], l1=1.0)
    >>> w
    array([2., 0.])
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
