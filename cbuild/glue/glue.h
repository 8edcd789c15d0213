/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The part of libbpf's interface that needs C: option structs, a variadic callback, and kernel structs for
 * which the installed headers may be too old. Python calls everything else directly. Nothing here prints, or
 * keeps a pointer that Python passes in.
 */
#ifndef LIBBPF_ITER_GLUE_H
#define LIBBPF_ITER_GLUE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include "glue.cdef.h"

/* If a signal is pending, the verifier gives up (kernel/bpf/verifier.c, do_check()), and libbpf tries only
 * five times: not enough with, for example, the timer of a profiler.
 */
static inline void hold_signals(sigset_t *before)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, before);
}

static inline void let_signals(const sigset_t *before)
{
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

#endif
