"""Newton's method with the exact Hessian: the solver that nothing upsets.

Each step reads X for loss and gradient, for the Hessian and for the certificate, a lower bound on the
minimum: the gap of any later point is its objective less that bound, so the last step needs no Hessian.  A singular Hessian is met by its pseudo-inverse in
equilibrated columns, so that from a start at zero the penalised or minimum-norm optimum comes out.

Reference: Nocedal & Wright, "Numerical Optimization" (2006), algorithm 3.2.
"""

import numpy as np

from fastlogreg.result import CALLBACK, CONVERGED, MAX_ITER, SEPARATED, STALLED
from fastlogreg.solvers.linear import Inverse
from fastlogreg.solvers.state import ROUNDING, Solution


def separated(objective, theta):
    """Whether theta puts every row strictly on its right side, rounding included."""
    if objective.y.dtype.char == "d":
        return False
    margin = objective.scores(theta) * np.where(objective.y == 1, 1.0, -1.0)
    counts = slice(None) if objective.weight is None else objective.weight > 0
    return bool((margin[counts] > 1e-8).all())


def minimum_norm(theta, null, fit_intercept):
    """theta minus what lies along directions that change no score, so that the coefficients are least.

    `null` (q, k) spans those directions; the intercept may move, its size does not count.
    """
    if not null.shape[1]:
        return theta
    counted = null[: len(theta) - fit_intercept]
    shift, *_ = np.linalg.lstsq(counted, theta[: len(counted)], rcond=None)
    return theta - null @ shift


def newton(objective, theta, tol, max_iter, watch):
    """Minimise from theta until the certified gap is at most tol * objective; a `Solution`."""
    curvature = np.empty(objective.n)
    f, g = objective.value_gradient(theta, curvature=curvature)
    least = -np.inf  # the minimum is no less
    for n_iter in range(max_iter + 1):
        gap = f - least + ROUNDING * f
        here = Solution(theta, f, gap, float(np.abs(g).max(initial=0.0)), CONVERGED, n_iter)
        stop = watch(n_iter, theta, f, gap)
        if gap <= tol * f:
            return _finish(objective, here, inverse)
        if stop:
            return here._replace(status=CALLBACK)
        if objective.alpha == 0.0 and f < 1e-8 and separated(objective, theta):
            return here._replace(status=SEPARATED)
        if not np.isfinite(f) or not np.isfinite(here.gradient_max):
            return here._replace(status=STALLED)
        inverse = Inverse(objective.gram(curvature))
        d = -inverse(g)
        gap = min(gap, objective.dual_gap(theta, d)[0])
        least = max(least, f - gap)
        here = here._replace(gap=gap)
        if gap <= tol * f:
            return _finish(objective, here, inverse)
        if n_iter == max_iter:
            return here._replace(status=MAX_ITER)
        slope, size = float(g @ d), 1.0
        while True:
            trial = theta + size * d
            f_new, g_new = objective.value_gradient(trial, curvature=curvature)
            if f_new <= f + 1e-4 * size * slope:
                break
            if -slope * size <= ROUNDING * f or size < 1e-10:
                return _finish(objective, here._replace(status=STALLED), inverse)
            size *= 0.5
        theta, f, g = trial, f_new, g_new
    raise AssertionError("unreachable")


def _finish(objective, solution, inverse):
    if objective.alpha == 0.0 and inverse.rank < objective.q:
        theta = minimum_norm(solution.theta, inverse.null, objective.fit_intercept)
        return solution._replace(theta=theta)
    return solution
