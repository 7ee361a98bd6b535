"""L-BFGS around a given preconditioner: the engine of every level of `multilevel`, and of `lbfgs`.

The initial inverse Hessian of the two-loop recursion is the preconditioner's; with a good one (the
Hessian of a sample of the rows) unit steps contract the error a hundredfold and more per pass.

Reference: Nocedal & Wright, "Numerical Optimization" (2006), algorithms 7.4 and 7.5.
"""

import numpy as np

from fastlogreg._kernels import core as kernels
from fastlogreg._kernels.core import dot
from fastlogreg.solvers.state import ROUNDING


class Pairs(kernels.Pairs):
    """The last steps and gradient changes, and the inverse Hessian they imply."""

    def direction(self, gradient, precondition):
        """Minus the approximate inverse Hessian times the gradient."""
        v = gradient.copy()
        self.first(v)
        v = precondition(v)
        self.second(v)
        return np.negative(v, out=v)


def search(objective, theta, f, g, d, **arrays):
    """Armijo step along d by halving; (size, theta, f, g), or size 0 at the rounding floor."""
    slope = dot(g, d)
    if not slope < 0.0:
        return 0.0, theta, f, g
    size = 1.0
    while size > 1e-8:
        trial = theta + size * d
        f_new, g_new = objective.value_gradient(trial, **arrays)
        if f_new <= f + 1e-4 * size * slope:
            return size, trial, f_new, g_new
        small = abs(f_new - f) <= ROUNDING * f
        if small and abs(dot(g_new, d)) <= 0.5 * abs(slope):
            return size, trial, f_new, g_new  # f is noise here: the gradient decides
        if not np.isfinite(f_new):
            size *= 0.1
            continue
        # minimiser of the parabola through f, slope and f_new, kept within sane bounds
        parabola = -0.5 * slope * size * size / (f_new - f - slope * size)
        size = min(max(parabola, 0.1 * size), 0.5 * size)
    return 0.0, theta, f, g
