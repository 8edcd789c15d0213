// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Unix sockets of the network namespace that the iterator was opened in. */
#include "sock.h"
#include "emit.h"

char _license[] SEC("license") = "Dual BSD/GPL";

#define SUN_PATH_MAX 108
#define PACKETS_MAX 256

struct bpf_iter__unix {
	struct bpf_iter_meta *meta;
	struct unix_sock *unix_sk;
	__u32 uid;
} __attribute__((preserve_access_index));

/* include/linux/net.h, SOCK_* */
enum sock_type {
	SOCK_STREAM = 1,
	SOCK_DGRAM = 2,
	SOCK_SEQPACKET = 5,
};

/* include/uapi/linux/net.h, SS_* */
enum socket_state {
	SS_FREE = 0,
	SS_UNCONNECTED = 1,
	SS_CONNECTING = 2,
	SS_CONNECTED = 3,
	SS_DISCONNECTING = 4,
};

/* include/uapi/linux/net.h, __SO_ACCEPTCON */
enum unix_flag {
	SO_ACCEPTCON = 0x10000,
};
DECLARE_FLAGS(unix_flag);

/* include/net/sock.h, *_SHUTDOWN */
enum sock_shutdown {
	RCV_SHUTDOWN = 1,
	SEND_SHUTDOWN = 2,
};
DECLARE_FLAGS(sock_shutdown);

struct unix_record {
	rec_size record_size;

	/* the type of the socket; from sock.sk_type */
	enum sock_type type;
	/* TCP_ESTABLISHED, TCP_LISTEN or TCP_CLOSE, as ss shows it; from sock_common.skc_state */
	enum tcp_state state;
	/* its state as /proc/net/unix shows it; from sock.sk_socket, sock_common.skc_state */
	enum socket_state socket_state;
	/* its flags as /proc/net/unix shows them; from sock_common.skc_state */
	FLAGS(unix_flag) flags;
	/* which directions are closed; from sock.sk_shutdown */
	FLAGS(sock_shutdown) shutdown;
	/*
	 * its inode, as in socket:[N] of /proc/PID/fd; 0 before accept() [inode number]; from sock.sk_socket
	 * and inode.i_ino, or sock.sk_ino
	 */
	__u64 inode;
	/* the inode of its peer; 0 without a peer [inode number]; from unix_sock.peer and inode.i_ino */
	__u64 peer_inode;
	/*
	 * the number that SO_COOKIE gives, unique until the next boot; None before Linux 5.12 if nobody has
	 * asked for it [id]; from sock_common.skc_cookie
	 */
	rec_opt_u64 cookie;
	/* its owner, in the user namespace of whoever opened the iterator [id]; from bpf_iter__unix.uid */
	__u32 uid;
	/* the network namespace it is in [inode number]; from sock_common.skc_net and ns_common.inum */
	__u32 netns;
	/*
	 * what it hasn't read yet, as SIOCINQ counts; None for more than 256 packets, which aren't counted;
	 * from unix_sock.inq_len, sk_buff.len
	 */
	rec_opt_bytes_count rx_queue;
	/* memory of what its peer hasn't read yet; from sock.sk_wmem_alloc */
	rec_bytes_count tx_queue;
	/*
	 * connections that wait for accept(); None if it isn't listening [connections]; from
	 * sk_buff_head.qlen
	 */
	rec_opt_u32 backlog;
	/*
	 * how many of them may wait; None if it isn't listening [connections]; from sock.sk_max_ack_backlog
	 */
	rec_opt_u32 backlog_max;
	/*
	 * references to it; since Linux 5.18 the walk's own included [references]; from
	 * sock_common.skc_refcnt
	 */
	__u32 refs;
	/* its path in the file system; None if it has none; from unix_sock.addr */
	rec_text path;
	/* its abstract address, without the leading NUL; None if it has none; from unix_sock.addr */
	rec_text abstract;
};
RECORD(unix_record);

static __always_inline __u64 packet_length(const struct sk_buff *skb)
{
	const void *consumed = skb->cb + bpf_core_field_offset(struct unix_skb_parms, consumed);

	return skb->len - *(const __u32 *)consumed;
}

static __always_inline __u64 receive_queue(const struct unix_sock *sk, __u16 type)
{
	const struct sk_buff *skb = sk->sk.sk_receive_queue.next;
	__u32 packets = sk->sk.sk_receive_queue.qlen;
	__u64 bytes = 0;

	if (type == SOCK_STREAM && bpf_core_field_exists(sk->inq_len))
		return sk->inq_len;
	if (!packets)
		return 0;
	if (type == SOCK_DGRAM)
		return skb->len;
	if (packets > PACKETS_MAX)
		return NONE_U64;
	for (__u32 i = 0; i < PACKETS_MAX && i < packets; i++) {
		bytes += packet_length(skb);
		skb = skb->next;
	}
	return bytes;
}

/* As net/unix/af_unix.c, unix_seq_show(), derives it for /proc/net/unix. */
static __always_inline enum socket_state socket_state(const struct sock *sk, enum tcp_state state)
{
	if (sk->sk_socket)
		return state == TCP_ESTABLISHED ? SS_CONNECTED : SS_UNCONNECTED;
	return state == TCP_ESTABLISHED ? SS_CONNECTING : SS_DISCONNECTING;
}

static __always_inline void fill(struct unix_record *record, struct unix_sock *sk, __u32 uid)
{
	struct sock_common *common = &sk->sk.__sk_common;
	const struct sock *peer = sk->peer;

	record->record_size = RECORD_BASE(*record);
	record->type = sk->sk.sk_type;
	record->state = common->skc_state;
	record->socket_state = socket_state(&sk->sk, record->state);
	record->shutdown = sk->sk.sk_shutdown;
	record->inode = sock_inode(&sk->sk);
	if (peer)
		record->peer_inode = sock_inode(peer);
	record->cookie = sock_cookie(common);
	record->uid = uid;
	record->netns = sock_netns(common);
	record->refs = common->skc_refcnt.refs.counter;
	if (record->state == TCP_LISTEN) {
		record->flags = SO_ACCEPTCON;
		record->backlog = sk->sk.sk_receive_queue.qlen;
		record->backlog_max = sk->sk.sk_max_ack_backlog;
	} else {
		record->rx_queue = receive_queue(sk, record->type);
		record->tx_queue = sock_wmem(&sk->sk);
		record->backlog = NONE_U32;
		record->backlog_max = NONE_U32;
	}
}

/* A path with its NUL behind it, or a NUL and an abstract name; returns the length without the NUL. */
static __always_inline __u32 read_name(struct unix_record *record, const struct unix_address *address,
				       char *name)
{
	__u32 length = address->len - sizeof(unsigned short) - 1; /* the family leads */
	bool abstract;

	if (length > SUN_PATH_MAX)
		length = 0;
	bpf_probe_read_kernel(name, 1, address->name[0].sun_path);
	abstract = !name[0];
	bpf_probe_read_kernel(name, length, address->name[0].sun_path + abstract);
	if (abstract)
		span_set(&record->abstract, &record->record_size, length);
	else
		span_set(&record->path, &record->record_size, length);
	return length;
}

struct unix_slot {
	struct bpf_iter_meta *meta;
	struct unix_sock *unix_sk;
	__u32 uid;
	struct unix_record *record;
	void *result;
	const char *path;
	const char *abstract;
};
SLOT(unix_slot)

SEC("iter/unix")
int dump_unix(struct bpf_iter__unix *ctx)
{
	struct unix_sock *sk = ctx->unix_sk;
	const struct unix_address *address;
	struct unix_record record = {};
	struct unix_slot slot = {
		.meta = ctx->meta,
		.unix_sk = ctx->unix_sk,
		.uid = ctx->uid,
		.record = &record,
	};
	struct output out;
	char name[SUN_PATH_MAX + 4] SLOT_TEXT = {};
	__u32 length = 0;

	if (!sk)
		return 0;
	fill(&record, sk, ctx->uid);
	address = sk->addr;
	if (address)
		length = read_name(&record, address, name);

	out = output_begin(ctx->meta->seq);
	slot.path = name;
	slot.abstract = name;
	if (query_keeps(&slot)) {
		output_record(&out, &slot, sizeof(record));
		if (length)
			output_put(&out, name, length);
	}
	return output_end(&out);
}
