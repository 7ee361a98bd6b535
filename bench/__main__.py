"""`python -m bench`: one table of every ratio with its goal, stored as JSON."""

import argparse
import os
import sys
from pathlib import Path

import fastlogreg

from . import (
    bench_classes,
    bench_classes_memory,
    bench_diagnostics,
    bench_firth,
    bench_fit,
    bench_import,
    bench_kernels,
    bench_memory,
    bench_path,
    bench_separation,
    store,
)
from .measure import Session
from .problems import SCALES, scale_of_environment

CASES = {
    **bench_import.CASES,
    **bench_kernels.CASES,
    **bench_memory.CASES,
    **bench_fit.CASES,
    **bench_path.CASES,
    **bench_classes.CASES,
    **bench_classes_memory.CASES,
    **bench_diagnostics.CASES,
    **bench_firth.CASES,
    **bench_separation.CASES,
}
RESULTS = Path(__file__).parent / "results"


def _arguments(argv):
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", action="append", metavar="TEXT", help="cases that contain TEXT")
    parser.add_argument("--scale", choices=SCALES, default=scale_of_environment())
    parser.add_argument("--output", type=Path, help="where to store the run")
    parser.add_argument(
        "--reuse-peers", type=Path, nargs="?", const=True, metavar="FILE",
        help="take the peers' ladders from a stored run (default: the last whole run)",
    )  # fmt: skip
    parser.add_argument("--input", type=Path, metavar="FILE", help="show this run, measure nothing")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="a stored run to compare with")
    parser.add_argument("--list", action="store_true", help="name the cases and end")
    options = parser.parse_args(argv)
    whole = RESULTS / f"{options.scale}.json"
    if options.output is None:
        options.output = RESULTS / "partial.json" if options.only else whole
    if options.reuse_peers is True:
        options.reuse_peers = whole
    for path in (options.input, options.compare, options.reuse_peers):
        if path is not None and not path.is_file():
            parser.error(f"{path} is not a file")
    return options


def _reused_ladders(path, run):
    if path is None:
        return {}
    old = store.load(path)
    hindrance = store.reusable(old, run)
    if hindrance:
        print(f"the peers of {path} are not reused: {hindrance}")
        return {}
    return old["ladders"]


def measure(options):
    """Run every wanted case; the file is written after each, so that a long run is never lost."""
    run = store.new_run(options.scale)
    run["ladders"] = _reused_ladders(options.reuse_peers, run)
    session = Session(options.scale, run["ladders"])
    print(f"fastlogreg {fastlogreg.__version__} at {Path(fastlogreg.__file__).parent}")
    print(f"machine: {run['machine']}\nversions: {run['versions']}\na read of X: {run['read']}")
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "FASTLOGREG_NUM_THREADS"):
        if name in os.environ:
            print(f"WARNING: {name}={os.environ[name]} binds some side: unset it for true ratios")
    for name, rows in CASES.items():
        if options.only and not any(text in name for text in options.only):
            continue
        print(name, flush=True)
        try:
            run["rows"] += rows(session)
        except Exception as error:  # one wrong or missing case must not cost the others
            run["failures"][name] = f"{type(error).__name__}: {error}"
            print(f"  FAILED: {run['failures'][name]}")
        store.save(run, options.output)
    print(f"stored in {options.output}")
    return run


def main(argv=None):
    options = _arguments(argv)
    if options.list:
        print("\n".join(CASES))
        return 0
    earlier = store.load(options.compare) if options.compare else None
    run = store.load(options.input) if options.input else measure(options)
    print("\n" + store.table(run))
    if earlier:
        print(f"\nagainst {options.compare} of {earlier['when']}")
        print(store.comparison(earlier, run))
    return 1 if run["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
