"""The installed package: where it comes from, what an import costs, what came with it."""

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import fastlogreg

ROOT = Path(__file__).parents[1]


def distribution():
    try:
        return importlib.metadata.distribution("fastlogreg")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("fastlogreg is used in place, not installed")


def is_editable(dist):
    return '"editable": true' in json.dumps(json.loads(dist.read_text("direct_url.json") or "{}"))


def test_the_installed_package_is_met_not_the_source_folder():
    dist = distribution()
    if is_editable(dist):
        pytest.skip("an editable install is the source folder")
    here = Path(fastlogreg.__file__).resolve()
    places = {Path(sysconfig.get_path(name)).resolve() for name in ("purelib", "platlib")}
    assert any(place in here.parents for place in places), (
        f"fastlogreg was imported from {here}; run `pytest`, which leaves this folder off sys.path "
        "(`python -m pytest` puts it there)"
    )


def test_one_version():
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.dev\d+|rc\d+)?", fastlogreg.__version__)
    assert distribution().version == fastlogreg.__version__


def test_changelog_names_the_version():
    changelog = ROOT / "CHANGELOG.md"
    if not changelog.exists():
        pytest.skip("the tests stand alone, without the repository")
    assert f"## {fastlogreg.__version__}" in changelog.read_text(encoding="utf-8")


def test_citation_names_the_version():
    citation = ROOT / "CITATION.cff"
    if not citation.exists():
        pytest.skip("the tests stand alone, without the repository")
    assert f"\nversion: {fastlogreg.__version__}\n" in citation.read_text(encoding="utf-8")


def test_an_uncompiled_source_folder_says_so(tmp_path):
    """What `import fastlogreg` finds in the folder where `pip install .` was run."""
    compiled = shutil.ignore_patterns("*.so", "*.pyd", "__pycache__")
    shutil.copytree(Path(fastlogreg.__file__).parent, tmp_path / "fastlogreg", ignore=compiled)
    done = subprocess.run(
        [sys.executable, "-c", "import fastlogreg; fastlogreg.fit"],
        cwd=tmp_path,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        capture_output=True,
        text=True,
    )
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(f"ImportError: {tmp_path.resolve()} holds the source of fastlogreg")
    assert "pip install -e ." in last


def test_runtime_dependencies_are_three():
    requires = [r for r in distribution().requires or [] if "extra ==" not in r]
    names = {re.match(r"[\w-]+", requirement)[0] for requirement in requires}
    assert names == {"numpy", "scipy", "scikit-learn"}


def loaded_by(statement, *names):
    """Which of the named modules a fresh interpreter has loaded after a statement."""
    code = f"{statement}; import sys; print([name in sys.modules for name in {names!r}])"
    # -P: not the source folder, which may be the current one
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
    )
    flags = json.loads(done.stdout.lower())
    return {name for name, flag in zip(names, flags, strict=True) if flag}


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import fastlogreg", {"sklearn", "scipy", "pandas"}),
        ("import fastlogreg.core", {"sklearn", "pandas"}),
        ("import fastlogreg.cli", {"sklearn", "scipy", "numpy"}),
        ("import fastlogreg; fastlogreg.fit([[0.0], [1.0], [2.0]], [0, 1, 0])", {"sklearn"}),
    ],
)
def test_imports_are_light(statement, absent):
    assert loaded_by(statement, *sorted(absent)) == set()


def test_lightness_is_measured():
    assert loaded_by("import sklearn", "sklearn", "scipy") == {"sklearn", "scipy"}


def test_public_names_exist():
    for name in fastlogreg.__all__:
        assert getattr(fastlogreg, name) is not None
    assert set(fastlogreg.__all__) <= set(dir(fastlogreg))


def run_command(command):
    done = subprocess.run([*command, "--version"], capture_output=True, text=True, cwd=os.sep)
    return done.returncode, done.stdout.strip(), done.stderr


def test_console_script():
    distribution()
    script = shutil.which("fastlogreg", path=sysconfig.get_path("scripts"))
    assert script, "the console script was not installed"
    assert run_command([script]) == (0, f"fastlogreg {fastlogreg.__version__}", "")


def test_module_is_a_command():
    command = [sys.executable, "-m", "fastlogreg"]
    assert run_command(command) == (0, f"fastlogreg {fastlogreg.__version__}", "")


def test_wheel_carries_no_sources():
    dist = distribution()
    if is_editable(dist):
        pytest.skip("an editable install has the sources")
    strange = [
        str(file)
        for file in dist.files or []
        if file.suffix in {".pyx", ".pxd", ".c", ".h", ".inl", ".o"}
    ]
    assert strange == []
