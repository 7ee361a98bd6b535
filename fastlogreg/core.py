"""The functional core: fits and functions for those who need no estimator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fastlogreg import design, parallel
from fastlogreg import validation as valid
from fastlogreg._kernels import core as kernels
from fastlogreg.certificate import Certificate
from fastlogreg.functions import (
    binary_cross_entropy,
    decision_function,
    hessian_vector_product,
    log_loss,
    log_sigmoid,
    loss_gradient,
    loss_gradient_hessian,
    predict_proba,
    sigmoid,
    softplus,
)
from fastlogreg.objective import SMALL, Objective, null_intercept
from fastlogreg.penalty import Penalty
from fastlogreg.result import CALLBACK, CONVERGED, DIVERGED, MAX_ITER, SEPARATED, STALLED, FitResult
from fastlogreg.validation import NonFiniteError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import ArrayLike

    from fastlogreg.annotations import Bounds, MatrixLike

__all__ = [
    "SOLVERS",
    "NonFiniteError",
    "binary_cross_entropy",
    "decision_function",
    "fit",
    "hessian_vector_product",
    "log_loss",
    "log_sigmoid",
    "loss_gradient",
    "loss_gradient_hessian",
    "predict_proba",
    "sigmoid",
    "softplus",
]

SOLVERS = ("auto", "newton", "multilevel", "truncated-newton", "lbfgs", "dual", "proximal")
_SMALL_STATUS = {
    "converged": CONVERGED, "max_iter": MAX_ITER, "stalled": STALLED, "separated": SEPARATED,
    "diverged": DIVERGED, "callback": CALLBACK,
}  # fmt: skip


def fit(
    X: MatrixLike, y: ArrayLike, *, alpha: float = 0.0, l1_ratio: float = 0.0,
    penalty_factor: ArrayLike | None = None, bounds: Bounds = None, standardize: bool = False,
    fit_intercept: bool = True, sample_weight: ArrayLike | None = None,
    offset: ArrayLike | None = None, solver: str = "auto", tol: float = 1e-9, max_iter: int = 100,
    n_threads: int | None = None, start: tuple[ArrayLike, ArrayLike] | None = None,
    callback: Callable[[Any], object] | None = None, n_classes: int | None = None,
    reference_class: int | None = None, grouped: bool = False,
) -> FitResult:  # fmt: skip
    """Fit a logistic regression of two classes, or softmax of many, to a certified optimum.

    Minimises over coef, b (the intercept, never penalised) and within bounds ::

        sum_i s_i loss(y_i, z_i) / sum_i s_i
            + alpha * sum_j f_j (l1_ratio |coef_j| + (1 - l1_ratio)/2 coef_j^2)

    with scores ``z = X @ coef + b + offset``, ``loss(y, z) = log(1 + exp(z)) - y z``, weights s and
    penalty factors f. With `n_classes`, or a `y` of two dimensions, every class has a score and the
    loss is ``log(sum_k exp(z_k)) - sum_k y_k z_k``; all scores share X, and the penalty runs over
    all of them.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n, p)
        float32 and float64 arrays in row- or column-major order and CSR/CSC are not copied.
    y : array-like of shape (n,) or (n, K)
        0/1, booleans, -1/+1, or probabilities in [0, 1]; with `n_classes` the codes 0..K-1. Of
        shape (n, K): the probabilities of K classes, each row summing to 1.
    alpha : float, default=0.0
        Strength of the penalty, >= 0; scikit-learn's C is ``1 / (alpha * sum(s))``.
    l1_ratio : float, default=0.0
        0 for a ridge, 1 for absolute values (the lasso), between them the elastic net.
    penalty_factor : array-like of shape (p,), default=None
        How much each coefficient is penalised, >= 0; 0 for not at all, None for 1 each. Not
        rescaled.
    bounds : tuple (lower, upper), default=None
        Bounds of the coefficients: each None, a number, or an array of shape (p,), of many classes
        also (K, p); may be infinite.
    standardize : bool, default=False
        Whether the penalty counts coefficients of columns scaled to standard deviation 1 (weighted,
        divided by the sum of weights). The data stay as they are, and so do the units of coef.
    fit_intercept : bool, default=True
        Whether to fit an intercept.
    sample_weight : array-like of shape (n,), default=None
        Weights >= 0, not all zero; None means 1 for every row.
    offset : array-like of shape (n,), or (n, K) for many classes, default=None
        Added to the scores.
    solver : {"auto", "newton", "multilevel", "truncated-newton", "lbfgs", "dual", "proximal"}
        "proximal" serves every penalty, the others ridge or none, without bounds. All reach the
        same optimum; "auto" picks the fastest for the shape of X. For many classes "softmax" (ridge
        or none) and "softmax-proximal".
    tol : float, default=1e-9
        Relative suboptimality that the certificate has to prove:
        ``objective - minimum <= tol * objective``.
    max_iter : int, default=100
        Iterations on all rows, >= 0; for many classes ten quasi-Newton steps count as one.
    n_threads : int, default=None
        Threads; None takes `get_num_threads`. The result does not depend on it.
    start : tuple of (coef, intercept), default=None
        Where to start; None: zero coefficients and the intercept that fits best alone (0 if
        max_iter is 0).
    callback : callable, default=None
        Called with an object of ``n_iter, objective, gap, coef, intercept, n_passes`` once an
        iteration on all rows; returning True stops the fit. ``n_passes`` counts the reads of X.
    n_classes : int, default=None
        How many classes there are, at least 2; None for two that share one score.
    reference_class : int, default=None
        Of many classes the one whose coefficients are held at zero. None: each class has its own,
        and those that no data or penalty decide sum to zero over the classes.
    grouped : bool, default=False
        For many classes: whether the L1 part of the penalty is ``sum_j f_j ||coef[:, j]||_2``, so
        that a column is in or out for all classes at once.

    Returns
    -------
    FitResult
        Coefficients, intercept, objective, certificate, why it stopped; coefficients of shape
        (K, p) and intercepts of shape (K,) for many classes.

    Raises
    ------
    ValueError
        An argument is of the wrong shape, sign or kind, or X holds NaN or infinity.
    TypeError
        A number was expected.
    KeyboardInterrupt
        Ctrl-C, within a fraction of a second.

    References
    ----------
    Nocedal & Wright, "Numerical Optimization" (2006), ch. 3, 6 and 7. Lee, Sun & Saunders,
    "Proximal Newton-type methods for minimizing composite functions", SIAM J. Optim. 24 (2014). The
    solvers' modules name their own sources; the certificate is proved in
    `fastlogreg.reference.duality_gap`.

    Examples
    --------
    >>> import numpy as np, fastlogreg
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> result = fastlogreg.fit(X, [0, 1, 0, 1], alpha=0.1)
    >>> result.converged, result.certificate.relative_gap <= 1e-9
    (True, True)
    """
    alpha = valid.check_number(alpha, "alpha", 0.0)
    tol = valid.check_number(tol, "tol", 0.0)
    l1_ratio = valid.check_ratio(l1_ratio)
    valid.check_flag(standardize, "standardize")
    valid.check_flag(grouped, "grouped")
    if n_classes is not None or np.ndim(y) == 2:
        from fastlogreg.multiclass import fit_classes

        valid.check_count(max_iter, "max_iter")
        return fit_classes(
            X, y, n_classes, alpha=alpha, l1_ratio=l1_ratio, penalty_factor=penalty_factor,
            bounds=bounds, standardize=standardize, fit_intercept=bool(fit_intercept),
            sample_weight=sample_weight, offset=offset, solver=solver, tol=tol, max_iter=max_iter,
            n_threads=n_threads, start=start, callback=callback, reference_class=reference_class,
            grouped=grouped,
        )  # fmt: skip
    if reference_class is not None or grouped:
        raise ValueError("reference_class and grouped are for many classes; give n_classes")
    if solver not in SOLVERS:
        raise ValueError(f"solver must be one of {SOLVERS}, got {solver!r}")
    valid.check_count(max_iter, "max_iter")
    fit_intercept = bool(fit_intercept)
    matrix, y, weight, offset = valid.check_problem(X, y, sample_weight, offset, fit_intercept)
    n, p = matrix.shape
    factor = valid.check_factor(penalty_factor, p)
    bounds = valid.check_bounds(bounds, p)
    q = p + fit_intercept
    n_threads = parallel.resolve(n_threads, n * q)
    theta = None if start is None else valid.check_start(start, fit_intercept, p)

    scale = design.standard_deviations(X, matrix, weight, n_threads) if standardize else None
    penalty = Penalty.of(alpha, l1_ratio, factor, bounds, scale)

    small = n * q <= SMALL and 0 < q <= 128 and n > q and not design.is_sparse(X)
    small = small and penalty.smooth and isinstance(penalty.l2, float)
    if small and solver in ("auto", "newton"):
        result = _fit_small(
            X, matrix, y, weight, offset, penalty, fit_intercept, tol, max_iter, n_threads, theta,
            callback,
        )  # fmt: skip
        if result is not None:
            return result
    return _fit_large(
        X, matrix, y, weight, offset, penalty, fit_intercept, solver, tol, max_iter, n_threads,
        theta, callback,
    )  # fmt: skip


def _fit_small(
    X, matrix, y, weight, offset, penalty, fit_intercept, tol, max_iter, n_threads, theta, callback
):  # fmt: skip
    """The fit in one compiled call; None where a singular Hessian needs the careful solver."""
    problem = kernels.Problem(matrix, y, weight, offset, fit_intercept)
    total = float(problem.n) if weight is None else float(weight.sum())
    alpha = penalty.l2
    sample_first = theta is None and max_iter > 0
    if theta is None:
        theta = np.zeros(problem.q)
        if fit_intercept and max_iter:
            theta[-1] = null_intercept(y, weight, total)

    def run(limit):
        end = theta.copy()
        return end, *problem.newton(
            end, alpha, total, tol, limit, sample_first, n_threads=n_threads
        )

    outcome = run(max_iter)
    if outcome[1] == "singular":
        return None
    if outcome[1] == "nonfinite" or not max(outcome[3], outcome[5]) < np.inf:
        valid.refuse_nonfinite(X)
        return None
    if callback is not None:
        outcome = _replay(run, outcome, callback, fit_intercept)
    end, status, n_iter, objective, gap, gradient_max = outcome
    return _result(
        end, fit_intercept, penalty, objective, gap, gradient_max, _SMALL_STATUS[status], n_iter,
        n_iter + 1.0, "newton",
    )  # fmt: skip


def _replay(run, outcome, callback, fit_intercept):
    """Shows the callback every iteration of a compiled fit, made again up to there.

    So a fit with a callback has the same bits as one without.
    """
    from fastlogreg.solvers.state import Watch

    watch = Watch(callback, fit_intercept, lambda n_iter: n_iter + 1.0)
    for n_iter in range(1, outcome[2] + 1):
        part = run(n_iter)
        if watch(n_iter, part[0], part[3], part[4]):
            return part if part[1] == "converged" else (part[0], "callback", *part[2:])
    return outcome


def _fit_large(
    X, matrix, y, weight, offset, penalty, fit_intercept, solver, tol, max_iter, n_threads, theta,
    callback,
):  # fmt: skip
    from fastlogreg.solvers import choose, find
    from fastlogreg.solvers.state import Watch

    def objective_over(X, matrix):
        return Objective(X, matrix, y, weight, offset, fit_intercept, penalty, n_threads)

    objective = objective_over(X, matrix)
    if solver == "auto":
        solver = choose(objective)
    if solver == "newton" and matrix.layout == "CSC":  # a Hessian needs rows
        rows = design.by_row(X)
        objective = objective_over(rows, design.as_matrix(rows))
    if max_iter == 0 and penalty.smooth:
        solver = "newton" if objective.q <= 1000 else "truncated-newton"  # nothing but evaluate
    minimise = find(solver, objective)
    if theta is None:
        theta = np.zeros(objective.q)
        if fit_intercept and max_iter:
            theta[-1] = null_intercept(y, weight, objective.total_weight)
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            watch = Watch(callback, fit_intercept, lambda n_iter: objective.passes)
            solution = minimise(objective, theta, tol, max_iter, watch)
    except (FloatingPointError, np.linalg.LinAlgError):
        valid.refuse_values(X)
    if not solution.finite:
        valid.refuse_values(X)
    theta, f, gap, gradient_max, status, n_iter = solution
    return _result(
        theta,
        fit_intercept,
        penalty,
        f,
        gap,
        gradient_max,
        status,
        n_iter,
        objective.passes,
        solver,
    )


def _result(
    theta, fit_intercept, penalty, f, gap, gradient_max, status, n_iter, n_passes, solver
):  # fmt: skip
    coef = theta[:-1] if fit_intercept else theta
    intercept = float(theta[-1]) if fit_intercept else 0.0
    gap = max(gap, 1e-15 * f)  # sums of huge, cancelling terms can put it below by their rounding
    relative = gap / f if f > 0.0 else 0.0 if gap == 0.0 else np.inf
    certificate = Certificate(
        gap, relative, gradient_max, f, coef, intercept, penalty, fit_intercept
    )
    converged = status in (CONVERGED, STALLED)
    return FitResult(coef, intercept, f, certificate, converged, status, n_iter, n_passes, solver)
