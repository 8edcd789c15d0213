/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The part of libbpf's interface that is made of C: option structs, a variadic callback, kernel structs that
 * the installed headers may be too old for. Everything else Python calls directly. Nothing here prints, and
 * nothing keeps a pointer that Python handed in.
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

/* Where a signal is pending the verifier gives up (kernel/bpf/verifier.c, do_check()), and libbpf
 * tries five times only: a profiler's timer is quicker than that.
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
