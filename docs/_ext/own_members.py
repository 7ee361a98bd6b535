"""Keeps what a class inherits from other packages off its page: their own sites document that."""

import inspect


def skip(app, what, name, member, skipped, options):
    """Whether to leave a member out: one that another package wrote, or that says nothing."""
    if what != "class" or skipped:
        return None
    made = inspect.unwrap(getattr(member, "fget", None) or getattr(member, "func", None) or member)
    made = getattr(made, "__func__", made)
    home = getattr(made, "__module__", None) or ""
    return not home.startswith("fastlogreg") or name.startswith("_") or None


def setup(app):
    """Let Sphinx know."""
    app.connect("autodoc-skip-member", skip)
    return {"parallel_read_safe": True}
