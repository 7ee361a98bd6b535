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
from fastlogreg.solvers.state import FLOOR, ROUNDING, Solution


def row_gram(objective):
    """X X', full symmetric (n, n): the Gram matrix of the transposed data, no copy.

    To about 1e-7 where that is small beside the ridge: the exact scores then put it right.
    """
    n = objective.n
    transposed = Problem(objective.matrix.transposed(), None, None, None, False)
    out = np.empty((padded(n),) * 2)
    for single in (True, False):
        transposed.gram(None, out, objective.n_threads, single)
        objective.passes += 1.0
        diagonal = out.diagonal()[:n]
        # the system's own diagonal is at least alpha / c >= 4 alpha n
        safe = 1e-5 * diagonal.max() < 4.0 * objective.alpha * objective.total_weight
        if safe and diagonal.min() > 1e-25 and diagonal.max() < 1e35:
            break
    full = np.empty((n, n))
    symmetrise(out, 1.0, np.zeros(n), full)
    return full


def dual(objective, theta, tol, max_iter, watch):
    """Minimise until the certified gap is at most tol * objective; a `Solution`.

    Of the start only the intercept is used.
    """
    model = Model(objective, float(theta[-1]) if objective.fit_intercept else 0.0)
    n_iter = 0
    for _ in range(6):
        n_iter, status = _inner(model, n_iter, tol, max_iter, watch)
        theta = model.coefficients()
        z = np.empty(objective.n)
        f, g = objective.value_gradient(theta, score=z)
        gap = model.correct(z)
        if gap <= tol * f or status != CONVERGED:
            break
    if gap <= tol * f:
        status = CONVERGED
    elif status == CONVERGED:
        status = STALLED
    return Solution(theta, f, gap, float(np.abs(g).max(initial=0.0)), status, n_iter)


class Model:
    """The fit in beta and the intercept b, with scores z = G beta + b + shift.

    `shift` is the offset, and what G's rounding takes from the scores of coef = X' beta.
    """

    def __init__(self, objective, b):
        self.objective, self.gram = objective, row_gram(objective)
        self.shift = np.zeros(objective.n) if objective.offset is None else objective.offset.copy()
        self.beta, self.b = np.zeros(objective.n), b
        self.move_to(self.beta, b, np.full(objective.n, b) + self.shift)

    def move_to(self, beta, b, z):
        """Take a point whose scores are known."""
        self.beta, self.b, self.z = beta, b, z
        loss, self.r, self.c = _losses(self.objective, z)
        self.f = loss + 0.5 * self.objective.alpha * dot(beta, z - self.shift - b)

    def gap(self):
        """The bound of the module's docstring at the present scores."""
        return bound(self.r + self.objective.alpha * self.beta, self.c) + FLOOR * self.f

    def correct(self, z):
        """Take over the exact scores of the present coefficients; their gap."""
        self.shift = self.shift + (z - self.z)
        self.move_to(self.beta, self.b, z)
        return self.gap()

    def exact(self):
        """Coefficients, objective and gap by the data instead of G: for whoever watches."""
        theta, z = self.coefficients(), np.empty(self.objective.n)
        f, _ = self.objective.value_gradient(theta, score=z)
        _, r, c = _losses(self.objective, z)
        return theta, f, bound(r + self.objective.alpha * self.beta, c) + FLOOR * f

    def coefficients(self):
        """coef = X' beta and the intercept as one vector."""
        theta = self.objective.gather(self.beta)
        if self.objective.fit_intercept:
            theta[-1] = self.b
        return theta


def _inner(model, n_iter, tol, max_iter, watch):
    """Newton steps on the model to a quarter of tol: iterations so far and why they ended."""
    alpha = model.objective.alpha
    while True:
        if watch.callback and watch(n_iter, *model.exact()):
            return n_iter, CALLBACK
        gap = model.gap()
        if gap <= 0.25 * tol * model.f:
            return n_iter, CONVERGED
        if n_iter == max_iter:
            return n_iter, MAX_ITER
        beta, b = _newton_point(
            model.objective, model.gram, model.z - model.shift, model.r, model.c
        )
        d_beta, d_b = beta - model.beta, b - model.b
        d_z = model.gram @ d_beta + d_b
        old_beta, old_b, old_z, old_f = model.beta, model.b, model.z, model.f
        slope = dot(model.r, d_z) + alpha * dot(old_z - model.shift - old_b, d_beta)
        step = 1.0
        while True:
            model.move_to(old_beta + step * d_beta, old_b + step * d_b, old_z + step * d_z)
            if model.f <= old_f + 1e-4 * step * slope:
                break
            if -slope * step <= ROUNDING * old_f or step < 1e-10:
                return n_iter + 1, CONVERGED  # as far as the model goes
            step *= 0.5
        n_iter += 1
        if -slope <= ROUNDING * old_f:
            return n_iter, CONVERGED  # the model's f cannot show what that step gained


def _losses(objective, z):
    """Mean loss, weighted residuals and curvatures at scores z."""
    r, c = np.empty(objective.n), np.empty(objective.n)
    loss = objective.problem.losses(z, r, c)
    return tuple(value / objective.total_weight for value in (loss, r, c))


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
