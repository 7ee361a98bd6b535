"""Data for the estimator's tests with all that rows may have, and its most exact fit."""

import numpy as np
import pandas as pd

from fastlogreg import LogisticRegression, core

N, P = 90, 5
RNG = np.random.default_rng(5)
X = RNG.normal(size=(N, P)) * [1.0, 0.5, 2.0, 1.0, 1.0] + 0.3
Y = (X @ [1.0, -2.0, 0.0, 0.3, -0.1] + RNG.logistic(size=N) > 0.3).astype(int)
WEIGHT = RNG.integers(0, 4, N).astype(float)
OFFSET = RNG.normal(size=N)
POSITIVE = core.sigmoid(X @ [2.0, -1.0, 0.5, 0.0, 0.0] + 2 * RNG.normal(size=N) - 0.5)
SOFT = np.column_stack([1 - POSITIVE, POSITIVE])
NAMES = ["a", "b", "c", "d", "e"]
FRAME = pd.DataFrame(X, columns=NAMES)
SPARSE = np.where(np.abs(X) > 0.4, X, 0.0)

TIGHT = {"tol": 0}  # as exact as can be
PENALTIES = [
    {"C": np.inf}, {"C": 0.2}, {"l1_ratio": 1, "C": 0.2}, {"l1_ratio": 0.4, "C": 0.2},
]  # fmt: skip


def fitted(*args, offset=None, X=X, y=Y, **parameters):
    return LogisticRegression(**TIGHT, **parameters).fit(X, y, *args, offset=offset)


def assert_same_model(first, second, rtol=1e-6):
    np.testing.assert_allclose(first.coef_, second.coef_, rtol=rtol, atol=rtol * 1e-2)
    np.testing.assert_allclose(first.intercept_, second.intercept_, rtol=rtol, atol=rtol * 1e-2)
