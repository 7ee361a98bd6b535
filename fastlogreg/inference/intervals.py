"""Intervals of the parameters: Wald, profile likelihood, and bootstrap by random weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fastlogreg import validation as valid
from fastlogreg.inference.hypotheses import chi_squared
from fastlogreg.inference.margins import quantile
from fastlogreg.inference.maximum import Peak, climb
from fastlogreg.inference.opening import parameters
from fastlogreg.inference.profile import profile_interval
from fastlogreg.table import Table

if TYPE_CHECKING:
    from fastlogreg.annotations import Array


class Intervals:
    """The intervals of an `Inference`."""

    def conf_int(
        self, level: float = 0.95, *, method: str = "wald", n_boot: int = 999, seed: int = 0,
    ) -> Array:  # fmt: skip
        """Confidence intervals of the parameters.

        Parameters
        ----------
        level : float, default=0.95
            Confidence, between 0 and 1.
        method : {"wald", "profile", "bootstrap"}, default="wald"
            "wald": estimate and standard error. "profile": values that a likelihood-ratio test
            does not reject, each by fits of the other parameters; what `covariance` is does not
            matter. "bootstrap": percentiles of fits with random weights (Rubin's Bayesian
            bootstrap), also for penalised fits, where they tell of the penalised estimate.
        n_boot : int, default=999
            Fits of the bootstrap, at least 20.
        seed : int, default=0
            Seed of its weights.

        Returns
        -------
        ndarray of shape (q, 2), or (K - 1, q, 2)
            Low and high end. "wald": nan for infinite and aliased parameters. "profile": the end
            of an infinite parameter is finite on one side.

        Raises
        ------
        ValueError
            "wald" and "profile" of a penalised fit, "profile" under sampling weights.

        References
        ----------
        Venzon and Moolgavkar (1988) for "profile", Rubin (1981) for "bootstrap".
        """
        z = quantile(level)
        if method == "bootstrap":
            shares = [0.5 - 0.5 * level, 0.5 + 0.5 * level]
            ends = np.quantile(self._draws(n_boot, seed), shares, axis=0).T
        elif method == "profile":
            self._need_likelihood("a profile interval")
            ends = np.array([self._profile(j, level) for j in range(self._likelihood.size)])
        elif method == "wald":
            self._need_covariance("a Wald interval")
            known = self._maximum.estimated
            estimate = np.where(known, self._maximum.peak.theta, np.nan)
            error = z * np.sqrt(np.where(known, self._covariance.diagonal(), np.nan))
            ends = np.column_stack([estimate - error, estimate + error])
        else:
            raise ValueError(f"method must be 'wald', 'profile' or 'bootstrap', got {method!r}")
        return ends if self._likelihood.m == 1 else ends.reshape(self._likelihood.m, -1, 2)

    def _ends(self, level, method):
        """`conf_int`, a row a parameter; infinite ones have their profile interval."""
        ends = np.array(self.conf_int(level, method=method)).reshape(-1, 2)
        if method == "wald" and self.weights == "frequency":
            for j in np.flatnonzero(self._maximum.infinity):
                ends[j] = self._profile(j, level)
        return ends

    def _profile(self, j, level):
        """Profile interval of one parameter, by its place in ``params.ravel()``."""
        top, infinity = self._maximum, int(self._maximum.infinity[j])
        if not self._free[j]:
            return np.nan, np.nan
        if top.estimated[j]:
            error = float(np.sqrt(self._model_covariance[j, j]))
            return profile_interval(top.likelihood, top.peak, top.free, j, level, error)
        start = Peak(np.zeros_like(top.peak.theta), self.loglik, *self._likelihood.evaluate(
            np.zeros_like(top.peak.theta))[1:], True, 0.0)  # fmt: skip
        return profile_interval(self._likelihood, start, self._free, j, level, None, infinity)

    def _lr_of_parameter(self, j):
        """Likelihood-ratio test that one parameter is zero, by its place in ``params.ravel()``."""
        mask = np.zeros(self._likelihood.size, dtype=bool)
        mask[j] = True
        return chi_squared(max(2.0 * (self.loglik - self._climb_without(mask).loglik), 0.0), 1)

    def _draws(self, n_boot, seed):
        """Bootstrap estimates, (n_boot, m q)."""
        likelihood = self._likelihood
        if self._maximum.directions:
            remedy = "use method='profile'"
            if self.weights == "sampling":
                remedy = "under sampling weights no interval has; a penalty makes the fit finite"
            raise ValueError(f"with infinite coefficients the bootstrap has no end: {remedy}")

        def refit(weight):
            if self.penalised:
                return parameters(*self.penalised.refit(weight), likelihood, self._order)
            start = self._maximum.peak.theta
            return climb(likelihood.over(weight=weight), start, self._free, proof=False).theta

        draws = bootstrap_estimates(refit, likelihood, self.weights, n_boot, seed)
        return np.where(self._free, draws, np.nan)

    def odds_ratios(self, level: float = 0.95, *, method: str = "wald") -> Table:
        """Odds ratios: the exponentials of the parameters, with their intervals.

        Parameters
        ----------
        level : float, default=0.95
            Confidence of the intervals.
        method : {"wald", "profile", "bootstrap"}, default="wald"
            As in `conf_int`.

        Returns
        -------
        Table
            One row a parameter; columns ``odds ratio``, ``low``, ``high``. Infinite ones have their
            profile interval, but under sampling weights.
        """
        ends = self._ends(level, method)
        values = np.exp(np.column_stack([self.params.reshape(-1), ends]))
        return Table(self.param_names, ("odds ratio", "low", "high"), values)


def bootstrap_estimates(refit, likelihood, weights, n_boot, seed):
    """Parameters (n_boot, m q) of fits whose rows have random weights.

    The Bayesian bootstrap (Rubin 1981; a smooth form of Efron's, 1979): a row that stands for s
    observations weighs a Gamma(s) variable, under sampling weights s times an exponential one. No
    weight is zero, so no class is lost.

    refit : callable, weights (n,) -> parameters (m q,)
    """
    valid.check_count(n_boot, "n_boot")
    if n_boot < 20:
        raise ValueError(f"n_boot must be at least 20 for percentiles, got {n_boot}")
    random = np.random.default_rng(seed)
    s = likelihood.s
    out = np.empty((n_boot, likelihood.size))
    for row in out:
        if weights == "frequency":
            drawn = random.standard_gamma(s)
        else:
            drawn = s * random.standard_exponential(len(s))
        row[:] = refit(drawn)
    return out
