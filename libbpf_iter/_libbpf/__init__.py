"""libbpf for Python: owned descriptors, and exceptions with its log. The only importer of the extension.

fd       owned file descriptors: :class:`Fd`
calls    return values to exceptions: :func:`check`, :func:`checked`, and libbpf's log
token    BPF tokens, for processes in a user namespace
loading  common to all loads: room for descriptors, the verifier's reason
object   object files: :class:`Object`
bare     programs, maps and BTF that don't come from an object file
types    the kernel's BTF, indexed and searched in C
links    links, iterator sessions, pins
info     programs, maps, links and BTF that are in the kernel
"""

from .bare import create_array, load_btf, load_iterator, run_program
from .calls import check, checked, duplicate, open_file
from .fd import Fd
from .info import (
    LinkInfo,
    MapInfo,
    btf_by_id,
    link_info,
    map_by_id,
    map_ids,
    map_info,
    maps_of,
    possible_cpus,
    program_btf,
    program_by_id,
    program_ids,
    shares_files,
    version,
)
from .links import Pin, get_pinned, iter_create, iter_create_in, link_create, link_update
from .object import Loaded, Object
from .token import in_user_namespace, token_obstacle
from .types import NativeBtf, extract_types, map_file

__all__ = [
    "Fd",
    "LinkInfo",
    "Loaded",
    "MapInfo",
    "NativeBtf",
    "Object",
    "Pin",
    "btf_by_id",
    "check",
    "checked",
    "create_array",
    "duplicate",
    "extract_types",
    "get_pinned",
    "in_user_namespace",
    "iter_create",
    "iter_create_in",
    "link_create",
    "link_info",
    "link_update",
    "load_btf",
    "load_iterator",
    "map_by_id",
    "map_file",
    "map_ids",
    "map_info",
    "maps_of",
    "open_file",
    "possible_cpus",
    "program_btf",
    "program_by_id",
    "program_ids",
    "run_program",
    "shares_files",
    "token_obstacle",
    "version",
]
