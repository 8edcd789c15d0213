// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Sockets in one sockmap or sockhash. */
#include "sock_identity.h"
#include "emit.h"

char _license[] SEC("license") = "Dual BSD/GPL";

struct bpf_map;

struct bpf_iter__sockmap {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key;
	struct sock *sk;
} __attribute__((preserve_access_index));

struct sockmap_record {
	/*
	 * its key: the index in a sockmap; in a sockhash, typed by the map's BTF, or bytes if it has none;
	 * from bpf_iter__sockmap.key
	 */
	rec_map_key key;
	SOCK_IDENTITY;
};
RECORD(sockmap_record);

struct sockmap_slot {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key;
	struct sock *sk;
	struct sockmap_record *record;
	void *result;
};
SLOT(sockmap_slot)

SEC("iter/sockmap")
int dump_sockmap(struct bpf_iter__sockmap *ctx)
{
	struct sockmap_record record;
	struct sock *sk = ctx->sk;
	void *key = ctx->key;
	struct sockmap_slot slot = {
		.meta = ctx->meta,
		.map = ctx->map,
		.key = ctx->key,
		.sk = ctx->sk,
		.record = &record,
	};
	struct output out;

	/* A sockmap shows its empty slots, too. */
	if (!key || !sk)
		return 0;
	__builtin_memset(&record, 0, sizeof(record));
	SOCK_IDENTITY_FILL(&record, sk);

	out = output_begin(ctx->meta->seq);
	if (query_keeps(&slot)) {
		output_record(&out, &slot, sizeof(record));
		if (!query_size)
			output_put(&out, key, map_key_size);
	}
	return output_end(&out);
}
