/* SPDX-License-Identifier: BSD-2-Clause
 *
 * libbpf's log. There is one print function per process, and libbpf calls it in the thread that called
 * libbpf. So each thread records its own messages, and only between begin() and end(): those of other users
 * of libbpf in this process aren't recorded.
 */
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glue.h"

/* One message may be a whole verifier log, for which libbpf allocates up to UINT32_MAX >> 8 bytes
 * (libbpf.c, bpf_object_load_prog()).
 */
#define LOG_LIMIT (32u << 20)

struct log {
	char *bytes;
	size_t used;
	size_t room;
	int level; /* -1: not recording */
	bool cut;
};

static pthread_key_t log_key;
static pthread_once_t log_once = PTHREAD_ONCE_INIT;
static int log_failure;

static void log_free(void *value)
{
	struct log *log = value;

	free(log->bytes);
	free(log);
}

static bool log_reserve(struct log *log, size_t more)
{
	size_t room = log->room ? log->room : 4096;
	char *bytes;

	while (room - log->used < more)
		room *= 2;
	if (room == log->room)
		return true;
	bytes = realloc(log->bytes, room);
	if (!bytes)
		return false;
	log->bytes = bytes;
	log->room = room;
	return true;
}

static void log_append(struct log *log, enum libbpf_print_level level, const char *format,
		       va_list arguments)
{
	va_list again;
	int length;
	size_t more;

	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	more = (size_t)length + 2; /* the level before, the NUL behind */
	if (length < 0 || log->used + more > LOG_LIMIT || !log_reserve(log, more)) {
		log->cut = true;
		return;
	}
	log->bytes[log->used] = (char)('0' + level);
	vsnprintf(log->bytes + log->used + 1, more - 1, format, arguments);
	log->used += more;
}

static int log_print(enum libbpf_print_level level, const char *format, va_list arguments)
{
	struct log *log = pthread_getspecific(log_key);
	/* libbpf may read errno after logging, so leave it as it was. */
	int saved = errno;

	if (log && (int)level <= log->level && !log->cut)
		log_append(log, level, format, arguments);
	errno = saved;
	return 0;
}

static void log_init(void)
{
	log_failure = pthread_key_create(&log_key, log_free);
	/* Also on failure, with NULL: otherwise libbpf would print to stderr. */
	libbpf_set_print(log_failure ? NULL : log_print);
}

void lbi_log_begin(int level)
{
	struct log *log;

	pthread_once(&log_once, log_init);
	if (log_failure)
		return;
	log = pthread_getspecific(log_key);
	if (!log) {
		log = calloc(1, sizeof(*log));
		if (!log || pthread_setspecific(log_key, log)) {
			free(log);
			return;
		}
	}
	log->used = 0;
	log->cut = false;
	log->level = level;
}

static struct log *log_of_this_thread(void)
{
	pthread_once(&log_once, log_init);
	return log_failure ? NULL : pthread_getspecific(log_key);
}

size_t lbi_log_end(void)
{
	static const char note[] = "0libbpf_iter: libbpf's log was too long to keep; it is cut here\n";
	struct log *log = log_of_this_thread();

	if (!log)
		return 0;
	log->level = -1;
	if (log->cut && log_reserve(log, sizeof(note))) {
		memcpy(log->bytes + log->used, note, sizeof(note));
		log->used += sizeof(note);
		log->cut = false;
	}
	return log->used;
}

void lbi_log_take(char *to)
{
	struct log *log = log_of_this_thread();

	if (!log)
		return;
	if (log->used)
		memcpy(to, log->bytes, log->used);
	free(log->bytes);
	log->bytes = NULL;
	log->used = log->room = 0;
}
