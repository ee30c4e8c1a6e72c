"""How Sphinx builds these pages: `make docs`."""

from docutils.nodes import SkipNode
from docutils.utils.math.latex2mathml import tex2mathml

import nmfcore

project = "nmfcore and segment"
release = version = nmfcore.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
]
myst_enable_extensions = ["dollarmath"]
exclude_patterns = ["templates"]
templates_path = ["templates"]

html_theme = "furo"
html_title = project
html_static_path = ["static"]
html_css_files = ["pages.css"]
html_show_sphinx = html_show_copyright = False
html_copy_source = False
html_math_renderer = "mathml"

# `name` in a docstring links to what is documented under that name, and is plain code elsewhere.
default_role = "py:obj"
autodoc_typehints = "none"
autodoc_member_order = "bysource"
# The members follow below the class; a table of them would need a page for each.
numpydoc_show_class_members = False


def _draw_inline(translator, node):
    translator.body.append(tex2mathml(node.astext()))
    raise SkipNode


def _draw_block(translator, node):
    translator.body.append(tex2mathml(node.astext(), as_block=True))
    raise SkipNode


def setup(app):
    """Write formulas as MathML, which browsers draw by themselves: MathJax would be fetched from another host."""
    app.add_html_math_renderer("mathml", inline_renderers=(_draw_inline, None), block_renderers=(_draw_block, None))
