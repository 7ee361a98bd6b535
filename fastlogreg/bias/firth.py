"""Firth's penalised likelihood and its relatives, for two classes and for more."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from fastlogreg import design, parallel
from fastlogreg import validation as valid
from fastlogreg.bias import median
from fastlogreg.bias.binary import BinaryLikelihood, SingularError
from fastlogreg.bias.result import SEPARATED, STOP_REASONS, FirthResult, Search
from fastlogreg.bias.softmax import SoftmaxLikelihood, expand
from fastlogreg.relations import dependent_columns, told
from fastlogreg.separation import check_separation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from fastlogreg.annotations import MatrixLike

METHODS = ("firth", "flic", "flac", "median")
_MOST = 30_000  # parameters; their information matrix then takes 7 GB, and there are several


def firth(
    X: MatrixLike, y: ArrayLike, *, sample_weight: ArrayLike | None = None,
    offset: ArrayLike | None = None, fit_intercept: bool = True, power: float = 0.5,
    method: str = "firth", n_classes: int | None = None, reference_class: int | None = None,
    tol: float = 1e-6, max_iter: int = 100, n_threads: int | None = None,
    start: tuple[ArrayLike, ArrayLike] | None = None,
    feature_names: Sequence[str] | None = None,
) -> FirthResult:  # fmt: skip
    """Fit a logistic regression with Firth's penalty: finite for separated data, with less bias.

    Maximises over coef and b (the intercept) ::

        sum_i s_i log P(y_i | x_i) + power * log det I(coef, b)

    where I is the Fisher information of all parameters. ``power=1/2`` is Firth's method, which
    removes the first-order bias of maximum likelihood (mean bias reduction) and is the mode under
    Jeffreys' prior. The fit does not depend on the scale or the centre of the columns.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n, p)
        As for `fastlogreg.fit`. Columns (with the intercept) must be linearly independent.
    y : array-like of shape (n,) or (n, K)
        0/1, booleans, -1/+1, or probabilities in [0, 1]; with `n_classes` integers from 0 to
        n_classes - 1; or, of K classes, probabilities whose rows sum to 1.
    sample_weight : array-like of shape (n,), default=None
        Weights >= 0 that count as so many equal rows. Rows of weight 0 take no part.
    offset : array-like of shape (n,) or (n, K), default=None
        Added to the scores.
    fit_intercept : bool, default=True
        Whether to fit an intercept. It is part of the penalty.
    power : float, default=0.5
        Power of Jeffreys' prior, >= 0; 0 is maximum likelihood.
    method : {"firth", "flic", "flac", "median"}, default="firth"
        "flic" replaces the intercept by the one whose mean probability is the observed one. "flac"
        fits by maximum likelihood to the data and, as many more rows, the pseudo-data that Firth's
        penalty amounts to, told apart by an additional column: the mean probability is the
        observed one too. "median" makes each estimate's median, not its mean, right to the next
        order. All but "firth" are for two classes.
    n_classes : int, default=None
        The number of classes K of a `y` of integers; None for two classes.
    reference_class : int, default=None
        With K classes, the one whose parameters are zero; None for parameters that sum to zero over
        the classes. Probabilities do not depend on it.
    tol : float, default=1e-6
        Stop where the next step is at most this many standard errors long.
    max_iter : int, default=100
        Iterations on all rows, >= 0.
    n_threads : int, default=None
        Threads; None takes `get_num_threads`. The result does not depend on it.
    start : tuple of (coef, intercept), default=None
        Where to start, for two classes.
    feature_names : sequence of str, default=None
        Names of the columns; None for those of a data frame, or x0, x1, ...

    Returns
    -------
    FirthResult
        Estimates, covariance, profile intervals and tests.

    Raises
    ------
    ValueError
        An argument is of the wrong shape, sign or kind; X holds NaN or infinity, or columns that
        depend on each other (the text tells how).
    TypeError
        A number was expected.

    Warns
    -----
    SeparationWarning
        With ``power=0`` the classes are separated, so that there is no finite maximum.

    Notes
    -----
    Two classes are compiled and threaded; K > 2 classes and the median are NumPy, which is meant
    for some hundreds of parameters.

    References
    ----------
    Firth (1993), "Bias reduction of maximum likelihood estimates". Heinze & Schemper (2002), "A
    solution to the problem of separation in logistic regression". Puhr et al. (2017), "Firth's
    logistic regression with rare events" (FLIC, FLAC). Kenne Pagui, Salvan & Sartori (2017)
    (median). Kosmidis & Firth (2021) (other powers).

    Examples
    --------
    >>> import numpy as np, fastlogreg
    >>> X = np.array([[0.0], [0.0], [0.0], [1.0], [1.0], [1.0]])
    >>> result = fastlogreg.firth(X, [0, 0, 0, 1, 1, 1])  # separated: no finite maximum likelihood
    >>> print(np.round(result.coef, 3), round(result.intercept, 3))
    [3.892] -1.946
    >>> print(np.round(result.interval(columns=0), 2))
    [[0.44 9.75]]
    >>> round(result.test(0).pvalue, 3)
    0.024
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {METHODS}, got {method!r}")
    power = valid.check_number(power, "power", 0.0)
    tol = valid.check_number(tol, "tol", 0.0)
    valid.check_count(max_iter, "max_iter")
    valid.check_flag(fit_intercept, "fit_intercept")
    fit_intercept, max_iter = bool(fit_intercept), int(max_iter)
    n_threads = parallel.resolve(n_threads)
    if n_classes is not None or np.ndim(y) == 2:
        if method != "firth":
            raise ValueError(f"method={method!r} is for two classes, not for n_classes or a 2-d y")
        if start is not None:
            raise ValueError("start is for two classes, not for n_classes or a 2-d y")
        result = _softmax(
            X, y, sample_weight, offset, fit_intercept, power, n_classes, reference_class, tol,
            max_iter, feature_names, n_threads,
        )  # fmt: skip
        return _unless_separated(result, X, y, sample_weight, fit_intercept, n_classes)
    if reference_class is not None:
        raise ValueError("reference_class needs n_classes, or y with a column for each class")
    _check_method(method, power, fit_intercept)
    matrix, y, weight, offset = valid.check_problem(X, y, sample_weight, offset, fit_intercept)
    names = valid.column_names(X, matrix.shape[1], feature_names)
    _check_size(matrix.shape[1])
    likelihood = BinaryLikelihood(X, y, weight, offset, fit_intercept, power, n_threads, matrix)
    if start is None:
        theta = likelihood.null_start()
    else:
        theta = valid.check_start(start, fit_intercept, matrix.shape[1])
    with _explained(X, weight, fit_intercept, names, n_threads):
        result = _binary(likelihood, method, theta, tol, max_iter, start is None and max_iter > 0)
    result = replace(result, names=tuple(names))
    return _unless_separated(result, X, y, weight, fit_intercept, None)


@contextmanager
def _explained(X, weight, fit_intercept, names, n_threads):
    """A `SingularError` within becomes one that tells which columns depend on each other."""
    try:
        yield
    except SingularError:
        q = np.shape(X)[1] + fit_intercept
        exact = np.sqrt(20 * q * np.finfo(float).eps)  # where factorisations give a pivot up
        found = dependent_columns(X, weight, fit_intercept, exact, n_threads)
        if not found:
            raise
        raise ValueError(
            "columns of X depend on each other, so that the penalised likelihood has no maximum: "
            f"{told(found, names)}. Drop one column of each relation"
        ) from None


def _binary(likelihood, method, start, tol, max_iter, seek_start):
    if method == "median":
        return _result(median.solve(likelihood, start, tol, max_iter), likelihood, method, max_iter)
    maximum = likelihood.maximise(start, tol, max_iter, seek_start=seek_start)
    if method == "flic":
        return _flic(likelihood, maximum, tol, max_iter)
    if method == "flac":
        return _flac(likelihood, maximum, tol, max_iter)
    return _result(maximum, likelihood, method, max_iter)


def _unless_separated(result, X, y, weight, fit_intercept, n_classes):
    """The result; without a penalty on separated classes, told not to have converged."""
    if result.power > 0.0:
        return result
    verdict = check_separation(
        X, y, sample_weight=weight, fit_intercept=fit_intercept, n_classes=n_classes
    )
    if not verdict.separated:
        return result
    from fastlogreg.warnings import SeparationWarning  # which needs scikit-learn

    warnings.warn(str(verdict), SeparationWarning, stacklevel=3)
    return replace(result, converged=False, stop_reason=SEPARATED)


def _check_size(q):
    if q > _MOST:
        raise ValueError(
            f"X has columns for {q} parameters; the penalty is a determinant of the matrix of all "
            f"their pairs, for which {_MOST} are the most. Use an L2 penalty, or fewer columns"
        )


def _check_method(method, power, fit_intercept):
    if method in ("flic", "flac") and not fit_intercept:
        raise ValueError(f"method={method!r} corrects the intercept and needs fit_intercept=True")
    if method == "flac" and power == 0.0:
        raise ValueError("method='flac' needs a power above 0, whose pseudo-data it adds")
    if method == "median" and power != 0.5:
        raise ValueError(f"power has no meaning for method='median'; leave it at 0.5, got {power}")


def _result(maximum, likelihood, method, max_iter, at=None, positions=None):
    """The result of a search; `at`: the point to report, if it is not the maximum.

    `positions`: of the parameters to report among the likelihood's, if they are not all.
    """
    point = maximum if at is None else at
    theta, covariance = point.theta, point.covariance
    if positions is None:
        positions = np.arange(likelihood.q)
    else:
        theta, covariance = theta[positions], covariance[np.ix_(positions, positions)]
    intercept = float(theta[-1]) if likelihood.fit_intercept else 0.0
    search = Search(likelihood, maximum, positions, max(max_iter, 100), method == "flic")
    return FirthResult(
        theta[:-1] if likelihood.fit_intercept else theta, intercept, covariance,
        np.sqrt(covariance.diagonal()), point.loglik, point.penalised_loglik, method,
        likelihood.power, **_ending(point), _search=search,
    )  # fmt: skip


def _ending(point):
    return {
        "score_norm": float(np.abs(point.score).max()), "step": float(point.step),
        "decrement": 0.5 * float(point.step) ** 2, "n_iter": point.n_iter,
        "converged": point.status in ("converged", "stalled"),
        "stop_reason": STOP_REASONS[point.status],
    }  # fmt: skip


def _flic(likelihood, maximum, tol, max_iter):
    """The intercept that fits best beside Firth's coefficients."""
    other, fixed = _without_penalty(likelihood), np.ones(likelihood.q, dtype=bool)
    total = len(likelihood.y) if likelihood.weight is None else likelihood.weight.sum()
    ones = likelihood.y.sum() if likelihood.weight is None else likelihood.weight @ likelihood.y
    if not 0 < ones < total:
        raise ValueError("method='flic' needs both classes in y; its intercept is infinite here")
    fixed[-1] = False
    moved = other.maximise(maximum.theta, tol, max_iter, fixed)
    there = likelihood.maximise(moved.theta, np.inf, 0)  # evaluated, not moved
    score = np.append(maximum.score[:-1], moved.score[-1])
    failed = [m for m in (maximum, moved) if m.status not in ("converged", "stalled")]
    at = there._replace(
        score=score, step=max(maximum.step, moved.step), n_iter=maximum.n_iter + moved.n_iter,
        status=(failed or [maximum])[0].status,
    )  # fmt: skip
    return _result(maximum, likelihood, "flic", max_iter, at)


def _without_penalty(likelihood):
    o = likelihood
    return BinaryLikelihood(o.X, o.y, o.weight, o.offset, o.fit_intercept, 0.0, o.n_threads)


def _flac(likelihood, maximum, tol, max_iter):
    """Maximum likelihood on the rows and the pseudo-rows, which have a column of their own.

    Two pseudo-rows of weight ``power * leverage``, one of each class, are one of twice the weight
    whose target is 1/2.
    """
    o, n, p = likelihood, len(likelihood.y), likelihood.problem.p
    leverages = o.leverages(maximum.theta)
    weight = np.ones(n) if o.weight is None else o.weight
    pseudo = np.repeat([0.0, 1.0], n)[:, None]
    if design.is_sparse(o.X):
        from scipy import sparse

        both = sparse.hstack([sparse.vstack([o.X, o.X]), sparse.csr_array(pseudo)]).tocsr()
    else:
        X = np.asarray(o.X)
        both = np.hstack([np.vstack([X, X]), pseudo.astype(X.dtype)])
    augmented = BinaryLikelihood(
        both, np.append(np.asarray(o.y, dtype=np.float64), np.full(n, 0.5)),
        np.append(weight, 2.0 * o.power * leverages),
        None if o.offset is None else np.tile(o.offset, 2), True, 0.0, o.n_threads,
    )  # fmt: skip
    fitted = augmented.maximise(np.insert(maximum.theta, p, 0.0), tol, max_iter)
    result = _result(fitted, augmented, "flac", max_iter, positions=np.delete(np.arange(p + 2), p))
    own = o.maximise(np.append(result.coef, result.intercept), np.inf, 0)
    failed = maximum if maximum.status not in ("converged", "stalled") else fitted
    ending = _ending(fitted._replace(status=failed.status, n_iter=maximum.n_iter + fitted.n_iter))
    return FirthResult(**result.__dict__ | ending | {"loglik": own.loglik, "power": o.power})


def _softmax(
    X, y, sample_weight, offset, fit_intercept, power, n_classes, reference_class, tol, max_iter,
    feature_names, n_threads,
):  # fmt: skip
    matrix, y, n_classes, weight, offset = valid.check_class_problem(
        X, y, n_classes, sample_weight, offset, fit_intercept
    )
    names = valid.column_names(X, matrix.shape[1], feature_names)
    _check_size(matrix.shape[1] * (n_classes - 1))
    symmetric = valid.check_reference_class(reference_class, n_classes) is None
    reference = 0 if symmetric else int(reference_class)
    likelihood = SoftmaxLikelihood(
        X if design.is_sparse(X) else np.asarray(X), y if y.ndim == 2 else np.eye(n_classes)[y],
        weight, offset, fit_intercept, power, reference,
    )  # fmt: skip
    with _explained(X, weight, fit_intercept, names, n_threads):
        maximum = likelihood.maximise(np.zeros(likelihood.q), tol, max_iter)
    each = likelihood.each
    theta, covariance = expand(maximum, n_classes, reference, symmetric, each)
    errors = np.sqrt(np.maximum(covariance.diagonal(), 0.0)).reshape(n_classes, each)
    positions = np.insert(np.arange(likelihood.q).reshape(-1, each), reference, -1, axis=0)
    if symmetric:
        positions = positions[1:]  # of the coefficients relative to class 0: for joint tests
    coef, intercept = theta, np.zeros(n_classes)
    if fit_intercept:
        coef, intercept = theta[:, :-1], theta[:, -1]
    return FirthResult(
        coef, intercept, covariance, errors, maximum.loglik, maximum.penalised_loglik, "firth",
        power, **_ending(maximum), names=tuple(names),
        _search=Search(likelihood, maximum, positions, max(max_iter, 1000), False),
    )  # fmt: skip
