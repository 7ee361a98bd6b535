"""What a fitted estimator says about rows: scores, labels, probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fastlogreg import core
from fastlogreg.estimators.doors import check_finite, is_soft, open_scoring

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from fastlogreg.annotations import Array, MatrixLike


class Predictions:
    """The methods of `LogisticRegression` that predict."""

    def decision_function(self, X: MatrixLike, *, offset: ArrayLike | None = None) -> Array:
        """Scores ``X @ coef_.T + intercept_ + offset``.

        Of two classes one score a row, the log-odds of ``classes_[1]``; of more, one a class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        offset : array-like of shape (n_samples,) or (n_samples, n_classes), default=None
            Added to the scores, whose shape it has.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            Above 0 where ``classes_[1]`` is the likelier class; highest in the likeliest.
        """
        X, coef, intercept = open_scoring(self, X)
        scores = core.decision_function(
            X, coef, intercept, offset=offset, n_threads=self._threads()
        )
        if not np.isfinite(scores).all():  # a NaN or infinity of X always shows here
            check_finite(self, X)
        return scores

    def predict(self, X: MatrixLike, *, offset: ArrayLike | None = None) -> Array:
        """The likeliest class of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        offset : array-like of shape (n_samples,) or (n_samples, n_classes), default=None
            Added to the scores, whose shape it has.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels, as in ``classes_``.
        """
        scores = self.decision_function(X, offset=offset)
        return self.classes_.take(scores > 0 if scores.ndim == 1 else scores.argmax(axis=1))

    def predict_proba(self, X: MatrixLike, *, offset: ArrayLike | None = None) -> Array:
        """Probabilities of the classes.

        With ``multi_class='ovr'`` those of each class against the rest, divided by their sum.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        offset : array-like of shape (n_samples,) or (n_samples, n_classes), default=None
            Added to the scores, whose shape it has.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns as in ``classes_``, each to full relative accuracy.
        """
        if self.multi_class == "ovr" and self._one_vs_rest(getattr(self, "classes_", ())):
            return _shares(self.decision_function(X, offset=offset))
        X, coef, intercept = open_scoring(self, X)
        probability = core.predict_proba(
            X, coef, intercept, offset=offset, n_threads=self._threads()
        )
        if not np.minimum.reduce(probability, axis=None) > 0:  # infinite scores give exact zeros
            check_finite(self, X)
        return probability

    def predict_log_proba(self, X: MatrixLike, *, offset: ArrayLike | None = None) -> Array:
        """Logarithms of the probabilities, from the scores: finite however small they are.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        offset : array-like of shape (n_samples,) or (n_samples, n_classes), default=None
            Added to the scores, whose shape it has.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns as in ``classes_``.
        """
        scores = self.decision_function(X, offset=offset)
        if scores.ndim == 2:
            return log_softmax(
                core.log_sigmoid(scores) if self._one_vs_rest(self.classes_) else scores
            )
        logarithm = np.empty((len(scores), 2), dtype=scores.dtype)
        logarithm[:, 1] = core.log_sigmoid(scores)
        logarithm[:, 0] = core.log_sigmoid(np.negative(scores, out=scores))
        return logarithm

    def score(
        self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None, *,
        offset: ArrayLike | None = None,
    ) -> float:  # fmt: skip
        """Accuracy: the weighted share of rows whose label is predicted.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        y : array-like of shape (n_samples,)
            Labels; probabilities, which have none, raise a ValueError.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.
        offset : array-like of shape (n_samples,) or (n_samples, n_classes), default=None
            Added to the scores, whose shape it has.

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


def log_softmax(scores):
    """Scores (..., K) less the logarithm of the sum of their exponentials, in place."""
    scores -= scores.max(axis=-1, keepdims=True)
    scores -= np.log(np.exp(scores).sum(axis=-1, keepdims=True))
    return scores


def _shares(scores):
    """Probabilities of each class against the rest, divided by their sum over the classes."""
    probability = core.sigmoid(scores)
    total = probability.sum(axis=1, keepdims=True)
    lost = total[:, 0] < 1e5 * np.finfo(total.dtype).tiny  # no digits left to divide
    if lost.any():
        probability[lost] = np.exp(log_softmax(core.log_sigmoid(scores[lost])))
        total[lost] = 1.0
    probability /= total
    return probability
