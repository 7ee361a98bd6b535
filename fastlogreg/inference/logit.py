"""`Logit`: the door for those who come from statsmodels."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc, logit, ndtri

from fastlogreg import functions
from fastlogreg.inference.likelihood import Likelihood
from fastlogreg.inference.margins import constant_columns
from fastlogreg.inference.maximum import climb
from fastlogreg.inference.opening import refuse_other_columns
from fastlogreg.inference.results import Inference

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from numpy.typing import ArrayLike


class Logit:
    """Logistic regression under statsmodels' names: ``Logit(endog, exog).fit()``.

    No constant is added: `exog` holds one if there is to be one. pandas in gives pandas out.

    Parameters
    ----------
    endog : array-like of shape (n,)
        0/1, booleans, or shares in [0, 1].
    exog : array-like of shape (n, p)
        The columns of the model, the constant included.
    offset : array-like of shape (n,), default=None
        Added to the linear predictor.
    freq_weights : array-like of shape (n,), default=None
        How many observations each row stands for.

    Raises
    ------
    ValueError
        An argument has the wrong shape or kind.

    Notes
    -----
    Differences from statsmodels' ``Logit``: the fit prints nothing and needs no start; separated
    data give infinite coefficients with the finite ends of their profile intervals instead of an
    error or a large number; collinear columns raise a ValueError that names their relation, or have
    nan with ``collinear="drop"``; `predict` and `get_prediction` refuse a data frame whose columns
    are not those of the fit in their order.

    Robust covariances are those of R's package sandwich: "HC1" to "HC3" have their corrections,
    where statsmodels gives "HC0" whichever of them is asked for; "cluster" has the factor
    G / (G - 1), which statsmodels multiplies by (n - 1) / (n - p).

    There are no `t_test`, `f_test` and `get_influence` (`Inference` has ``leverage``,
    ``cooks_distance`` and ``residuals``); `get_margeff` knows "dydx" only; `wald_test` takes a
    matrix, not text; `mle_retvals` holds "converged" only.

    References
    ----------
    McCullagh & Nelder, "Generalized Linear Models" (1989), ch. 4. Seabold & Perktold, "statsmodels:
    econometric and statistical modeling with Python", Proc. 9th Python in Science Conf. (2010): the
    names.

    Examples
    --------
    >>> import numpy as np
    >>> from fastlogreg import Logit
    >>> exog = np.column_stack([np.ones(6), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]])
    >>> results = Logit([0, 0, 1, 0, 1, 1], exog).fit()
    >>> results.params.round(4), results.bse.round(4)
    (array([-4.2491,  1.214 ]), array([3.3879, 0.9126]))
    >>> round(results.prsquared, 4)
    0.4042
    """

    def __init__(
        self, endog: ArrayLike, exog: ArrayLike, offset: ArrayLike | None = None,
        freq_weights: ArrayLike | None = None,
    ) -> None:  # fmt: skip
        self.endog, self.exog = np.asarray(endog), np.asarray(exog, dtype=float)
        if self.exog.ndim == 1:
            self.exog = self.exog[:, None]
        if self.exog.ndim != 2:
            raise ValueError(f"exog must have two dimensions, got shape {self.exog.shape}")
        if self.endog.ndim == 2 and self.endog.shape[1] == 1:
            self.endog = self.endog[:, 0]
        if self.endog.shape != self.exog.shape[:1]:
            raise ValueError(
                f"endog must have shape ({len(self.exog)},) as exog has rows, "
                f"got {self.endog.shape}"
            )
        if not np.isfinite(self.exog).all():
            raise ValueError("exog contains NaN or infinity; drop or impute those rows first")
        self.offset = None if offset is None else np.asarray(offset, dtype=float)
        self.freq_weights = None if freq_weights is None else np.asarray(freq_weights, dtype=float)
        columns = getattr(exog, "columns", None)
        named = getattr(exog, "name", None)
        if columns is None and named is not None:
            columns = [named]
        self._pandas = columns is not None
        self._index = exog.index if self._pandas else None
        self.endog_names = getattr(endog, "name", None) or "y"
        self.exog_names = self._names() if columns is None else [str(name) for name in columns]

    def _names(self):
        """statsmodels' names of unnamed columns: const, and x1, x2, ... for the others."""
        names = [f"x{j}" for j in range(1, self.exog.shape[1] + 1)]
        constants = constant_columns(self.exog)
        if constants:
            names.pop()
            names.insert(min(constants), "const")
        return names

    def fit(
        self, start_params: ArrayLike | None = None, method: str | None = None,
        maxiter: int | None = None, disp: object = 0, cov_type: str = "nonrobust",
        cov_kwds: Mapping[str, Any] | None = None, *, collinear: str = "raise",
    ) -> LogitResults:  # fmt: skip
        """Fit the model.

        Parameters
        ----------
        start_params : array-like of shape (p,), default=None
            Where to start; the estimate does not depend on it.
        method, maxiter, disp
            Ignored: the fit goes to rounding and prints nothing.
        cov_type : {"nonrobust", "HC0", "HC1", "HC2", "HC3", "cluster"}, default="nonrobust"
            Covariance of the estimates.
        cov_kwds : dict, default=None
            ``{"groups": clusters}`` for "cluster".
        collinear : {"raise", "drop"}, default="raise"
            For columns that are combinations of those before them: an error, or nan.

        Returns
        -------
        LogitResults
            Estimates, errors, tests, under statsmodels' names.
        """
        groups = None if cov_kwds is None else cov_kwds.get("groups")
        unknown = sorted(set(cov_kwds or ()) - {"groups"})
        if unknown:
            raise ValueError(f"cov_kwds takes 'groups', got {unknown}")
        inference = Inference(
            self.exog, self.endog, start_params, fit_intercept=False, covariance=cov_type,
            sample_weight=self.freq_weights, offset=self.offset, groups=groups,
            feature_names=self.exog_names, collinear=collinear,
        )  # fmt: skip
        return LogitResults(self, inference)


class LogitResults:
    """What `Logit.fit` returns: an `Inference` under statsmodels' names.

    Attributes
    ----------
    model : Logit
        The model.
    inference : Inference
        The same statistics and more, under this package's names.

    References
    ----------
    McCullagh & Nelder, "Generalized Linear Models" (1989), ch. 4.

    Examples
    --------
    >>> import numpy as np
    >>> from fastlogreg import Logit
    >>> exog = np.column_stack([np.ones(6), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]])
    >>> results = Logit([0, 0, 1, 0, 1, 1], exog).fit()
    >>> round(results.llf, 4), results.conf_int().round(2).tolist()
    (-2.478, [[-10.89, 2.39], [-0.57, 3.0]])
    """

    def __init__(self, model, inference):
        self.model, self.inference = model, inference

    def _series(self, values):
        """One number a column, in pandas if the data were."""
        if not self.model._pandas:
            return values
        import pandas as pd

        return pd.Series(values, index=self.model.exog_names)

    def _frame(self, values, columns):
        if not self.model._pandas:
            return values
        import pandas as pd

        return pd.DataFrame(values, index=self.model.exog_names, columns=columns)

    def _per_row(self, values):
        if not self.model._pandas:
            return values
        import pandas as pd

        return pd.Series(values, index=self.model._index)

    def _columns_of(self, exog):
        """Rows to predict, of a data frame its values: the columns have to be those of the fit."""
        if not hasattr(exog, "columns"):
            return exog
        refuse_other_columns(exog, self.model.exog_names if self.model._pandas else None)
        return np.asarray(exog, dtype=float)

    @property
    def params(self):
        """Estimates."""
        return self._series(self.inference.params)

    @property
    def bse(self):
        """Standard errors."""
        return self._series(self.inference.bse)

    @property
    def tvalues(self):
        """Estimates over standard errors."""
        return self._series(self.inference.zvalues)

    @property
    def pvalues(self):
        """Two-sided p-values of the normal distribution."""
        return self._series(self.inference.pvalues)

    @property
    def llf(self):
        """Log-likelihood."""
        return self.inference.loglik

    @cached_property
    def llnull(self):
        """Log-likelihood of the constant alone, whether or not `exog` has one."""
        full = self.inference._likelihood
        alone = Likelihood(
            np.empty((full.n, 0)), full.targets, full.weight, full.offset, True, full.n_threads
        )
        return climb(alone, np.zeros(1), np.ones(1, dtype=bool), proof=False).loglik

    @property
    def llr(self):
        """Likelihood-ratio statistic against the constant alone."""
        return -2.0 * (self.llnull - self.llf)

    @property
    def llr_pvalue(self):
        """Its p-value, on `df_model` degrees of freedom."""
        return float(chdtrc(self.df_model, max(self.llr, 0.0)))

    @property
    def prsquared(self):
        """McFadden's pseudo R squared."""
        return 1.0 - self.llf / self.llnull

    @property
    def nobs(self):
        """Number of observations: the sum of the frequency weights."""
        return self.inference.nobs

    @property
    def df_model(self):
        """Rank of `exog` less one."""
        return float(self.inference.df - 1)

    @property
    def df_resid(self):
        """Observations less the rank of `exog`."""
        return self.inference.df_residual

    @property
    def aic(self):
        """Akaike's information criterion."""
        return self.inference.aic

    @property
    def bic(self):
        """Schwarz's information criterion."""
        return self.inference.bic

    @property
    def fittedvalues(self):
        """The linear predictor of the rows, with the offset."""
        return self.predict(which="linear")

    @property
    def resid_response(self):
        """Target minus probability."""
        return self._per_row(self.inference.residuals("response"))

    @property
    def resid_pearson(self):
        """Pearson residuals."""
        return self._per_row(self.inference.residuals("pearson"))

    @property
    def resid_dev(self):
        """Deviance residuals."""
        return self._per_row(self.inference.residuals("deviance"))

    def conf_int(self, alpha=0.05, *, method="wald"):
        """Confidence intervals, (p, 2), of level ``1 - alpha``; `method` as in `Inference`."""
        return self._frame(self.inference.conf_int(1.0 - alpha, method=method), [0, 1])

    def cov_params(self):
        """Covariance matrix of the estimates."""
        return self._frame(self.inference.cov_params(), self.model.exog_names)

    @property
    def normalized_cov_params(self):
        """The inverse information, whatever `cov_type` was."""
        return self._frame(self.inference.cov_params("nonrobust"), self.model.exog_names)

    @property
    def mle_retvals(self):
        """``{"converged": bool}``: whether the maximum is proved to be at finite estimates."""
        found = self.inference
        return {"converged": bool(found._maximum.peak.settled and found.separation is None)}

    def wald_test(self, r_matrix):
        """Wald test that ``r_matrix`` times the parameters is zero."""
        return self.inference.wald_test(r_matrix)

    def predict(self, exog=None, which="mean", offset=None):
        """Probabilities (``which="mean"``) or linear predictors (``"linear"``) of rows."""
        if which not in ("mean", "linear"):
            raise ValueError(f"which must be 'mean' or 'linear', got {which!r}")
        index = getattr(exog, "index", None)
        if exog is None:
            exog, offset, index = self.model.exog, self.model.offset, self.model._index
        exog = self._columns_of(exog)
        params = self.inference.params
        if not np.isfinite(params).all():
            values = self.inference.predict_interval(exog, offset=offset)[:, 0]
            with np.errstate(divide="ignore"):
                values = values if which == "mean" else np.log(values) - np.log1p(-values)
        elif which == "mean":
            values = functions.predict_proba(exog, params, None, offset=offset)[:, 1]
        else:
            values = functions.decision_function(exog, params, 0.0, offset=offset)
        if not self.model._pandas or index is None:
            return values
        import pandas as pd

        return pd.Series(values, index=index)

    def get_prediction(self, exog=None, offset=None):
        """Probabilities of rows with their errors and intervals, a `Prediction`."""
        index = getattr(exog, "index", None)
        index = self.model._index if exog is None else index
        return Prediction(self.inference, self._columns_of(exog), offset, index)

    def pred_table(self, threshold=0.5):
        """Counts [actual, predicted] of rows above the threshold, (2, 2); weighted."""
        likelihood = self.inference._likelihood
        actual = np.asarray(likelihood.targets) > threshold
        predicted = np.asarray(self.predict()) > threshold
        return np.array([
            [likelihood.s[(actual == a) & (predicted == b)].sum() for b in (False, True)]
            for a in (False, True)
        ])  # fmt: skip

    def get_margeff(self, at="overall", method="dydx", atexog=None, dummy=False):
        """Marginal effects.

        Parameters
        ----------
        at : {"overall", "mean", "median", "zero"}, default="overall"
            Where; "overall" is the mean over the rows.
        method : {"dydx"}, default="dydx"
            Derivatives of the probability.
        atexog : dict, default=None
            ``{position: value}`` of columns to set otherwise, with "mean", "median" and "zero".
        dummy : bool, default=False
            Whether columns of zeros and ones are switched from 0 to 1.

        Returns
        -------
        MarginalEffects
            ``margeff, margeff_se, tvalues, pvalues, conf_int(alpha), summary(), summary_frame()``.
        """
        if method != "dydx":
            raise ValueError(f"method must be 'dydx', got {method!r}")
        exog = self.model.exog
        if at == "overall":
            if atexog:
                raise ValueError("atexog needs at='mean', 'median' or 'zero'")
            place = "average"
        elif at in ("mean", "median", "zero"):
            constants = constant_columns(exog)
            place = {"mean": {}, "median": dict(enumerate(np.median(exog, axis=0))),
                     "zero": dict.fromkeys(range(exog.shape[1]), 0.0)}[at]  # fmt: skip
            place = {j: v for j, v in place.items() if j not in constants} | (atexog or {})
        else:
            raise ValueError(f"at must be 'overall', 'mean', 'median' or 'zero', got {at!r}")
        return MarginalEffects(self.inference.marginal_effects(place, discrete=bool(dummy)))

    def summary(self, alpha=0.05):
        """All at once, to print or to show in a notebook."""
        return self.inference.summary(1.0 - alpha)


class Prediction:
    """Probabilities of rows under statsmodels' names; intervals keep within (0, 1).

    Attributes
    ----------
    predicted, se : ndarray
        Probabilities, and their standard errors by the delta method; nan where a row is certain.
    """

    def __init__(self, inference, exog, offset, index):
        self._of = lambda level: inference.predict_interval(exog, level=level, offset=offset)
        self._index = index
        self.predicted, _, high = self._of(0.95).T
        slope = self.predicted * (1.0 - self.predicted)
        with np.errstate(invalid="ignore"):
            self.se = slope * (logit(high) - logit(self.predicted)) / ndtri(0.975)

    def conf_int(self, alpha=0.05):
        """Confidence intervals of level ``1 - alpha``, (n, 2)."""
        return self._of(1.0 - alpha)[:, 1:]

    def summary_frame(self, alpha=0.05):
        """Probabilities, errors and ends of the intervals as a pandas DataFrame."""
        import pandas as pd

        columns = ["predicted", "se", "ci_lower", "ci_upper"]
        values = np.column_stack([self.predicted, self.se, self.conf_int(alpha)])
        return pd.DataFrame(values, index=self._index, columns=columns)


class MarginalEffects:
    """Marginal effects under statsmodels' names.

    Attributes
    ----------
    margeff, margeff_se, tvalues, pvalues : ndarray
        Effects, their standard errors, ratios and p-values, of all columns but the constant.
    """

    def __init__(self, table):
        self._table = table
        self.margeff, self.margeff_se = table["effect"], table["std err"]
        self.tvalues, self.pvalues = table["z"], table["P>|z|"]

    def conf_int(self, alpha=0.05):
        """Confidence intervals of level ``1 - alpha``."""
        width = float(ndtri(1.0 - alpha / 2.0)) * self.margeff_se
        return np.column_stack([self.margeff - width, self.margeff + width])

    def summary(self):
        """The table, to print."""
        return self._table

    def summary_frame(self):
        """The table as a pandas DataFrame."""
        return self._table.to_frame()
