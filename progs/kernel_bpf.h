/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's types of BPF objects; kernel.h says how to read them. */
#ifndef LIBBPF_ITER_KERNEL_BPF_H
#define LIBBPF_ITER_KERNEL_BPF_H

#include "kernel.h"

/*
 * As of Linux 6.18. Without the prefix BPF_, since the <linux/bpf.h> of the machine that compiles already
 * defines the full names, and its lists may be older.
 */
enum map_type {
	MAP_TYPE_UNSPEC = 0,
	MAP_TYPE_HASH = 1,
	MAP_TYPE_ARRAY = 2,
	MAP_TYPE_PROG_ARRAY = 3,
	MAP_TYPE_PERF_EVENT_ARRAY = 4,
	MAP_TYPE_PERCPU_HASH = 5,
	MAP_TYPE_PERCPU_ARRAY = 6,
	MAP_TYPE_STACK_TRACE = 7,
	MAP_TYPE_CGROUP_ARRAY = 8,
	MAP_TYPE_LRU_HASH = 9,
	MAP_TYPE_LRU_PERCPU_HASH = 10,
	MAP_TYPE_LPM_TRIE = 11,
	MAP_TYPE_ARRAY_OF_MAPS = 12,
	MAP_TYPE_HASH_OF_MAPS = 13,
	MAP_TYPE_DEVMAP = 14,
	MAP_TYPE_SOCKMAP = 15,
	MAP_TYPE_CPUMAP = 16,
	MAP_TYPE_XSKMAP = 17,
	MAP_TYPE_SOCKHASH = 18,
	MAP_TYPE_CGROUP_STORAGE = 19,
	MAP_TYPE_REUSEPORT_SOCKARRAY = 20,
	MAP_TYPE_PERCPU_CGROUP_STORAGE = 21,
	MAP_TYPE_QUEUE = 22,
	MAP_TYPE_STACK = 23,
	MAP_TYPE_SK_STORAGE = 24,
	MAP_TYPE_DEVMAP_HASH = 25,
	MAP_TYPE_STRUCT_OPS = 26,
	MAP_TYPE_RINGBUF = 27,
	MAP_TYPE_INODE_STORAGE = 28,
	MAP_TYPE_TASK_STORAGE = 29,
	MAP_TYPE_BLOOM_FILTER = 30,
	MAP_TYPE_USER_RINGBUF = 31,
	MAP_TYPE_CGRP_STORAGE = 32,
	MAP_TYPE_ARENA = 33,
};

enum prog_type {
	PROG_TYPE_UNSPEC = 0,
	PROG_TYPE_SOCKET_FILTER = 1,
	PROG_TYPE_KPROBE = 2,
	PROG_TYPE_SCHED_CLS = 3,
	PROG_TYPE_SCHED_ACT = 4,
	PROG_TYPE_TRACEPOINT = 5,
	PROG_TYPE_XDP = 6,
	PROG_TYPE_PERF_EVENT = 7,
	PROG_TYPE_CGROUP_SKB = 8,
	PROG_TYPE_CGROUP_SOCK = 9,
	PROG_TYPE_LWT_IN = 10,
	PROG_TYPE_LWT_OUT = 11,
	PROG_TYPE_LWT_XMIT = 12,
	PROG_TYPE_SOCK_OPS = 13,
	PROG_TYPE_SK_SKB = 14,
	PROG_TYPE_CGROUP_DEVICE = 15,
	PROG_TYPE_SK_MSG = 16,
	PROG_TYPE_RAW_TRACEPOINT = 17,
	PROG_TYPE_CGROUP_SOCK_ADDR = 18,
	PROG_TYPE_LWT_SEG6LOCAL = 19,
	PROG_TYPE_LIRC_MODE2 = 20,
	PROG_TYPE_SK_REUSEPORT = 21,
	PROG_TYPE_FLOW_DISSECTOR = 22,
	PROG_TYPE_CGROUP_SYSCTL = 23,
	PROG_TYPE_RAW_TRACEPOINT_WRITABLE = 24,
	PROG_TYPE_CGROUP_SOCKOPT = 25,
	PROG_TYPE_TRACING = 26,
	PROG_TYPE_STRUCT_OPS = 27,
	PROG_TYPE_EXT = 28,
	PROG_TYPE_LSM = 29,
	PROG_TYPE_SK_LOOKUP = 30,
	PROG_TYPE_SYSCALL = 31,
	PROG_TYPE_NETFILTER = 32,
};

enum attach_type {
	CGROUP_INET_INGRESS = 0,
	CGROUP_INET_EGRESS = 1,
	CGROUP_INET_SOCK_CREATE = 2,
	CGROUP_SOCK_OPS = 3,
	SK_SKB_STREAM_PARSER = 4,
	SK_SKB_STREAM_VERDICT = 5,
	CGROUP_DEVICE = 6,
	SK_MSG_VERDICT = 7,
	CGROUP_INET4_BIND = 8,
	CGROUP_INET6_BIND = 9,
	CGROUP_INET4_CONNECT = 10,
	CGROUP_INET6_CONNECT = 11,
	CGROUP_INET4_POST_BIND = 12,
	CGROUP_INET6_POST_BIND = 13,
	CGROUP_UDP4_SENDMSG = 14,
	CGROUP_UDP6_SENDMSG = 15,
	LIRC_MODE2 = 16,
	FLOW_DISSECTOR = 17,
	CGROUP_SYSCTL = 18,
	CGROUP_UDP4_RECVMSG = 19,
	CGROUP_UDP6_RECVMSG = 20,
	CGROUP_GETSOCKOPT = 21,
	CGROUP_SETSOCKOPT = 22,
	TRACE_RAW_TP = 23,
	TRACE_FENTRY = 24,
	TRACE_FEXIT = 25,
	MODIFY_RETURN = 26,
	LSM_MAC = 27,
	TRACE_ITER = 28,
	CGROUP_INET4_GETPEERNAME = 29,
	CGROUP_INET6_GETPEERNAME = 30,
	CGROUP_INET4_GETSOCKNAME = 31,
	CGROUP_INET6_GETSOCKNAME = 32,
	XDP_DEVMAP = 33,
	CGROUP_INET_SOCK_RELEASE = 34,
	XDP_CPUMAP = 35,
	SK_LOOKUP = 36,
	XDP = 37,
	SK_SKB_VERDICT = 38,
	SK_REUSEPORT_SELECT = 39,
	SK_REUSEPORT_SELECT_OR_MIGRATE = 40,
	PERF_EVENT = 41,
	TRACE_KPROBE_MULTI = 42,
	LSM_CGROUP = 43,
	STRUCT_OPS = 44,
	NETFILTER = 45,
	TCX_INGRESS = 46,
	TCX_EGRESS = 47,
	TRACE_UPROBE_MULTI = 48,
	CGROUP_UNIX_CONNECT = 49,
	CGROUP_UNIX_SENDMSG = 50,
	CGROUP_UNIX_RECVMSG = 51,
	CGROUP_UNIX_GETPEERNAME = 52,
	CGROUP_UNIX_GETSOCKNAME = 53,
	NETKIT_PRIMARY = 54,
	NETKIT_PEER = 55,
	TRACE_KPROBE_SESSION = 56,
	TRACE_UPROBE_SESSION = 57,
};

enum link_type {
	LINK_TYPE_UNSPEC = 0,
	LINK_TYPE_RAW_TRACEPOINT = 1,
	LINK_TYPE_TRACING = 2,
	LINK_TYPE_CGROUP = 3,
	LINK_TYPE_ITER = 4,
	LINK_TYPE_NETNS = 5,
	LINK_TYPE_XDP = 6,
	LINK_TYPE_PERF_EVENT = 7,
	LINK_TYPE_KPROBE_MULTI = 8,
	LINK_TYPE_STRUCT_OPS = 9,
	LINK_TYPE_NETFILTER = 10,
	LINK_TYPE_TCX = 11,
	LINK_TYPE_UPROBE_MULTI = 12,
	LINK_TYPE_NETKIT = 13,
	LINK_TYPE_SOCKMAP = 14,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	long long counter;
} atomic64_t;

/* Private to kernel/bpf/btf.c. */
struct btf {
	void **types;
	const char *strings;
	__u32 id;
	__u32 start_id;
};

struct user_struct {
	kuid_t uid;
};

struct bpf_map {
	enum bpf_map_type map_type;
	__u32 key_size;
	__u32 value_size;
	__u32 max_entries;
	__u32 map_flags;
	__u32 id;
	__u32 btf_key_type_id;
	__u32 btf_value_type_id;
	__u32 btf_vmlinux_value_type_id;
	struct btf *btf;
	char name[16];
	atomic64_t refcnt;
	atomic64_t usercnt;
	bool frozen;
};

struct bpf_prog;

struct bpf_prog_aux {
	atomic64_t refcnt;
	__u32 used_map_cnt;
	__u32 id;
	__u32 attach_btf_id;
	__u32 verified_insns;
	__u64 load_time;
	const char *attach_func_name;
	struct user_struct *user;
	char name[16];
	struct btf *btf;
	struct bpf_func_info *func_info;
	struct bpf_prog **func;
	__u32 func_cnt;
};

struct bpf_prog {
	__u16 jited : 1;
	__u16 gpl_compatible : 1;
	enum bpf_prog_type type;
	enum bpf_attach_type expected_attach_type;
	__u32 len;
	__u32 jited_len;
	__u8 tag[8];
	struct bpf_prog_aux *aux;
};

struct bpf_link {
	atomic64_t refcnt;
	__u32 id;
	enum bpf_link_type type;
	struct bpf_prog *prog;
};

#pragma clang attribute pop

#endif
