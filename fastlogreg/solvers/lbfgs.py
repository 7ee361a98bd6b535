"""L-BFGS preconditioned by the Hessian's diagonal, on the fused pass: O(p) memory at any shape.

It comes close; the truncated Newton method then takes the last steps and proves how close.

Reference: Liu & Nocedal, "On the limited memory BFGS method for large scale optimization" (1989).
"""

import numpy as np

from fastlogreg._kernels.core import dot
from fastlogreg.result import CALLBACK
from fastlogreg.solvers.quasi_newton import Pairs, search
from fastlogreg.solvers.state import Solution
from fastlogreg.solvers.truncated_newton import truncated_newton


def lbfgs(objective, theta, tol, max_iter, watch):
    """Minimise from theta until the certified gap is at most tol * objective; a `Solution`."""
    curvature = np.empty(objective.n)
    f, g = objective.value_gradient(theta, curvature=curvature)
    diagonal = objective.collect(curvature, squared=True) + objective.ridge
    inverse = np.divide(1.0, diagonal, out=np.ones_like(diagonal), where=diagonal > 0)
    pairs, n_iter = Pairs(objective.q), 0
    for n_iter in range(max_iter):
        if watch(n_iter, theta, f, np.inf):
            return Solution(theta, f, np.inf, float(np.abs(g).max()), CALLBACK, n_iter)
        if 0.5 * dot(g, inverse * g) <= tol * f:
            break
        step, new, f, g_new = search(
            objective, theta, f, g, pairs.direction(g, lambda v: inverse * v)
        )
        if step == 0.0:
            break
        pairs.add(new - theta, g_new - g)
        theta, g = new, g_new
    solution = truncated_newton(objective, theta, tol, max_iter - n_iter, watch.after(n_iter))
    return solution._replace(n_iter=solution.n_iter + n_iter)
