"""Data, folds and parameters of the tests of cross-validation."""

import numpy as np
from sklearn.model_selection import StratifiedKFold

from fastlogreg import LogisticRegression

PLAIN = {"use_legacy_attributes": False, "scoring": "neg_log_loss", "l1_ratios": (0,)}
TIGHT = {"tol": 1e-6, "max_iter": 300}
CS = [10.0, 0.01, 0.3]  # in no order
FOLDS = StratifiedKFold(4)


def problem(n=160, p=6, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * np.logspace(-0.5, 0.5, p)
    y = (X @ np.linspace(1.0, -0.5, p) + 2 * rng.logistic(size=n) > 0.3).astype(int)
    return X, y, rng.integers(0, 4, n).astype(float)


def model_on(X, y, train, sample_weight=None, offset=None, **parameters):
    """Our estimator on the rows of a fold, taken out as a copy."""
    weight = None if sample_weight is None else sample_weight[train]
    offset = None if offset is None else offset[train]
    return LogisticRegression(**TIGHT, **parameters).fit(X[train], y[train], weight, offset=offset)
