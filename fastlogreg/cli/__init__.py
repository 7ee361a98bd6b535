"""The command line: ``fastlogreg COMMAND``, see `_parser`, or ``fastlogreg SCRIPT.py``.

A file or column that cannot be used gets one line on stderr and exit status 2. Heavy modules are
imported by the commands that need them, so that ``--help`` answers at once.
"""

import argparse
import os
import sys
import time

_USAGE_ERROR = 2
_INTERRUPTED = 130  # 128 + SIGINT, as shells count
_BROKEN_PIPE = 141  # 128 + SIGPIPE


def main(argv=None):
    """Run the command line and return its exit status."""
    argv = sys.argv[1:] if argv is None else argv
    if argv and argv[0].endswith(".py"):
        from fastlogreg.cli.script import run_script

        return run_script(argv[0], argv[1:])
    args = _parser().parse_args(argv)
    try:
        return _run(args)
    except KeyboardInterrupt:
        print("fastlogreg: interrupted", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        # the reader of our output has gone; Python must not flush into the pipe again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE


def _run(args):
    from fastlogreg.cli.tables import FileError

    try:
        args.run(args)
        sys.stdout.flush()
    except FileError as error:
        print(f"fastlogreg: {error}", file=sys.stderr)
        return _USAGE_ERROR
    return 0


def _parser():
    from fastlogreg import __version__

    parser = argparse.ArgumentParser(
        prog="fastlogreg",
        description="Logistic regression, fast and with a proof of how exact each fit is.",
        epilog="fastlogreg SCRIPT.py [ARGUMENT ...] runs a Python script in which scikit-learn's "
        "LogisticRegression and LogisticRegressionCV are this package's.",
    )
    parser.add_argument("--version", action="version", version=f"fastlogreg {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    demo = commands.add_parser("demo", help="fit a real data set and compare with scikit-learn")
    demo.set_defaults(run=_demo)

    diagnose = commands.add_parser(
        "diagnose", help="what hinders a fit of a file, and which products a fit lacks"
    )
    diagnose.set_defaults(run=_diagnose)
    _add_data(diagnose)
    diagnose.add_argument(
        "--level", type=_fraction, default=0.05,
        help="chance of suggesting a product where none is missing (0.05)",
    )  # fmt: skip
    _add_common(diagnose)

    fit = commands.add_parser("fit", help="fit a CSV, libsvm or Parquet file")
    fit.set_defaults(run=_fit, refuse=fit.error)
    _add_data(fit)
    strength = fit.add_mutually_exclusive_group()
    strength.add_argument(
        "--C", type=_positive, metavar="C", help="inverse penalty as in scikit-learn (default 1)"
    )
    strength.add_argument(
        "--alpha", type=_not_negative, help="penalty alpha/2 ||coef||^2 beside the mean loss"
    )
    fit.add_argument("--penalty", choices=["l2", "none"], default="l2", help="default l2")
    fit.add_argument("--tol", type=_positive, default=1e-9, help="relative gap to prove (1e-9)")
    fit.add_argument("--output", metavar="MODEL", help="write the model to this JSON file")
    _add_common(fit)

    path = commands.add_parser("path", help="fit a file for a falling penalty: what enters when")
    path.set_defaults(run=_path)
    _add_data(path)
    path.add_argument(
        "--l1-ratio", type=_share, default=1.0, metavar="R",
        help="1 for the lasso (default), 0 for ridge, between them the elastic net",
    )  # fmt: skip
    path.add_argument(
        "--n-alphas", type=_count, default=100, metavar="N", help="how many penalties (100)"
    )
    path.add_argument(
        "--eps", type=_fraction, help="the last penalty as a share of the first (default 1e-4, or "
        "1e-2 with fewer rows than columns)",
    )  # fmt: skip
    path.add_argument(
        "--standardize", action=argparse.BooleanOptionalAction, default=True,
        help="penalise as if columns had standard deviation 1 (default); coefficients stay in "
        "the columns' units",
    )  # fmt: skip
    path.add_argument("--tol", type=_positive, default=1e-7, help="relative gap to prove (1e-7)")
    path.add_argument("--output", metavar="PATH", help="write all models to this .json or .csv")
    path.add_argument("--picture", metavar="PNG", help="draw the path (needs matplotlib)")
    _add_common(path)

    predict = commands.add_parser("predict", help="predict a file with a fitted model")
    predict.set_defaults(run=_predict)
    predict.add_argument("model", metavar="MODEL", help="a file that fit --output wrote")
    predict.add_argument("file", metavar="FILE", help="the data")
    predict.add_argument("--output", metavar="CSV", help="write here instead of to the screen")
    predict.add_argument("--proba", action="store_true", help="add the probabilities")
    predict.add_argument(
        "--score", action="store_true", help="report loss and accuracy; needs the target in FILE"
    )
    _add_common(predict)

    info = commands.add_parser("info", help="print versions, or describe a model")
    info.set_defaults(run=_info)
    info.add_argument("model", metavar="MODEL", nargs="?", help="a file that fit --output wrote")

    bench = commands.add_parser("bench", help="measure against NumPy and scikit-learn here")
    bench.set_defaults(run=_bench)
    bench.add_argument("--quick", action="store_true", help="small problems, a few seconds")
    return parser


def _add_data(parser):
    """What every command that fits says about its data and the intercept."""
    parser.add_argument("file", metavar="FILE", help="the data")
    parser.add_argument("--target", metavar="NAME", help="the column to predict (not for libsvm)")
    parser.add_argument(
        "--positive", metavar="LABEL", help="the label to model, against all others together"
    )
    parser.add_argument("--no-intercept", action="store_true", help="fit no intercept")
    parser.add_argument("--weight", metavar="NAME", help="a column of row weights")
    parser.add_argument(
        "--drop", action="append", default=[], metavar="NAME", help="leave a column out; repeatable"
    )
    parser.add_argument(
        "--categorical", action="append", default=[], metavar="NAME",
        help="read a column as texts even if it holds numbers; repeatable",
    )  # fmt: skip


def _add_common(parser):
    parser.add_argument(
        "--format", choices=["csv", "libsvm", "parquet"],
        help="default: told from the content",
    )  # fmt: skip
    parser.add_argument("--threads", type=_count, metavar="N", help="most threads to use")


def _number_type(name, accept):
    def convert(text):
        value = float(text)
        if not accept(value):
            raise ValueError
        return value

    convert.__name__ = name  # argparse puts it in "invalid ... value: 'x'"
    return convert


_positive = _number_type("positive number", lambda value: 0 < value < float("inf"))
_not_negative = _number_type("non-negative number", lambda value: 0 <= value < float("inf"))
_share = _number_type("number from 0 to 1", lambda value: 0 <= value <= 1)
_fraction = _number_type("number between 0 and 1", lambda value: 0 < value < 1)


def _count(text):
    value = int(text)
    if value < 1:
        raise ValueError
    return value


_count.__name__ = "count"


def _demo(args):
    from fastlogreg.cli.demo import run_demo

    run_demo()


def _bench(args):
    from fastlogreg.cli.selfbench import run_bench

    run_bench(quick=args.quick)


def _diagnose(args):
    from fastlogreg.cli.data import read_raw_data
    from fastlogreg.cli.diagnose import run_diagnose

    run_diagnose(args, _read(read_raw_data, args))


def _path(args):
    from fastlogreg.cli.path import run_path

    data = _training_data(args)
    if len(data.classes) > 2:
        from fastlogreg.cli.tables import FileError

        raise FileError(
            f"{args.file}: the target has {len(data.classes)} classes; a path is of two: choose "
            "one to model against all others with --positive LABEL"
        )
    run_path(args, data)


def _training_data(args):
    from fastlogreg.cli.data import read_training_data

    return _read(read_training_data, args)


def _read(reader, args):
    return reader(
        args.file, args.format, target=args.target, positive=args.positive, weight=args.weight,
        drop=args.drop, categorical=args.categorical,
    )  # fmt: skip


def _fit(args):
    from fastlogreg.cli.fit import run_fit

    if args.penalty == "none" and (args.C is not None or args.alpha is not None):
        args.refuse("--penalty none cannot go with --C or --alpha")
    began = time.perf_counter()
    data = _training_data(args)
    run_fit(args, data, time.perf_counter() - began)


def _predict(args):
    from fastlogreg.cli.predict import run_predict

    run_predict(args)


def _info(args):
    if args.model is None:
        from fastlogreg.versions import show_versions

        show_versions()
        return
    from fastlogreg.cli import report
    from fastlogreg.cli.model_file import load_model

    model = load_model(args.model)
    report.line("model", f"{args.model}: {len(model.column_names):,} features")
    report.describe(model)
    print()
    report.print_coefficients(
        model.column_names, model.coef, model.intercept if model.fit_intercept else None,
        classes=model.classes,
    )  # fmt: skip
