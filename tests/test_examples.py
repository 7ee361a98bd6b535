"""Every example runs; each ends in assertions of the fact that it shows."""

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "examples"
EXAMPLES = sorted(FOLDER.glob("*.py"))


@pytest.mark.slow
@pytest.mark.skipif(not FOLDER.is_dir(), reason="the examples are not part of this copy")
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example(path, tmp_path):
    # -P: the package that is installed, not a folder beside the script
    command = [sys.executable, "-P", str(path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_there_are_examples():
    assert not FOLDER.is_dir() or len(EXAMPLES) >= 3
