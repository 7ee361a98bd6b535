"""What solvers hand back and what they tell a callback."""

from typing import NamedTuple

import numpy as np


class Solution(NamedTuple):
    """Where a solver ended; `status` is one of the stop reasons of `fastlogreg.result`."""

    theta: np.ndarray
    objective: float
    gap: float
    gradient_max: float
    status: str
    n_iter: int

    @property
    def finite(self):
        """Whether the point, its objective and its gradient are; the gap may be infinite."""
        numbers = np.isfinite([self.objective, self.gradient_max]).all()
        return bool(numbers and np.isfinite(self.theta).all())


class Iteration(NamedTuple):
    """One iteration on all rows, as a callback sees it; `n_passes` counts reads of X so far."""

    n_iter: int
    objective: float
    gap: float
    coef: np.ndarray
    intercept: float
    n_passes: float


class Watch:
    """Calls the user's callback with an `Iteration` after each iteration; True means stop.

    `passes(n_iter)` are the reads of X so far; `done` counts the iterations of a solver that handed
    over to the one that calls now.
    """

    def __init__(self, callback, fit_intercept, passes=float, done=0):
        self.callback, self.fit_intercept = callback, fit_intercept
        self.passes, self.done = passes, done

    def after(self, n_iter):
        """The watch for a solver that goes on after n_iter iterations of another."""
        return Watch(self.callback, self.fit_intercept, self.passes, self.done + n_iter)

    def __call__(self, n_iter, theta, objective, gap):
        """Whether the callback asks to stop; the start itself is not shown."""
        if self.callback is None or n_iter == 0:
            return False
        p = len(theta) - self.fit_intercept
        intercept = float(theta[-1]) if self.fit_intercept else 0.0
        done = self.done + n_iter
        seen = Iteration(
            done, objective, gap, theta[:p].copy(), intercept, float(self.passes(done))
        )
        return bool(self.callback(seen))


# Relative size of f's rounding: below it, descent cannot be told from noise.
ROUNDING = 4e-15

# No gap is called smaller than this part of f.
FLOOR = 1e-15
