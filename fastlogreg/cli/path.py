"""``fastlogreg path``: the models of a file along a falling penalty, as a table and a picture."""

import csv
import json
import time
from importlib.util import find_spec
from pathlib import PurePath

import numpy as np

from fastlogreg.cli import report
from fastlogreg.cli.features import LibsvmFeatures
from fastlogreg.cli.tables import FileError
from fastlogreg.path import logistic_path

KIND = "fastlogreg path"
_ROWS = 20  # models in the table
_NAMES = 44  # letters for the names in a row


def run_path(args, data):
    """Fit the path of the training data, print it, and write what the arguments ask for."""
    if args.output and PurePath(args.output).suffix not in (".json", ".csv"):
        raise FileError(f"{args.output}: a path is written as .json or .csv; end the name in one")
    if args.picture and find_spec("matplotlib") is None:
        raise FileError(f"{args.picture}: drawing needs matplotlib (pip install matplotlib)")
    names = _column_names(data.features)
    began = time.perf_counter()
    try:
        path = logistic_path(
            data.X, data.y, n_alphas=args.n_alphas, eps=args.eps, l1_ratio=args.l1_ratio,
            standardize=args.standardize, fit_intercept=not args.no_intercept,
            sample_weight=data.weight, tol=args.tol, n_threads=args.threads,
        )  # fmt: skip
    except ValueError as error:  # what only the solver can see, in its words
        raise FileError(f"{args.file}: {' '.join(str(error).split())}") from None
    seconds = time.perf_counter() - began
    if args.output:  # before a reader of the table can break the pipe
        _save(path, args, data, names)
    if args.picture:
        _draw(path, args, data, names)
    n, p = data.X.shape
    negative, positive = data.classes
    report.line("file", f"{args.file}: {n:,} rows, {p:,} features")
    ones = int(data.y.sum())
    target = f"{args.target}: " if args.target else ""
    report.line("target", f"{target}{positive} in {ones:,} rows, {negative} in {n - ones:,}")
    coefficients = "coef times their columns' s.d." if args.standardize else "coef"
    report.line("penalty", f"alpha * {_penalty(args.l1_ratio)}, of {coefficients}")
    k = len(path.alphas)
    report.line("path", f"{k} model{'s' * (k > 1)} in {report.duration(seconds)}")
    report.line("stopped", path.stop_reason)
    report.line(
        "certificate", f"each objective within {path.gaps.max():.1e} of its optimum (relative)"
    )
    print()
    _print_table(path, names)
    files = [file for file in (args.output, args.picture) if file]
    if files:
        print(f"\nwritten to {' and '.join(files)}")


def _column_names(features):
    if isinstance(features, LibsvmFeatures):
        return features.column_names
    return [name for feature in features for name in feature.column_names]


def _penalty(l1_ratio):
    l1, l2 = "|coef|_1", "||coef||^2 / 2"
    if l1_ratio in (0.0, 1.0):
        return l1 if l1_ratio else l2
    return f"({l1_ratio:g} {l1} + {1 - l1_ratio:g} {l2})"


# ---------------------------------------------------------------------------------- the table


def _print_table(path, names):
    """Some twenty models, and which columns enter from each one to the next."""
    shown = np.unique(np.linspace(0, len(path.alphas) - 1, _ROWS).round().astype(int))
    print(f"{'alpha':>9}  {'columns':>7}  {'explained':>9}  {'gap':>7}  enter (- leave)")
    before = np.empty(0, dtype=int)
    for k in shown:
        here = path.coefs[[k]].nonzero()[1]
        changes = [names[j] for j in np.setdiff1d(here, before)]
        changes += [f"-{names[j]}" for j in np.setdiff1d(before, here)]
        print(
            f"{path.alphas[k]:9.3g}  {path.df[k]:7,}  {path.dev_ratio[k]:9.4f}  "
            f"{path.gaps[k]:7.0e}  {_listed(changes)}".rstrip()
        )
        before = here


def _listed(names):
    """Names as far as they fit on the line, and how many more there are."""
    text = ""
    for count, name in enumerate(names):
        longer = f"{text}, {name}" if text else name
        if len(longer) > _NAMES and text:
            return f"{text}, and {len(names) - count:,} more"
        text = longer
    return text


# ---------------------------------------------------------------------------------- the files


def _save(path, args, data, names):
    try:
        with open(args.output, "w", encoding="utf-8", newline="") as file:
            if PurePath(args.output).suffix == ".csv":
                _write_csv(path, names, file)
            else:
                json.dump(_document(path, args, data, names), file, indent=1, ensure_ascii=False)
                file.write("\n")
    except OSError as error:
        raise FileError(f"{args.output}: cannot be written ({error.strerror or error})") from None


def _figures(path, k):
    """What is known of a model beside its coefficients; floats read back to the last bit.

    A gap that could not be proved is None.
    """
    gap = float(path.gaps[k])
    return {
        "alpha": float(path.alphas[k]),
        "C": float(path.Cs[k]),
        "df": int(path.df[k]),
        "dev_ratio": float(path.dev_ratio[k]),
        "objective": float(path.objectives[k]),
        "gap": gap if np.isfinite(gap) else None,
        "intercept": float(path.intercepts[k]),
    }


def _row(path, k):
    row = path.coefs[[k]]
    return (row.toarray() if hasattr(row, "toarray") else row)[0]


def _write_csv(path, names, file):
    """A line a model: its figures, then the coefficients of all columns."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*_figures(path, 0), *names])
    for k in range(len(path.alphas)):
        writer.writerow([*_figures(path, k).values(), *_row(path, k).tolist()])


def _document(path, args, data, names):
    """The path for JSON; coefficients that are zero are left out."""
    from fastlogreg import __version__

    models = []
    for k in range(len(path.alphas)):
        row = _row(path, k)
        coefficients = {names[j]: float(row[j]) for j in np.flatnonzero(row)}
        models.append(_figures(path, k) | {"coefficients": coefficients})
    return {
        "kind": KIND,
        "fastlogreg_version": __version__,
        "target": args.target,
        "classes": list(data.classes),
        "columns": names,
        "l1_ratio": path.l1_ratio,
        "standardize": args.standardize,
        "fit_intercept": not args.no_intercept,
        "null_deviance": path.null_deviance,
        "stop_reason": path.stop_reason,
        "models": models,
    }


def _draw(path, args, data, names):
    """The picture, made without a window; standardised coefficients if the penalty counts those."""
    from matplotlib.figure import Figure

    from fastlogreg.displays.path import PathDisplay

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    deviations = report.standard_deviations(data.X) if args.standardize else None
    PathDisplay.from_path(path, names=names, scale=deviations, ax=axes)
    if args.standardize:
        axes.set_ylabel("coefficient times standard deviation of the column")
    axes.set_title(f"{args.target or 'label'}: {data.classes[1]}", loc="left", fontsize="medium")
    try:
        figure.savefig(args.picture, dpi=150)
    except OSError as error:
        raise FileError(f"{args.picture}: cannot be written ({error.strerror or error})") from None
    except ValueError as error:  # a suffix that matplotlib does not know
        raise FileError(f"{args.picture}: {' '.join(str(error).split())}") from None
