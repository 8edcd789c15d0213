/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PLAIN(type, pointer): the same pointer, of which the verifier knows nothing but the type.
 *
 * When a pointer is loaded through one that the verifier trusts, the verifier finds out whether to trust
 * the new one as well. For that it searches all of the kernel's types by name, several times, which takes
 * up to a millisecond each (kernel/bpf/btf.c, btf_nested_type_is_trusted()): two thirds of the time that a
 * program takes to load. It doesn't do so for plain pointers. Helpers that want a trusted pointer need
 * the original one.
 *
 * Kernels without the cast don't search either, so there the pointer is used as it is.
 */
#ifndef LIBBPF_ITER_PLAIN_H
#define LIBBPF_ITER_PLAIN_H

#include "record.h"

/*
 * The type's id, if the kernel has the cast (Linux 6.2). The library sets it: a relocation would make
 * libbpf search all of the kernel's types at each load.
 */
#define CAST_TO(type) SETTING(cast_to_##type, 0)

#define PLAIN(type, pointer)                                                            \
	({                                                                              \
		__u32 id_ = CAST_TO(type);                                              \
		(struct type *)(id_ ? bpf_rdonly_cast(pointer, id_) : (void *)(pointer)); \
	})

/*
 * For an argument of a global function: a tag that makes the verifier trust it as it does in the caller
 * (Linux 6.9).
 */
#define TRUSTED __attribute__((btf_decl_tag("arg:trusted")))

extern void *bpf_rdonly_cast(const void *object, __u32 type_id) __ksym __weak;

#endif
