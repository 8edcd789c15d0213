"""What a map holds: sizes, and how its keys and values decode. Imports _libbpf, btf, kinds and schema."""

from __future__ import annotations

from . import _libbpf, kinds
from ._libbpf import Fd, MapInfo
from .btf import Btf
from .immutable import Immutable
from .schema import kind_of

# include/uapi/linux/bpf.h
PER_CPU_MAPS = frozenset({5, 6, 10, 21})
_ARRAY, _HASHES = 2, frozenset({1, 5, 9, 10, 18})


class MapTypes(Immutable):
    """A map that is open as long as its owner holds it: sizes, and how its key and value decode."""

    map: Fd
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


def map_types(map_: Fd) -> MapTypes:
    """How a map's keys and values decode: by its BTF, or as bytes where it has none."""
    info = _libbpf.map_info(map_)
    btf = None
    if info.btf_id:
        # A map of kernel types (struct_ops) refers to the kernel's BTF, which has an id, too.
        btf = Btf(_libbpf.btf_by_id(info.btf_id))

    def kind(type_id: int, size: int) -> tuple[kinds.Kind, str]:
        if btf is None or not type_id:
            return kinds.Bytes(size), f"__u8[{size}]"
        found = kind_of(btf, type_id)
        if found.size != size:
            return kinds.Bytes(size), f"__u8[{size}]"
        return found, btf.c_name(type_id)

    key = kind(info.key_type_id, info.key_size)
    return MapTypes(map_, info, btf, key, kind(info.value_type_id, info.value_size))
