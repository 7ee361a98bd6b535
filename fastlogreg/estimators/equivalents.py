"""The same model in other libraries: for a fitted estimator, the calls that give its coefficients.

Every call is written with the user's own names: ``X``, ``y`` and, where the fit had them,
``sample_weight``, ``offset``, ``penalty_factor``, ``lower`` and ``upper``, an array each.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from sklearn.utils.validation import check_is_fitted

from fastlogreg.estimators.columns import column_bounds, column_factors
from fastlogreg.estimators.equivalents_binary import WRITERS
from fastlogreg.estimators.equivalents_classes import CLASS_WRITERS
from fastlogreg.estimators.equivalents_code import CannotError, neat
from fastlogreg.estimators.equivalents_firth import firth_writers
from fastlogreg.estimators.firth import is_firth
from fastlogreg.validation import plain


class Given(NamedTuple):
    """What a fit was given beside X, y and parameters.

    ``total_weight`` includes the class weights; ``weighted`` says whether rows had weights of their
    own, ``offset`` whether there was one, ``soft`` whether y held probabilities.
    """

    total_weight: float
    weighted: bool
    offset: bool
    soft: bool

    @classmethod
    def of(cls, problem, sample_weight):
        """What a problem was posed with; ``sample_weight`` is the user's."""
        soft = problem.labels.ndim == 2
        return cls(
            problem.total_weight, sample_weight is not None, problem.offset is not None, soft
        )


class Equivalents(str):
    """Text with a block for each library; shows itself unquoted at the prompt.

    Attributes
    ----------
    calls : dict
        Lines of code by library, those that can fit the model.
    missing : dict
        Why the others cannot, by library.
    """

    __slots__ = ("calls", "missing")

    def __new__(cls, text, calls, missing):
        """Join the text with its parts."""
        self = super().__new__(cls, text)
        self.calls, self.missing = calls, missing
        return self

    def __getnewargs__(self):
        return str(self), self.calls, self.missing

    def __repr__(self):
        return str(self)


def equivalents(estimator):
    """Text with the calls that give a fitted estimator's model in other libraries.

    Parameters
    ----------
    estimator : LogisticRegression
        Fitted.

    Returns
    -------
    Equivalents
        A str to print: one block of code a library, or one line that says why it cannot.
    """
    model = Model.of(estimator)
    calls, missing = {}, {}
    writers = WRITERS if len(model.labels) == 2 else CLASS_WRITERS
    if model.firth:
        writers = firth_writers(len(model.labels))
    for library, write in writers.items():
        if library in ("R glm", "R nnet") and model.alpha:
            continue  # they are for models without a penalty
        try:
            calls[library] = "\n".join(write(model))
        except CannotError as reason:
            missing[library] = str(reason)
    blocks = [str(model)]
    blocks += [f"# {library}\n{code}" for library, code in calls.items()]
    blocks += ["\n".join(f"# {library} cannot: {why}" for library, why in missing.items())]
    return Equivalents("\n\n".join(block for block in blocks if block), calls, missing)


@dataclass(frozen=True)
class Model:
    """An estimator's model without redundancy: a factor that all columns share is in alpha.

    ``factor``, ``lower`` and ``upper`` are arrays (p,), or None where there is nothing to say;
    bounds of many classes may be (K, p). ``apart`` says that each class has a model of its own;
    ``reference`` is the class of a joint model that is held at zero, or None.
    """

    alpha: float
    l1_ratio: float
    factor: np.ndarray | None
    lower: np.ndarray | None
    upper: np.ndarray | None
    standardize: bool
    intercept: bool
    p: int
    total: float
    weighted: bool
    offset: bool
    soft: bool
    class_weight: dict | str | None
    labels: list
    apart: bool
    reference: object
    grouped: bool
    firth: bool

    @classmethod
    def of(cls, estimator):
        """The model of a fitted estimator."""
        check_is_fitted(estimator)
        if not hasattr(estimator, "certificate_"):
            raise ValueError(
                "with refit=False the coefficients are means over the folds, which no single fit "
                "has; use refit=True."
            )
        given, p = estimator._given, estimator.n_features_in_
        names = getattr(estimator, "feature_names_in_", None)
        factor = column_factors(estimator.penalty_factor, names, p)
        alpha, l1_ratio = estimator._alpha(given.total_weight), estimator._l1_ratio()
        if factor is not None and (factor == factor[0]).all():
            alpha, factor = alpha * float(factor[0]), None
        labels = [plain(label) for label in estimator.classes_]
        bounds = column_bounds(estimator.bounds, names, p, len(labels))
        lower, upper = (
            (np.array([side]) for side in (-np.inf, np.inf)) if bounds is None else bounds
        )
        class_weight = estimator.class_weight
        if isinstance(class_weight, dict):
            class_weight = {plain(label): float(w) for label, w in class_weight.items()}
        return cls(
            alpha=alpha,
            l1_ratio=l1_ratio if alpha else 0.0,
            factor=factor if alpha else None,
            lower=lower if np.isfinite(lower).any() else None,
            upper=upper if np.isfinite(upper).any() else None,
            standardize=bool(estimator.standardize and alpha),
            intercept=bool(estimator.fit_intercept),
            p=p,
            total=given.total_weight,
            weighted=given.weighted,
            offset=given.offset,
            soft=given.soft,
            class_weight=class_weight,
            labels=labels,
            apart=estimator._one_vs_rest(labels),
            reference=None if len(labels) == 2 else estimator.reference_class,
            grouped=bool(estimator.grouped and alpha and l1_ratio and len(labels) > 2),
            firth=is_firth(estimator),
        )

    @property
    def bounded(self):
        """Whether any coefficient has a bound."""
        return self.lower is not None or self.upper is not None

    @property
    def any_weight(self):
        """Whether rows or classes have weights."""
        return self.weighted or self.class_weight is not None

    @property
    def inverse_penalty(self):
        """C of scikit-learn and LIBLINEAR, for sums of losses."""
        return neat(1.0 / (self.alpha * self.total)) if self.alpha else np.inf

    def __str__(self):
        f = "" if self.factor is None else "f_j "
        index = "j" if len(self.labels) == 2 or self.apart else "kj"
        b = f"s_j b_{index}" if self.standardize else f"b_{index}"
        l1, l2 = f"{f}|{b}|", f"{f}({b})^2/2" if self.standardize else f"{f}{b}^2/2"
        ratio = neat(self.l1_ratio)
        inner = {0.0: l2, 1.0: l1}.get(ratio, f"({ratio!r} {l1} + {neat(1 - ratio)!r} {l2})")
        if self.grouped:
            inner = inner.replace(f"|{b}|", "||b_.j||".replace("b", "s_j b" if "s_j" in b else "b"))
        if self.firth and self.apart:
            return (
                "# For each class against the rest, and for separated ones by Firth's penalised\n"
                "# likelihood. The same model elsewhere:"
            )
        if self.firth:
            return "# Maximises Firth's penalised likelihood. The same model elsewhere:"
        text = "# Minimises the mean log loss"
        if self.apart:
            text = "# For each class against the rest,\n# minimises the mean log loss"
        if self.alpha:
            text += f" + {neat(self.alpha)!r} * sum_{index} {inner}"
        if self.factor is not None:
            text += "\n# with f_j = penalty_factor[j]"
        if self.standardize:
            text += "\n# with s_j = standard deviation of column j"
        if self.bounded:
            text += "\n# within bounds"
        gap = "\n# " if len(text.splitlines()[-1]) > 80 else " "
        return f"{text}.{gap}The same model elsewhere:"
