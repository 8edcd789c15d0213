/* SPDX-License-Identifier: BSD-2-Clause */
/* What records of all sorts of sockets have in common. */
#ifndef LIBBPF_ITER_SOCK_H
#define LIBBPF_ITER_SOCK_H

#include "kernel_net.h"
#include "plain.h"
#include "record.h"

/* None for the rec_opt types. */
#define NONE_U32 ((rec_opt_u32)-1)
#define NONE_U64 ((rec_opt_u64)-1)

/* include/linux/socket.h, AF_* */
enum address_family {
	AF_INET = 2,
	AF_INET6 = 10,
};

/* include/net/tcp_states.h; other protocols use some of them as well */
enum tcp_state {
	TCP_ESTABLISHED = 1,
	TCP_SYN_SENT = 2,
	TCP_SYN_RECV = 3,
	TCP_FIN_WAIT1 = 4,
	TCP_FIN_WAIT2 = 5,
	TCP_TIME_WAIT = 6,
	TCP_CLOSE = 7,
	TCP_CLOSE_WAIT = 8,
	TCP_LAST_ACK = 9,
	TCP_LISTEN = 10,
	TCP_CLOSING = 11,
	TCP_NEW_SYN_RECV = 12,
};

static __always_inline void ip4_set(rec_ip *ip, __be32 addr)
{
	ip->family = AF_INET;
	ip->addr[0] = addr;
}

static __always_inline void ip6_set(rec_ip *ip, const struct in6_addr *addr)
{
	ip->family = AF_INET6;
	ip->addr[0] = addr->in6_u.u6_addr32[0];
	ip->addr[1] = addr->in6_u.u6_addr32[1];
	ip->addr[2] = addr->in6_u.u6_addr32[2];
	ip->addr[3] = addr->in6_u.u6_addr32[3];
}

static __always_inline void sock_local_addr(rec_ip *ip, const struct sock_common *sk)
{
	if (sk->skc_family == AF_INET)
		ip4_set(ip, sk->skc_rcv_saddr);
	else if (bpf_core_field_exists(sk->skc_v6_rcv_saddr))
		ip6_set(ip, &sk->skc_v6_rcv_saddr);
}

static __always_inline void sock_remote_addr(rec_ip *ip, const struct sock_common *sk)
{
	if (sk->skc_family == AF_INET)
		ip4_set(ip, sk->skc_daddr);
	else if (bpf_core_field_exists(sk->skc_v6_daddr))
		ip6_set(ip, &sk->skc_v6_daddr);
}

static __always_inline __u32 sock_netns(const struct sock_common *sk)
{
	return sk->skc_net.net->ns.inum;
}

/*
 * The kernel makes a socket's cookie when it is first asked for. Iterators can ask since Linux 5.12,
 * which a helper of that version tells; before that, some sockets have no cookie.
 */
static __always_inline rec_opt_u64 sock_cookie(struct sock_common *sk)
{
	__u64 cookie;

	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_check_mtu))
		return bpf_get_socket_cookie(sk);
	cookie = sk->skc_cookie.counter;
	return cookie ? cookie : NONE_U64;
}

static __always_inline __u64 sock_inode(const struct sock *sk)
{
	const struct socket_alloc *alloc;

	if (bpf_core_field_exists(sk->sk_ino))
		return sk->sk_ino;
	alloc = (const void *)sk->sk_socket; /* its first member */
	return alloc ? BPF_CORE_READ(alloc, vfs_inode.i_ino) : 0;
}

static __always_inline __u64 sock_rmem(const struct sock *sk)
{
	return sk->sk_backlog.rmem_alloc.counter;
}

/* One of them is the socket's reference to itself. */
static __always_inline __u64 sock_wmem(const struct sock *sk)
{
	return sk->sk_wmem_alloc.refs.counter - 1;
}

static __always_inline __u32 sock_drops(const struct sock *sk)
{
	const struct numa_drop_counters *counters;

	if (bpf_core_field_exists(sk->sk_drop_counters)) {
		counters = sk->sk_drop_counters;
		if (counters)
			return counters->drops0.counter + counters->drops1.counter;
	}
	return sk->sk_drops.counter;
}

/* Time left until a jiffy. */
static __always_inline rec_ns jiffies_left(unsigned long expires, __u32 tick_ns)
{
	__s64 ticks = expires - bpf_jiffies64();

	return ticks > 0 ? ticks * tick_ns : 0;
}

#endif
