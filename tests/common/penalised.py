"""Penalised problems, and what the reference makes of them."""

import numpy as np
import pytest

import fastlogreg
from common.arrays import dense
from fastlogreg import reference
from fastlogreg.result import CONVERGED, STALLED

TOL = 1e-12
P = 6

PENALTIES = {
    "lasso": {"alpha": 0.02, "l1_ratio": 1.0},
    "elastic net": {"alpha": 0.05, "l1_ratio": 0.3},
    "little": {"alpha": 1e-4, "l1_ratio": 1.0},
    "factors": {"alpha": 0.05, "l1_ratio": 1.0, "penalty_factor": [0.0, 1.0, 0.3, 5.0, 0.0, 2.0]},
    "ridge with factors": {"alpha": 0.05, "penalty_factor": [0.0, 1.0, 0.3, 5.0, 0.0, 2.0]},
    "ridge in a box": {"alpha": 0.05, "bounds": (-0.1, 0.2)},
    "not negative": {"alpha": 0.02, "l1_ratio": 1.0, "bounds": (0.0, None)},
    "not positive": {"alpha": 0.02, "l1_ratio": 0.3, "bounds": (None, 0.0)},
    "box alone": {"bounds": (-0.15, [0.1, np.inf, 0.0, 0.3, 0.2, 0.1])},
    "fixed": {
        "alpha": 0.02, "l1_ratio": 1.0,
        "bounds": ([0.2, -0.1, 0.0, -1.0, -1.0, -np.inf], [0.2, -0.1, 0.0, 1.0, 1.0, np.inf]),
    },
    "all fixed": {"bounds": (0.1, 0.1)},
    "above zero": {"alpha": 0.02, "l1_ratio": 1.0, "bounds": (0.05, 0.3)},
    "below zero": {"alpha": 0.02, "l1_ratio": 0.3, "bounds": (-np.inf, -0.05)},
    "standardized": {"alpha": 0.02, "l1_ratio": 0.7, "standardize": True, "bounds": (-0.5, None)},
}  # fmt: skip


def arrays_of(X, alpha=0.0, l1_ratio=0.0, penalty_factor=1.0, bounds=(None, None),
              standardize=False, sample_weight=None):  # fmt: skip
    """The penalty of `fastlogreg.fit`, by its definition: l1, l2, lower, upper, each (p,)."""
    X = dense(X)
    mean = np.average(X, axis=0, weights=sample_weight)
    scale = np.sqrt(np.average((X - mean) ** 2, axis=0, weights=sample_weight))
    scale = np.where(scale > 0, scale, 1.0) if standardize else np.ones(X.shape[1])
    factor = np.broadcast_to(penalty_factor, X.shape[1])
    low, high = (-np.inf if bounds[0] is None else bounds[0]), bounds[1]
    return {
        "l1": alpha * l1_ratio * factor * scale,
        "l2": alpha * (1.0 - l1_ratio) * factor * scale**2,
        "lower": np.broadcast_to(low, X.shape[1]),
        "upper": np.broadcast_to(np.inf if high is None else high, X.shape[1]),
    }


class Problem:
    """Data, the arguments of a fit, and what the reference makes of them."""

    def __init__(self, X, y, penalty, fit_intercept=True, **data):
        self.X, self.y, self.penalty, self.data = X, y, penalty, data
        self.fit_intercept = fit_intercept
        A = dense(X)
        self.box = arrays_of(A, **penalty, sample_weight=data.get("sample_weight"))
        self.coef, self.intercept, objectives = reference.proximal_newton(
            A, y, **self.box, fit_intercept=fit_intercept, tol=1e-18, **data
        )
        self.minimum = objectives[-1]

    def fit(self, **changes):
        arguments = self.penalty | self.data | {"tol": TOL} | changes
        X, y = arguments.pop("X", self.X), arguments.pop("y", self.y)
        return fastlogreg.fit(X, y, fit_intercept=self.fit_intercept, **arguments)

    def check(self, result, tol=TOL, atol=1e-5, unique=True):
        """Converged, proved, inside the bounds, and where the reference ends if that is unique."""
        assert result.converged
        assert result.stop_reason in (CONVERGED, STALLED)
        assert result.certificate.relative_gap <= max(tol, 1e-12)
        assert abs(result.objective - self.minimum) <= 2.0 * max(tol, 1e-14) * self.minimum
        assert np.all(self.box["lower"] <= result.coef)
        assert np.all(result.coef <= self.box["upper"])
        assert result.certificate.verify(self.X, self.y, **self.data)
        if not unique:
            return
        scale = np.abs(self.coef).max(initial=1.0)
        np.testing.assert_allclose(result.coef, self.coef, rtol=0, atol=atol * scale)
        assert result.intercept == pytest.approx(self.intercept or 0.0, abs=10 * atol)
        for bound in (self.box["lower"], self.box["upper"]):  # reached, not only neared
            np.testing.assert_array_equal(result.coef == bound, self.coef == bound)
        np.testing.assert_array_equal(result.coef == 0, self.coef == 0)


def columns(n=200, p=P, seed=0):
    """Values that float32 holds too."""
    return np.random.default_rng(seed).normal(size=(n, p)).astype(np.float32).astype(float)


def labels(X, seed=1):
    X = dense(X)
    rng = np.random.default_rng(seed)
    signal = X @ (np.array([1.0, -0.7, 0.4, 0.0, 0.2, -0.1] * X.shape[1])[: X.shape[1]])
    return (signal + rng.logistic(size=len(X)) > 0.3).astype(float)
