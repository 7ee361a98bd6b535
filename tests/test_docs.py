"""The pages say what is true: their examples run, and the reference leaves no public name out."""

import doctest
import os
import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import fastlogreg

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(
    page
    for page in DOCS.rglob("*.rst")
    if not {"_build", "_templates", "gallery", "generated"} & set(page.relative_to(DOCS).parts)
)
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS

pytestmark = pytest.mark.skipif(not DOCS.is_dir(), reason="the pages are not part of this copy")


def name(path):
    """A page's place below docs/."""
    return path.relative_to(DOCS).as_posix()


def blocks(page):
    """(language, caption, text) of every code block of a page."""
    found = re.findall(
        r"^( *)\.\. code-block:: (\w+)\n((?:\1   :\w+: .*\n)*)((?:\1   .*\n|\s*\n)+)",
        page.read_text(encoding="utf-8"),
        flags=re.MULTILINE,
    )
    for _, language, options, text in found:
        caption = re.search(r":caption: (.+)", options)
        yield language, caption and caption[1], textwrap.dedent(text).strip() + "\n"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_examples_of_pages_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if "matplotlib" in page.read_text(encoding="utf-8"):
        pytest.importorskip("matplotlib.pyplot").switch_backend("agg")
    outcome = doctest.testfile(str(page), module_relative=False, optionflags=FLAGS)
    assert outcome.failed == 0


def test_most_pages_have_examples():
    parser = doctest.DocTestParser()
    counts = {name(p): len(parser.get_examples(p.read_text(encoding="utf-8"))) for p in PAGES}
    assert sum(counts.values()) > 150
    silent = {page for page, count in counts.items() if not count}
    assert not {page for page in silent if page.startswith("guide/")} - {
        "guide/index.rst", "guide/command_line.rst",
    }  # fmt: skip


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_code_that_would_not_be_run_is_not_shown(page):
    for language, caption, text in blocks(page):
        assert language in ("console", "text"), text
        if language == "text" and not caption:  # commands to install and build, and drawings
            assert not re.search(r"^\s*(>>>|import |from |def )", text, flags=re.MULTILINE), text


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if any(kind == "console" for kind, *_ in blocks(page))],
    ids=name,
)
def test_commands_of_pages_run(page, tmp_path):
    """Each page's commands in one folder, with the files that the page shows."""
    checker, ran = doctest.OutputChecker(), 0
    for language, caption, text in blocks(page):
        if caption:
            (tmp_path / caption).write_text(text, encoding="utf-8")
        if language != "console":
            continue
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, expected = part.partition("\n")
            program, *arguments = shlex.split(command)
            assert program == "fastlogreg"
            done = subprocess.run(
                [sys.executable, "-P", "-m", "fastlogreg", *arguments],
                cwd=tmp_path,
                env=os.environ | {"COLUMNS": "100"},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=120,
            )
            assert checker.check_output(expected, done.stdout, FLAGS), f"{command}\n{done.stdout}"
            ran += 1
    assert ran


def test_every_public_name_is_in_the_reference():
    listed = set()
    for page in DOCS.glob("reference/*.rst"):
        listed |= set(re.findall(r"^   (?:~?fastlogreg\.)?([\w.]+)$", page.read_text(), flags=re.M))
    names = set(fastlogreg._HOMES) - {"reference", "displays"}
    names |= {f"reference.{function}" for function in fastlogreg.reference.__all__}
    if "displays" in fastlogreg._HOMES:
        names |= {f"displays.{display}" for display in fastlogreg.displays.__all__}
    assert names - listed == set()


def test_the_readme_runs(tmp_path, monkeypatch):
    """Its Python, from top to bottom as one script."""
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    code = re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    assert len(code) >= 2
    exec(compile("\n".join(code), "README.md", "exec"), {})  # noqa: S102
