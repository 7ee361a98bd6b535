"""Stored runs (JSON with machine and versions), the table, and the comparison of two runs."""

import json
import math
import os
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

import scipy.linalg  # noqa: F401  loads SciPy's BLAS beside NumPy's, so that both are named
from threadpoolctl import threadpool_info

import fastlogreg

from .measure import Row
from .r import package_version
from .reads import UNIT

PACKAGES = (
    "numpy", "scipy", "scikit-learn", "glum", "liblinear-official", "statsmodels", "adelie",
    "celer", "python-glmnet", "skglm", "scikit-learn-intelex",
)  # fmt: skip


def machine():
    """Processor, cores, memory, system: what a stored time depends on."""
    found = {"system": f"{platform.system()} {platform.machine()}", "cores": os.cpu_count()}
    try:
        with open("/proc/cpuinfo") as lines:
            found["processor"] = next(
                line.split(":")[1].strip() for line in lines if line.startswith("model name")
            )
        pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
        found["memory"] = f"{pages * size / 2**30:.0f} GiB"
    except (OSError, StopIteration, ValueError, AttributeError):
        found["processor"] = platform.processor()
    return found


def versions():
    """Versions of Python and the peers, and what BLAS took this processor for."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    found["R glmnet"] = package_version("glmnet") or "not installed"
    found["BLAS"] = ", ".join(
        sorted(
            f"{pool['internal_api']} {pool['version']} {pool.get('architecture')}"
            for pool in threadpool_info()
            if pool["user_api"] == "blas"
        )
    )
    return found


def new_run(scale):
    """An empty run: what and where; rows and ladders are filled in."""
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "fastlogreg": fastlogreg.__version__,
        "scale": scale,
        "read": UNIT,
        "machine": machine(),
        "versions": versions(),
        "rows": [],
        "ladders": {},
        "failures": {},
    }


def save(run, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [asdict(row) for row in run["rows"]]
    path.write_text(json.dumps(_finite({**run, "rows": rows}), indent=1) + "\n")


def _finite(value):
    """NaN and infinity, which JSON does not know, as null."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def load(path):
    run = json.loads(path.read_text())
    numbers = ("value", "low", "high", "ours", "theirs")
    run["rows"] = [
        Row(**{k: math.nan if v is None and k in numbers else v for k, v in row.items()})
        for row in run["rows"]
    ]
    return run


def reusable(old, new):
    """Why the ladders of `old` may not be reused in `new`, or None."""
    for key in ("scale", "machine", "versions"):
        if old[key] != new[key]:
            return f"its {key} differs: {old[key]} then, {new[key]} now"
    return None


def quantity(value, unit="s"):
    """A number of seconds or bytes, or "-"."""
    if value is None or not math.isfinite(value):
        return "-"
    if unit == "B":
        return f"{value / 1e6:.3g} MB"
    for factor, name in ((1, "s"), (1e3, "ms"), (1e6, "us")):
        if value * factor >= 1:
            return f"{value * factor:.3g} {name}"
    return f"{value * 1e9:.3g} ns"


def _is_time(row):
    return row.what == "seconds"


def _goal(row):
    if row.goal is None:
        return "-"
    limit = quantity(row.goal) if _is_time(row) else f"{row.goal:.3g}"
    return f"{'<=' if row.sense == 'at most' else '>='} {limit}"


def _cells(row):
    number = quantity if _is_time(row) else lambda value: f"{value:.3g}"
    return [
        row.case,
        row.what,
        number(row.value),
        f"{number(row.low)} .. {number(row.high)}",
        _goal(row),
        {True: "yes", False: "NO", None: ""}[row.met],
        quantity(row.ours, row.unit),
        quantity(row.theirs, row.unit),
        row.note,
    ]


def _aligned(lines):
    widths = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


HEAD = ["case", "against", "ratio", "quartiles", "goal", "met", "ours", "theirs", "note"]


def table(run):
    """The one table: every ratio with its goal beside it."""
    lines = [HEAD] + [_cells(row) for row in run["rows"]]
    goals = [row.met for row in run["rows"] if row.met is not None]
    text = _aligned(lines) + f"\n{sum(goals)} of {len(goals)} goals met"
    for name, why in run["failures"].items():
        text += f"\nFAILED {name}: {why}"
    return text


def comparison(old, new):
    """Ratios of two runs side by side; "worse" where the quartiles no longer overlap."""
    before = {(row.case, row.what): row for row in old["rows"]}
    lines = [["case", "against", "stored", "now", "change", "verdict"]]
    for row in new["rows"]:
        then = before.get((row.case, row.what))
        if then is None:
            lines.append([row.case, row.what, "-", _cells(row)[2], "-", "new"])
            continue
        apart = row.low > then.high or row.high < then.low
        better = (row.value < then.value) == (row.sense == "at most")
        verdict = ("better" if better else "WORSE") if apart else "same within spread"
        change = f"{100 * (row.value / then.value - 1):+.0f} %"
        lines.append([row.case, row.what, _cells(then)[2], _cells(row)[2], change, verdict])
    return _aligned(lines)
