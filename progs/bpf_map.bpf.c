// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* BPF maps: all of the system. */
#include "kernel_bpf.h"
#include "record.h"
#include "emit.h"

char _license[] SEC("license") = "Dual BSD/GPL";

struct bpf_iter__bpf_map {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
} __attribute__((preserve_access_index));

/* As of Linux 6.18, without the prefix BPF_, like the enums of kernel_bpf.h. */
enum map_flag {
	F_NO_PREALLOC = 1 << 0,
	F_NO_COMMON_LRU = 1 << 1,
	F_NUMA_NODE = 1 << 2,
	F_RDONLY = 1 << 3,
	F_WRONLY = 1 << 4,
	F_STACK_BUILD_ID = 1 << 5,
	F_ZERO_SEED = 1 << 6,
	F_RDONLY_PROG = 1 << 7,
	F_WRONLY_PROG = 1 << 8,
	F_CLONE = 1 << 9,
	F_MMAPABLE = 1 << 10,
	F_PRESERVE_ELEMS = 1 << 11,
	F_INNER_MAP = 1 << 12,
	F_LINK = 1 << 13,
	F_PATH_FD = 1 << 14,
	F_VTYPE_BTF_OBJ_FD = 1 << 15,
	F_TOKEN_FD = 1 << 16,
	F_SEGV_ON_FAULT = 1 << 17,
	F_NO_USER_CONV = 1 << 18,
};
DECLARE_FLAGS(map_flag);

struct bpf_map_record {
	/* the map, for BPF_MAP_GET_FD_BY_ID [id]; from bpf_map.id */
	__u32 id;
	/* its name, at most 15 bytes of it; from bpf_map.name */
	char name[16];
	/* the type of the map; from bpf_map.map_type */
	enum map_type type;
	/* the size of a key; from bpf_map.key_size */
	rec_bytes_count32 key_size;
	/* the size of a value; in a per-CPU map, of one CPU's value; from bpf_map.value_size */
	rec_bytes_count32 value_size;
	/*
	 * how many elements it can have; for a ring buffer, its size in bytes [elements]; from
	 * bpf_map.max_entries
	 */
	__u32 max_entries;
	/* the flags that it was created with: BPF_F_* of include/uapi/linux/bpf.h; from bpf_map.map_flags */
	FLAGS(map_flag) map_flags;
	/* the BTF that has its types; 0 if there is none [id]; from btf.id */
	__u32 btf_id;
	/* the type of its keys in that BTF, or 0 [BTF type id]; from bpf_map.btf_key_type_id */
	__u32 btf_key_type_id;
	/* the type of its values in that BTF, or 0 [BTF type id]; from bpf_map.btf_value_type_id */
	__u32 btf_value_type_id;
	/*
	 * for a struct_ops map, the type of its values in the kernel's BTF; else 0 [BTF type id]; from
	 * bpf_map.btf_vmlinux_value_type_id
	 */
	__u32 btf_vmlinux_value_type_id;
	/* BPF_MAP_FREEZE was called, so user space can't write to it any more; from bpf_map.frozen */
	bool frozen;
	/* references to it, the walk's own included [references]; from bpf_map.refcnt */
	__s64 refcnt;
	/* how many of these user space holds, as descriptors and pins [references]; from bpf_map.usercnt */
	__s64 usercnt;
};
RECORD(bpf_map_record);

struct bpf_map_slot {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	struct bpf_map_record *record;
	void *result;
};
SLOT(bpf_map_slot)

SEC("iter/bpf_map")
int dump_bpf_map(struct bpf_iter__bpf_map *ctx)
{
	struct bpf_map *map = ctx->map;
	struct bpf_map_record record = {};
	struct bpf_map_slot slot = { .meta = ctx->meta, .map = ctx->map, .record = &record };
	struct output out;

	if (!map)
		return 0;
	record.id = map->id;
	__builtin_memcpy(record.name, map->name, sizeof(record.name));
	record.type = (enum map_type)map->map_type;
	record.key_size = map->key_size;
	record.value_size = map->value_size;
	record.max_entries = map->max_entries;
	record.map_flags = map->map_flags;
	if (map->btf)
		record.btf_id = map->btf->id;
	record.btf_key_type_id = map->btf_key_type_id;
	record.btf_value_type_id = map->btf_value_type_id;
	record.btf_vmlinux_value_type_id = map->btf_vmlinux_value_type_id;
	record.frozen = map->frozen;
	record.refcnt = map->refcnt.counter;
	record.usercnt = map->usercnt.counter;

	out = output_begin(ctx->meta->seq);
	if (query_keeps(&slot))
		output_record(&out, &slot, sizeof(record));
	return output_end(&out);
}
