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

struct bpf_map_record {
	__u32 id;
	char name[16];
	enum map_type type;
	__u32 key_size;   /* bytes */
	__u32 value_size; /* bytes */
	__u32 max_entries;
	__u32 map_flags; /* BPF_F_* of include/uapi/linux/bpf.h */
	__u32 btf_id;    /* 0 where the map has no types */
	__u32 btf_key_type_id;
	__u32 btf_value_type_id;
	__u32 btf_vmlinux_value_type_id;
	bool frozen;
	__s64 refcnt;  /* the walk's own reference is among them */
	__s64 usercnt; /* references of user space: descriptors and pins */
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
	if (query_keeps(&slot, &out))
		output_record(&out, &slot, sizeof(record));
	return output_end(&out);
}
