// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Control groups of one hierarchy. */
#include <asm-generic/errno-base.h>

#include "kernel.h"
#include "record.h"
#include "emit.h"
#include "plain.h"

char _license[] SEC("license") = "Dual BSD/GPL";

#define PATH_MAX 4096
/*
 * A path starts anywhere in the first PATH_MAX bytes of its buffer, and as far as the verifier knows it may
 * have any length from there on. Since Linux 7.0, task storage is at most 8192 bytes with its header
 * (mm/slub.c, kmalloc_nolock()), so paths are limited to a little less than PATH_MAX.
 */
#define LENGTH_MAX 3584
#define NAME_MAX 255
#define DEPTH_MAX 64
/* include/linux/cgroup-defs.h: cleared when a cgroup is removed, see cgroup_is_dead() */
#define CSS_ONLINE 2
#define CGRP_FROZEN 3 /* include/linux/cgroup-defs.h */

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct page_counter {
	struct {
		long counter;
	} usage;
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	unsigned int flags;
};

struct mem_cgroup {
	struct cgroup_subsys_state css;
	struct page_counter memory;
};

struct pids_cgroup {
	struct cgroup_subsys_state css;
	struct {
		long long counter;
	} counter;
};

/* Members that only this program reads. */
struct kernfs_node___tree {
	struct kernfs_node___tree *__parent;
	const char *name;
	__u64 id;
};

/* Until 6.15: not protected by RCU. */
struct kernfs_node___old {
	struct kernfs_node___old *parent;
};

struct cgroup___full {
	struct cgroup_subsys_state self;
	unsigned long flags;
	int level;
	int max_depth;
	int nr_descendants;
	int nr_dying_descendants;
	int max_descendants;
	int nr_populated_csets;
	int nr_populated_domain_children;
	int nr_populated_threaded_children;
	struct kernfs_node___tree *kn;
	struct cgroup_subsys_state *subsys[16];
};

/* Later kernels (seen on 7.3) count in each css, and for the cgroup itself in its own. */
struct cgroup_subsys_state___counted {
	int nr_populated_csets;
};

struct bpf_iter__cgroup {
	struct bpf_iter_meta *meta;
	struct cgroup___full *cgroup;
};

#pragma clang attribute pop

enum cgroup_subsys_id {
	memory_cgrp_id = 4,
	pids_cgrp_id = 8,
};

#define NEEDS_MEMORY NEEDS("cgroup_subsys_id.memory_cgrp_id", "memory controller (CONFIG_MEMCG)")
#define NEEDS_PIDS NEEDS("cgroup_subsys_id.pids_cgrp_id", "pids controller (CONFIG_CGROUP_PIDS)")

struct cgroup_record {
	rec_size record_size;

	/* its depth in the hierarchy; 0 for the root [levels]; from cgroup.level */
	__s32 level;
	/*
	 * its id, which is the inode number of its directory in cgroupfs [inode number]; from kernfs_node.id
	 */
	__u64 id;
	/* the id of its parent; 0 for the root [inode number]; from kernfs_node.id */
	__u64 parent_id;
	/*
	 * its path from the root of its hierarchy, which is /; None if it is nested deeper than 64 levels, or
	 * longer than 3,584 bytes; from kernfs_node.name
	 */
	rec_text path;
	/* how many live cgroups there are below it [cgroups]; from cgroup.nr_descendants */
	__s32 descendants;
	/*
	 * how many cgroups below it were removed, but are still referenced [cgroups]; from
	 * cgroup.nr_dying_descendants
	 */
	__s32 dying_descendants;
	/*
	 * there is a task in it or below it; from cgroup.nr_populated_csets,
	 * cgroup.nr_populated_domain_children, cgroup.nr_populated_threaded_children
	 */
	bool populated;
	/* cgroup.freeze has stopped all tasks in it and below it; from cgroup.flags */
	bool frozen;
	/*
	 * memory charged to it and to cgroups below it; None if its memory controller isn't enabled; from
	 * mem_cgroup.memory and page_counter.usage
	 */
	rec_opt_bytes_count memory_current NEEDS_MEMORY;
	/*
	 * tasks in it and below it, as the pids controller counts them; None if that is not enabled [tasks];
	 * from pids_cgroup.counter
	 */
	rec_opt_u64 pids_current NEEDS_PIDS;
};
RECORD(cgroup_record);

SCRATCH(path_scratch, PATH_MAX + LENGTH_MAX)

static __always_inline struct kernfs_node___tree *parent_of(struct kernfs_node___tree *node)
{
	if (bpf_core_field_exists(node->__parent))
		return BPF_CORE_READ(node, __parent);
	return (void *)BPF_CORE_READ((struct kernfs_node___old *)node, parent);
}

/*
 * The path is written backwards from PATH_MAX on; what is behind is only there for the verifier. Returns
 * where it starts, or -1.
 */
static __always_inline int path_read(struct kernfs_node___tree *node, char *buffer)
{
	__u32 start = PATH_MAX - 1;
	char name[NAME_MAX + 1];

	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		struct kernfs_node___tree *parent = parent_of(node);
		long length;

		if (!parent) {
			if (depth == 0) {
				buffer[PATH_MAX - 2] = '/';
				return PATH_MAX - 2;
			}
			return start;
		}
		length = bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(node, name));
		if (length <= 1 || length > NAME_MAX + 1)
			return -1;
		length -= 1;
		if (start <= length)
			return -1;
		start -= length;
		bpf_probe_read_kernel(buffer + (start & (PATH_MAX - 1)), length & NAME_MAX, name);
		start -= 1;
		buffer[start & (PATH_MAX - 1)] = '/';
		node = parent;
	}
	return -1;
}

static __always_inline struct cgroup_subsys_state *controller(struct cgroup___full *cgroup, int id)
{
	struct cgroup_subsys_state *css = NULL;

	if (id < 0 || id >= 16)
		return NULL;
	bpf_core_read(&css, sizeof(css), &cgroup->subsys[0] + id);
	return css;
}

struct cgroup_slot {
	struct bpf_iter_meta *meta;
	struct cgroup___full *cgroup;
	struct cgroup_record *record;
	void *result;
	const char *path;
};
SLOT(cgroup_slot)

static __always_inline int populated_csets(struct cgroup___full *cgroup)
{
	if (bpf_core_field_exists(cgroup->nr_populated_csets))
		return cgroup->nr_populated_csets;
	return ((struct cgroup_subsys_state___counted *)&cgroup->self)->nr_populated_csets;
}

#define SET(column, value) PUT(cgroup_record, row, turn, column, value)

static __always_inline void fill(struct cgroup___full *cgroup, void *row, enum turn turn)
{
	struct cgroup_subsys_state *css;

	SET(level, cgroup->level);
	SET(id, cgroup->kn->id);
	SET(parent_id, BPF_CORE_READ(parent_of(cgroup->kn), id));
	SET(descendants, cgroup->nr_descendants);
	SET(dying_descendants, cgroup->nr_dying_descendants);
	SET(populated, populated_csets(cgroup) + cgroup->nr_populated_domain_children +
			       cgroup->nr_populated_threaded_children > 0);
	SET(frozen, cgroup->flags >> CGRP_FROZEN & 1);
	SET(memory_current, -1);
	SET(pids_current, -1);
	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id)) {
		css = controller(cgroup, bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id));
		if (css)
			SET(memory_current,
			    BPF_CORE_READ((struct mem_cgroup *)css, memory.usage.counter) * host_page_size);
	}
	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id)) {
		css = controller(cgroup, bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id));
		if (css)
			SET(pids_current, BPF_CORE_READ((struct pids_cgroup *)css, counter.counter));
	}
}

/* Output one cgroup. A walk in one run has neither meta nor seq. */
static __always_inline int show(struct cgroup___full *cgroup, struct bpf_iter_meta *meta,
				struct seq_file *seq)
{
	struct cgroup_record record;
	struct cgroup_slot slot = { .meta = meta, .cgroup = cgroup, .record = &record };
	struct output out;
	int start, length = -1;
	char *path;

	record_clear(&record, sizeof(record));
	record.record_size = RECORD_BASE(record);
	if (query_used)
		fill(cgroup, &record, FIRST);
	if (!query_reads_text && !query_keeps(&slot))
		return 0;
	fill(cgroup, &record, THEN);
	/* Last, since the verifier follows the code after it once for each depth at which it may end. */
	if (WANTED(cgroup_record, ONCE, path)) {
		path = scratch_get(&path_scratch);
		if (!path) {
			/* For this target, 1 would end the walk without an error; an overflow is one. */
			if (seq)
				BPF_SEQ_PRINTF(seq, "%32768d", 0);
			return 0;
		}
		start = path_read(cgroup->kn, path);
		if (start >= PATH_MAX - 1 - LENGTH_MAX) {
			length = PATH_MAX - 1 - start;
			slot.path = path + (start & (PATH_MAX - 1));
		}
		span_set(&record.path, &record.record_size, length);
	}
	if (query_reads_text && !query_keeps(&slot))
		return 0;
	out = output_begin(seq);
	output_record(&out, &slot, sizeof(record));
	if (slot.path)
		output_span(&out, slot.path, length, LENGTH_MAX);
	return output_end(&out);
}

SEC("iter/cgroup")
int dump_cgroup(struct bpf_iter__cgroup *ctx)
{
	struct cgroup___full *cgroup = ctx->cgroup;

	return cgroup ? show(cgroup, ctx->meta, ctx->meta->seq) : 0;
}

/* kernel/bpf/cgroup_iter.c: the state of an open-coded walk */
struct bpf_iter_css {
	__u64 opaque[3];
} __attribute__((aligned(8)));

extern int bpf_iter_css_new(struct bpf_iter_css *walk, struct cgroup_subsys_state *start,
			    unsigned int flags) __ksym __weak;
extern struct cgroup_subsys_state *bpf_iter_css_next(struct bpf_iter_css *walk) __ksym __weak;
extern void bpf_iter_css_destroy(struct bpf_iter_css *walk) __ksym __weak;
extern struct cgroup___full *bpf_cgroup_from_id(__u64 id) __ksym __weak;
extern void bpf_cgroup_release(struct cgroup___full *cgroup) __ksym __weak;
extern void bpf_rcu_read_lock(void) __ksym __weak;
extern void bpf_rcu_read_unlock(void) __ksym __weak;

/*
 * What to walk in one run: a cgroup's id, 0 for the root of the reader's cgroup namespace, and the order, 2
 * to 4 of enum bpf_cgroup_iter_order.
 */
#define walked_cgroup SETTING(walked_cgroup, 0)
#define walked_order SETTING(walked_order, 0)

struct walked {
	struct cgroup___full *cgroup;
};

/* Global, so that the verifier verifies it once, and not for each path through the loop. */
__attribute__((noinline)) int walked_show(struct walked *walked)
{
	struct cgroup___full *cgroup;

	if (!walked)
		return 0;
	cgroup = (void *)bpf_rdonly_cast(walked->cgroup, CAST_TO(cgroup));
	return show(cgroup, NULL, NULL);
}

static __always_inline __u64 root_id(void)
{
	struct task_struct *reader = (void *)bpf_get_current_task();

	return BPF_CORE_READ(reader, nsproxy, cgroup_ns, root_cset, dfl_cgrp, kn, id);
}

/*
 * The walk in one run, without a file, of the unified hierarchy. It doesn't hold cgroup_mutex, so creating or
 * removing a cgroup, or moving a task to one, doesn't wait for it. It meets every cgroup that exists
 * throughout: include/linux/cgroup.h, css_for_each_descendant_pre().
 */
SEC("syscall")
int walk_cgroup(void *ctx)
{
	struct cgroup_subsys_state *css;
	struct cgroup___full *start;
	struct bpf_iter_css walk;
	struct walked walked;
	struct snapshot *snapshot = snapshot_get();
	int result = 0;

	if (!snapshot)
		return 0;
	/* Allocate the buffer now: under RCU, an allocation can't wait for memory. */
	if (WANTED(cgroup_record, ONCE, path) && !scratch_get(&path_scratch))
		return -ENOMEM;
	start = bpf_cgroup_from_id(walked_cgroup ? walked_cgroup : root_id());
	if (!start)
		return 0;
	bpf_rcu_read_lock();
	bpf_iter_css_new(&walk, &start->self, walked_order);
	while ((css = bpf_iter_css_next(&walk))) {
		if (walked_enough(snapshot)) {
			result = -E2BIG;
			break;
		}
		walked.cgroup = (void *)css->cgroup;
		if (css->flags & CSS_ONLINE)
			walked_show(&walked);
	}
	bpf_iter_css_destroy(&walk);
	bpf_rcu_read_unlock();
	bpf_cgroup_release(start);
	return result;
}
