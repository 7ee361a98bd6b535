"""What a file gives to a fit or a prediction: X, the targets, and how both were made."""

from dataclasses import dataclass

import numpy as np

from fastlogreg.cli.features import Feature, LibsvmFeatures, design_matrix, features_of
from fastlogreg.cli.tables import (
    KEPT_MISSING,
    FileError,
    Numbers,
    guess_format,
    read_libsvm,
    read_table,
)

MANY = 20  # classes


@dataclass(frozen=True)
class TrainingData:
    """X, codes of the classes, row weights (or None), their labels in turn, and how X was made."""

    X: object
    y: np.ndarray
    weight: np.ndarray | None
    classes: tuple[str, ...]
    features: tuple[Feature, ...] | LibsvmFeatures


@dataclass(frozen=True)
class RawData:
    """X with NaN where numbers are missing, labels as texts, row weights (or None), names.

    ``missing`` counts the missing texts of columns of texts, which are a level of their own in X.
    """

    X: object
    labels: np.ndarray
    weight: np.ndarray | None
    names: list
    missing: dict


def read_training_data(
    path, file_format=None, *, target=None, positive=None, weight=None, drop=(), categorical=()
):
    """Read a file to fit; `target`, `weight`, `drop`, `categorical` name columns."""
    file_format = file_format or guess_format(path)
    if file_format == "libsvm":
        named = {"target": target, "weight": weight, "drop": drop, "categorical": categorical}
        X, labels, features = _read_numbered(path, named)
        classes, y = _coded(labels, positive, f"{path}: the label")
        return TrainingData(X, y, None, classes, features)
    table, features = _read_named(path, file_format, target, weight, drop, categorical)
    classes, y = _coded(
        table.columns[target], positive, f"{path}: column {target!r}", target in categorical
    )
    weights = None if weight is None else _weights(table, weight, y)
    return TrainingData(design_matrix(table, features), y, weights, classes, features)


def read_raw_data(
    path, file_format=None, *, target=None, positive=None, weight=None, drop=(), categorical=()
):
    """Read a file to look at, missing values and any number of classes included."""
    file_format = file_format or guess_format(path)
    if file_format == "libsvm":
        named = {"target": target, "weight": weight, "drop": drop, "categorical": categorical}
        X, labels, features = _read_numbered(path, named)
        texts = _labels(labels, positive, f"{path}: the label")
        return RawData(X, texts, None, features.column_names, {})
    table, features = _read_named(path, file_format, target, weight, drop, categorical, True)
    texts = _labels(table.columns[target], positive, f"{path}: column {target!r}")
    weights = None if weight is None else _weights(table, weight)
    missing = {}
    for feature in features:
        if feature.levels is not None and KEPT_MISSING in feature.levels:
            column = table.columns[feature.name]
            code = column.levels.index(KEPT_MISSING)
            missing[feature.name] = int(np.count_nonzero(column.codes == code))
    names = [name for feature in features for name in feature.column_names]
    return RawData(design_matrix(table, features), texts, weights, names, missing)


def _read_numbered(path, named):
    """X, labels and features of a libsvm file, which has no columns to be named."""
    for option, value in named.items():
        if value:
            raise FileError(f"{path}: libsvm files have no named columns; leave --{option} out")
    labels, X = read_libsvm(path)
    first = 0 if X.shape[1] and X[:, [0]].nnz else 1  # counted from one unless index 0 is used
    X = X[:, first:]
    return X, labels, LibsvmFeatures(first, X.shape[1])


def _read_named(path, file_format, target, weight, drop, categorical, keep_missing=False):
    """The table and features of a CSV or Parquet file."""
    if target is None:
        raise FileError(f"{path}: name the column to predict with --target NAME")
    for name in drop:
        if name in (target, weight):
            raise FileError(f"{path}: column {name!r} is needed and cannot be dropped")
    table = read_table(
        path, file_format, target=target, categorical=categorical, drop=drop,
        keep_missing=keep_missing,
    )  # fmt: skip
    return table, features_of(table, leave_out={target, weight}, categorical=categorical)


def read_prediction_data(model, path, file_format=None, *, with_target=False):
    """X for a model, and the codes of the classes if they are asked for."""
    file_format = file_format or guess_format(path)
    if (file_format == "libsvm") != isinstance(model.features, LibsvmFeatures):
        wanted = "a CSV or Parquet" if file_format == "libsvm" else "a libsvm"
        raise FileError(f"{path}: is not {wanted} file, which the model was fitted to")
    if file_format == "libsvm":
        labels, X = read_libsvm(path)
        X = _fit_to_width(X, model.features)
    else:
        names = [feature.name for feature in model.features]
        texts = {feature.name for feature in model.features if feature.levels is not None}
        target = model.target if with_target else None
        table = read_table(path, file_format, target=target, categorical=texts, only=names)
        X = design_matrix(table, model.features)
        labels = table.columns.get(target)
    return X, _targets(labels, model, path) if with_target else None


def _fit_to_width(X, features):
    """Columns of the fit; an index that the fit never saw has the coefficient 0."""
    from scipy import sparse

    X = X[:, features.first_index : features.first_index + features.count]
    missing = features.count - X.shape[1]
    if missing:
        X = sparse.hstack([X, sparse.csr_matrix((X.shape[0], missing))], format="csr")
    return X


def _weights(table, name, y=None):
    if name not in table.columns:
        raise FileError(f"{table.path}: no column {name!r} to take row weights from")
    column = table.columns[name]
    if not isinstance(column, Numbers) or (column.values < 0).any():
        raise FileError(
            f"{table.path}: column {name!r} cannot be row weights, which are numbers, none of them "
            "negative"
        )
    if not np.isfinite(column.values).all():
        row = int(np.flatnonzero(~np.isfinite(column.values))[0])
        raise FileError(
            f"{table.path}: column {name!r} has no finite row weight on {table.where(row)}"
        )
    if y is not None and (np.bincount(y.astype(int), weights=column.values) == 0).any():
        raise FileError(f"{table.path}: column {name!r} gives all rows of a class the weight 0")
    return column.values


def _labels(labels, positive, name):
    """The label of every row; with `positive`, that label or "not" it."""
    _check_positive(labels.levels, positive, name)
    texts = np.array(labels.levels, dtype=object)
    if positive is not None:
        texts[texts != positive] = _all_but(positive)
    return texts[labels.codes]


def _check_positive(levels, positive, name):
    if positive is not None and positive not in levels:
        raise FileError(f"{name} has no label {positive!r}; its labels are {_some(levels)}")


def _some(levels):
    return ", ".join(levels[:5]) + (", ..." if len(levels) > 5 else "")


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def _coded(labels, positive, name, surely=True):
    """Labels and codes of the classes; with `positive`, that label (1) against all others (0).

    Many different numbers are a quantity rather than classes, unless they are `surely` that.
    """
    levels = labels.levels
    _check_positive(levels, positive, name)
    if len(levels) == 1:
        raise FileError(f"{name} has only one class, {levels[0]}; two are needed")
    if len(levels) > 2 and positive is None:
        if len(levels) > MANY and not surely and all(map(_is_number, levels)):
            raise FileError(
                f"{name} has {len(levels)} different numbers ({_some(levels)}); if each is a "
                "class, say so with --categorical, or choose one to model against all others with "
                "--positive LABEL"
            )
        return tuple(levels), labels.codes.astype(np.int32)
    code = 1 if positive is None else levels.index(positive)
    negative = levels[1 - code] if len(levels) == 2 else _all_but(levels[code])
    return (negative, levels[code]), (labels.codes == code).astype(float)


def _targets(labels, model, path):
    """Codes of the labels of a file that is scored."""
    if len(model.classes) > 2:
        strange = set(labels.levels) - set(model.classes)
        if strange:
            raise FileError(
                f"{path}: the label {min(strange)!r} is none of those that the fit had: "
                f"{_some(model.classes)}"
            )
        return np.array([model.classes.index(level) for level in labels.levels])[labels.codes]
    negative, positive = model.classes
    strange = set(labels.levels) - {negative, positive}
    if strange and negative != _all_but(positive):
        raise FileError(
            f"{path}: the label {min(strange)!r} is neither {negative!r} nor {positive!r}, which "
            "the fit had"
        )
    is_positive = [level == positive for level in labels.levels]
    return np.array(is_positive, dtype=float)[labels.codes]


def _all_but(label):
    return f"not {label}"
