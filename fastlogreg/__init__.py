"""fastlogreg: logistic regression at the speed at which memory can be read."""

import importlib

__version__ = "0.1.0"

# Public names and where they live; loaded on first use so that the import stays light.
_HOMES = {
    "LogisticRegression": "fastlogreg.estimators.logistic",
    "LogisticRegressionCV": "fastlogreg.estimators.cv",
    "FitResult": "fastlogreg.result",
    "FirthResult": "fastlogreg.bias.result",
    "firth": "fastlogreg.bias.firth",
    "Path": "fastlogreg.path",
    "logistic_path": "fastlogreg.path",
    "Certificate": "fastlogreg.certificate",
    "Separation": "fastlogreg.separation",
    "SeparationCurve": "fastlogreg.margin",
    "check_separation": "fastlogreg.separation",
    "separation_curve": "fastlogreg.margin",
    "ConvergenceWarning": "fastlogreg.warnings",
    "SeparationError": "fastlogreg.warnings",
    "SeparationWarning": "fastlogreg.warnings",
    "fit": "fastlogreg.core",
    "doctor": "fastlogreg.diagnostics.doctor",
    "suggest": "fastlogreg.diagnostics.suggest",
    "Inference": "fastlogreg.inference.results",
    "Logit": "fastlogreg.inference.logit",
    "reference": None,
    "displays": None,
    **dict.fromkeys(["patch_sklearn", "unpatch_sklearn"], "fastlogreg.patching"),
    "show_versions": "fastlogreg.versions",
    "set_num_threads": "fastlogreg.parallel",
    "get_num_threads": "fastlogreg.parallel",
    **dict.fromkeys(
        [
            "binary_cross_entropy", "decision_function", "hessian_vector_product",
            "log_loss", "log_sigmoid", "loss_gradient", "loss_gradient_hessian",
            "predict_proba", "sigmoid", "softplus",
        ],
        "fastlogreg.functions",
    ),
}  # fmt: skip

__all__ = ["__version__", *_HOMES]


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module 'fastlogreg' has no attribute {name!r}")
    home = _HOMES[name]
    value = (
        importlib.import_module(f"fastlogreg.{name}")
        if home is None
        else getattr(importlib.import_module(home), name)
    )
    globals()[name] = value
    return value


def __dir__():
    return sorted(__all__)
