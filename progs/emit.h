/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a record leaves the kernel: through the iterator's file (seq), or, where
 * a walk does not survive being cut in reads, into a map that the reader has
 * mapped (snapshot). A program for both ends in
 *
 *	struct output out = output_begin(ctx->meta->seq);
 *	struct task_slot slot = { .meta = ctx->meta, .task = task, .record = &record };
 *
 *	if (query_keeps(&slot))
 *		output_record(&out, &slot, sizeof(record));
 *	return output_end(&out);
 *
 * where the slot, see SLOT() below, lets the library choose records and add columns.
 *
 * All that one run of a program writes leaves together or not at all: the
 * kernel takes a seq_file back to where it was on overflow, and the map's
 * length only moves at the end.
 */
#ifndef LIBBPF_ITER_EMIT_H
#define LIBBPF_ITER_EMIT_H

#include <stdbool.h>

#include <bpf/bpf_core_read.h>

#include "record.h"

/* The largest record: a read of the iterator's file carries no more. */
#define RECORD_MAX 32767

/* 0: seq. Otherwise the bytes of data in the output map, set by the library. */
const volatile __u64 snapshot_size = 0;

struct snapshot {
	__u64 used;    /* bytes of records in data */
	__u64 dropped; /* records that found no room */
	__u64 met;     /* objects that a walk in one run came by */
	__u8 data[8];  /* snapshot_size bytes: the library gives the map its real size */
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
	bool full;  /* no room: the library starts again with more */
	bool again; /* no memory for a moment: the kernel shows the object again */
};

static __always_inline struct snapshot *snapshot_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&snapshot_map, &zero);
}

/*
 * How many objects a walk in one run may come by: it can't be interrupted. Where it comes by more, the
 * library lets an iterator walk, and what there is of this one is dropped.
 */
const volatile __u64 walked_most = -1;

/* Counts in the map: a number that the verifier knew would be another one in each round of the loop. */
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
 * What is compared has to be the register that is used: old verifiers learn nothing of a copy, nor of
 * a sum.
 */
#define ONE_REGISTER(variable) asm volatile("" : "+r"(variable))

/* Whether a record has room from there on. */
static __always_inline bool output_fits(__u64 at)
{
	return at <= snapshot_size - RECORD_MAX;
}

static __always_inline void output_put(struct output *out, const void *data, __u64 size)
{
	__u64 at = out->at;

	if (!snapshot_size) {
		bpf_seq_write(out->seq, data, size);
		return;
	}
	ONE_REGISTER(at);
	if (size > RECORD_MAX || !output_fits(at)) {
		out->full = true;
		return;
	}
	if (!out->full && out->snapshot)
		bpf_probe_read_kernel(out->snapshot->data + at, size, data);
	out->at = at + size;
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
 * Which columns of a record are computed, and where they go, is in the instructions: the library writes
 * some over before loading, which it finds by their labels. A jump in front of a column, never taken as
 * it is compiled, is negated where nobody asked for that column; the verifier sees that it is always
 * taken then, and drops it with all that it leads past. A store is moved to where the column lies in a
 * record of the chosen columns alone. So what isn't used costs no instruction. (A variable of .rodata
 * would be read for each column of each object.)
 *
 *	PUT(task_record, row, turn, nice, task->static_prio - 120);
 *
 * A row is memory for the struct, on the stack or in the output map. Every column has to be put,
 * and those that share costly work first ask WANTED(task_record, turn, nice).
 *
 * Most objects of a walk with a filter are dropped, so a program puts its columns in two turns: first
 * what the filter asks for, and the rest once it has decided. A column has its place in one of them.
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

/* column_<offset>_<turn>_<n>: the jump. What it compares is one register for all columns. */
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

/* A text of that many bytes, which lies at words in the kernel and in a record. */
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

/* Where a column goes that more than stores of ours write; address_<offset>_<n> adds to it. */
#define COLUMN(type, row, member)                                                                 \
	({                                                                                        \
		void *column_ = &((struct type *)(row))->member;                                  \
		asm("address_%c1_%=: %0 += 0"                                                     \
		    : "+r"(column_)                                                               \
		    : "i"(__builtin_offsetof(struct type, member)));                              \
		column_;                                                                          \
	})

/* Bytes of a record of the chosen columns alone; 0: the struct itself leaves. */
const volatile __u32 packed_size = 0;

/* Whether there is a query, see SLOT(). */
const volatile bool query_used = false;

/*
 * Empty a record on the stack, as far as it is used: to clear a large struct for a few columns takes a
 * good part of the time that an object takes.
 */
static __always_inline void record_clear(void *record, __u32 size)
{
	/* What a filter alone asks for lies behind what leaves. */
	__u32 used = packed_size && !query_used ? packed_size : size;

#pragma unroll
	for (__u32 at = 0; at < size; at += 64)
		if (at < used)
			__builtin_memset(record + at, 0, size - at < 64 ? size - at : 64);
}

/*
 * Memory for one column of variable length, too large for the stack. It hangs
 * on the task that reads: that task can't be inside two walks at once, while a
 * per-CPU buffer is shared by every walk that is preempted on that CPU.
 * One buffer a column keeps each below what the kernel allocates in one piece, 8192 bytes with what
 * the storage adds.
 *
 * Before Linux 5.11 there is no such storage, and the library makes these maps per-CPU ones. There
 * that is safe: until af449901b84c, of that version, migrate_disable() in bpf_iter_run_prog() was
 * preempt_disable(), and no iterator slept.
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
 * The slot: a function that the library replaces with what a query was compiled
 * to. It is given a struct of the program's own, whose members it knows by name:
 *
 *	struct task_slot {
 *		struct bpf_iter_meta *meta;  the program's arguments
 *		struct task_struct *task;
 *		struct task_record *record;  with the columns that the query needs
 *		void *result;                where what leaves instead of the record goes
 *		const char *exe;             the text of each rec_text column, if it has any
 *	};
 *	SLOT(task_slot);
 *
 * Without a result it is the filter, and returns whether the record leaves; with one it fills that.
 * A program without SLOT() has no queries.
 */
const volatile __u32 query_size = 0; /* bytes of the result; 0: the record itself leaves */
/* The filter looks at text of variable length, which otherwise is only had for what leaves. */
const volatile bool query_reads_text = false;

#define QUERY_ROOM 4096
SCRATCH(query_scratch, QUERY_ROOM)

/* Text on the stack that a slot is given: there, words are read where words can lie. */
#define SLOT_TEXT __attribute__((aligned(8)))

/* What the spans of a record, or of a query's result, come behind. */
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
 * query_keeps() is true where the record leaves. The slot is not inlined so that its place is
 * known, and last in its section so that it may have any length.
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

/* The next span of a record: where the last one ended. An empty one still has its place. */
static __always_inline void span_set(struct rec_span *span, __u32 *record_size, int length)
{
	if (length < 0)
		return;
	span->offset = *record_size;
	span->length = length;
	*record_size += length;
}

/* A span's bytes; a length below 0, which is a large one without a sign, is none. */
static __always_inline void output_span(struct output *out, const void *data, int length, __u32 most)
{
	__u64 size = (__u32)length;

	ONE_REGISTER(size);
	if (size <= most)
		output_put(out, data, size);
}

#endif
