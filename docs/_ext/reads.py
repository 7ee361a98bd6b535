"""``.. measured-reads::`` a picture of passes in reads of X, from the stored benchmark run."""

import io

from docutils import nodes
from measured import spoken, stored_rows
from sphinx.util.docutils import SphinxDirective

PANELS = {"loss+gradient p=": "loss and gradient", "loss+gradient+Hessian": "with the Hessian"}
READ, REST = "#b9bec4", "#1b6ca8"  # grey and blue of the picture of fits


class MeasuredReads(SphinxDirective):
    """Bars, a pass each: the read of its memory, what is beyond it, the quartiles."""

    def run(self):
        """The picture, as SVG within the page."""
        panels = {
            title: stored_rows(self, start, ["reads of X"]) for start, title in PANELS.items()
        }
        what = "times of passes in reads of X; the tables below have the figures"
        head = f'<div class="reads" role="img" aria-label="{what}">'
        return [nodes.raw("", f"{head}{draw(panels)}</div>", format="html")]


def draw(panels):
    """SVG of a panel for each {title: rows}, one above the other, to scales of their own."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        len(panels),
        figsize=(8.0, 1.8 + 0.28 * sum(map(len, panels.values()))),
        height_ratios=[len(rows) + 1 for rows in panels.values()],
        layout="constrained",
    )
    for ax, (title, rows) in zip(axes, panels.items(), strict=True):
        for place, row in enumerate(rows):
            value, read = row["value"], 0.5 if "float32" in row["case"] else 1.0
            ax.barh(place, read, 0.7, color=READ)
            ax.barh(place, value - read, 0.7, left=read, color=REST)
            ax.hlines(place, row["low"], row["high"], color="black", linewidth=1.2)
            ax.text(row["high"], place, f" {value:.3g}", va="center", fontsize=9)
        ax.set_yticks(range(len(rows)), [spoken(row["case"], {}) for row in rows])
        ax.set_ylim(len(rows) - 0.4, -0.6)
        ax.set_xlim(0.0, 1.1 * max(row["high"] for row in rows))
        ax.set_title(title, loc="left", fontsize=10)
        ax.spines[["top", "right", "left"]].set_visible(False)
        ax.tick_params(axis="y", length=0)
    ax.set_xlabel("reads of X; black: quartiles")
    for colour, label in ((READ, "the read"), (REST, "beyond it")):
        axes[0].barh(0, 0, color=colour, label=label)
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    plt.close(figure)
    return text.getvalue()[text.getvalue().index("<svg") :]


def setup(app):
    """Let Sphinx know the directive."""
    app.add_directive("measured-reads", MeasuredReads)
    return {"parallel_read_safe": True}
