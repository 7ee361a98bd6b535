"""The maximum of a log-likelihood over some of its parameters, by Newton's method."""

from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve

_STRIDE = 10.0  # largest change of a score in one step


class Peak(NamedTuple):
    """Where a climb ended.

    `settled`: the last Newton step proves that a finite maximum exists (no margin changes by 1/2);
    otherwise the log-likelihood has reached its supremum, or `max_iter` was met.
    """

    theta: np.ndarray
    loglik: float
    score: np.ndarray
    information: np.ndarray
    settled: bool
    decrement: float


def climb(likelihood, theta, free, *, proof=True, max_iter=300):
    """Maximise over the parameters in the mask `free`, the others held as in theta.

    Ends when the Newton decrement, twice the log-likelihood still to be gained, is at rounding.
    With `proof` a climb that gains no more but still moves is ended early: the supremum is not
    reached at finite parameters, or only just.
    """
    theta = np.array(theta, dtype=float)
    loglik, score, information = likelihood.evaluate(theta)
    if not free.any():
        return Peak(theta, loglik, score, information, True, 0.0)
    block = np.ix_(free, free)
    decrement, settled = np.inf, False
    for _ in range(max_iter):
        step = np.zeros_like(theta)
        step[free] = newton_step(information[block], score[free])
        decrement = float(step @ score)
        small = decrement <= 1e-10 * (1.0 + abs(loglik))
        if small and proof and not settled:
            settled = overlap_margin(likelihood, theta, step) < 0.5
            if not settled:
                break
        step *= _length(likelihood, step, decrement)
        length, ahead = 1.0, None
        while True:
            ahead = likelihood.evaluate(theta + length * step)
            if ahead[0] >= loglik - 1e-13 * (1.0 + abs(loglik)) or length < 1e-6:
                break
            length *= 0.5
        if not ahead[0] >= loglik - 1e-9 * (1.0 + abs(loglik)):
            break
        theta = theta + length * step
        loglik, score, information = ahead
        if small and (decrement <= 1e-14 * (1.0 + abs(loglik)) or length < 1.0):
            break
    return Peak(theta, loglik, score, information, settled, decrement)


def _length(likelihood, step, decrement):
    """Share of a step to try first; far from the maximum, where curvature vanishes, it is wild."""
    if decrement < 1.0:
        return 1.0
    return min(1.0, _STRIDE / max(np.abs(likelihood.along(step)).max(), _STRIDE))


def newton_step(information, score):
    """information^{-1} score; where rounding leaves it singular, with a ridge just large enough."""
    diagonal = information.diagonal()
    top = diagonal.max(initial=0.0)
    if not top > 0.0:
        return np.zeros_like(score)
    scale = 1.0 / np.sqrt(np.maximum(diagonal, 1e-300))
    scaled = information * np.outer(scale, scale)
    ridge = 0.0
    while True:
        try:
            factor = cho_factor(scaled + ridge * np.eye(len(scaled)), lower=True)
        except np.linalg.LinAlgError:
            ridge = max(10.0 * ridge, 1e-15)
            continue
        return cho_solve(factor, score * scale) * scale


def overlap_margin(likelihood, theta, step):
    """Largest share by which a Newton step lowers a probability of a class that a row is not of.

    Below 1 the shifted probabilities stay positive and balance every column: no direction separates
    the classes, so a finite maximum exists (Albert and Anderson 1984, by Stiemke's alternative).
    """
    probability = likelihood.probabilities(theta)
    moves = np.zeros_like(probability)
    moves[:, 1:] = likelihood.along(step)
    centred = (probability * moves).sum(axis=1, keepdims=True) - moves
    counts = likelihood.onehot < 1.0
    if likelihood.weight is not None:
        counts &= (likelihood.weight > 0.0)[:, None]
    return float(np.where(counts & (probability > 0.0), centred, 0.0).max(initial=0.0))
