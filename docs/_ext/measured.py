"""``.. measured:: TEXT`` the rows of the stored benchmark run whose case begins with a text."""

import ast
import json
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

RUN = "bench/results/full.json"
PICTURE = "bench/picture.py"
WORDS = {"C": "by rows", "F": "by columns", "(estimator)": "estimator"}


def stored_rows(directive, start, wanted=("",)):
    """Rows of the run whose case begins so, and whose comparison has one of the texts wanted."""
    path = Path(directive.env.srcdir).parent / RUN
    directive.env.note_dependency(str(path))
    rows = [
        row
        for row in json.loads(path.read_text(encoding="utf-8"))["rows"]
        if row["case"].startswith(start) and any(text in row["what"] for text in wanted)
    ]
    if not rows:
        raise directive.error(f"{RUN} has no case that begins with {start!r}")
    return rows


def labels(directive):
    """{problem: its label in the picture}, read from the picture's source without its imports."""
    path = Path(directive.env.srcdir).parent / PICTURE
    directive.env.note_dependency(str(path))
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "LABELS":
            return ast.literal_eval(node.value)
    raise directive.error(f"{PICTURE} has no LABELS")


def spoken(case, labels):
    """A case for readers: "fit tall30" is "1,000,000 x 30", what is measured left out."""
    said = []
    for word in case.split()[1:]:
        columns = word.removeprefix("p=")
        known = WORDS.get(word) or labels.get(word)
        said.append(known or (word if columns == word else f"{columns} columns"))
    return ", ".join(said)


class Measured(SphinxDirective):
    """A table: the data, what it is compared with, the median ratio, its quartiles.

    ``:against:`` keeps the comparisons whose names contain one of these texts, split at commas.
    """

    required_arguments = 1
    final_argument_whitespace = True
    option_spec = {"against": directives.unchanged}  # noqa: RUF012

    def run(self):
        """The table."""
        wanted = [text.strip() for text in self.options.get("against", "").split(",")]
        names = labels(self)
        table = [["data", "against", "ratio", "quartiles"]]
        for row in stored_rows(self, self.arguments[0], wanted):
            quartiles = f"{row['low']:.3g} to {row['high']:.3g}"
            what = row["what"].replace("best peer", "fastest peer")
            what = what if row["sense"] == "at most" else f"{what}, times as fast"
            table.append([spoken(row["case"], names), what, f"{row['value']:.3g}", quartiles])
        return [_table(table)]


def _table(rows):
    group = nodes.tgroup(cols=len(rows[0]))
    group += [nodes.colspec(colwidth=width) for width in (40, 30, 12, 18)]
    head, body = nodes.thead(), nodes.tbody()
    for k, cells in enumerate(rows):
        row = nodes.row()
        row += [nodes.entry("", nodes.paragraph("", cell)) for cell in cells]
        (body if k else head).append(row)
    group += [head, body]
    return nodes.table("", group, classes=["tight"])


def setup(app):
    """Let Sphinx know the directive."""
    app.add_directive("measured", Measured)
    return {"parallel_read_safe": True}
