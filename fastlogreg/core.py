"""The functional core: fits and kernels for those who need no estimator."""

import numpy as np

from fastlogreg import design, parallel
from fastlogreg import validation as valid
from fastlogreg._kernels import core as kernels
from fastlogreg.certificate import Certificate
from fastlogreg.result import CALLBACK, CONVERGED, DIVERGED, MAX_ITER, SEPARATED, STALLED, FitResult

SOLVERS = ("auto", "newton", "multilevel", "truncated-newton", "lbfgs", "dual")
_SMALL_STATUS = {
    "converged": CONVERGED, "max_iter": MAX_ITER, "stalled": STALLED, "separated": SEPARATED,
    "diverged": DIVERGED, "callback": CALLBACK,
}  # fmt: skip


TOO_LARGE = (
    "X or offset holds values so large that their squares or products overflow; "
    "rescale those columns"
)


class NonFiniteError(ValueError):
    """X holds a NaN or an infinity; found in the first pass over the data."""


def fit(
    X, y, *, alpha=0.0, fit_intercept=True, sample_weight=None, offset=None, solver="auto",
    tol=1e-9, max_iter=100, n_threads=None, start=None, callback=None,
):  # fmt: skip
    """Fit a binary logistic regression to a certified optimum.

    Minimises ``sum_i s_i loss(y_i, z_i) / sum_i s_i + alpha/2 ||coef||^2`` with scores
    ``z = X @ coef + intercept + offset``, ``loss(y, z) = log(1 + exp(z)) - y z`` and weights s; the
    intercept is not penalised.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n, p)
        float32 and float64 arrays in row- or column-major order and CSR/CSC are not copied.
    y : array-like of shape (n,)
        0/1, booleans, -1/+1, or probabilities in [0, 1].
    alpha : float, default=0.0
        Strength of the ridge penalty, >= 0; scikit-learn's C is ``1 / (alpha * sum(s))``.
    fit_intercept : bool, default=True
        Whether to fit an intercept.
    sample_weight : array-like of shape (n,), default=None
        Weights >= 0, not all zero; None means 1 for every row.
    offset : array-like of shape (n,), default=None
        Added to the scores.
    solver : {"auto", "newton", "multilevel", "truncated-newton", "lbfgs", "dual"}
        All reach the same optimum; "auto" picks the fastest for the shape of X.
    tol : float, default=1e-9
        Relative suboptimality that the certificate has to prove:
        ``objective - minimum <= tol * objective``.
    max_iter : int, default=100
        Iterations on all rows, >= 0.
    n_threads : int, default=None
        Threads; None takes `get_num_threads`. The result does not depend on it.
    start : tuple of (coef, intercept), default=None
        Where to start; None: zero coefficients and the intercept that fits best alone (0 if
        max_iter is 0).
    callback : callable, default=None
        Called with an object of ``n_iter, objective, gap, coef, intercept`` once an iteration on
        all rows; returning True stops the fit.

    Returns
    -------
    FitResult
        Coefficients, intercept, objective, certificate, why it stopped.

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
    The solvers' modules name their sources; the certificate is proved in
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
    if solver not in SOLVERS:
        raise ValueError(f"solver must be one of {SOLVERS}, got {solver!r}")
    valid.check_count(max_iter, "max_iter")
    fit_intercept = bool(fit_intercept)
    matrix = design.as_matrix(X)
    n, p = matrix.shape
    if n == 0:
        raise ValueError(f"X has no rows (shape {matrix.shape}); at least one is needed")
    if p + fit_intercept == 0:
        raise ValueError(
            f"X has no columns (shape {matrix.shape}) and there is no intercept to fit"
        )
    y = valid.check_targets(y, n)
    weight = valid.check_weights(sample_weight, n)
    offset = valid.check_rows(offset, n, "offset")
    n_threads = parallel.resolve(n_threads)
    q = p + fit_intercept
    if start is not None:
        theta = _join(start[0], start[1] if fit_intercept else None, p)
        if not fit_intercept and start[1]:
            raise ValueError("start has an intercept, but fit_intercept is False")
    else:
        theta = None

    small = n * q <= 60_000 and 0 < q <= 128 and n > q and not design.is_sparse(X)
    if small and solver in ("auto", "newton"):
        result = _fit_small(
            X, matrix, y, weight, offset, alpha, fit_intercept, tol, max_iter, theta, callback
        )
        if result is not None:
            return result
    return _fit_large(
        X, matrix, y, weight, offset, alpha, fit_intercept, solver, tol, max_iter, n_threads, theta,
        callback,
    )  # fmt: skip


def _fit_small(X, matrix, y, weight, offset, alpha, fit_intercept, tol, max_iter, theta, callback):
    """The fit in one compiled call; None where a singular Hessian needs the careful solver."""
    problem = kernels.Problem(matrix, y, weight, offset, fit_intercept)
    total = float(problem.n) if weight is None else float(weight.sum())
    sample_first = theta is None and max_iter > 0
    if theta is None:
        theta = np.zeros(problem.q)
        if fit_intercept and max_iter:
            theta[-1] = _null_intercept(y, weight, total)

    def run(limit):
        end = theta.copy()
        return end, *problem.newton(end, alpha, total, tol, limit, sample_first)

    outcome = run(max_iter)
    if outcome[1] == "singular":
        return None
    if outcome[1] == "nonfinite" or not max(outcome[3], outcome[5]) < np.inf:
        _refuse_nonfinite(X)
        return None
    if callback is not None:
        outcome = _replay(run, outcome, callback, fit_intercept)
    end, status, n_iter, objective, gap, gradient_max = outcome
    return _result(
        end, fit_intercept, alpha, objective, gap, gradient_max, _SMALL_STATUS[status], n_iter,
        n_iter + 1.0, "newton",
    )  # fmt: skip


def _replay(run, outcome, callback, fit_intercept):
    """Shows the callback every iteration of a compiled fit, made again up to there.

    So a fit with a callback has the same bits as one without.
    """
    from fastlogreg.solvers.state import Watch

    watch = Watch(callback, fit_intercept)
    for n_iter in range(1, outcome[2] + 1):
        part = run(n_iter)
        if watch(n_iter, part[0], part[3], part[4]):
            return part if part[1] == "converged" else (part[0], "callback", *part[2:])
    return outcome


def _null_intercept(y, weight, total):
    """The intercept alone that fits best, kept finite for a single class."""
    mean = float(np.add.reduce(y, dtype=np.float64) if weight is None else y @ weight) / total
    mean = min(max(mean, 1e-12), 1.0 - 1e-12)
    return np.log(mean / (1.0 - mean))


def _fit_large(
    X, matrix, y, weight, offset, alpha, fit_intercept, solver, tol, max_iter, n_threads, theta,
    callback,
):  # fmt: skip
    from fastlogreg.objective import Objective
    from fastlogreg.solvers import choose, find
    from fastlogreg.solvers.state import Watch

    def objective_over(X, matrix):
        return Objective(X, matrix, y, weight, offset, fit_intercept, alpha, n_threads)

    objective = objective_over(X, matrix)
    if solver == "auto":
        solver = choose(objective)
    if solver == "newton" and matrix.layout == "CSC":  # a Hessian needs rows
        rows = design.by_row(X)
        objective = objective_over(rows, design.as_matrix(rows))
    if max_iter == 0:
        solver = "newton" if objective.q <= 1000 else "truncated-newton"  # nothing but evaluate
    minimise = find(solver, objective)
    if theta is None:
        theta = np.zeros(objective.q)
        if fit_intercept and max_iter:
            theta[-1] = _null_intercept(y, weight, objective.total_weight)
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            solution = minimise(objective, theta, tol, max_iter, Watch(callback, fit_intercept))
    except (FloatingPointError, np.linalg.LinAlgError):
        _refuse_nonfinite(X)
        raise ValueError(TOO_LARGE) from None
    if not np.isfinite([solution.objective, solution.gradient_max, *solution.theta]).all():
        _refuse_nonfinite(X)
        raise ValueError(TOO_LARGE)
    theta, f, gap, gradient_max, status, n_iter = solution
    return _result(
        theta, fit_intercept, alpha, f, gap, gradient_max, status, n_iter, objective.passes, solver
    )


def _refuse_nonfinite(X):
    """NonFiniteError if X holds a NaN or an infinity."""
    if not np.isfinite(X.data if design.is_sparse(X) else np.asarray(X)).all():
        raise NonFiniteError(
            "Input X contains NaN or infinity; impute or drop those rows first "
            "(sklearn.impute.SimpleImputer)"
        )


def _result(
    theta, fit_intercept, alpha, f, gap, gradient_max, status, n_iter, n_passes, solver
):  # fmt: skip
    coef = theta[:-1] if fit_intercept else theta
    intercept = float(theta[-1]) if fit_intercept else 0.0
    relative = gap / f if f > 0.0 else 0.0 if gap == 0.0 else np.inf
    certificate = Certificate(gap, relative, gradient_max, f, coef, intercept, alpha, fit_intercept)
    converged = status in (CONVERGED, STALLED)
    return FitResult(coef, intercept, f, certificate, converged, status, n_iter, n_passes, solver)


# ---------------------------------------------------------------------- elementwise kernels


def _elementwise(double, single, z, *args):
    """Applies a kernel to an array of any shape; float32 stays float32, scalars give scalars."""
    z = np.asarray(z)
    if z.dtype.char != "f":
        z = z.astype(np.float64, copy=False)
    flat = np.ascontiguousarray(z).reshape(-1)
    out = np.empty_like(flat)
    (single if z.dtype.char == "f" else double)(flat, *args, out)
    return out.reshape(z.shape)[()]


def sigmoid(z):
    """Probability 1 / (1 + exp(-z)) of scores, elementwise.

    Parameters
    ----------
    z : array-like of any shape
        Scores; +-inf give 1 and 0, nan stays nan.

    Returns
    -------
    ndarray of the same shape
        float32 for float32 input, else float64; within 4 ulp, denormal results included.

    Examples
    --------
    >>> import fastlogreg
    >>> fastlogreg.sigmoid([-2.0, 0.0, 2.0]).round(4)
    array([0.1192, 0.5   , 0.8808])
    """
    return _elementwise(kernels.sigmoid, kernels.sigmoid_f32, z)


def softplus(z):
    """log(1 + exp(z)), elementwise: the cross-entropy of target 0 at score z.

    Parameters
    ----------
    z : array-like of any shape
        Scores.

    Returns
    -------
    ndarray of the same shape
        float32 for float32 input, else float64; within 4 ulp over the whole range.

    Examples
    --------
    >>> import fastlogreg
    >>> fastlogreg.softplus([-1000.0, 0.0, 1000.0]).tolist()
    [0.0, 0.6931471805599453, 1000.0]
    """
    return _elementwise(kernels.softplus, kernels.softplus_f32, z, 1.0)


def log_sigmoid(z):
    """log(sigmoid(z)), elementwise and without forming the probability.

    Parameters
    ----------
    z : array-like of any shape
        Scores.

    Returns
    -------
    ndarray of the same shape
        float32 for float32 input, else float64; within 4 ulp over the whole range.

    Examples
    --------
    >>> import fastlogreg
    >>> fastlogreg.log_sigmoid([-1000.0, 0.0]).tolist()
    [-1000.0, -0.6931471805599453]
    """
    return _elementwise(kernels.softplus, kernels.softplus_f32, z, -1.0)


def binary_cross_entropy(y, z):
    """Cross-entropy of targets y at scores z, elementwise.

    Parameters
    ----------
    y : array-like
        Targets in [0, 1], broadcast against z.
    z : array-like
        Scores.

    Returns
    -------
    ndarray, float64
        ``-(y log sigmoid(z) + (1 - y) log sigmoid(-z))``; never log(0), within 4 ulp.

    Raises
    ------
    ValueError
        A target lies outside [0, 1].

    Examples
    --------
    >>> import fastlogreg
    >>> fastlogreg.binary_cross_entropy([1, 1, 0], [1000.0, -1000.0, 0.0]).tolist()
    [0.0, 1000.0, 0.6931471805599453]
    """
    y, z = np.broadcast_arrays(_targets(y), np.asarray(z, dtype=np.float64))
    out = np.empty(y.shape)
    kernels.cross_entropy(
        np.ascontiguousarray(y).reshape(-1), np.ascontiguousarray(z).reshape(-1), out.reshape(-1)
    )
    return out[()]


def _targets(y):
    y = np.asarray(y, dtype=np.float64)
    if not ((y >= 0.0) & (y <= 1.0)).all():
        raise ValueError("y must hold targets in [0, 1]")
    return y


def log_loss(y, z, sample_weight=None):
    """Weighted mean cross-entropy of scores z.

    Parameters
    ----------
    y : array-like of shape (n,)
        Targets in [0, 1].
    z : array-like of shape (n,)
        Scores, not probabilities.
    sample_weight : array-like of shape (n,), default=None
        Weights >= 0.

    Returns
    -------
    float
        ``sum(s * binary_cross_entropy(y, z)) / sum(s)``.

    Raises
    ------
    ValueError
        Shapes differ, a target lies outside [0, 1], or weights are negative or all zero.

    Examples
    --------
    >>> import fastlogreg
    >>> round(fastlogreg.log_loss([0, 1], [0.0, 0.0]), 4)
    0.6931
    """
    z = np.ascontiguousarray(z, dtype=np.float64)
    if z.ndim != 1 or not len(z):
        raise ValueError(f"z must be one-dimensional and not empty, got shape {z.shape}")
    y = np.ascontiguousarray(_targets(y))
    if y.shape != z.shape:
        raise ValueError(f"y must have shape {z.shape} as z, got {y.shape}")
    weight = valid.check_weights(sample_weight, len(z))
    total = float(len(z)) if weight is None else float(weight.sum())
    return kernels.weighted_log_loss(y, z, weight) / total


# ---------------------------------------------------------------------- kernels over the data


def _join(coef, intercept, p):
    coef = valid.check_vector(coef, p, "coef")
    if intercept is None:
        return coef
    return np.append(coef, valid.check_number(intercept, "intercept", -np.finfo(float).max))


def _problem(X, y, coef, intercept, sample_weight, offset, alpha, n_threads):
    """Objective, parameters: the shared door of the kernels that follow."""
    from fastlogreg.objective import Objective

    alpha = valid.check_number(alpha, "alpha", 0.0)
    matrix = design.as_matrix(X)
    n, p = matrix.shape
    if n == 0:
        raise ValueError(f"X has no rows (shape {matrix.shape}); at least one is needed")
    theta = _join(coef, intercept, p)
    objective = Objective(
        X, matrix, valid.check_targets(y, n), valid.check_weights(sample_weight, n),
        valid.check_rows(offset, n, "offset"), intercept is not None, alpha,
        parallel.resolve(n_threads),
    )  # fmt: skip
    return objective, theta


def loss_gradient(
    X, y, coef, intercept=None, *, sample_weight=None, offset=None, alpha=0.0, n_threads=None
):
    """Objective and gradient in one read of X.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n, p)
        The data.
    y : array-like of shape (n,)
        0/1, booleans, -1/+1, or probabilities.
    coef : array-like of shape (p,)
        Where to evaluate.
    intercept : float, default=None
        None: a model without intercept.
    sample_weight, offset : array-like of shape (n,), default=None
        Weights >= 0; what is added to the scores.
    alpha : float, default=0.0
        Ridge penalty alpha/2 ||coef||^2.
    n_threads : int, default=None
        Threads; the bits of the result do not depend on it.

    Returns
    -------
    loss : float
        Weighted mean loss plus penalty.
    gradient : ndarray of shape (p,), or (p + 1,) with the intercept's entry last
        float64.

    Raises
    ------
    ValueError
        An argument is of the wrong shape, sign or kind.

    Examples
    --------
    >>> import fastlogreg
    >>> loss, gradient = fastlogreg.loss_gradient([[1.0], [2.0]], [0, 1], [0.0], 0.0)
    >>> round(loss, 4), gradient
    (0.6931, array([-0.25,  0.  ]))
    """
    objective, theta = _problem(X, y, coef, intercept, sample_weight, offset, alpha, n_threads)
    return objective.value_gradient(theta)


def loss_gradient_hessian(
    X, y, coef, intercept=None, *, sample_weight=None, offset=None, alpha=0.0, n_threads=None
):
    """Objective, gradient and Hessian in one read of X.

    Parameters
    ----------
    X, y, coef, intercept, sample_weight, offset, alpha, n_threads
        As in `loss_gradient`.

    Returns
    -------
    loss : float
        Weighted mean loss plus penalty.
    gradient : ndarray of shape (q,)
        q is p, or p + 1 with the intercept last.
    hessian : ndarray of shape (q, q)
        ``X' diag(s h) X / sum(s) + alpha I``, the intercept's diagonal without alpha.

    Raises
    ------
    ValueError
        An argument is of the wrong shape, sign or kind.

    Examples
    --------
    >>> import fastlogreg
    >>> fastlogreg.loss_gradient_hessian([[1.0], [2.0]], [0, 1], [0.0])[2]
    array([[0.625]])
    """
    objective, theta = _problem(
        design.by_row(X), y, coef, intercept, sample_weight, offset, alpha, n_threads
    )
    return objective.value_gradient_hessian(theta)


def hessian_vector_product(
    X, y, coef, intercept, vector, *, sample_weight=None, offset=None, alpha=0.0, n_threads=None
):
    """Hessian at (coef, intercept) times a vector, without forming the Hessian.

    Parameters
    ----------
    X, y, coef, intercept, sample_weight, offset, alpha, n_threads
        As in `loss_gradient`.
    vector : array-like of shape (q,)
        q is p, or p + 1 with the intercept last.

    Returns
    -------
    ndarray of shape (q,)
        float64.

    Raises
    ------
    ValueError
        An argument is of the wrong shape, sign or kind.

    Examples
    --------
    >>> import fastlogreg
    >>> fastlogreg.hessian_vector_product([[1.0], [2.0]], [0, 1], [0.0], None, [2.0])
    array([1.25])
    """
    objective, theta = _problem(X, y, coef, intercept, sample_weight, offset, alpha, n_threads)
    vector = valid.check_vector(vector, objective.q, "vector")
    curvature = np.empty(objective.n)
    objective.value_gradient(theta, curvature=curvature)
    return objective.curved_product(curvature, vector)


def _predict(X, coef, intercept, offset, n_threads, columns):
    matrix = design.as_matrix(X)
    n, p = matrix.shape
    theta = _join(coef, 0.0 if intercept is None else intercept, p)
    offset = valid.check_rows(offset, n, "offset")
    dtype = np.float32 if getattr(X, "dtype", None) == np.float32 else np.float64
    out = np.empty((n, 2) if columns == 2 else n, dtype=dtype)
    kernels.Problem(matrix, None, None, offset, True).predict(
        theta, out, parallel.resolve(n_threads)
    )
    return out


def decision_function(X, coef, intercept=0.0, *, offset=None, n_threads=None):
    """Scores ``X @ coef + intercept + offset``.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n, p)
        The data.
    coef : array-like of shape (p,)
        Coefficients.
    intercept : float, default=0.0
        Intercept.
    offset : array-like of shape (n,), default=None
        Added to the scores.
    n_threads : int, default=None
        Threads.

    Returns
    -------
    ndarray of shape (n,)
        float32 for float32 X, else float64.

    Raises
    ------
    ValueError
        Shapes do not fit.

    Examples
    --------
    >>> import fastlogreg
    >>> fastlogreg.decision_function([[1.0], [2.0]], [3.0], 1.0)
    array([4., 7.])
    """
    return _predict(X, coef, intercept, offset, n_threads, 1)


def predict_proba(X, coef, intercept=0.0, *, offset=None, n_threads=None):
    """Probabilities of target 0 and 1, both to full relative accuracy, in one read of X.

    Parameters
    ----------
    X, coef, intercept, offset, n_threads
        As in `decision_function`.

    Returns
    -------
    ndarray of shape (n, 2)
        float32 for float32 X, else float64.

    Raises
    ------
    ValueError
        Shapes do not fit.

    Examples
    --------
    >>> import fastlogreg
    >>> fastlogreg.predict_proba([[0.0], [2.0]], [1.0]).round(4)
    array([[0.5   , 0.5   ],
           [0.1192, 0.8808]])
    """
    return _predict(X, coef, intercept, offset, n_threads, 2)
