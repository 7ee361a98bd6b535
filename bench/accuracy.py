"""How good a fit is, by one judge: the objective in double NumPy, whoever fitted."""

from dataclasses import dataclass

import numpy as np

from fastlogreg import fit

CHUNK = 65_536  # rows scored at a time


def objective(problem, coef, intercept, *, penalise_intercept=False):
    """Mean log loss + alpha/2 ||coef||^2, computed here for every library alike."""
    coef = np.asarray(coef, dtype=np.float64).ravel()
    intercept = float(np.ravel(intercept)[0])
    total = 0.0
    for start in range(0, len(problem.y), CHUNK):
        rows = slice(start, start + CHUNK)
        scores = problem.X[rows] @ coef + intercept
        total += np.logaddexp(0.0, np.where(problem.y[rows] > 0.5, -scores, scores)).sum()
    squares = coef @ coef + (intercept**2 if penalise_intercept else 0.0)
    return total / len(problem.y) + 0.5 * problem.alpha * squares


@dataclass(frozen=True)
class Yardstick:
    """The null model's objective and the optimum's: the two ends of the scale.

    `own_null`, `own_optimum`: the same for the objective that also penalises the intercept, on
    which libraries that minimise that one (marked *) are judged, to their advantage.
    """

    null: float
    optimum: float
    own_null: float
    own_optimum: float

    def our_tol(self, accuracy):
        """The `tol` of fastlogreg (relative to F*) for an accuracy (relative to F0 - F*)."""
        return accuracy * min(1.0, (self.null - self.optimum) / self.optimum)

    def suboptimality(self, problem, coef, intercept, *, own=""):
        """(F - F*) / (F0 - F*): 1 at the null model, 0 at the optimum."""
        value = objective(problem, coef, intercept, penalise_intercept=bool(own))
        if own:
            return (value - self.own_optimum) / (self.own_null - self.own_optimum)
        return (value - self.optimum) / (self.null - self.optimum)


def yardstick(problem):
    """Both optima, certified by fastlogreg to 1e-13 (every peer's result is held against them)."""
    share = problem.y.mean()
    null_intercept = np.log(share / (1.0 - share))
    zero = np.zeros(problem.shape[1])
    best = fit(problem.X, problem.y, alpha=problem.alpha, tol=1e-13, max_iter=1000)
    own = _penalised_intercept_optimum(problem)
    return Yardstick(
        null=objective(problem, zero, null_intercept),
        optimum=objective(problem, best.coef, best.intercept),
        own_null=objective(problem, zero, null_intercept, penalise_intercept=True),
        own_optimum=objective(problem, own[0], own[1], penalise_intercept=True),
    )


def _penalised_intercept_optimum(problem):
    """(coef, intercept) with the intercept penalised like a coefficient: its column is appended."""
    from scipy import sparse

    ones = np.ones((len(problem.y), 1))
    if sparse.issparse(problem.X):
        X = sparse.hstack([problem.X, ones], format="csr")
    else:
        X = np.hstack([problem.X, ones])
    best = fit(X, problem.y, alpha=problem.alpha, fit_intercept=False, tol=1e-13, max_iter=1000)
    return best.coef[:-1], best.coef[-1]
