"""What the estimator says about data and models beyond predictions."""

import copy

from fastlogreg.estimators.doors import open_problem


class Statistics:
    """Diagnoses of the data and of the model, for estimators."""

    def doctor(self, X, y, sample_weight=None, *, feature_names=None):
        """Look for what hinders a fit: separation, collinear columns, rare classes and more.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data; missing values are counted, not refused.
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
        self, X, y, sample_weight=None, *, offset=None, feature_names=None, level=0.05, top=10
    ):
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
