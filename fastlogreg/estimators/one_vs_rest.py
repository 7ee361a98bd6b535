"""Many classes as one binary problem a class, that class against the rest, over one X."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np

from fastlogreg import core, parallel, warnings
from fastlogreg.estimators.labels import weigh_classes
from fastlogreg.objective import SMALL
from fastlogreg.recession.words import REST
from fastlogreg.validation import plain


@dataclass(frozen=True)
class OneVsRest:
    """The results of all classes, stacked under the names of a single result."""

    coef: np.ndarray
    intercept: np.ndarray
    n_iter: list
    objective: np.ndarray
    certificate: list
    converged: bool
    stop_reason: list
    solver: list
    parts: list


def fit(problem, balanced, terms, start, callback):
    """The `OneVsRest` of a problem.

    ``terms`` are the arguments of `fastlogreg.fit` that all classes share; ``start`` is a pair
    (coef (K, p), intercept (K,)) or None; ``balanced`` gives each class as much weight as its rest.
    Large problems are solved side by side in threads, unless a callback watches.
    """
    K, threads = problem.n_classes, parallel.resolve(terms["n_threads"])
    n, p = problem.X.shape
    workers = 1 if callback is not None or n * (p + 1) <= SMALL else min(K, threads)
    terms = terms | {"n_threads": max(threads // workers, 1)}
    given_up = threading.Event()  # ends the fits that still run after an error or Ctrl-C
    watch = None if callback is None else _Watch(callback, K, p)

    def solve(k):
        one = of_class(problem, k, balanced)
        if watch is not None:
            told = watch.of_class(k)
        else:
            told = None if workers == 1 else lambda info: given_up.is_set()
        return core.fit(
            one.X, one.y, sample_weight=one.sample_weight, offset=one.offset,
            start=None if start is None else (start[0][k], start[1][k]),
            callback=told, **terms_of(terms, k),
        )  # fmt: skip

    if workers == 1:
        return stacked(problem, [solve(k) for k in range(K)])
    with ThreadPoolExecutor(workers) as pool:
        try:
            return stacked(problem, list(pool.map(solve, range(K))))
        finally:
            given_up.set()


def of_class(problem, k, balanced):
    """The binary problem of a class against the rest; its weights balanced, if asked for."""
    weight, offset = problem.sample_weight, problem.offset
    if problem.soft:
        target = np.ascontiguousarray(problem.y[:, k])
    else:
        target = (problem.y == k).view(np.uint8)
        if balanced:
            weight, _ = weigh_classes(target, np.array([0, 1]), weight, "balanced")
    classes = None if problem.soft else np.array([REST, problem.classes.tolist()[k]], dtype=object)
    return problem._replace(
        y=target, labels=target, classes=classes, sample_weight=weight,
        offset=None if offset is None else np.ascontiguousarray(offset[:, k]),
    )  # fmt: skip


def terms_of(terms, k):
    """The arguments of `fastlogreg.fit` for a class: of bounds (K, p), its own."""
    bounds = terms["bounds"]
    if bounds is None or bounds[0].ndim == 1:
        return terms
    return terms | {"bounds": tuple(side[k] for side in bounds)}


def stacked(problem, results):
    """The `OneVsRest` of the results of all classes."""
    labels = [None] * len(results) if problem.soft else problem.classes
    return OneVsRest(
        coef=np.array([result.coef for result in results]),
        intercept=np.array([result.intercept for result in results]),
        n_iter=[result.n_iter for result in results],
        objective=np.array([result.objective for result in results]),
        certificate=[
            result.certificate and replace(result.certificate, positive_class=label)
            for result, label in zip(results, labels, strict=True)
        ],
        converged=all(result.converged for result in results),
        stop_reason=[result.stop_reason for result in results],
        solver=[result.solver for result in results],
        parts=results,
    )


def warn_unless_converged(result, classes, tol, max_iter, stacklevel, verdicts=None):
    """The warning for the results of all classes, each with its label and its `Separation`."""
    verdicts = [None] * len(classes) if verdicts is None else verdicts
    for label, part, verdict in zip(classes, result.parts, verdicts, strict=True):
        about = f"Class {plain(label)!r} against the rest: "
        warnings.warn_unless_converged(part, tol, max_iter, stacklevel + 1, about, verdict)


class _Watch:
    """A callback's view of all classes' fits, one after the other, as of one fit."""

    def __init__(self, callback, n_classes, p):
        self._callback = callback
        self._coef, self._intercept = np.zeros((n_classes, p)), np.zeros(n_classes)
        self._n_iter = 0
        self._stopped = False

    def of_class(self, k):
        """The callback for the fit of one class."""

        def told(info):
            self._coef[k], self._intercept[k] = info.coef, info.intercept
            self._n_iter += 1
            seen = SimpleNamespace(
                n_iter=self._n_iter, objective=info.objective, gap=info.gap,
                coef=self._coef.copy(), intercept=self._intercept.copy(),
            )  # fmt: skip
            self._stopped = self._stopped or bool(self._callback(seen))
            return self._stopped

        return told
