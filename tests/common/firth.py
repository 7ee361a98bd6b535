"""Data and comparisons for the tests of bias reduction."""

import numpy as np
import pytest

from fastlogreg import reference
from fastlogreg.bias.binary import BinaryLikelihood

TIGHT = 1e-9


def data(n=120, p=4, seed=0, size=1.0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    z = size * X @ np.linspace(-1, 1, p) + 0.4
    return X, (rng.random(n) < reference.sigmoid(z)).astype(np.uint8)


def likelihood(X, y, weight=None, offset=None, power=0.5):
    return BinaryLikelihood(np.asarray(X), y, weight, offset, True, power, 1)


def same(a, b, tolerance=1e-7):
    """Two results to a tolerance in standard errors."""
    unit = np.where(b.standard_errors > 0, b.standard_errors, 1.0)
    parts = [np.column_stack([r.coef, r.intercept]) if r.coef.ndim == 2
             else np.append(r.coef, r.intercept) for r in (a, b)]  # fmt: skip
    unit = unit if parts[0].shape == unit.shape else np.append(unit, 1.0)
    np.testing.assert_allclose(parts[0] / unit, parts[1] / unit, rtol=0, atol=tolerance)
    assert a.penalised_loglik == pytest.approx(b.penalised_loglik, rel=1e-12, abs=1e-9)
