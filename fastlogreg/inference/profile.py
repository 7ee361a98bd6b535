"""Profile-likelihood intervals: what a likelihood-ratio test of one parameter does not reject.

For a value of the parameter the others are fitted anew; the signed root of twice the fall of the
log-likelihood is close to a straight line, whose slope comes free with the fit (the derivative of
the profile is the parameter's score). So Newton's method on the root, kept in a bracket, ends in a
few steps, each begun along the tangent of the last; near the constrained maximum a Newton step
tells its log-likelihood and score without another pass. Venzon and Moolgavkar (1988, A method for
computing profile-likelihood-based confidence intervals) solve the same equations.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from fastlogreg.inference.maximum import climb, newton_step

_FARTHEST = 300.0  # change of the scores beyond which an end counts as infinite
_NEAR = 1e-4  # Newton decrement below which the constrained maximum is extrapolated


class Held(NamedTuple):
    """The maximum with one parameter held; `slope` is that parameter's score there.

    decrement : twice what the log-likelihood was below it at the point of `information`
    """

    theta: np.ndarray
    loglik: float
    slope: float
    information: np.ndarray
    decrement: float


def profile_interval(likelihood, peak, free, j, level, error, infinity=0):
    """(low, high) of parameter j, -inf or inf where the profile never falls far enough.

    peak : the maximum over `free`; its theta is finite, its loglik the supremum.
    error : standard error, or None where there is none.
    infinity : the sign of an infinite estimate, whose end on that side is infinite.
    """
    target = float(ndtri(0.5 + 0.5 * level))
    error = 1.0 / _size(likelihood, j) if error is None else error
    ends = []
    for side in (-1, 1):
        if infinity == side:
            ends.append(side * np.inf)
        else:
            ends.append(_end(likelihood, peak, free, j, side, target, error, infinity))
    return ends[0], ends[1]


def held_maximum(likelihood, theta, free, j, value):
    """The `Held` maximum over the parameters in `free` with parameter j at a value."""
    others = free.copy()
    others[j] = False
    theta = theta.copy()
    theta[j] = value
    loglik, score, information = likelihood.evaluate(theta)
    step = np.zeros_like(theta)
    step[others] = newton_step(information[np.ix_(others, others)], score[others])
    decrement = float(step @ score)
    if decrement > _NEAR:
        end = climb(likelihood, theta, others, proof=False)
        return Held(end.theta, end.loglik, end.score[j], end.information, 0.0)
    slope = score[j] - information[j] @ step
    return Held(theta + step, loglik + 0.5 * decrement, slope, information, decrement)


def _end(likelihood, peak, free, j, side, target, error, infinity):
    """One end: where the root deviance on that side of the maximum is `target`."""
    theta, information = peak.theta, peak.information
    at, top = theta[j], peak.loglik
    reach = _FARTHEST / _size(likelihood, j)
    # inside: known to lie within the interval, outside: beyond it
    inside, outside = (at if infinity == 0 else -side * np.inf), side * np.inf
    value = at + side * target * min(error, reach)
    stride = 2.0 * min(error, reach)
    for _ in range(60):
        theta = theta + _tangent(information, free, j) * (value - theta[j])
        end = held_maximum(likelihood, theta, free, j, value)
        theta, information = end.theta, end.information
        root = np.sqrt(max(2.0 * (top - end.loglik), 0.0))
        if root < target:
            inside = value
        else:
            outside = value
        ahead = np.nan
        if root > 0.0 and end.slope * side < 0.0:
            move = (root - target) * root / end.slope
            exact = end.decrement <= 1e-9
            if exact and abs(move) <= 1e-9 * max(error, 1e-6 * abs(value)):
                return float(value + move)
            ahead = value + move
        if abs(value - at) > reach and root < target:
            return side * np.inf
        value = _within(ahead, inside, outside, side, stride)
        stride *= 2.0
    return float(value)


def _within(ahead, inside, outside, side, stride):
    """The next value: `ahead` if the bracket allows it, else a bisection or a stride."""
    low, high = min(inside, outside), max(inside, outside)
    if np.isfinite(low) and np.isfinite(high):
        return ahead if low < ahead < high else 0.5 * (low + high)
    known = inside if np.isfinite(inside) else outside
    away = side if np.isfinite(inside) else -side
    if (ahead - known) * away > 0.0:
        return known + away * min(abs(ahead - known), stride)
    return known + away * stride


def _tangent(information, free, j):
    """Change of the parameters at the constrained maximum per change of parameter j."""
    others = free.copy()
    others[j] = False
    tangent = np.zeros(len(free))
    tangent[j] = 1.0
    if others.any():
        block = information[np.ix_(others, others)]
        tangent[others] = -newton_step(block, information[others, j])
    return tangent


def _size(likelihood, j):
    """Root mean square of the parameter's column, over the rows that have a weight."""
    j %= likelihood.q
    if j == likelihood.p:
        return 1.0
    s = likelihood.s
    squares = np.empty(likelihood.q)
    likelihood.plain.collect(s, squares, True, likelihood.n_threads)
    return float(np.sqrt(squares[j] / max(s.sum(), 1e-300))) or 1.0
