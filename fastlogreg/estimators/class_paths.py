"""Paths of softmax models for a cross-validation, and the grid of strengths for them."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
from scipy.special import logsumexp, softmax

from fastlogreg import core, design, parallel
from fastlogreg.objective import SMALL
from fastlogreg.path import LEAST_RATIO

_EXPLAINED, _FLAT = 0.999, 1e-5  # where a grid from the data ends, as in `logistic_path`


def least_probability(tol):
    """How likely a class that a fold's training rows lack is at most."""
    return float(np.clip(np.sqrt(10.0 * tol), 1e-16, 0.5))


def softmax_path(problem, alphas, l1_ratio, terms, given_up):
    """(theta (k, K, q), n_iter (k,), gaps (k,)) for falling strengths, each from the last.

    ``terms`` are arguments of `fastlogreg.fit`; the event ``given_up`` hurries it to its end.
    """
    present = _Present.of(problem, terms)
    callback = None
    if len(problem.y) * (problem.X.shape[1] + 1) > SMALL:  # smaller fits end at once anyway
        callback = lambda info: given_up.is_set()  # noqa: E731
    start, theta, n_iter, gaps = None, [], [], []
    for alpha in alphas:
        result = present.fit(alpha, l1_ratio, start, callback)
        start = result.coef, result.intercept
        theta.append(present.all_classes(*start))
        n_iter.append(result.n_iter)
        gaps.append(result.certificate.relative_gap)
    return np.array(theta), np.array(n_iter, dtype=np.int32), np.array(gaps)


@dataclass(frozen=True)
class _Present:
    """A problem without the classes that no row has, which have no finite intercept.

    In the limit these have no probability, whatever their coefficients: they get those that cost
    least, and intercepts so low that they are as likely as `least_probability`, or less.
    """

    problem: object
    terms: dict
    classes: np.ndarray
    targets: np.ndarray
    offset: np.ndarray | None
    bounds: tuple | None

    @classmethod
    def of(cls, problem, terms):
        targets, K, bounds, offset = problem.y, problem.n_classes, terms["bounds"], problem.offset
        weight = problem.sample_weight
        in_class = weight @ targets if problem.soft else np.bincount(targets, weight, K)
        classes = np.flatnonzero(in_class > 0) if terms["fit_intercept"] else np.arange(K)
        if len(classes) < K:
            if problem.soft:
                targets = targets[:, classes]
                targets[weight == 0] = 1.0 / len(classes)  # they only have to sum to 1
            else:
                targets = np.searchsorted(classes, targets).clip(max=len(classes) - 1)
            reference = np.flatnonzero(classes == terms["reference_class"])
            terms = terms | {
                "n_classes": len(classes),
                "reference_class": int(reference[0]) if len(reference) else None,
                "bounds": bounds if bounds is None else tuple(_rows(s, classes) for s in bounds),
            }
            offset = offset if offset is None else np.ascontiguousarray(offset[:, classes])
        return cls(problem, terms, classes, targets, offset, bounds)

    def fit(self, alpha, l1_ratio, start, callback):
        """The core's result for these classes."""
        if len(self.classes) == 1:
            coef = np.zeros((1, self.problem.X.shape[1]))
            if self.bounds is not None:
                coef = np.clip(coef, *self.terms["bounds"])
            proved = SimpleNamespace(relative_gap=0.0)
            return SimpleNamespace(coef=coef, intercept=np.zeros(1), n_iter=0, certificate=proved)
        return core.fit(
            self.problem.X, self.targets, alpha=alpha, l1_ratio=l1_ratio, start=start,
            sample_weight=self.problem.sample_weight, offset=self.offset, callback=callback,
            **self.terms,
        )  # fmt: skip

    def all_classes(self, coef, intercept):
        """Coefficients and, if fitted, intercepts of all classes of the problem, (K, q)."""
        K, p = self.problem.n_classes, self.problem.X.shape[1]
        whole, height = np.zeros((K, p)), np.zeros(K)
        absent = np.setdiff1d(np.arange(K), self.classes)
        if len(absent) and self.bounds is not None:
            whole = np.clip(whole, *self.bounds)
        whole[self.classes], height[self.classes] = coef, intercept
        if len(absent):
            scores = core.decision_function(
                self.problem.X, whole, height, offset=self.problem.offset
            )[self.problem.sample_weight > 0]
            least = least_probability(self.terms["tol"])
            limit = logsumexp(scores[:, self.classes], axis=1) + np.log(least) - np.log1p(-least)
            height[absent] = (limit[:, None] - scores[:, absent]).min(axis=0)
        return np.column_stack([whole, height]) if self.terms["fit_intercept"] else whole


def _rows(side, classes):
    """A side of the bounds, (p,) or (K, p), for some of the classes."""
    return np.ascontiguousarray(side[classes]) if side.ndim == 2 else side


def softmax_grid(problem, l1_ratio, terms, n_alphas=100):
    """Strengths from the least at which no penalised column enters, downwards.

    As `logistic_path` takes them for two classes, the early end included.
    """
    n, p = problem.X.shape
    ratio = max(l1_ratio, LEAST_RATIO)
    largest, null = _largest(problem, ratio, terms)
    alphas = (largest or 1.0) * np.geomspace(1.0, 1e-4 if n >= p else 1e-2, n_alphas)
    start, explained = None, []
    for k, alpha in enumerate(alphas):
        result = _fit(problem, terms | {"alpha": alpha, "l1_ratio": l1_ratio, "start": start})
        start = result.coef, result.intercept
        loss = result.objective - result.certificate.penalty.value(result.coef)
        explained.append(1.0 - loss / null if null > 0 else 0.0)
        if k >= 4 and (
            explained[-1] > _EXPLAINED or explained[-1] - explained[-2] < _FLAT * explained[-1]
        ):
            return alphas[: k + 1]
    return alphas


def _largest(problem, ratio, terms):
    """(smallest strength with an empty model, mean loss of that model)."""
    X, p, K = problem.X, problem.X.shape[1], problem.n_classes
    factor = np.ones(p) if terms["penalty_factor"] is None else terms["penalty_factor"]
    lower, upper = (-np.inf, np.inf) if terms["bounds"] is None else terms["bounds"]
    lower, upper = (np.broadcast_to(side, (K, p)) for side in (lower, upper))
    shut = factor > 0
    ends = np.where(shut, np.minimum(lower, 0), lower), np.where(shut, np.maximum(upper, 0), upper)
    closed = np.where(shut, np.clip(0, *ends), ends[0]), np.where(shut, np.clip(0, *ends), ends[1])
    null = _fit(problem, terms | {"alpha": 0.0, "bounds": closed, "tol": 1e-13})
    scores = core.decision_function(
        X.astype(np.float64, copy=False), null.coef, null.intercept, offset=problem.offset
    )
    target = problem.y if problem.soft else np.eye(K)[problem.y]
    residual = softmax(scores, axis=1) - target
    if problem.sample_weight is not None:
        residual *= problem.sample_weight[:, None]
    slope = (X.T @ residual).T / problem.total_weight
    slope = np.where(slope > 0, lower < 0, upper > 0) * np.abs(slope)
    if terms["standardize"]:
        threads = parallel.resolve(terms["n_threads"])
        matrix = design.as_matrix(X)
        factor = factor * design.standard_deviations(X, matrix, problem.sample_weight, threads)
    if terms["grouped"]:
        slope = np.linalg.norm(slope, axis=0, keepdims=True)
    counts = factor > 0
    return float((slope[:, counts] / (ratio * factor[counts])).max(initial=0.0)), null.objective


def _fit(problem, terms):
    return core.fit(
        problem.X, problem.y, sample_weight=problem.sample_weight, offset=problem.offset, **terms
    )
