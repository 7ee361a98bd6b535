"""Truncated Newton for sparse data and for more columns than a Hessian can be kept of.

The Newton system is solved by conjugate gradients on Hessian-vector products (one fused read of X
each), preconditioned by the Hessian's diagonal, as exactly as the outer progress deserves.  The
intercept is eliminated: with c = X' h and H = sum h, any direction v takes v_b = -(c . v) / H, so
that it stays optimal throughout and the dual constraint of the intercept holds exactly.

Certificate: Objective.dual_gap at each step; it needs a positive ridge, since conjugate gradients
leave something unsolved.

References: Dembo & Steihaug, "Truncated-Newton algorithms" (1983); Hsia, Chiang & Lin,
"Preconditioned conjugate gradient methods in truncated Newton frameworks for large-scale linear
classification" (2018); Galli & Lin, "A study on truncated Newton methods for linear
classification" (2022).
"""

import numpy as np

from fastlogreg._kernels.core import dot
from fastlogreg.result import CALLBACK, CONVERGED, MAX_ITER, SEPARATED, STALLED
from fastlogreg.solvers.newton import separated
from fastlogreg.solvers.state import FLOOR, ROUNDING, Solution


class Curved:
    """The Hessian at a point as an operator on coefficients, the intercept eliminated."""

    def __init__(self, objective, curvature):
        self.objective, self.curvature = objective, curvature
        p = self.p = objective.p
        diagonal = objective.collect(curvature, squared=True)
        if objective.fit_intercept:
            sums = objective.collect(curvature)
            self.cross, self.total = sums[:p], sums[p]
            diagonal[:p] -= self.cross**2 / self.total
        else:
            self.cross, self.total = np.zeros(p), 1.0
        diagonal = np.maximum(diagonal[:p], 0.0) + objective.ridge[:p]
        diagonal[diagonal == 0] = 1.0
        self.inverse_diagonal = 1.0 / diagonal

    def with_intercept(self, v, g_b=0.0):
        """v and the intercept's step that makes the intercept's equation hold."""
        if not self.objective.fit_intercept:
            return v
        return np.append(v, -(dot(self.cross, v) + g_b) / self.total)

    def __call__(self, v):
        """The Hessian's product with v."""
        return self.objective.curved_product(self.curvature, self.with_intercept(v))[: self.p]


class ConjugateGradients:
    """d with H d = -g, step by step; can be told to go on.

    Attributes
    ----------
    d, left : ndarray of shape (p,)
        The direction so far, and g + H d.
    """

    def __init__(self, hessian, g):
        self.hessian = hessian
        self.d, self.left = np.zeros_like(g), g.copy()
        scaled = hessian.inverse_diagonal * self.left
        self._direction = -scaled
        self.first = self.size = dot(self.left, scaled)

    def run(self, done, max_steps=500):
        """Steps until done(self), or the limit, or no curvature is left."""
        for _ in range(max_steps):
            if done(self) or not self.size > 0.0:
                return
            product = self.hessian(self._direction)
            curvature = dot(self._direction, product)
            if not curvature > 0.0:
                return
            step = self.size / curvature
            self.d += step * self._direction
            self.left += step * product
            scaled = self.hessian.inverse_diagonal * self.left
            size = dot(self.left, scaled)
            self._direction *= size / self.size
            self._direction -= scaled
            self.size = size


def truncated_newton(objective, theta, tol, max_iter, watch):
    """Minimise from theta until the certified gap is at most tol * objective; a `Solution`."""
    p, ridge = objective.p, objective.ridge[: objective.p]
    curvature = np.empty(objective.n)
    f, g = objective.value_gradient(theta, curvature=curvature)
    least, forcing, before = -np.inf, 0.1, None  # the minimum is no less than `least`
    at_floor = False
    for n_iter in range(max_iter + 1):
        gap = f - least + ROUNDING * f
        here = Solution(theta, f, gap, float(np.abs(g).max(initial=0.0)), CONVERGED, n_iter)
        stop = watch(n_iter, theta, f, gap)
        if gap <= tol * f:
            return here
        if stop:
            return here._replace(status=CALLBACK)
        if not objective.coercive and f < 1e-8 and separated(objective, theta):
            return here._replace(status=SEPARATED)
        if at_floor:
            return here._replace(status=STALLED)
        if n_iter == max_iter:
            return here._replace(status=MAX_ITER)
        if not np.isfinite(f) or not np.isfinite(here.gradient_max):
            return here._replace(status=STALLED)
        hessian = Curved(objective, curvature)
        g_b = g[p] if objective.fit_intercept else 0.0
        # the gradient once the intercept has taken its own Newton step
        cg = ConjugateGradients(hessian, g[:p] - (g_b / hessian.total) * hessian.cross)
        if before:
            forcing = min(0.1, max(0.3 * np.sqrt(cg.size / before), 1e-4))
        before = cg.first
        cg.run(lambda cg, least=forcing * forcing * cg.first: cg.size <= least)

        def certify(cg, hessian=hessian, g_b=g_b, theta=theta):
            d = hessian.with_intercept(cg.d, g_b)
            left = np.append(cg.left, 0.0) if objective.fit_intercept else cg.left
            return d, *objective.dual_gap(theta, d, left)

        d, gap, open_part = certify(cg)
        if ridge.all() and open_part <= 0.5 * tol * f:
            # a Newton step from here is the last one, if only it is solved well enough
            cg.run(lambda cg, f=f: float((cg.left**2 / ridge).sum()) <= 0.5 * tol * f)
            d, gap, open_part = certify(cg)
        least = max(least, f - gap - FLOOR * f)
        slope, step = dot(g, d), 1.0
        at_floor = -slope <= ROUNDING * f  # f cannot show what this step gains: it is the last
        while True:
            trial = theta + step * d
            f_new, g_new = objective.value_gradient(trial, curvature=curvature)
            if f_new <= f + 1e-4 * step * slope:
                break
            if step < 1e-10 and n_iter == 0 and theta.any():
                # a start so far off that its rows have no curvature left: begin at zero
                return truncated_newton(objective, objective.null_start(), tol, max_iter, watch)
            if -slope * step <= ROUNDING * f or step < 1e-10:
                gap = min(here.gap, gap + FLOOR * f)
                return here._replace(gap=gap, status=CONVERGED if gap <= tol * f else STALLED)
            step *= 0.5
        theta, f, g = trial, f_new, g_new
    raise AssertionError("unreachable")
