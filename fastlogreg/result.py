"""What a fit returns: coefficients, certificate, why it stopped, what it cost."""

from dataclasses import dataclass

import numpy as np

from fastlogreg.certificate import Certificate

CONVERGED = "converged: certified gap within tol"
STALLED = "converged: at the rounding floor of the objective"
UNPROVED = "no step lowers the objective, but its certificate is far from tol"
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
        "converged: certified gap within tol", "converged: at the rounding floor of the objective",
        "no step lowers the objective, but its certificate is far from tol",
        "iteration limit reached", "no finite optimum: the classes are completely separated",
        "no finite optimum: some coefficients grow without bound (quasi-complete separation)" or
        "stopped by the callback".
    n_iter : int
        Iterations on all rows.
    n_passes : float
        How often the data were read, partial reads counted by their share of the rows.
    solver : str
        Which solver did the work.

    References
    ----------
    Boyd & Vandenberghe, "Convex Optimization" (2004), sec. 5.5.1: duality gaps as certificates.

    Examples
    --------
    >>> import fastlogreg
    >>> result = fastlogreg.fit([[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1], alpha=0.1)
    >>> print(result.coef.round(3), round(result.intercept, 3))
    [0.637] -0.955
    >>> result.stop_reason
    'converged: certified gap within tol'
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
