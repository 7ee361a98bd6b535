"""Softmax fits in which some classes have no rows, or none of any weight."""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
from scipy.special import logsumexp

from fastlogreg import core


@dataclass(frozen=True)
class Present:
    """A softmax problem without the classes that no row of weight has.

    With intercepts such a class has no finite optimum: in the limit it has no probability, whatever
    its coefficients. It gets those that cost least, and an intercept so low that it is as likely as
    the estimator's ``tol`` or less in every row of weight. ``asked`` are the arguments of
    `fastlogreg.fit` for all classes, ``terms`` those for the ``classes`` that are here.
    """

    problem: object
    asked: dict
    terms: dict
    classes: np.ndarray
    targets: np.ndarray
    offset: np.ndarray | None

    @classmethod
    def of(cls, problem, asked):
        """The part of a problem that is about the classes of its rows."""
        terms, targets, K, weight = asked, problem.y, problem.n_classes, problem.sample_weight
        bounds, offset = asked["bounds"], problem.offset
        classes = np.arange(K)
        if asked["fit_intercept"] and (problem.soft or weight is not None):
            weight = np.ones(len(targets)) if weight is None else weight
            in_class = weight @ targets if problem.soft else np.bincount(targets, weight, K)
            classes = np.flatnonzero(in_class > 0)
        if len(classes) < K:
            if problem.soft:
                targets = targets[:, classes]
                targets[weight == 0] = 1.0 / len(classes)  # they only have to sum to 1
            else:
                targets = np.searchsorted(classes, targets).clip(max=len(classes) - 1)
            reference = np.flatnonzero(classes == asked["reference_class"])
            terms = asked | {
                "n_classes": len(classes),
                "reference_class": int(reference[0]) if len(reference) else None,
                "bounds": bounds if bounds is None else tuple(_rows(s, classes) for s in bounds),
            }
            offset = offset if offset is None else np.ascontiguousarray(offset[:, classes])
        return cls(problem, asked, terms, classes, targets, offset)

    def fit(self, start=None, callback=None, **terms):
        """The core's result, widened to all classes; the certificate is about those here."""
        if len(self.classes) == 1:
            return self._certain()
        if start is not None:
            start = tuple(part[self.classes] for part in start)
        result = core.fit(
            self.problem.X, self.targets, sample_weight=self.problem.sample_weight,
            offset=self.offset, start=start, callback=callback, **self.terms, **terms,
        )  # fmt: skip
        if len(self.classes) == self.problem.n_classes:
            return result
        coef, intercept = self._widened(result.coef, result.intercept)
        return replace(result, coef=coef, intercept=intercept)

    def _certain(self):
        """What stands for a result where only one class is here: nothing is left to fit."""
        coef = np.zeros((1, self.problem.X.shape[1]))
        if self.terms["bounds"] is not None:
            coef = np.clip(coef, *self.terms["bounds"])
        coef, intercept = self._widened(coef, np.zeros(1))
        proved = SimpleNamespace(relative_gap=0.0)
        return SimpleNamespace(coef=coef, intercept=intercept, n_iter=0, certificate=proved)

    def _widened(self, coef, intercept):
        """Coefficients (K, p) and intercepts (K,) of all classes."""
        K, p = self.problem.n_classes, self.problem.X.shape[1]
        whole, height = np.zeros((K, p)), np.zeros(K)
        if self.asked["bounds"] is not None:
            whole = np.clip(whole, *self.asked["bounds"])
        whole[self.classes], height[self.classes] = coef, intercept
        absent = np.setdiff1d(np.arange(K), self.classes)
        scores = core.decision_function(self.problem.X, whole, height, offset=self.problem.offset)
        if self.problem.sample_weight is not None:
            scores = scores[self.problem.sample_weight > 0]
        scores = scores.astype(float)
        least = np.clip(np.sqrt(10.0 * self.terms["tol"]), 1e-16, 0.5)
        limit = logsumexp(scores[:, self.classes], axis=1) + np.log(least) - np.log1p(-least)
        height[absent] = (limit[:, None] - scores[:, absent]).min(axis=0)
        if self.asked["reference_class"] is not None:
            height -= height[self.asked["reference_class"]]
        return whole, height


def _rows(side, classes):
    """A side of the bounds, (p,) or (K, p), for some of the classes."""
    return np.ascontiguousarray(side[classes]) if side.ndim == 2 else side
