"""Which solver for which problem, and why: the only place that decides it."""

from fastlogreg.objective import SMALL
from fastlogreg.solvers.multilevel import sample_size


def choose(objective):
    """Name of the solver for an objective.

    - absolute values or bounds: proximal Newton on a working set;
    - many more rows than columns: most of the work on a sample of the rows;
    - more columns than rows (with a ridge): in the span of the rows, while that is small;
    - sparse, or too many columns for a Hessian: truncated Newton;
    - the rest: Newton with the exact Hessian.
    """
    n, q = objective.n, objective.q
    if not objective.penalty.smooth:
        return "proximal"
    if objective.sparse:
        return "newton" if q <= 200 and not objective.coercive else "truncated-newton"
    if n * q <= SMALL and n > q:
        return "newton"
    if q > n and objective.alpha and n <= 1500:
        return "dual"
    if q > 3000:
        return "truncated-newton"
    if n >= 4 * sample_size(n, q) and n >= 96 * q:
        return "multilevel"
    return "newton"
