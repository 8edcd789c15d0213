"""Sphinx's configuration; what is generated is written by targets.py beside it."""

import sys
from importlib import metadata
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

project = "libbpf_iter"
author = "The libbpf_iter authors"
copyright = "2026, the libbpf_iter authors"
release = version = metadata.version("libbpf_iter")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.doctest", "targets"]
html_theme = "furo"
html_title = f"libbpf_iter {release}"
html_static_path = ["static"]
html_css_files = ["columns.css"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
