// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Open files: a record for each descriptor of each task. */
#include <asm/fcntl.h>

#include "kernel.h"
#include "record.h"
#include "emit.h"
#include "pidns.h"

char _license[] SEC("license") = "Dual BSD/GPL";

#define PATH_MAX 4096
#define S_IFMT 0170000
#define ANON_INODE_FS_MAGIC 0x09041934 /* include/uapi/linux/magic.h */

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
} __attribute__((preserve_access_index));

enum file_kind {
	UNKNOWN = 0,
	PIPE = 0010000,
	CHARACTER = 0020000,
	DIRECTORY = 0040000,
	BLOCK = 0060000,
	REGULAR = 0100000,
	SYMLINK = 0120000,
	SOCKET = 0140000,
	ANON = 1, /* eventfd, epoll, BPF objects …: the path says which */
};

/*
 * O_* of asm/fcntl.h, where the full names are macros; O_DIRECTORY would be the same as a kind of file. They
 * differ between architectures, and are those of the one that this is compiled on, as the package is. The
 * kernel clears O_CREAT, O_EXCL, O_NOCTTY and O_TRUNC when it has opened a file: fs/open.c, do_dentry_open().
 */
enum file_flag {
	RDONLY = O_RDONLY,
	WRONLY = O_WRONLY,
	RDWR = O_RDWR,
	APPEND = O_APPEND,
	NONBLOCK = O_NONBLOCK,
	DSYNC = O_DSYNC,
	ASYNC = FASYNC,
	DIRECT = O_DIRECT,
	LARGEFILE = O_LARGEFILE,
	DIRECTORY_ONLY = O_DIRECTORY,
	NOFOLLOW = O_NOFOLLOW,
	NOATIME = O_NOATIME,
	SYNC = __O_SYNC,
	PATH = O_PATH,
	TMPFILE = __O_TMPFILE,
};
DECLARE_FLAGS(file_flag);

struct task_file_record {
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
	/* the descriptor [id]; from bpf_iter__task_file.fd */
	__u32 fd;
	/*
	 * what the file is; ANON is an eventfd, epoll, BPF object …, and the path says which; from
	 * inode.i_mode, super_block.s_magic
	 */
	enum file_kind kind;
	/* the type and permissions of the inode; from inode.i_mode */
	rec_mode mode;
	/*
	 * how it was opened: O_* of open(2), as in /proc/PID/fdinfo but without O_CLOEXEC; O_SYNC is SYNC and
	 * DSYNC; from file.f_flags
	 */
	FLAGS(file_flag) flags;
	/* the position of the next read or write [bytes]; from file.f_pos */
	__s64 pos;
	/* the size of the inode; from inode.i_size */
	rec_bytes_count size;
	/* its inode [inode number]; from inode.i_ino */
	__u64 inode;
	/* the device that the inode is on, as st_dev of stat(2); from super_block.s_dev */
	rec_dev device;
	/* the device that the inode is, for a device file, as st_rdev of stat(2); from inode.i_rdev */
	rec_dev rdevice;
	/* as readlink of /proc/PID/fd shows it; None for more than 4,095 bytes; from file.f_path */
	rec_text path NEEDS_D_PATH;
};
RECORD(task_file_record);

#define SET(column, value) PUT(task_file_record, row, turn, column, value)

SCRATCH(path_scratch, PATH_MAX)

struct task_file_slot {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
	struct task_file_record *record;
	void *result;
	const char *path;
};
SLOT(task_file_slot)

static __always_inline void fill(struct task_struct *task, __u32 fd, struct file *file,
				 const struct reader *reader, void *row, enum turn turn)
{
	struct inode *inode = file->f_inode;

	SET(tid, task_number(task, reader));
	SET(pid, process_number(task, reader));
	PUT_TEXT(task_file_record, row, turn, comm, task->comm);
	SET(fd, fd);
	SET(mode, inode->i_mode);
	SET(kind, inode->i_sb->s_magic == ANON_INODE_FS_MAGIC ? ANON : inode->i_mode & S_IFMT);
	SET(flags, file->f_flags);
	SET(pos, file->f_pos);
	SET(size, inode->i_size);
	SET(inode, inode->i_ino);
	SET(device, stat_dev(inode->i_sb->s_dev));
	SET(rdevice, stat_dev(inode->i_rdev));
}

SEC("iter/task_file")
int dump_task_file(struct bpf_iter__task_file *ctx)
{
	struct task_file_record record = { .record_size = RECORD_BASE(record) };
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file, *plain;
	struct task_file_slot slot = {
		.meta = ctx->meta,
		.fd = ctx->fd,
		.record = &record,
	};
	int length = -1;
	struct output out;
	struct reader reader;
	char *path = NULL;

	if (!task || !file)
		return 0;
	reader = reader_of(ctx->meta->seq);
	if (!task_asked(task, &reader))
		return 0;
	plain = PLAIN(file, file);
	slot.task = PLAIN(task_struct, task);
	slot.file = plain;
	if (query_used)
		fill(task, ctx->fd, plain, &reader, &record, FIRST);
	if (!query_reads_text && !query_keeps(&slot))
		return 0;
	fill(task, ctx->fd, plain, &reader, &record, THEN);
	if (HAS_D_PATH && WANTED(task_file_record, ONCE, path)) {
		path = scratch_get(&path_scratch);
		if (!path)
			return 1;
		length = bpf_d_path(&file->f_path, path, PATH_MAX);
		length = length > 0 && length <= PATH_MAX ? length - 1 : -1;
		span_set(&record.path, &record.record_size, length);
	}
	slot.path = path;
	if (query_reads_text && !query_keeps(&slot))
		return 0;

	out = output_begin(ctx->meta->seq);
	output_record(&out, &slot, sizeof(record));
	output_span(&out, path, length, PATH_MAX);
	return output_end(&out);
}
