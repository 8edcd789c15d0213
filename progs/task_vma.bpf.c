// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Mappings of tasks' memory. */
#include "kernel.h"
#include "record.h"
#include "emit.h"
#include "pidns.h"

char _license[] SEC("license") = "Dual BSD/GPL";

#define PATH_MAX 4096
/*
 * include/linux/mm.h: the bits that are the same in every kernel since 5.10. Those from 32 on have moved
 * (VM_UFFD_MINOR, VM_SEALED), and bit 11 has had two meanings, so they aren't named here.
 */
enum vm_flag : __u64 {
	VM_READ = 0x1,
	VM_WRITE = 0x2,
	VM_EXEC = 0x4,
	VM_SHARED = 0x8,
	VM_MAYREAD = 0x10,
	VM_MAYWRITE = 0x20,
	VM_MAYEXEC = 0x40,
	VM_MAYSHARE = 0x80,
	VM_GROWSDOWN = 0x100,
	VM_UFFD_MISSING = 0x200,
	VM_PFNMAP = 0x400,
	VM_UFFD_WP = 0x1000,
	VM_LOCKED = 0x2000,
	VM_IO = 0x4000,
	VM_SEQ_READ = 0x8000,
	VM_RAND_READ = 0x10000,
	VM_DONTCOPY = 0x20000,
	VM_DONTEXPAND = 0x40000,
	VM_LOCKONFAULT = 0x80000,
	VM_ACCOUNT = 0x100000,
	VM_NORESERVE = 0x200000,
	VM_HUGETLB = 0x400000,
	VM_SYNC = 0x800000,
	VM_ARCH_1 = 0x1000000,
	VM_WIPEONFORK = 0x2000000,
	VM_DONTDUMP = 0x4000000,
	VM_SOFTDIRTY = 0x8000000,
	VM_MIXEDMAP = 0x10000000,
	VM_HUGEPAGE = 0x20000000,
	VM_NOHUGEPAGE = 0x40000000,
	VM_MERGEABLE = 0x80000000,
};
DECLARE_FLAGS(vm_flag);

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct mm_struct___areas {
	unsigned long start_brk, brk, start_stack;
};

struct vm_area_struct;

struct vm_operations_struct {
	const char *(*name)(struct vm_area_struct *vma);
};

struct vm_special_mapping {
	const char *name;
};

struct anon_vma_name {
	char name[1];
};

struct vm_area_struct {
	unsigned long vm_start, vm_end;
	unsigned long vm_flags;
	unsigned long vm_pgoff;
	struct file *vm_file;
	struct mm_struct___areas *vm_mm;
	const struct vm_operations_struct *vm_ops;
	void *vm_private_data;
	struct anon_vma_name *anon_name;
};

struct bpf_iter__task_vma {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	struct vm_area_struct *vma;
};

#pragma clang attribute pop

struct task_vma_record {
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
	/* the name of the thread, up to 15 bytes of it; from task_struct.comm */
	char comm[16];
	/* its first address; from vm_area_struct.vm_start */
	rec_uptr start;
	/* the first address after it; from vm_area_struct.vm_end */
	rec_uptr end;
	/* as in /proc/PID/maps: r, w, x, and p for private or s for shared; from vm_area_struct.vm_flags */
	char permissions[8];
	/* VM_* of include/linux/mm.h, as VmFlags of /proc/PID/smaps; from vm_area_struct.vm_flags */
	FLAGS(vm_flag) flags;
	/* where it starts in the file; 0 without a file [bytes]; from vm_area_struct.vm_pgoff */
	__u64 offset;
	/* the inode of the file; 0 without a file [inode number]; from inode.i_ino */
	__u64 inode;
	/* the device that the inode is on, as st_dev of stat(2); 0 without a file; from super_block.s_dev */
	rec_dev device;
	/*
	 * the path of the file, or [heap], [stack], [vdso], [anon:NAME] … as in /proc/PID/maps; None for
	 * other memory; from vm_area_struct.vm_file, vm_area_struct.vm_ops, vm_area_struct.anon_name
	 */
	rec_text path;
};
RECORD(task_vma_record);

SCRATCH(path_scratch, PATH_MAX)

/* prctl(PR_SET_VMA_ANON_NAME), include/linux/prctl.h, including the NUL */
#define ANON_NAME_MAX 80
#define ANON "[anon:"

/* The name of a mapping without a file, as in fs/proc/task_mmu.c, get_vma_name(). */
static __always_inline int area_name(struct vm_area_struct *vma, char *to)
{
	struct mm_struct___areas *mm = vma->vm_mm;
	const struct vm_operations_struct *ops = vma->vm_ops;
	long length;

	/* Of mappings without a file, only special ones, such as [vdso], have a name(). */
	if (ops && ops->name) {
		struct vm_special_mapping *special = vma->vm_private_data;

		length = bpf_probe_read_kernel_str(to, PATH_MAX, BPF_CORE_READ(special, name));
		return length > 1 ? length - 1 : -1;
	}
	if (vma->vm_start < mm->brk && vma->vm_end > mm->start_brk) {
		__builtin_memcpy(to, "[heap]", 6);
		return 6;
	}
	if (vma->vm_start <= mm->start_stack && vma->vm_end >= mm->start_stack) {
		__builtin_memcpy(to, "[stack]", 7);
		return 7;
	}
	if (bpf_core_field_exists(vma->anon_name) && vma->anon_name) {
		const int head = sizeof(ANON) - 1;

		length = bpf_probe_read_kernel_str(to + head, ANON_NAME_MAX, vma->anon_name->name);
		if (length <= 0 || length > ANON_NAME_MAX)
			return -1;
		__builtin_memcpy(to, ANON, head);
		to[head + length - 1] = ']';
		return head + length;
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

#define SET(column, value) PUT(task_vma_record, row, turn, column, value)

static __always_inline void fill(struct task_struct *task, struct vm_area_struct *vma,
				 const struct reader *reader, void *row, enum turn turn)
{
	struct inode *inode = vma->vm_file ? vma->vm_file->f_inode : NULL;
	__u64 flags = vma->vm_flags;

	SET(tid, task_number(task, reader));
	SET(pid, process_number(task, reader));
	PUT_TEXT(task_vma_record, row, turn, comm, task->comm);
	SET(start, vma->vm_start);
	SET(end, vma->vm_end);
	if (WANTED(task_vma_record, turn, permissions)) {
		char *permissions = COLUMN(task_vma_record, row, permissions);

		permissions[0] = flags & VM_READ ? 'r' : '-';
		permissions[1] = flags & VM_WRITE ? 'w' : '-';
		permissions[2] = flags & VM_EXEC ? 'x' : '-';
		permissions[3] = flags & VM_MAYSHARE ? 's' : 'p';
	}
	SET(flags, flags);
	SET(offset, inode ? vma->vm_pgoff * host_page_size : 0);
	SET(inode, inode ? inode->i_ino : 0);
	SET(device, inode ? stat_dev(inode->i_sb->s_dev) : 0);
}

SEC("iter/task_vma")
int dump_task_vma(struct bpf_iter__task_vma *ctx)
{
	struct vm_area_struct *vma = ctx->vma;
	struct task_struct *task = ctx->task;
	struct task_vma_record record;
	struct task_vma_slot slot = {
		.meta = ctx->meta,
		.task = task,
		.vma = vma,
		.record = &record,
	};
	struct reader reader;
	struct output out;
	char *path = NULL;
	long length = -1;

	if (!task || !vma)
		return 0;
	reader = reader_of(ctx->meta->seq);
	if (!task_asked(task, &reader))
		return 0;
	record_clear(&record, sizeof(record));
	record.record_size = RECORD_BASE(record);
	if (query_used)
		fill(task, vma, &reader, &record, FIRST);
	if (!query_reads_text && !query_keeps(&slot))
		return 0;
	fill(task, vma, &reader, &record, THEN);
	if (WANTED(task_vma_record, ONCE, path)) {
		path = scratch_get(&path_scratch);
		if (!path)
			return 1;
		if (vma->vm_file) {
			length = bpf_d_path(&vma->vm_file->f_path, path, PATH_MAX);
			length = length > 0 && length <= PATH_MAX ? length - 1 : -1;
		} else {
			length = area_name(vma, path);
		}
		span_set(&record.path, &record.record_size, length);
	}

	slot.path = path;
	if (query_reads_text && !query_keeps(&slot))
		return 0;

	out = output_begin(ctx->meta->seq);
	output_record(&out, &slot, sizeof(record));
	if (path)
		output_span(&out, path, length, PATH_MAX);
	return output_end(&out);
}
