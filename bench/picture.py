"""The picture in README, from a stored run: `python -m bench.picture RUN.json docs/speed.png`."""

import itertools
import sys
from pathlib import Path

from .store import load, quantity

LABELS = {
    "tall30": "1,000,000 x 30",
    "tall100": "200,000 x 100",
    "tall500": "50,000 x 500",
    "rare": "1,000,000 x 30, 1:1000 positives",
    "unpenalised": "200,000 x 30, no penalty",
    "10000x50": "10,000 x 50",
    "1000x20": "1,000 x 20",
    "150x4": "150 x 4 (iris)",
    "onehot": "500,000 x 5,000 one-hot",
    "text": "20,000 x 50,000 text",
    "wide": "200 x 20,000",
}
SERIES = {
    "fastlogreg": ("#1b6ca8", "fastlogreg"),
    "best peer": ("#e08a1e", "fastest peer at the same accuracy"),
    "sklearn default": ("#b9bec4", "scikit-learn's default, wherever it stops"),
}


def bars(run):
    """{problem: {series: (seconds, note)}}; the estimator's times where those are compared."""
    found = {}
    for row in run["rows"]:
        if not row.case.startswith("fit ") or row.what not in ("best peer", "sklearn default"):
            continue
        name = row.case.removeprefix("fit ").removesuffix(" (estimator)")
        series = found.setdefault(name, {})
        series["fastlogreg"] = (row.ours, "")
        words = itertools.takewhile(lambda word: "=" not in word, row.note.split())
        series[row.what] = (row.theirs, " ".join(words).split(",")[0])
    return {name: found[name] for name in LABELS if name in found}


def draw(run, path):
    """Horizontal bars on a logarithmic axis, three a problem, each with its time."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    problems = bars(run)
    figure, axes = plt.subplots(figsize=(9.0, 0.9 + 0.72 * len(problems)), layout="constrained")
    shortest = min(seconds for series in problems.values() for seconds, _ in series.values())
    for place, series in enumerate(problems.values()):
        for k, (name, (colour, label)) in enumerate(SERIES.items()):
            if name not in series:
                continue
            seconds, note = series[name]
            y = place + 0.27 * (k - 1)
            axes.barh(y, seconds, 0.25, color=colour, label=label if place == 0 else None)
            text = f" {quantity(seconds)}" + (f"  {note}" if note else "")
            axes.text(seconds, y, text, va="center", fontsize=9, color="#333333")
    axes.set_xscale("log")
    longest = max(seconds for series in problems.values() for seconds, _ in series.values())
    axes.set_xlim(shortest / 2, longest * 60)
    axes.set_yticks(range(len(problems)), [LABELS[name] for name in problems])
    axes.set_ylim(len(problems) - 0.5, -0.5)
    axes.xaxis.set_major_formatter(lambda seconds, _: quantity(seconds))
    axes.set_xlabel("time of one fit, logarithmic; shorter is better")
    axes.grid(axis="x", color="#e6e6e6")
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    plt.close(figure)


if __name__ == "__main__":
    stored = load(Path(sys.argv[1]))
    if stored["scale"] != "full":
        sys.exit(f"{sys.argv[1]} is a {stored['scale']} run: its times mean nothing")
    draw(stored, Path(sys.argv[2]))
