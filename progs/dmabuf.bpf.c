// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Buffers shared between devices. */
#include "kernel.h"
#include "record.h"
#include "emit.h"

char _license[] SEC("license") = "Dual BSD/GPL";

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* From 6.13 counted from -1 on: include/linux/file_ref.h. */
struct file___ref {
	struct {
		struct {
			long long counter;
		} refcnt;
	} f_ref;
};

struct dma_buf {
	unsigned long size;
	struct file *file;
	const char *exp_name;
	const char *name;
};

struct bpf_iter__dmabuf {
	struct bpf_iter_meta *meta;
	struct dma_buf *dmabuf;
};

#pragma clang attribute pop

struct dmabuf_record {
	/* the name that DMA_BUF_SET_NAME gave it, or empty; from dma_buf.name */
	char name[32];
	/* the driver or heap that made it; from dma_buf.exp_name */
	char exporter[32];
	/* its size; from dma_buf.size */
	rec_bytes_count size;
	/* the inode of its file, as in /proc/PID/fdinfo [inode number]; from inode.i_ino */
	__u64 inode;
	/* references to its file; None before Linux 6.13 [references]; from file.f_ref */
	rec_opt_u64 references;
};
RECORD(dmabuf_record);

struct dmabuf_slot {
	struct bpf_iter_meta *meta;
	struct dma_buf *dmabuf;
	struct dmabuf_record *record;
	void *result;
};
SLOT(dmabuf_slot)

SEC("iter/dmabuf")
int dump_dmabuf(struct bpf_iter__dmabuf *ctx)
{
	struct dma_buf *dmabuf = ctx->dmabuf;
	struct dmabuf_record record = {};
	struct file___ref *file;
	struct dmabuf_slot slot = { .meta = ctx->meta, .dmabuf = ctx->dmabuf, .record = &record };
	struct output out;

	if (!dmabuf)
		return 0;
	bpf_probe_read_kernel_str(record.name, sizeof(record.name), dmabuf->name);
	bpf_probe_read_kernel_str(record.exporter, sizeof(record.exporter), dmabuf->exp_name);
	record.size = dmabuf->size;
	record.inode = dmabuf->file->f_inode->i_ino;
	file = (void *)dmabuf->file;
	record.references = bpf_core_field_exists(file->f_ref.refcnt.counter) ?
				    BPF_CORE_READ(file, f_ref.refcnt.counter) + 1 :
				    -1;

	out = output_begin(ctx->meta->seq);
	if (query_keeps(&slot))
		output_record(&out, &slot, sizeof(record));
	return output_end(&out);
}
