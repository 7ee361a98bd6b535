"""The estimator's Firth fits: what goes with ``penalty='firth'``, the fit, and its record."""

from dataclasses import dataclass

import numpy as np

from fastlogreg.bias.firth import firth
from fastlogreg.bias.result import FirthResult

_SERVED = frozenset(
    {"auto", "newton", "lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga"}
)


@dataclass(frozen=True)
class FirthSolution:
    """A fit as the estimator records it."""

    firth: FirthResult
    total_weight: float
    solver: str = "firth"
    certificate: None = None  # l* is not concave: there is no bound on the distance to its maximum

    def __getattr__(self, name):
        if name == "firth":  # a copy in the making
            raise AttributeError(name)
        return getattr(self.firth, name)

    @property
    def objective(self):
        """-l* over the sum of weights: the mean loss with its penalty."""
        return -self.firth.penalised_loglik / self.total_weight


def is_firth(estimator):
    """Whether a fit is Firth's: asked for, or put in the place of a separated one."""
    return "firth" in np.ravel(getattr(estimator, "solver_", ""))


def check_firth(estimator):
    """Raise where other parameters are at odds with ``penalty='firth'``."""
    e = estimator
    for name, odd, remedy in (
        ("C", e.C not in (1.0, np.inf), "leave it at 1.0; the penalty has no strength to set"),
        ("alpha", e.alpha is not None, "leave it at None; the penalty has no strength to set"),
        ("l1_ratio", bool(e.l1_ratio), "leave it at 0"),
        ("bounds", e.bounds is not None, "leave it at None; the fit has no bounds"),
        ("penalty_factor", e.penalty_factor is not None, "leave it at None"),
        ("grouped", e.grouped, "leave it at False"),
        ("solver", e.solver not in _SERVED, "leave it at 'auto'"),
    ):
        if odd:
            raise ValueError(
                f"{name}={getattr(e, name)!r} does not go with penalty='firth': {remedy}."
            )


def solve_firth(estimator, problem, start):
    """Fit a checked problem; the tolerance is a step of ``0.01 tol`` standard errors."""
    terms = {"start": start}
    if problem.n_classes > 2:
        if estimator._one_vs_rest(problem.classes):
            raise ValueError(
                "multi_class='ovr' does not go with penalty='firth', which is for the joint model "
                "of all classes; leave it at 'auto'."
            )
        terms = estimator._softmax_terms(problem)
        terms.pop("grouped")
    return run_firth(estimator, problem, **terms)


def run_firth(estimator, problem, **terms):
    """The `FirthSolution` with the estimator's tolerance; `terms` are more of `firth`."""
    result = firth(
        problem.X, problem.y, sample_weight=problem.sample_weight, offset=problem.offset,
        fit_intercept=bool(estimator.fit_intercept), tol=firth_tol(estimator),
        max_iter=int(estimator.max_iter), n_threads=estimator._threads(),
        feature_names=problem.feature_names, **terms,
    )  # fmt: skip
    return FirthSolution(result.without_data(), problem.total_weight)


def firth_tol(estimator):
    """The length of a step, in standard errors, at which iterations end."""
    return min(max(0.01 * float(estimator.tol), 1e-12), 1.0)


def firth_in(result):
    """The `FirthResult` in a result, of one model a class a list of them; None without any."""
    if hasattr(result, "parts"):
        found = [getattr(part, "firth", None) for part in result.parts]
        return found if any(found) else None
    return getattr(result, "firth", None)


def to_record(result):
    """The fields of a `FirthResult` that say something without its data; of a list, of each."""
    if isinstance(result, list):
        return [to_record(one) for one in result]
    if result is None:
        return None
    return {name: value for name, value in vars(result).items() if name != "_search"}


def from_record(record):
    """What `to_record` was given; ValueError for a record that it did not make."""
    if isinstance(record, list):
        return [from_record(one) for one in record]
    if record is None:
        return None
    try:
        return FirthResult(**record)
    except TypeError as error:
        raise ValueError(f"a damaged estimator file ({error!r})") from None
