"""The displays for type checkers: those of _HOMES, which are loaded on first use."""

from sklearn.calibration import CalibrationDisplay as CalibrationDisplay

from fastlogreg.displays.boundary import DecisionBoundaryDisplay as DecisionBoundaryDisplay
from fastlogreg.displays.coefficients import CoefficientDisplay as CoefficientDisplay
from fastlogreg.displays.convergence import ConvergenceDisplay as ConvergenceDisplay
from fastlogreg.displays.cv import CVDisplay as CVDisplay
from fastlogreg.displays.path import PathDisplay as PathDisplay
from fastlogreg.displays.separation import SeparationDisplay as SeparationDisplay
from fastlogreg.displays.sigmoid import SigmoidDisplay as SigmoidDisplay

__all__: list[str]
