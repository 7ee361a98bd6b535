"""``fastlogreg diagnose``: what hinders a fit of a file, and which terms a fit of it lacks."""

import numpy as np

from fastlogreg.cli.tables import FileError
from fastlogreg.diagnostics.doctor import doctor
from fastlogreg.diagnostics.given import complete, part
from fastlogreg.diagnostics.suggest import MOST_COLUMNS, suggest


def run_diagnose(args, data):
    """Print the findings on the data of the arguments, and the products that are missing."""
    kept = {
        "sample_weight": data.weight,
        "fit_intercept": not args.no_intercept,
        "feature_names": data.names,
    }
    try:
        report = doctor(data.X, data.labels, **kept)
    except ValueError as error:
        raise FileError(f"{args.file}: {' '.join(str(error).split())}") from None
    print(report)
    for name, count in data.missing.items():
        print(f"missing texts: {name} ({count:,} of {len(data.labels):,} rows), read as a level")
    print()
    X, labels = data.X, data.labels
    if report.of("missing values") or report.of("infinite values"):
        X, labels, kept = _complete(data, kept)
    refusal = _untestable(report, X)
    if refusal:
        print(f"Squares and products are not tested: {refusal}.")
        return
    if X is not data.X:
        print(_which(X, data, kept["feature_names"]))
    classes = list(report.classes)
    many = {"n_classes": len(classes), "class_names": classes} if len(classes) > 2 else {}
    codes = np.searchsorted(classes, labels.astype(str))
    try:
        found = suggest(X, codes, level=args.level, n_threads=args.threads, **kept, **many)
    except ValueError as error:  # what only the fit can see, in its words
        raise FileError(f"{args.file}: {' '.join(str(error).split())}") from None
    print(found)


def _complete(data, kept):
    """X, labels and the other arguments of the rows and columns that `doctor` used."""
    rows, columns = complete(data.X, data.labels, data.weight)
    weight = None if data.weight is None else data.weight[rows]
    names = [data.names[j] for j in columns]
    kept = kept | {"sample_weight": weight, "feature_names": names}
    return part(data.X, rows, columns), data.labels[rows], kept


def _which(X, data, names):
    """A line that says which rows and columns are tested."""
    lost = [name for name in data.names if name not in names]
    without = f" without {', '.join(lost)}" if lost else ""
    return f"Squares and products, of the {X.shape[0]:,} complete rows{without}:"


def _untestable(report, X):
    """Why no product can be tested; empty if they can."""
    if len(report.classes) < 2:
        return "there is only one class"
    if not X.shape[1]:
        return "no column has all its values"
    if X.shape[1] > MOST_COLUMNS:
        return f"there are more than {MOST_COLUMNS:,} columns"
    if not np.all(list(report.classes.values())):
        return "not every class has a row of weight above zero"
    return ""
