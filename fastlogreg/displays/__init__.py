"""Pictures: one file each; matplotlib is imported only where one is drawn."""

import importlib

# Public names and where they live; loaded on first use.
_HOMES = {
    "SigmoidDisplay": "fastlogreg.displays.sigmoid",
    "DecisionBoundaryDisplay": "fastlogreg.displays.boundary",
    "PathDisplay": "fastlogreg.displays.path",
    "CVDisplay": "fastlogreg.displays.cv",
    "CoefficientDisplay": "fastlogreg.displays.coefficients",
    "ConvergenceDisplay": "fastlogreg.displays.convergence",
    "SeparationDisplay": "fastlogreg.displays.separation",
    "CalibrationDisplay": "sklearn.calibration",  # scikit-learn's, which suits every classifier
}

__all__ = list(_HOMES)


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module 'fastlogreg.displays' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_HOMES[name]), name)
    return value


def __dir__():
    return sorted(__all__)
