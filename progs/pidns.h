/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The numbers of tasks as the reader sees them: in the pid namespace of the task that opened the
 * iterator, which is the one that the kernel walks. task->pid is the number in the initial namespace.
 */
#ifndef LIBBPF_ITER_PIDNS_H
#define LIBBPF_ITER_PIDNS_H

#include "kernel.h"
#include "plain.h"

/* include/linux/pid.h, MAX_PID_NS_LEVEL */
#define PID_NS_LEVELS 32

struct reader {
	struct pid_namespace *ns;
	__u64 level; /* 32 bits in the kernel; 64 here, so that there is no padding that a copy would read */
};

/* One number of a pid. The level can be any number, so it must not be part of a relocation. */
static __always_inline struct upid upid_at(struct pid *pid, __u32 level)
{
	struct upid upid = {};

	if (level <= BPF_CORE_READ(pid, level) && level <= PID_NS_LEVELS)
		bpf_core_read(&upid, sizeof(upid), (void *)&pid->numbers[0] + level * sizeof(upid));
	return upid;
}

/* Most readers are in the initial namespace, at level 0, which sees every task: then that is all. */
static __always_inline struct reader reader_now(void)
{
	struct pid *pid = BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), thread_pid);
	struct reader reader = { .level = BPF_CORE_READ(pid, level) };

	if (reader.level)
		reader.ns = upid_at(pid, reader.level).ns;
	return reader;
}

/*
 * The reader, from the iterator's file, which keeps the namespace of the task that opened it. This runs
 * for each object, and following a pointer costs less than a call that returns the current task.
 */
static __always_inline struct reader reader_of(struct seq_file *seq)
{
	struct bpf_iter_seq_task_common *common = seq->private;

	if (CAST_TO(bpf_iter_seq_task_common)) {
		struct pid_namespace *ns = PLAIN(bpf_iter_seq_task_common, common)->ns;

		return (struct reader){ .ns = ns, .level = ns->level };
	}
	return (struct reader){ .ns = BPF_CORE_READ(common, ns), .level = BPF_CORE_READ(common, ns, level) };
}

/* For a reader that isn't in the initial namespace; 0 if its own doesn't see the task. */
static __always_inline __s32 nested_number(struct pid *pid, const struct reader *reader)
{
	struct upid upid = upid_at(pid, reader->level);

	return upid.ns == reader->ns ? upid.nr : 0;
}

static __always_inline __s32 pid_number(struct pid *pid, const struct reader *reader)
{
	__s32 nr;

	if (!pid)
		return 0;
	if (!reader->level) {
		nr = pid->numbers[0].nr;
		barrier_var(nr); /* keeps the compiler from merging this load with the one from the stack */
		return nr;
	}
	return nested_number(pid, reader);
}

/*
 * The task or the process that was asked for, if the program has to pick it out by itself; 0 for all
 * (libbpf_iter/parameters.py, leave_to_program()).
 */
#define only_tid SETTING(only_tid, 0)
#define only_pid SETTING(only_pid, 0)

/*
 * The number of a task, and that of its process. For the initial namespace, where most readers are, the
 * task itself has them, and no other cache line is touched.
 */
static __always_inline __s32 task_number(struct task_struct *task, const struct reader *reader)
{
	return reader->level ? pid_number(PLAIN(task_struct, task)->thread_pid, reader) : task->pid;
}

static __always_inline __s32 process_number(struct task_struct *task, const struct reader *reader)
{
	return reader->level ?
		       pid_number(PLAIN(task_struct, task)->group_leader->thread_pid, reader) :
		       task->tgid;
}

static __always_inline bool task_asked(struct task_struct *task, const struct reader *reader)
{
	if (only_tid)
		return task_number(task, reader) == only_tid;
	return !only_pid || process_number(task, reader) == only_pid;
}

#endif
