"""What a fit returns: coefficients, certificate, why it stopped, what it cost."""

from dataclasses import dataclass

import numpy as np

from fastlogreg.certificate import Certificate

CONVERGED = "converged: certified gap within tol"
STALLED = "converged: at the rounding floor of the objective"
MAX_ITER = "iteration limit reached"
SEPARATED = "no finite optimum: the classes are completely separated"
DIVERGED = "no finite optimum: some coefficients grow without bound (quasi-complete separation)"
CALLBACK = "stopped by the callback"


@dataclass(frozen=True, slots=True)
class FitResult:
    """The outcome of one fit.

    Attributes
    ----------
    coef : ndarray of shape (p,), or (K, p) for many classes
        Coefficients, float64.
    intercept : float, or ndarray of shape (K,)
        The intercept, 0.0 if none was fitted.
    objective : float
        Weighted mean loss plus penalty at the solution.
    certificate : Certificate
        How far from the optimum the objective can be at most.
    converged : bool
        Whether the certified gap is within ``tol``, or no step lowers the objective above rounding.
    stop_reason : str
        One of the texts at the top of this module.
    n_iter : int
        Iterations on all rows.
    n_passes : float
        How often the data were read, partial reads counted by their share of the rows.
    solver : str
        Which solver did the work.
    """

    coef: np.ndarray
    intercept: float | np.ndarray
    objective: float
    certificate: Certificate
    converged: bool
    stop_reason: str
    n_iter: int
    n_passes: float
    solver: str
