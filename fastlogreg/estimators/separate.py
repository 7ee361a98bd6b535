"""What an estimator does about separated classes: its parameter `separation`."""

import numpy as np

from fastlogreg import parallel, separation
from fastlogreg.estimators import one_vs_rest
from fastlogreg.estimators.doors import balances_later
from fastlogreg.estimators.firth import run_firth
from fastlogreg.estimators.present import Present
from fastlogreg.recession.model import Model
from fastlogreg.result import CALLBACK
from fastlogreg.validation import plain
from fastlogreg.warnings import SeparationError

WEAK = 1e-8  # of alpha times the total weight, 1 / C: a penalty below it is as good as none


def judge(estimator, problem, result):
    """(result, `Separation`, a list of them with 'ovr', or None) of a fit.

    None where a penalty holds every coefficient, or nobody asks.  Raises SeparationError, or puts
    Firth's estimate in the place of the result, as the estimator's `separation` has it.
    """
    if estimator.separation == "ignore" or estimator.penalty == "firth":
        return result, None
    weak = estimator._alpha(problem.total_weight) * problem.total_weight <= WEAK
    if not weak and estimator.penalty_factor is None:
        return result, None
    terms = estimator._terms(problem)
    factor = terms["penalty_factor"]
    if not weak and factor.all():
        return result, None
    terms["penalised"] = None if weak else factor > 0.0
    if isinstance(result, one_vs_rest.OneVsRest):
        return _each(estimator, problem, terms, result)
    if result.stop_reason == CALLBACK:
        return result, None
    if problem.n_classes == 2:
        return _acted(estimator, problem, terms, result, _binary(problem, terms, result))
    terms |= estimator._softmax_terms(problem)
    return _acted(estimator, problem, terms, result, _softmax(problem, terms, result))


def news(estimator, problem, verdict):
    """What of a verdict a warning tells: all, None where the estimator acted on it, or False."""
    if estimator.separation == "warn":
        return verdict
    told = False if estimator.separation == "ignore" else None
    return [told] * problem.n_classes if estimator._one_vs_rest(problem.classes) else told


def _each(estimator, problem, terms, result):
    """`judge` for each class against the rest."""
    balanced = balances_later(estimator, problem.classes)
    parts, verdicts = list(result.parts), []
    for k, part in enumerate(parts):
        verdict = None
        if part.stop_reason != CALLBACK:
            one, own = one_vs_rest.of_class(problem, k, balanced), one_vs_rest.terms_of(terms, k)
            verdict = _binary(one, own, part)
            about = f"Class {plain(problem.classes[k])!r} against the rest: "
            parts[k], _ = _acted(estimator, one, own, part, verdict, about)
        verdicts.append(verdict)
    if any(part is not before for part, before in zip(parts, result.parts, strict=True)):
        result = one_vs_rest.stacked(problem, parts)
    return result, verdicts


def _acted(estimator, problem, terms, result, verdict, about=""):
    """(result, verdict), or the error that `separation` asks for."""
    if not verdict.separated or estimator.separation == "warn":
        return result, verdict
    if estimator.separation == "raise":
        raise SeparationError(about + str(verdict))
    return _firth(estimator, problem, terms, result), verdict


def _binary(problem, terms, result):
    model = Model.of(
        problem.X.shape[1], terms["fit_intercept"], terms["penalised"], terms["bounds"]
    )
    start = result.coef, np.array(result.intercept)
    offset = _whole_offset(model, problem.X, result.coef, problem.offset)
    classes = None if problem.soft else problem.classes
    return separation.decide(
        model, problem.X, problem.y, problem.sample_weight, offset, start, _names(problem), classes,
        parallel.resolve(terms["n_threads"]),
    )  # fmt: skip


def _softmax(problem, terms, result):
    """The verdict on the classes that rows of weight have."""
    here = Present.of(problem, terms)
    model = Model.of(
        problem.X.shape[1], terms["fit_intercept"], terms["penalised"], here.terms["bounds"],
        len(here.classes), here.terms["reference_class"],
    )  # fmt: skip
    return separation.decide(
        model, problem.X, here.targets, problem.sample_weight, here.offset,
        (result.coef[here.classes], result.intercept[here.classes]), _names(problem),
        None if problem.soft else problem.classes[here.classes],
        parallel.resolve(terms["n_threads"]),
    )  # fmt: skip


def _names(problem):
    return None if problem.feature_names is None else tuple(problem.feature_names)


def _whole_offset(model, X, coef, offset):
    """The offset, with the part of the scores that belongs to columns which cannot run off."""
    if len(model.kept) == model.p:
        return offset
    held = coef.copy()
    held[model.kept] = 0.0
    scores = np.asarray(X @ held, dtype=float).reshape(-1)
    return scores if offset is None else scores + offset


def _firth(estimator, problem, terms, result):
    """The fit of Firth's penalised likelihood, which is finite, in the place of the result."""
    if terms["penalised"] is not None or terms["bounds"] is not None:
        raise ValueError(
            "separation='firth' replaces fits without penalties and bounds; here the classes are "
            "separated although other coefficients have them. Use separation='warn', and penalise "
            "the coefficient that runs off, too"
        )
    given = {}
    if result.coef.ndim == 2:
        given = {"n_classes": problem.n_classes, "reference_class": terms["reference_class"]}
    return run_firth(estimator, problem, **given)
