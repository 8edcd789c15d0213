/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's types of sockets and routes; kernel.h says how to read them. */
#ifndef LIBBPF_ITER_KERNEL_NET_H
#define LIBBPF_ITER_KERNEL_NET_H

#include "kernel.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* ---- small things ------------------------------------------------------- */

struct in6_addr {
	union {
		__be32 u6_addr32[4];
	} in6_u;
};

struct timer_list {
	struct {
		void *pprev; /* NULL while the timer is not armed */
	} entry;
	unsigned long expires;
};

struct possible_net {
	struct net *net;
};

struct net_refcount {
	struct {
		int counter;
	} refs;
};

struct net_counter {
	int counter;
};

struct net_device {
	char name[16];
	int ifindex;
	struct possible_net nd_net;
};

/* ---- sockets ------------------------------------------------------------ */

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	unsigned char skc_state;
	unsigned char skc_reuse : 4;
	unsigned char skc_reuseport : 1;
	int skc_bound_dev_if;
	struct possible_net skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	struct {
		__s64 counter;
	} skc_cookie;
	struct sock *skc_listener;
	struct net_refcount skc_refcnt;
};

struct socket {
	struct file *file;
};

struct socket_alloc {
	struct socket socket;
	struct inode vfs_inode;
};

struct sk_buff {
	struct sk_buff *next;
	unsigned int len;
	char cb[48];
};

struct sk_buff_head {
	struct sk_buff *next;
	__u32 qlen;
};

/* From 6.18: for sockets that drop packets on many CPUs at a time. */
struct numa_drop_counters {
	struct net_counter drops0;
	struct net_counter drops1;
};

struct sock {
	struct sock_common __sk_common;
	struct net_counter sk_drops;
	struct numa_drop_counters *sk_drop_counters;
	struct sk_buff_head sk_receive_queue;
	struct {
		struct net_counter rmem_alloc;
	} sk_backlog;
	struct socket *sk_socket;
	struct net_refcount sk_wmem_alloc;
	struct timer_list sk_timer;
	__u32 sk_mark;
	__u16 sk_protocol;
	__u16 sk_type;
	__u8 sk_shutdown;
	__u32 sk_ack_backlog;
	__u32 sk_max_ack_backlog;
	unsigned long sk_ino; /* from 6.17 */
};

/* From 6.19: TCP's retransmission timer is here, and sk_timer's place is shared. */
struct sock___new {
	struct timer_list tcp_retransmit_timer;
};

struct inet_sock {
	struct sock sk;
};

/* ---- TCP ---------------------------------------------------------------- */

struct tcp_congestion_ops {
	char name[16];
};

struct inet_connection_sock {
	struct inet_sock icsk_inet;
	struct timer_list icsk_retransmit_timer;
	__u32 icsk_rto;
	const struct tcp_congestion_ops *icsk_ca_ops;
	__u8 icsk_retransmits;
	__u8 icsk_pending;
};

/* Until 6.15: the time that the timer is set for, while the timer may go off early. */
struct inet_connection_sock___old {
	unsigned long icsk_timeout;
};

/* From 6.19: no longer in sk_timer. */
struct inet_connection_sock___new {
	struct timer_list icsk_keepalive_timer;
};

struct tcp_sock {
	struct inet_connection_sock inet_conn;
	__u32 snd_wnd;
	__u32 rcv_wnd;
	__u32 mss_cache;
	__u32 snd_cwnd;
	__u32 snd_ssthresh;
	__u32 copied_seq;
	__u32 rcv_nxt;
	__u32 snd_una;
	__u32 write_seq;
	__u32 srtt_us;
	__u32 mdev_us;
	__u32 segs_in;
	__u32 segs_out;
	__u32 total_retrans;
	__u64 bytes_acked;
	__u64 bytes_received;
	__u64 bytes_sent;
};

struct inet_timewait_sock {
	struct sock_common __tw_common;
	__u32 tw_mark;
	unsigned char tw_substate;
	struct timer_list tw_timer;
};

struct tcp_timewait_sock {
	struct inet_timewait_sock tw_sk;
};

struct request_sock {
	struct sock_common __req_common;
	__u8 num_retrans;
	struct timer_list rsk_timer;
};

struct inet_request_sock {
	struct request_sock req;
	__u32 ir_mark;
};

struct tcp_request_sock {
	struct inet_request_sock req;
};

/* ---- UDP ---------------------------------------------------------------- */

struct udp_sock {
	struct inet_sock inet;
	int forward_deficit;
};

/* ---- unix --------------------------------------------------------------- */

struct sockaddr_un {
	unsigned short sun_family;
	char sun_path[108];
};

struct unix_address {
	int len;
	struct sockaddr_un name[0];
};

struct unix_sock {
	struct sock sk;
	struct unix_address *addr;
	struct sock *peer;
	int inq_len; /* from 6.17 */
};

struct unix_skb_parms {
	__u32 consumed;
};

/* ---- netlink ------------------------------------------------------------ */

struct netlink_sock {
	struct sock sk;
	__u32 portid;
	__u32 dst_portid;
	__u32 dst_group;
	__u32 ngroups;
	unsigned long *groups;
	bool bound;
	bool cb_running;
};

/* ---- routes ------------------------------------------------------------- */

struct fib_nh_common {
	struct net_device *nhc_dev;
	__u8 nhc_gw_family;
	union {
		__be32 ipv4;
		struct in6_addr ipv6;
	} nhc_gw;
};

struct fib6_nh {
	struct fib_nh_common nh_common;
};

struct nh_grp_entry {
	struct nexthop *nh;
};

struct nh_group {
	struct nh_grp_entry nh_entries[0];
};

struct nh_info {
	struct fib_nh_common fib_nhc;
};

struct nexthop {
	__u32 id;
	bool is_group;
	struct nh_info *nh_info;
	struct nh_group *nh_grp;
};

struct fib6_table {
	__u32 tb6_id;
};

struct rt6key {
	struct in6_addr addr;
	int plen;
};

struct fib6_info {
	struct fib6_table *fib6_table;
	struct net_refcount fib6_ref;
	unsigned long expires;
	struct rt6key fib6_dst;
	__u32 fib6_flags;
	struct rt6key fib6_src;
	__u32 fib6_metric;
	__u8 fib6_protocol;
	__u8 fib6_type;
	struct nexthop *nh;
	struct fib6_nh fib6_nh[0];
};

#pragma clang attribute pop

#endif
