// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Eight columns of every task, as short as C can be about it. */
#include "kernel.h"

char _license[] SEC("license") = "Dual BSD/GPL";

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
} __attribute__((preserve_access_index));

struct row {
	__u32 tid, pid, ppid, uid;
	char comm[16];
	__u64 vsize, rss, start_time_ns;
};

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct row row = {};

	if (!task)
		return 0;
	row.tid = task->pid;
	row.pid = task->tgid;
	row.ppid = task->real_parent->tgid;
	row.uid = task->cred->uid.val;
	__builtin_memcpy(row.comm, task->comm, sizeof(row.comm));
	if (task->mm) {
		row.vsize = task->mm->total_vm * 4096;
		row.rss = (task->mm->rss_stat[0].count + task->mm->rss_stat[1].count +
			   task->mm->rss_stat[3].count) * 4096;
	}
	row.start_time_ns = task->start_boottime;
	bpf_seq_write(ctx->meta->seq, &row, sizeof(row));
	return 0;
}
