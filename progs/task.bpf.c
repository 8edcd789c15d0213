// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Tasks: every thread in the reader's pid namespace. */
#include <asm-generic/errno-base.h>

#include "kernel.h"
#include "record.h"
#include "emit.h"
#include "pidns.h"

char _license[] SEC("license") = "Dual BSD/GPL";

#define want_open_fds SETTING(want_open_fds, false)
#define want_exe SETTING(want_exe, false)
#define want_cwd SETTING(want_cwd, false)
#define want_cmdline SETTING(want_cmdline, false)
#define want_stack SETTING(want_stack, false)

#define PATH_MAX 4096
#define CMDLINE_MAX 4096
#define STACK_DEPTH 127 /* PERF_MAX_STACK_DEPTH */

/* include/linux/sched.h: the state bits that are reported, lowest first, and the idle one */
#define TASK_REPORT 0x7f
#define TASK_UNINTERRUPTIBLE 0x2
#define TASK_NOLOAD 0x400

#define PIDTYPE_PGID 2
#define PIDTYPE_SID 3

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
} __attribute__((preserve_access_index));

/* include/linux/sched.h, PF_* */
enum task_flag {
	PF_IDLE = 0x2,
	PF_EXITING = 0x4,
	PF_POSTCOREDUMP = 0x8,
	PF_IO_WORKER = 0x10,
	PF_WQ_WORKER = 0x20,
	PF_FORKNOEXEC = 0x40,
	PF_SUPERPRIV = 0x100,
	PF_DUMPCORE = 0x200,
	PF_SIGNALED = 0x400,
	PF_MEMALLOC = 0x800,
	PF_NPROC_EXCEEDED = 0x1000,
	PF_USED_MATH = 0x2000,
	PF_NOFREEZE = 0x8000,
	PF_KSWAPD = 0x20000,
	PF_KTHREAD = 0x200000,
	PF_RANDOMIZE = 0x400000,
	PF_NO_SETAFFINITY = 0x4000000,
	PF_SUSPEND_TASK = 0x8000000,
};
DECLARE_FLAGS(task_flag);

/* kernel/bpf/task_iter.c: the state of an open-coded walk, and two of its flags */
struct bpf_iter_task {
	__u64 opaque[3];
} __attribute__((aligned(8)));
#define BPF_TASK_ITER_ALL_THREADS 1
#define BPF_TASK_ITER_PROC_THREADS 2

/* include/uapi/linux/sched.h, SCHED_* */
enum sched_policy {
	SCHED_NORMAL = 0,
	SCHED_FIFO = 1,
	SCHED_RR = 2,
	SCHED_BATCH = 3,
	SCHED_ISO = 4,
	SCHED_IDLE = 5,
	SCHED_DEADLINE = 6,
	SCHED_EXT = 7,
};

#define NEEDS_IO_ACCOUNTING(member) \
	NEEDS("task_io_accounting." member, "I/O accounting (CONFIG_TASK_IO_ACCOUNTING)")
#define NEEDS_USER_MEMORY \
	NEEDS("bpf_func_id.BPF_FUNC_copy_from_user_task", "way to a task's own memory (since Linux 5.18)")

struct task_record {
	rec_size record_size;

	/*
	 * the thread, by its number in the reader's pid namespace [id]; from task_struct.thread_pid and
	 * upid.nr
	 */
	__s32 tid;
	/*
	 * its process (thread group), by its number in the reader's pid namespace [id]; from
	 * task_struct.group_leader and upid.nr
	 */
	__s32 pid;
	/*
	 * its parent process, by its number in the reader's pid namespace; 0 if the parent is outside of it
	 * [id]; from task_struct.real_parent and upid.nr
	 */
	__s32 ppid;
	/*
	 * its process group, by its number in the reader's pid namespace [id]; from signal_struct.pids and
	 * upid.nr
	 */
	__s32 pgid;
	/*
	 * its session, by its number in the reader's pid namespace [id]; from signal_struct.pids and upid.nr
	 */
	__s32 sid;
	/* the thread, by its number in the initial pid namespace [id]; from task_struct.pid */
	__s32 global_tid;
	/* its process, by its number in the initial pid namespace [id]; from task_struct.tgid */
	__s32 global_pid;
	/*
	 * its parent process, by its number in the initial pid namespace [id]; from task_struct.real_parent
	 * and task_struct.tgid
	 */
	__s32 global_ppid;
	/* the name of the thread, up to 15 bytes of it; from task_struct.comm */
	char comm[16];
	/*
	 * the letter that ps shows: R runs or waits for a CPU, S sleeps, D is in uninterruptible sleep, I is
	 * idle (a kernel thread), T is stopped, t is traced, Z is a zombie, X is dead, P is parked; from
	 * task_struct.__state, task_struct.exit_state
	 */
	char state;
	/* its flags: PF_* of include/linux/sched.h; from task_struct.flags */
	FLAGS(task_flag) flags;
	/*
	 * its priority as in /proc/PID/stat: 20 for nice 0, negative for real-time priorities [number]; from
	 * task_struct.prio
	 */
	__s32 prio;
	/*
	 * its nice value, from -20, which gets most of the CPU, to 19 [number]; from task_struct.static_prio
	 */
	__s32 nice;
	/*
	 * its real-time priority, from 1 to 99; 0 under other policies [number]; from task_struct.rt_priority
	 */
	__u32 rt_priority;
	/* scheduling policy; from task_struct.policy */
	enum sched_policy policy;
	/* the CPU that it runs on, or ran on last [CPU]; from thread_info.cpu */
	__u32 cpu;
	/* how many threads its process has [threads]; from signal_struct.nr_threads */
	__s32 threads;
	/* its real user, in the initial user namespace [id]; from cred.uid */
	__u32 uid;
	/* its effective user, in the initial user namespace [id]; from cred.euid */
	__u32 euid;
	/* its real group, in the initial user namespace [id]; from cred.gid */
	__u32 gid;
	/* its effective group, in the initial user namespace [id]; from cred.egid */
	__u32 egid;
	/*
	 * its pid namespace, as in /proc/PID/ns; 0 for a task that is exiting [inode number]; from upid.ns
	 * and ns_common.inum
	 */
	__u32 pid_ns;
	/*
	 * its mount namespace; 0 for a task that is exiting [inode number]; from nsproxy.mnt_ns and
	 * ns_common.inum
	 */
	__u32 mnt_ns;
	/*
	 * its network namespace; 0 for a task that is exiting [inode number]; from nsproxy.net_ns and
	 * ns_common.inum
	 */
	__u32 net_ns;
	/*
	 * its UTS (host name) namespace; 0 for a task that is exiting [inode number]; from nsproxy.uts_ns and
	 * ns_common.inum
	 */
	__u32 uts_ns;
	/*
	 * its IPC namespace; 0 for a task that is exiting [inode number]; from nsproxy.ipc_ns and
	 * ns_common.inum
	 */
	__u32 ipc_ns;
	/*
	 * its cgroup namespace; 0 for a task that is exiting [inode number]; from nsproxy.cgroup_ns and
	 * ns_common.inum
	 */
	__u32 cgroup_ns;
	/* its user namespace [inode number]; from cred.user_ns and ns_common.inum */
	__u32 user_ns;
	/*
	 * CPU time in user mode: what the scheduler measured, divided in proportion to the ticks of both
	 * modes, as for /proc/PID/stat; from task_struct.utime, sched_entity.sum_exec_runtime
	 */
	rec_ns utime_ns;
	/*
	 * CPU time in the kernel, from the same division; from task_struct.stime,
	 * sched_entity.sum_exec_runtime
	 */
	rec_ns stime_ns;
	/* CPU time, as the scheduler measured it; from sched_entity.sum_exec_runtime */
	rec_ns runtime_ns;
	/*
	 * when it was created: time since boot, suspend included, in the initial time namespace; from
	 * task_struct.start_boottime
	 */
	rec_ns start_time_ns;
	/*
	 * the size of the address space of its process; 0 for a kernel thread and a zombie; from
	 * mm_struct.total_vm
	 */
	rec_bytes_count vsize;
	/*
	 * resident memory of its process, as /proc/PID/stat counts it, without pages that a CPU has counted
	 * but not added up yet; 0 for a kernel thread and a zombie; from mm_struct.rss_stat
	 */
	rec_bytes_count rss;
	/* page faults that needed no I/O [faults]; from task_struct.min_flt */
	__u64 minor_faults;
	/* page faults that had to wait for storage [faults]; from task_struct.maj_flt */
	__u64 major_faults;
	/* how often it gave up the CPU to wait for something [switches]; from task_struct.nvcsw */
	__u64 voluntary_switches;
	/* how often the CPU was taken from it [switches]; from task_struct.nivcsw */
	__u64 involuntary_switches;
	/* what it caused to be read from storage; from task_io_accounting.read_bytes */
	rec_opt_bytes_count read_bytes NEEDS_IO_ACCOUNTING("read_bytes");
	/*
	 * what it caused to be written to storage, counted when it makes a page dirty; from
	 * task_io_accounting.write_bytes
	 */
	rec_opt_bytes_count write_bytes NEEDS_IO_ACCOUNTING("write_bytes");
	/*
	 * the id of its cgroup in the unified hierarchy [inode number]; from css_set.dfl_cgrp and
	 * kernfs_node.id
	 */
	__u64 cgroup_id;
	/*
	 * how many descriptors its process has open; None for a task that is exiting, and for one with room
	 * for more than a million [descriptors]; from fdtable.open_fds
	 */
	rec_opt_u32 open_fds NEEDS_FUNCTIONS;
	/*
	 * the path of its executable, as readlink of /proc/PID/exe shows it; None for a kernel thread and a
	 * zombie, and for more than 4,095 bytes; from mm_struct.exe_file
	 */
	rec_text exe NEEDS_D_PATH;
	/*
	 * its working directory, as readlink of /proc/PID/cwd shows it; None for a task that is exiting, and
	 * for more than 4,095 bytes; from fs_struct.pwd
	 */
	rec_text cwd NEEDS_D_PATH;
	/*
	 * its arguments, from the first 4,096 bytes of them; None for a kernel thread and a zombie, and if
	 * that memory can't be read; from mm_struct.arg_start, mm_struct.arg_end
	 */
	rec_user_args cmdline NEEDS_USER_MEMORY;
	/*
	 * the return addresses on its kernel stack, innermost first, at most 127; None if the kernel doesn't
	 * give them; from task_struct.stack
	 */
	rec_kptrs stack;
};
RECORD(task_record);

#define WANT(column) WANTED(task_record, turn, column)
#define SET(column, value) PUT(task_record, row, turn, column, value)

struct task_slot {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	struct task_record *record;
	void *result;
	const char *exe;
	const char *cwd;
};

SCRATCH(exe_scratch, PATH_MAX)
SCRATCH(cwd_scratch, PATH_MAX)
SCRATCH(cmdline_scratch, CMDLINE_MAX)
SCRATCH(stack_scratch, STACK_DEPTH * sizeof(__u64))

static __always_inline __u32 bits_set(__u64 word)
{
	word -= (word >> 1) & 0x5555555555555555;
	word = (word & 0x3333333333333333) + ((word >> 2) & 0x3333333333333333);
	word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return word * 0x0101010101010101 >> 56;
}

/* The number of bits up to the highest one that is set. No loop: the verifier would follow each path. */
static __always_inline __u32 width_of(__u64 number)
{
	number |= number >> 1;
	number |= number >> 2;
	number |= number >> 4;
	number |= number >> 8;
	number |= number >> 16;
	number |= number >> 32;
	return bits_set(number);
}

static __always_inline char task_state_letter(struct task_struct *task)
{
	/* fs/proc/array.c, task_state_array: R for no bit, then a letter for each, from the lowest byte up */
	const __u64 letters = 0x505a587454445352; /* P Z X t T D S R */
	__u64 state, reported;

	if (bpf_core_field_exists(task->__state))
		state = task->__state;
	else
		state = ((struct task_struct___old *)task)->state;
	if ((state & (TASK_UNINTERRUPTIBLE | TASK_NOLOAD)) == (TASK_UNINTERRUPTIBLE | TASK_NOLOAD))
		return 'I';
	/* As task_index_to_char(): the highest bit set names the state. */
	reported = (state | task->exit_state) & TASK_REPORT;
	return letters >> width_of(reported) * 8;
}

/*
 * The run time that the scheduler measured is divided in proportion to the ticks that were charged to user
 * and to system time, as in kernel/sched/cputime.c, cputime_adjust(). BPF has no 128-bit product, so the
 * ratio is rounded to 20 bits.
 */
static __always_inline __u64 system_time(struct task_struct *task, __u64 runtime)
{
	__u64 stime = task->stime, total = task->utime + stime, result;
	__u32 width = width_of(total);

	if (!stime)
		return 0;
	if (stime == total)
		return runtime;
	if (width > 20) {
		total >>= width - 20;
		stime >>= width - 20;
	}
	/* From 2^44 ns (five hours) on, the product might overflow, so divide first. */
	result = runtime >> 44 ? runtime / total * stime : runtime * stime / total;
	return result < runtime ? result : runtime;
}

static __always_inline void fill_times(struct task_struct *task, void *row, enum turn turn)
{
	SET(runtime_ns, task->se.sum_exec_runtime);
	if (WANT(utime_ns) || WANT(stime_ns)) {
		__u64 runtime = task->se.sum_exec_runtime, stime = system_time(task, runtime);

		SET(stime_ns, stime);
		SET(utime_ns, runtime - stime);
	}
	SET(start_time_ns, task->start_boottime);
}

/*
 * File, anonymous and shared memory pages; index 2 counts what is swapped out. Like get_mm_rss(), this leaves
 * out what each CPU has yet to add (up to percpu_counter_batch pages), which would cost a cache miss per CPU.
 */
static __always_inline __u64 resident_pages(struct mm_struct *mm)
{
	__s64 pages;

	if (bpf_core_type_exists(struct mm_rss_stat___old)) {
		/* With a helper: the verifier of those kernels can't follow an array of a typedef. */
		struct mm_rss_stat___old counts = {};

		bpf_core_read(&counts, sizeof(counts), &((struct mm_struct___old *)mm)->rss_stat);
		pages = counts.count[0].counter + counts.count[1].counter + counts.count[3].counter;
	} else {
		pages = mm->rss_stat[0].count + mm->rss_stat[1].count + mm->rss_stat[3].count;
	}
	return pages > 0 ? pages : 0;
}

/*
 * Open descriptors are counted by global functions, which the verifier verifies once each, and whose results
 * it takes for any number. For a loop that is inlined, it would follow a query that compares the count once
 * for each possible count; and kernels before 5.17 don't load a program with a callback for bpf_loop().
 */
#define STEPS 128 /* of each loop: together a million descriptors */

__attribute__((noinline)) __u32 count_words(__u64 words, __u32 count)
{
	__u32 total = 0;

	for (__u32 i = 0; i < STEPS && i < count; i++) {
		__u64 word = 0;

		bpf_probe_read_kernel(&word, sizeof(word), (__u64 *)words + i);
		total += bits_set(word);
	}
	return total;
}

__attribute__((noinline)) __u32 count_bits(__u64 words, __u32 count)
{
	__u32 total = 0;

	if (count > STEPS * STEPS)
		return -1;
	for (__u32 i = 0; i < STEPS && i * STEPS < count; i++)
		total += count_words(words + i * STEPS * sizeof(__u64), count - i * STEPS);
	return total;
}

static __always_inline __u32 open_fds(struct task_struct *task)
{
	struct fdtable *fdt = task->files->fdt;

	/* Read by a helper, it is a scalar, which every kernel lets a program pass to a global function. */
	return count_bits((__u64)BPF_CORE_READ(fdt, open_fds), fdt->max_fds / 64);
}

extern void bpf_rcu_read_lock(void) __ksym __weak;
extern void bpf_rcu_read_unlock(void) __ksym __weak;

/*
 * To read a command line, the program is loaded as a sleepable one, which doesn't run in an RCU read-side
 * critical section. Outside of one, the verifier doesn't trust the pointers that it loads enough to pass
 * them to bpf_d_path(). Kernels without these kfuncs don't require it.
 */
static __always_inline void paths_begin(void)
{
	if (want_cmdline && bpf_rcu_read_lock)
		bpf_rcu_read_lock();
}

static __always_inline void paths_end(void)
{
	if (want_cmdline && bpf_rcu_read_unlock)
		bpf_rcu_read_unlock();
}

/* The length without its NUL, or -1 for no path: the helper fails on a path that doesn't fit. */
static __always_inline int path_read(struct path *path, char *to)
{
	long length;

	if (!HAS_D_PATH)
		return -1;
	length = bpf_d_path(path, to, PATH_MAX);
	return length > 0 && length <= PATH_MAX ? length - 1 : -1;
}

static __always_inline int cmdline_read(struct task_struct *task, char *to)
{
	struct mm_struct *mm = task->mm;
	__u64 start = mm->arg_start, length = mm->arg_end - start;

	if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_copy_from_user_task))
		return -1;
	if (!mm || mm->arg_end < start)
		return -1;
	if (length > CMDLINE_MAX)
		length = CMDLINE_MAX;
	if (length && bpf_copy_from_user_task(to, length, (void *)start, task, 0))
		return -1;
	return length;
}

/*
 * A number in a namespace other than the initial one. Global, since it returns in several ways: inlined in
 * the loop of a walk, the verifier would follow each of them through all the code after it.
 */
__attribute__((noinline)) __s32 number_below(__u64 pid, const struct reader *reader)
{
	return reader ? nested_number((void *)pid, reader) : 0;
}

static __always_inline __s32 number_of(struct pid *pid, const struct reader *reader, bool functions)
{
	__u64 address;

	if (!functions || !reader->level)
		return pid_number(pid, reader);
	/* Read by a helper, it is a scalar, see open_fds(). */
	bpf_probe_read_kernel(&address, sizeof(address), &pid);
	return number_below(address, reader);
}

/* Like task_number() and process_number() of pidns.h, with that function. */
static __always_inline __s32 thread_number(struct task_struct *task, struct task_struct *plain,
					   const struct reader *reader, bool functions)
{
	return reader->level ? number_of(plain->thread_pid, reader, functions) : task->pid;
}

static __always_inline __s32 group_number(struct task_struct *task, struct task_struct *plain,
					  const struct reader *reader, bool functions)
{
	return reader->level ? number_of(plain->group_leader->thread_pid, reader, functions) : task->tgid;
}

/*
 * The functions below take a task twice: trusted by the verifier, and plain (plain.h). Members of the task
 * itself are read through the trusted pointer, which costs a load and nothing else; pointers in it are
 * followed through the plain one.
 */
static __always_inline void fill_numbers(struct task_struct *task, struct task_struct *plain,
					 const struct reader *reader, void *row, enum turn turn,
					 bool functions)
{
	struct task_struct *parent = plain->real_parent;

	SET(tid, thread_number(task, plain, reader, functions));
	SET(pid, group_number(task, plain, reader, functions));
	SET(ppid, group_number(parent, parent, reader, functions));
	SET(pgid, number_of(plain->signal->pids[PIDTYPE_PGID], reader, functions));
	SET(sid, number_of(plain->signal->pids[PIDTYPE_SID], reader, functions));
	SET(global_tid, task->pid);
	SET(global_pid, task->tgid);
	SET(global_ppid, parent->tgid);
}

static __always_inline __u32 pid_namespace(struct task_struct *task)
{
	struct pid *pid = task->thread_pid;
	struct upid upid = {};

	if (pid && pid->level <= PID_NS_LEVELS)
		bpf_core_read(&upid, sizeof(upid),
			      (void *)&pid->numbers[0] + pid->level * sizeof(upid));
	return BPF_CORE_READ(upid.ns, ns.inum);
}

static __always_inline void fill_namespaces(struct task_struct *plain, void *row, enum turn turn)
{
	SET(pid_ns, pid_namespace(plain));
	SET(mnt_ns, plain->nsproxy->mnt_ns->ns.inum);
	SET(net_ns, plain->nsproxy->net_ns->ns.inum);
	SET(uts_ns, plain->nsproxy->uts_ns->ns.inum);
	SET(ipc_ns, plain->nsproxy->ipc_ns->ns.inum);
	SET(cgroup_ns, plain->nsproxy->cgroup_ns->ns.inum);
	SET(user_ns, plain->cred->user_ns->ns.inum);
}

static __always_inline void fill_credentials(struct task_struct *plain, void *row, enum turn turn)
{
	SET(uid, plain->cred->uid.val);
	SET(euid, plain->cred->euid.val);
	SET(gid, plain->cred->gid.val);
	SET(egid, plain->cred->egid.val);
}

static __always_inline __u32 task_cpu(struct task_struct *task)
{
	if (bpf_core_field_exists(task->thread_info.cpu))
		return task->thread_info.cpu;
	return ((struct task_struct___old *)task)->cpu;
}

static __always_inline void fill_scheduling(struct task_struct *task, struct task_struct *plain,
					    void *row, enum turn turn)
{
	SET(state, task_state_letter(task));
	SET(prio, task->prio - 100); /* as /proc/PID/stat: nice 0 is 20 */
	SET(nice, task->static_prio - 120);
	SET(rt_priority, task->rt_priority);
	SET(policy, task->policy);
	SET(cpu, task_cpu(task));
	SET(threads, plain->signal->nr_threads);
	SET(voluntary_switches, task->nvcsw);
	SET(involuntary_switches, task->nivcsw);
}

static __always_inline void fill_memory(struct task_struct *task, struct task_struct *plain, void *row,
					enum turn turn)
{
	if (WANT(vsize) || WANT(rss)) {
		struct mm_struct *mm = plain->mm;

		SET(vsize, mm ? mm->total_vm * host_page_size : 0);
		SET(rss, mm ? resident_pages(mm) * host_page_size : 0);
	}
	SET(minor_faults, task->min_flt);
	SET(major_faults, task->maj_flt);
}

static __always_inline void fill_transfers(struct task_struct *task, void *row, enum turn turn)
{
	if (bpf_core_field_exists(task->ioac.read_bytes)) {
		SET(read_bytes, task->ioac.read_bytes);
		SET(write_bytes, task->ioac.write_bytes);
	} else {
		SET(read_bytes, -1);
		SET(write_bytes, -1);
	}
}

static __always_inline void fill(struct task_struct *task, struct task_struct *plain,
				 const struct reader *reader, void *row, enum turn turn, bool functions)
{
	fill_numbers(task, plain, reader, row, turn, functions);
	PUT_TEXT(task_record, row, turn, comm, task->comm);
	SET(flags, task->flags);
	fill_scheduling(task, plain, row, turn);
	fill_credentials(plain, row, turn);
	fill_namespaces(plain, row, turn);
	fill_times(task, row, turn);
	fill_memory(task, plain, row, turn);
	fill_transfers(task, row, turn);
	SET(cgroup_id, plain->cgroups->dfl_cgrp->kn->id);
	SET(open_fds, functions && want_open_fds && plain->files ? open_fds(plain) : -1);
}

SLOT(task_slot)

/*
 * A program and the functions that it calls share 512 bytes of stack; as Linux 6.1 counts, this leaves 64 of
 * them to those functions. So it keeps little on the stack besides the record.
 */
static __always_inline int dump(struct bpf_iter__task *ctx, bool functions)
{
	struct task_struct *task = ctx->task, *plain;
	struct task_record record;
	struct task_slot slot = { .meta = ctx->meta, .record = &record };
	char *cmdline = NULL;
	__u64 *stack = NULL;
	struct reader reader;
	struct output out;

	if (!task)
		return 0;
	record_clear(&record, sizeof(record));
	record.record_size = RECORD_BASE(record);
	reader = reader_of(ctx->meta->seq);
	plain = PLAIN(task_struct, task);
	slot.task = plain;
	if (!task_asked(task, &reader))
		return 0;
	if (query_used)
		fill(task, plain, &reader, &record, FIRST, functions);
	if (!query_reads_text && !query_keeps(&slot))
		return 0;
	fill(task, plain, &reader, &record, THEN, functions);

	/* Without memory for a buffer, return 1: the kernel shows the same task again. */
	if (want_exe) {
		char *exe = scratch_get(&exe_scratch);
		int length = -1;

		if (!exe)
			return 1;
		paths_begin();
		if (task->mm && task->mm->exe_file)
			length = path_read(&task->mm->exe_file->f_path, exe);
		paths_end();
		span_set(&record.exe, &record.record_size, length);
		slot.exe = exe;
	}
	if (want_cwd) {
		char *cwd = scratch_get(&cwd_scratch);
		int length = -1;

		if (!cwd)
			return 1;
		paths_begin();
		if (task->fs)
			length = path_read(&task->fs->pwd, cwd);
		paths_end();
		span_set(&record.cwd, &record.record_size, length);
		slot.cwd = cwd;
	}
	if (want_cmdline) {
		if (!(cmdline = scratch_get(&cmdline_scratch)))
			return 1;
		span_set(&record.cmdline, &record.record_size, cmdline_read(task, cmdline));
	}
	if (want_stack) {
		if (!(stack = scratch_get(&stack_scratch)))
			return 1;
		span_set(&record.stack, &record.record_size,
			 bpf_get_task_stack(task, stack, STACK_DEPTH * sizeof(__u64), 0));
	}
	if (query_reads_text && !query_keeps(&slot))
		return 0;

	out = output_begin(ctx->meta->seq);
	output_record(&out, &slot, sizeof(record));
	if (want_exe)
		output_span(&out, slot.exe, record.exe.length, PATH_MAX);
	if (want_cwd)
		output_span(&out, slot.cwd, record.cwd.length, PATH_MAX);
	if (want_cmdline)
		output_span(&out, cmdline, record.cmdline.length, CMDLINE_MAX);
	if (want_stack)
		output_span(&out, stack, record.stack.length, STACK_DEPTH * sizeof(__u64));
	return output_end(&out);
}

SEC("iter/task")
int dump_task(struct bpf_iter__task *ctx)
{
	return dump(ctx, true);
}

/* In one function, for kernels that might panic otherwise: libbpf_iter/workarounds.py, faults_panic(). */
SEC("iter/task")
int dump_task_alone(struct bpf_iter__task *ctx)
{
	return dump(ctx, false);
}

extern int bpf_iter_task_new(struct bpf_iter_task *walk, struct task_struct *task,
			     unsigned int flags) __ksym __weak;
extern struct task_struct *bpf_iter_task_next(struct bpf_iter_task *walk) __ksym __weak;
extern void bpf_iter_task_destroy(struct bpf_iter_task *walk) __ksym __weak;
extern struct task_struct *bpf_task_from_vpid(__s32 pid) __ksym __weak;
extern void bpf_task_release(struct task_struct *task) __ksym __weak;

/* The process to walk in one run, by its number in the reader's pid namespace; 0 for all tasks. */
#define walked_pid SETTING(walked_pid, 0)

/* What a walk in one run writes to the map: a query's result is in front of the record it is made of. */
struct row {
	char result[QUERY_ROOM];
	struct task_record record;
};

/* Where the next row goes; NULL if the map is full. */
static __always_inline struct row *next_row(struct snapshot *snapshot)
{
	__u64 at = snapshot->used;

	if (!output_fits(at)) {
		snapshot->dropped += 1;
		return NULL;
	}
	return (void *)snapshot->data + at;
}

static __always_inline struct task_record *record_of(struct row *row)
{
	return query_size ? &row->record : (void *)row;
}

/* Whether the query keeps a task; the columns that it uses are set in the record. */
static __always_inline bool walked_keep(struct task_struct *task, struct task_struct *plain,
					const struct reader *reader, struct row *row)
{
	struct task_slot slot;

	slot.task = plain;
	slot.record = record_of(row);
	fill(task, plain, reader, slot.record, FIRST, true);
	return query_keeps(&slot);
}

/*
 * Fill the row of a task that is output. Global, so that the verifier verifies it once, and not for each path
 * through the loop of the walk.
 */
__attribute__((noinline)) int walked_fill(struct task_struct *task TRUSTED, const struct reader *reader,
					  struct row *row)
{
	struct task_struct *plain;
	struct task_record *record;
	struct task_slot slot;
	struct reader own;

	if (!reader || !row)
		return 0;
	own = *reader;
	plain = bpf_rdonly_cast(task, CAST_TO(task_struct));
	record = record_of(row);
	fill(task, plain, &own, record, THEN, true);
	if (!packed_size)
		record->record_size = RECORD_BASE(*record);
	if (query_size) {
		slot.task = plain;
		slot.record = record;
		slot.result = row->result;
		query_slot(&slot);
	}
	return 0;
}

static __always_inline int walk_tasks(struct task_struct *process, struct snapshot *snapshot)
{
	__u32 size = query_size ? query_size : packed_size ? packed_size : sizeof(struct task_record);
	struct reader reader = reader_now();
	struct bpf_iter_task walk;
	struct task_struct *task, *plain;
	struct row *row;
	int result = 0;

	bpf_rcu_read_lock();
	bpf_iter_task_new(&walk, process,
			  walked_pid ? BPF_TASK_ITER_PROC_THREADS : BPF_TASK_ITER_ALL_THREADS);
	while ((task = bpf_iter_task_next(&walk))) {
		if (walked_enough(snapshot)) {
			result = -E2BIG;
			break;
		}
		row = next_row(snapshot);
		if (!row)
			continue;
		plain = bpf_rdonly_cast(task, CAST_TO(task_struct));
		/* It may not be visible in the reader's pid namespace. */
		if (!thread_number(task, plain, &reader, true))
			continue;
		if (query_used && !walked_keep(task, plain, &reader, row))
			continue;
		walked_fill(task, &reader, row);
		snapshot->used += size;
	}
	bpf_iter_task_destroy(&walk);
	bpf_rcu_read_unlock();
	return result;
}

/*
 * The same walk in one run, without a file: it meets the tasks of every pid namespace, in the order of the
 * kernel's list. It can't compute the columns whose helpers only iterators may call.
 *
 * In one process, it meets every thread that exists throughout; the iterator's walk of a process ends early
 * if the thread that it has reached exits (kernel/bpf/task_iter.c, task_group_seq_get_next()).
 */
SEC("syscall")
int walk_task(void *ctx)
{
	struct task_struct *process;
	struct snapshot *snapshot = snapshot_get();
	int result = 0;

	if (!snapshot)
		return 0;
	if (!walked_pid)
		return walk_tasks(NULL, snapshot);
	process = bpf_task_from_vpid(walked_pid);
	if (!process)
		return 0;
	/* It must be a process: this is also the number of a thread. */
	if (process->pid == process->tgid)
		result = walk_tasks(process, snapshot);
	bpf_task_release(process);
	return result;
}
