"""Ridge with more columns than rows: Newton in the n-dimensional span of the rows.

With G = X X' the optimum is coef = X' beta, and with c_i = s_i h_i the Newton iterate solves
    (G + alpha C^{-1}) beta + b 1 = zeta,   1' beta = 0,   zeta = z - r / c  (the working response),
as a system with C^1/2 G C^1/2 + alpha I.  X is read for G once, and for coef and the proof at the
end.

Certificate: alpha beta is a dual point that meets its constraints exactly, so with
a_i = sigmoid(-y_i z_i) and moved_i the dual variable of row i,
    gap = sum_i s_i KL(moved_i || a_i) <= sum_i m_i^2 / (2 c_i (1 - |m_i| / c_i)),
    m_i = s_i r_i + alpha beta_i  (weighted; the proof is that of reference.duality_gap).

Reference: Hastie & Tibshirani, "Efficient quadratic regularization for expression arrays" (2004).
"""

import numpy as np

from fastlogreg._kernels.core import Problem, dot, padded, symmetrise
from fastlogreg.result import CALLBACK, CONVERGED, MAX_ITER, STALLED
from fastlogreg.solvers.linear import Inverse
from fastlogreg.solvers.state import ROUNDING, Solution


def row_gram(objective):
    """X X', full symmetric (n, n): the Gram matrix of the transposed data, no copy."""
    n = objective.n
    transposed = Problem(objective.matrix.transposed(), None, None, None, False)
    out = np.empty((padded(n),) * 2)
    transposed.gram(None, out, objective.n_threads)
    objective.passes += 1.0
    full = np.empty((n, n))
    symmetrise(out, 1.0, np.zeros(n), full)
    return full


def dual(objective, theta, tol, max_iter, watch):
    """Minimise until the certified gap is at most tol * objective; a `Solution`.

    Of the start only the intercept is used.
    """
    n, alpha = objective.n, objective.alpha
    gram = row_gram(objective)
    offset = 0.0 if objective.offset is None else objective.offset
    beta, b = np.zeros(n), float(theta[-1]) if objective.fit_intercept else 0.0
    z = np.full(n, b) + offset
    loss, r, c = _losses(objective, z)
    f = loss
    stalled = False
    for n_iter in range(max_iter + 1):
        gap = bound(r + alpha * beta, c)
        if watch.callback and watch(n_iter, _coefficients(objective, beta, b), f, gap):
            break
        if gap <= 0.5 * tol * f or n_iter == max_iter:
            break
        new_beta, new_b = _newton_point(objective, gram, z - offset, r, c)
        d_beta, d_b = new_beta - beta, new_b - b
        d_z = gram @ d_beta + d_b
        slope, step = dot(r, d_z) + alpha * dot(z - offset - b, d_beta), 1.0
        while True:
            trial_beta, trial_b, trial_z = beta + step * d_beta, b + step * d_b, z + step * d_z
            loss, r_new, c_new = _losses(objective, trial_z)
            f_new = loss + 0.5 * alpha * dot(trial_beta, trial_z - offset - trial_b)
            if f_new <= f + 1e-4 * step * slope or -slope * step <= ROUNDING * f or step < 1e-10:
                break
            step *= 0.5
        stalled = -slope * step <= ROUNDING * f
        beta, b, z, f, r, c = trial_beta, trial_b, trial_z, f_new, r_new, c_new
        if stalled:
            break
    theta = _coefficients(objective, beta, b)
    f, g = objective.value_gradient(theta, score=z)
    _, r, c = _losses(objective, z)
    gap = bound(r + alpha * beta, c)
    largest = float(np.abs(g).max(initial=0.0))
    if gap <= tol * f:
        status = CONVERGED
    elif n_iter == max_iter:
        status = MAX_ITER
    else:
        status = STALLED if stalled else CALLBACK
    return Solution(theta, f, gap, largest, status, n_iter)


def _losses(objective, z):
    """Mean loss, weighted residuals and curvatures at scores z."""
    r, c = np.empty(objective.n), np.empty(objective.n)
    loss = objective.problem.losses(z, r, c)
    return tuple(value / objective.total_weight for value in (loss, r, c))


def _coefficients(objective, beta, b):
    theta = objective.gather(beta)
    if objective.fit_intercept:
        theta[-1] = b
    return theta


def _newton_point(objective, gram, z, r, c):
    """beta and intercept that solve the Newton system at scores z (offset taken off)."""
    root = np.sqrt(c)
    inverse_root = np.divide(1.0, root, out=np.zeros_like(root), where=root > 0)
    system = gram * root * root[:, None]
    system[np.diag_indices(len(z))] += objective.alpha
    inverse = Inverse(system)
    own, shift = inverse(root * z - r * inverse_root), inverse(root)
    b = 0.0
    if objective.fit_intercept:
        b = dot(root, own) / dot(root, shift)
    beta = root * (own - b * shift)
    return beta, b


def bound(move, c):
    """sum of move^2 / (2 c (1 - |move|/c)) over rows with c > 0; inf if a move leaves (0, 1)."""
    counts = c > 0
    move, c = np.abs(move[counts]), c[counts]
    if not (move < c).all():
        return np.inf
    return float((move * move / (2.0 * (c - move))).sum())
