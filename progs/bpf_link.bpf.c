// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* BPF links: all of the system. */
#include "kernel_bpf.h"
#include "record.h"
#include "emit.h"

char _license[] SEC("license") = "Dual BSD/GPL";

#define TARGET_MAX 64

struct bpf_iter__bpf_link {
	struct bpf_iter_meta *meta;
	struct bpf_link *link;
} __attribute__((preserve_access_index));

/* Private to kernel/bpf/bpf_iter.c. */
struct bpf_iter_reg {
	const char *target;
} __attribute__((preserve_access_index));

struct bpf_iter_target_info {
	const struct bpf_iter_reg *reg_info;
} __attribute__((preserve_access_index));

struct bpf_iter_link {
	struct bpf_link link;
	struct bpf_iter_target_info *tinfo;
} __attribute__((preserve_access_index));

struct bpf_link_record {
	rec_size record_size;

	/* the link, for BPF_LINK_GET_FD_BY_ID [id]; from bpf_link.id */
	__u32 id;
	/* the type of the link; from bpf_link.type */
	enum link_type type;
	/* the attached program; 0 for a struct_ops link, which has none [id]; from bpf_prog_aux.id */
	__u32 prog_id;
	/* the program's name, at most 15 bytes of it; from bpf_prog_aux.name */
	char prog_name[16];
	/* the attach type that its program was loaded with; from bpf_prog.expected_attach_type */
	enum attach_type attach_type;
	/*
	 * the function or other hook that it is attached to, in the BTF that has it; or 0 [BTF type id]; from
	 * bpf_prog_aux.attach_btf_id
	 */
	__u32 attach_btf_id;
	/*
	 * an iterator's target, or the kernel function that is traced; None for other links; from
	 * bpf_iter_reg.target, bpf_prog_aux.attach_func_name
	 */
	rec_text target;
	/* references to it, the walk's own included [references]; from bpf_link.refcnt */
	__s64 refcnt;
};
RECORD(bpf_link_record);

struct bpf_link_slot {
	struct bpf_iter_meta *meta;
	struct bpf_link *link;
	struct bpf_link_record *record;
	void *result;
	const char *target;
};
SLOT(bpf_link_slot)

SEC("iter/bpf_link")
int dump_bpf_link(struct bpf_iter__bpf_link *ctx)
{
	struct bpf_link *link = ctx->link;
	struct bpf_link_record record = { .record_size = RECORD_BASE(record) };
	char target[TARGET_MAX] SLOT_TEXT = {};
	const char *from = NULL;
	struct bpf_prog *prog;
	struct bpf_link_slot slot = { .meta = ctx->meta, .link = ctx->link, .record = &record };
	struct output out;
	long length = -1;

	if (!link)
		return 0;
	prog = link->prog;
	record.id = link->id;
	record.type = (enum link_type)link->type;
	record.refcnt = link->refcnt.counter;
	/* A struct_ops link has no program. */
	if (prog) {
		record.prog_id = prog->aux->id;
		__builtin_memcpy(record.prog_name, prog->aux->name, sizeof(record.prog_name));
		record.attach_type = (enum attach_type)prog->expected_attach_type;
		record.attach_btf_id = prog->aux->attach_btf_id;
		from = prog->aux->attach_func_name;
	}
	if (link->type == BPF_LINK_TYPE_ITER)
		from = BPF_CORE_READ((struct bpf_iter_link *)link, tinfo, reg_info, target);
	if (from)
		length = bpf_probe_read_kernel_str(target, sizeof(target), from) - 1;
	span_set(&record.target, &record.record_size, length);

	out = output_begin(ctx->meta->seq);
	slot.target = target;
	if (query_keeps(&slot)) {
		output_record(&out, &slot, sizeof(record));
		output_span(&out, target, length, TARGET_MAX);
	}
	return output_end(&out);
}
