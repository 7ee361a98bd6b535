"""`Inference`: the statistics of a binary or softmax maximum-likelihood fit."""

from __future__ import annotations

import warnings
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import ndtr

from fastlogreg.inference.covariance import (
    curvature_matrices,
    model_covariance,
    robust_covariance,
)
from fastlogreg.inference.goodness import Goodness
from fastlogreg.inference.hypotheses import Hypotheses
from fastlogreg.inference.influence import Influence
from fastlogreg.inference.intervals import Intervals
from fastlogreg.inference.likelihood import quadratic_forms, softmax
from fastlogreg.inference.limit import Maximum, certainties, maximise, moves_along
from fastlogreg.inference.margins import Predictions, binary_columns, constant_columns
from fastlogreg.inference.maximum import Peak
from fastlogreg.inference.opening import check_covariance, check_groups, open_problem
from fastlogreg.inference.summary import Reading
from fastlogreg.relations import dependent_columns, told

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import ArrayLike

    from fastlogreg.annotations import Array, MatrixLike


class Penalised(NamedTuple):
    """Why a fit is no maximum-likelihood estimate, and how it is made again.

    reason : what stands in its way, as text
    refit : callable, weights (n,) -> (coef, intercept)
    """

    reason: str
    refit: object


class Inference(Goodness, Intervals, Hypotheses, Predictions, Influence, Reading):
    """Statistics of a maximum-likelihood logistic regression, of two classes or more.

    The log-likelihood is ``sum_i s_i log P(y_i)``; the parameters are the coefficients of the
    columns and, last, the intercept, for each class but the reference. Given coefficients are where
    Newton's method starts; it ends with the score at rounding.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n, p)
        The data of the fit; dense rows or columns and CSR are read in place, CSC is copied by row.
    y : array-like of shape (n,) or (n, K)
        0/1 or probabilities of the second class; or codes 0..K-1; or probabilities of K classes.
    coef, intercept : array-like of shape (p,) and float, or (K, p) and (K,), default=None
        A fit, to start from.
    fit_intercept : bool, default=True
        Whether the model has an intercept.
    sample_weight : array-like of shape (n,), default=None
        Weights >= 0; what they mean says `weights`.
    weights : {"frequency", "sampling"}, default="frequency"
        "frequency": a row of weight s stands for s observations (fractions are allowed), and the
        number of observations is the sum of the weights. "sampling": s is the inverse of the row's
        chance to be in the sample; the observations are the rows, the covariance is robust, and
        there are no likelihood-ratio tests, profile intervals and information criteria.
    offset : array-like of shape (n,) or (n, K), default=None
        Added to the scores.
    covariance : {"nonrobust", "HC0", "HC1", "HC2", "HC3", "cluster"}, default=None
        "nonrobust": the inverse information. "HC0" to "HC3": robust to a misspecified model, with
        corrections for the number of parameters (HC1) or the leverages (HC2, HC3). "cluster":
        robust to dependence within `groups`, with the factor G / (G - 1) of G clusters. None:
        "nonrobust", or "HC0" under sampling weights.
    groups : array-like of shape (n,), default=None
        Clusters of the rows, numbers or strings, for ``covariance="cluster"``.
    reference : label, default=None
        The class that the others are compared with; None for the first.
    classes : array-like of shape (K,), default=None
        Labels of the classes, in the order of the codes; None for 0..K-1.
    feature_names : sequence of str, default=None
        Names of the columns; None for those of a data frame, or x0, x1, ...
    collinear : {"raise", "drop"}, default="raise"
        For columns that are combinations of columns before them (the intercept comes first): an
        error that names the relation, or nan for their coefficients, as in R.
    penalised : Penalised, default=None
        Set by estimators: why a fit is penalised, and how it is made again. Then the coefficients
        are taken as they are, and only ``conf_int(method="bootstrap")`` gives intervals.
    n_threads : int, default=None
        Threads.

    Attributes
    ----------
    names : tuple of str
        Names of the columns and the intercept.
    param_names : tuple of str
        Names of the parameters, of ``params.ravel()``.
    classes : ndarray of shape (K,)
        Labels of the classes.
    nobs : float
        Number of observations.
    loglik, loglik_null : float
        Log-likelihood at the estimate, and of the intercept alone (of the offset alone if there is
        none). Binomial coefficients of grouped targets are left out.
    df, df_model, df_residual
        Estimated parameters; those without the intercepts; observations less parameters.
    notes : tuple of str
        What has to be known to read the figures: infinite and aliased coefficients, weights.
    separation : Separation or None
        Why coefficients are infinite.

    Raises
    ------
    ValueError
        An argument has the wrong shape, sign or kind, or columns are collinear.

    Warns
    -----
    RuntimeWarning
        If no finite maximum is proved, or columns are so nearly collinear that standard errors
        lose digits.

    Notes
    -----
    If the classes are separated, some coefficients are infinite: they are reported as ``inf`` or
    ``-inf`` with infinite standard error and Wald p-value nan; the others are estimated in the
    limit. `conf_int` with ``method="profile"`` gives the finite end of an infinite coefficient's
    interval, `lr_test` its p-value.

    References
    ----------
    McCullagh and Nelder, Generalized Linear Models (1989). Agresti, Categorical Data Analysis
    (2013). The modules of `fastlogreg.inference` name the sources of their parts.

    Examples
    --------
    >>> import fastlogreg
    >>> X = [[1.0], [2.0], [3.0], [4.0], [5.0], [6.0]]
    >>> inference = fastlogreg.Inference(X, [0, 0, 1, 0, 1, 1], feature_names=["dose"])
    >>> inference.params.round(4), inference.bse.round(4)
    (array([ 1.214 , -4.2491]), array([0.9126, 3.3879]))
    >>> inference.conf_int(method="profile").round(3)[0]
    array([-0.066,  4.159])
    >>> round(inference.lr_test().pvalue, 4)
    0.0667
    """

    def __init__(
        self, X: MatrixLike, y: ArrayLike, coef: ArrayLike | None = None,
        intercept: ArrayLike | None = None, *, fit_intercept: bool = True,
        sample_weight: ArrayLike | None = None, weights: str = "frequency",
        offset: ArrayLike | None = None, covariance: str | None = None,
        groups: ArrayLike | None = None, reference: object = None,
        classes: ArrayLike | None = None, feature_names: Sequence[str] | None = None,
        collinear: str = "raise", penalised: Penalised | None = None, n_threads: int | None = None,
    ) -> None:  # fmt: skip
        self.covariance = check_covariance(covariance, weights, groups)
        if collinear not in ("raise", "drop"):
            raise ValueError(f"collinear must be 'raise' or 'drop', got {collinear!r}")
        self.weights, self.penalised = weights, penalised
        opened = open_problem(
            X, y, coef, intercept, fit_intercept, sample_weight, offset, groups, reference,
            classes, feature_names, n_threads,
        )  # fmt: skip
        self.classes, self.names = opened.classes, opened.names
        self._columns = opened.columns
        self._likelihood, self._order, self._groups = (
            opened.likelihood, opened.order, opened.groups,
        )  # fmt: skip
        s = self._likelihood.s
        self.nobs = float(s.sum() if weights == "frequency" else np.count_nonzero(s))
        self._fit(opened.start, collinear)

    def _fit(self, start, collinear):
        likelihood = self._likelihood
        self._free = np.ones(likelihood.size, dtype=bool)
        self.aliases = ()
        if self.penalised:
            peak = Peak(start, *likelihood.evaluate(start), True, 0.0)
            none = np.zeros(likelihood.size, dtype=np.int8)
            self._maximum = Maximum(peak, likelihood, self._free, self._free, none, (), None)
            return
        exact = 1e-6 if likelihood.rows.dtype == np.float32 else 1e-10
        self.aliases = tuple(dependent_columns(
            likelihood.rows, likelihood.weight, likelihood.fit_intercept, exact,
            likelihood.n_threads,
        ))  # fmt: skip
        if self.aliases:
            if collinear == "raise":
                raise ValueError(
                    "columns of X depend on each other, so that their coefficients are not "
                    f"determined: {told(self.aliases, self.names)}. Drop one column of each "
                    "relation, or give collinear='drop' to have nan reported for them as R does"
                )
            self._free.reshape(likelihood.m, likelihood.q)[
                :, [alias.column for alias in self.aliases]
            ] = False
            start = self._unaliased(start)
        self._maximum = maximise(likelihood, start, self._free, self.names)
        try:
            self._model_covariance = model_covariance(
                self._maximum.peak.information, self._maximum.free
            )
        except np.linalg.LinAlgError:
            raise ValueError(
                "the information matrix is singular to rounding: columns are nearly collinear, or "
                "their values so far from 0 that differences are lost; centre them, or drop some"
            ) from None
        self._warn_of_conditioning()

    def _unaliased(self, start):
        """The start with the coefficients of aliased columns moved to those they consist of."""
        theta = start.reshape(self._likelihood.m, self._likelihood.q).copy()
        for alias in self.aliases:
            moved = theta[:, alias.column].copy()
            for other, value in alias.terms.items():
                theta[:, other] += float(value) * moved
            if self._likelihood.fit_intercept:
                theta[:, -1] += float(alias.constant) * moved
            theta[:, alias.column] = 0.0
        return theta.reshape(-1)

    def _warn_of_conditioning(self):
        free = self._maximum.free
        information = self._maximum.peak.information.diagonal()[free]
        inflation = (information * self._model_covariance.diagonal()[free]).max(initial=1.0)
        if inflation > 1e11:
            worst = int(np.flatnonzero(free)[
                (information * self._model_covariance.diagonal()[free]).argmax()
            ])  # fmt: skip
            warnings.warn(
                f"the variance of {self.param_names[worst]!r} is {inflation:.0e} times what it "
                "were without the other columns: standard errors may have fewer than 5 right "
                "digits; centre or drop columns that are nearly collinear",
                RuntimeWarning,
                stacklevel=4,
            )

    # ------------------------------------------------------------------ parameters

    def _shaped(self, flat):
        """One number a parameter: (q,) of two classes, (K - 1, q) of more."""
        return flat if self._likelihood.m == 1 else flat.reshape(self._likelihood.m, -1)

    @property
    def param_names(self) -> tuple[str, ...]:
        """Names of the parameters, in the order of ``params.ravel()``."""
        if self._likelihood.m == 1:
            return self.names
        labels = self.classes[self._order[1:]]
        return tuple(f"{label}:{name}" for label in labels for name in self.names)

    @cached_property
    def params(self) -> Array:
        """Estimates, the intercept last: (q,), or (K - 1, q) of the classes but the reference.

        ``inf`` or ``-inf`` where separated data push a coefficient to, nan for aliased columns.
        """
        theta = np.where(self._maximum.estimated, self._maximum.peak.theta, np.nan)
        infinity = self._maximum.infinity
        return self._shaped(np.where(infinity != 0, np.copysign(np.inf, infinity), theta))

    @cached_property
    def bse(self) -> Array:
        """Standard errors, in the shape of `params`; inf for infinite, nan for aliased ones."""
        return self._shaped(np.sqrt(self.cov_params().diagonal()))

    @cached_property
    def zvalues(self) -> Array:
        """Estimates over standard errors; nan for infinite and aliased ones."""
        known = self._shaped(self._maximum.estimated)
        out = np.full(known.shape, np.nan)
        return np.divide(self.params, self.bse, out=out, where=known)

    @property
    def tvalues(self) -> Array:
        """Another name of `zvalues`."""
        return self.zvalues

    @cached_property
    def pvalues(self) -> Array:
        """Two-sided Wald p-values; nan for infinite and aliased parameters, see `notes`."""
        return 2.0 * ndtr(-np.abs(self.zvalues))

    def cov_params(self, covariance: str | None = None, groups: ArrayLike | None = None) -> Array:
        """Covariance matrix of the estimates.

        Parameters
        ----------
        covariance : {"nonrobust", "HC0", "HC1", "HC2", "HC3", "cluster"}, default=None
            None for the covariance of this inference.
        groups : array-like of shape (n,), default=None
            Clusters, for "cluster"; None for those of this inference.

        Returns
        -------
        ndarray, a row for each parameter of ``params.ravel()``
            nan for aliased parameters; inf on the diagonal and nan beside it for infinite ones.

        Raises
        ------
        ValueError
            The fit is penalised, so that no such covariance is valid; an unknown kind.
        """
        self._need_covariance("a covariance of the estimates")
        matrix = self._covariance
        if covariance is not None:
            clusters = self._groups if groups is None and covariance == "cluster" else groups
            check_covariance(covariance, self.weights, clusters)
            matrix = self._covariance_of(covariance, check_groups(clusters, self._likelihood.n))
        known = self._maximum.estimated
        out = np.where(np.outer(known, known), matrix, np.nan)
        infinite = np.flatnonzero(self._maximum.infinity)
        out[infinite, infinite] = np.inf
        return out

    @cached_property
    def _covariance(self):
        """Covariance over the finite parameters, zero for the others."""
        return self._covariance_of(self.covariance, self._groups)

    def _covariance_of(self, kind, groups):
        if kind == "nonrobust":
            return self._model_covariance
        limit = self._maximum.likelihood
        return robust_covariance(
            limit, self._maximum.peak.theta, self._model_covariance, kind, self.weights,
            self.nobs, groups,
        )  # fmt: skip

    # ------------------------------------------------------------------ rows

    def _probabilities(self, rows):
        """(probabilities, their logarithms, mask of those that the limit makes 0 or 1), (n, K)."""
        top = self._maximum
        z = rows.scores(top.peak.theta)
        out = certainties(z.shape, [moves_along(rows, one) for one in top.directions])
        z[out] = -np.inf
        return *softmax(z), out | (np.count_nonzero(out, axis=1) == z.shape[1] - 1)[:, None]

    @cached_property
    def _own_probabilities(self):
        return self._probabilities(self._likelihood)

    @property
    def _probability(self):
        """Probabilities of the rows, (n, K), the reference first."""
        return self._own_probabilities[0]

    @property
    def _log_probability(self):
        return self._own_probabilities[1]

    @property
    def _targets(self):
        """Targets of the rows, (n, K), the reference first."""
        return self._likelihood.onehot

    @cached_property
    def _forms(self):
        """x' V x of every row and pair of classes, V the inverse information: (n, m, m)."""
        self._need_covariance("the leverages")
        rows = self._likelihood
        return quadratic_forms(rows.blocks(), rows.n, self._model_covariance, rows.m)

    @cached_property
    def _hat(self):
        """How much a row's residuals move its own fit: (n, m, m), of two classes the leverage."""
        return curvature_matrices(self._probability, self._likelihood.s) @ self._forms

    def _per_class(self, values):
        """Columns in the order of the classes; of two classes that of the second alone."""
        return values[:, 1] if values.shape[1] == 2 else values[:, np.argsort(self._order)]

    # ------------------------------------------------------------------ columns

    def _column(self, column, argument):
        """The position of a column named by its name or position."""
        if not isinstance(column, str):
            position = int(column)
            if 0 <= position < len(self.names):
                return position
        elif self.names.count(column) == 1:
            return self.names.index(column)
        raise ValueError(f"{argument} names {column!r}, which is not one of {self.names}")

    @cached_property
    def _constants(self):
        """Columns that stand for the intercept where none is fitted: constant and not zero."""
        rows = self._likelihood
        return frozenset() if rows.fit_intercept else constant_columns(rows.rows)

    @cached_property
    def _is_binary_column(self):
        return binary_columns(self._likelihood.rows, self._likelihood.p)

    # ------------------------------------------------------------------ what is valid

    def _need_covariance(self, what):
        """ValueError where the covariance of a maximum-likelihood estimate is asked in vain."""
        if self.penalised:
            raise ValueError(
                f"{what} would not be valid: {self.penalised.reason}, so that the inverse "
                "information is not the covariance of the estimates. Fit without "
                "(C=np.inf, bounds=None), or ask for conf_int(method='bootstrap')"
            )

    def _need_likelihood(self, what):
        """ValueError where a likelihood of the data is needed and there is none."""
        self._need_covariance(what)
        if self.weights == "sampling":
            raise ValueError(
                f"{what} would not be valid: under sampling weights the weighted log-likelihood is "
                "not that of the data. Use wald_test and Wald intervals, whose covariance is robust"
            )

    @property
    def separation(self) -> Any:
        """What separates the classes, or None."""
        return self._maximum.separation
