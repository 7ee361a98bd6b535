"""Profile intervals and likelihood-ratio tests of a penalised likelihood.

The profile of a parameter is the maximum of l* over all others, the penalty being that of the whole
model; an interval holds the values whose profile is within half a chi-squared quantile of the
maximum, and a test compares the maxima with and without the constraint.

Sources: Heinze & Schemper, "A solution to the problem of separation in logistic regression" (2002);
Venzon & Moolgavkar (1988).
"""

from typing import NamedTuple

import numpy as np
from scipy.special import chdtrc, chdtri

_TOL = 1e-9  # of the constrained maxima, in standard errors; their values are exact to its square


class LikelihoodRatio(NamedTuple):
    """A test: twice the difference of log-likelihoods, degrees of freedom, p-value."""

    statistic: float
    df: int
    pvalue: float


def ratio_test(likelihood, maximum, positions, max_iter):
    """The `LikelihoodRatio` test of "these parameters are zero"."""
    fixed = np.zeros(likelihood.q, dtype=bool)
    fixed[positions] = True
    start = maximum.theta - maximum.covariance[:, fixed] @ np.linalg.solve(
        maximum.covariance[np.ix_(fixed, fixed)], maximum.theta[fixed]
    )
    start[fixed] = 0.0
    restricted = likelihood.maximise(start, _TOL, max_iter, fixed)
    _demand(restricted, "under the hypothesis")
    statistic = max(2.0 * (maximum.penalised_loglik - restricted.penalised_loglik), 0.0)
    df = int(fixed.sum())
    return LikelihoodRatio(statistic, df, float(chdtrc(df, statistic)))


def interval(likelihood, maximum, position, level, max_iter):
    """(lower, upper): the ends of the profile interval of one parameter."""
    root = np.sqrt(chdtri(1, 1.0 - level))
    ends = [_end(likelihood, maximum, position, side, root, max_iter) for side in (-1.0, 1.0)]
    return ends[0], ends[1]


def _end(likelihood, maximum, j, side, root, max_iter):
    """Where r(c) = sqrt(2 (l* - profile(c))) is `root`, on one side of the estimate.

    r is nearly linear, so Newton's method on it, within the bracket found so far, takes a few
    steps; its derivative follows from the score of the fixed parameter. Infinite where the profile
    levels off.
    """
    fixed = np.zeros(likelihood.q, dtype=bool)
    fixed[j] = True
    estimate, error = maximum.theta[j], np.sqrt(maximum.covariance[j, j])
    near, far, at = 0.0, np.inf, maximum
    distance = root * error
    for _ in range(100):
        theta = at.theta + at.covariance[:, j] / at.covariance[j, j] * (
            estimate + side * distance - at.theta[j]
        )
        theta[j] = estimate + side * distance
        at = likelihood.maximise(theta, _TOL, max_iter, fixed)
        _demand(at, f"with parameter {j} at {theta[j]:g}")
        r = np.sqrt(max(2.0 * (maximum.penalised_loglik - at.penalised_loglik), 0.0))
        if r < root:
            near = distance
        else:
            far = distance
        slope = -side * at.score[j] / r if r > 0 else 0.0
        newton = distance + (root - r) / slope if slope > 0 else np.inf
        if abs(newton - distance) <= 1e-8 * error or far <= (1 + 1e-12) * near:
            return estimate + side * newton
        if near < newton < far and newton <= 4.0 * distance:
            distance = newton
        else:
            distance = 2.0 * distance if np.isinf(far) else 0.5 * (near + far)
        if distance > 1e6 * error:
            break
    return side * np.inf


def _demand(maximum, where):
    if maximum.status not in ("converged", "stalled"):
        raise ArithmeticError(
            f"the penalised likelihood {where} was not maximised ({maximum.status} after "
            f"{maximum.n_iter} iterations); raise max_iter, or scale the columns of X"
        )
