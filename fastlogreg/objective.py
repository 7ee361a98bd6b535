"""The objective of a fit: weighted mean loss over the rows plus the ridge penalty.

    f(theta) = sum_i s_i loss(y_i, x_i . theta) / sum_i s_i + 1/2 sum_j ridge_j theta_j^2

`theta` holds the coefficients and, last, the intercept (ridge 0).  Solvers see this and nothing
below it; the one for absolute values and bounds finds these in `penalty`.  An objective counts the
passes over the data that it made.
"""

import math
from functools import cached_property

import numpy as np

from fastlogreg import design
from fastlogreg._kernels.core import Problem, count_ones, dot, padded, symmetrise

SMALL = 600_000  # entries of X up to which a fit is one compiled call


def null_intercept(y, weight, total):
    """The intercept alone that fits best, kept finite for a single class."""
    if weight is not None:
        ones = float(y @ weight)
    else:
        ones = float(y.sum()) if y.dtype.char == "d" else count_ones(y)
    mean = min(max(ones / total, 1e-12), 1.0 - 1e-12)
    return math.log(mean / (1.0 - mean))


class Objective:
    """A problem, its penalty and its scale; immutable but for the pass counter.

    Parameters
    ----------
    X : the user's matrix, needed for picking rows
    matrix : Matrix over X
    y : uint8 array of 0/1, or float64 array of targets in [0, 1]
    weight, offset : float64 arrays or None
    penalty : Penalty
    """

    def __init__(self, X, matrix, y, weight, offset, fit_intercept, penalty, n_threads, rows=None):
        self.X, self.matrix, self.y = X, matrix, y
        self.weight, self.offset, self.rows = weight, offset, rows
        self.problem = Problem(matrix, y, weight, offset, fit_intercept, rows)
        self.n, self.p, self.q = self.problem.n, self.problem.p, self.problem.q
        self.fit_intercept, self.penalty, self.n_threads = fit_intercept, penalty, n_threads
        self.total_weight = float(self.n if weight is None else weight.sum())
        self.ridge = np.zeros(self.q)
        self.ridge[: self.p] = penalty.l2
        self.passes = 0.0

    @property
    def alpha(self):
        """The ridge that all coefficients share; None if they differ."""
        return self.penalty.l2 if isinstance(self.penalty.l2, float) else None

    @property
    def coercive(self):
        """Whether every coefficient has a ridge, so that a finite optimum exists in any case."""
        return bool((self.ridge[: self.p] > 0.0).all())

    @property
    def sparse(self):
        """Whether X is CSR or CSC."""
        return self.matrix.layout in ("CSR", "CSC")

    @property
    def dense_bytes(self):
        """Size of X, were it dense."""
        return self.n * self.p * (4 if self.float32 else 8)

    @property
    def float32(self):
        """Whether X holds single precision."""
        return np.dtype(getattr(self.X, "dtype", np.float64)).char == "f"

    def _penalised(self, loss, theta):
        return loss / self.total_weight + 0.5 * dot(self.ridge, theta * theta)

    def value_gradient(self, theta, curvature=None, score=None):
        """f and its gradient; per-row s_i * curvature_i and scores into the arrays given."""
        gradient = np.empty(self.q)
        loss = self.problem.evaluate(theta, gradient, None, None, curvature, score, self.n_threads)
        self.passes += 1.0
        gradient /= self.total_weight
        gradient += self.ridge * theta
        return self._penalised(loss, theta), gradient

    def value_gradient_hessian(self, theta):
        """f, gradient and the Hessian as a full symmetric matrix."""
        gradient, hessian = np.empty(self.q), np.empty((padded(self.q),) * 2)
        loss = self.problem.evaluate(theta, gradient, hessian, None, None, None, self.n_threads)
        self.passes += 1.0
        gradient /= self.total_weight
        gradient += self.ridge * theta
        return self._penalised(loss, theta), gradient, self._symmetric(hessian)

    def gram(self, curvature, single=False):
        """sum_i curvature_i x_i x_i' / total weight + ridge, full symmetric.

        `single`: to about 1e-7 of its diagonal in half the time, where float's range allows it.
        """
        out = np.empty((padded(self.q),) * 2)
        self.problem.gram(curvature, out, self.n_threads, single)
        self.passes += 1.0
        if single:
            diagonal = out.diagonal()[: self.q]
            if not ((diagonal > 1e-25) & (diagonal < 1e35)).all():
                return self.gram(curvature)
        return self._symmetric(out)

    def _symmetric(self, upper):
        full = np.empty((self.q, self.q))
        symmetrise(upper, 1.0 / self.total_weight, self.ridge, full)
        return full

    def curved_product(self, curvature, v):
        """X' diag(curvature) X v / total weight + ridge * v."""
        out = np.empty(self.q)
        self.problem.curved_product(curvature, v, out, self.n_threads)
        self.passes += 1.0
        out /= self.total_weight
        out += self.ridge * v
        return out

    def collect(self, per_row, squared=False):
        """X' r / total weight, or with squared values; no penalty."""
        return self.gather(per_row, squared) / self.total_weight

    def dual_gap(self, theta, d, left=None):
        """Bound on f(theta) - min f from a step d, and how much of f(theta + d) it leaves open.

        `left` is ``gradient + Hessian d``, what the step leaves unsolved; None means nothing.
        Returns (inf, inf) where the step leads outside of the dual's domain.
        """
        cost, reach, fourth = self.problem.dual_gap(theta, d, None, self.n_threads)
        self.passes += 1.0
        if not reach < 1.0:
            return np.inf, np.inf
        penalty = self.ridge * d
        if left is None:
            short = 0.5 * dot(penalty, d)
        else:
            free = self.ridge > 0.0
            if np.any(left[~free]):
                return np.inf, np.inf
            short = 0.5 * float(((left - penalty)[free] ** 2 / self.ridge[free]).sum())
        return cost / self.total_weight + short, fourth / self.total_weight

    def gather(self, per_row, squared=False):
        """X' r, or with squared values, not divided by anything; shape (q,)."""
        out = np.empty(self.q)
        self.problem.collect(per_row, out, squared, self.n_threads)
        self.passes += 1.0
        return out

    def scores(self, theta):
        """x_i . theta with the offset, shape (n,)."""
        return self._predict(self.problem, theta)

    def along(self, v):
        """x_i . v without the offset, shape (n,)."""
        return self._predict(self._plain, v)

    def _predict(self, problem, v):
        out = np.empty(self.n)
        problem.predict(v, out, self.n_threads)
        self.passes += 1.0
        return out

    @cached_property
    def _plain(self):
        if self.offset is None:
            return self.problem
        return Problem(self.matrix, None, None, None, self.fit_intercept, self.rows)

    def sample(self, rows, factor, copied=False):
        """The objective over some rows, their weights multiplied by `factor` (array or 1.0).

        `copied`: over a copy of these rows in any case.
        """
        weight = np.ones(len(rows)) if self.weight is None else self.weight[rows]
        weight = weight * factor
        offset = None if self.offset is None else self.offset[rows]
        itemsize = 4 if self.float32 else 8
        small = len(rows) * self.p * itemsize <= 0.04 * self.dense_bytes
        if copied or small or self.matrix.layout != "C":
            X = design.pick_rows(self.X, rows)
            matrix, picked = design.as_matrix(X), None
        else:
            X, matrix, picked = self.X, self.matrix, rows
        return Objective(
            X, matrix, self.y[rows], weight, offset, self.fit_intercept, self.penalty,
            self.n_threads, picked,
        )  # fmt: skip

    def null_start(self):
        """Zero coefficients, and the intercept that fits best alone."""
        theta = np.zeros(self.q)
        if self.fit_intercept:
            theta[-1] = null_intercept(self.y, self.weight, self.total_weight)
        return theta
