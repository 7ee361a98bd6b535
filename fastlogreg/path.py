"""Whole regularisation paths: fits for a falling strength of the penalty, each from the last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fastlogreg import design, parallel
from fastlogreg import validation as valid
from fastlogreg._kernels.core import nonzero
from fastlogreg.objective import Objective
from fastlogreg.penalty import Penalty
from fastlogreg.result import CALLBACK, CONVERGED, STALLED
from fastlogreg.solvers.proximal import Proximal

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from fastlogreg.annotations import Array, Bounds, MatrixLike
    from fastlogreg.displays.path import PathDisplay

COMPLETE = "all values fitted"
EXPLAINED = "stopped early: the model explains nearly all of the deviance"
FLAT = "stopped early: smaller penalties no longer change the fit"
LEAST_EXPLAINED = 1e-6  # relative; what less explains is hard to tell from rounding
LEAST_RATIO = 1e-3  # an L2 penalty alone leaves no model empty: its grid is that of this l1_ratio


@dataclass(frozen=True, slots=True)
class Path:
    """The outcome of `logistic_path`: one model a strength of the penalty, strongest first.

    Attributes
    ----------
    alphas, Cs : ndarray of shape (k,)
        Strengths of the penalty, falling, and the same as scikit-learn's C.
    coefs : ndarray or csr_array of shape (k, p)
        Coefficients, a row each; sparse where that saves memory.
    intercepts : ndarray of shape (k,)
        Intercepts.
    objectives : ndarray of shape (k,)
        Weighted mean loss plus penalty.
    dev_ratio : ndarray of shape (k,)
        Share of the null model's deviance that is explained.
    df : ndarray of shape (k,), int
        Coefficients other than zero.
    gaps : ndarray of shape (k,)
        Certified: ``objective - minimum <= gap * objective``.
    converged : ndarray of shape (k,), bool
        Whether the gap is within what ``tol`` asks for, or rounding allows no better.
    n_iter : ndarray of shape (k,), int
        Iterations.
    l1_ratio : float
        0 for a ridge, 1 for the lasso.
    null_deviance : float
        Mean loss of the null model: the intercept, unpenalised columns and offset alone.
    feature_names : ndarray or None
        Names of the columns, if X had any.
    stop_reason : str
        "all values fitted", "stopped early: the model explains nearly all of the deviance",
        "stopped early: smaller penalties no longer change the fit" or "stopped by the callback".

    References
    ----------
    Friedman, Hastie & Tibshirani, "Regularization paths for generalized linear models via
    coordinate descent", J. Stat. Softw. 33(1) (2010).

    Examples
    --------
    >>> import fastlogreg
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1]
    >>> path = fastlogreg.logistic_path(X, y, alphas=[0.3, 0.1, 0.03])
    >>> path.df.tolist(), path.coef_at(0.2)[0].round(3).tolist()
    ([0, 1, 1], [0.25])
    """

    alphas: np.ndarray
    Cs: np.ndarray
    coefs: Any
    intercepts: np.ndarray
    objectives: np.ndarray
    dev_ratio: np.ndarray
    df: np.ndarray
    gaps: np.ndarray
    converged: np.ndarray
    n_iter: np.ndarray
    l1_ratio: float
    null_deviance: float
    feature_names: np.ndarray | None
    stop_reason: str

    def coef_at(self, alpha: float) -> tuple[Array, float]:
        """Coefficients and intercept at any strength within the path.

        Parameters
        ----------
        alpha : float
            Between the smallest and the largest of ``alphas``.

        Returns
        -------
        coef : ndarray of shape (p,)
        intercept : float
            Interpolated linearly in alpha between the two neighbours, as glmnet does.

        Raises
        ------
        ValueError
            If alpha is outside of the path.
        """
        alpha = valid.check_number(alpha, "alpha", 0.0)
        low, high = self.alphas[-1], self.alphas[0]
        if not low * (1.0 - 1e-12) <= alpha <= high * (1.0 + 1e-12):
            raise ValueError(f"alpha must be within the path, {low:g} to {high:g}, got {alpha:g}")
        position = np.interp(-alpha, -self.alphas, np.arange(len(self.alphas)))
        before = int(position)
        after = min(before + 1, len(self.alphas) - 1)
        share = position - before
        rows = [np.asarray(self._row(k)) for k in (before, after)]
        ends = self.intercepts[before], self.intercepts[after]
        coef = (1.0 - share) * rows[0] + share * rows[1]
        return coef, float((1.0 - share) * ends[0] + share * ends[1])

    def _row(self, k):
        row = self.coefs[[k]]
        return row.toarray()[0] if design.is_sparse(row) else row[0]

    def to_frame(self) -> pd.DataFrame:
        """The path as a pandas DataFrame, a row a strength: its figures, then the coefficients."""
        import pandas as pd

        coefs = self.coefs.toarray() if design.is_sparse(self.coefs) else self.coefs
        names: Any = self.feature_names
        if names is None:
            names = [f"x{j}" for j in range(coefs.shape[1])]
        figures = {
            "alpha": self.alphas, "C": self.Cs, "df": self.df, "dev_ratio": self.dev_ratio,
            "objective": self.objectives, "gap": self.gaps, "intercept": self.intercepts,
        }  # fmt: skip
        return pd.concat([pd.DataFrame(figures), pd.DataFrame(coefs, columns=names)], axis=1)

    def plot(self, ax: Axes | None = None) -> PathDisplay:
        """Coefficients against alpha, as a `fastlogreg.displays.PathDisplay`."""
        from fastlogreg.displays.path import PathDisplay

        return PathDisplay.from_path(self, ax=ax)


def logistic_path(
    X: MatrixLike, y: ArrayLike, *, alphas: ArrayLike | None = None, Cs: ArrayLike | None = None,
    n_alphas: int = 100, eps: float | None = None, l1_ratio: float = 1.0,
    penalty_factor: ArrayLike | None = None, bounds: Bounds = None, standardize: bool = False,
    fit_intercept: bool = True, sample_weight: ArrayLike | None = None,
    offset: ArrayLike | None = None, early_stop: bool = True, tol: float = 1e-7,
    max_iter: int = 100, n_threads: int | None = None, verbose: int = 0,
    callback: Callable[[Any], object] | None = None,
) -> Path:  # fmt: skip
    """Fit a binary logistic regression for a whole sequence of penalties.

    The objective is that of `fit`. Each fit starts from the last; every one ends with a
    certificate.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n, p)
        As for `fit`; a DataFrame's column names are kept.
    y : array-like of shape (n,)
        0/1, booleans, -1/+1, or probabilities in [0, 1].
    alphas, Cs : array-like, default=None
        The strengths, as alpha or as scikit-learn's C = 1 / (alpha * sum of weights); not both.
        They are fitted from the strongest on. None: a grid from the data.
    n_alphas : int, default=100
        Length of the grid from the data, equally spaced in the logarithm.
    eps : float, default=None
        Smallest alpha of that grid as a share of the largest, which is the smallest with an empty
        model. None: 1e-4, or 1e-2 if there are fewer rows than columns.
    l1_ratio : float, default=1.0
        1 for absolute values (the lasso), 0 for a ridge, between them the elastic net.
    penalty_factor, bounds, standardize, fit_intercept, sample_weight, offset
        As for `fit`.
    early_stop : bool, default=True
        Whether to stop where the model explains 99.9 % of the deviance, or where a smaller alpha
        gains less than 1e-5 of what is explained. Only for a grid from the data.
    tol : float, default=1e-7
        Suboptimality that each certificate has to prove, relative to the objective or to what the
        model explains (``null_deviance - objective``), whichever is less, so that models of few
        columns are as exact as the others; no more than rounding allows.
    max_iter : int, default=100
        Iterations for each value.
    n_threads : int, default=None
        Threads; None takes `get_num_threads`. The result does not depend on it.
    verbose : int, default=0
        Above 0, a progress bar by tqdm where it is installed, else a line a value.
    callback : callable, default=None
        Called with ``(index, number of values, alpha, df, dev_ratio)`` after each value; returning
        True stops the path there.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        An argument is of the wrong shape, sign or kind, or X holds NaN or infinity.

    References
    ----------
    Friedman, Hastie & Tibshirani, "Regularization paths for generalized linear models via
    coordinate descent" (2010); the solver's module names its own.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> import fastlogreg
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> path = fastlogreg.logistic_path(X, y, standardize=True, n_alphas=20)
    >>> int(path.df[0]), bool((path.gaps <= 1e-7).all())
    (0, True)
    """
    names = _names(X)
    l1_ratio = valid.check_ratio(l1_ratio)
    tol = valid.check_number(tol, "tol", 0.0)
    valid.check_count(max_iter, "max_iter")
    fit_intercept = bool(fit_intercept)
    matrix, y, weight, offset = valid.check_problem(X, y, sample_weight, offset, fit_intercept)
    n, p = matrix.shape
    factor = valid.check_factor(penalty_factor, p)
    bounds = valid.check_bounds(bounds, p)
    total = float(n if weight is None else weight.sum())
    alphas = _given(alphas, Cs, total)
    if alphas is None:
        valid.check_count(n_alphas, "n_alphas")
        eps = (1e-4 if n >= p else 1e-2) if eps is None else valid.check_number(eps, "eps", 0.0)
        if n_alphas < 1 or not 0.0 < eps < 1.0:
            raise ValueError(
                f"n_alphas must be at least 1 and eps within (0, 1), got {n_alphas!r} and {eps!r}"
            )
    n_threads = parallel.resolve(n_threads)
    valid.check_flag(standardize, "standardize")
    scale = design.standard_deviations(X, matrix, weight, n_threads) if standardize else None

    def penalty_of(alpha, ratio=l1_ratio):
        return Penalty.of(alpha, ratio, factor, bounds, scale)

    smooth = l1_ratio == 0.0 and bounds is None
    unit = penalty_of(1.0, max(l1_ratio, LEAST_RATIO))
    objective = Objective(X, matrix, y, weight, offset, fit_intercept, unit, n_threads)
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            models = _follow(
                objective, unit, penalty_of, alphas, eps, n_alphas, early_stop, smooth, tol,
                max_iter, verbose, callback,
            )  # fmt: skip
    except (FloatingPointError, np.linalg.LinAlgError):
        valid.refuse_values(X)
    return models.path(l1_ratio, names)


def _follow(
    objective, unit, penalty_of, alphas, eps, n_alphas, early_stop, smooth, tol, max_iter, verbose,
    callback,
):  # fmt: skip
    """The models for all strengths."""
    solver = Proximal(objective)
    null, largest = _null_model(solver, unit, max_iter)
    if not np.isfinite([null, largest]).all():
        raise FloatingPointError("sums over the rows are not finite")
    early_stop = early_stop and alphas is None
    if alphas is None:
        alphas = (largest or 1.0) * np.geomspace(1.0, eps, n_alphas)
    models = _Models(objective.p, alphas, objective.total_weight, null, early_stop)
    show = _progress(verbose, len(alphas))
    before = unit_at(unit, largest) if largest else None
    for k, alpha in enumerate(alphas):
        penalty, enough = penalty_of(alpha), tol * models.explained()
        if smooth:
            solution = _ridge(objective, penalty, models.theta, enough, max_iter)
        else:
            solution = solver.solve(penalty, enough, max_iter, before=before)
            before = penalty
        models.take(solution, penalty, objective.fit_intercept)
        show(k, alpha, models)
        if callback is not None and callback(
            k, len(alphas), float(alpha), models.df[-1], models.dev_ratio[-1]
        ):
            models.stop_reason = CALLBACK
        if models.stop_reason != COMPLETE:
            break
    return models


def _given(alphas, Cs, total):
    """The strengths asked for, falling; None for a grid from the data."""
    if alphas is None and Cs is None:
        return None
    if alphas is not None and Cs is not None:
        raise ValueError("alphas and Cs both set the strengths of the penalty; give one of them")
    name = "Cs" if alphas is None else "alphas"
    values = np.atleast_1d(np.asarray(Cs if alphas is None else alphas, dtype=np.float64))
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all() or values.min() < 0:
        raise ValueError(f"{name} must be a sequence of finite numbers >= 0, got {values}")
    if alphas is None:
        if values.min() == 0:
            raise ValueError("Cs must be above 0")
        values = 1.0 / (values * total)
    return np.sort(values)[::-1]


def _names(X):
    columns = getattr(X, "columns", None)
    return None if columns is None else np.asarray(columns, dtype=object)


def unit_at(unit, alpha):
    """The penalty of strength 1 at another strength."""
    return unit._replace(l1=unit.l1 * alpha, l2=unit.l2 * alpha)


def _null_model(solver, unit, max_iter):
    """(mean loss, smallest alpha) of the model without penalised columns.

    At the solution of the unpenalised part, a column stays at zero as long as its product with the
    residuals is at most alpha times its l1.
    """
    o = solver.objective
    l1, _, lower, upper = unit.arrays(o.p)
    penalised = l1 > 0
    shut = Penalty(
        np.where(penalised, 1e300, 0.0), 0.0, np.where(penalised, np.minimum(lower, 0), lower),
        np.where(penalised, np.maximum(upper, 0), upper),
    )  # fmt: skip
    solver.start_at(o.null_start(), shut)
    solution = solver.solve(shut, 1e-13, max(max_iter, 30))
    slope = solver.slopes()
    counts = penalised & np.where(slope > 0, lower < 0, upper > 0)
    ratio = np.abs(slope[counts]) / (l1[counts] * o.total_weight)
    return solution.objective, float(ratio.max(initial=0.0))


def _ridge(objective, penalty, theta, tol, max_iter):
    """One value of a path without absolute values and bounds, by whatever solver suits it."""
    from fastlogreg.solvers import choose, find
    from fastlogreg.solvers.state import Watch

    o = objective
    here = Objective(o.X, o.matrix, o.y, o.weight, o.offset, o.fit_intercept, penalty, o.n_threads)
    name = choose(here)
    start = here.null_start() if theta is None else theta
    return find(name, here)(here, start, tol, max_iter, Watch(None, o.fit_intercept))


class _Models:
    """The models so far, and whether it is time to stop."""

    def __init__(self, p, alphas, total, null, early_stop):
        self.p, self.alphas, self.total, self.null = p, alphas, total, null
        self.early_stop, self.stop_reason, self.theta = early_stop, COMPLETE, None
        self.coefs, self.intercepts, self.objectives = [], [], []
        self.dev_ratio, self.df, self.gaps, self.n_iter = [], [], [], []
        self.converged = []

    def explained(self):
        """What the last model explains, relative to its objective; from LEAST_EXPLAINED to 1.

        The next explains no less.
        """
        f = self.objectives[-1] if self.objectives else self.null
        return min(max((self.null - f) / f, LEAST_EXPLAINED), 1.0) if f > 0 else 1.0

    def take(self, solution, penalty, fit_intercept):
        theta = self.theta = solution.theta
        columns = nonzero(theta[: self.p])
        coef = theta[columns]
        self.coefs.append((columns, coef))
        self.intercepts.append(float(theta[self.p]) if fit_intercept else 0.0)
        f = solution.objective
        self.objectives.append(f)
        loss = f - penalty.of_columns(columns).value(coef)
        self.dev_ratio.append(1.0 - loss / self.null if self.null > 0 else 0.0)
        self.df.append(len(columns))
        self.gaps.append(solution.gap / f if f > 0 else 0.0)
        self.converged.append(solution.status in (CONVERGED, STALLED))
        self.n_iter.append(solution.n_iter)
        explained = self.dev_ratio
        if self.early_stop and len(explained) >= 5:
            if explained[-1] > 0.999:
                self.stop_reason = EXPLAINED
            elif explained[-1] - explained[-2] < 1e-5 * explained[-1]:
                self.stop_reason = FLAT

    def path(self, l1_ratio, names):
        k = len(self.coefs)
        alphas = np.asarray(self.alphas[:k])
        columns, values = (np.concatenate(parts) for parts in zip(*self.coefs, strict=True))
        if self.p >= 1000 and len(values) < 0.2 * k * self.p:
            from scipy.sparse import csr_array

            coefs = csr_array((values, columns, np.cumsum([0, *self.df])), shape=(k, self.p))
        else:
            coefs = np.zeros((k, self.p))
            coefs[np.repeat(np.arange(k), self.df), columns] = values
        with np.errstate(divide="ignore"):
            Cs = 1.0 / (alphas * self.total)
        return Path(
            alphas, Cs, coefs, np.array(self.intercepts), np.array(self.objectives),
            np.array(self.dev_ratio), np.array(self.df), np.array(self.gaps),
            np.array(self.converged), np.array(self.n_iter), l1_ratio, self.null, names,
            self.stop_reason,
        )  # fmt: skip


def _progress(verbose, count):
    """A function to call after each value."""
    if not verbose:
        return lambda k, alpha, models: None
    try:
        from tqdm.auto import tqdm
    except ImportError:

        def line(k, alpha, models):
            print(
                f"{k + 1:3d}/{count}  alpha {alpha:.3e}  df {models.df[-1]}  "
                f"explained {models.dev_ratio[-1]:.4f}  gap {models.gaps[-1]:.1e}"
            )

        return line
    bar = tqdm(total=count, desc="path", unit="alpha")

    def advance(k, alpha, models):
        bar.update()
        bar.set_postfix(df=models.df[-1], explained=f"{models.dev_ratio[-1]:.3f}")
        if k + 1 == count or models.stop_reason != COMPLETE:
            bar.close()

    return advance
