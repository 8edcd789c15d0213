/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PLAIN(type, pointer): the same pointer, of which the verifier knows the type and no more.
 *
 * At each load of a pointer through one that it trusts, the verifier asks whether that one is to
 * be trusted, too, and searches all types of the kernel by name for the answer: several times, a
 * good part of a millisecond each (kernel/bpf/btf.c, btf_nested_type_is_trusted()). Two thirds of
 * the time that a program takes to load are spent so. Helpers that want a trusted pointer need the
 * original.
 *
 * Kernels that don't have the cast don't ask either, so there the pointer is good as it is.
 */
#ifndef LIBBPF_ITER_PLAIN_H
#define LIBBPF_ITER_PLAIN_H

#include "record.h"

/*
 * PLAIN_TYPE(task_struct); lets PLAIN(task_struct, pointer) be used. The library sets the variable
 * to the type's id where the kernel has the cast (Linux 6.2): a relocation for it would make libbpf
 * look through all of the kernel's types at each load.
 */
#define PLAIN_TYPE(type) const volatile __u32 cast_to_##type = 0

#define PLAIN(type, pointer)                                                            \
	({                                                                              \
		__u32 id_ = cast_to_##type;                                             \
		(struct type *)(id_ ? bpf_rdonly_cast(pointer, id_) : (void *)(pointer)); \
	})

/*
 * A pointer that a global function is given and that stays as trusted as it is in the caller; the
 * verifier asks for the tag (Linux 6.9).
 */
#define TRUSTED __attribute__((btf_decl_tag("arg:trusted")))

extern void *bpf_rdonly_cast(const void *object, __u32 type_id) __ksym __weak;

#endif
