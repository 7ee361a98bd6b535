"""Folds of a cross-validation over shared data: their paths of models, and what these score."""

import inspect
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from sklearn.metrics import get_scorer, make_scorer
from sklearn.utils.validation import _check_method_params

from fastlogreg import core, design
from fastlogreg.estimators import one_vs_rest
from fastlogreg.estimators.class_paths import softmax_path
from fastlogreg.estimators.predictions import log_softmax
from fastlogreg.path import logistic_path


class Grid(NamedTuple):
    """Strengths to try, as C and against the mean loss of all rows.

    ``shared`` says that a fold takes ``alphas`` as they are; else it takes its own, from ``Cs``.
    """

    Cs: np.ndarray
    alphas: np.ndarray
    shared: bool

    def alphas_at(self, total_weight):
        """Strengths for a fold of that weight."""
        return self.alphas if self.shared else 1.0 / (self.Cs * total_weight)


class Outcome(NamedTuple):
    """What all folds gave: arrays (n_folds, n_l1_ratios, n_cs), ``theta`` with (R, q) behind."""

    theta: np.ndarray
    n_iter: np.ndarray
    gaps: np.ndarray
    scores: np.ndarray


class FoldPath(NamedTuple):
    """Models along a fold's path, in the order of the grid.

    ``theta`` (k, R, q) holds R = 1 row for two classes, K for more: the coefficients and last the
    intercept, if one is fitted. ``gaps`` (k,) are certified and relative to the objective.
    """

    theta: np.ndarray
    n_iter: np.ndarray
    gaps: np.ndarray


class HeldOut(NamedTuple):
    """A copy of a fold's test rows, X as float64, and what the scorer gets along with them."""

    X: object
    y: np.ndarray
    labels: np.ndarray
    offset: np.ndarray | None
    params: dict


def open_folds(splits, problem):
    """The splits as a list of index arrays (train, test)."""
    every = np.arange(len(problem.y))
    opened = []
    for fold, (train, test) in enumerate(splits):
        train, test = (every[rows] if len(rows) else every[:0] for rows in (train, test))
        if not len(train):
            raise ValueError(f"fold {fold} of cv has no training rows")
        if not len(test):
            raise ValueError(f"fold {fold} of cv holds out no rows to score")
        if problem.sample_weight is not None and not problem.sample_weight[train].any():
            raise ValueError(f"the training rows of fold {fold} of cv weigh nothing")
        opened.append((train, test))
    if not opened:
        raise ValueError("cv has no folds")
    return opened


def training_path(problem, train, grid, l1_ratio, terms, apart, balanced, given_up):
    """The `FoldPath` of the training rows: all of X, with weight 0 on the rows outside.

    ``terms`` are the other arguments of `logistic_path` or, for a joint model of many classes, of
    `fastlogreg.fit`; ``apart`` says that each class has a model of its own, and ``balanced`` that
    it weighs as much as its rest there. The event ``given_up`` ends the path. A row that ``train``
    names twice counts twice.
    """
    weight = np.bincount(train, minlength=len(problem.y)).astype(float)
    if problem.sample_weight is not None:
        weight *= problem.sample_weight
    problem = problem._replace(sample_weight=weight)
    decreasing, place = np.unique(-grid.alphas_at(float(weight.sum())), return_inverse=True)
    if apart:
        ones = (one_vs_rest.of_class(problem, k, balanced) for k in range(problem.n_classes))
        paths = [
            _binary_path(one, -decreasing, l1_ratio, one_vs_rest.terms_of(terms, k), given_up)
            for k, one in enumerate(ones)
        ]
        path = FoldPath(
            np.concatenate([path.theta for path in paths], axis=1),
            np.max([path.n_iter for path in paths], axis=0),
            np.max([path.gaps for path in paths], axis=0),
        )
    elif problem.n_classes > 2:
        path = FoldPath(*softmax_path(problem, -decreasing, l1_ratio, terms, given_up))
    else:
        path = _binary_path(problem, -decreasing, l1_ratio, terms, given_up)
    return FoldPath(*(part[place] for part in path))


def _binary_path(problem, alphas, l1_ratio, terms, given_up):
    """The `FoldPath` of two classes, for falling strengths."""
    weight = problem.sample_weight
    in_class = weight @ (1 - problem.y), weight @ problem.y
    if terms["fit_intercept"] and not all(in_class):
        return _path_of_one_class(problem, weight, in_class[1] > 0, len(alphas), terms)
    path = logistic_path(
        problem.X, problem.y, alphas=alphas, l1_ratio=l1_ratio, sample_weight=weight,
        offset=problem.offset, early_stop=False, callback=lambda *_: given_up.is_set(), **terms,
    )  # fmt: skip
    coefs = path.coefs.toarray() if hasattr(path.coefs, "toarray") else path.coefs
    if terms["fit_intercept"]:
        coefs = np.column_stack([coefs, path.intercepts])
    return FoldPath(coefs[:, None], path.n_iter, path.gaps)


def _path_of_one_class(problem, weight, positive, k, terms):
    """What stands in for the models of a fold that lacks a class: no finite intercept is best.

    The coefficients are those that cost least, the intercept the one at which the lacking class is
    as likely as the estimator's `tol`, or less.
    """
    theta = np.zeros((k, problem.X.shape[1] + 1))
    if terms["bounds"] is not None:
        theta[:, :-1] = np.clip(0.0, *terms["bounds"])
    scores = core.decision_function(problem.X, theta[0, :-1], 0.0, offset=problem.offset)
    reached = scores[weight > 0]
    least = np.clip(np.sqrt(10.0 * terms["tol"]), 1e-16, 0.5)
    logit = np.log1p(-least) - np.log(least)
    theta[:, -1] = logit - reached.min() if positive else -logit - reached.max()
    return FoldPath(theta[:, None], np.zeros(k, dtype=np.int32), np.zeros(k))


def hold_out(problem, X_by_row, test, params):
    """The `HeldOut` rows of a fold; arrays of n values in ``params`` are cut to them."""
    offset = None if problem.offset is None else problem.offset[test]
    return HeldOut(
        design.pick_rows(X_by_row, test).astype(np.float64, copy=False),
        problem.y[test],
        problem.labels[test],
        offset,
        _check_method_params(problem.X, params=params, indices=test),
    )


def short_of(outcome, terms):
    """Which models (n_folds, n_l1_ratios, n_cs) stopped early, other than by rounding."""
    out_of_steps = (outcome.n_iter >= terms["max_iter"]) | ~np.isfinite(outcome.gaps)
    return out_of_steps & ~(outcome.gaps <= terms["tol"])


def in_threads(function, tasks, workers, given_up):
    """Results of the tasks in their order, computed by so many threads.

    The event ``given_up`` is set as soon as nobody waits for the rest.
    """
    if workers == 1:
        yield from map(function, tasks)
        return
    with ThreadPoolExecutor(workers) as pool:
        try:
            yield from pool.map(function, tasks)
        finally:
            given_up.set()


def with_progress(results, total, verbose):
    """The results as they come, with a bar through tqdm where it is installed, else with lines."""
    if not verbose:
        return results
    try:
        from tqdm import tqdm
    except ImportError:
        return _with_lines(results, total)
    return tqdm(results, total=total, desc="cross-validation", unit="path")


def _with_lines(results, total):
    for number, result in enumerate(results, 1):
        print(f"cross-validation: path {number} of {total}")
        yield result


# ---------------------------------------------------------------------- scores


def knowing_classes(scorer, classes):
    """The scorer, told of all classes if it can be: a fold's test rows may lack one."""
    function = getattr(scorer, "_score_func", None)
    accepted = inspect.signature(function).parameters if function is not None else ()
    if "labels" not in accepted:
        return scorer
    known = {"labels": classes}
    if len(classes) == 2 and "pos_label" in accepted:
        known["pos_label"] = classes[1]
    return make_scorer(
        function,
        greater_is_better=scorer._sign == 1,
        response_method=scorer._response_method,
        **{**known, **scorer._kwargs},
    )


def metric_of(scorer, params):
    """The scorer as a function of all scores of a path at once; None if it is not one of ours.

    ``metric(y, z, weight)`` takes z (k, n), or (k, n, K) for many classes, and gives (k,). No
    scorer means accuracy.
    """
    if scorer is None:
        return _accuracy
    plain = type(scorer) is type(get_scorer("accuracy")) and not scorer._kwargs
    if plain and params.keys() <= {"sample_weight"}:
        for known, metric in (("accuracy", _accuracy), ("neg_log_loss", negative_log_loss)):
            theirs = get_scorer(known)
            if all(
                getattr(scorer, part) == getattr(theirs, part)
                for part in ("_score_func", "_sign", "_response_method")
            ):
                return metric
    return None


def _accuracy(y, z, weight):
    predicted = z > 0 if z.ndim == 2 else z.argmax(axis=2)
    return np.average(predicted == y, axis=1, weights=weight)


def negative_log_loss(y, z, weight):
    """Mean log probability, clipped as scikit-learn's log_loss clips it; y may be soft."""
    eps = np.finfo(np.float64).eps

    def clipped(log_probability):
        return np.clip(log_probability, np.log(eps), np.log1p(-eps))

    if z.ndim == 3:
        logs = clipped(log_softmax(z))
        logs = logs[:, np.arange(len(y)), y] if y.ndim == 1 else (y * logs).sum(axis=2)
    elif y.dtype == np.uint8:  # codes of labels
        logs = clipped(core.log_sigmoid(z * np.where(y == 1, 1.0, -1.0)))
    else:
        logs = y * clipped(core.log_sigmoid(z)) + (1.0 - y) * clipped(core.log_sigmoid(-z))
    return np.average(logs, axis=1, weights=weight)


def _all_scores(rows, coef, intercept):
    """Scores (k, n) of k models of two classes: as if they were the classes of one."""
    offset = rows.offset
    if offset is not None:
        offset = np.broadcast_to(offset[:, None], (len(offset), len(coef)))
    return core.decision_function(rows.X, coef, intercept, offset=offset, n_threads=1).T


def score_path(metric, rows, path, apart):
    """Scores (k,) of all models of a path on the held-out rows; ``apart`` as in training_path."""
    weight = rows.params.get("sample_weight")
    if weight is not None and not np.any(weight):
        raise ValueError("the held-out rows of a fold of cv weigh nothing: they cannot be scored")
    p = rows.X.shape[1]
    intercepts = path.theta[..., p] if path.theta.shape[2] > p else np.zeros(path.theta.shape[:2])
    if path.theta.shape[1] == 1:
        z = _all_scores(rows, path.theta[:, 0, :p], intercepts[:, 0])
        return metric(rows.y, z, weight)
    # one at a time: all at once may not fit into memory
    models = zip(path.theta[..., :p], intercepts, strict=True)
    each = (
        core.decision_function(rows.X, *model, offset=rows.offset, n_threads=1)[None]
        for model in models
    )
    each = (core.log_sigmoid(z) if apart else z for z in each)
    return np.concatenate([metric(rows.y, z, weight) for z in each])


def score_models(scorer, rows, models):
    """Scores (k,) of models on the held-out rows, each shown to the scorer."""
    return np.array([scorer(model, rows.X, rows.labels, **rows.params) for model in models])


def within_one_standard_error(scores, alphas):
    """Index of the strongest penalty whose mean score is within a standard error of the best.

    ``scores`` (n_folds, n_l1_ratios, n_cs); the comparison is at the best l1_ratio.
    """
    total = scores.sum(axis=0).T
    best, ratio = np.unravel_index(np.argmax(total), total.shape)
    scores = scores[:, ratio]
    error = scores[:, best].std(ddof=1) / np.sqrt(len(scores)) if len(scores) > 1 else 0.0
    mean = scores.mean(axis=0)
    within = mean >= mean[best] - error
    within[best] = True
    return int(np.argmax(np.where(within, alphas, -1.0)))
