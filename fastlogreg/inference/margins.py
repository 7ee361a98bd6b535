"""Marginal effects with delta-method errors, and intervals of predicted probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, ndtr, ndtri

from fastlogreg import design
from fastlogreg import validation as valid
from fastlogreg.inference.likelihood import (
    Likelihood,
    complement,
    quadratic_forms,
    row_blocks,
    softmax,
)
from fastlogreg.inference.opening import refuse_other_columns
from fastlogreg.table import Table

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike

    from fastlogreg.annotations import Array, MatrixLike


class Predictions:
    """Marginal effects and predicted probabilities of an `Inference`."""

    def predict_interval(
        self, X: MatrixLike | None = None, *, level: float = 0.95, offset: ArrayLike | None = None,
    ) -> tuple[Array, Array]:  # fmt: skip
        """Probabilities of the classes with their intervals.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p), default=None
            New rows; None for those of the fit, with their offset.
        level : float, default=0.95
            Confidence of the intervals, between 0 and 1.
        offset : array-like of shape (n,) or (n, K), default=None
            Offset of the new rows.

        Returns
        -------
        ndarray of shape (n, 3), or (n, K, 3) for more than two classes
            Probability (of the class that is not the reference, or of each class), low end, high
            end. The intervals are symmetric on the logit scale, where the delta method takes the
            covariance of this inference, so they stay within (0, 1). Where an infinite coefficient
            makes a row certain, the ends are nan.

        Raises
        ------
        ValueError
            X has another number of columns, or names that are not those of the fit in their order;
            the fit is penalised.
        """
        self._need_covariance("intervals of probabilities")
        z = quantile(level)
        fresh = X is not None
        if fresh:
            rows = self._rows(X, offset)
        elif offset is not None:
            raise ValueError("offset belongs to new rows: give X too")
        else:
            rows = self._likelihood
        probability, _, certain = self._probabilities(rows)
        forms = quadratic_forms(rows.blocks(), rows.n, self._covariance, rows.m)
        out = np.empty((rows.n, rows.n_classes, 3))
        rest = complement(probability)
        for k in range(rows.n_classes):
            # derivative of logit p_k by the scores: 1 for its own, -p_l / (1 - p_k) for the others
            slope = np.zeros_like(probability)
            np.divide(-probability, rest[:, k, None], out=slope, where=rest[:, k, None] > 0.0)
            slope[:, k] = 1.0
            error = np.sqrt(np.einsum("ik,ikl,il->i", slope[:, 1:], forms, slope[:, 1:]))
            with np.errstate(divide="ignore"):
                logit = np.log(probability[:, k]) - np.log(rest[:, k])
            ends = expit(logit[:, None] + np.outer(error, [-z, z]))
            out[:, k, 0] = probability[:, k]
            out[:, k, 1:] = np.where(certain[:, k, None], np.nan, ends)
        return self._per_class(out)

    def marginal_effects(
        self, at: Any = "average", *, discrete: bool = True, level: float = 0.95,
    ) -> Table:  # fmt: skip
        """Change of the probabilities with each column, with delta-method errors.

        Parameters
        ----------
        at : {"average", "mean"} or dict, default="average"
            "average": the weighted mean of the effects over the rows; "mean": the effect at the
            mean of the columns; a dict ``{column: value}``: at these values, and the mean of the
            columns that it leaves out.
        discrete : bool, default=True
            Whether the effect of a column of zeros and ones is the difference between the
            probabilities at 1 and at 0; otherwise it is the derivative as for other columns.
        level : float, default=0.95
            Confidence of the intervals.

        Returns
        -------
        Table
            One row a column (of several classes: a class and a column); columns ``effect``,
            ``std err``, ``z``, ``P>|z|``, ``low``, ``high``. nan for infinite and aliased columns.

        Raises
        ------
        ValueError
            `at` is none of these; a place is asked for (not "average") although coefficients are
            infinite; the fit is penalised.

        References
        ----------
        Greene, Econometric Analysis (7th ed. 2012), section 17.3.
        """
        self._need_covariance("errors of marginal effects")
        valid.check_flag(discrete, "discrete")
        z = quantile(level)
        rows, share = self._place(at)
        p = rows.p
        columns = [j for j in range(p) if j not in self._constants]
        kinds = self._is_binary_column if discrete else np.zeros(p, dtype=bool)
        effect, jacobian = effects(rows, self._maximum.peak.theta, share, columns, kinds)
        known = self._maximum.estimated.reshape(rows.m, rows.q)[:, columns].all(axis=0)
        variance = np.einsum("cja,ab,cjb->cj", jacobian, self._covariance, jacobian)
        error = np.sqrt(np.maximum(variance, 0.0))
        names = [self.names[j] for j in columns]
        if rows.n_classes > 2:
            names = [f"{label}:{name}" for label in self.classes for name in names]
        effect, error = (self._per_class(np.where(known, a, np.nan).T).T.ravel()
                         for a in (effect, error))  # fmt: skip
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = effect / error
        values = np.column_stack(
            [effect, error, ratio, 2.0 * ndtr(-np.abs(ratio)), effect - z * error,
             effect + z * error]
        )  # fmt: skip
        return Table(tuple(names), ("effect", "std err", "z", "P>|z|", "low", "high"), values)

    def _place(self, at):
        """(rows, share of each in the mean) for an `at` of marginal effects."""
        full, limit = self._likelihood, self._maximum.likelihood
        if isinstance(at, str) and at == "average":
            return limit, limit.s / full.s.sum()
        if not isinstance(at, dict) and at != "mean":
            raise ValueError(f"at must be 'average', 'mean' or a dict of columns, got {at!r}")
        if self._maximum.infinity.any():
            raise ValueError(
                "with infinite coefficients marginal effects exist on average only (at='average')"
            )
        share = full.s / full.s.sum()
        x = np.empty(full.q)
        full.plain.collect(share, x, n_threads=full.n_threads)
        x = x[: full.p]
        for column, value in {} if isinstance(at, str) else at.items():
            j = self._column(column, "at")
            x[j] = valid.check_number(value, f"at[{column!r}]", -np.inf)
        offset = None if full.offset is None else share @ full.offset
        return self._rows(x[None, :], None if offset is None else offset[None]), np.ones(1)

    def _rows(self, X, offset):
        """New rows as a `Likelihood` without targets of their own."""
        full = self._likelihood
        refuse_other_columns(X, self._columns)
        matrix = design.as_matrix(X)
        if matrix.shape[1] != full.p:
            raise ValueError(f"X has {matrix.shape[1]} columns, the fit had {full.p}")
        n = matrix.shape[0]
        shape = (n,) if full.binary else (n, full.n_classes)
        if offset is not None:
            offset = np.asarray(offset, dtype=float)
            if offset.shape != shape or not np.isfinite(offset).all():
                raise ValueError(f"offset must have shape {shape} and be finite")
        X = X if design.is_sparse(X) else np.asarray(X)
        targets = np.zeros(shape) if full.binary else np.full(shape, 1.0 / full.n_classes)
        return Likelihood(X, targets, None, offset, full.fit_intercept, full.n_threads)


def quantile(level):
    """The normal quantile of a two-sided interval of a confidence level."""
    level = valid.check_number(level, "level", 0.0, inclusive=False)
    if not level < 1.0:
        raise ValueError(f"level must be below 1, got {level!r}; 0.95 is usual")
    return float(ndtri(0.5 + 0.5 * level))


def binary_columns(X, p):
    """Mask of the columns that hold nothing but 0 and 1, and both of them."""
    only, ones, n = np.ones(p, dtype=bool), np.zeros(p), 0
    for _, block in row_blocks(X, False):
        only &= ((block == 0.0) | (block == 1.0)).all(axis=0)
        ones += block.sum(axis=0)
        n += len(block)
    return only & (ones > 0) & (ones < n)


def constant_columns(X):
    """Positions of the columns that hold one value, not zero, as a frozenset."""
    low, high = np.inf, -np.inf
    for _, block in row_blocks(X, False):
        low, high = np.minimum(low, block.min(axis=0)), np.maximum(high, block.max(axis=0))
    return frozenset(np.flatnonzero((low == high) & (low != 0.0)).tolist())


def effects(rows, theta, share, columns, discrete):
    """Effects of some columns on the K probabilities, (K, c), and their derivatives (K, c, m q).

    share : weight of each row in the mean. discrete : mask of the columns moved from 0 to 1.
    """
    K, m, q = rows.n_classes, rows.m, rows.q  # noqa: N806
    beta = np.zeros((K, q))
    beta[1:] = theta.reshape(m, q)
    scores = rows.scores(theta)
    p = softmax(scores)[0]
    same = np.eye(K)

    def mean(weight):
        return rows.gather((share * weight)[:, None])

    first, second = np.empty((K, m, q)), np.empty((K, K, m, q))
    for c in range(K):
        for f in range(1, K):
            first[c, f - 1] = mean(p[:, c] * (same[c, f] - p[:, f]))
            for r in range(c, K):
                bend = p[:, c] * p[:, r] * (same[c, f] + same[r, f] - 2.0 * p[:, f])
                second[c, r, f - 1] = second[r, c, f - 1] = mean(bend)
    average = share @ p
    joint = (p * share[:, None]).T @ p
    effect = np.empty((K, len(columns)))
    jacobian = np.empty((K, len(columns), m, q))
    for place, j in enumerate(columns):
        if discrete[j]:
            effect[:, place], jacobian[:, place] = _switch(rows, beta, scores, share, j)
            continue
        effect[:, place] = average * beta[:, j] - joint @ beta[:, j]
        jacobian[:, place] = first * beta[:, j, None, None] - np.einsum(
            "crlq,r->clq", second, beta[:, j]
        )
        jacobian[:, place, :, j] += (np.diag(average) - joint)[:, 1:]
    return effect, jacobian.reshape(K, len(columns), m * q)


def _switch(rows, beta, scores, share, j):
    """Effect of setting column j from 0 to 1 in every row, (K,), and its derivative (K, m, q)."""
    K, m, q = rows.n_classes, rows.m, rows.q  # noqa: N806
    column = design.pick_columns(rows.rows, [j])
    column = column.toarray() if design.is_sparse(column) else column
    below = scores - np.asarray(column, dtype=float) * beta[:, j]
    p0, p1 = softmax(below)[0], softmax(below + beta[:, j])[0]
    jacobian, same = np.empty((K, m, q)), np.eye(K)
    for c in range(K):
        for f in range(1, K):
            up = share * p1[:, c] * (same[c, f] - p1[:, f])
            down = share * p0[:, c] * (same[c, f] - p0[:, f])
            jacobian[c, f - 1] = rows.gather((up - down)[:, None])
            jacobian[c, f - 1, j] = up.sum()
    return share @ (p1 - p0), jacobian
