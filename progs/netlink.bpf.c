// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Netlink sockets of the network namespace that the iterator was opened in, the kernel's own included. */
#include "sock.h"
#include "emit.h"

char _license[] SEC("license") = "Dual BSD/GPL";

struct bpf_iter__netlink {
	struct bpf_iter_meta *meta;
	struct netlink_sock *sk;
} __attribute__((preserve_access_index));

/* include/uapi/linux/netlink.h, NETLINK_* */
enum netlink_protocol {
	NETLINK_ROUTE = 0,
	NETLINK_UNUSED = 1,
	NETLINK_USERSOCK = 2,
	NETLINK_FIREWALL = 3,
	NETLINK_SOCK_DIAG = 4,
	NETLINK_NFLOG = 5,
	NETLINK_XFRM = 6,
	NETLINK_SELINUX = 7,
	NETLINK_ISCSI = 8,
	NETLINK_AUDIT = 9,
	NETLINK_FIB_LOOKUP = 10,
	NETLINK_CONNECTOR = 11,
	NETLINK_NETFILTER = 12,
	NETLINK_IP6_FW = 13,
	NETLINK_DNRTMSG = 14,
	NETLINK_KOBJECT_UEVENT = 15,
	NETLINK_GENERIC = 16,
	NETLINK_SCSITRANSPORT = 18,
	NETLINK_ECRYPTFS = 19,
	NETLINK_RDMA = 20,
	NETLINK_CRYPTO = 21,
	NETLINK_SMC = 22,
};

struct netlink_record {
	/* the netlink family; from sock.sk_protocol */
	enum netlink_protocol protocol;
	/*
	 * its netlink address: 0 for the kernel's socket, otherwise often the pid of the process that opened
	 * it [id]; from netlink_sock.portid
	 */
	__u32 portid;
	/* the multicast groups that it listens to, of the first 32 [mask]; from netlink_sock.groups */
	__u32 groups;
	/* the address it is connected to, or 0 [id]; from netlink_sock.dst_portid */
	__u32 dst_portid;
	/* the multicast group it sends to, from 1, or 0 [id]; from netlink_sock.dst_group */
	__u32 dst_group;
	/* the network namespace it is in [inode number]; from sock_common.skc_net and ns_common.inum */
	__u32 netns;
	/*
	 * its inode, as in socket:[N] of /proc/PID/fd; 0 for the kernel's [inode number]; from sock.sk_socket
	 * and inode.i_ino, or sock.sk_ino
	 */
	__u64 inode;
	/*
	 * the number that SO_COOKIE gives, unique until the next boot; None before Linux 5.12 if nobody has
	 * asked for it [id]; from sock_common.skc_cookie
	 */
	rec_opt_u64 cookie;
	/* memory of messages that it hasn't read yet, Rmem of /proc/net/netlink; from sock.sk_backlog */
	rec_bytes_count rx_queue;
	/*
	 * memory of messages that it has sent and that aren't delivered yet, Wmem of /proc/net/netlink; from
	 * sock.sk_wmem_alloc
	 */
	rec_bytes_count tx_queue;
	/*
	 * messages that were dropped because it had no room [messages]; from sock.sk_drops,
	 * sock.sk_drop_counters
	 */
	__u32 drops;
	/* references to it [references]; from sock_common.skc_refcnt */
	__u32 refs;
	/* it has an address; from netlink_sock.bound */
	bool bound;
	/* a dump, an answer in several parts, is in progress; from netlink_sock.cb_running */
	bool dumping;
};
RECORD(netlink_record);

struct netlink_slot {
	struct bpf_iter_meta *meta;
	struct netlink_sock *sk;
	struct netlink_record *record;
	void *result;
};
SLOT(netlink_slot)

SEC("iter/netlink")
int dump_netlink(struct bpf_iter__netlink *ctx)
{
	struct netlink_sock *nlk = ctx->sk;
	const unsigned long *group_words;
	struct netlink_record record;
	struct sock_common *common;
	unsigned long groups = 0;
	struct netlink_slot slot = { .meta = ctx->meta, .sk = ctx->sk, .record = &record };
	struct output out;
	struct sock *sk;

	if (!nlk)
		return 0;
	sk = &nlk->sk;
	common = &sk->__sk_common;

	__builtin_memset(&record, 0, sizeof(record));
	record.protocol = sk->sk_protocol;
	record.portid = nlk->portid;
	group_words = nlk->groups;
	if (group_words && nlk->ngroups)
		bpf_probe_read_kernel(&groups, sizeof(groups), group_words);
	record.groups = groups;
	record.dst_portid = nlk->dst_portid;
	record.dst_group = nlk->dst_group;
	record.netns = sock_netns(common);
	record.inode = sock_inode(sk);
	record.cookie = sock_cookie(common);
	record.rx_queue = sock_rmem(sk);
	record.tx_queue = sock_wmem(sk);
	record.drops = sock_drops(sk);
	record.refs = common->skc_refcnt.refs.counter;
	record.bound = nlk->bound;
	record.dumping = nlk->cb_running;

	out = output_begin(ctx->meta->seq);
	if (query_keeps(&slot))
		output_record(&out, &slot, sizeof(record));
	return output_end(&out);
}
