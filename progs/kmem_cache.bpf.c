// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The slab allocator's caches. */
#include "kernel.h"
#include "record.h"
#include "emit.h"

char _license[] SEC("license") = "Dual BSD/GPL";

#define NODES_MAX 64
/* Of a node's partial slabs, how many are counted: mm/slub.c, MAX_PARTIAL_TO_SCAN. */
#define PARTIAL_MAX 10000

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct counter {
	long long counter;
};

struct kmem_cache_node {
	unsigned long nr_partial;
	struct list_head partial;
	struct counter nr_slabs;
	struct counter total_objects;
};

struct kmem_cache_order_objects {
	unsigned int x;
};

struct kmem_cache {
	unsigned int flags;
	unsigned int size;
	unsigned int object_size;
	struct kmem_cache_order_objects oo;
	int refcount;
	unsigned int align;
	const char *name;
	struct kmem_cache_node *node[NODES_MAX];
};

/* Later kernels (seen on 7.3): a node also has a cache of sheaves. */
struct kmem_cache_per_node_ptrs {
	struct kmem_cache_node *node;
};

struct kmem_cache___per_node {
	struct kmem_cache_per_node_ptrs per_node[NODES_MAX];
};

struct slab {
	struct list_head slab_list;
	unsigned inuse : 16, objects : 15, frozen : 1;
};

struct bpf_iter__kmem_cache {
	struct bpf_iter_meta *meta;
	struct kmem_cache *s;
};

#pragma clang attribute pop

struct kmem_cache_record {
	/* the cache's name, as in /proc/slabinfo; from kmem_cache.name */
	char name[64];
	/* the size of an object, as the cache's user asked for; from kmem_cache.object_size */
	rec_bytes_count32 object_size;
	/* the memory that an object takes, with padding and metadata; from kmem_cache.size */
	rec_bytes_count32 size;
	/* the alignment of an object; from kmem_cache.align */
	rec_bytes_count32 align;
	/* how many objects a new slab has [objects]; from kmem_cache.oo */
	__u32 objects_per_slab;
	/* how many pages a new slab has [pages]; from kmem_cache.oo */
	__u32 pages_per_slab;
	/*
	 * its flags: SLAB_* of include/linux/slab.h; which bit is which differs between kernels, whose BTF
	 * numbers them in enum _slab_flag_bits [SLAB_*]; from kmem_cache.flags
	 */
	__u32 flags;
	/* how many users share it, since similar caches are merged [users]; from kmem_cache.refcount */
	__s32 refcount;
	/* how many slabs it has, on all memory nodes [slabs]; from kmem_cache_node.nr_slabs */
	__u64 slabs;
	/* how many objects these slabs have room for [objects]; from kmem_cache_node.total_objects */
	__u64 total_objects;
	/*
	 * how many of these are in use or cached for a CPU, as /proc/slabinfo counts; None if a node has more
	 * than 10,000 partial slabs [objects]; from kmem_cache_node.partial, slab.inuse
	 */
	rec_opt_u64 active_objects;
};
RECORD(kmem_cache_record);

/* Count the free objects of one partial slab, for bpf_loop(). */
struct count_free {
	struct list_head *at, *head;
	__u64 free;
	bool done;
};

static long count_slab(__u32 index, struct count_free *counted)
{
	struct list_head *at = counted->at;
	struct slab *slab;
	__u32 objects, inuse;

	if (at == counted->head || !at) {
		counted->done = true;
		return 1;
	}
	slab = (void *)at - bpf_core_field_offset(struct slab, slab_list);
	objects = BPF_CORE_READ_BITFIELD_PROBED(slab, objects);
	inuse = BPF_CORE_READ_BITFIELD_PROBED(slab, inuse);
	counted->free += objects - inuse;
	counted->at = BPF_CORE_READ(at, next);
	return 0;
}

/* Count one memory node, for bpf_loop(): nested loops are too complex for the verifier. */
struct count_node {
	const void *nodes; /* the address of the first node's pointer */
	__u32 step;	   /* from one node's pointer to the next */
	__u64 slabs, total_objects, free;
	bool frees; /* whether to count free objects */
	bool unsure;
};

static long count_one(__u32 index, struct count_node *sum)
{
	struct kmem_cache_node *node = NULL;
	struct count_free counted = {};

	bpf_probe_read_kernel(&node, sizeof(node), sum->nodes + index * sum->step);
	if (!node)
		return 0; /* a node without memory */
	sum->slabs += BPF_CORE_READ(node, nr_slabs.counter);
	sum->total_objects += BPF_CORE_READ(node, total_objects.counter);
	if (!sum->frees)
		return 0;
	counted.head = (void *)node + bpf_core_field_offset(struct kmem_cache_node, partial);
	counted.at = BPF_CORE_READ(node, partial.next);
	bpf_loop(PARTIAL_MAX, count_slab, &counted, 0);
	if (!counted.done)
		sum->unsure = true;
	sum->free += counted.free;
	return 0;
}

/* The slabs of all memory nodes. */
static __always_inline struct count_node count_slabs(struct kmem_cache *cache, bool frees)
{
	struct count_node sum = { .frees = frees };

	if (bpf_core_field_exists(cache->node)) {
		sum.nodes = (void *)cache + bpf_core_field_offset(struct kmem_cache, node);
		sum.step = sizeof(struct kmem_cache_node *);
	} else {
		sum.nodes = (void *)cache +
			    bpf_core_field_offset(struct kmem_cache___per_node, per_node) +
			    bpf_core_field_offset(struct kmem_cache_per_node_ptrs, node);
		sum.step = bpf_core_type_size(struct kmem_cache_per_node_ptrs);
	}
	/* The array is only allocated for possible memory nodes: what is beyond them isn't part of it. */
	bpf_loop(host_nodes, count_one, &sum, 0);
	return sum;
}

#define SET(column, value) PUT(kmem_cache_record, row, turn, column, value)

static __always_inline void fill(struct kmem_cache *cache, void *row, enum turn turn)
{
	if (WANTED(kmem_cache_record, turn, name))
		bpf_probe_read_kernel_str(COLUMN(kmem_cache_record, row, name),
					  sizeof(((struct kmem_cache_record *)0)->name), cache->name);
	SET(object_size, cache->object_size);
	SET(size, cache->size);
	SET(align, cache->align);
	/* mm/slub.c, oo_order() and oo_objects() */
	SET(objects_per_slab, cache->oo.x & 0xffff);
	SET(pages_per_slab, 1u << (cache->oo.x >> 16 & 31));
	SET(flags, cache->flags);
	SET(refcount, cache->refcount);
	/* Counting them takes nearly all of a walk's time. */
	if (WANTED(kmem_cache_record, turn, slabs) || WANTED(kmem_cache_record, turn, total_objects) ||
	    WANTED(kmem_cache_record, turn, active_objects)) {
		bool frees = WANTED(kmem_cache_record, turn, active_objects);
		struct count_node sum = count_slabs(cache, frees);

		SET(slabs, sum.slabs);
		SET(total_objects, sum.total_objects);
		SET(active_objects, sum.unsure ? -1 : sum.total_objects - sum.free);
	}
}

struct kmem_cache_slot {
	struct bpf_iter_meta *meta;
	struct kmem_cache *s;
	struct kmem_cache_record *record;
	void *result;
};
SLOT(kmem_cache_slot)

SEC("iter/kmem_cache")
int dump_kmem_cache(struct bpf_iter__kmem_cache *ctx)
{
	struct kmem_cache *cache = ctx->s;
	struct kmem_cache_record record;
	struct kmem_cache_slot slot = { .meta = ctx->meta, .s = cache, .record = &record };
	struct output out;

	if (!cache)
		return 0;
	record_clear(&record, sizeof(record));
	if (query_used)
		fill(cache, &record, FIRST);
	if (!query_keeps(&slot))
		return 0;
	fill(cache, &record, THEN);

	out = output_begin(ctx->meta->seq);
	output_record(&out, &slot, sizeof(record));
	return output_end(&out);
}
