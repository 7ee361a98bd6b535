"""Data without a fault for the tests of `doctor`, and the kinds of its findings."""

import numpy as np

N = 400


def clean(n=N, seed=0):
    """Two normal columns, a dummy and a count; labels that depend on them."""
    rng = np.random.default_rng(seed)
    X = np.column_stack(
        [rng.standard_normal((n, 2)), rng.random(n) < 0.4, rng.poisson(3.0, n)]
    ).astype(float)
    z = X @ [1.0, -0.5, 0.5, 0.1] - 0.5
    return X, np.where(rng.random(n) < 1 / (1 + np.exp(-z)), "yes", "no")


def kinds(report):
    return {finding.kind for finding in report}
