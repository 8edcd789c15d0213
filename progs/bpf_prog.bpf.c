// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* BPF programs: all of the system. */
#include "kernel_bpf.h"
#include "record.h"
#include "emit.h"

char _license[] SEC("license") = "Dual BSD/GPL";

#define NAME_MAX 128
#define INSTRUCTION_SIZE 8

struct bpf_iter__bpf_prog {
	struct bpf_iter_meta *meta;
	struct bpf_prog *prog;
} __attribute__((preserve_access_index));

#define NEEDS_VERIFIED_INSNS \
	NEEDS("bpf_prog_aux.verified_insns", "count of verified instructions (since Linux 5.16)")

struct bpf_prog_record {
	rec_size record_size;

	/* the program, for BPF_PROG_GET_FD_BY_ID [id]; from bpf_prog_aux.id */
	__u32 id;
	/* the type of the program; from bpf_prog.type */
	enum prog_type type;
	/* the attach type that it was loaded with; from bpf_prog.expected_attach_type */
	enum attach_type attach_type;
	/*
	 * the name of its main function in its BTF, up to 127 bytes of it; without BTF its own name, up to
	 * 15; None if it can't be read; from bpf_func_info.type_id, bpf_prog_aux.name
	 */
	rec_text name;
	/*
	 * the kernel function or other hook that it is for; None if there is none; from
	 * bpf_prog_aux.attach_func_name
	 */
	rec_text attach_to;
	/* that hook, in the BTF that has it; or 0 [BTF type id]; from bpf_prog_aux.attach_btf_id */
	__u32 attach_btf_id;
	/* a hash of its instructions as they were loaded, 8 bytes; from bpf_prog.tag */
	__u8 tag[8];
	/* it was compiled to machine code; from bpf_prog.jited */
	bool jited;
	/* its licence allows it to call GPL-only helpers; from bpf_prog.gpl_compatible */
	bool gpl_compatible;
	/* the size of its instructions after the verifier has rewritten them; from bpf_prog.len */
	rec_bytes_count32 xlated_size;
	/*
	 * the size of its machine code, all functions together; 0 if it was not compiled; from
	 * bpf_prog.jited_len
	 */
	rec_bytes_count32 jited_size;
	/* how many instructions the verifier processed [instructions]; from bpf_prog_aux.verified_insns */
	rec_opt_u32 verified_insns NEEDS_VERIFIED_INSNS;
	/* how many maps it uses [maps]; from bpf_prog_aux.used_map_cnt */
	__u32 used_map_cnt;
	/*
	 * when it was loaded: time since boot, suspend included, in the initial time namespace; from
	 * bpf_prog_aux.load_time
	 */
	rec_ns load_time_ns;
	/* who loaded it, in the initial user namespace [id]; from user_struct.uid */
	__u32 uid;
	/* the BTF that has its types; 0 if there is none [id]; from btf.id */
	__u32 btf_id;
	/* references to it, the walk's own included [references]; from bpf_prog_aux.refcnt */
	__s64 refcnt;
};
RECORD(bpf_prog_record);

/* The head of every type: include/uapi/linux/btf.h, struct btf_type. */
struct type_head {
	__u32 name_off;
};

static __always_inline int text_read(const char *from, char *to)
{
	long length = bpf_probe_read_kernel_str(to, NAME_MAX, from);

	return length > 0 && length <= NAME_MAX ? length - 1 : -1;
}

static __always_inline int btf_name(struct bpf_prog_aux *aux, char *to)
{
	struct type_head *type = NULL, head = {};
	struct bpf_func_info info = {};

	if (!aux->btf || !aux->func_info)
		return -1;
	bpf_probe_read_kernel(&info, sizeof(info), aux->func_info);
	bpf_probe_read_kernel(&type, sizeof(type), aux->btf->types + info.type_id);
	if (!type || bpf_probe_read_kernel(&head, sizeof(head), type))
		return -1;
	return text_read(aux->btf->strings + head.name_off, to);
}

#define FUNCTIONS_MAX 256 /* include/linux/bpf_verifier.h, BPF_MAX_SUBPROGS */

/* Each function is compiled on its own, and before Linux 6.17 jited_len is only that of the first. */
static __always_inline __u32 jited_size(struct bpf_prog *prog)
{
	__u32 count = prog->aux->func_cnt, size = 0;
	struct bpf_prog *function;

	if (!count)
		return prog->jited_len;
	for (__u32 i = 0; i < FUNCTIONS_MAX && i < count; i++) {
		if (bpf_core_read(&function, sizeof(function), prog->aux->func + i))
			break;
		size += BPF_CORE_READ(function, jited_len);
	}
	return size;
}

struct bpf_prog_slot {
	struct bpf_iter_meta *meta;
	struct bpf_prog *prog;
	struct bpf_prog_record *record;
	void *result;
	const char *name;
	const char *attach_to;
};
SLOT(bpf_prog_slot)

SEC("iter/bpf_prog")
int dump_bpf_prog(struct bpf_iter__bpf_prog *ctx)
{
	struct bpf_prog *prog = ctx->prog;
	struct bpf_prog_record record = { .record_size = RECORD_BASE(record) };
	char name[NAME_MAX] SLOT_TEXT = {};
	char attach_to[NAME_MAX] SLOT_TEXT = {};
	struct bpf_prog_aux *aux;
	struct bpf_prog_slot slot = { .meta = ctx->meta, .prog = ctx->prog, .record = &record };
	struct output out;
	int name_length, attach_length = -1;

	if (!prog)
		return 0;
	aux = prog->aux;
	record.id = aux->id;
	record.type = (enum prog_type)prog->type;
	record.attach_type = (enum attach_type)prog->expected_attach_type;
	name_length = btf_name(aux, name);
	if (name_length <= 0)
		name_length = text_read(aux->name, name);
	span_set(&record.name, &record.record_size, name_length);
	if (aux->attach_func_name)
		attach_length = text_read(aux->attach_func_name, attach_to);
	span_set(&record.attach_to, &record.record_size, attach_length);
	record.attach_btf_id = aux->attach_btf_id;
	__builtin_memcpy(record.tag, prog->tag, sizeof(record.tag));
	record.jited = BPF_CORE_READ_BITFIELD_PROBED(prog, jited);
	record.gpl_compatible = BPF_CORE_READ_BITFIELD_PROBED(prog, gpl_compatible);
	record.xlated_size = prog->len * INSTRUCTION_SIZE;
	record.jited_size = jited_size(prog);
	record.verified_insns = -1;
	if (bpf_core_field_exists(aux->verified_insns))
		record.verified_insns = aux->verified_insns;
	record.used_map_cnt = aux->used_map_cnt;
	record.load_time_ns = aux->load_time;
	record.uid = aux->user->uid.val;
	if (aux->btf)
		record.btf_id = aux->btf->id;
	record.refcnt = aux->refcnt.counter;

	out = output_begin(ctx->meta->seq);
	slot.name = name;
	slot.attach_to = attach_to;
	if (query_keeps(&slot)) {
		output_record(&out, &slot, sizeof(record));
		output_span(&out, name, name_length, NAME_MAX);
		output_span(&out, attach_to, attach_length, NAME_MAX);
	}
	return output_end(&out);
}
