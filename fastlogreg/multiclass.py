"""Fits of many classes: what `core.fit` does with more than one score a row."""

import numpy as np

from fastlogreg import design, parallel
from fastlogreg import validation as valid
from fastlogreg.certificate import Certificate
from fastlogreg.penalty import Penalty
from fastlogreg.result import CONVERGED, STALLED, UNPROVED, FitResult
from fastlogreg.softmax import SoftmaxObjective, class_matrix

SOLVERS = ("auto", "softmax", "softmax-proximal")
LOOSE = 1e-5  # a relative gap at the rounding floor that says no more of an optimum


def fit_classes(
    X, y, n_classes, *, alpha, l1_ratio, penalty_factor, bounds, standardize, fit_intercept,
    sample_weight, offset, solver, tol, max_iter, n_threads, start, callback, reference_class,
    grouped,
):  # fmt: skip
    """The softmax fit of `core.fit`, whose docstring describes the arguments."""
    from fastlogreg.solvers.softmax import softmax
    from fastlogreg.solvers.softmax_proximal import softmax_proximal
    from fastlogreg.solvers.state import Watch

    if solver not in SOLVERS:
        raise ValueError(f"solver must be one of {SOLVERS} for many classes, got {solver!r}")
    matrix, y, n_classes, weight, offset = valid.check_class_problem(
        X, y, n_classes, sample_weight, offset, fit_intercept
    )
    p = matrix.shape[1]
    factor = valid.check_factor(penalty_factor, p)
    bounds = valid.check_bounds(bounds, p, n_classes)
    reference_class = valid.check_reference_class(reference_class, n_classes)
    theta = None
    if start is not None:
        theta = valid.check_class_start(start, fit_intercept, n_classes, p)
    if grouped and (bounds is not None or reference_class is not None):
        raise ValueError("grouped=True goes neither with bounds nor with a reference_class")
    n_threads = parallel.resolve(n_threads)
    scale = design.standard_deviations(X, matrix, weight, n_threads) if standardize else None
    penalty = Penalty.of(alpha, l1_ratio, factor, bounds, scale)

    if not penalty.smooth and solver == "softmax":
        raise ValueError(
            "solver='softmax' knows neither L1 penalties nor bounds; use solver='auto'"
        )
    smooth = penalty.smooth and solver != "softmax-proximal"
    X, matrix = class_matrix(X, matrix)
    objective = SoftmaxObjective(
        X, matrix, y, n_classes, weight, offset, fit_intercept, penalty, n_threads,
        reference_class, with_ridge=smooth,
    )  # fmt: skip
    if theta is None:
        theta = objective.null_start() if max_iter else np.zeros(len(objective.ridge))
    else:
        if reference_class is not None:  # the same probabilities with that class at zero
            theta = theta - theta[reference_class]
        theta = theta[objective.free].ravel()
    watch = Watch(_by_class(callback, objective), False, lambda n_iter: objective.passes)
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            if smooth:
                solution = softmax(objective, theta, tol, max_iter, watch)
            else:
                solution = softmax_proximal(objective, theta, tol, max_iter, watch, grouped)
    except (FloatingPointError, np.linalg.LinAlgError):
        valid.refuse_values(X)
    if not solution.finite:
        valid.refuse_values(X)
    return _result(objective, solution, penalty, grouped, "softmax" if smooth else SOLVERS[2], tol)


def _by_class(callback, objective):
    """The callback, shown coefficients (K, p) and intercepts (K,)."""
    if callback is None:
        return None

    def shown(iteration):
        coef, intercept = _parts(objective, iteration.coef)
        return callback(iteration._replace(coef=coef, intercept=intercept))

    return shown


def _parts(objective, theta):
    full = np.array(objective.classes(theta))
    if objective.fit_intercept:
        return np.ascontiguousarray(full[:, :-1]), full[:, -1].copy()
    return full, np.zeros(objective.K)


def _result(objective, solution, penalty, grouped, solver, tol):
    theta, f, gap, gradient_max, status, n_iter = solution
    coef, intercept = _parts(objective, theta)
    gap = max(gap, 1e-15 * f)
    relative = gap / f if f > 0.0 else 0.0 if gap == 0.0 else np.inf
    certificate = Certificate(
        gap, relative, gradient_max, f, coef, intercept, penalty, objective.fit_intercept,
        reference_class=objective.reference_class, grouped=grouped,
    )  # fmt: skip
    if status == STALLED and relative > max(LOOSE, tol) and objective.coercive:
        status = UNPROVED
    converged = status in (CONVERGED, STALLED)
    return FitResult(
        coef, intercept, f, certificate, converged, status, n_iter, objective.passes, solver
    )
