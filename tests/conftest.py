"""The fixtures of the tests: data, instruction sets, digits, fresh interpreters, pictures."""

import os
import subprocess
import sys
from pathlib import Path

import mpmath
import pytest

import fastlogreg
from common.layouts import DESIGNS, Layout
from common.problems import PROBLEMS, Case
from fastlogreg._kernels import core as kernels

LEVELS = kernels.available_levels()


# ---------------------------------------------------------------------- data


@pytest.fixture(params=DESIGNS)
def layout(request):
    return Layout(request.param)


@pytest.fixture(
    params=["C", "F", "C-float32", "F-float32", "CSR", "CSC", "CSR-float32", "CSC-ones"]
)
def basic_layout(request):
    """One of each memory layout and type that the kernels tell apart."""
    return Layout(request.param)


@pytest.fixture(params=PROBLEMS)
def problem(request):
    return Case(request.param)


# ---------------------------------------------------------------------- instruction sets


@pytest.fixture(params=LEVELS)
def level(request):
    """Each instruction set of this machine in turn."""
    before = kernels.level()
    kernels.select_level(request.param)
    yield request.param
    kernels.select_level(before)


# ---------------------------------------------------------------------- digits


@pytest.fixture
def digits():
    """mpmath with 50 digits."""
    with mpmath.workdps(50):
        yield


# ---------------------------------------------------------------------- interpreters


@pytest.fixture
def run_python():
    """Run code in a fresh interpreter that has the same fastlogreg; returns CompletedProcess."""

    def run(code, timeout=60, check=True, **environment):
        done = subprocess.run(
            [sys.executable, "-P", "-W", "error", "-c", code],
            capture_output=True, text=True, timeout=timeout, env=fresh_environment(environment),
        )  # fmt: skip
        if check:
            assert done.returncode == 0, f"exit {done.returncode}: {done.stderr}"
        return done

    return run


def fresh_environment(changes):
    """Ours without the variables that fastlogreg reads, then the changes."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("FASTLOGREG_") and name != "OMP_NUM_THREADS"
    }
    environment["PYTHONPATH"] = str(Path(fastlogreg.__file__).parents[1])
    return environment | changes


@pytest.fixture
def start_python():
    """As run_python, but returns the running Popen, which is ended after the test."""
    started = []

    def start(code, **environment):
        process = subprocess.Popen(
            [sys.executable, "-P", "-W", "error", "-u", "-c", code],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=fresh_environment(environment),
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


# ------------------------------------------------------------------------------ pictures


@pytest.fixture
def pyplot():
    """matplotlib's, without windows; what a test draws is closed after it."""
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    yield pyplot
    pyplot.close("all")


@pytest.fixture
def axes(pyplot):
    """Axes of a figure with a layout."""
    return pyplot.subplots(layout="constrained")[1]


@pytest.fixture
def nothing_is_cut_off():
    """Whether all that a display draws, labels and legends too, lies within its figure."""

    def within(display):
        figure = display.figure_
        figure.canvas.draw()
        box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
        return min(box.x0, box.y0, width - box.x1, height - box.y1) > -0.01

    return within
