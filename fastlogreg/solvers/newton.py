"""Newton's method with the exact Hessian: the solver that nothing upsets.

Each step reads X for loss and gradient, for the Hessian and for the certificate, a lower bound on
the minimum: the gap of any later point is its objective less that bound, so the last step needs no
Hessian.  A singular Hessian is met by its pseudo-inverse in equilibrated columns, so that from a
start at zero the penalised or minimum-norm optimum comes out.

Reference: Nocedal & Wright, "Numerical Optimization" (2006), algorithm 3.2.
"""

import numpy as np

from fastlogreg._kernels.core import dot
from fastlogreg.result import CALLBACK, CONVERGED, DIVERGED, MAX_ITER, SEPARATED, STALLED
from fastlogreg.solvers.linear import Inverse
from fastlogreg.solvers.state import FLOOR, ROUNDING, Solution


def separated(objective, theta):
    """Whether theta puts every row strictly on its right side, rounding included."""
    if objective.y.dtype.char == "d":
        return False
    margin = objective.scores(theta) * np.where(objective.y == 1, 1.0, -1.0)
    counts = slice(None) if objective.weight is None else objective.weight > 0
    return bool((margin[counts] > 1e-8).all())


def minimum_norm(theta, null, fit_intercept):
    """theta less what lies along directions that change no score: the smallest coefficients.

    `null` (q, k) spans those directions; the intercept may move, its size does not count.
    """
    if not null.shape[1]:
        return theta
    counted = null[: len(theta) - fit_intercept]
    shift, *_ = np.linalg.lstsq(counted, theta[: len(counted)], rcond=None)
    return theta - null @ shift


class Damping:
    """How much of the curvature's upper bound, diag(X' s X)/4 + ridge, is added to the Hessian.

    Nothing, until a step fails: far from the optimum, saturated rows have no curvature left, and
    the Hessian alone then says nothing about how far to go.
    """

    def __init__(self, objective):
        self.objective, self.amount, self._bound = objective, 0.0, None

    def raise_(self):
        """More of it; False once it is so much that only rounding can stop descent."""
        if self._bound is None:
            weight = self.objective.weight
            ones = np.ones(self.objective.n) if weight is None else weight
            self._bound = 0.25 * self.objective.collect(ones, squared=True) + self.objective.ridge
        self.amount = 100.0 * self.amount if self.amount else 1e-6
        return self.amount <= 100.0 * self.objective.q

    def lower(self):
        """Less of it after a step that went through."""
        self.amount = 0.1 * self.amount if self.amount > 1e-7 else 0.0

    def inverse(self, hessian):
        """The (pseudo-)inverse of the damped Hessian."""
        if not self.amount:
            return Inverse(hessian)
        hessian = hessian.copy()
        hessian[np.diag_indices(len(hessian))] += self.amount * self._bound
        return Inverse(hessian)


def newton(objective, theta, tol, max_iter, watch):
    """Minimise from theta until the certified gap is at most tol * objective; a `Solution`."""
    curvature = np.empty(objective.n)
    f, g = objective.value_gradient(theta, curvature=curvature)
    least, inverse = -np.inf, None  # the minimum is no less than `least`
    damping, at_floor = Damping(objective), False
    for n_iter in range(max_iter + 1):
        gap = f - least + ROUNDING * f
        here = Solution(theta, f, gap, float(np.abs(g).max(initial=0.0)), CONVERGED, n_iter)
        stop = watch(n_iter, theta, f, gap)
        if gap <= tol * f:
            return _finish(objective, here, inverse)
        if stop:
            return here._replace(status=CALLBACK)
        if not objective.coercive and f < 1e-8 and separated(objective, theta):
            return here._replace(status=SEPARATED)
        if at_floor:
            return _finish(objective, here._replace(status=STALLED), inverse)
        if not np.isfinite(f) or not np.isfinite(here.gradient_max):
            return here._replace(status=STALLED)
        hessian = objective.gram(curvature)
        while True:
            inverse = damping.inverse(hessian)
            d = -inverse(g)
            proved = np.inf if damping.amount else objective.dual_gap(theta, d)[0]
            gap = min(gap, proved + FLOOR * f)
            here = here._replace(gap=gap)
            if gap <= tol * f:
                return _finish(objective, here, inverse)
            slope = dot(g, d)
            if -slope <= 1e-9 * f and inverse.rank < objective.q:
                # is the gradient spent, or does it lie where curvature is lost?
                left = np.abs(g + hessian @ d).max()
                if left > 0.1 * np.abs(g).max() and damping.raise_():
                    continue
            if not objective.coercive and proved == np.inf and -slope <= 1e-9 * f:
                # steps that gain nothing still move scores by 1: the mark of a limit at infinity
                return here._replace(status=DIVERGED)
            if n_iter == max_iter:
                return here._replace(status=MAX_ITER)
            step = _line_search(objective, theta, f, d, slope, curvature)
            if step is not None:
                break
            if -slope <= 100.0 * ROUNDING * f or not damping.raise_():
                return _finish(objective, here._replace(status=STALLED), inverse)
        # f cannot show what this step gained: it was the last
        at_floor = not damping.amount and -slope <= ROUNDING * f
        damping.lower()
        least = max(least, f - gap)
        theta, f, g = step
    raise AssertionError("unreachable")


def _line_search(objective, theta, f, d, slope, curvature):
    """Armijo by halving: (theta, f, g), the curvatures filled; None if no step descends."""
    size = 1.0
    while slope < 0.0 and size > 1e-4:
        trial = theta + size * d
        f_new, g_new = objective.value_gradient(trial, curvature=curvature)
        if f_new <= f + 1e-4 * size * slope:
            return trial, f_new, g_new
        if -slope * size <= ROUNDING * f:
            return None
        size *= 0.5
    return None


def _finish(objective, solution, inverse):
    if not objective.coercive and inverse.rank < objective.q:
        theta = minimum_norm(solution.theta, inverse.null, objective.fit_intercept)
        return solution._replace(theta=theta)
    return solution
