// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Mappings of tasks' memory. */
#include "kernel.h"
#include "record.h"
#include "emit.h"
#include "pidns.h"

char _license[] SEC("license") = "Dual BSD/GPL";

HOST_PAGE_SIZE;

#define PATH_MAX 4096
/* include/linux/mm.h */
#define VM_READ 0x1
#define VM_WRITE 0x2
#define VM_EXEC 0x4
#define VM_MAYSHARE 0x80

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct mm_struct___areas {
	unsigned long start_brk, brk, start_stack;
	struct {
		void *vdso;
	} context;
};

struct vm_area_struct {
	unsigned long vm_start, vm_end;
	unsigned long vm_flags;
	unsigned long vm_pgoff;
	struct file *vm_file;
	struct mm_struct___areas *vm_mm;
};

struct bpf_iter__task_vma {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	struct vm_area_struct *vma;
};

#pragma clang attribute pop

struct task_vma_record {
	rec_size record_size;
	__s32 tid; /* as the reader's pid namespace numbers it */
	__s32 pid;
	char comm[16];
	__u64 start; /* the first address */
	__u64 end;   /* the first address behind it */
	char permissions[8]; /* as /proc/PID/maps: r, w, x, and p for private or s for shared */
	__u64 flags;         /* VM_* of include/linux/mm.h */
	__u64 offset;        /* bytes into the file */
	__u64 inode;
	rec_dev device;
	rec_text path; /* a file, or [heap], [stack] or [vdso]; None for other memory */
};
RECORD(task_vma_record);

SCRATCH(path_scratch, PATH_MAX)

static __always_inline int area_name(struct vm_area_struct *vma, char *to)
{
	struct mm_struct___areas *mm = vma->vm_mm;

	if (vma->vm_start == (unsigned long)mm->context.vdso) {
		__builtin_memcpy(to, "[vdso]", 6);
		return 6;
	}
	if (vma->vm_start < mm->brk && vma->vm_end > mm->start_brk) {
		__builtin_memcpy(to, "[heap]", 6);
		return 6;
	}
	if (vma->vm_start <= mm->start_stack && vma->vm_end >= mm->start_stack) {
		__builtin_memcpy(to, "[stack]", 7);
		return 7;
	}
	return -1;
}

struct task_vma_slot {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	struct vm_area_struct *vma;
	struct task_vma_record *record;
	void *result;
	const char *path;
};
SLOT(task_vma_slot)

SEC("iter/task_vma")
int dump_task_vma(struct bpf_iter__task_vma *ctx)
{
	struct task_vma_record record = { .record_size = RECORD_BASE(record) };
	struct vm_area_struct *vma = ctx->vma;
	struct task_struct *task = ctx->task;
	struct task_vma_slot slot = {
		.meta = ctx->meta,
		.task = ctx->task,
		.vma = ctx->vma,
		.record = &record,
	};
	struct output out;
	__u64 flags;
	struct reader reader;
	char *path;
	long length;

	if (!task || !vma)
		return 0;
	path = scratch_get(&path_scratch);
	if (!path)
		return 1;
	reader = reader_now();
	flags = vma->vm_flags;
	record.tid = pid_number(task->thread_pid, &reader);
	record.pid = pid_number(task->group_leader->thread_pid, &reader);
	__builtin_memcpy(record.comm, task->comm, sizeof(record.comm));
	record.start = vma->vm_start;
	record.end = vma->vm_end;
	record.flags = flags;
	record.permissions[0] = flags & VM_READ ? 'r' : '-';
	record.permissions[1] = flags & VM_WRITE ? 'w' : '-';
	record.permissions[2] = flags & VM_EXEC ? 'x' : '-';
	record.permissions[3] = flags & VM_MAYSHARE ? 's' : 'p';
	if (vma->vm_file) {
		struct inode *inode = vma->vm_file->f_inode;

		record.offset = vma->vm_pgoff * host_page_size;
		record.inode = inode->i_ino;
		record.device = inode->i_sb->s_dev;
		length = bpf_d_path(&vma->vm_file->f_path, path, PATH_MAX);
		length = length > 0 && length <= PATH_MAX ? length - 1 : -1;
	} else {
		length = area_name(vma, path);
	}
	span_set(&record.path, &record.record_size, length);

	out = output_begin(ctx->meta->seq);
	slot.path = path;
	if (query_keeps(&slot, &out)) {
		output_record(&out, &slot, sizeof(record));
		output_span(&out, path, length, PATH_MAX);
	}
	return output_end(&out);
}
