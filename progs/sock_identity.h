/* SPDX-License-Identifier: BSD-2-Clause */
/* Which socket it is: the columns of the two targets that show sockets in maps. */
#ifndef LIBBPF_ITER_SOCK_IDENTITY_H
#define LIBBPF_ITER_SOCK_IDENTITY_H

#include "sock.h"

struct sock___uid {
	kuid_t sk_uid;
} __attribute__((preserve_access_index));

/* The members, for a record to begin with: they are columns of its own. */
#define SOCK_IDENTITY                                                          \
	__u32 family; /* AF_*, of include/linux/socket.h */                    \
	__u32 protocol; /* IPPROTO_*, of include/uapi/linux/in.h */            \
	__u32 type; /* SOCK_*, of include/linux/net.h */                       \
	enum tcp_state state;                                                  \
	rec_ip local_addr;                                                     \
	rec_ip remote_addr;                                                    \
	rec_port local_port;                                                   \
	rec_port remote_port;                                                  \
	__u32 uid;                                                             \
	__u64 inode;                                                           \
	rec_opt_u64 cookie;                                                    \
	__u32 netns; /* inode number */                                        \
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
