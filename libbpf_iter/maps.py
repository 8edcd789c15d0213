"""What a map holds: sizes, and how its keys and values decode. Imports _libbpf, btf, kinds and layout."""

from __future__ import annotations

from . import _libbpf, kinds
from ._libbpf import Fd, MapInfo
from .btf import Btf
from .immutable import Immutable
from .layout import kind_of

# include/uapi/linux/bpf.h
PER_CPU_MAPS = frozenset({5, 6, 10, 21})
_ARRAY, _HASHES = 2, frozenset({1, 5, 9, 10, 18})


class ElementTypes(Immutable):
    """What a map's elements are: sizes, and how key and value decode."""

    info: MapInfo
    btf: Btf | None
    key: tuple[kinds.Kind, str]
    value: tuple[kinds.Kind, str]

    @property
    def per_cpu(self) -> bool:
        return self.info.type in PER_CPU_MAPS

    @property
    def is_array(self) -> bool:
        """Whether it has as many elements as it may have, always."""
        return self.info.type == _ARRAY

    @property
    def is_hash(self) -> bool:
        """Whether elements have no place of their own; also of one that is per CPU, LRU, or of sockets."""
        return self.info.type in _HASHES


class MapTypes(ElementTypes):
    """The same of a map that is open as long as its owner holds it."""

    map: Fd


def map_types(map_: Fd) -> MapTypes:
    """How the elements of a map decode."""
    info = _libbpf.map_info(map_)
    # A map of kernel types (struct_ops) refers to the kernel's BTF, which has an id, too.
    types = element_types(info, Btf(_libbpf.btf_by_id(info.btf_id)) if info.btf_id else None)
    return MapTypes(info, types.btf, types.key, types.value, map_)


def element_types(info: MapInfo, btf: Btf | None) -> ElementTypes:
    """How keys and values decode: by the map's BTF, or as bytes where it has none."""

    def kind(type_id: int, size: int) -> tuple[kinds.Kind, str]:
        if btf is None or not type_id:
            return kinds.Bytes(size), f"__u8[{size}]"
        found = kind_of(btf, type_id)
        if found.size != size:
            return kinds.Bytes(size), f"__u8[{size}]"
        return found, btf.c_name(type_id)

    key = kind(info.key_type_id, info.key_size)
    return ElementTypes(info, btf, key, kind(info.value_type_id, info.value_size))
