/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Task numbers as the reader sees them. The kernel walks the pid namespace of
 * the task that opened the iterator; task->pid is the number in the initial one.
 */
#ifndef LIBBPF_ITER_PIDNS_H
#define LIBBPF_ITER_PIDNS_H

#include "kernel.h"

/* include/linux/pid.h, MAX_PID_NS_LEVEL */
#define PID_NS_LEVELS 32

static __always_inline __u32 reader_level(void)
{
	struct task_struct *reader = (void *)bpf_get_current_task_btf();

	return reader->thread_pid->level;
}

/* 0 where the namespace at that level does not see the task. */
static __always_inline __s32 pid_number(struct pid *pid, __u32 level)
{
	struct upid upid = {};

	if (!pid || level > pid->level || level > PID_NS_LEVELS)
		return 0;
	bpf_core_read(&upid, sizeof(upid), (void *)&pid->numbers[0] + level * sizeof(upid));
	return upid.nr;
}

#endif
