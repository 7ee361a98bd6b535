"""What `fastlogreg.firth` returns: estimates, their covariance, profile intervals and tests."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import ndtri

from fastlogreg.bias import profile
from fastlogreg.bias.binary import Maximum
from fastlogreg.table import Table

if TYPE_CHECKING:
    from typing import Any

    from fastlogreg.annotations import Array
    from fastlogreg.bias.profile import LikelihoodRatio

CONVERGED = "converged: the next step is within tol standard errors"
STALLED = "converged: at the rounding floor of the penalised likelihood"
MAX_ITER = "iteration limit reached"
STUCK = "no step raises the penalised likelihood; scale or centre the columns of X"
SEPARATED = "no finite maximum: the classes are separated, and power=0 has no penalty"
STOP_REASONS = {
    "converged": CONVERGED, "stalled": STALLED, "max_iter": MAX_ITER, "stuck": STUCK,
}  # fmt: skip


class Search(NamedTuple):
    """What profiles need: a likelihood, its maximum, and where the parameters are among its own."""

    likelihood: object
    maximum: Maximum
    positions: np.ndarray  # of each parameter of the result among the likelihood's
    max_iter: int
    wald_intercept: bool  # the intercept is not that of the maximum (FLIC)


@dataclass(frozen=True)
class FirthResult:
    """Estimates with reduced bias, as `fastlogreg.firth` returns them.

    Parameters stand in the order columns, then the intercept if there is one; with K classes
    class by class.

    Attributes
    ----------
    coef : ndarray of shape (p,) or (K, p)
        Coefficients.
    intercept : float or ndarray of shape (K,)
        The intercept, 0.0 if none was fitted.
    covariance : ndarray of shape (q, q) or (K q, K q)
        Inverse of the Fisher information at the estimates; q counts the intercept.
    standard_errors : ndarray of shape (q,) or (K, q)
        Roots of its diagonal.
    loglik : float
        The log-likelihood at the estimates, without penalty.
    penalised_loglik : float
        ``loglik + power * log det(information)``; for FLAC the log-likelihood of the augmented
        data, nan for the median.
    method, power : str, float
        As given.
    score_norm : float
        Largest entry, by size, of the modified score, which is zero at the exact solution.
    step : float
        Length of the next step, which was not taken, in standard errors: no estimate is likely to
        be off by more than this times its standard error.
    decrement : float
        ``step**2 / 2``, what that step would add to the penalised log-likelihood.
    n_iter : int
        Iterations on all rows.
    converged : bool
        Whether `step` is within ``tol``, or at the rounding floor.
    stop_reason : str
        "converged: the next step is within tol standard errors", "converged: at the rounding floor
        of the penalised likelihood", "iteration limit reached" or "no step raises the penalised
        likelihood; scale or centre the columns of X".
    names : tuple of str
        Names of the columns.

    Notes
    -----
    A result refers to X and y, for `interval` and `test`; a pickled one no longer does.

    References
    ----------
    Firth, "Bias reduction of maximum likelihood estimates", Biometrika 80 (1993). Heinze &
    Schemper, "A solution to the problem of separation in logistic regression", Stat. Med. 21
    (2002): the profile intervals and tests.

    Examples
    --------
    >>> import fastlogreg
    >>> result = fastlogreg.firth([[0.0], [0.0], [1.0], [1.0], [1.0]], [0, 0, 1, 1, 1])
    >>> print(result.coef.round(3), result.standard_errors.round(3))
    [3.555] [2.578 1.897]
    >>> result.stop_reason
    'converged: the next step is within tol standard errors'
    >>> print(result.summary())
                  coef  std err    chi2  P>chi2       2.5%   97.5%
    x0          3.5553   2.5783  3.8432  0.0499  0.0007108  9.4357
    intercept  -1.6094   1.8974  1.4555  0.2276    -6.5361  0.8994
    """

    coef: np.ndarray
    intercept: float | np.ndarray
    covariance: np.ndarray
    standard_errors: np.ndarray
    loglik: float
    penalised_loglik: float
    method: str
    power: float
    score_norm: float
    step: float
    decrement: float
    n_iter: int
    converged: bool
    stop_reason: str
    names: tuple = ()
    _search: Search | None = field(default=None, repr=False, compare=False)

    def interval(self, level: float = 0.95, columns: Any = None) -> Array:
        """Profile intervals of the penalised likelihood.

        Parameters
        ----------
        level : float, default=0.95
            Between 0 and 1.
        columns : int, str or a sequence of these, default=None
            Which parameters, by position, name or as "intercept"; None for all.

        Returns
        -------
        ndarray of shape (k, 2), or (K, k, 2) with K classes
            Lower and upper ends, a row for each of the k parameters. FLIC's intercept has a Wald
            interval.

        Raises
        ------
        ValueError
            The level or a column is out of range; ``method="median"``, which has no likelihood;
            K classes without ``reference_class``, which a coefficient alone has no meaning without;
            ``power=0`` on separated classes, where `Inference` has the ends that exist;
            a result that was pickled or belongs to an estimator, and holds no data.
        """
        search = self._searched("interval")
        if self.stop_reason == SEPARATED:
            raise ValueError(
                f"interval starts at the maximum, and there is {SEPARATED}. "
                "fastlogreg.Inference(X, y).conf_int(method='profile') has the ends that exist; "
                "power=0.5 has finite estimates"
            )
        if not isinstance(level, (float, np.floating)) or not 0.0 < level < 1.0:
            raise ValueError(f"level must be a number between 0 and 1, got {level!r}")
        chosen = self._chosen(columns)
        rows = search.positions[..., chosen]
        ends = np.zeros((*rows.shape, 2))
        for where, position in np.ndenumerate(rows):
            if position < 0:  # the reference class: its parameters are 0
                continue
            if search.wald_intercept and chosen[where[-1]] == self.coef.shape[-1]:
                error = self.standard_errors[-1] * ndtri(0.5 + 0.5 * level)
                ends[where] = self.intercept - error, self.intercept + error
                continue
            ends[where] = profile.interval(
                search.likelihood, search.maximum, position, level, search.max_iter
            )
        return ends

    def test(self, columns: Any = None) -> LikelihoodRatio:
        """The penalised likelihood-ratio test of "these coefficients are zero".

        Parameters
        ----------
        columns : int, str or a sequence of these, default=None
            Which coefficients, by position, name or as "intercept"; those of all classes where
            there are K; None for all but the intercept.

        Returns
        -------
        LikelihoodRatio
            A tuple (statistic, df, pvalue). The penalty stays that of the whole model, as in
            logistf.

        Raises
        ------
        ValueError
            As for `interval`; the intercept of FLIC.
        """
        search = self._searched("test")
        chosen = self._chosen(range(self.coef.shape[-1]) if columns is None else columns)
        if search.wald_intercept and self.coef.shape[-1] in chosen:
            raise ValueError(
                "FLIC's intercept is that of no maximum and has no likelihood-ratio test; see its "
                "standard error"
            )
        if not chosen:
            raise ValueError("columns is empty: there is nothing to test")
        positions = search.positions[..., chosen].ravel()
        return profile.ratio_test(
            search.likelihood, search.maximum, positions[positions >= 0], search.max_iter
        )

    def summary(self, level: float = 0.95) -> Table:
        """A table of all parameters, as logistf prints it.

        Parameters
        ----------
        level : float, default=0.95
            Confidence of the intervals, between 0 and 1.

        Returns
        -------
        Table
            A row for each parameter, of K classes but the reference "class:name": estimate,
            standard error, penalised likelihood-ratio test of zero (nan for FLIC's intercept), and
            ends of the profile interval. To print, for notebooks, and with ``to_frame()``.

        Raises
        ------
        ValueError
            As for `interval`.
        """
        ends = self.interval(level).reshape(-1, 2)
        search, places = self._search, self._search.positions.reshape(-1)
        tests = np.full((len(places), 2), np.nan)
        for row, position in enumerate(places):
            own = search.wald_intercept and row == self.coef.size
            if position >= 0 and not own:
                test = profile.ratio_test(
                    search.likelihood, search.maximum, [position], search.max_iter
                )
                tests[row] = test.statistic, test.pvalue
        low, high = f"{50 - 50 * level:g}%", f"{50 + 50 * level:g}%"
        whole = self._estimates()
        kept = places >= 0  # not the reference class
        return Table(
            tuple(name for name, here in zip(whole.rows, kept, strict=True) if here),
            (*whole.columns, "chi2", "P>chi2", low, high),
            np.column_stack([whole.values, tests, ends])[kept],
        )

    def _estimates(self):
        """Estimates and standard errors as a table."""
        p, K = self.coef.shape[-1], 1 if self.coef.ndim == 1 else len(self.coef)
        own = list(self.names) or [f"x{j}" for j in range(p)]
        values = np.reshape(self.coef, (K, p))
        if self.standard_errors.shape[-1] > p:
            own = [*own, "intercept"]
            values = np.column_stack([values, np.reshape(self.intercept, (K, 1))])
        names = own if self.coef.ndim == 1 else [f"{k}:{name}" for k in range(K) for name in own]
        columns = np.column_stack([values.ravel(), self.standard_errors.ravel()])
        return Table(tuple(names), ("coef", "std err"), columns)

    def __str__(self):
        head = "Logistic regression with median bias reduction"
        penalised = ""
        if self.method != "median":
            kind = "" if self.method == "firth" else f", {self.method.upper()}"
            head = f"Logistic regression with Jeffreys' penalty (power {self.power:g}){kind}"
            penalised = f", penalised {self.penalised_loglik:.4f}"
        return (
            f"{head}\nlog-likelihood {self.loglik:.4f}{penalised}; {self.stop_reason}\n"
            f"{self._estimates()}"
        )

    def without_data(self) -> FirthResult:
        """The same without the reference to X and y, and so without `interval` and `test`."""
        return replace(self, _search=None)

    def _searched(self, what):
        if self.method == "median":
            raise ValueError(
                f"{what} needs a likelihood, and method='median' solves an equation that has none; "
                "use standard_errors, or method='firth'"
            )
        if self._search is None:
            raise ValueError(
                f"{what} needs the data, which this result does not hold (it was pickled, or "
                "belongs to an estimator); call fastlogreg.firth(X, y, ...) for one that does"
            )
        if self.coef.ndim == 2 and what == "interval" and not (self._search.positions < 0).any():
            raise ValueError(
                "interval needs reference_class=k: with coefficients that sum to zero over the "
                "classes a single one has no profile"
            )
        return self._search

    def _chosen(self, columns):
        """Positions of parameters within a class."""
        p, q = self.coef.shape[-1], self.standard_errors.shape[-1]
        if columns is None:
            return list(range(q))
        if isinstance(columns, str) or np.ndim(columns) == 0:
            columns = [columns]
        chosen = []
        for column in columns:
            if isinstance(column, str) and column == "intercept" and q > p:
                chosen.append(p)
            elif isinstance(column, str) and self.names.count(column) == 1:
                chosen.append(self.names.index(column))
            elif isinstance(column, (int, np.integer)) and -p <= column < p:
                chosen.append(int(column) % p)
            else:
                raise ValueError(
                    f"columns must hold numbers from {-p} to {p - 1}, names"
                    f"{' or intercept' if q > p else ''}, got {column!r}"
                )
        if len(set(chosen)) < len(chosen):
            raise ValueError(f"columns names a parameter twice: {list(columns)}")
        return chosen

    def __getstate__(self):
        return self.__dict__ | {"_search": None}
