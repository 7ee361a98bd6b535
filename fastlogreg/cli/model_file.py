"""Models as JSON files that read back to the last bit."""

import math
from dataclasses import dataclass, fields

import numpy as np

from fastlogreg import document
from fastlogreg.cli.features import Feature, LibsvmFeatures
from fastlogreg.cli.tables import FileError

KIND = "fastlogreg model"
FORMAT_NUMBER = 1


@dataclass(frozen=True)
class Model:
    """All that prediction needs and that a reader of the file may ask.

    Attributes
    ----------
    target : str or None
        Name of the target column; None for libsvm files.
    classes : tuple of str
        The labels of the codes 0, 1, ... of the target.
    features : tuple of Feature, or LibsvmFeatures
        Columns of the file and their coding.
    coef, intercept
        The coefficients (p,), one for each column name of the features in turn, and the
        intercept; of more than two classes (K, p) and (K,).
    alpha : float
        The penalty was ``alpha/2 * ||coef||^2`` beside the mean loss.
    fit_intercept : bool
        Whether the intercept was fitted.
    certificate : dict
        ``objective``, ``gap``, ``relative_gap``, ``gradient_norm`` of the fit.
    summary : dict
        What the fit printed: rows, loss, accuracy, solver, why it stopped.
    """

    target: str | None
    classes: tuple[str, ...]
    features: tuple | LibsvmFeatures
    coef: np.ndarray
    intercept: float | np.ndarray
    alpha: float
    fit_intercept: bool
    certificate: dict
    summary: dict

    @property
    def column_names(self):
        """Names of the columns of the design matrix."""
        if isinstance(self.features, LibsvmFeatures):
            return self.features.column_names
        return [name for feature in self.features for name in feature.column_names]


def save_model(model, path):
    """Write a model; floats are written so that they read back exactly."""
    if isinstance(model.features, LibsvmFeatures):
        columns = {"first_index": model.features.first_index, "count": model.features.count}
    else:
        columns = [
            {"name": f.name} if f.levels is None else {"name": f.name, "levels": list(f.levels)}
            for f in model.features
        ]
    content = {
        "target": model.target,
        "classes": list(model.classes),
        "intercept": np.asarray(model.intercept).tolist(),
        "coefficients": dict(zip(model.column_names, model.coef.T.tolist(), strict=True)),
        "columns": columns,
        "alpha": model.alpha,
        "fit_intercept": model.fit_intercept,
        "certificate": {key: _finite(value) for key, value in model.certificate.items()},
        "summary": {key: _finite(value) for key, value in model.summary.items()},
    }
    text = document.write(KIND, FORMAT_NUMBER, content, indent=1)
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise FileError(f"{path}: cannot be written ({error.strerror or error})") from None


def load_model(path):
    """Read a model that `save_model` wrote; anything else is a FileError."""
    try:
        with open(path, encoding="utf-8") as file:
            content = document.read(file.read(), KIND, FORMAT_NUMBER, "`fastlogreg fit --output`")
    except OSError as error:
        raise FileError(f"{path}: cannot be read ({error.strerror or error})") from None
    except ValueError as error:
        raise FileError(f"{path}: {error}") from None
    try:
        return _model(content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FileError(f"{path}: damaged model file ({_reason(error)})") from None


def _model(content):
    columns = content["columns"]
    if isinstance(columns, dict):
        features = LibsvmFeatures(int(columns["first_index"]), int(columns["count"]))
    else:
        features = tuple(
            Feature(c["name"], tuple(c["levels"]) if "levels" in c else None) for c in columns
        )
    values = {field.name: content[field.name] for field in fields(Model) if field.name in content}
    classes = tuple(values.pop("classes"))
    coef = np.array(list(content["coefficients"].values()), dtype=float)
    intercept = values.pop("intercept")
    if len(classes) > 2:
        coef, intercept = coef.reshape(-1, len(classes)).T, np.array(intercept, dtype=float)
    model = Model(**values, classes=classes, features=features, coef=coef, intercept=intercept)
    if list(content["coefficients"]) != model.column_names:
        raise ValueError("its coefficients do not fit its columns")
    shape = coef.shape[:-1] + (len(model.column_names),)
    if len(classes) < 2 or coef.shape != shape or np.shape(intercept) != coef.shape[:-1]:
        raise ValueError("its coefficients do not fit its classes")
    if not np.isfinite(coef).all() or not np.isfinite(intercept).all():
        raise ValueError("a coefficient is not finite")
    return model


def _reason(error):
    return f"{error} is not there" if isinstance(error, KeyError) else str(error)


def _finite(value):
    """JSON has no infinity: an unproved bound is null."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
