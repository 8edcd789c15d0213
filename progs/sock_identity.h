/* SPDX-License-Identifier: BSD-2-Clause */
/* Which socket it is: the columns of the two targets that show sockets in maps. */
#ifndef LIBBPF_ITER_SOCK_IDENTITY_H
#define LIBBPF_ITER_SOCK_IDENTITY_H

#include "sock.h"

struct sock___uid {
	kuid_t sk_uid;
} __attribute__((preserve_access_index));

/* The members, for a record to begin with: they are columns of its own. */
#define SOCK_IDENTITY												\
	/* address family, of include/linux/socket.h [AF_*]; from sock_common.skc_family */			\
	__u32 family;												\
	/* transport protocol, of include/uapi/linux/in.h [IPPROTO_*]; from sock.sk_protocol */			\
	__u32 protocol;												\
	/* type of socket, of include/linux/net.h [SOCK_*]; from sock.sk_type */				\
	__u32 type;												\
	/* its state; protocols other than TCP use only some of them; from sock_common.skc_state */		\
	enum tcp_state state;											\
	/*													\
	 * the address it is bound to; 0.0.0.0 or :: for any; None if it is neither IPv4 nor IPv6; from		\
	 * sock_common.skc_rcv_saddr, sock_common.skc_v6_rcv_saddr						\
	 */													\
	rec_ip local_addr;											\
	/*													\
	 * the peer's address; 0.0.0.0 or :: without a peer; None if it is neither IPv4 nor IPv6; from		\
	 * sock_common.skc_daddr, sock_common.skc_v6_daddr							\
	 */													\
	rec_ip remote_addr;											\
	/* the port it is bound to, or 0 [port]; from sock_common.skc_num */					\
	rec_port local_port;											\
	/* the peer's port, or 0 [port]; from sock_common.skc_dport */						\
	rec_port remote_port;											\
	/* who owns it, in the initial user namespace [id]; from sock.sk_uid */					\
	__u32 uid;												\
	/*													\
	 * its inode, as in socket:[N] of /proc/PID/fd; 0 without a file [inode number]; from sock.sk_socket	\
	 * and inode.i_ino, or sock.sk_ino									\
	 */													\
	__u64 inode;												\
	/*													\
	 * the number that SO_COOKIE gives, unique until the next boot; None before Linux 5.12 if nobody has	\
	 * asked for it [id]; from sock_common.skc_cookie							\
	 */													\
	rec_opt_u64 cookie;											\
	/* the network namespace it is in [inode number]; from sock_common.skc_net and ns_common.inum */	\
	__u32 netns;												\
	/*													\
	 * index of the device it is bound to (SO_BINDTODEVICE), or 0 [id]; from sock_common.skc_bound_dev_if	\
	 */													\
	__u32 ifindex

#define SOCK_IDENTITY_FILL(record, sk)                                         \
	do {                                                                   \
		struct sock_common *common = &(sk)->__sk_common;               \
		(record)->family = common->skc_family;                         \
		(record)->protocol = (sk)->sk_protocol;                        \
		(record)->type = (sk)->sk_type;                                \
		(record)->state = common->skc_state;                           \
		if (common->skc_family == AF_INET || common->skc_family == AF_INET6) { \
			sock_local_addr(&(record)->local_addr, common);        \
			sock_remote_addr(&(record)->remote_addr, common);      \
			(record)->local_port = common->skc_num;                \
			(record)->remote_port = bpf_ntohs(common->skc_dport);  \
		}                                                              \
		(record)->uid = ((struct sock___uid *)(sk))->sk_uid.val;       \
		(record)->inode = sock_inode(sk);                              \
		(record)->cookie = sock_cookie(common);                        \
		(record)->netns = sock_netns(common);                          \
		(record)->ifindex = common->skc_bound_dev_if;                  \
	} while (0)

#endif
