"""Median bias reduction: estimates whose medians, not means, are right to the next order.

The adjusted score is ``U + sum_i h_i (1/2 - pi_i) x_i + I b`` with the leverages h, the information
I and, C = I^{-1}, C_j its j-th column,

    b_j = C_j' sum_i x_i w_i t_ij (1 - 2 pi_i) (1/6 - 1/2),     t_ij = (C_j' x_i)^2 / C_jj,
        = -1/3 sum_i w_i (1 - 2 pi_i) (C_j' x_i)^3 / C_jj;

it is the gradient of no function, so its root is sought by scoring, with steps halved until its
length in standard errors falls. Estimates are equivariant under scaling, not under every linear
map, of the columns.

Sources: Kenne Pagui, Salvan & Sartori, "Median bias reduction of maximum likelihood estimates"
(2017); Kosmidis, Kenne Pagui & Sartori (2020), sec. 4.
"""

import numpy as np

from fastlogreg import design
from fastlogreg._kernels import core as kernels
from fastlogreg.bias.binary import Maximum

_ROWS = 4096


def solve(likelihood, start, tol, max_iter):
    """A `Maximum` whose score is the adjusted one; it has no penalised log-likelihood."""
    at = likelihood.maximise(start, np.inf, 0)  # a start whose information is singular ends here
    theta, here = at.theta, _adjusted(likelihood, at.theta)
    status, n_iter = "max_iter", 0
    while True:
        score, covariance, loglik = here
        step = covariance @ score
        size = float(np.sqrt(max(score @ step, 0.0)))
        if size <= tol:
            status = "converged"
        if size <= tol or n_iter >= max_iter:
            break
        length = 1.0
        while True:
            there = _adjusted(likelihood, theta + length * step)
            if there is not None and there[0] @ there[1] @ there[0] < size**2:
                break
            length *= 0.5
            if length < 1e-8:
                break
        if length < 1e-8:
            status = "stalled" if size <= 1e-6 else "stuck"
            break
        theta, here = theta + length * step, there
        n_iter += 1
    return Maximum(theta, loglik, np.nan, score, covariance, size, status, n_iter)


def _adjusted(likelihood, theta):
    """(adjusted score, inverse information, log-likelihood) at theta; None where singular."""
    problem, q, n = likelihood.problem, likelihood.q, len(likelihood.y)
    side = kernels.padded(q)
    gradient, hessian = np.empty(q), np.zeros((side, side))
    curvature, z = np.empty(n), np.empty(n)
    loss = problem.evaluate(
        theta, gradient, hessian, None, curvature, z, n_threads=likelihood.n_threads
    )
    information = np.empty((q, q))
    kernels.symmetrise(hessian, 1.0, np.zeros(q), information)
    factor = kernels.Cholesky(information)
    if not factor.ok or not np.isfinite(loss):
        return None
    root = np.zeros((side, side))
    factor.inverse_factor(root)
    covariance = (root @ root.T)[:q, :q]
    tilt = -np.tanh(0.5 * z)  # 1 - 2 pi
    pull, cubes = np.zeros(q), np.zeros(q)
    for begin in range(0, n, _ROWS):
        rows = slice(begin, min(begin + _ROWS, n))
        X = likelihood.X[rows]
        X = np.asarray(X.toarray() if design.is_sparse(X) else X, dtype=np.float64)
        if likelihood.fit_intercept:
            X = np.column_stack([X, np.ones(len(X))])
        moved = X @ covariance
        weighted = curvature[rows] * tilt[rows]
        pull += X.T @ (weighted * (moved * X).sum(axis=1))
        cubes += weighted @ moved**3
    score = 0.5 * pull - gradient - information @ (cubes / covariance.diagonal()) / 3.0
    return score, covariance, -loss
