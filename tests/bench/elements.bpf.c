// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* A hash, and its keys and values as short as C can be about it. */
#include "kernel.h"

char _license[] SEC("license") = "Dual BSD/GPL";

struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key;
	void *value;
} __attribute__((preserve_access_index));

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} bench_elements SEC(".maps");

struct row {
	__u64 key, value;
};

SEC("iter/bpf_map_elem")
int dump(struct bpf_iter__bpf_map_elem *ctx)
{
	struct row row;
	__u32 *key = ctx->key;
	__u64 *value = ctx->value;

	if (!key || !value)
		return 0;
	row.key = *key;
	row.value = *value;
	bpf_seq_write(ctx->meta->seq, &row, sizeof(row));
	return 0;
}
