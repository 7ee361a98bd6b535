"""``.. source-map:: FOLDER`` the files of a folder and below it, with the first line of each."""

import ast
import re
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

KINDS = {".py", ".pyx", ".pxi", ".c", ".h", ".inl"}


def first_line(path):
    """The first sentence of a file's docstring or opening comment."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        text = ast.get_docstring(ast.parse(text)) or ""
    else:
        found = re.search(r'"""(.*?)"""|/\*(.*?)\*/|^# (?!cython:)([^\n]*)', text, re.S | re.M)
        text = next((part for part in found.groups() if part), "") if found else ""
    lines = [line.strip(" *\t") for line in text.strip().splitlines()]
    head = " ".join(lines[: lines.index("")] if "" in lines else lines)
    return re.split(r"(?<=[^.]\.)\s", head)[0].rstrip(".")


def line_of(text):
    """A sentence as nodes, what stands between backticks as a literal."""
    parts = re.split(r"`+([^`]+)`+", text)
    return [
        nodes.literal("", part) if k % 2 else nodes.Text(part)
        for k, part in enumerate(parts)
        if part
    ]


class SourceMap(SphinxDirective):
    """A table for a folder and for each folder below it, if they hold sources."""

    required_arguments = 1

    def run(self):
        """The tables under the names of their folders."""
        root = Path(self.env.srcdir).parent
        top = root / self.arguments[0]
        found = []
        for folder in sorted({path.parent for path in top.rglob("*") if path.suffix in KINDS}):
            title = f"{folder.relative_to(root).as_posix()}/"
            found += [nodes.rubric("", "", nodes.literal("", title)), self.table(folder)]
        if not found:
            raise self.error(f"no sources in {self.arguments[0]}")
        return found

    def table(self, folder):
        """The files of one folder, each with its line."""
        group = nodes.tgroup(cols=2)
        group += [nodes.colspec(colwidth=25), nodes.colspec(colwidth=75)]
        body = nodes.tbody()
        for path in sorted(path for path in folder.iterdir() if path.suffix in KINDS):
            self.env.note_dependency(str(path))
            line = first_line(path)
            if not line:
                raise self.error(f"{path.name} does not say what it is")
            name = nodes.paragraph("", "", nodes.literal("", path.name))
            row = nodes.row()
            row += [nodes.entry("", name), nodes.entry("", nodes.paragraph("", "", *line_of(line)))]
            body += row
        group += body
        return nodes.table("", group, classes=["source-map"])


def setup(app):
    """Let Sphinx know the directive."""
    app.add_directive("source-map", SourceMap)
    return {"parallel_read_safe": True}
