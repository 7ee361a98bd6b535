"""How far from the optimum a fit can be, and the check of that claim in NumPy."""

from dataclasses import dataclass

import numpy as np

from fastlogreg import reference
from fastlogreg.penalty import Penalty


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
        The label that counts as target 1; None if the targets were 0/1 or probabilities.
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

    def verify(self, X, y, sample_weight=None, offset=None):
        """Recompute the bound in NumPy and compare.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            The data of the fit.
        y : array-like of shape (n,)
            The labels or targets of the fit.
        sample_weight, offset : array-like of shape (n,), default=None
            Those of the fit; class weights multiplied into `sample_weight`.

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
        if self.positive_class is not None:
            y = (y == self.positive_class).astype(float)
        elif y.size and y.min() < 0:
            y = (y > 0).astype(float)
        intercept = self.intercept if self.fit_intercept else None
        problem = {"sample_weight": sample_weight, "offset": offset}
        objective, _ = reference.loss_gradient(X, y, self.coef, intercept, **problem)
        objective += self.penalty.value(self.coef)
        rounding = 1e-12 * max(abs(objective), 1e-300)
        if abs(objective - self.objective) > rounding:
            return False
        gap = reference.duality_gap(
            X, y, self.coef, intercept, **problem, alpha=self.penalty.l2,
            l1=self.penalty.l1, lower=self.penalty.lower, upper=self.penalty.upper,
        )  # fmt: skip
        return bool(gap <= self.gap * (1.0 + 1e-6) + rounding)

    def __str__(self):
        return (
            f"objective {self.objective:.10g}, certified within {self.gap:.1e} of the optimum "
            f"(relative {self.relative_gap:.1e}), max |gradient| {self.gradient_norm:.1e}"
        )
