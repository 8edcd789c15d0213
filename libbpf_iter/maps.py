"""What a map's elements are, and how they decode. Imports _libbpf, btf, kinds and layout."""

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
        found = kind_of(btf, type_id)
        if found.size != size:
            return kinds.Bytes(size), f"__u8[{size}]"
        return found, btf.c_name(type_id)

    key = kind(info.key_type_id, info.key_size)
    return ElementTypes(info, btf, key, kind(info.value_type_id, info.value_size))
