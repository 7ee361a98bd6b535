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
    "firth", "gradient_descent",
    "hessian_vector_product", "leverages", "log_loss", "log_sigmoid", "loss_gradient",
    "loss_gradient_hessian",
    "fenchel_young", "newton", "penalty", "penalty_conjugate", "predict_proba", "proximal_newton",
    "sigmoid", "softplus",
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

    Written as ``log1p(exp(-|z|)) + c |z|`` where c is the target's weight on the wrong side of z,
    so that a certain and right answer (c = 0) costs ``exp(-|z|)`` and never 0 * inf.
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


def penalty_terms(coef, l1, l2):
    """The penalty of each coefficient."""
    return l1 * np.abs(coef) + 0.5 * l2 * coef * coef


def penalty(coef, l1=0.0, l2=0.0):
    """``sum_j l1_j |b_j| + l2_j b_j^2 / 2``."""
    return float(np.sum(penalty_terms(coef, l1, l2)))


def penalty_conjugate(u, l1=0.0, l2=0.0, lower=-np.inf, upper=np.inf):
    """Largest ``u b - l1 |b| - l2 b^2 / 2`` over b in [lower, upper], elementwise: (value, excess).

    Where nothing holds b back the maximum is infinite; the value is then 0 and ``excess`` is
    ``|u| - l1 > 0``, which is 0 elsewhere.
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
    """pen(b) + b v + pen*(-v) >= 0 for each coefficient b, and the excess: (terms, excess)."""
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
    step = w - coef
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


def proximal_newton(
    X, y, *, l1=0.0, l2=0.0, lower=-np.inf, upper=np.inf, fit_intercept=True, sample_weight=None,
    offset=None, max_iter=100, tol=1e-14,
):  # fmt: skip
    """Newton's method for absolute values and bounds; (coef, intercept, objectives).

    Each step minimises the loss' quadratic model plus the exact penalty on the box by cycles of
    `coordinate_sweep`, and is halved until the objective falls.  Stops when the model promises less
    than ``tol`` times the objective, or when no step lowers it.

    Reference: Lee, Sun & Saunders, "Proximal Newton-type methods for minimizing composite
    functions" (2014).
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


def _split(theta, fit_intercept):
    return (theta[:-1], theta[-1]) if fit_intercept else (theta, None)


def gradient_descent(
    X, y, *, alpha=0.0, fit_intercept=True, sample_weight=None, offset=None,
    learning_rate=None, max_iter=1000, tol=1e-6,
):  # fmt: skip
    """Plain gradient descent from zero; returns (coef, intercept, losses after each step).

    The default learning rate is 1 / L with ``L = ||design||_2^2 max(s) / 4 + alpha``, a bound on
    the Hessian's largest eigenvalue, for which the loss never rises.  Stops at
    ``max |gradient| <= tol``.
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


def leverages(X, coef, intercept=None, *, sample_weight=None, offset=None):
    """Leverages h_i = w_i x_i' (sum_k w_k x_k x_k')^{-1} x_i, shape (n,), by a QR factorisation.

    w_i is the weight times ``pi_i (1 - pi_i)``; with an intercept x_i has a last entry 1.  They are
    the diagonal of the projection on the columns of ``diag(sqrt(w)) X``, so that each is in [0, 1]
    and their sum is the number of independent columns.
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

    Sources: Firth (1993); Heinze & Schemper (2002); Kosmidis & Firth, "Jeffreys-prior penalty,
    finiteness and shrinkage in binomial-response generalized linear models" (2021).
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
