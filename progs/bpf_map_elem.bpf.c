// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The elements of one map, an array or hash; of a per-CPU one, a record for each CPU's value. */
#include "kernel_bpf.h"
#include "record.h"
#include "emit.h"

char _license[] SEC("license") = "Dual BSD/GPL";

struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key;
	void *value;
} __attribute__((preserve_access_index));

struct bpf_map_elem_record {
	/* the key, typed by the map's BTF; bytes if it has none; from bpf_iter__bpf_map_elem.key */
	rec_map_key key;
	/*
	 * the CPU that the value belongs to, in a per-CPU map; None in any other map [CPU]; from
	 * bpf_iter__bpf_map_elem.value
	 */
	rec_opt_u32 cpu;
	/* the value, typed by the map's BTF; bytes if it has none; from bpf_iter__bpf_map_elem.value */
	rec_map_value value;
};
RECORD(bpf_map_elem_record);

struct bpf_map_elem_slot {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key;
	void *value;
	struct bpf_map_elem_record *record;
	void *result;
};
SLOT(bpf_map_elem_slot)

static __always_inline void put(struct output *out, struct bpf_map_elem_slot *slot)
{
	output_record(out, slot, sizeof(*slot->record));
	if (query_size)
		return;
	output_put(out, slot->key, map_key_size);
	if (map_value_shown)
		output_put(out, slot->value, map_value_size);
}

/* The library replaces this with the map to walk. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} walked_map SEC(".maps");

static __always_inline void copy(void *to, const void *from, __u32 size)
{
	/* The verifier knows the size, and removes all cases but one. */
	switch (size) {
	case 4: *(__u32 *)to = *(const __u32 *)from; break;
	case 8: *(__u64 *)to = *(const __u64 *)from; break;
	default: bpf_probe_read_kernel(to, size, from);
	}
}

/* Output one element, for bpf_for_each_map_elem(). */
static long walk_element(struct bpf_map *map, void *key, void *value, void *unused)
{
	struct bpf_map_elem_record record = { .cpu = -1 };
	struct bpf_map_elem_slot slot = { .map = map, .key = key, .value = value, .record = &record };
	struct output out;
	__u64 at;
	char *row;

	if (!query_keeps(&slot))
		return 0;
	out = output_begin(NULL);
	if (query_size) {
		put(&out, &slot);
		output_end(&out);
		return 0;
	}
	at = out.at;
	ONE_REGISTER(at);
	if (!out.snapshot)
		return 1;
	if (!output_fits(at)) {
		out.snapshot->dropped += 1;
		return 0;
	}
	row = (char *)out.snapshot->data + at;
	copy(row, &record, sizeof(record));
	copy(row + sizeof(record), key, map_key_size);
	at += sizeof(record) + map_key_size;
	if (map_value_shown) {
		copy(row + sizeof(record) + map_key_size, value, map_value_size);
		at += map_value_size;
	}
	out.snapshot->used = at;
	return 0;
}

/*
 * The walk in one run, without a file, for maps that aren't per-CPU. This is defined before the iterator, so
 * that the compiler places the slot behind walk_element().
 */
SEC("syscall")
int walk_bpf_map_elem(void *ctx)
{
	bpf_for_each_map_elem(&walked_map, walk_element, NULL, 0);
	return 0;
}

SEC("iter/bpf_map_elem")
int dump_bpf_map_elem(struct bpf_iter__bpf_map_elem *ctx)
{
	struct bpf_map_elem_record record = { .cpu = -1 };
	struct bpf_map_elem_slot slot = {
		.meta = ctx->meta,
		.map = ctx->map,
		.key = ctx->key,
		.value = ctx->value,
		.record = &record,
	};
	struct output out;

	if (!slot.key || !slot.value)
		return 0;
	if (!map_per_cpu) {
		if (!query_keeps(&slot))
			return 0;
		out = output_begin(ctx->meta->seq);
		put(&out, &slot);
		return output_end(&out);
	}
	out = output_begin(ctx->meta->seq);
	/* The verifier knows the bounds and so each offset: it follows every iteration. */
	for (__u32 cpu = 0; cpu < host_cpus; cpu++) {
		record.cpu = cpu;
		if (query_keeps(&slot))
			put(&out, &slot);
		slot.value += (map_value_size + 7) & ~7u;
	}
	return output_end(&out);
}
