"""libbpf, as Python wants it: owned descriptors, exceptions with the log. The extension's only importer.

fd       descriptors that are owned: :class:`Fd`
calls    what each call needs: :func:`check`, :func:`checked`, the log
token    BPF tokens, for those in a user namespace
loading  what loading a program asks for: descriptors, the verifier's last word
object   object files: :class:`Object`
bare     programs, maps and types that no object file holds
types    the kernel's BTF at the speed of C
links    links, iterators, pins
info     what the kernel holds, and says of it
"""

from .bare import create_array, load_btf, load_iterator, run_program
from .calls import check, checked, open_file
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
    "token_obstacle",
    "version",
]
