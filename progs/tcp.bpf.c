// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* TCP sockets of the network namespace that the iterator was opened in, with or without a file. */
#include "sock.h"
#include "emit.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* include/net/inet_connection_sock.h */
#define ICSK_TIME_RETRANS 1
#define ICSK_TIME_PROBE0 3
#define ICSK_TIME_LOSS_PROBE 5
#define ICSK_TIME_REO_TIMEOUT 6

#define TCP_INFINITE_SSTHRESH 0x7fffffff

struct bpf_iter__tcp {
	struct bpf_iter_meta *meta;
	struct sock_common *sk_common;
	__u32 uid;
} __attribute__((preserve_access_index));

/* As /proc/net/tcp numbers them. */
enum tcp_timer {
	TIMER_OFF = 0,
	TIMER_RETRANSMIT = 1,
	TIMER_KEEPALIVE = 2,
	TIMER_TIMEWAIT = 3,
	TIMER_PROBE = 4,
};

/*
 * In TCP_TIME_WAIT (also FIN_WAIT2 once the file is closed) and TCP_NEW_SYN_RECV, the kernel has a smaller
 * struct in place of a socket: what that lacks is None, or 0 if there can't be any.
 */
struct tcp_record {
	/* address family; from sock_common.skc_family */
	enum address_family family;
	/* connection state; from sock_common.skc_state, inet_timewait_sock.tw_substate */
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
	/*
	 * its owner, in the user namespace of whoever opened the iterator; a request has the owner of its
	 * listener; None for TIME_WAIT [id]; from bpf_iter__tcp.uid
	 */
	rec_opt_u32 uid;
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
	/* received but not read yet; 0 for a listener; from tcp_sock.rcv_nxt, tcp_sock.copied_seq */
	rec_bytes_count rx_queue;
	/* written but not acknowledged yet; 0 for a listener; from tcp_sock.write_seq, tcp_sock.snd_una */
	rec_bytes_count tx_queue;
	/*
	 * connections that wait for accept(); None if it isn't listening [connections]; from
	 * sock.sk_ack_backlog
	 */
	rec_opt_u32 backlog;
	/*
	 * how many of them may wait; None if it isn't listening [connections]; from sock.sk_max_ack_backlog
	 */
	rec_opt_u32 backlog_max;
	/*
	 * the timer that fires next, numbered as in /proc/net/tcp; from inet_connection_sock.icsk_pending,
	 * sock.sk_timer
	 */
	enum tcp_timer timer;
	/*
	 * time left until it fires, in whole ticks of the kernel; None without a timer; from
	 * timer_list.expires
	 */
	rec_opt_ns timer_expires_ns;
	/*
	 * the name of its congestion control; empty for TIME_WAIT and for a request; from
	 * tcp_congestion_ops.name
	 */
	char congestion[16];
	/* congestion window; None for TIME_WAIT and for a request [packets]; from tcp_sock.snd_cwnd */
	rec_opt_u32 cwnd;
	/*
	 * slow start threshold; None if it has none yet, for TIME_WAIT and for a request [packets]; from
	 * tcp_sock.snd_ssthresh
	 */
	rec_opt_u32 ssthresh;
	/* smoothed round-trip time; None for TIME_WAIT and for a request; from tcp_sock.srtt_us */
	rec_opt_ns srtt_ns;
	/* its mean deviation; None for TIME_WAIT and for a request; from tcp_sock.mdev_us */
	rec_opt_ns rttvar_ns;
	/* retransmission timeout; None for TIME_WAIT and for a request; from inet_connection_sock.icsk_rto */
	rec_opt_ns rto_ns;
	/*
	 * how many timeouts in a row went unanswered [timeouts]; from inet_connection_sock.icsk_retransmits
	 */
	__u32 retransmits;
	/*
	 * segments sent again, in total; None for TIME_WAIT and for a request [segments]; from
	 * tcp_sock.total_retrans
	 */
	rec_opt_u32 total_retrans;
	/* sent and acknowledged; None for TIME_WAIT and for a request; from tcp_sock.bytes_acked */
	rec_opt_bytes_count bytes_acked;
	/* received in order; None for TIME_WAIT and for a request; from tcp_sock.bytes_received */
	rec_opt_bytes_count bytes_received;
	/* sent, retransmissions included; None for TIME_WAIT and for a request; from tcp_sock.bytes_sent */
	rec_opt_bytes_count bytes_sent;
	/* segments received; None for TIME_WAIT and for a request [segments]; from tcp_sock.segs_in */
	rec_opt_u32 segs_in;
	/* segments sent; None for TIME_WAIT and for a request [segments]; from tcp_sock.segs_out */
	rec_opt_u32 segs_out;
	/*
	 * the largest segment that it currently sends; None for TIME_WAIT and for a request [bytes]; from
	 * tcp_sock.mss_cache
	 */
	rec_opt_u32 mss;
	/* the window that the peer offers; None for TIME_WAIT and for a request; from tcp_sock.snd_wnd */
	rec_opt_bytes_count32 snd_wnd;
	/*
	 * the window that it offers to the peer; None for TIME_WAIT and for a request; from tcp_sock.rcv_wnd
	 */
	rec_opt_bytes_count32 rcv_wnd;
};
RECORD(tcp_record);

#define SET(column, value) PUT(tcp_record, row, turn, column, value)

static __always_inline void set_timer(void *row, enum turn turn, enum tcp_timer timer,
				      unsigned long expires)
{
	SET(timer, timer);
	SET(timer_expires_ns, jiffies_left(expires, host_tick_ns));
}

static __always_inline unsigned long retransmit_expires(const struct tcp_sock *tp)
{
	const struct inet_connection_sock___old *old = (const void *)tp;
	const struct sock___new *new = (const void *)tp;

	if (bpf_core_field_exists(old->icsk_timeout))
		return old->icsk_timeout;
	if (bpf_core_field_exists(new->tcp_retransmit_timer))
		return new->tcp_retransmit_timer.expires;
	return tp->inet_conn.icsk_retransmit_timer.expires;
}

static __always_inline void fill_timer(void *row, enum turn turn, const struct tcp_sock *tp)
{
	const struct inet_connection_sock___new *new = (const void *)tp;
	const struct timer_list *keepalive;
	__u8 pending = tp->inet_conn.icsk_pending;

	if (pending == ICSK_TIME_RETRANS || pending == ICSK_TIME_REO_TIMEOUT ||
	    pending == ICSK_TIME_LOSS_PROBE) {
		set_timer(row, turn, TIMER_RETRANSMIT, retransmit_expires(tp));
		return;
	}
	if (pending == ICSK_TIME_PROBE0) {
		set_timer(row, turn, TIMER_PROBE, retransmit_expires(tp));
		return;
	}
	if (bpf_core_field_exists(new->icsk_keepalive_timer))
		keepalive = &new->icsk_keepalive_timer;
	else
		keepalive = &tp->inet_conn.icsk_inet.sk.sk_timer;
	if (keepalive->entry.pprev)
		set_timer(row, turn, TIMER_KEEPALIVE, keepalive->expires);
}

static __always_inline void fill_tcp(void *row, enum turn turn, const struct tcp_sock *tp)
{
	const struct inet_connection_sock *icsk = &tp->inet_conn;
	const struct sock *sk = &icsk->icsk_inet.sk;

	SET(inode, sock_inode(sk));
	SET(mark, sk->sk_mark);
	if (sk->__sk_common.skc_state == TCP_LISTEN) {
		SET(backlog, sk->sk_ack_backlog);
		SET(backlog_max, sk->sk_max_ack_backlog);
	} else {
		__s32 unread = tp->rcv_nxt - tp->copied_seq;

		/* Negative if there is a FIN that rcv_nxt doesn't count yet. */
		SET(rx_queue, unread > 0 ? unread : 0);
		SET(tx_queue, (__u32)(tp->write_seq - tp->snd_una));
	}
	fill_timer(row, turn, tp);
	PUT_TEXT(tcp_record, row, turn, congestion, icsk->icsk_ca_ops->name);
	SET(cwnd, tp->snd_cwnd);
	SET(ssthresh, tp->snd_ssthresh < TCP_INFINITE_SSTHRESH ? tp->snd_ssthresh : NONE_U32);
	SET(srtt_ns, (__u64)(tp->srtt_us >> 3) * 1000);
	SET(rttvar_ns, (__u64)(tp->mdev_us >> 2) * 1000);
	SET(rto_ns, (__u64)icsk->icsk_rto * host_tick_ns);
	SET(retransmits, icsk->icsk_retransmits);
	SET(total_retrans, tp->total_retrans);
	SET(bytes_acked, tp->bytes_acked);
	SET(bytes_received, tp->bytes_received);
	SET(bytes_sent, tp->bytes_sent);
	SET(segs_in, tp->segs_in);
	SET(segs_out, tp->segs_out);
	SET(mss, tp->mss_cache);
	SET(snd_wnd, tp->snd_wnd);
	SET(rcv_wnd, tp->rcv_wnd);
}

static __always_inline void fill_none(void *row, enum turn turn)
{
	SET(backlog, NONE_U32);
	SET(backlog_max, NONE_U32);
	SET(timer_expires_ns, NONE_U64);
	SET(cwnd, NONE_U32);
	SET(ssthresh, NONE_U32);
	SET(srtt_ns, NONE_U64);
	SET(rttvar_ns, NONE_U64);
	SET(rto_ns, NONE_U64);
	SET(total_retrans, NONE_U32);
	SET(bytes_acked, NONE_U64);
	SET(bytes_received, NONE_U64);
	SET(bytes_sent, NONE_U64);
	SET(segs_in, NONE_U32);
	SET(segs_out, NONE_U32);
	SET(mss, NONE_U32);
	SET(snd_wnd, NONE_U32);
	SET(rcv_wnd, NONE_U32);
}

/* The columns of a socket of any kind, some of which only one kind has. */
static __always_inline void fill(struct sock_common *sk, __u32 uid, void *row, enum turn turn)
{
	struct sock_common *common = PLAIN(sock_common, sk);
	struct tcp_timewait_sock *timewait;
	struct tcp_request_sock *request;
	struct tcp_sock *tp;

	SET(cookie, sock_cookie(sk));
	SET(family, common->skc_family);
	SET(state, common->skc_state);
	if (WANTED(tcp_record, turn, local_addr))
		sock_local_addr((void *)COLUMN(tcp_record, row, local_addr), common);
	if (WANTED(tcp_record, turn, remote_addr))
		sock_remote_addr((void *)COLUMN(tcp_record, row, remote_addr), common);
	SET(local_port, common->skc_num);
	SET(remote_port, bpf_ntohs(common->skc_dport));
	SET(uid, uid);
	SET(netns, sock_netns(common));
	SET(ifindex, common->skc_bound_dev_if);
	SET(reuse_addr, BPF_CORE_READ_BITFIELD(common, skc_reuse) != 0);
	SET(reuse_port, BPF_CORE_READ_BITFIELD(common, skc_reuseport));
	fill_none(row, turn);

	tp = bpf_skc_to_tcp_sock(sk);
	if (tp) {
		fill_tcp(row, turn, PLAIN(tcp_sock, tp));
		return;
	}
	timewait = bpf_skc_to_tcp_timewait_sock(sk);
	if (timewait) {
		SET(uid, NONE_U32);
		SET(state, timewait->tw_sk.tw_substate);
		SET(mark, timewait->tw_sk.tw_mark);
		set_timer(row, turn, TIMER_TIMEWAIT, timewait->tw_sk.tw_timer.expires);
		return;
	}
	request = bpf_skc_to_tcp_request_sock(sk);
	if (request) {
		SET(mark, request->req.ir_mark);
		SET(retransmits, request->req.req.num_retrans);
		set_timer(row, turn, TIMER_RETRANSMIT, request->req.req.rsk_timer.expires);
	}
}

struct tcp_slot {
	struct bpf_iter_meta *meta;
	struct sock_common *sk_common;
	__u32 uid;
	struct tcp_record *record;
	void *result;
};
SLOT(tcp_slot)

SEC("iter/tcp")
int dump_tcp(struct bpf_iter__tcp *ctx)
{
	struct sock_common *sk = ctx->sk_common;
	struct tcp_record record;
	struct tcp_slot slot = {
		.meta = ctx->meta,
		.uid = ctx->uid,
		.record = &record,
	};
	struct output out;

	if (!sk)
		return 0;
	slot.sk_common = PLAIN(sock_common, sk);
	__builtin_memset(&record, 0, sizeof(record));
	if (query_used)
		fill(sk, ctx->uid, &record, FIRST);
	if (!query_keeps(&slot))
		return 0;
	fill(sk, ctx->uid, &record, THEN);

	out = output_begin(ctx->meta->seq);
	output_record(&out, &slot, sizeof(record));
	return output_end(&out);
}
