"""The verdict on separation against one unpenalised fit, and against a plain linear program."""

import warnings

import numpy as np
import pytest
from scipy.optimize import linprog

import fastlogreg
from fastlogreg import separation
from fastlogreg.recession.model import Model

from .measure import Case, Goal, Timed, time_case, timed_cases

SHAPE = {"full": (50_000, 20), "smoke": (500, 4)}
KINDS = ("overlap", "quasi-complete", "complete")


def data(kind, scale):
    """Normal columns; for quasi-complete separation the first is a dummy of one class."""
    rng = np.random.default_rng(0)
    n, p = SHAPE[scale]
    X, coef = rng.standard_normal((n, p)), 0.5 * rng.standard_normal(p)
    z = X @ coef
    y = rng.random(n) < 1.0 / (1.0 + np.exp(-z)) if kind != "complete" else z > -0.3
    if kind == "quasi-complete":
        X[:, 0] = np.arange(n) < 29
        y[:29] = True
    return X, y.astype(np.uint8)


def linear_program(X, y):
    """Konis' program as others solve it: whether any direction separates, all rows at once."""
    rows = np.where(y, 1.0, -1.0)[:, None] * np.column_stack([X, np.ones(len(X))])
    found = linprog(
        -rows.sum(axis=0), A_ub=-rows, b_ub=np.zeros(len(rows)), bounds=(-1, 1), method="highs"
    )
    return found.fun < -1e-6


def fit(X, y):
    """One unpenalised fit of the functional core, warnings aside."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fastlogreg.fit(X, y)


def verdict_case(kind, scale):
    """The verdict as a part of a fit, from its coefficients, against that fit and the program."""
    X, y = data(kind, scale)
    result = fit(X, y)
    model = Model.of(X.shape[1], True)
    start = result.coef, result.intercept

    def verdict():
        return separation.decide(model, X, y, None, None, start, None, None, 2)

    def check():
        assert verdict().kind == kind
        assert verdict().verify(X, y)
        assert linear_program(X, y) == (kind != "overlap")

    return Case(
        f"separation {kind}", verdict,
        {"one fit": Timed(lambda: fit(X, y)), "HiGHS": Timed(lambda: linear_program(X, y))},
        [Goal("one fit", at_most=1.0), Goal("HiGHS", at_least=10.0)], check,
    )  # fmt: skip


def alone_case(kind, scale):
    """`check_separation`, which makes a rough fit of its own."""
    X, y = data(kind, scale)

    def check():
        assert fastlogreg.check_separation(X, y).kind == kind

    return Case(
        f"check_separation {kind}", lambda: fastlogreg.check_separation(X, y),
        {"one fit": Timed(lambda: fit(X, y)), "HiGHS": Timed(lambda: linear_program(X, y))},
        [Goal("one fit", at_most=np.inf), Goal("HiGHS", at_least=0.0)], check,
    )  # fmt: skip


BUILDERS = {
    f"{name} {kind}": lambda scale, build=build, kind=kind: build(kind, scale)
    for kind in KINDS
    for name, build in (("separation", verdict_case), ("check_separation", alone_case))
}
CASES = timed_cases(BUILDERS, 4.0)


@pytest.mark.parametrize("name", BUILDERS)
def bench_separation(benchmark, scale, name):
    time_case(benchmark, BUILDERS[name](scale), name, scale)
