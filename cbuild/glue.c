/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The part of libbpf's interface that is made of C: option structs, a variadic callback, a kernel
 * struct that the installed header may be too old for. Everything else Python calls directly.
 * Nothing here prints, and nothing keeps a pointer that Python handed in.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

/* ---- descriptors ---------------------------------------------------------------------------- */

static void lbi_close(int *cell)
{
	int fd = __atomic_exchange_n(cell, -1, __ATOMIC_ACQ_REL);

	if (fd >= 0)
		close(fd);
}

/* ---- libbpf's log ---------------------------------------------------------------------------
 *
 * libbpf has one print function for the whole process, and calls it on the thread that called
 * libbpf. So each thread records for itself, and only between begin() and take(): what another
 * user of libbpf in this process logs is not kept.
 */

/* One message may hold a whole verifier log, for which libbpf allots up to UINT32_MAX >> 8 bytes
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
	/* libbpf may log before it reads errno: what we do must not show there. */
	int saved = errno;

	if (log && (int)level <= log->level && !log->cut)
		log_append(log, level, format, arguments);
	errno = saved;
	return 0;
}

static void log_init(void)
{
	log_failure = pthread_key_create(&log_key, log_free);
	/* Even if we can't record: without a function of ours libbpf prints to stderr. */
	libbpf_set_print(log_failure ? NULL : log_print);
}

static void lbi_log_begin(int level)
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

static size_t lbi_log_end(void)
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

static void lbi_log_take(char *to)
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

/* ---- an object file ------------------------------------------------------------------------- */

static int lbi_object_open(struct bpf_object **owner, const void *bytes, size_t size,
			   const char *name, const char *kernel_types)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = name,
		    .btf_custom_path = kernel_types);

	*owner = bpf_object__open_mem(bytes, size, &options);
	return *owner ? 0 : -errno;
}

static void lbi_object_close(struct bpf_object **owner)
{
	bpf_object__close(__atomic_exchange_n(owner, NULL, __ATOMIC_ACQ_REL));
}

/* Where a signal is pending the verifier gives up (kernel/bpf/verifier.c, do_check()), and libbpf
 * tries five times only: a profiler's timer is quicker than that.
 */
static void hold_signals(sigset_t *before)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, before);
}

static void let_signals(const sigset_t *before)
{
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

static int lbi_object_load(struct bpf_object *object)
{
	sigset_t before;
	int result;

	hold_signals(&before);
	result = bpf_object__load(object);
	let_signals(&before);
	return result;
}

/* ---- links ---------------------------------------------------------------------------------- */

static int lbi_link_create(int program_fd, const void *info, uint32_t info_size)
{
	/* Only its address and its size go further, to the kernel, which copies it: neither libbpf
	 * nor we look at it as the union that our header knows.
	 */
	LIBBPF_OPTS(bpf_link_create_opts, options, .iter_info = (union bpf_iter_link_info *)info,
		    .iter_info_len = info_size);

	return bpf_link_create(program_fd, 0, BPF_TRACE_ITER, &options);
}

/* ---- namespaces ------------------------------------------------------------------------------
 *
 * A session is in the namespaces of the thread that opens it. One of its own enters the other, and
 * ends there: the caller's is never moved.
 */

struct visit {
	int netns, link, session;
	bool entered;
};

static void *visit(void *argument)
{
	struct visit *v = argument;

	v->entered = !setns(v->netns, CLONE_NEWNET);
	v->session = v->entered ? bpf_iter_create(v->link) : -errno;
	return NULL;
}

static int lbi_iter_create_in(int netns, int link, bool *entered)
{
	struct visit v = { .netns = netns, .link = link };
	pthread_t thread;
	sigset_t before;
	int error;

	hold_signals(&before); /* a thread begins with the mask of who makes it */
	error = pthread_create(&thread, NULL, visit, &v);
	let_signals(&before);
	if (error)
		return -error;
	pthread_join(thread, NULL);
	*entered = v.entered;
	return v.session;
}

/* ---- what the kernel holds ------------------------------------------------------------------ */

struct lbi_link_info {
	uint32_t type;
	uint32_t id;
	uint32_t prog_id;
	char target[64];
	uint32_t map_id;
	uint8_t argument[16];
};

/* struct bpf_link_info with its part for iterators, include/uapi/linux/bpf.h: what follows the
 * map's id came with 6.1 (cgroup) and later (task), and the header installed here may not have it.
 * A kernel that doesn't know a tail insists that it be zero, and leaves it so.
 */
struct kernel_link_info {
	uint32_t type;
	uint32_t id;
	uint32_t prog_id;
	uint32_t padding;
	uint64_t target_name;
	uint32_t target_name_len;
	uint32_t map_id;
	uint8_t argument[16];
};

static int lbi_link_info(int fd, struct lbi_link_info *out)
{
	struct kernel_link_info info;
	uint32_t size = sizeof(info);
	int error;

	memset(out, 0, sizeof(*out));
	memset(&info, 0, sizeof(info));
	error = bpf_obj_get_info_by_fd(fd, &info, &size);
	if (error)
		return error;
	out->type = info.type;
	out->id = info.id;
	out->prog_id = info.prog_id;
	if (info.type != BPF_LINK_TYPE_ITER)
		return 0;
	/* Only now may there be a buffer: to a kprobe_multi link the same bytes say that there is room
	 * for 64 addresses, and it would write 512 bytes.
	 */
	memset(&info, 0, sizeof(info));
	size = sizeof(info);
	info.target_name = (uint64_t)(uintptr_t)out->target;
	info.target_name_len = sizeof(out->target);
	error = bpf_obj_get_info_by_fd(fd, &info, &size);
	if (error)
		return error;
	out->map_id = info.map_id;
	memcpy(out->argument, info.argument, sizeof(out->argument));
	return 0;
}

/* ---- type information ----------------------------------------------------------------------- */

static void *lbi_file_map(int fd, size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* Bytes behind a type's 12, fixed and for each of its vlen parts: include/uapi/linux/btf.h. */
static const uint8_t btf_fixed[32] = { [1] = 4, [3] = 12, [14] = 4, [17] = 4 };
static const uint8_t btf_each[32] = { [4] = 12, [5] = 12, [6] = 8, [13] = 8, [15] = 12, [19] = 12 };

static long lbi_btf_index(const void *types, size_t size, uint32_t *offsets, uint32_t *names,
			  uint8_t *kinds, size_t room)
{
	const uint8_t *bytes = types;
	size_t at = 0;
	size_t count = 0;

	while (at < size) {
		uint32_t head[3];
		uint32_t kind;

		if (size - at < sizeof(head) || count == room)
			return -1;
		memcpy(head, bytes + at, sizeof(head));
		kind = head[1] >> 24 & 31;
		if (kind == 0 || kind > 19)
			return -1;
		offsets[count] = (uint32_t)at;
		names[count] = head[0];
		kinds[count] = (uint8_t)kind;
		count++;
		at += sizeof(head) + btf_fixed[kind] + (size_t)(head[1] & 0xffff) * btf_each[kind];
	}
	return at == size ? (long)count : -1;
}

static int compare_names(const void *one, const void *other)
{
	return strcmp(*(const char *const *)one, *(const char *const *)other);
}

/* Two bytes tell most names apart; a name of one byte has its NUL there. */
static uint16_t first_two(const char *name)
{
	return (uint16_t)((uint8_t)name[0] << 8 | (uint8_t)name[1]);
}

static long lbi_btf_named(const uint32_t *names, size_t count, const char *strings,
			  size_t strings_size, const char *wanted, size_t wanted_count,
			  uint32_t *found, size_t room)
{
	const char **sorted = calloc(wanted_count ? wanted_count : 1, sizeof(*sorted));
	uint8_t *begins = calloc(UINT16_MAX + 1, sizeof(*begins));
	long result = sorted && begins ? 0 : -1;

	for (size_t i = 0; i < wanted_count && result == 0; i++) {
		sorted[i] = wanted;
		begins[first_two(wanted)] = 1;
		wanted += strlen(wanted) + 1;
	}
	for (size_t i = 0; i < count && result >= 0; i++) {
		const char *name = strings + names[i];
		const char **match;

		/* The last byte of the strings is a NUL, which is no type's name. */
		if (names[i] + 1 >= strings_size || !begins[first_two(name)])
			continue;
		match = bsearch(&name, sorted, wanted_count, sizeof(*sorted), compare_names);
		if (!match)
			continue;
		if ((size_t)result < room) {
			found[2 * result] = (uint32_t)(match - sorted);
			found[2 * result + 1] = (uint32_t)i;
		}
		result++;
	}
	free(sorted);
	free(begins);
	return result;
}

/* Types on their way into another BTF: each is given its new number when it is first seen. */
struct extract {
	const uint8_t *types;
	const uint32_t *offsets;
	uint32_t count;
	const char *strings;
	size_t strings_size;
	uint32_t *number; /* new numbers by old ones; 0 for none yet */
	uint32_t *queue;  /* old numbers by new ones */
	uint32_t queued;
	uint8_t *out; /* types from the front, names behind half of the room */
	char *names;
	size_t half, used, named;
	bool full;
};

static uint32_t extract_number(struct extract *x, uint32_t id)
{
	if (id == 0 || id > x->count)
		return 0;
	if (x->number[id] == 0) {
		x->queue[x->queued] = id;
		x->number[id] = ++x->queued;
	}
	return x->number[id];
}

static void extract_type(struct extract *x, uint8_t *at)
{
	uint32_t id;

	memcpy(&id, at, sizeof(id));
	id = extract_number(x, id);
	memcpy(at, &id, sizeof(id));
}

static void extract_name(struct extract *x, uint8_t *at)
{
	uint32_t offset, moved = 0;
	size_t length;

	memcpy(&offset, at, sizeof(offset));
	if (offset && offset < x->strings_size) {
		length = strnlen(x->strings + offset, x->strings_size - offset);
		if (length >= x->half - x->named) {
			x->full = true;
			return;
		}
		moved = (uint32_t)x->named;
		memcpy(x->names + moved, x->strings + offset, length);
		x->names[moved + length] = 0;
		x->named += length + 1;
	}
	memcpy(at, &moved, sizeof(moved));
}

/* The copy of one type refers to the copies of others; what a pointer leads to stays behind. */
static void extract_references(struct extract *x, uint8_t *copy, uint32_t kind, uint32_t parts)
{
	bool composite = kind == 4 || kind == 5;

	extract_name(x, copy);
	switch (kind) {
	case 2: /* pointer */
		memset(copy + 8, 0, sizeof(uint32_t));
		break;
	case 3: /* array: of, index, count */
		extract_type(x, copy + 12);
		extract_type(x, copy + 16);
		break;
	case 4: case 5: case 6: case 19: /* struct, union, enum, enum64: each part has a name */
		for (uint32_t i = 0; i < parts; i++) {
			uint8_t *part = copy + 12 + (size_t)i * btf_each[kind];

			extract_name(x, part);
			if (composite)
				extract_type(x, part + 4);
		}
		break;
	case 8: case 9: case 10: case 11: case 18: /* typedef, qualifiers, type tag */
		extract_type(x, copy + 8);
		break;
	default:
		break;
	}
}

static void extract_one(struct extract *x, uint32_t id)
{
	const uint8_t *from = x->types + x->offsets[id - 1];
	uint8_t *copy = x->out + x->used;
	uint32_t info, kind, parts;
	size_t length;

	memcpy(&info, from + 4, sizeof(info));
	kind = info >> 24 & 31;
	parts = info & 0xffff;
	length = 12 + btf_fixed[kind] + (size_t)parts * btf_each[kind];
	if (length > x->half - x->used) {
		x->full = true;
		return;
	}
	memcpy(copy, from, length);
	x->used += length;
	extract_references(x, copy, kind, parts);
}

static int lbi_btf_extract(const void *types, const uint32_t *offsets, uint32_t count,
			   const char *strings, size_t strings_size, const uint32_t *roots,
			   size_t root_count, void *out, size_t half, size_t sizes[2])
{
	struct extract x = { .types = types, .offsets = offsets, .count = count,
			     .strings = strings, .strings_size = strings_size, .out = out,
			     .names = (char *)out + half, .half = half, .named = 1 };

	x.number = calloc((size_t)count + 1, sizeof(*x.number));
	x.queue = calloc((size_t)count + 1, sizeof(*x.queue));
	x.full = !x.number || !x.queue || !half;
	if (!x.full) {
		x.names[0] = 0;
		for (size_t i = 0; i < root_count; i++)
			extract_number(&x, roots[i]);
	}
	for (uint32_t i = 0; i < x.queued && !x.full; i++)
		extract_one(&x, x.queue[i]);
	free(x.number);
	free(x.queue);
	sizes[0] = x.used;
	sizes[1] = x.named;
	return x.full ? -1 : 0;
}

/* ---- maps ----------------------------------------------------------------------------------- */

static int lbi_map_create(int type, const char *name, uint32_t key_size, uint32_t value_size,
			  uint32_t max_entries, uint32_t flags, uint32_t btf_fd,
			  uint32_t key_type_id, uint32_t value_type_id)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = flags, .btf_fd = btf_fd,
		    .btf_key_type_id = key_type_id, .btf_value_type_id = value_type_id);

	return bpf_map_create((enum bpf_map_type)type, name, key_size, value_size, max_entries,
			      &options);
}

/* ---- programs that no object file holds ----------------------------------------------------- */

static int lbi_btf_load(const void *bytes, uint32_t size, char *log, uint32_t log_size)
{
	LIBBPF_OPTS(bpf_btf_load_opts, options, .log_buf = log, .log_size = log_size);

	return bpf_btf_load(bytes, size, &options);
}

struct lbi_program {
	int type;
	int attach_type;
	const char *name;
	const char *license;
	const void *instructions;
	size_t instruction_count;
	uint32_t flags;
	uint32_t attach_btf_id;
	uint32_t attach_btf_fd;
	uint32_t btf_fd;
	const void *functions;
	uint32_t function_count;
	uint32_t function_size;
	uint32_t log_level;
	char *log;
	uint32_t log_size;
};

static int lbi_program_load(const struct lbi_program *program)
{
	sigset_t before;
	int result;
	LIBBPF_OPTS(bpf_prog_load_opts, options,
		    .expected_attach_type = (enum bpf_attach_type)program->attach_type,
		    .prog_flags = program->flags, .attach_btf_id = program->attach_btf_id,
		    .attach_btf_obj_fd = program->attach_btf_fd, .prog_btf_fd = program->btf_fd,
		    .func_info = program->functions, .func_info_cnt = program->function_count,
		    .func_info_rec_size = program->function_size,
		    .log_level = program->log_level, .log_buf = program->log,
		    .log_size = program->log_size);

	hold_signals(&before);
	result = bpf_prog_load((enum bpf_prog_type)program->type, program->name, program->license,
			       program->instructions, program->instruction_count, &options);
	let_signals(&before);
	return result;
}

static int lbi_program_run(int fd, void *context, uint32_t context_size, uint32_t *result)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = context, .ctx_size_in = context_size);
	int error = bpf_prog_test_run_opts(fd, &options);

	/* The context comes back in place: bpf_prog_test_run_syscall() writes to ctx_in. */
	*result = options.retval;
	return error;
}

/* ---- tokens ---------------------------------------------------------------------------------
 *
 * libbpf passes them on since 1.4, and we are content with 1.0: so these ask the kernel itself,
 * which is new enough for what libbpf does for older ones.
 */

/* include/uapi/linux/bpf.h, which may be older here: a command, a flag, and where in union bpf_attr
 * each command has its token. That is its last member of those that we know.
 */
enum {
	TOKEN_CREATE = 36,
	F_TOKEN_FD = 1 << 16,
	TOKEN_OF_MAP = 76,
	TOKEN_OF_PROGRAM = 144,
	TOKEN_OF_BTF = 36,
	TOKEN_OF_ID = 12,
};

union request {
	union bpf_attr attr;
	uint8_t bytes[256];
};

static int ask(int command, const union request *request, size_t size)
{
	long result = syscall(SYS_bpf, command, request, size);

	return result < 0 ? -errno : (int)result;
}

static int ask_by_token(int command, union request *request, size_t at, int token)
{
	memcpy(request->bytes + at, &token, sizeof(token));
	return ask(command, request, at + sizeof(token));
}

/* Weak: a libbpf that has it uses it. */
struct bpf_token_create_opts;
extern int bpf_token_create(int bpffs_fd, struct bpf_token_create_opts *options)
	__attribute__((weak));

static bool lbi_objects_take_tokens(void)
{
	return bpf_token_create != NULL;
}

static int lbi_token_create(int bpffs_fd)
{
	union request request = { 0 };

	memcpy(request.bytes + sizeof(uint32_t), &bpffs_fd, sizeof(bpffs_fd));
	return ask(TOKEN_CREATE, &request, 2 * sizeof(uint32_t));
}

static int lbi_token_map_create(int token, int type, const char *name, uint32_t key_size,
				uint32_t value_size, uint32_t max_entries, uint32_t flags)
{
	union request request = { 0 };

	request.attr.map_type = (uint32_t)type;
	request.attr.key_size = key_size;
	request.attr.value_size = value_size;
	request.attr.max_entries = max_entries;
	request.attr.map_flags = flags | F_TOKEN_FD;
	strncpy(request.attr.map_name, name, BPF_OBJ_NAME_LEN - 1);
	return ask_by_token(BPF_MAP_CREATE, &request, TOKEN_OF_MAP, token);
}

static int lbi_token_btf_load(int token, const void *bytes, uint32_t size)
{
	union request request = { 0 };
	uint32_t flags = F_TOKEN_FD;

	request.attr.btf = (uint64_t)(uintptr_t)bytes;
	request.attr.btf_size = size;
	/* The header may lack this member, too; it is right before the token. */
	memcpy(request.bytes + TOKEN_OF_BTF - sizeof(flags), &flags, sizeof(flags));
	return ask_by_token(BPF_BTF_LOAD, &request, TOKEN_OF_BTF, token);
}

static int lbi_token_program_load(int token, const struct lbi_program *program)
{
	union request request = { 0 };
	sigset_t before;
	int result;

	request.attr.prog_type = (uint32_t)program->type;
	request.attr.insn_cnt = (uint32_t)program->instruction_count;
	request.attr.insns = (uint64_t)(uintptr_t)program->instructions;
	request.attr.license = (uint64_t)(uintptr_t)program->license;
	request.attr.log_level = program->log_level;
	request.attr.log_size = program->log_size;
	request.attr.log_buf = (uint64_t)(uintptr_t)program->log;
	request.attr.prog_flags = program->flags | F_TOKEN_FD;
	strncpy(request.attr.prog_name, program->name, BPF_OBJ_NAME_LEN - 1);
	request.attr.expected_attach_type = (uint32_t)program->attach_type;
	request.attr.prog_btf_fd = program->btf_fd;
	request.attr.func_info_rec_size = program->function_size;
	request.attr.func_info = (uint64_t)(uintptr_t)program->functions;
	request.attr.func_info_cnt = program->function_count;
	request.attr.attach_btf_id = program->attach_btf_id;
	request.attr.attach_btf_obj_fd = program->attach_btf_fd;
	hold_signals(&before);
	result = ask_by_token(BPF_PROG_LOAD, &request, TOKEN_OF_PROGRAM, token);
	let_signals(&before);
	return result;
}

static int lbi_token_btf_by_id(int token, uint32_t id)
{
	union request request = { 0 };

	request.attr.btf_id = id;
	request.attr.open_flags = F_TOKEN_FD;
	return ask_by_token(BPF_BTF_GET_FD_BY_ID, &request, TOKEN_OF_ID, token);
}
