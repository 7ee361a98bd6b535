"""Import time in fresh interpreters, alternating with numpy's."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

import fastlogreg

from .measure import Row

STATEMENTS = {
    "import fastlogreg": "import fastlogreg",
    "from fastlogreg import fit": "from fastlogreg import fit",  # numpy and the kernels too
}
CLOCKED = """
import time
start = time.perf_counter()
{}
seconds = time.perf_counter() - start
import sys
assert "sklearn" not in sys.modules, "scikit-learn was imported"
print(seconds)
"""


def import_seconds(statement):
    """Seconds of one import in a fresh interpreter, its start-up not counted."""
    environment = dict(os.environ, PYTHONPATH=str(Path(fastlogreg.__file__).parent.parent))
    command = [sys.executable, "-c", CLOCKED.format(statement)]
    with tempfile.TemporaryDirectory() as elsewhere:
        done = subprocess.run(
            command, cwd=elsewhere, env=environment, check=True, capture_output=True, text=True
        )
    return float(done.stdout)


def _rows(name):
    def rows(session):
        count = 3 if session.scale == "smoke" else 31
        import_seconds(STATEMENTS[name])  # compiled files are written, pages cached
        pairs = [
            (import_seconds(STATEMENTS[name]), import_seconds("import numpy")) for _ in range(count)
        ]
        ours, numpy = np.array(pairs).T
        low, value, high = np.percentile(ours / numpy, [25, 50, 75]).tolist()
        return [
            Row(
                name, "import numpy", value, low, high, "at most", 1.3,
                float(np.median(ours)), float(np.median(numpy)),
            )
        ]  # fmt: skip

    return rows


CASES = {name: _rows(name) for name in STATEMENTS}


@pytest.mark.parametrize("statement", [*STATEMENTS.values(), "import numpy"])
def bench_import(benchmark, statement):
    """Whole interpreters, start-up included: the ratio is `python -m bench`'s."""
    benchmark.group = "import"
    seconds = benchmark.pedantic(import_seconds, (statement,), rounds=3)
    assert seconds > 0
