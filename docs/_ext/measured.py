"""``.. measured:: TEXT`` the rows of the stored benchmark run whose case begins with a text."""

import json
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

RUN = "bench/results/full.json"


class Measured(SphinxDirective):
    """A table: the case, what it is compared with, the median ratio, its quartiles.

    ``:against:`` keeps the comparisons whose names contain one of these texts, split at commas.
    """

    required_arguments = 1
    final_argument_whitespace = True
    option_spec = {"against": directives.unchanged}  # noqa: RUF012

    def run(self):
        """The table."""
        path = Path(self.env.srcdir).parent / RUN
        self.env.note_dependency(str(path))
        start = self.arguments[0]
        wanted = [text.strip() for text in self.options.get("against", "").split(",")]
        rows = [
            row
            for row in json.loads(path.read_text(encoding="utf-8"))["rows"]
            if row["case"].startswith(start) and any(text in row["what"] for text in wanted)
        ]
        if not rows:
            raise self.error(f"{RUN} has no case that begins with {start!r}")
        table = [["case", "against", "ratio", "quartiles"]]
        for row in rows:
            quartiles = f"{row['low']:.3g} to {row['high']:.3g}"
            what = row["what"] if row["sense"] == "at most" else f"{row['what']}, times as fast"
            table.append([row["case"], what, f"{row['value']:.3g}", quartiles])
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
