"""What a map's elements are, and how they decode. Imports _libbpf, btf, kinds and layout."""

from __future__ import annotations

from . import _libbpf, kinds
from ._libbpf import Fd, MapInfo
from .btf import Btf
from .btf import types as bt
from .btf.writer import Writer
from .errors import BtfError
from .immutable import Immutable
from .layout import kind_of

# include/uapi/linux/bpf.h
PER_CPU_MAPS = frozenset({5, 6, 10, 21})
_ARRAY, _HASHES = 2, frozenset({1, 5, 9, 10, 18})


class ElementTypes(Immutable):
    """What a map's elements are: their sizes, and the kind and C type of key and value."""

    info: MapInfo
    btf: Btf | None
    key: tuple[kinds.Kind, str]
    value: tuple[kinds.Kind, str]

    @property
    def per_cpu(self) -> bool:
        return self.info.type in PER_CPU_MAPS

    @property
    def is_array(self) -> bool:
        """Whether all the elements that it can have always exist."""
        return self.info.type == _ARRAY

    @property
    def is_hash(self) -> bool:
        """Whether its elements lie in buckets: any sort of hash, per-CPU, LRU and sockhash among them."""
        return self.info.type in _HASHES

    def described(self, type_id: int) -> tuple[Btf, int] | None:
        """The type of a key or value, and the BTF that has it; None if none describes it."""
        if self.btf is None or not type_id:
            return None
        return _without_sections(self.btf, type_id)


class MapTypes(ElementTypes):
    """The same, with the map's descriptor, which stays open as long as its owner keeps it."""

    map: Fd


def map_types(map_: Fd) -> MapTypes:
    """What an open map's elements are."""
    info = _libbpf.map_info(map_)
    # A map of kernel types (struct_ops) refers to the kernel's own BTF, which has an id as well.
    types = element_types(info, Btf(_libbpf.btf_by_id(info.btf_id)) if info.btf_id else None)
    return MapTypes(info, types.btf, types.key, types.value, map_)


def element_types(info: MapInfo, btf: Btf | None) -> ElementTypes:
    """What a map's elements are, by its BTF; plain bytes if it has none."""

    def kind(type_id: int, size: int) -> tuple[kinds.Kind, str]:
        if btf is None or not type_id:
            return kinds.Bytes(size), f"__u8[{size}]"
        found = kind_of(*_without_sections(btf, type_id))
        if found.size != size:
            return kinds.Bytes(size), f"__u8[{size}]"
        return found, btf.c_name(type_id)

    key = kind(info.key_type_id, info.key_size)
    return ElementTypes(info, btf, key, kind(info.value_type_id, info.value_size))


def _without_sections(btf: Btf, type_id: int) -> tuple[Btf, int]:
    """The same type; for a section of global variables, as .bss, a struct of BTF of its own that has them."""
    section = btf[type_id]
    if not isinstance(section, bt.DataSec):
        return btf, type_id
    writer, names, members = Writer(), set[str](), []
    for variable, offset, _ in section.variables:
        # One of a function is named after that, too: dump.count.
        name = own = btf[variable].name.replace(".", "_")
        while name in names:  # static ones, of several files
            name = f"{own}_{len(names)}"
        names.add(name)
        members.append(bt.Member(name, writer.copy(btf, _variable(btf, variable).type_id), offset * 8, 0))
    struct = writer.structure(section.name.strip(".").replace(".", "_"), section.size, members)
    return Btf(writer.finish()), struct


def _variable(btf: Btf, type_id: int) -> bt.Var:
    node = btf[type_id]
    if not isinstance(node, bt.Var):
        raise BtfError(f"{btf.c_name(type_id)} in a section is no variable")
    return node
