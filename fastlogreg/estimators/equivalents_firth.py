"""Calls that give a fit with ``penalty='firth'``, a function a library."""

from fastlogreg.estimators import equivalents_classes
from fastlogreg.estimators.equivalents_code import (
    CannotError,
    call,
    python_target,
    python_weight,
    quoted,
    r_target,
    r_value,
    r_weight,
    with_numpy,
)


def _brglm2(m):
    lines, weight = r_weight(m)
    return [
        "library(brglm2)",
        *lines,
        call(
            "fit <- glm",
            f"{r_target(m)} ~ X" + ("" if m.intercept else " - 1"),
            "family = binomial()",
            weight and f"weights = {weight}",
            "offset = offset" if m.offset else None,
            'method = "brglmFit"',
            'type = "AS_mean"',
            "epsilon = 1e-10",
            "maxit = 1000",
        ),
        "coef(fit)",
    ]


def _brmultinom(m):
    if m.apart:
        raise CannotError("its models of many classes are joint.")
    if m.offset or m.soft:
        raise CannotError("its brmultinom has no offset and no probabilities as targets.")
    lines, weight = equivalents_classes.r_weight(m)
    first = m.labels[0] if m.reference is None else m.reference
    order = [first, *(label for label in m.labels if label != first)]
    return [
        "library(brglm2)",
        *lines,
        f"target <- factor(y, levels = c({', '.join(map(r_value, order))}))",
        f"# relative to the class {quoted(first)}",
        call(
            "fit <- brmultinom",
            "target ~ X" + ("" if m.intercept else " - 1"),
            weight and f"weights = {weight}",
            'type = "AS_mean"',
            "epsilon = 1e-10",
            "maxit = 1000",
        ),
        "coef(fit)",
    ]


def _firthmodels(m):
    if m.soft:
        raise CannotError("its targets are labels.")
    if len(m.labels) > 2:
        raise CannotError("it is for two classes.")
    lines, weight = python_weight(m)
    settings = [None if m.intercept else "fit_intercept=False", "gtol=1e-8", "xtol=1e-8"]
    return with_numpy(
        [
            "from firthmodels import FirthLogisticRegression",
            *lines,
            call("model = FirthLogisticRegression", *settings, "max_iter=100"),
            call(
                "model.fit",
                "X",
                python_target(m),
                weight and f"sample_weight={weight}",
                "offset=offset" if m.offset else None,
            ),
            "coef, intercept = model.coef_, model.intercept_",
        ]
    )


def firth_writers(n_classes):
    """The functions by library."""
    r = _brglm2 if n_classes == 2 else _brmultinom
    return {"R brglm2": r, "firthmodels": _firthmodels}
