"""Sphinx's configuration; what is generated is written by targets.py beside it."""

import sys
from importlib import metadata
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

project = "libbpf_iter"
author = "The libbpf_iter authors"
copyright = "2026, the libbpf_iter authors"
release = version = metadata.version("libbpf_iter")
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.doctest",
    "sphinx_click",
    "commands",
    "targets",
]
html_theme = "furo"
html_title = f"libbpf_iter {release}"
html_static_path = ["static"]
html_css_files = ["columns.css"]
smartquotes_action = "qe"  # quotes and ellipses: two hyphens begin an option
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints_format = "short"
python_display_short_literal_types = True
python_maximum_signature_line_length = 80

# What a program of one's own doesn't make: how they are made says nothing to its author.
NOT_MADE = {
    "libbpf_iter.Record",
    "libbpf_iter.base.BpfIter",
    "libbpf_iter.link.Link",
    "libbpf_iter.link.LinkInfo",
    "libbpf_iter.metrics.Metric",
    "libbpf_iter.metrics.Series",
    "libbpf_iter.params.Params",
    "libbpf_iter.query.paths.KernelPath",
    "libbpf_iter.query.scope.Place",
    "libbpf_iter.rows.Rows",
    "libbpf_iter.schema.Field",
    "libbpf_iter.schema.Schema",
    "libbpf_iter.session.Session",
    "libbpf_iter.symbols.Symbol",
    "libbpf_iter.values.KernelEnum",
    "libbpf_iter.values.KernelFlags",
}


def without_signature(
    _: Any, what: str, name: str, obj: Any, options: Any, signature: str | None, returned: str | None
) -> tuple[str, None] | None:
    return ("", None) if signature and (what == "exception" or name in NOT_MADE) else None


def setup(app: Any) -> None:
    app.connect("autodoc-process-signature", without_signature)
