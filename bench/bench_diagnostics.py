"""Score tests of all products, against NumPy's direct computation; the doctor, against a fit."""

import math

import numpy as np
import pytest

import fastlogreg
from fastlogreg import reference

from .measure import Case, Goal, Timed, time_case, timed_cases


def planted(scale):
    """Normal X whose last two columns' product is missing from a model of the columns."""
    n, p = (300, 20) if scale == "smoke" else (10_000, 200)
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, p))
    strength = 1.0 if scale == "smoke" else 0.3
    z = X @ rng.standard_normal(p) / np.sqrt(p) + strength * X[:, -1] * X[:, -2]
    return X, (rng.random(n) < reference.sigmoid(z)).astype(np.uint8)


def direct_scores(X, y):
    """Rao's statistic of every product, p x p: a Gram matrix for every column."""
    n, p = X.shape
    fit = fastlogreg.fit(X, y, tol=1e-12)
    probability = reference.sigmoid(X @ fit.coef + fit.intercept)
    curvature = probability * (1 - probability)
    A = np.column_stack([X, np.ones(n)])
    inverse = np.linalg.inv(A.T @ (A * curvature[:, None]))
    statistic = np.empty((p, p))
    for j in range(p):
        z = X * X[:, [j]]
        curved = z * curvature[:, None]
        inner = A.T @ curved
        variance = np.einsum("ij,ij->j", z, curved) - np.einsum("ij,ij->j", inner, inverse @ inner)
        statistic[j] = np.square((y - probability) @ z) / variance
    return statistic


def suggest(scale):
    X, y = planted(scale)
    pair = X.shape[1] - 2, X.shape[1] - 1

    def ours():
        return fastlogreg.suggest(X, y)

    def check():
        (item,) = ours()
        assert item.columns == pair
        assert math.isclose(item.statistic, direct_scores(X, y)[pair], rel_tol=1e-6)

    return Case(
        "suggest n=1e4 p=200",
        ours,
        {
            "NumPy, every variance": Timed(lambda: direct_scores(X, y)),
            "a fit": Timed(lambda: fastlogreg.fit(X, y)),
        },
        [
            Goal(None, at_most=2.0),
            Goal("NumPy, every variance", at_least=0),
            Goal("a fit", at_most=math.inf),
        ],
        check,
    )


def doctor(scale):
    n = 500 if scale == "smoke" else 50_000
    rng = np.random.default_rng(1)
    X = rng.standard_normal((n, 20))
    y = (rng.random(n) < reference.sigmoid(X[:, :5].sum(axis=1) / 2)).astype(np.uint8)

    def ours():
        return fastlogreg.doctor(X, y)

    def check():
        assert len(ours()) == 0
        assert fastlogreg.doctor(np.column_stack([X, X[:, 0]]), y).of("duplicate")

    return Case(
        "doctor n=5e4 p=20",
        ours,
        {"a fit": Timed(lambda: fastlogreg.fit(X, y))},
        [Goal(None, at_most=math.inf), Goal("a fit", at_most=math.inf)],
        check,
    )


BUILDERS = {"suggest n=1e4 p=200": suggest, "doctor n=5e4 p=20": doctor}


CASES = timed_cases(BUILDERS, 10.0)


@pytest.mark.parametrize("name", BUILDERS)
def bench_diagnostics(benchmark, scale, name):
    time_case(benchmark, BUILDERS[name](scale), name, scale)
