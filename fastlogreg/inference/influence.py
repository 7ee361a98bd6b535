"""Residuals, leverages and Cook's distances of the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fastlogreg.inference.covariance import curvature_matrices
from fastlogreg.inference.likelihood import complement

if TYPE_CHECKING:
    from fastlogreg.annotations import Array

RESIDUALS = ("response", "pearson", "deviance", "standardized")


class Influence:
    """Diagnostics of single rows, of an `Inference`."""

    def residuals(self, kind: str = "deviance") -> Array:
        """Residuals of the rows.

        Parameters
        ----------
        kind : {"response", "pearson", "deviance", "standardized"}, default="deviance"
            "response": target minus probability. "pearson": that over the standard deviation of
            one observation, times the root of the row's weight. "deviance": the signed root of the
            row's share of the deviance. "standardized": the response's over its standard deviation
            at the estimate; for two classes "pearson" over ``sqrt(1 - leverage)``.

        Returns
        -------
        ndarray of shape (n,)
            As R's ``residuals``. For more than two classes (n, K), but "deviance" is (n,), without
            a sign.

        Raises
        ------
        ValueError
            An unknown kind.
        """
        if kind not in RESIDUALS:
            raise ValueError(f"kind must be one of {RESIDUALS}, got {kind!r}")
        target, p = self._targets, self._probability
        gap, root = target - p, np.sqrt(self._likelihood.s)[:, None]
        if kind == "response":
            return self._per_class(gap)
        if kind == "deviance":
            size = np.sqrt(np.maximum(2.0 * self._deviance_terms, 0.0))
            return np.sign(gap[:, 1]) * size if p.shape[1] == 2 else size
        if kind == "pearson":
            return self._per_class(_ratio(root * gap, np.sqrt(p * complement(p))))
        weighted = self._likelihood.s[:, None] * gap
        return self._per_class(_ratio(weighted, np.sqrt(self._residual_variances)))

    def leverage(self) -> Array:
        """Leverages of the rows: how much each pulls the fit to itself.

        Returns
        -------
        ndarray of shape (n,)
            Between 0 and the number of classes less one; they sum to the number of parameters. R's
            ``hatvalues``. For more than two classes the trace of the row's hat matrix.
        """
        return np.einsum("ikk->i", self._hat)

    def cooks_distance(self) -> Array:
        """Cook's distances: how far each row moves all the estimates, to first order.

        Returns
        -------
        ndarray of shape (n,)
            ``u' B u / k`` with ``u = (I - H)^-1 s (y - p)``, the row's ``B = x' V x`` and k
            estimated parameters; R's ``cooks.distance`` for two classes.

        References
        ----------
        Pregibon, Logistic regression diagnostics (1981).
        """
        gap = (self._targets - self._probability)[:, 1:] * self._likelihood.s[:, None]
        rest = np.eye(self._hat.shape[1]) - self._hat
        moved = np.linalg.solve(rest, gap[:, :, None])[:, :, 0]
        return np.einsum("ik,ikl,il->i", moved, self._forms, moved) / max(self.df, 1)

    @property
    def _residual_variances(self):
        """Variances of the weighted residuals at the estimate, (n, K): diag of W - W B W."""
        curved = curvature_matrices(self._probability, self._likelihood.s)
        free = curved - curved @ self._forms @ curved
        out = np.empty(self._probability.shape)
        out[:, 1:] = np.einsum("ikk->ik", free)
        out[:, 0] = free.sum(axis=(1, 2))
        return np.maximum(out, 0.0)


def _ratio(a, b):
    """a / b, and 0 where b is 0: rows that the limit of separated data makes certain."""
    return np.divide(a, b, out=np.zeros_like(a), where=b > 0.0)
