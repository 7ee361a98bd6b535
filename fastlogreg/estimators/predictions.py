"""What a fitted estimator says about rows: scores, labels, probabilities."""

import numpy as np

from fastlogreg import core
from fastlogreg.estimators.doors import check_finite, is_soft, open_scoring


class Predictions:
    """The methods of `LogisticRegression` that predict."""

    def decision_function(self, X, *, offset=None):
        """Scores ``X @ coef_[0] + intercept_ + offset``: log-odds of ``classes_[1]``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        offset : array-like of shape (n_samples,), default=None
            Added to the scores.

        Returns
        -------
        ndarray of shape (n_samples,)
            Above 0 where ``classes_[1]`` is the likelier class.
        """
        X, coef, intercept = open_scoring(self, X)
        scores = core.decision_function(
            X, coef, intercept, offset=offset, n_threads=self._threads()
        )
        if not np.isfinite(scores).all():  # a NaN or infinity of X always shows here
            check_finite(self, X)
        return scores

    def predict(self, X, *, offset=None):
        """The likelier class of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        offset : array-like of shape (n_samples,), default=None
            Added to the scores.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels, as in ``classes_``.
        """
        scores = self.decision_function(X, offset=offset)
        return self.classes_.take(scores > 0)

    def predict_proba(self, X, *, offset=None):
        """Probabilities of the classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        offset : array-like of shape (n_samples,), default=None
            Added to the scores.

        Returns
        -------
        ndarray of shape (n_samples, 2)
            Columns as in ``classes_``, each to full relative accuracy.
        """
        X, coef, intercept = open_scoring(self, X)
        probability = core.predict_proba(
            X, coef, intercept, offset=offset, n_threads=self._threads()
        )
        if not np.minimum.reduce(probability, axis=None) > 0:  # infinite scores give exact zeros
            check_finite(self, X)
        return probability

    def predict_log_proba(self, X, *, offset=None):
        """Logarithms of the probabilities, from the scores: finite however small they are.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        offset : array-like of shape (n_samples,), default=None
            Added to the scores.

        Returns
        -------
        ndarray of shape (n_samples, 2)
            Columns as in ``classes_``.
        """
        scores = self.decision_function(X, offset=offset)
        logarithm = np.empty((len(scores), 2), dtype=scores.dtype)
        logarithm[:, 1] = core.log_sigmoid(scores)
        logarithm[:, 0] = core.log_sigmoid(np.negative(scores, out=scores))
        return logarithm

    def score(self, X, y, sample_weight=None, *, offset=None):
        """Accuracy: the weighted share of rows whose label is predicted.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        y : array-like of shape (n_samples,)
            Labels; probabilities, which have none, raise a ValueError.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.
        offset : array-like of shape (n_samples,), default=None
            Added to the scores.

        Returns
        -------
        float
            Between 0 and 1.
        """
        from sklearn.metrics import accuracy_score

        if is_soft(y):
            raise ValueError(
                "score needs labels in a y of one dimension, got two columns, which are "
                "probabilities; compare these with predict_proba instead."
            )
        return accuracy_score(y, self.predict(X, offset=offset), sample_weight=sample_weight)
