/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PLAIN(pointer): the same pointer, of which the verifier knows the type and no more.
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

/* Linux 6.2; set by the library. */
const volatile bool kernel_casts = false;

extern void *bpf_rdonly_cast(const void *object, __u32 type_id) __ksym __weak;

#define PLAIN(pointer)                                                                          \
	((typeof(pointer))(kernel_casts ? bpf_rdonly_cast(pointer, bpf_core_type_id_kernel(    \
								typeof(*(pointer)))) : \
					  (void *)(pointer)))

#endif
