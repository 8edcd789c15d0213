// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* UDP sockets (not UDP-Lite's, which the kernel leaves out) of the network namespace that the iterator was opened in. */
#include "sock.h"
#include "emit.h"

char _license[] SEC("license") = "Dual BSD/GPL";

struct bpf_iter__udp {
	struct bpf_iter_meta *meta;
	struct udp_sock *udp_sk;
	__u32 uid;
	int bucket;
} __attribute__((preserve_access_index));

struct udp_record {
	enum address_family family;
	enum tcp_state state; /* TCP_ESTABLISHED: connected; TCP_CLOSE: not */
	rec_ip local_addr;
	rec_port local_port;
	rec_port remote_port;
	rec_ip remote_addr;
	__u32 uid; /* in the user namespace of who opened the iterator */
	__u64 inode;
	rec_opt_u64 cookie;
	__u32 netns;   /* inode number */
	__u32 ifindex; /* of the device it is bound to, or 0 */
	__u32 mark;
	bool reuse_addr;
	bool reuse_port;
	rec_bytes_count rx_queue; /* memory in use, as the kernel accounts it */
	rec_bytes_count tx_queue;
	__u32 drops;
	__s32 bucket; /* of the hash table that is walked, which need not be that of /proc/net/udp */
};
RECORD(udp_record);

#define SET(column, value) PUT(udp_record, row, column, value)

PLAIN_TYPE(udp_sock);

struct udp_slot {
	struct bpf_iter_meta *meta;
	struct udp_sock *udp_sk;
	__u32 uid;
	struct udp_record *record;
	void *result;
};
SLOT(udp_slot)

SEC("iter/udp")
int dump_udp(struct bpf_iter__udp *ctx)
{
	struct udp_sock *udp = ctx->udp_sk;
	struct udp_record record;
	struct sock_common *common;
	struct udp_slot slot = {
		.meta = ctx->meta,
		.udp_sk = ctx->udp_sk,
		.uid = ctx->uid,
		.record = &record,
	};
	void *row = &record;
	struct output out;
	struct sock *sk;

	if (!udp)
		return 0;
	__builtin_memset(&record, 0, sizeof(record));
	SET(cookie, sock_cookie(&udp->inet.sk.__sk_common));
	udp = PLAIN(udp_sock, udp);
	sk = &udp->inet.sk;
	common = &sk->__sk_common;
	SET(family, common->skc_family);
	SET(state, common->skc_state);
	if (WANTED(udp_record, local_addr))
		sock_local_addr((void *)COLUMN(udp_record, row, local_addr), common);
	if (WANTED(udp_record, remote_addr))
		sock_remote_addr((void *)COLUMN(udp_record, row, remote_addr), common);
	SET(local_port, common->skc_num);
	SET(remote_port, bpf_ntohs(common->skc_dport));
	SET(uid, ctx->uid);
	SET(inode, sock_inode(sk));
	SET(netns, sock_netns(common));
	SET(ifindex, common->skc_bound_dev_if);
	SET(mark, sk->sk_mark);
	SET(reuse_addr, BPF_CORE_READ_BITFIELD(common, skc_reuse) != 0);
	SET(reuse_port, BPF_CORE_READ_BITFIELD(common, skc_reuseport));
	/* What was read leaves the account late. */
	SET(rx_queue, sock_rmem(sk) - udp->forward_deficit);
	SET(tx_queue, sock_wmem(sk));
	SET(drops, sock_drops(sk));
	SET(bucket, ctx->bucket);

	out = output_begin(ctx->meta->seq);
	if (query_keeps(&slot, &out))
		output_record(&out, &slot, sizeof(record));
	return output_end(&out);
}
