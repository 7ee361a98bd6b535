"""Warnings about fits that did not reach, or do not have, an optimum."""

import warnings

from sklearn.exceptions import ConvergenceWarning

from fastlogreg.result import CALLBACK, DIVERGED, SEPARATED

__all__ = ["ConvergenceWarning", "SeparationError", "SeparationWarning"]


class SeparationWarning(ConvergenceWarning):
    """The classes are separated by X, so that without a penalty there is no finite optimum."""


class SeparationError(ValueError):
    """The same, where ``separation="raise"`` asked for it."""


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
    if certificate.gap < float("inf"):
        proved = (
            f"the objective is certified within {certificate.gap:.1e} of its minimum (relative "
            f"{certificate.relative_gap:.1e}, asked for {tol:.1e})"
        )
    else:
        proved = "no bound on the distance of the objective to its minimum could be proved yet"
    text = (
        f"The fit stopped after {result.n_iter} iterations ({result.stop_reason}): {proved}. "
        f"Raise max_iter (now {max_iter}), or tol if this is near enough."
    )
    warnings.warn(about + text, ConvergenceWarning, stacklevel=stacklevel + 1)
