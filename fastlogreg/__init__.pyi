"""The public names for type checkers: those of _HOMES, which are loaded on first use."""

from fastlogreg import displays as displays
from fastlogreg import reference as reference
from fastlogreg.bias.firth import firth as firth
from fastlogreg.bias.result import FirthResult as FirthResult
from fastlogreg.certificate import Certificate as Certificate
from fastlogreg.core import fit as fit
from fastlogreg.diagnostics.doctor import doctor as doctor
from fastlogreg.diagnostics.suggest import suggest as suggest
from fastlogreg.estimators.cv import LogisticRegressionCV as LogisticRegressionCV
from fastlogreg.estimators.logistic import LogisticRegression as LogisticRegression
from fastlogreg.functions import binary_cross_entropy as binary_cross_entropy
from fastlogreg.functions import decision_function as decision_function
from fastlogreg.functions import hessian_vector_product as hessian_vector_product
from fastlogreg.functions import log_loss as log_loss
from fastlogreg.functions import log_sigmoid as log_sigmoid
from fastlogreg.functions import loss_gradient as loss_gradient
from fastlogreg.functions import loss_gradient_hessian as loss_gradient_hessian
from fastlogreg.functions import predict_proba as predict_proba
from fastlogreg.functions import sigmoid as sigmoid
from fastlogreg.functions import softplus as softplus
from fastlogreg.inference.logit import Logit as Logit
from fastlogreg.inference.results import Inference as Inference
from fastlogreg.margin import SeparationCurve as SeparationCurve
from fastlogreg.margin import separation_curve as separation_curve
from fastlogreg.parallel import get_num_threads as get_num_threads
from fastlogreg.parallel import set_num_threads as set_num_threads
from fastlogreg.patching import patch_sklearn as patch_sklearn
from fastlogreg.patching import unpatch_sklearn as unpatch_sklearn
from fastlogreg.path import Path as Path
from fastlogreg.path import logistic_path as logistic_path
from fastlogreg.result import FitResult as FitResult
from fastlogreg.separation import Separation as Separation
from fastlogreg.separation import check_separation as check_separation
from fastlogreg.versions import show_versions as show_versions
from fastlogreg.warnings import ConvergenceWarning as ConvergenceWarning
from fastlogreg.warnings import SeparationError as SeparationError
from fastlogreg.warnings import SeparationWarning as SeparationWarning

__version__: str
__all__: list[str]
