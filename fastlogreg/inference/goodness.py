"""How well a model fits: log-likelihoods, deviances, information criteria, pseudo R2."""

from functools import cached_property

import numpy as np

R2 = ("mcfadden", "cox-snell", "nagelkerke", "tjur")


class Goodness:
    """The figures of an `Inference` about the fit as a whole."""

    @property
    def loglik(self) -> float:
        """Log-likelihood at the estimate; for separated data its supremum."""
        return self._maximum.peak.loglik

    @cached_property
    def loglik_null(self) -> float:
        """Log-likelihood of the intercept alone; of the offset alone where there is none."""
        return self._climb_without(self._mask_of(None) & self._free).loglik

    @property
    def df(self) -> int:
        """Number of parameters, those of aliased columns not counted."""
        return int(np.count_nonzero(self._free))

    @property
    def df_model(self) -> int:
        """Parameters beyond those of the null model."""
        return int(np.count_nonzero(self._mask_of(None) & self._free))

    @property
    def df_residual(self) -> float:
        """Observations less parameters."""
        return self.nobs - self.df

    @property
    def deviance(self) -> float:
        """Twice the log-likelihood below that of the targets themselves."""
        return 2.0 * float(self._deviance_terms.sum())

    @property
    def deviance_null(self) -> float:
        """Deviance of the null model."""
        return self.deviance + 2.0 * (self.loglik - self.loglik_null)

    @property
    def aic(self) -> float:
        """Akaike's information criterion, ``2 df - 2 loglik``."""
        self._need_likelihood("an information criterion")
        return 2.0 * self.df - 2.0 * self.loglik

    @property
    def aicc(self) -> float:
        """AIC corrected for few observations (Hurvich and Tsai 1989)."""
        k, n = self.df, self.nobs
        return self.aic + (2.0 * k * (k + 1) / (n - k - 1) if n > k + 1 else np.inf)

    @property
    def bic(self) -> float:
        """Schwarz's criterion, ``df log(nobs) - 2 loglik``."""
        self._need_likelihood("an information criterion")
        return self.df * np.log(self.nobs) - 2.0 * self.loglik

    def pseudo_r2(self, kind: str = "mcfadden") -> float:
        """A coefficient of determination for a model of probabilities.

        Parameters
        ----------
        kind : {"mcfadden", "cox-snell", "nagelkerke", "tjur"}, default="mcfadden"
            "mcfadden": ``1 - loglik / loglik_null`` (1974). "cox-snell": ``1 - exp(2 (loglik_null -
            loglik) / n)`` (1989). "nagelkerke": that over its largest value (1991). "tjur": mean
            probability of the second class within it, less that outside of it (2009).

        Returns
        -------
        float

        Raises
        ------
        ValueError
            An unknown kind; "tjur" for more than two classes.
        """
        if kind not in R2:
            raise ValueError(f"kind must be one of {R2}, got {kind!r}")
        if kind == "tjur":
            if len(self.classes) > 2:
                raise ValueError("kind='tjur' is defined for two classes")
            s, y, p = self._likelihood.s, self._targets[:, 1], self._probability[:, 1]
            return float((s * y) @ p / (s @ y) - (s * (1 - y)) @ p / (s @ (1 - y)))
        if kind == "mcfadden":
            return 1.0 - self.loglik / self.loglik_null
        cox = -np.expm1(2.0 * (self.loglik_null - self.loglik) / self.nobs)
        if kind == "nagelkerke":
            cox = cox / -np.expm1(2.0 * self.loglik_null / self.nobs)
        return float(cox)

    @cached_property
    def _deviance_terms(self):
        """s_i sum_k y_ik log(y_ik / p_ik), (n,)."""
        y, logs = self._targets, self._log_probability
        seen = y > 0.0
        own = np.log(np.where(seen, y, 1.0))
        return self._likelihood.s * np.where(seen, y * (own - np.where(seen, logs, 0.0)), 0).sum(1)
