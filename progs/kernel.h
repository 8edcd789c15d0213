/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's types, as far as the programs read them. CO-RE finds each member by name in the running
 * kernel's BTF, so their order, other members and sizes don't matter, and no vmlinux.h is needed. A member
 * that older kernels have under another name or type is declared in a struct with a ___suffix, which CO-RE
 * ignores when it looks for the struct.
 */
#ifndef LIBBPF_ITER_KERNEL_H
#define LIBBPF_ITER_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* ---- what every iterator program gets ----------------------------------- */

struct seq_file {
	void *private;
};

struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 session_id;
	__u64 seq_num;
};

/* ---- small things ------------------------------------------------------- */

typedef struct {
	__u32 val;
} kuid_t;

typedef struct {
	__u32 val;
} kgid_t;

struct ns_common {
	unsigned int inum;
};

struct qstr {
	__u32 len;
	const unsigned char *name;
};

struct list_head {
	struct list_head *next, *prev;
};

/* ---- files -------------------------------------------------------------- */

struct super_block {
	__u32 s_dev;
	unsigned long s_magic;
};

struct inode {
	unsigned short i_mode;
	unsigned long i_ino;
	long long i_size;
	__u32 i_rdev;
	struct super_block *i_sb;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
};

struct path {
	struct dentry *dentry;
};

struct file_operations;

struct file {
	struct path f_path;
	struct inode *f_inode;
	const struct file_operations *f_op;
	unsigned int f_flags;
	unsigned int f_mode;
	long long f_pos;
	void *private_data;
};

struct fdtable {
	unsigned int max_fds;
	unsigned long *open_fds;
};

struct files_struct {
	struct fdtable *fdt;
};

struct fs_struct {
	struct path pwd;
	struct path root;
};

/*
 * Iterators may call bpf_d_path() since Linux 5.12 (3d06f34aa89e), which also brought the iterator over
 * mappings; the helper itself is older.
 */
struct bpf_iter__task_vma___any {};
#define NEEDS_D_PATH NEEDS("bpf_iter__task_vma", "bpf_d_path() for iterators (since Linux 5.12)")
/* Programs with several functions are safe since the same version: libbpf_iter/workarounds.py. */
#define NEEDS_FUNCTIONS NEEDS("bpf_iter__task_vma", "safe calls inside of a BPF program (since Linux 5.12)")
#define HAS_D_PATH bpf_core_type_exists(struct bpf_iter__task_vma___any)

/* ---- namespaces --------------------------------------------------------- */

struct pid_namespace {
	struct ns_common ns;
	unsigned int level;
};

/* The private data of an iterator over tasks, their files or mappings: kernel/bpf/task_iter.c */
struct bpf_iter_seq_task_common {
	struct pid_namespace *ns;
};

struct mnt_namespace {
	struct ns_common ns;
};

struct uts_namespace {
	struct ns_common ns;
};

struct ipc_namespace {
	struct ns_common ns;
};

struct css_set;

struct cgroup_namespace {
	struct ns_common ns;
	struct css_set *root_cset;
};

struct time_namespace {
	struct ns_common ns;
};

struct user_namespace {
	struct ns_common ns;
};

struct net {
	struct ns_common ns;
};

struct nsproxy {
	struct uts_namespace *uts_ns;
	struct ipc_namespace *ipc_ns;
	struct mnt_namespace *mnt_ns;
	struct net *net_ns;
	struct cgroup_namespace *cgroup_ns;
	struct time_namespace *time_ns;
};

/* ---- cgroups ------------------------------------------------------------ */

struct kernfs_node {
	__u64 id;
	const char *name;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

/* ---- tasks -------------------------------------------------------------- */

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct percpu_counter {
	__s64 count;
	__s32 *counters;
};

struct mm_struct {
	unsigned long total_vm;
	unsigned long arg_start, arg_end;
	struct file *exe_file;
	struct percpu_counter rss_stat[4];
};

/* Before 6.2 (f1a7941243c1): plain counters. */
struct mm_rss_stat___old {
	struct {
		long counter;
	} count[4];
};

struct mm_struct___old {
	struct mm_rss_stat___old rss_stat;
};

struct cred {
	kuid_t uid, euid, suid, fsuid;
	kgid_t gid, egid;
	struct user_namespace *user_ns;
	__u64 cap_effective;
};

struct signal_struct {
	int nr_threads;
	struct pid *pids[4]; /* enum pid_type: PID, TGID, PGID, SID */
};

struct sched_entity {
	__u64 sum_exec_runtime;
};

struct thread_info {
	__u32 cpu;
};

struct task_io_accounting {
	__u64 read_bytes, write_bytes;
};

struct task_struct {
	unsigned int __state;
	int exit_state;
	unsigned int flags;
	struct thread_info thread_info;
	int prio, static_prio, normal_prio;
	unsigned int rt_priority;
	unsigned int policy;
	struct sched_entity se;
	struct mm_struct *mm;
	int pid, tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	__u64 utime, stime;
	unsigned long nvcsw, nivcsw;
	__u64 start_boottime;
	unsigned long min_flt, maj_flt;
	const struct cred *cred;
	char comm[16];
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	struct css_set *cgroups;
	struct task_io_accounting ioac;
};

/* Before 5.14 (2f064a59a11f): state. Before 5.16 (bcf9033e5449): its own cpu. */
struct task_struct___old {
	long state;
	unsigned int cpu;
};

#pragma clang attribute pop

#endif
