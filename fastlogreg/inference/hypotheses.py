"""Likelihood-ratio, Wald and score tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import chdtrc

from fastlogreg.inference.information import inverse
from fastlogreg.inference.maximum import climb, newton_step

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike


class HypothesisTest(NamedTuple):
    """A test against a chi-squared distribution.

    Attributes
    ----------
    statistic : float
        The test statistic.
    df : int
        Degrees of freedom: how many constraints the hypothesis makes.
    pvalue : float
        Probability of a larger statistic under the hypothesis.
    """

    statistic: float
    df: int
    pvalue: float


def chi_squared(statistic, df):
    """A `HypothesisTest`; a statistic of 0 degrees of freedom tells nothing."""
    statistic = float(statistic)
    pvalue = float(chdtrc(df, statistic)) if df and statistic == statistic else np.nan
    return HypothesisTest(statistic, int(df), pvalue)


class Hypotheses:
    """The tests of an `Inference`."""

    def lr_test(self, drop: Any = None) -> HypothesisTest:
        """Likelihood-ratio test that the coefficients of some columns are zero.

        Parameters
        ----------
        drop : column name or position, or a list of them, default=None
            The columns of the hypothesis; None for all columns (the test against the null model).
            For several classes a column's coefficients of all classes are dropped together.

        Returns
        -------
        HypothesisTest
            ``statistic`` is twice the difference of the log-likelihoods; finite for separated data
            too.

        Raises
        ------
        ValueError
            An unknown column; sampling weights or a penalty, under which no likelihood-ratio test
            is valid.
        """
        self._need_likelihood("a likelihood-ratio test")
        reduced, dropped = self._reduced(drop)
        return chi_squared(max(2.0 * (self.loglik - reduced.loglik), 0.0), dropped.sum())

    def score_test(self, drop: Any = None) -> HypothesisTest:
        """Score (Rao) test that the coefficients of some columns are zero.

        Parameters
        ----------
        drop : column name or position, or a list of them, default=None
            As in `lr_test`.

        Returns
        -------
        HypothesisTest
            From the fit without the columns alone: the squared score there in units of its
            information. Finite for separated data.

        Raises
        ------
        ValueError
            As in `lr_test`.
        """
        self._need_likelihood("a score test from the model's information")
        reduced, dropped = self._reduced(drop)
        block = np.ix_(self._free, self._free)
        score = reduced.score[self._free]
        try:
            statistic = score @ inverse(reduced.information[block]) @ score
        except np.linalg.LinAlgError:
            statistic = np.nan
        return chi_squared(statistic, dropped.sum())

    def wald_test(
        self, R: ArrayLike | None = None, r: ArrayLike | None = None, *, drop: Any = None,
    ) -> HypothesisTest:  # fmt: skip
        """Wald test of linear hypotheses ``R theta = r``, with the covariance of this inference.

        Parameters
        ----------
        R : array-like of shape (h, number of parameters) or (number of parameters,), default=None
            One hypothesis a row, over ``params.ravel()``. For columns by name see `drop`.
        r : array-like of shape (h,) or float, default=None
            Their right-hand sides; None for zeros.
        drop : column name or position, or a list of them, default=None
            In the place of R: that these columns have coefficients of zero; without both, that all
            have.

        Returns
        -------
        HypothesisTest
            nan where a hypothesis is about an infinite or aliased coefficient, which has no
            standard error; `lr_test` tells then.

        Raises
        ------
        ValueError
            R has the wrong shape or rows that depend on each other; the fit is penalised.
        """
        self._need_covariance("a Wald test")
        size = self._likelihood.size
        if R is None:
            mask = self._mask_of(drop) & self._free
            R = np.eye(size)[mask]
        elif drop is not None:
            raise ValueError("wald_test takes R or drop, not both")
        try:
            R = np.atleast_2d(np.asarray(R, dtype=float))
        except (TypeError, ValueError):
            raise ValueError(
                f"R must hold numbers, a row a hypothesis, got {R!r}; name columns by drop="
            ) from None
        if R.shape[1] != size:
            raise ValueError(f"R must have {size} columns, one a parameter, got shape {R.shape}")
        r = np.broadcast_to(np.zeros(1) if r is None else np.asarray(r, dtype=float), len(R))
        used = (R != 0.0).any(axis=0)
        if not self._maximum.estimated[used].all():
            return chi_squared(np.nan, len(R))
        gap = R @ self._maximum.peak.theta - r
        covariance = R @ self._covariance @ R.T
        if np.linalg.matrix_rank(covariance, hermitian=True) < len(R):
            raise ValueError(
                "the rows of R depend on each other, or the covariance has too small a rank for "
                f"{len(R)} hypotheses (clusters must outnumber them)"
            )
        return chi_squared(gap @ np.linalg.solve(covariance, gap), len(R))

    def _reduced(self, drop):
        """The climb without some columns, and the mask of the parameters left out."""
        dropped = self._mask_of(drop) & self._free
        return self._climb_without(dropped), dropped

    def _climb_without(self, dropped):
        """The climb with some parameters held at 0, from the estimate's tangent or from 0."""
        rest = self._free & ~dropped
        origin = np.zeros(self._likelihood.size)
        starts = [origin]
        if not self._maximum.directions and rest.any():
            peak, near = self._maximum.peak, origin.copy()
            cross = peak.information[np.ix_(rest, dropped)] @ peak.theta[dropped]
            near[rest] = peak.theta[rest] + newton_step(peak.information[np.ix_(rest, rest)], cross)
            starts.append(near)
        start = max(starts, key=self._likelihood.loglik)
        return climb(self._likelihood, start, rest, proof=False)

    def _mask_of(self, drop):
        """Parameters of some columns; of all but the intercept if None."""
        size, q = self._likelihood.size, self._likelihood.q
        if drop is None:
            columns = [j for j in range(self._likelihood.p) if j not in self._constants]
        else:
            named = [drop] if isinstance(drop, str) or np.ndim(drop) == 0 else list(drop)
            columns = [self._column(one, "drop") for one in named]
        mask = np.zeros((size // q, q), dtype=bool)
        mask[:, columns] = True
        return mask.reshape(-1)
