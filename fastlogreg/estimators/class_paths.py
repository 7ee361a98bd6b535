"""Paths of softmax models for a cross-validation, and the grid of strengths for them."""

import numpy as np
from scipy.special import softmax

from fastlogreg import core, design, parallel
from fastlogreg.objective import SMALL
from fastlogreg.path import LEAST_RATIO

_EXPLAINED, _FLAT = 0.999, 1e-5  # where a grid from the data ends, as in `logistic_path`


def softmax_path(problem, alphas, l1_ratio, terms, given_up):
    """(theta (k, K, q), n_iter (k,), gaps (k,)) for falling strengths, each from the last.

    ``terms`` are arguments of `fastlogreg.fit`; the event ``given_up`` hurries it to its end. A
    class that no row has ends as unlikely as the tolerance asks for.
    """
    terms = terms | {"l1_ratio": l1_ratio}
    if len(problem.y) * (problem.X.shape[1] + 1) > SMALL:  # smaller fits end at once anyway
        terms["callback"] = lambda info: given_up.is_set()
    start, theta, n_iter, gaps = None, [], [], []
    for alpha in alphas:
        result = _fit(problem, terms | {"alpha": alpha, "start": start})
        coef, intercept = start = result.coef, result.intercept
        theta.append(np.column_stack([coef, intercept]) if terms["fit_intercept"] else coef)
        n_iter.append(result.n_iter)
        gaps.append(result.certificate.relative_gap)
    return np.array(theta), np.array(n_iter, dtype=np.int32), np.array(gaps)


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
