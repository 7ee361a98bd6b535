"""``fastlogreg fit``: a model of a file, of two classes or of more by softmax."""

import sys
import time

import numpy as np
from scipy.special import logsumexp

from fastlogreg import core
from fastlogreg.cli import report
from fastlogreg.cli.model_file import Model, save_model
from fastlogreg.cli.tables import FileError


def run_fit(args, data, read_seconds):
    """Fit the training data, write the model where the arguments ask for it, and report."""
    n, p = data.X.shape
    total = n if data.weight is None else float(data.weight.sum())
    if args.penalty == "none":
        alpha = 0.0
    elif args.alpha is not None:
        alpha = args.alpha
    else:
        alpha = 1.0 / ((args.C or 1.0) * total)
    n_classes = len(data.classes) if len(data.classes) > 2 else None
    began = time.perf_counter()
    try:
        result = core.fit(
            data.X, data.y, n_classes=n_classes, alpha=alpha, fit_intercept=not args.no_intercept,
            tol=args.tol, sample_weight=data.weight, n_threads=args.threads,
        )  # fmt: skip
    except ValueError as error:  # what only the core can see, in its words
        raise FileError(f"{args.file}: {' '.join(str(error).split())}") from None
    seconds = time.perf_counter() - began

    scores = core.decision_function(data.X, result.coef, result.intercept, n_threads=args.threads)
    loss, accuracy = quality(data.y, scores, data.weight)
    proof = result.certificate
    keys = ("objective", "gap", "relative_gap", "gradient_norm")
    model = Model(
        target=args.target,
        classes=data.classes,
        features=data.features,
        coef=result.coef,
        intercept=result.intercept,
        alpha=alpha,
        fit_intercept=not args.no_intercept,
        certificate={key: float(getattr(proof, key)) for key in keys},
        summary={
            "rows": n,
            "class_rows": np.bincount(data.y.astype(int), minlength=len(data.classes)).tolist(),
            "loss": loss,
            "accuracy": accuracy,
            "solver": result.solver,
            "iterations": int(result.n_iter),
            "reads_of_the_data": float(result.n_passes),
            "converged": bool(result.converged),
            "stop_reason": result.stop_reason,
        },
    )
    if args.output:  # before a reader of the report can break the pipe
        save_model(model, args.output)
    report.line(
        "file", f"{args.file}: {n:,} rows, {p:,} features, read in {report.duration(read_seconds)}"
    )
    report.describe(model, seconds=seconds)
    print()
    report.print_coefficients(
        model.column_names, model.coef, model.intercept if model.fit_intercept else None,
        classes=model.classes, deviations=report.standard_deviations(data.X),
    )  # fmt: skip
    if args.output:
        print(f"\nmodel written to {args.output}")
    if not result.converged:
        print(f"fastlogreg: warning: {result.stop_reason}", file=sys.stderr)


def quality(y, scores, weight):
    """Mean log loss and accuracy of scores (n,) or, of many classes, (n, K)."""
    if scores.ndim == 1:
        right = (scores > 0) == (y > 0.5)
        return float(core.log_loss(y, scores, weight)), float(np.average(right, weights=weight))
    codes = y.astype(int)
    losses = logsumexp(scores, axis=1) - scores[np.arange(len(codes)), codes]
    right = scores.argmax(axis=1) == codes
    return float(np.average(losses, weights=weight)), float(np.average(right, weights=weight))
