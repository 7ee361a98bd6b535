"""Warnings about fits that did not reach, or do not have, an optimum."""

import warnings

import sklearn.exceptions

from fastlogreg.result import CALLBACK, DIVERGED, SEPARATED, UNPROVED

__all__ = ["ConvergenceWarning", "SeparationError", "SeparationWarning"]


class ConvergenceWarning(sklearn.exceptions.ConvergenceWarning):
    """A fit stopped before its certificate reached ``tol``; the text says what it did prove.

    A subclass of scikit-learn's warning of that name, so that filters for that one hold here too.

    References
    ----------
    Boyd & Vandenberghe, "Convex Optimization" (2004), sec. 5.5.1: duality gaps as certificates.

    Examples
    --------
    >>> import warnings
    >>> import fastlogreg
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1]
    >>> with warnings.catch_warnings(record=True, action="always") as shown:
    ...     model = fastlogreg.LogisticRegression(max_iter=1).fit(X, y)
    >>> [warning.category.__name__ for warning in shown], model.converged_
    (['ConvergenceWarning'], False)
    """


class SeparationWarning(ConvergenceWarning):
    """The classes are separated by X, so that without a penalty there is no finite optimum.

    Its text is that of the `Separation`: which coefficients run off to infinity, and what to do.

    References
    ----------
    Albert & Anderson, "On the existence of maximum likelihood estimates in logistic regression
    models", Biometrika 71 (1984).

    Examples
    --------
    >>> import warnings
    >>> import numpy as np, fastlogreg
    >>> with warnings.catch_warnings(record=True, action="always") as shown:
    ...     model = fastlogreg.LogisticRegression(C=np.inf).fit([[0.0], [1.0]], [0, 1])
    >>> [warning.category.__name__ for warning in shown], model.separation_.kind
    (['SeparationWarning'], 'complete')
    """


class SeparationError(ValueError):
    """The classes are separated by X, and the estimator was made with ``separation="raise"``.

    Its text is that of `SeparationWarning`, which is given with ``separation="warn"``, the default.

    References
    ----------
    Albert & Anderson, "On the existence of maximum likelihood estimates in logistic regression
    models", Biometrika 71 (1984).

    Examples
    --------
    >>> import numpy as np, fastlogreg
    >>> model = fastlogreg.LogisticRegression(C=np.inf, separation="raise")
    >>> try:
    ...     model.fit([[0.0], [1.0]], [0, 1])
    ... except fastlogreg.SeparationError:
    ...     print("no finite optimum")
    no finite optimum
    """


def warn_unless_converged(result, tol, max_iter, stacklevel, about="", separation=None):
    """Say what a fit that stopped early proved and what to do; silent if a callback asked to stop.

    ``tol`` and ``max_iter`` are those given to `fastlogreg.fit`; ``stacklevel`` counts from the
    caller, which is 1. ``about`` begins the text. `separation` is a `fastlogreg.Separation`, which
    is told if the classes are separated, converged or not; None if it was not looked for, False if
    nobody wants to know.
    """
    if result.stop_reason == CALLBACK:
        return
    if separation and separation.separated:
        warnings.warn(about + str(separation), SeparationWarning, stacklevel=stacklevel + 1)
        return
    if result.converged or (separation is False and result.stop_reason in (SEPARATED, DIVERGED)):
        return
    if result.stop_reason in (SEPARATED, DIVERGED):
        text = (
            f"The classes are {'completely' if result.stop_reason == SEPARATED else 'partly'} "
            "separated by X, so without a penalty no finite optimum exists: coefficients grow "
            "without bound and those returned only show a direction. Use a penalty (for example "
            "C=1.0), or drop the columns that separate the classes."
        )
        warnings.warn(about + text, SeparationWarning, stacklevel=stacklevel + 1)
        return
    certificate = result.certificate
    if certificate is None:
        proved = f"the next step is {result.step:.1e} standard errors long"
    elif certificate.gap < float("inf"):
        proved = (
            f"the objective is certified within {certificate.gap:.1e} of its minimum (relative "
            f"{certificate.relative_gap:.1e}, asked for {tol:.1e})"
        )
    else:
        proved = "no bound on the distance of the objective to its minimum could be proved yet"
    remedy = f"Raise max_iter (now {max_iter}), or tol if this is near enough."
    if result.stop_reason == UNPROVED:
        remedy = "Centre and scale the columns: rounding of their sums hides what is left to gain."
    text = (
        f"The fit stopped after {result.n_iter} iterations ({result.stop_reason}): {proved}. "
        f"{remedy}"
    )
    warnings.warn(about + text, ConvergenceWarning, stacklevel=stacklevel + 1)
