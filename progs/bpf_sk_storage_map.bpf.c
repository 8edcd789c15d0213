// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Sockets that have a value in one socket storage map. */
#include "sock_identity.h"
#include "emit.h"

char _license[] SEC("license") = "Dual BSD/GPL";

struct bpf_map;

struct bpf_iter__bpf_sk_storage_map {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	struct sock *sk;
	void *value;
} __attribute__((preserve_access_index));

struct bpf_sk_storage_map_record {
	SOCK_IDENTITY;
	/*
	 * what the map holds for this socket, typed by the map's BTF; bytes if it has none; from
	 * bpf_iter__bpf_sk_storage_map.value
	 */
	rec_map_value value;
};
RECORD(bpf_sk_storage_map_record);

struct bpf_sk_storage_map_slot {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	struct sock *sk;
	void *value;
	struct bpf_sk_storage_map_record *record;
	void *result;
};
SLOT(bpf_sk_storage_map_slot)

SEC("iter/bpf_sk_storage_map")
int dump_bpf_sk_storage_map(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct bpf_sk_storage_map_record record;
	struct sock *sk = ctx->sk;
	void *value = ctx->value;
	struct bpf_sk_storage_map_slot slot = {
		.meta = ctx->meta,
		.map = ctx->map,
		.sk = ctx->sk,
		.value = ctx->value,
		.record = &record,
	};
	struct output out;

	if (!sk || !value)
		return 0;
	__builtin_memset(&record, 0, sizeof(record));
	SOCK_IDENTITY_FILL(&record, sk);

	out = output_begin(ctx->meta->seq);
	if (query_keeps(&slot)) {
		output_record(&out, &slot, sizeof(record));
		if (!query_size && map_value_shown)
			output_put(&out, value, map_value_size);
	}
	return output_end(&out);
}
