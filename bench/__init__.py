"""Benchmarks: `python -m bench` prints one table, `pytest bench` runs pytest-benchmark."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# The installed package is what is measured: the source folder beside bench/, which
# `python -m bench` and pytest put first, is met only where nothing is installed.
sys.path[:] = [p for p in sys.path if Path(p or ".").resolve() != ROOT] + [str(ROOT)]

import fastlogreg  # noqa: E402, F401  fixed here, before anything puts the folder first again
