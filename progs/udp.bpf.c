// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * UDP sockets of the network namespace that the iterator was opened in. UDP-Lite's are not among them: the
 * kernel leaves them out.
 */
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
	/* address family; from sock_common.skc_family */
	enum address_family family;
	/* TCP_ESTABLISHED if it is connected, otherwise TCP_CLOSE; from sock_common.skc_state */
	enum tcp_state state;
	/*
	 * the address it is bound to; 0.0.0.0 or :: for any; never None; from sock_common.skc_rcv_saddr,
	 * sock_common.skc_v6_rcv_saddr
	 */
	rec_ip local_addr;
	/* the port it is bound to, or 0 [port]; from sock_common.skc_num */
	rec_port local_port;
	/* the peer's port, or 0 [port]; from sock_common.skc_dport */
	rec_port remote_port;
	/*
	 * the peer's address; 0.0.0.0 or :: without a peer; never None; from sock_common.skc_daddr,
	 * sock_common.skc_v6_daddr
	 */
	rec_ip remote_addr;
	/* its owner, in the user namespace of whoever opened the iterator [id]; from bpf_iter__udp.uid */
	__u32 uid;
	/*
	 * its inode, as in socket:[N] of /proc/PID/fd; 0 without a file [inode number]; from sock.sk_socket
	 * and inode.i_ino, or sock.sk_ino
	 */
	__u64 inode;
	/*
	 * the number that SO_COOKIE gives, unique until the next boot; None before Linux 5.12 if nobody has
	 * asked for it [id]; from sock_common.skc_cookie
	 */
	rec_opt_u64 cookie;
	/* the network namespace it is in [inode number]; from sock_common.skc_net and ns_common.inum */
	__u32 netns;
	/*
	 * index of the device it is bound to (SO_BINDTODEVICE), or 0 [id]; from sock_common.skc_bound_dev_if
	 */
	__u32 ifindex;
	/* SO_MARK, which routing and firewall rules may look at [number]; from sock.sk_mark */
	__u32 mark;
	/* SO_REUSEADDR is set; from sock_common.skc_reuse */
	bool reuse_addr;
	/* SO_REUSEPORT is set; from sock_common.skc_reuseport */
	bool reuse_port;
	/*
	 * memory of datagrams that it hasn't read yet, as the kernel accounts for it; from sock.sk_backlog,
	 * udp_sock.forward_deficit
	 */
	rec_bytes_count rx_queue;
	/* memory of datagrams that haven't left the machine yet; from sock.sk_wmem_alloc */
	rec_bytes_count tx_queue;
	/*
	 * datagrams that were dropped because it had no room [datagrams]; from sock.sk_drops,
	 * sock.sk_drop_counters
	 */
	__u32 drops;
	/*
	 * its place in the hash table that is walked, which may differ from that in /proc/net/udp [number];
	 * from bpf_iter__udp.bucket
	 */
	__s32 bucket;
};
RECORD(udp_record);

#define SET(column, value) PUT(udp_record, row, turn, column, value)

static __always_inline void fill(struct udp_sock *trusted, struct bpf_iter__udp *ctx, void *row,
				 enum turn turn)
{
	struct udp_sock *udp = PLAIN(udp_sock, trusted);
	struct sock *sk = &udp->inet.sk;
	struct sock_common *common = &sk->__sk_common;

	SET(cookie, sock_cookie(&trusted->inet.sk.__sk_common));
	SET(family, common->skc_family);
	SET(state, common->skc_state);
	if (WANTED(udp_record, turn, local_addr))
		sock_local_addr((void *)COLUMN(udp_record, row, local_addr), common);
	if (WANTED(udp_record, turn, remote_addr))
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
	if (WANTED(udp_record, turn, rx_queue)) {
		/* rmem still includes forward_deficit bytes that were read; both may change in between. */
		__s64 unread = sock_rmem(sk) - udp->forward_deficit;

		SET(rx_queue, unread > 0 ? unread : 0);
	}
	SET(tx_queue, sock_wmem(sk));
	SET(drops, sock_drops(sk));
	SET(bucket, ctx->bucket);
}

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
	struct udp_slot slot = {
		.meta = ctx->meta,
		.uid = ctx->uid,
		.record = &record,
	};
	struct output out;

	if (!udp)
		return 0;
	slot.udp_sk = PLAIN(udp_sock, udp);
	__builtin_memset(&record, 0, sizeof(record));
	if (query_used)
		fill(udp, ctx, &record, FIRST);
	if (!query_keeps(&slot))
		return 0;
	fill(udp, ctx, &record, THEN);

	out = output_begin(ctx->meta->seq);
	output_record(&out, &slot, sizeof(record));
	return output_end(&out);
}
