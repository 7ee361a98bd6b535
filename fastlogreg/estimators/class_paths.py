"""Paths of softmax models for a cross-validation, and the grid of strengths for them."""

import numpy as np

from fastlogreg import core, design, parallel
from fastlogreg.estimators.predictions import log_softmax
from fastlogreg.estimators.present import Present
from fastlogreg.objective import SMALL
from fastlogreg.path import LEAST_RATIO
from fastlogreg.reference_softmax import softmax_penalty

_EXPLAINED, _FLAT = 0.999, 1e-5  # where a grid from the data ends, as in `logistic_path`


def softmax_path(problem, alphas, l1_ratio, terms, given_up):
    """(theta (k, K, q), n_iter (k,), gaps (k,)) for falling strengths, each from the last.

    ``terms`` are arguments of `fastlogreg.fit`; the event ``given_up`` hurries it to its end.
    """
    present, callback = Present.of(problem, terms), None
    if len(problem.y) * (problem.X.shape[1] + 1) > SMALL:  # smaller fits end at once anyway
        callback = lambda info: given_up.is_set()  # noqa: E731
    start, theta, n_iter, gaps = None, [], [], []
    for alpha in alphas:
        result = present.fit(start, callback, alpha=alpha, l1_ratio=l1_ratio)
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
        result = core.fit(
            problem.X, problem.y, sample_weight=problem.sample_weight, offset=problem.offset,
            alpha=alpha, l1_ratio=l1_ratio, start=start, **terms,
        )  # fmt: skip
        start = result.coef, result.intercept
        penalty = result.certificate.penalty
        loss = result.objective - softmax_penalty(
            result.coef, penalty.l1, penalty.l2, terms["grouped"]
        )
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
    coef, intercept = _empty_model(problem, factor, lower, upper, terms)
    scores = core.decision_function(
        X.astype(np.float64, copy=False), coef, intercept, offset=problem.offset
    )
    target = problem.y if problem.soft else np.eye(K)[problem.y]
    weight = np.ones(len(scores)) if problem.sample_weight is None else problem.sample_weight
    logs = log_softmax(scores)
    loss = -float(weight @ (target * logs).sum(axis=1)) / problem.total_weight
    residual = (np.exp(logs) - target) * weight[:, None]
    slope = (X.T @ residual).T / problem.total_weight
    slope = np.where(slope > 0, lower < 0, upper > 0) * np.abs(slope)
    if terms["standardize"]:
        threads = parallel.resolve(terms["n_threads"])
        matrix = design.as_matrix(X)
        factor = factor * design.standard_deviations(X, matrix, problem.sample_weight, threads)
    if terms["grouped"]:
        slope = np.linalg.norm(slope, axis=0, keepdims=True)
    counts = factor > 0
    return float((slope[:, counts] / (ratio * factor[counts])).max(initial=0.0)), loss


def _empty_model(problem, factor, lower, upper, terms):
    """Coefficients, intercepts with the penalised columns at zero, or as near as bounds allow."""
    X, K, free = problem.X, problem.n_classes, np.flatnonzero(factor == 0)
    coef = np.clip(np.zeros(lower.shape), lower, upper)
    coef[:, free] = 0.0
    if not free.size and not terms["fit_intercept"]:
        return coef, np.zeros(K)
    offset = problem.offset
    if coef.any():
        offset = core.decision_function(X, coef, np.zeros(K), offset=offset).astype(float)
    limits = None if terms["bounds"] is None else (lower[:, free], upper[:, free])
    null = core.fit(
        X[:, free], problem.y, bounds=limits, fit_intercept=terms["fit_intercept"], offset=offset,
        sample_weight=problem.sample_weight, tol=1e-13, n_threads=terms["n_threads"],
        n_classes=K, reference_class=terms["reference_class"],
    )  # fmt: skip
    coef[:, free] = null.coef
    return coef, null.intercept
