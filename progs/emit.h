/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How records leave the kernel: through the iterator's file (seq), or into a map that the reader has mapped
 * into its memory (snapshot), for walks that must not be cut into several reads. A program that supports
 * both ends in
 *
 *	struct output out = output_begin(ctx->meta->seq);
 *	struct task_slot slot = { .meta = ctx->meta, .task = task, .record = &record };
 *
 *	if (query_keeps(&slot))
 *		output_record(&out, &slot, sizeof(record));
 *	return output_end(&out);
 *
 * where the slot, see SLOT() below, is where the library puts a query's filter and columns.
 *
 * What one run of a program writes is output as a whole or not at all: on overflow the kernel discards what
 * that run has written to the seq_file, and the length in the map is only updated at the end.
 */
#ifndef LIBBPF_ITER_EMIT_H
#define LIBBPF_ITER_EMIT_H

#include <stdbool.h>

#include <bpf/bpf_core_read.h>

#include "record.h"

/* The largest record: a read of the iterator's file carries no more. */
#define RECORD_MAX 32767

/* 0 for seq; otherwise the size of the output map's data, set by the library. */
#define snapshot_size SETTING(snapshot_size, 0)

struct snapshot {
	__u64 used;    /* bytes of records in data */
	__u64 dropped; /* records that there was no room for */
	__u64 met;     /* objects that a walk in one run has visited */
	__u8 data[8];  /* snapshot_size bytes: the library sets the map's real value size */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct snapshot);
} snapshot_map SEC(".maps");

struct output {
	struct seq_file *seq;
	struct snapshot *snapshot;
	__u64 at;
	bool full;  /* no room: the library repeats the walk with a larger map */
	bool again; /* out of memory: the kernel is to show the same object again */
};

static __always_inline struct snapshot *snapshot_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&snapshot_map, &zero);
}

/*
 * How many objects a walk in one run may visit, since it can't be interrupted. If there are more, the
 * library discards it and walks with an iterator.
 */
#define walked_most SETTING(walked_most, -1)

/* Counts in the map, where the verifier doesn't track it: a local count would make iterations differ. */
static __always_inline bool walked_enough(struct snapshot *snapshot)
{
	return ++snapshot->met > walked_most;
}

static __always_inline struct output output_begin(struct seq_file *seq)
{
	struct output out = { .seq = seq };

	if (snapshot_size) {
		out.snapshot = snapshot_get();
		if (out.snapshot)
			out.at = out.snapshot->used;
		else
			out.full = true;
	}
	return out;
}

/*
 * Keep a variable in one register, so that the one that is compared is the one that is used: old verifiers
 * don't apply bounds to a copy, nor to the result of an addition.
 */
#define ONE_REGISTER(variable) asm volatile("" : "+r"(variable))

/* Whether any record fits from there on. */
static __always_inline bool output_fits(__u64 at)
{
	return at <= snapshot_size - RECORD_MAX;
}

/*
 * Make a size 0 if it is too large. This belongs right before the call that takes the size: what a comparison
 * tells about a register, old verifiers don't know about a copy of it, which the compiler may have made, nor
 * about one on the stack.
 */
#define AT_MOST(size, most) \
	asm volatile("if %0 <= %1 goto +1\n%0 = 0" : "+r"(size) : "r"((__u64)(most)))

static __always_inline void snapshot_put(struct output *out, const void *data, __u64 size, __u64 most)
{
	__u64 at = out->at;

	ONE_REGISTER(at);
	if (out->full || !out->snapshot || !output_fits(at)) {
		out->full = true;
		return;
	}
	AT_MOST(size, most);
	bpf_probe_read_kernel(out->snapshot->data + at, size, data);
	out->at = at + size;
}

static __always_inline void output_put(struct output *out, const void *data, __u64 size)
{
	if (!snapshot_size)
		bpf_seq_write(out->seq, data, size);
	else if (size > RECORD_MAX)
		out->full = true;
	else
		snapshot_put(out, data, size, RECORD_MAX);
}

static __always_inline int output_end(struct output *out)
{
	if (snapshot_size && out->snapshot) {
		if (out->full)
			out->snapshot->dropped += 1;
		else
			out->snapshot->used = out->at;
	}
	return out->again ? 1 : 0;
}

/*
 * Which columns are computed, and where they are stored, is decided by patching instructions: before
 * loading, the library finds them by their labels. In front of each column is a jump past it, which as
 * compiled is never taken. For a column that isn't needed, the library negates the jump; the verifier then
 * finds that it is always taken, and removes it together with the code that it skips. If only some columns
 * are output, the offsets of stores are changed to where each is in that smaller record. So an unused
 * column costs no instruction.
 *
 *	PUT(task_record, row, turn, nice, task->static_prio - 120);
 *
 * A row is memory for the struct, on the stack or in the output map. Every column has to be set by PUT();
 * columns that share expensive work test WANTED(task_record, turn, nice) before it.
 *
 * A filter drops most objects of a walk, so a program sets its columns in two turns: first those that the
 * filter uses, and the others only after it has accepted the object. Each column is set in one of the two.
 *
 *	if (query_used)
 *		fill(task, &record, FIRST);
 *	if (!query_keeps(&slot))
 *		return 0;
 *	fill(task, &record, THEN);
 */
enum turn {
	ONCE, /* all columns, before the filter */
	FIRST,
	THEN,
};

/* column_<offset>_<turn>_<n>: the jump. All columns compare the same register, which is 0. */
#define COLUMN_BEGIN(type, turn, member, unwanted)                                                \
	do {                                                                                      \
		__u64 zero_;                                                                      \
		asm("%0 = 0" : "=r"(zero_));                                                      \
		asm goto("column_%c1_%c2_%=: if %0 != 0 goto %l3"                                 \
			 :                                                                        \
			 : "r"(zero_), "i"(__builtin_offsetof(struct type, member)), "i"(turn)    \
			 :                                                                        \
			 : unwanted);                                                             \
	} while (0)

/* store_<offset>_<n>: a store to that column, or to a part of it. */
#define COLUMN_STORE_BITS(type, member, bits, to, value)                                          \
	asm volatile("store_%c2_%=: *(u" #bits " *)%0 = %1"                                       \
		     : "=m"(to)                                                                   \
		     : "r"((__u##bits)(typeof(to))(value)), "i"(__builtin_offsetof(struct type, member)))
#define COLUMN_STORE(type, member, to, value)                                                     \
	do {                                                                                      \
		_Static_assert(sizeof(to) <= 8, "more than one store");                           \
		if (sizeof(to) == 8)                                                              \
			COLUMN_STORE_BITS(type, member, 64, to, value);                           \
		else if (sizeof(to) == 4)                                                         \
			COLUMN_STORE_BITS(type, member, 32, to, value);                           \
		else if (sizeof(to) == 2)                                                         \
			COLUMN_STORE_BITS(type, member, 16, to, value);                           \
		else                                                                              \
			COLUMN_STORE_BITS(type, member, 8, to, value);                            \
	} while (0)

#define PUT(type, row, turn, member, value)                                                       \
	do {                                                                                      \
		__label__ unwanted_;                                                              \
		COLUMN_BEGIN(type, turn, member, unwanted_);                                      \
		COLUMN_STORE(type, member, ((struct type *)(row))->member, value);                \
	unwanted_:;                                                                               \
	} while (0)

/* A char array of fixed size, copied by words: it is aligned to them in the kernel and in the record. */
#define PUT_TEXT(type, row, turn, member, text)                                                   \
	do {                                                                                      \
		__label__ unwanted_;                                                              \
		__u32 *to_ = (__u32 *)((struct type *)(row))->member;                             \
		const __u32 *from_;                                                               \
		COLUMN_BEGIN(type, turn, member, unwanted_);                                      \
		from_ = (const __u32 *)(text);                                                    \
		for (__u32 at_ = 0; at_ < sizeof(((struct type *)0)->member) / 4; at_++)          \
			COLUMN_STORE(type, member, to_[at_], from_[at_]);                         \
	unwanted_:;                                                                               \
	} while (0)

#define WANTED(type, turn, member)                                                                \
	({                                                                                        \
		__label__ unwanted_;                                                              \
		bool wanted_ = false;                                                             \
		COLUMN_BEGIN(type, turn, member, unwanted_);                                      \
		wanted_ = true;                                                                   \
	unwanted_:                                                                                \
		wanted_;                                                                          \
	})

/* The address of a column that a helper writes to, or several stores; address_<offset>_<n> adjusts it. */
#define COLUMN(type, row, member)                                                                 \
	({                                                                                        \
		void *column_ = &((struct type *)(row))->member;                                  \
		asm("address_%c1_%=: %0 += 0"                                                     \
		    : "+r"(column_)                                                               \
		    : "i"(__builtin_offsetof(struct type, member)));                              \
		column_;                                                                          \
	})

/* The size of a record with only the chosen columns; 0 if the whole struct is output. */
#define packed_size SETTING(packed_size, 0)

/* Whether there is a query, see SLOT(). */
#define query_used SETTING(query_used, false)

/*
 * Clear the part of a record on the stack that is used: to clear a large struct for a few columns would take
 * a good part of the time that is spent on an object.
 */
static __always_inline void record_clear(void *record, __u32 size)
{
	/* Columns that only the filter uses are behind those that are output. */
	__u32 used = packed_size && !query_used ? packed_size : size;

#pragma unroll
	for (__u32 at = 0; at < size; at += 64)
		if (at < used)
			__builtin_memset(record + at, 0, size - at < 64 ? size - at : 64);
}

/*
 * A buffer for one column of variable length, which is too large for the stack. It is in the task storage of
 * the task that reads, which can't be in two walks at once; a per-CPU buffer would be shared by all walks
 * that are preempted on that CPU. With one buffer per column, each stays below the largest task storage,
 * which is 8192 bytes with its header.
 *
 * Before Linux 5.11 there is no task storage, and the library turns these maps into per-CPU arrays. On those
 * kernels that is safe: until af449901b84c, in 5.11, migrate_disable() in bpf_iter_run_prog() was
 * preempt_disable(), and no iterator could sleep.
 */
#define SCRATCH(name, bytes)                                        \
	struct name##_scratch {                                     \
		char data[bytes];                                   \
	};                                                          \
	struct {                                                    \
		__uint(type, BPF_MAP_TYPE_TASK_STORAGE);            \
		__uint(map_flags, BPF_F_NO_PREALLOC);               \
		__type(key, int);                                   \
		__type(value, struct name##_scratch);               \
	} name SEC(".maps");

static __always_inline void *scratch_get(void *map)
{
	__u32 zero = 0;

	if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_storage_get))
		return bpf_map_lookup_elem(map, &zero);
	return bpf_task_storage_get(map, bpf_get_current_task_btf(), 0,
				    BPF_LOCAL_STORAGE_GET_F_CREATE);
}

/*
 * The slot: a function that the library replaces with the compiled query. It takes a struct that the program
 * defines, and whose members queries can use by name:
 *
 *	struct task_slot {
 *		struct bpf_iter_meta *meta;  the program's arguments
 *		struct task_struct *task;
 *		struct task_record *record;  with the columns that the query uses
 *		void *result;                where to write what is output instead of the record
 *		const char *exe;             the text of each rec_text column, if it has any
 *	};
 *	SLOT(task_slot);
 *
 * If result is NULL, it is the filter, and returns whether to output the record; otherwise it fills result.
 * A program without SLOT() can't take queries.
 */
/* The size of the result; 0 if the record itself is output. */
#define query_size SETTING(query_size, 0)
/* The filter uses text of variable length, which otherwise is only read for what is output. */
#define query_reads_text SETTING(query_reads_text, false)

#define QUERY_ROOM 4096
SCRATCH(query_scratch, QUERY_ROOM)

/* For text on the stack that is passed to a slot: loads of words from the stack have to be aligned. */
#define SLOT_TEXT __attribute__((aligned(8)))

/* The size of what precedes the spans: the record's struct, or a query's result. */
#define RECORD_BASE(record) (query_size ? query_size : sizeof(record))

static __always_inline void *query_room(struct output *out)
{
	if (!snapshot_size)
		return scratch_get(&query_scratch);
	if (!out->snapshot || !output_fits(out->at))
		return NULL;
	return out->snapshot->data + out->at;
}

/*
 * query_keeps() is true if the record is to be output. The slot isn't inlined, so that it can be found, and
 * is the last function of its section, so that its replacement may have any length.
 */
#define SLOT(type)                                                                      \
	static __attribute__((noinline)) int query_slot(struct type *slot)              \
	{                                                                               \
		int keeps;                                                              \
                                                                                        \
		asm volatile("%0 = 1" : "=r"(keeps) : "r"(slot) : "memory");            \
		return keeps;                                                           \
	}                                                                               \
	static __always_inline bool query_keeps(struct type *slot)                      \
	{                                                                               \
		slot->result = NULL;                                                    \
		return !query_used || query_slot(slot);                                 \
	}                                                                               \
	static __always_inline void output_record(struct output *out, struct type *slot, \
						  __u32 size)                           \
	{                                                                               \
		if (!query_size) {                                                      \
			output_put(out, slot->record, packed_size ? packed_size : size); \
			return;                                                         \
		}                                                                       \
		slot->result = query_room(out);                                         \
		if (!slot->result) {                                                    \
			out->full = snapshot_size != 0;                                 \
			out->again = !out->full;                                        \
			return;                                                         \
		}                                                                       \
		query_slot(slot);                                                       \
		if (snapshot_size)                                                      \
			out->at += query_size;                                          \
		else                                                                    \
			bpf_seq_write(out->seq, slot->result, query_size);              \
	}

/* Append a span to a record: with length 0 it is empty, with a negative one it stays None. */
static __always_inline void span_set(struct rec_span *span, __u32 *record_size, int length)
{
	if (length < 0)
		return;
	span->offset = *record_size;
	span->length = length;
	*record_size += length;
}

/* Output a span's bytes, if it has any: a negative length is larger than most when unsigned. */
static __always_inline void output_span(struct output *out, const void *data, int length, __u32 most)
{
	__u64 size = (__u32)length;

	if (snapshot_size) {
		snapshot_put(out, data, size, most);
		return;
	}
	AT_MOST(size, most);
	if (size)
		bpf_seq_write(out->seq, data, size);
}

#endif
