"""The binary log-likelihood with Jeffreys' penalty, and its maximum under constraints.

    l*(theta) = sum_i s_i log P(y_i) + power log det I(theta),   I(theta) = sum_i w_i x_i x_i'

with weights s as numbers of equal rows; the mathematics stands in `fastlogreg.reference.firth`, the
solver in _kernels/firth.c.
"""

from typing import NamedTuple

import numpy as np

from fastlogreg import design
from fastlogreg import validation as valid
from fastlogreg._kernels import core as kernels
from fastlogreg.functions import sigmoid


class Maximum(NamedTuple):
    """Where a search for the maximum of l* ended.

    ``score`` is the gradient of l* there, fixed parameters included, ``covariance`` the inverse of
    I, ``step`` the length of the next step, not taken, in standard errors. ``status`` is one of
    `fastlogreg._kernels.core.FIRTH_STATUS`.
    """

    theta: np.ndarray
    loglik: float
    penalised_loglik: float
    score: np.ndarray
    covariance: np.ndarray
    step: float
    status: str
    n_iter: int


class SingularError(ValueError):
    """The information matrix is singular where a search starts."""

    def __init__(self):
        super().__init__(
            "the information matrix is singular where the fit starts: scores there are so large "
            "that no row has any curvature left; look at offset, start and the scale of X"
        )


class BinaryLikelihood:
    """l* of one data set; parameters are the columns' coefficients and, last, the intercept."""

    def __init__(self, X, y, weight, offset, fit_intercept, power, n_threads, matrix=None):
        """X as the user gave it, the rest checked; y uint8 0/1 or float64 in [0, 1].

        `matrix`: the `Matrix` over X, if it is there.
        """
        self.X = design.by_row(X)
        self.y, self.weight, self.offset = y, weight, offset
        self.fit_intercept, self.power, self.n_threads = fit_intercept, power, n_threads
        if matrix is None or matrix.layout == "CSC":
            matrix = design.as_matrix(self.X)
        self.problem = kernels.Problem(matrix, y, weight, offset, fit_intercept)
        self.q = self.problem.q

    def null_start(self):
        """Zero coefficients, and the intercept that is best alone: finite for one class too."""
        theta = np.zeros(self.q)
        if self.fit_intercept:
            if self.weight is None:
                ones, total = float(self.y.sum()), float(len(self.y))
            else:
                ones, total = float(self.weight @ self.y), float(self.weight.sum())
            a = max(self.power, 1e-12)
            theta[-1] = np.log((ones + a) / (total - ones + a))
            if self.offset is not None:
                s = np.ones(len(self.y)) if self.weight is None else self.weight
                theta[-1] = self._beside_offset(theta[-1], s / total)
        return theta

    def _beside_offset(self, level, s):
        """About the intercept whose mean probability is sigmoid(level)."""
        from scipy.optimize import brentq

        o, mean = self.offset, sigmoid(level)
        low, high = level - o.max(), level - o.min()
        if high - low < 1e-3:
            return low
        return brentq(lambda b: s @ sigmoid(o + b) - mean, low - 1e-6, high + 1e-6, xtol=1e-3)

    def maximise(self, start, tol, max_iter, fixed=None, seek_start=False):
        """The `Maximum` from `start` on; parameters where `fixed` (q,) is true stay as they are."""
        theta, score = np.array(start, dtype=np.float64), np.zeros(self.q)
        side = kernels.padded(self.q)
        factor = np.zeros((side, side))
        fixed = None if fixed is None else np.asarray(fixed, dtype=np.uint8)
        status, n_iter, loss, log_determinant, step = kernels.firth(
            self.problem, theta, score, factor, self.power, tol, max_iter, fixed, seek_start,
            self.n_threads,
        )  # fmt: skip
        if status == "nonfinite":
            valid.refuse_values(self.X)
        if status == "singular":
            raise SingularError
        factor = factor[: self.q, : self.q]
        penalised = -loss + self.power * log_determinant
        np.negative(score, out=score)
        covariance = factor @ factor.T
        return Maximum(theta, -loss, penalised, score, covariance, step, status, n_iter)

    def leverages(self, theta):
        """Leverages of the rows at theta, shape (n,); they include the weights."""
        side = kernels.padded(self.q)
        hessian, factor = np.zeros((side, side)), np.zeros((side, side))
        self.problem.evaluate(theta, None, hessian, n_threads=self.n_threads)
        information = np.ascontiguousarray(hessian[: self.q, : self.q])
        kernels.Cholesky(information).inverse_factor(factor)
        out = np.empty(len(self.y))
        kernels.firth_score(self.problem, theta, factor, out, n_threads=self.n_threads)
        return out
