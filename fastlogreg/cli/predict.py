"""``fastlogreg predict``: labels and probabilities of a file by a fitted model."""

import sys

import numpy as np
from scipy.special import softmax

from fastlogreg import core
from fastlogreg.cli.data import read_prediction_data
from fastlogreg.cli.fit import quality
from fastlogreg.cli.model_file import load_model
from fastlogreg.cli.tables import FileError


def run_predict(args):
    """Write the predictions as CSV and, if asked for, how good they are."""
    model = load_model(args.model)
    X, y = read_prediction_data(model, args.file, args.format, with_target=args.score)
    scores = core.decision_function(X, model.coef, model.intercept, n_threads=args.threads)
    lines = _lines(model, scores, args.proba)
    if args.output:
        try:
            with open(args.output, "w", encoding="utf-8", newline="") as file:
                file.writelines(lines)
        except OSError as error:
            reason = error.strerror or error
            raise FileError(f"{args.output}: cannot be written ({reason})") from None
    else:
        sys.stdout.writelines(lines)
    if args.score:
        loss, accuracy = quality(y, scores, None)
        print(f"accuracy {accuracy:.4f}, mean log loss {loss:.6g}", file=sys.stderr)


def _lines(model, scores, proba):
    """Lines of the CSV file of predictions."""
    labels = [_quoted(label) for label in model.classes]
    many = scores.ndim == 2
    chosen = (scores.argmax(axis=1) if many else (scores > 0).astype(int)).tolist()
    if not proba:
        yield "prediction\n"
        for code in chosen:
            yield f"{labels[code]}\n"
        return
    yield ",".join(["prediction", *(_quoted(f"P({label})") for label in model.classes)]) + "\n"
    if many:
        shares = softmax(scores, axis=1)
    else:
        shares = np.column_stack([core.sigmoid(-scores), core.sigmoid(scores)])
    for code, row in zip(chosen, shares.tolist(), strict=True):
        yield ",".join([labels[code], *map(repr, row)]) + "\n"


def _quoted(text):
    """A field of a CSV file."""
    return '"' + text.replace('"', '""') + '"' if set(text) & set(',"\r\n') else text
