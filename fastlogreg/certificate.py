"""How far from the optimum a fit can be, and the check of that claim in NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fastlogreg import reference, reference_softmax
from fastlogreg.penalty import Penalty

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from fastlogreg.annotations import MatrixLike


@dataclass(frozen=True, slots=True)
class Certificate:
    """An upper bound on how far a fit's objective lies above its minimum.

    The bound is the duality gap of a dual point that the last step makes feasible; the proof stands
    in `fastlogreg.reference.duality_gap`.

    Attributes
    ----------
    gap : float
        ``objective - minimum <= gap``, in units of the mean loss; inf if nothing could be proved.
    relative_gap : float
        ``gap / objective``; this is what ``tol`` bounds.
    gradient_norm : float
        Largest absolute entry of the gradient of the objective.
    objective : float
        Weighted mean loss plus penalty.
    coef, intercept, penalty, fit_intercept
        The point and the problem that the bound is about.
    positive_class : object
        The label that counts as target 1; None if the targets were 0/1 or probabilities, and for
        many classes.
    classes : ndarray of shape (K,) or None
        The labels of many classes; None if these were codes 0..K-1 or probabilities.
    reference_class : int or None
        Of many classes the one whose coefficients are held at zero.
    grouped : bool
        Whether the L1 part of the penalty is the length of a column's coefficients of all classes.

    References
    ----------
    Boyd & Vandenberghe, "Convex Optimization" (2004), sec. 5.5.1: duality gaps as certificates.

    Examples
    --------
    >>> import fastlogreg
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1]
    >>> certificate = fastlogreg.fit(X, y, alpha=0.1).certificate
    >>> certificate.relative_gap <= 1e-9, certificate.verify(X, y)
    (True, True)
    """

    gap: float
    relative_gap: float
    gradient_norm: float
    objective: float
    coef: np.ndarray
    intercept: float
    penalty: Penalty
    fit_intercept: bool
    positive_class: object = None
    classes: np.ndarray | None = None
    reference_class: int | None = None
    grouped: bool = False

    def verify(
        self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None,
        offset: ArrayLike | None = None,
    ) -> bool:  # fmt: skip
        """Recompute the bound in NumPy and compare.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            The data of the fit.
        y : array-like of shape (n,), or (n, K) for probabilities of many classes
            The labels or targets of the fit.
        sample_weight : array-like of shape (n,), default=None
            That of the fit, with class weights multiplied in.
        offset : array-like of shape (n,), or (n, K) for many classes, default=None
            That of the fit.

        Returns
        -------
        bool
            True if the objective at the coefficients is as stated, to rounding, and a bound
            computed afresh from the exact Hessian is not above the stated gap.

        Notes
        -----
        Costs a few dense passes and a factorisation in NumPy: a check, not part of a fit.
        """
        y = np.asarray(y)
        shape = getattr(X, "shape", None) or np.shape(X)
        if shape != (len(y), self.coef.shape[-1]):
            raise ValueError(
                f"X must have {len(y)} rows, as y has, and {self.coef.shape[-1]} columns, as the "
                f"fit had, got shape {shape}"
            )
        intercept = self.intercept if self.fit_intercept else None
        problem = {"sample_weight": sample_weight, "offset": offset}
        penalty = self.penalty
        box = {"l1": penalty.l1, "lower": penalty.lower, "upper": penalty.upper}
        if self.coef.ndim == 2:
            if self.classes is not None and y.ndim == 1:
                unknown = np.setdiff1d(y, self.classes).tolist()
                if unknown:
                    raise ValueError(f"y holds {unknown[0]!r}, which is no class of the fit")
                y = np.searchsorted(self.classes, y)
            objective, _ = reference_softmax.softmax_loss_gradient(
                X, y, self.coef, intercept, **problem
            )
            objective += reference_softmax.softmax_penalty(
                self.coef, penalty.l1, penalty.l2, self.grouped
            )
            gap = reference_softmax.softmax_duality_gap(
                X, y, self.coef, intercept, **problem, alpha=penalty.l2, **box,
                reference_class=self.reference_class, grouped=self.grouped,
            )  # fmt: skip
        else:
            if self.positive_class is not None:
                y = (y == self.positive_class).astype(float)
            elif y.size and y.min() < 0:
                y = (y > 0).astype(float)
            objective, _ = reference.loss_gradient(X, y, self.coef, intercept, **problem)
            objective += penalty.value(self.coef)
            gap = reference.duality_gap(
                X, y, self.coef, intercept, **problem, alpha=penalty.l2, **box
            )
        rounding = 1e-12 * max(abs(objective), 1e-300)
        if abs(objective - self.objective) > rounding:
            return False
        return bool(gap <= self.gap * (1.0 + 1e-6) + rounding)

    def __str__(self) -> str:
        return (
            f"objective {self.objective:.10g}, certified within {self.gap:.1e} of the optimum "
            f"(relative {self.relative_gap:.1e}), max |gradient| {self.gradient_norm:.1e}"
        )
