"""Every example runs; each ends in assertions of the fact that it shows."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "examples"
EXAMPLES = sorted(FOLDER.glob("*.py"))


@pytest.mark.slow
@pytest.mark.gallery
@pytest.mark.skipif(not FOLDER.is_dir(), reason="the examples are not part of this copy")
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example(path, tmp_path):
    pytest.importorskip("matplotlib")
    # -P: the package that is installed, not a folder beside the script
    command, environment = [sys.executable, "-P", str(path)], os.environ | {"MPLBACKEND": "Agg"}
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=120, env=environment
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_pages_of_a_gallery(path):
    """A title, text and code in turns, and assertions at the end."""
    text = path.read_text(encoding="utf-8")
    title, line = ast.get_docstring(ast.parse(text)).splitlines()[:2]
    assert line == "=" * len(title)
    assert text.count("\n# %%\n") >= 2
    assert isinstance(ast.parse(text).body[-1], ast.Assert)


def test_there_are_examples():
    assert not FOLDER.is_dir() or len(EXAMPLES) >= 9
