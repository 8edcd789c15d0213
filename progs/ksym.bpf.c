// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Kernel symbols, including those of modules, ftrace and BPF programs. */
#include "kernel.h"
#include "record.h"
#include "emit.h"

char _license[] SEC("license") = "Dual BSD/GPL";

#define NAME_MAX 512  /* include/linux/kallsyms.h, KSYM_NAME_LEN */
#define MODULE_MAX 56 /* include/linux/moduleparam.h, MODULE_NAME_LEN */

struct kallsym_iter {
	unsigned long value;
	char type;
	char name[NAME_MAX];
	char module_name[MODULE_MAX];
	int exported;
} __attribute__((preserve_access_index));

struct bpf_iter__ksym {
	struct bpf_iter_meta *meta;
	struct kallsym_iter *ksym;
} __attribute__((preserve_access_index));

struct ksym_record {
	rec_size record_size;

	/* modules may use it (EXPORT_SYMBOL); from kallsym_iter.exported */
	bool exported;
	/*
	 * the letter that nm shows for it; lower case for a symbol that a module doesn't export; from
	 * kallsym_iter.type
	 */
	char type;
	/* its address, which kptr_restrict doesn't hide here; from kallsym_iter.value */
	rec_kptr address;
	/* its place in this walk, from 0 [number]; from bpf_iter_meta.seq_num */
	__u64 seq_num;
	/* its name, as in /proc/kallsyms; None if it can't be read; from kallsym_iter.name */
	rec_text name;
	/*
	 * its module, or bpf, __builtin__ftrace, __builtin__kprobes; None for the kernel's own symbols; from
	 * kallsym_iter.module_name
	 */
	rec_text module;
};
RECORD(ksym_record);

SCRATCH(name_scratch, NAME_MAX)

struct ksym_slot {
	struct bpf_iter_meta *meta;
	struct kallsym_iter *ksym;
	struct ksym_record *record;
	void *result;
	const char *name;
	const char *module;
};
SLOT(ksym_slot)

SEC("iter/ksym")
int dump_ksym(struct bpf_iter__ksym *ctx)
{
	struct ksym_record record = { .record_size = RECORD_BASE(record) };
	struct kallsym_iter *ksym = ctx->ksym;
	char module[64] SLOT_TEXT = {};
	struct ksym_slot slot = { .meta = ctx->meta, .ksym = ctx->ksym, .record = &record };
	struct output out;
	char *name;
	long length, module_length;

	if (!ksym)
		return 0;
	name = scratch_get(&name_scratch);
	if (!name)
		return 1;
	record.seq_num = ctx->meta->seq_num;
	record.address = ksym->value;
	record.exported = ksym->exported;
	record.type = ksym->type;
	/* As in /proc/kallsyms, a lower case letter is a local symbol. */
	if (ksym->module_name[0])
		record.type = ksym->exported ? record.type & ~0x20 : record.type | 0x20;
	length = bpf_probe_read_kernel_str(name, NAME_MAX, ksym->name);
	length = length > 0 && length <= NAME_MAX ? length - 1 : -1;
	span_set(&record.name, &record.record_size, length);
	module_length = bpf_probe_read_kernel_str(module, MODULE_MAX, ksym->module_name);
	module_length = module_length > 1 && module_length <= MODULE_MAX ? module_length - 1 : -1;
	span_set(&record.module, &record.record_size, module_length);

	out = output_begin(ctx->meta->seq);
	slot.name = name;
	slot.module = module;
	if (query_keeps(&slot)) {
		output_record(&out, &slot, sizeof(record));
		output_span(&out, name, length, NAME_MAX);
		output_span(&out, module, module_length, MODULE_MAX);
	}
	return output_end(&out);
}
