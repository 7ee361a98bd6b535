"""The maximum-likelihood estimate, also where some of its parameters are infinite.

If a direction separates the classes, the log-likelihood rises along it for ever. Its supremum is
that of the model in which the strictly separated rows are certain; the parameters that this limit
leaves finite are estimated there (Geyer 2009, Likelihood inference in exponential families and
directions of recession).
"""

import warnings
from typing import NamedTuple

import numpy as np

from fastlogreg.inference.information import estimable, undetermined
from fastlogreg.inference.likelihood import Likelihood
from fastlogreg.inference.maximum import Peak, climb


class Maximum(NamedTuple):
    """Where the supremum lies.

    peak : the maximum over `likelihood`
    likelihood : the data without what is certain; the data themselves if nothing is infinite
    free : mask of the parameters that the peak was sought over; the others are 0 there
    estimated : those of them that are finite and determined
    infinity : -1 or +1 for each infinite parameter; 0 for the others, and where both signs serve
    directions : those along which the likelihood rises for ever, each (m q,)
    separation : what was found, or None
    """

    peak: Peak
    likelihood: Likelihood
    free: np.ndarray
    estimated: np.ndarray
    infinity: np.ndarray
    directions: tuple
    separation: object


def maximise(likelihood, start, free, names):
    """The `Maximum` over the parameters in `free`; aliased columns are not in it and stay 0.

    names : of the columns, for the words of a verdict on separation.
    """
    origin = np.zeros(likelihood.size)
    peak = climb(likelihood, np.where(free, start, origin), free)
    infinity, runs = np.zeros(likelihood.size, dtype=np.int8), np.zeros(likelihood.size, dtype=bool)
    limit, climbed, directions, first = likelihood, free.copy(), (), None
    while not peak.settled:
        verdict = separation_of(limit, names) if likelihood.binary or not directions else None
        if verdict is None or not verdict.separated or len(directions) == likelihood.q:
            peak = _climbed_on(limit, peak, climbed, verdict or first)
            break
        first = first or verdict
        direction = _in_parameters(likelihood, verdict)
        directions += (direction,)
        limit = _without_certainties(limit, direction)
        information = limit.evaluate(origin)[2]
        runs = undetermined(information, free)
        climbed = estimable(information, free, ~runs)
        peak = climb(limit, origin, climbed)
        infinity = np.where(infinity == 0, _signs(likelihood, verdict, direction, names), infinity)
    infinity = np.where(runs, infinity, 0).astype(np.int8)
    if directions and not likelihood.binary:
        infinity = _without_either_sign(likelihood, free, infinity, peak.loglik)
    return Maximum(peak, limit, climbed, climbed & ~runs, infinity, directions, first)


def _signs(likelihood, verdict, direction, names):
    """Signs of the infinite parameters, 0 for those that both signs serve."""
    if not likelihood.binary:
        return np.sign(direction).astype(np.int8)
    out = np.zeros(likelihood.size, dtype=np.int8)
    for column, sign in verdict.infinite.items():
        j = names.index(column) if isinstance(column, str) else column
        out[j] = np.sign(direction[j]) if sign is None else sign
    return out


def _without_either_sign(likelihood, free, infinity, top):
    """The signs, 0 where the supremum is reached with the parameter at 0: both signs serve then."""
    out = infinity.copy()
    for j in np.flatnonzero(infinity):
        others = free.copy()
        others[j] = False
        end = climb(likelihood, np.zeros(likelihood.size), others, proof=False)
        if end.loglik >= top - 1e-9 * (1.0 + abs(top)):
            out[j] = 0
    return out


def certainties(shape, moves):
    """Mask (n, K) of the classes that directions rule out, from their scores (n, K), in order."""
    out = np.zeros(shape, dtype=bool)
    for z in moves:
        top = np.where(out, -np.inf, z).max(axis=1, keepdims=True)
        size = np.maximum(np.abs(z).max(initial=0.0), 1e-300)
        out |= z < top - 1e-9 * size
    return out


def moves_along(likelihood, direction):
    """Scores of a direction, (n, K), without the offset."""
    z = np.zeros((likelihood.n, likelihood.n_classes))
    z[:, 1:] = likelihood.along(direction)
    return z


def separation_of(likelihood, names):
    """The verdict on the data of a likelihood."""
    from fastlogreg.separation import check_separation

    options = {
        "sample_weight": likelihood.weight, "fit_intercept": likelihood.fit_intercept,
        "feature_names": names[: likelihood.p], "n_threads": likelihood.n_threads,
    }  # fmt: skip
    if not likelihood.binary:
        options["n_classes"] = likelihood.n_classes
    return check_separation(likelihood.rows, likelihood.targets, **options)


def _in_parameters(likelihood, verdict):
    """The verdict's direction as parameters (m q,)."""
    direction = np.atleast_2d(verdict.direction)
    if likelihood.fit_intercept:
        intercept = np.reshape(verdict.direction_intercept, -1)
        direction = np.column_stack([direction, intercept])
    if len(direction) > likelihood.m:
        direction = direction[1:] - direction[0]
    return direction.reshape(-1).astype(float)


def _without_certainties(likelihood, direction):
    ruled_out = certainties(
        (likelihood.n, likelihood.n_classes), [moves_along(likelihood, direction)]
    )
    if likelihood.binary:
        return likelihood.over(weight=np.where(ruled_out.any(axis=1), 0.0, likelihood.s))
    offset = 0.0 if likelihood.offset is None else likelihood.offset
    return likelihood.over(offset=np.where(ruled_out, -np.inf, offset))


def _climbed_on(likelihood, peak, free, verdict):
    """The climb's end where no direction explains why it does not settle; says so."""
    peak = climb(likelihood, peak.theta, free)
    if peak.settled:  # a start far away took the steps of the first climb
        return peak
    peak = climb(likelihood, peak.theta, free, proof=False)
    warnings.warn(
        f"no finite maximum is proved: the log-likelihood ended at {peak.loglik:.10g}, where a "
        f"Newton step would gain {0.5 * peak.decrement:.1e} (separation: {verdict.kind}). Take the "
        "standard errors with care, or rescale columns whose values are far from 1",
        RuntimeWarning,
        stacklevel=5,
    )
    return peak
