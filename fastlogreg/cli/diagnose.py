"""``fastlogreg diagnose``: what hinders a fit of a file, and which terms a fit of it lacks."""

import numpy as np

from fastlogreg.cli.tables import FileError
from fastlogreg.diagnostics.doctor import doctor
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
    refusal = _untestable(report, data)
    if refusal:
        print(f"Squares and products are not tested: {refusal}.")
        return
    classes = list(report.classes)
    many = {"n_classes": len(classes), "class_names": classes} if len(classes) > 2 else {}
    codes = np.searchsorted(classes, data.labels.astype(str))
    try:
        found = suggest(data.X, codes, level=args.level, n_threads=args.threads, **kept, **many)
    except ValueError as error:  # what only the fit can see, in its words
        raise FileError(f"{args.file}: {' '.join(str(error).split())}") from None
    print(found)


def _untestable(report, data):
    """Why no product can be tested; empty if they can."""
    if len(report.classes) < 2:
        return "there is only one class"
    if report.of("missing values") or report.of("infinite values"):
        return "there are values that are missing or infinite"
    if data.X.shape[1] > MOST_COLUMNS:
        return f"there are more than {MOST_COLUMNS:,} columns"
    if not np.all(list(report.classes.values())):
        return "not every class has a row of weight above zero"
    return ""
