"""How the documentation is built: ``sphinx-build -W --keep-going -b html docs docs/_build/html``."""

import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from docstrings import arguments_of, to_rst  # noqa: E402

import nnfromscratch  # noqa: E402

project = "nnfromscratch"
author = copyright = "the nnfromscratch authors"
version = release = nnfromscratch.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.mathjax", "sphinx.ext.viewcode", "sphinx-mathjax-offline"]
exclude_patterns = ["_build", "**.ipynb_checkpoints", "jupyter_execute"]
source_suffix = {".md": "myst-nb", ".rst": "restructuredtext"}
myst_enable_extensions = ["dollarmath", "amsmath", "deflist", "attrs_block"]
myst_heading_anchors = 3

# The tutorials are run each time: what they print and draw is what the code of this very version does.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True
nb_code_prompt_show = "Show the code that draws this"
nb_code_prompt_hide = "Hide the code that draws this"

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say it in shapes
autodoc_preserve_defaults = True
add_module_names = False
toc_object_entries_show_parents = "hide"

# MathJax 3 comes along in the pages (sphinx-mathjax-offline): reading them needs no network.
mathjax3_config = {"chtml": {"displayAlign": "left", "displayIndent": "1.2em"}}

html_theme = "furo"
html_title = "nnfromscratch"
html_static_path = ["_static"]
html_css_files = ["textbook.css"]
html_theme_options = {
    "top_of_page_buttons": [],
    "light_css_variables": {"color-brand-primary": "#8a3b12", "color-brand-content": "#8a3b12"},
    "dark_css_variables": {"color-brand-primary": "#e8a17c", "color-brand-content": "#e8a17c"},
}
pygments_style = "friendly"
pygments_dark_style = "monokai"

# The tutorials live beside the package, where a reader of the repository finds them; Sphinx needs them below docs/.
shutil.rmtree(HERE / "tutorials", ignore_errors=True)
shutil.copytree(HERE.parent / "tutorials", HERE / "tutorials", ignore=shutil.ignore_patterns(".*"))


def _typeset(app, what, name, thing, options, lines):  # noqa: ARG001
    lines[:] = to_rst(lines, arguments_of(thing))


def setup(app):
    app.connect("autodoc-process-docstring", _typeset)
