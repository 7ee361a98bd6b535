"""The site, built from the installed package by ``sphinx-build -W --keep-going docs OUT``.

Nothing is fetched while it is built; the pictures are those of the examples and of bench/.
"""

import os
import sys
import warnings
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))
os.environ["MPLBACKEND"] = "Agg"

import fastlogreg  # noqa: E402

project = "fastlogreg"
author = "The fastlogreg developers"
copyright = author  # noqa: A001
version = release = fastlogreg.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "numpydoc",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
    "mathml",
    "measured",
    "own_members",
    "reads",
    "source_map",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "gallery/*.ipynb", "gallery/*.py", "gallery/*.md5"]
nitpicky = False
default_role = "py:obj"  # `name` is a link where there is something to link to
rst_prolog = ".. currentmodule:: fastlogreg"
highlight_language = "python"

# ---- reference: one page a name, written from its docstring
autosummary_generate = True
autodoc_typehints = "none"  # numpydoc's sections say the types, with shapes
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

# ---- CONTRIBUTING.md and CHANGELOG.md are written for the repository's front page, too
myst_heading_anchors = 2
suppress_warnings = ["myst.header"]

# ---- the gallery runs the examples
sphinx_gallery_conf = {
    "examples_dirs": [str(HERE.parent / "examples")],
    "gallery_dirs": ["gallery"],
    "filename_pattern": r"\.py$",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 1e9,
    "write_computation_times": False,
}
warnings.filterwarnings("ignore", message=".*non-interactive.*", category=UserWarning)

# ---- the look
html_theme = "pydata_sphinx_theme"
html_math_renderer = "mathml"
html_title = f"fastlogreg {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "header_links_before_dropdown": 8,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
}
html_sidebars = {"quickstart": [], "changelog": []}
