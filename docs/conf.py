"""How Sphinx builds the site: `make docs`. Nothing is fetched, while it is built or while it is read."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # for docs.site

project = "fusar-mlops"
author = "the fusar-mlops contributors"
copyright = author
# Options in a sentence keep both of their hyphens: people copy them.
smartquotes_action = "qe"
extensions = ["myst_parser", "docs.site.tutorials"]
include_patterns = ["**/*.md", "*.md", "tutorials/*.py"]
exclude_patterns = ["_build/**"]
myst_heading_anchors = 3
nitpicky = True

html_theme = "furo"
html_title = "fusar-mlops"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False

linkcheck_timeout = 20
linkcheck_anchors = False
