"""What the estimator says about data and models beyond predictions."""

from __future__ import annotations

import copy
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils.validation import check_is_fitted, validate_data

from fastlogreg.estimators.doors import open_problem
from fastlogreg.estimators.firth import is_firth
from fastlogreg.validation import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from fastlogreg.annotations import MatrixLike
    from fastlogreg.diagnostics.report import Report
    from fastlogreg.diagnostics.suggestions import Suggestions
    from fastlogreg.inference.results import Inference


class Statistics:
    """Inference, and diagnoses of the data and of the model, for estimators."""

    def inference(
        self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None, *,
        offset: ArrayLike | None = None, weights: str = "frequency", covariance: str | None = None,
        groups: ArrayLike | None = None, reference: object = None, collinear: str = "raise",
    ) -> Inference:  # fmt: skip
        """Standard errors, tests, intervals and diagnostics of this fit.

        The coefficients are polished by Newton's method until the score is at rounding, whatever
        `tol` the fit had; the estimator is not changed.

        Parameters
        ----------
        X, y, sample_weight, offset
            The data of the fit.
        weights : {"frequency", "sampling"}, default="frequency"
            What `sample_weight` means: a row stands for that many observations, or is drawn with
            a chance of one over that.
        covariance : {"nonrobust", "HC0", "HC1", "HC2", "HC3", "cluster"}, default=None
            None for "nonrobust", or "HC0" under sampling weights.
        groups : array-like of shape (n_samples,), default=None
            Clusters of the rows, for "cluster".
        reference : label, default=None
            The class that the others are compared with; None for the first.
        collinear : {"raise", "drop"}, default="raise"
            For collinear columns: an error that names their relation, or nan as R has it.

        Returns
        -------
        Inference
            Of a fit with a penalty or with coefficients at their bounds, one that refuses what is
            not valid then and offers ``conf_int(method="bootstrap")``.

        Raises
        ------
        ValueError
            The data are not those of the fit in number, names or order of columns or in classes;
            `class_weight` was given and `weights` is "frequency"; columns are collinear; more than
            two classes were fitted one by one, which has no likelihood in common.
        NotFittedError
            Before `fit`.

        Examples
        --------
        >>> import numpy as np
        >>> from fastlogreg import LogisticRegression
        >>> X = np.array([[1.0], [2.0], [3.0], [4.0], [5.0], [6.0]])
        >>> y = ["no", "no", "yes", "no", "yes", "yes"]
        >>> inference = LogisticRegression(C=np.inf).fit(X, y).inference(X, y)
        >>> inference.bse.round(4)
        array([0.9126, 3.3879])
        """
        from fastlogreg.inference.results import Inference

        check_is_fitted(self)
        problem = open_problem(self, X, y, sample_weight, offset)
        p = problem.X.shape[1]
        if p != self.n_features_in_:
            raise ValueError(f"X has {p} columns, the fit had {self.n_features_in_}")
        validate_data(self, X, reset=False, skip_check_array=True)  # names, in their order
        if problem.classes.tolist() != self.classes_.tolist():
            raise ValueError(
                f"y has the classes {list(map(plain, problem.classes))}, the fit had "
                f"{list(map(plain, self.classes_))}"
            )
        if self.class_weight is not None and weights == "frequency":
            raise ValueError(
                f"class_weight={self.class_weight!r} changes the likelihood, so that the inverse "
                "information is no covariance; give weights='sampling' for a robust one, or fit "
                "without class weights"
            )
        coef = self.coef_.toarray() if hasattr(self.coef_, "toarray") else self.coef_
        two = len(self.classes_) == 2
        if not two and self.multi_class == "ovr":
            raise ValueError(
                "classes fitted one by one (multi_class='ovr') have no likelihood in common; fit "
                "with multi_class='multinomial', or ask for the inference of each class's own fit"
            )
        return Inference(
            problem.X, problem.y, coef[0] if two else coef,
            self.intercept_[0] if two else self.intercept_,
            fit_intercept=bool(self.fit_intercept), sample_weight=problem.sample_weight,
            weights=weights, offset=problem.offset, covariance=covariance, groups=groups,
            reference=reference, classes=self.classes_, feature_names=problem.feature_names,
            collinear=collinear, penalised=self._penalised(problem), n_threads=self._threads(),
        )  # fmt: skip

    def doctor(
        self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None, *,
        feature_names: Sequence[str] | None = None,
    ) -> Report:  # fmt: skip
        """Look for what hinders a fit: separation, collinear columns, rare classes and more.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data; missing values are counted, not refused, and columns of texts named.
        y : array-like of shape (n_samples,)
            Labels of any kind and number of classes.
        sample_weight : array-like of shape (n_samples,), default=None
            Rows of weight zero are left out.
        feature_names : sequence of str, default=None
            Names of the columns; None for those of a data frame, else x0, x1, ...

        Returns
        -------
        Report
            The findings with their remedies, to print; see `fastlogreg.doctor`.
        """
        from fastlogreg.diagnostics.doctor import doctor

        return doctor(
            X, y, sample_weight=sample_weight, fit_intercept=bool(self.fit_intercept),
            feature_names=feature_names,
        )  # fmt: skip

    def suggest(
        self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None, *,
        offset: ArrayLike | None = None, feature_names: Sequence[str] | None = None,
        level: float = 0.05, top: int = 10,
    ) -> Suggestions:  # fmt: skip
        """Test all squares and products of columns that the model lacks, without fitting them.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data, at most 2,000 columns.
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, which count as repeated rows. Class weights are left out: they would be rows
            that are not there.
        offset : array-like of shape (n_samples,), default=None
            Added to the scores.
        feature_names : sequence of str, default=None
            Names of the columns; None for those of a data frame, else x0, x1, ...
        level : float, default=0.05
            Chance of suggesting anything where nothing is missing.
        top : int, default=10
            Most terms to return.

        Returns
        -------
        Suggestions
            The terms by falling statistic, and what a straight line can do at its best, to print;
            see `fastlogreg.suggest`. The columns are tested at their maximum likelihood, whatever
            the penalty; a fitted estimator's coefficients are where the search for it starts.
        """
        from fastlogreg.diagnostics.suggest import suggest

        unweighted = copy.copy(self)
        unweighted.class_weight = None
        problem = open_problem(unweighted, X, y, sample_weight, offset)
        names = problem.feature_names if feature_names is None else feature_names
        coef, intercept = self._start(problem) or (None, None)
        n_classes = len(problem.classes) if len(problem.classes) > 2 else None
        return suggest(
            problem.X, problem.y, coef, intercept, sample_weight=problem.sample_weight,
            offset=problem.offset, fit_intercept=bool(self.fit_intercept), feature_names=names,
            level=level, top=top, n_threads=self._threads(), n_classes=n_classes,
            class_names=problem.classes.tolist(),
        )  # fmt: skip

    def _penalised(self, problem):
        """What keeps the fit from being one of maximum likelihood, or None."""
        from fastlogreg.inference.results import Penalised

        model = copy.copy(self)
        model.verbose = 0
        firth = is_firth(self)
        penalty = None if firth else self.certificate_.penalty
        if firth:
            model.penalty = "firth"
            reason = "the fit is Firth's, whose errors and intervals fastlogreg.firth gives"
        elif np.any(penalty.l1) or np.any(penalty.l2):
            given = f"C={self.C!r}" if self.alpha is None else f"alpha={self.alpha!r}"
            reason = f"the fit has a penalty ({given})"
        elif np.any((self.coef_ <= penalty.lower) | (self.coef_ >= penalty.upper)):
            reason = "coefficients lie at their bounds"
        else:
            return None

        return Penalised(reason, partial(_refit, model, problem))


def _refit(model, problem, weight):
    """(coef, intercept) of a fit with other weights; not a closure, so that it can be pickled."""
    result = model._solve(problem.X, problem._replace(sample_weight=weight), None, None)
    return result.coef, result.intercept
