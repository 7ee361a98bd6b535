"""The estimator: scikit-learn's LogisticRegression on the functional core."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.linear_model._base import BaseEstimator, LinearClassifierMixin, SparseCoefMixin

from fastlogreg import core
from fastlogreg.estimators import callbacks, one_vs_rest, separate
from fastlogreg.estimators.columns import column_bounds, column_factors, preview
from fastlogreg.estimators.doors import balances_later, check_finite, open_problem
from fastlogreg.estimators.equivalents import Given, equivalents
from fastlogreg.estimators.export import Export
from fastlogreg.estimators.firth import firth_in, solve_firth
from fastlogreg.estimators.parameters import Parameters
from fastlogreg.estimators.predictions import Predictions
from fastlogreg.estimators.present import Present
from fastlogreg.estimators.statistics import Statistics
from fastlogreg.warnings import warn_unless_converged

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Self

    from numpy.typing import ArrayLike

    from fastlogreg.annotations import ColumnBounds, ColumnFactors, MatrixLike
    from fastlogreg.estimators.equivalents import Equivalents


def certificate_of(result, problem):
    """A result's certificate, or its list of them, knowing the labels that it is about."""
    classes = problem.classes
    several = isinstance(result, one_vs_rest.OneVsRest)
    if several or result.certificate is None or problem.labels.ndim == 2:
        return result.certificate
    if len(classes) == 2:
        return replace(result.certificate, positive_class=classes[1])
    if len(result.certificate.coef) < len(classes):  # see `Present`
        classes = np.unique(problem.labels[problem.sample_weight > 0])
    return replace(result.certificate, classes=classes)


class LogisticRegression(
    Statistics,
    Parameters,
    Predictions,
    Export,
    CallbackSupportMixin,
    LinearClassifierMixin,
    SparseCoefMixin,
    BaseEstimator,
):
    """Logistic regression with L2, L1, elastic-net or no penalty, solved to a certificate.

    For two classes it minimises over ``w``, within its bounds, and ``b`` the objective::

        sum_i s_i log(1 + exp(-t_i (x_i'w + b + o_i))) / sum_i s_i
            + alpha sum_j f_j (l1_ratio |w_j| + (1 - l1_ratio)/2 w_j^2)

    where ``t_i`` is +1 for ``classes_[1]`` and -1 for ``classes_[0]``, ``s_i`` is the sample weight
    times the class weight, ``o_i`` the offset, ``f_j`` the penalty factor and
    ``alpha = 1 / (C sum_i s_i)``. This is scikit-learn's objective divided by ``C sum_i s_i``, so
    that the same C gives the same model. The intercept is never penalised. Columns need no scaling,
    and any penalty goes with any data.

    For more classes the loss is that of softmax, with a row of coefficients ``w_k``, an intercept
    ``b_k`` and offsets for each class::

        -log(exp(z_ic) / sum_k exp(z_ik)),    z_ik = x_i'w_k + b_k + o_ik,    c the class of row i

    and the penalty is summed over the classes. With ``multi_class='ovr'`` each class has a binary
    model of its own against the rest.

    Parameters
    ----------
    penalty : {'firth', 'l1', 'l2', 'elasticnet', 'none', None}, default='deprecated'
        'firth' for Firth's penalised likelihood (see `fastlogreg.firth`): finite for separated data
        and with less bias; it replaces the penalty above and takes no C, l1_ratio or bounds.
        The others are an older spelling: None and 'none' mean ``C=np.inf``, 'l2' means
        ``l1_ratio=0``, 'l1' means ``l1_ratio=1``, 'elasticnet' leaves it to `l1_ratio`.
    C : float, default=1.0
        Inverse strength of the penalty, above 0; ``np.inf`` for none.
    l1_ratio : float, default=0.0
        0 for the L2 penalty (ridge), 1 for L1 (lasso: some coefficients are exactly zero), between
        them the elastic net. None means 0.
    dual : bool, default=False
        Ignored: the solver that suits the shape of X is chosen anyway.
    tol : float, default=1e-4
        Bound on the gradient of the mean loss for columns of unit scale. The objective is solved to
        the relative suboptimality ``0.1 tol^2``, whatever the scale of the columns, and at best
        1e-14; the default gives 1e-9. Firth's fit ends with a step of ``0.01 tol`` standard errors.
    fit_intercept : bool, default=True
        Whether to fit ``b``.
    intercept_scaling : float, default=1
        Ignored: there is no column of ones to scale.
    class_weight : dict or 'balanced', default=None
        Weights of the classes, ``{label: weight}``; those not named weigh 1. 'balanced' gives all
        classes the same total weight, with ``multi_class='ovr'`` each class that of its rest.
    random_state : int, RandomState instance or None, default=None
        Ignored: nothing here is random.
    solver : str, default='auto'
        'auto' chooses by the penalty and the shape of X. 'proximal' serves every penalty and is
        what 'auto' takes for L1 and for bounds; 'newton', 'multilevel', 'truncated-newton' and
        'dual' (for more columns than rows) serve L2 or none, without bounds, and mean 'auto' for
        joint models of many classes. scikit-learn's names mean 'auto': every solver reaches the
        same optimum.
    max_iter : int, default=100
        Largest number of iterations on all rows.
    verbose : int, default=0
        Above 0, prints a line per iteration.
    warm_start : bool, default=False
        Start from the last fit's coefficients where classes and number of columns are the same.
    n_jobs : int, default=None
        Older spelling of `n_threads`; -1 means all cores.
    alpha : float or '1/n_samples', default=None
        Strength of the penalty in the objective above, instead of C. '1/n_samples' is ``C=1``.
    multi_class : {'auto', 'ovr', 'multinomial', 'deprecated'}, default='auto'
        For more than two classes: 'ovr' fits one binary model a class, that class against the rest,
        side by side; all else is the joint softmax model. Two classes are the same in all.
    n_threads : int, default=None
        Largest number of threads; None for the package's setting. The result has the same bits for
        any number.
    penalty_factor : array-like of shape (n_features,) or dict, default=None
        How much each coefficient is penalised, ``f_j >= 0``; 0 for never. A dict
        ``{column: factor}`` has column names (of a data frame) or positions as keys, and 1 for the
        columns that it leaves out.
    bounds : dict or tuple (lower, upper), default=None
        Bounds of the coefficients, with any penalty: ``{column: (low, high)}`` with keys as in
        `penalty_factor`, None for an open side; or a pair, each None, a number or an array of shape
        (n_features,), for each class, or (n_classes, n_features). In the units of ``coef_``.
    standardize : bool, default=False
        Whether the penalty counts coefficients of columns scaled to standard deviation 1 (weighted,
        divided by the sum of weights). The data stay as they are, and so do the units of ``coef_``.
    reference_class : label, default=None
        In the joint model of many classes, the class whose coefficients and intercept are zero;
        None gives every class its own, as scikit-learn does. Of two classes ``classes_[0]`` is it.
    grouped : bool, default=False
        In the joint model of many classes, whether the L1 part counts the Euclidean norm of a
        column's coefficients over all classes, so that a column enters all classes or none.
    separation : {'warn', 'raise', 'firth', 'ignore'}, default='warn'
        What to do if the classes are separated and no penalty holds a coefficient, so that it runs
        off to infinity: a SeparationWarning that names it, a SeparationError, Firth's estimate
        (which is finite) in place of the coefficients and of the certificate, or nothing; with
        'ignore' it is not looked for. A C of 1e8 or more counts as no penalty.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted; 0, 1, ... if y held probabilities.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Of two classes the coefficients for ``classes_[1]``, of more a row for each; in the
        precision of X; sparse after ``sparsify()``.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        The intercepts, zero if none were fitted.
    n_iter_ : ndarray of shape (1,) or, with 'ovr', (n_classes,), int32
        Iterations on all rows.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns, if X had names that are strings.
    objective_ : float
        The objective at the solution; Firth's is the mean loss less ``log det(I) / 2`` over the sum
        of weights.
    certificate_ : Certificate
        How far above its minimum the objective can be at most; ``certificate_.verify(X, y)`` checks
        that in NumPy (with ``y[:, 1]`` if y held the probabilities of two classes). None for
        Firth's fit, which has no such bound.
    firth_ : FirthResult
        With ``penalty='firth'``, and where ``separation='firth'`` took effect: standard errors,
        both likelihoods, and how the fit ended. It holds no data: for profile intervals call
        `fastlogreg.firth`.
    converged_ : bool
        Whether the certificate meets `tol`, or rounding allows no better.
    stop_reason_ : str
        Why the solver stopped: a text of `FitResult`, or for Firth's fit of `FirthResult`.
    solver_ : str
        The solver that did the work.
    separation_ : Separation or None
        Whether a finite estimate exists, which coefficients are infinite, and the proof, which
        ``separation_.verify(X, y)`` checks; None if a penalty holds all coefficients.

    With 'ovr', ``objective_``, ``certificate_``, ``stop_reason_``, ``solver_`` and, unless it is
    None, ``separation_`` hold one value a class, and ``converged_`` says whether all did; so does
    ``firth_``, None for classes that are not separated.

    Warns
    -----
    ConvergenceWarning
        If the certificate does not meet `tol`.
    SeparationWarning
        If the classes are separated and there is no penalty, so that no finite optimum exists; its
        text is that of `separation_`.

    Notes
    -----
    Differences from scikit-learn: older and coming spellings give no warnings, unless `penalty` and
    `l1_ratio` are at odds; a `y` of several columns holds probabilities; `dual`,
    `intercept_scaling` and `random_state` change nothing; negative sample weights are refused; rows
    of weight 0 do not count as samples of their class; warm starts go by class label and begin
    afresh where the classes or columns changed.

    References
    ----------
    McCullagh & Nelder, "Generalized Linear Models" (1989), ch. 4 and 5. Zou & Hastie,
    "Regularization and variable selection via the elastic net", J. R. Stat. Soc. B 67 (2005). The
    modules of the solvers name their own sources.

    Examples
    --------
    >>> from fastlogreg import LogisticRegression
    >>> from sklearn.datasets import load_breast_cancer
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = LogisticRegression().fit(X, y)
    >>> round(model.score(X, y), 3)
    0.958
    >>> model.converged_ and bool(model.certificate_.relative_gap < 1e-9)
    True

    A lasso of the same columns at a common scale, the first of them never penalised:

    >>> lasso = LogisticRegression(
    ...     l1_ratio=1, C=0.02, standardize=True, penalty_factor={0: 0}
    ... ).fit(X, y)
    >>> int((lasso.coef_ != 0).sum())
    3

    Many classes, at once and one by one:

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> LogisticRegression().fit(X, y).predict_proba(X[:1]).round(3)
    array([[0.982, 0.018, 0.   ]])
    >>> LogisticRegression(multi_class="ovr").fit(X, y).predict_proba(X[:1]).round(3)
    array([[0.897, 0.103, 0.   ]])
    """

    def __init__(
        self, penalty: str | None = "deprecated", *, C: float = 1.0, l1_ratio: float | None = 0.0,
        dual: bool = False, tol: float = 1e-4, fit_intercept: bool = True,
        intercept_scaling: float = 1, class_weight: Mapping[Any, float] | str | None = None,
        random_state: object = None, solver: str = "auto", max_iter: int = 100, verbose: int = 0,
        warm_start: bool = False, n_jobs: int | None = None, alpha: float | str | None = None,
        multi_class: str = "auto", n_threads: int | None = None,
        penalty_factor: ColumnFactors = None, bounds: ColumnBounds = None,
        standardize: bool = False, reference_class: object = None, grouped: bool = False,
        separation: str = "warn",
    ) -> None:  # fmt: skip
        self.penalty = penalty
        self.C = C
        self.l1_ratio = l1_ratio
        self.dual = dual
        self.tol = tol
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.class_weight = class_weight
        self.random_state = random_state
        self.solver = solver
        self.max_iter = max_iter
        self.verbose = verbose
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.alpha = alpha
        self.multi_class = multi_class
        self.n_threads = n_threads
        self.penalty_factor = penalty_factor
        self.bounds = bounds
        self.standardize = standardize
        self.reference_class = reference_class
        self.grouped = grouped
        self.separation = separation

    def fit(
        self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None, *,
        offset: ArrayLike | None = None,
    ) -> Self:  # fmt: skip
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data; float32 and float64 are read in place, in any layout, CSR and CSC included.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Labels: numbers, booleans or strings. Or soft targets: the probabilities of the classes
            0, 1, ..., each row summing to 1 (to 1e-6).
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, at least 0; 1 for all rows if None.
        offset : array-like of shape (n_samples,) or (n_samples, n_classes), default=None
            Added to the scores, of more than two classes to those of each; not remembered: give the
            rows that are predicted theirs.

        Returns
        -------
        self
            The fitted estimator. After an error it is as it was before.

        Raises
        ------
        ValueError
            A parameter or an argument is of the wrong range, length or kind; the text names it.
        """
        state = self.__dict__
        if "_skl_callbacks" in state or "_parent_callback_ctx" in state:
            return self._fit_watched(X, y, sample_weight, offset)
        self._check_parameters()
        problem = open_problem(self, X, y, sample_weight, offset)
        start = self._start(problem) if self.warm_start else None
        result = self._solve(X, problem, start, None)
        result, verdict = separate.judge(self, problem, result)
        self._record(problem, result)
        self.separation_ = verdict
        self._given = Given.of(problem, sample_weight)
        if verdict is not None or not result.converged:
            self._warn(problem, result, 2, separate.news(self, problem, verdict))
        return self

    @with_callbacks
    def _fit_watched(self, X, y, sample_weight, offset):
        """As `fit`, with scikit-learn's callbacks told of every iteration."""
        self._check_parameters()
        problem = open_problem(self, X, y, sample_weight, offset)
        start = self._start(problem) if self.warm_start else None
        task = callbacks.FitTask(self, problem, sample_weight, start)
        result = self._solve(X, problem, start, task)
        result, verdict = separate.judge(self, problem, result)
        task.close()
        self._record(problem, result)
        self.separation_ = verdict
        self._given = Given.of(problem, sample_weight)
        if verdict is not None or not result.converged:
            self._warn(problem, result, 4, separate.news(self, problem, verdict))
        task.finish()
        return self

    def _solve(self, X, problem, start, callback):
        """The core's result for a checked problem; X is the user's, for error texts."""
        terms = self._terms(problem)
        if self.verbose:
            echo = callbacks.print_iteration
            callback = echo if callback is None else callbacks.both(callback, echo)
        self._reference(problem.classes.tolist())
        try:
            if self.penalty == "firth":
                return solve_firth(self, problem, start)
            if len(problem.classes) > 2:
                if self._one_vs_rest(problem.classes):
                    balanced = balances_later(self, problem.classes)
                    return one_vs_rest.fit(problem, balanced, terms, start, callback)
                terms |= self._softmax_terms(problem)
                return Present.of(problem, terms).fit(start, callback)
            return core.fit(
                problem.X,
                problem.y,
                sample_weight=problem.sample_weight,
                offset=problem.offset,
                start=start,
                callback=callback,
                **terms,
            )
        except core.NonFiniteError:
            check_finite(self, X)
            raise

    def _terms(self, problem):
        """The parameters in the words of `fastlogreg.fit`."""
        names, p = problem.feature_names, problem.X.shape[1]
        return {
            "alpha": self._alpha(problem.total_weight),
            "l1_ratio": self._l1_ratio(),
            "penalty_factor": column_factors(self.penalty_factor, names, p),
            "bounds": column_bounds(self.bounds, names, p, len(problem.classes)),
            "standardize": bool(self.standardize),
            "fit_intercept": bool(self.fit_intercept),
            "solver": self._core_solver(problem.classes),
            "tol": self._relative_tol(),
            "max_iter": int(self.max_iter),
            "n_threads": self._threads(),
        }

    def _softmax_terms(self, problem):
        """What `fastlogreg.fit` is told beside when there are more than two classes."""
        return {
            "n_classes": problem.n_classes,
            "reference_class": self._reference(problem.classes.tolist()),
            "grouped": bool(self.grouped),
        }

    def _reference(self, classes):
        """The code of `reference_class`; of two classes only the first can be it."""
        reference = self.reference_class
        if reference is None:
            return None
        if reference not in classes:
            raise ValueError(
                f"reference_class={reference!r} is not a class of y, whose classes are "
                f"{preview(classes)}"
            )
        if len(classes) == 2 and reference != classes[0]:
            raise ValueError(
                f"reference_class={reference!r}: of two classes the first, {classes[0]!r}, is the "
                "reference; the coefficients of the other reference are minus these"
            )
        return classes.index(reference)

    def _record(self, problem, result):
        """Take over a result: the only place where a fit changes the estimator."""
        dtype = problem.X.dtype
        self.classes_ = problem.classes
        self.coef_ = np.array(result.coef, dtype=dtype, ndmin=2)
        self.intercept_ = np.array(result.intercept, dtype=dtype, ndmin=1)
        self.n_iter_ = np.array(result.n_iter, dtype=np.int32, ndmin=1)
        self.n_features_in_ = problem.X.shape[1]
        if problem.feature_names is not None:
            self.feature_names_in_ = problem.feature_names
        else:
            self.__dict__.pop("feature_names_in_", None)
        self.objective_ = result.objective
        self.certificate_ = certificate_of(result, problem)
        self.__dict__.pop("firth_", None)
        firth = firth_in(result)
        if firth is not None:
            self.firth_ = firth
        self.converged_ = result.converged
        self.stop_reason_ = result.stop_reason
        self.solver_ = result.solver

    def _warn(self, problem, result, stacklevel, verdict=None):
        """Say what is separated, and which certificates do not meet the tolerance."""
        tol, max_iter = self._relative_tol(), self.max_iter
        if isinstance(result, one_vs_rest.OneVsRest):
            one_vs_rest.warn_unless_converged(
                result, problem.classes, tol, max_iter, stacklevel + 1, verdict
            )
        else:
            warn_unless_converged(result, tol, max_iter, stacklevel + 1, separation=verdict)

    def _start(self, problem):
        """(coef, intercept) of the last fit for the problem's classes, None if it does not fit."""
        if "coef_" not in self.__dict__:
            return None
        coef = self.coef_.toarray() if hasattr(self.coef_, "toarray") else self.coef_
        coef, intercept = coef.astype(float), self.intercept_.astype(float)
        before, now = self.classes_.tolist(), problem.classes.tolist()
        if coef.shape[1] != problem.X.shape[1] or sorted(before, key=repr) != sorted(now, key=repr):
            return None
        if not (np.isfinite(coef).all() and np.isfinite(intercept).all()):
            return None
        if not self.fit_intercept:
            intercept = np.zeros_like(intercept)
        if len(now) == 2:
            sign = 1.0 if before == now else -1.0
            return sign * coef[0], sign * float(intercept[0])
        order = [before.index(label) for label in now]
        return coef[order], intercept[order]

    def equivalents(self) -> Equivalents:
        """The calls that give this model in other libraries, to print.

        Returns
        -------
        Equivalents
            A str: code for scikit-learn, R's glm and glmnet, statsmodels, glum and LIBLINEAR, or a
            line that says why a library has no such model. ``calls`` and ``missing`` hold these.

        Raises
        ------
        NotFittedError
            Before `fit`.

        Examples
        --------
        >>> from fastlogreg import LogisticRegression
        >>> model = LogisticRegression(l1_ratio=1).fit([[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1])
        >>> "scikit-learn" in model.equivalents().calls
        True
        """
        return equivalents(self)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
