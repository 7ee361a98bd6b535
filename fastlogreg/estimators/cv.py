"""The estimator that chooses its penalty: scikit-learn's LogisticRegressionCV on our paths."""

from __future__ import annotations

import contextlib
import threading
import warnings
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import get_scorer
from sklearn.model_selection import check_cv
from sklearn.utils import metadata_routing
from sklearn.utils._metadata_requests import (
    _manual_routing,
    _raise_for_params,
    _routing_enabled,
)
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.validation import _check_sample_weight

from fastlogreg import core, design, parallel
from fastlogreg.estimators import folds, separate
from fastlogreg.estimators.columns import column_bounds, column_factors
from fastlogreg.estimators.cv_parameters import CVParameters
from fastlogreg.estimators.doors import balances_later, check_finite, open_problem
from fastlogreg.estimators.equivalents import Given
from fastlogreg.estimators.logistic import LogisticRegression
from fastlogreg.warnings import ConvergenceWarning

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Self

    from numpy.typing import ArrayLike

    from fastlogreg.annotations import ColumnBounds, ColumnFactors, MatrixLike


class LogisticRegressionCV(CVParameters, LogisticRegression):
    """Logistic regression whose penalty is chosen by cross-validation.

    For each fold and l1_ratio it follows the path of models along the strengths of the penalty,
    scores each on the held-out rows, and fits all rows with the best. The objective, and what C and
    the other parameters of a model mean, are those of `LogisticRegression`; a fold's alpha is
    ``1 / (C * sum of its training weights)``. Folds are weights on the one X, which is not copied,
    and run in parallel threads.

    Parameters
    ----------
    Cs : int, array-like of shape (n_cs,) or 'path', default=10
        Inverse strengths to try, in any order, ``np.inf`` for none. A number stands for so many
        from 1e-4 to 1e4. 'path' takes the strengths from the data, as `logistic_path` does: from
        the least at which no coefficient enters, downwards until more would explain nothing more;
        with several l1_ratios, at the smallest of them above 0. All folds share them as alpha.
    l1_ratios : array-like of shape (n_l1_ratios,), default=None
        Shares of the absolute values in the penalty to try, within [0, 1]; None means 0, the ridge.
    fit_intercept : bool, default=True
        Whether to fit an intercept.
    cv : int, cross-validation generator or iterable of (train, test), default=None
        The folds; a number means so many stratified ones, None means 5.
    dual, intercept_scaling, random_state, solver
        Ignored, as every solver reaches the same optimum and nothing here is random.
    penalty : {'l1', 'l2', 'elasticnet'}, default='deprecated'
        Older spelling: 'l1' means ``l1_ratios=(1,)``, 'l2' means ``(0,)``.
    scoring : str, callable or None, default=None
        What to maximise: a name of scikit-learn's, or ``scorer(estimator, X, y)``; None is
        accuracy.
    tol : float, default=1e-4
        As in `LogisticRegression`, for every model of every fold.
    max_iter : int, default=100
        Largest number of iterations on all rows, for each model.
    class_weight : dict or 'balanced', default=None
        Weights of the classes, ``{label: weight}``; 'balanced' is taken from all rows, but with
        ``multi_class='ovr'`` from those of a fold.
    n_jobs : int, default=None
        Older spelling of `n_threads`; -1 means all cores.
    verbose : int, default=0
        Above 0 shows the progress over folds, by tqdm where it is installed; above 1 prints the
        iterations of the last fit too.
    refit : bool, default=True
        Whether to fit all rows with the best penalty. If not, coefficients, C and l1_ratio are
        means over the folds, each at its own best.
    use_legacy_attributes : bool, default=True
        Which shapes the attributes have; see there.
    alphas : array-like of shape (n_cs,), default=None
        Strengths to try against the mean loss, the same in each fold, instead of `Cs`.
    n_threads : int, default=None
        Largest number of threads; None for the package's setting. The result has the same bits for
        any number.
    multi_class, penalty_factor, bounds, standardize, reference_class, grouped
        As in `LogisticRegression`. With 'ovr' one strength is chosen for the models of all classes.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Of two classes the coefficients for ``classes_[1]``, of more a row for each; in the
        precision of X.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        The intercepts, zero if none were fitted.
    Cs_, alphas_ : ndarray of shape (n_cs,)
        The strengths tried, in the order given: ``alphas_ = 1 / (Cs_ * sum of weights)``.
    l1_ratios_ : ndarray of shape (n_l1_ratios,)
        The l1_ratios tried; ``[None]`` if none were given.
    C_, l1_ratio_ : float
        The best; with legacy attributes arrays, as long as ``coef_`` has rows.
    alpha_ : float
        ``1 / (C_ * sum of weights)``.
    alpha_1se_, C_1se_ : float
        The strongest penalty, at the best l1_ratio over all folds, whose mean score is within one
        standard error of the best.
    scores_ : ndarray of shape (n_folds, n_l1_ratios, n_cs)
        Scores on the held-out rows. With legacy attributes a dict of arrays of shape (n_folds,
        n_cs, n_l1_ratios), without the last dimension if no l1_ratios were given, by label:
        ``classes_[1]`` of two classes, of more all with the same array.
    coefs_paths_ : ndarray of shape (n_folds, n_l1_ratios, n_cs, 1 or n_classes, n_dof)
        Coefficients of the folds' models and, if fitted, their intercepts last. With legacy
        attributes a dict as before, of shape (n_folds, n_cs, n_l1_ratios, n_dof).
    n_iter_ : ndarray of shape (n_folds, n_l1_ratios, n_cs)
        Iterations on all rows; with legacy attributes of shape (1, n_folds, n_cs, n_l1_ratios).
    converged_ : bool
        Whether every model, those of the folds included, met `tol`, or rounding allowed no better.
    objective_, certificate_, stop_reason_, solver_, separation_
        Of the fit on all rows, as in `LogisticRegression`; not there if ``refit=False``.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns, if X had names that are strings.

    Warns
    -----
    ConvergenceWarning
        If models do not meet `tol`.
    SeparationWarning
        If the best strength is none and the classes are separated.
    FutureWarning
        If `scoring` or `use_legacy_attributes` is left at a default that scikit-learn will change.

    Notes
    -----
    Equal to a ``GridSearchCV`` of `LogisticRegression` over the same folds, but that "balanced"
    class weights come from all rows. A training fold that lacks a class has no finite optimum with
    an intercept; its models give that class the probability `tol` or less.

    Differences from scikit-learn: `penalty` and ``l1_ratios=None`` give no deprecation warnings;
    with ``refit=False``, ``l1_ratio_`` is right for an L1 penalty too; scorers other than accuracy
    and neg_log_loss run in the calling thread; negative sample weights are refused.

    References
    ----------
    L. Breiman, J. Friedman, R. Olshen, C. Stone (1984), Classification and Regression Trees,
    section 3.4.3: the rule of one standard error.

    Examples
    --------
    >>> from fastlogreg import LogisticRegressionCV
    >>> from sklearn.datasets import load_breast_cancer
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = LogisticRegressionCV(
    ...     Cs="path", l1_ratios=(1,), standardize=True, scoring="neg_log_loss",
    ...     use_legacy_attributes=False,
    ... ).fit(X, y)
    >>> model.alpha_1se_ >= model.alpha_, model.scores_.shape[:2]
    (True, (5, 1))
    """

    # of a scorer, not of the estimator itself: see get_metadata_routing
    __metadata_request__score = {"sample_weight": metadata_routing.UNUSED}

    def __init__(
        self, *, Cs: int | str | ArrayLike = 10, l1_ratios: ArrayLike | str | None = "warn",
        fit_intercept: bool = True, cv: Any = None, dual: bool = False,
        penalty: str = "deprecated", scoring: Any = "warn", solver: str = "auto",
        tol: float = 1e-4, max_iter: int = 100,
        class_weight: Mapping[Any, float] | str | None = None, n_jobs: int | None = None,
        verbose: int = 0, refit: bool = True, intercept_scaling: float = 1.0,
        random_state: object = None, use_legacy_attributes: bool | str = "warn",
        alphas: ArrayLike | None = None, multi_class: str = "auto", n_threads: int | None = None,
        penalty_factor: ColumnFactors = None, bounds: ColumnBounds = None,
        standardize: bool = False, reference_class: object = None, grouped: bool = False,
    ) -> None:  # fmt: skip
        self.Cs = Cs
        self.l1_ratios = l1_ratios
        self.fit_intercept = fit_intercept
        self.cv = cv
        self.dual = dual
        self.penalty = penalty
        self.scoring = scoring
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.class_weight = class_weight
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.refit = refit
        self.intercept_scaling = intercept_scaling
        self.random_state = random_state
        self.use_legacy_attributes = use_legacy_attributes
        self.alphas = alphas
        self.multi_class = multi_class
        self.n_threads = n_threads
        self.penalty_factor = penalty_factor
        self.bounds = bounds
        self.standardize = standardize
        self.reference_class = reference_class
        self.grouped = grouped

    def fit(
        self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None, *,
        offset: ArrayLike | None = None, **params: Any,
    ) -> Self:  # fmt: skip
        """Choose the penalty by cross-validation, and fit all rows with it.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data; float32 and float64 are read in place, in any layout, CSR and CSC included.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Labels. Or the probabilities of the classes 0, 1, ..., for which `scoring` has to be
            'neg_log_loss'.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, at least 0; 1 for all rows if None. They count in the scores too,
            with metadata routing where the scorer requests them.
        offset : array-like of shape (n_samples,) or (n_samples, n_classes), default=None
            Added to the scores of the rows, held-out rows included.
        **params : dict
            Parameters for the splitter and the scorer, with metadata routing.

        Returns
        -------
        self
            The fitted estimator. After an error it is as it was before.

        Raises
        ------
        ValueError
            A parameter or an argument is of the wrong range, length or kind; the text names it.
        """
        _raise_for_params(params, self, "fit")
        legacy = self._check_parameters()
        problem = open_problem(self, X, y, sample_weight, offset)
        self._check_class_weight(problem.classes)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, problem.X)
        routed = self._routed("fit", {"sample_weight": sample_weight, **params})
        splits = check_cv(self.cv, problem.labels, classifier=True).split(
            problem.X, problem.labels, **routed.splitter.split
        )
        splits = folds.open_folds(splits, problem)
        terms = self._terms(problem)
        try:
            grid = self._grid(problem, terms)
            outcome = self._cross_validate(
                problem, splits, grid, terms, sample_weight, routed.scorer.score
            )
            best = self._best(outcome.scores)
            model, result = self._final_model(problem, grid, outcome, best)
        except core.NonFiniteError:
            check_finite(self, X)
            raise
        short = folds.short_of(outcome, terms)
        self._take_over(problem, model, grid, outcome, best, legacy)
        self._given = Given.of(problem, sample_weight)
        self.converged_ = not short.any() and (result is None or result.converged)
        if short.any():
            text = (
                f"{short.sum()} of the {short.size} models of the folds stopped before they were "
                f"certified to a relative {terms['tol']:.1e}, the worst at "
                f"{outcome.gaps[short].max():.1e}: max_iter={self.max_iter} was reached, or no "
                "finite optimum exists. Raise max_iter, or penalise more."
            )
            warnings.warn(text, ConvergenceWarning, stacklevel=2)
        if result is not None:
            self._warn(problem, result, 2, self.separation_)
        return self

    def _terms(self, problem):
        """What all paths have in common, in the words of `logistic_path` or `fastlogreg.fit`."""
        names, p = problem.feature_names, problem.X.shape[1]
        terms = {
            "penalty_factor": column_factors(self.penalty_factor, names, p),
            "bounds": column_bounds(self.bounds, names, p, problem.n_classes),
            "standardize": bool(self.standardize),
            "fit_intercept": bool(self.fit_intercept),
            "tol": self._relative_tol(),
            "max_iter": int(self.max_iter),
        }
        joint = problem.n_classes > 2 and not self._one_vs_rest(problem.classes)
        return terms | self._softmax_terms(problem) if joint else terms

    def _cross_validate(self, problem, splits, grid, terms, sample_weight, params):
        """The `Outcome` of all folds and l1_ratios."""
        scorer = get_scorer(None if self.scoring == "warn" else self.scoring)
        if scorer is None:  # accuracy, in which weights count without being requested
            params = {} if sample_weight is None else {"sample_weight": sample_weight}
        metric = folds.metric_of(scorer, params)
        if problem.labels.ndim == 2 and metric is not folds.negative_log_loss:
            raise ValueError(
                f"scoring={self.scoring!r} needs labels, but the columns of y are "
                "probabilities; use scoring='neg_log_loss'."
            )
        scorer = folds.knowing_classes(scorer, problem.classes)
        X_by_row = design.by_row(problem.X)
        tasks = list(product(splits, self._ratios()))
        threads = parallel.resolve(self._threads())
        given_up = threading.Event()  # ends the paths that still run after an error or Ctrl-C
        terms = terms | {"n_threads": max(threads // len(tasks), 1)}
        apart, balanced = self._one_vs_rest(problem.classes), balances_later(self, problem.classes)

        def follow(task):
            (train, test), ratio = task
            path = folds.training_path(
                problem, train, grid, ratio, terms, apart, balanced, given_up
            )
            rows = folds.hold_out(problem, X_by_row, test, params)
            if metric is None:
                return path, rows, None
            return path, rows, folds.score_path(metric, rows, path, apart)

        k, n_rows = len(grid.Cs), 1 if problem.n_classes == 2 else problem.n_classes
        theta = np.empty((len(tasks), k, n_rows, problem.X.shape[1] + bool(self.fit_intercept)))
        scores = np.empty((len(tasks), k))
        n_iter, gaps = np.empty((len(tasks), k), dtype=np.int32), np.empty((len(tasks), k))
        results = folds.in_threads(follow, tasks, min(threads, len(tasks)), given_up)
        with contextlib.closing(results):
            shown = folds.with_progress(results, len(tasks), self.verbose)
            for i, (path, rows, score) in enumerate(shown):
                if score is None:
                    models = self._models(problem, path, grid.Cs, tasks[i][1], rows.offset)
                    score = folds.score_models(scorer, rows, models)
                theta[i], n_iter[i], gaps[i], scores[i] = path.theta, path.n_iter, path.gaps, score
        parts = (theta, n_iter, gaps, scores)
        return folds.Outcome(*(part.reshape(len(splits), -1, *part.shape[1:]) for part in parts))

    def _models(self, problem, path, Cs, ratio, offset):
        """The models of a fold's path, one after the other, as a scorer expects them."""
        p = problem.X.shape[1]
        for C, theta in zip(Cs, path.theta, strict=True):
            model = self._model(offset, C=C, l1_ratio=ratio)
            model.classes_, model.n_features_in_ = problem.classes, p
            model.coef_ = theta[:, :p]
            model.intercept_ = theta[:, p] if self.fit_intercept else np.zeros(len(theta))
            yield model

    def _model(self, offset=None, **parameters):
        """A `LogisticRegression` with the parameters that both classes have, and others."""
        shared = self.get_params(deep=False).keys() & LogisticRegression._parameter_constraints
        parameters = {name: getattr(self, name) for name in shared} | parameters
        own = {"penalty": "deprecated", "solver": "auto", "verbose": max(0, self.verbose - 1)}
        parameters |= own
        if offset is None:
            return LogisticRegression(**parameters)
        model = _WithOffset(**parameters)
        model._offset = offset
        return model

    def _best(self, scores):
        """Indices (strength, l1_ratio) of the best mean score; without refit, those of each fold.

        Of equal scores the first strength counts, as in scikit-learn.
        """
        rows = scores.sum(axis=0)[None] if self.refit else scores
        by_strength = rows.transpose(0, 2, 1)
        return [np.unravel_index(np.argmax(row), row.shape) for row in by_strength]

    def _final_model(self, problem, grid, outcome, best):
        """A fitted `LogisticRegression`, and the core's result unless it is a mean of folds."""
        p = problem.X.shape[1]
        if self.refit:
            ((c, r),) = best
            model = self._model(alpha=grid.alphas[c], l1_ratio=self._ratios()[r])
            result = model._solve(problem.X, problem, None, None)
            result, model.separation_ = separate.judge(model, problem, result)
            model._record(problem, result)
            return model, result
        own = [theta[r, c] for theta, (c, r) in zip(outcome.theta, best, strict=True)]
        mean = np.mean(own, axis=0)
        model, dtype = self._model(), problem.X.dtype
        model.classes_, model.n_features_in_ = problem.classes, p
        model.coef_ = mean[:, :p].astype(dtype)
        intercept = mean[:, p] if self.fit_intercept else np.zeros(len(mean))
        model.intercept_ = intercept.astype(dtype)
        if problem.feature_names is not None:
            model.feature_names_in_ = problem.feature_names
        return model, None

    def _take_over(self, problem, model, grid, outcome, best, legacy):
        """Set the attributes: the only place where a fit changes the estimator."""
        for name in [name for name in vars(self) if name.endswith("_")]:
            delattr(self, name)
        found = vars(model).keys() - model.get_params(deep=False)
        vars(self).update({name: getattr(model, name) for name in found})
        strengths, kinds = (list(indices) for indices in zip(*best, strict=True))
        given, ratios = self._given_ratios(), self._ratios()
        self.Cs_, self.alphas_ = grid.Cs, grid.alphas
        self.l1_ratios_ = np.array([None]) if given is None else ratios
        self.C_, self.l1_ratio_ = float(grid.Cs[strengths].mean()), float(ratios[kinds].mean())
        self.alpha_ = float(grid.alphas[strengths[0]])
        if not self.refit:
            self.alpha_ = 1.0 / (self.C_ * problem.total_weight)
        strict = folds.within_one_standard_error(outcome.scores, grid.alphas)
        self.alpha_1se_, self.C_1se_ = float(grid.alphas[strict]), float(grid.Cs[strict])
        self.coefs_paths_, self.scores_ = outcome.theta, outcome.scores
        self.n_iter_ = outcome.n_iter
        if legacy:
            self._take_legacy_shapes(given is None)

    def _take_legacy_shapes(self, without_ratios):
        """As the attributes were in scikit-learn before 1.10."""
        labels = self.classes_[-self.coefs_paths_.shape[3] :]  # of two classes the second
        theta = self.coefs_paths_.transpose(3, 0, 2, 1, 4)
        scores, n_iter = self.scores_.swapaxes(1, 2), self.n_iter_.swapaxes(1, 2)[None]
        self.C_, self.l1_ratio_ = (np.full(len(labels), v) for v in (self.C_, self.l1_ratio_))
        if without_ratios:
            theta, scores, n_iter = theta[:, :, :, 0], scores[:, :, 0], n_iter[..., 0]
            if self.refit:
                self.l1_ratio_ = np.full(len(labels), None)
        self.coefs_paths_ = dict(zip(labels, theta, strict=True))
        self.scores_, self.n_iter_ = {label: scores.copy() for label in labels}, n_iter

    def score(
        self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None, *,
        offset: ArrayLike | None = None, **score_params: Any,
    ) -> float:  # fmt: skip
        """Score by `scoring`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.
        offset : array-like of shape (n_samples,) or (n_samples, n_classes), default=None
            Added to the scores of the rows.
        **score_params : dict
            Parameters for the scorer, with metadata routing.

        Returns
        -------
        float
            What the scorer says; accuracy by default.
        """
        _raise_for_params(score_params, self, "score")
        if sample_weight is not None:
            score_params["sample_weight"] = sample_weight
        params = self._routed("score", score_params).scorer.score
        model = self
        if offset is not None:
            model = self._model(offset)
            fitted = {name: v for name, v in vars(self).items() if name.endswith("_")}
            vars(model).update(fitted)
        return self._get_scorer()(model, X, y, **params)

    def _alpha(self, total_weight):
        """The strength that was chosen."""
        return self.alpha_

    def _l1_ratio(self):
        """The l1_ratio that was chosen; legacy attributes have None where there was no choice."""
        chosen = np.ravel(self.l1_ratio_)[0]
        return float(self._ratios()[0] if chosen is None else chosen)

    def _routed(self, method, params):
        """The parameters of a method as the splitter and the scorer get them."""
        if _routing_enabled():
            return process_routing(self, method, **params)
        given = {name: value for name, value in params.items() if value is not None}
        return _manual_routing({"splitter": {}, "scorer": {"score": given}})

    def get_metadata_routing(self) -> Any:
        """Who gets the parameters of fit and score: the splitter and the scorer.

        Returns
        -------
        MetadataRouter
            scikit-learn's description of it.
        """
        return (
            MetadataRouter(owner=self)
            .add_self_request(self)
            .add(
                splitter=self.cv,
                method_mapping=MethodMapping().add(caller="fit", callee="split"),
            )
            .add(
                scorer=self._get_scorer(),
                method_mapping=MethodMapping()
                .add(caller="score", callee="score")
                .add(caller="fit", callee="score"),
            )
        )

    def _get_scorer(self):
        scoring = "accuracy" if self.scoring in (None, "warn") else self.scoring
        return get_scorer(scoring)


class _WithOffset(LogisticRegression):
    """A fitted model with the offset of the rows that a scorer will show it, which gives none."""

    def decision_function(self, X, *, offset=None):
        return super().decision_function(X, offset=self._offset)

    def predict_proba(self, X, *, offset=None):
        return super().predict_proba(X, offset=self._offset)
