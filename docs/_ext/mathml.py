"""Formulas as MathML, which browsers draw themselves: nothing is fetched to read a page."""

from docutils.nodes import SkipNode
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

logger = logging.getLogger(__name__)


def _write(translator, node, block):
    try:
        translator.body.append(tex2mathml(node.astext(), as_block=block))
    except MathError as error:
        logger.warning("a formula cannot be written as MathML: %s", error, location=node)
    raise SkipNode


def visit_math(translator, node):
    """A formula in a line."""
    _write(translator, node, block=False)


def visit_math_block(translator, node):
    """A formula of its own."""
    _write(translator, node, block=True)


def setup(app):
    """Let Sphinx know the renderer."""
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
