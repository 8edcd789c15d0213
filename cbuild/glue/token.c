/* SPDX-License-Identifier: BSD-2-Clause
 *
 * BPF tokens. libbpf supports them since 1.4, and this package needs only 1.0, so these functions call bpf(2)
 * themselves. A kernel with tokens needs none of libbpf's workarounds for older ones.
 */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "glue.h"

/* Not in an older include/uapi/linux/bpf.h: a command, a flag, and for each command the offset of its token
 * in union bpf_attr. The token is the last member that is passed.
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

/* Weak: NULL in a libbpf without tokens. */
struct bpf_token_create_opts;
extern int bpf_token_create(int bpffs_fd, struct bpf_token_create_opts *options)
	__attribute__((weak));

bool lbi_objects_take_tokens(void)
{
	return bpf_token_create != NULL;
}

int lbi_token_create(int bpffs_fd)
{
	union request request = { 0 };

	memcpy(request.bytes + sizeof(uint32_t), &bpffs_fd, sizeof(bpffs_fd));
	return ask(TOKEN_CREATE, &request, 2 * sizeof(uint32_t));
}

int lbi_token_map_create(int token, int type, const char *name, uint32_t key_size,
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

int lbi_token_btf_load(int token, const void *bytes, uint32_t size)
{
	union request request = { 0 };
	uint32_t flags = F_TOKEN_FD;

	request.attr.btf = (uint64_t)(uintptr_t)bytes;
	request.attr.btf_size = size;
	/* The header may lack btf_flags, too; it is right before the token. */
	memcpy(request.bytes + TOKEN_OF_BTF - sizeof(flags), &flags, sizeof(flags));
	return ask_by_token(BPF_BTF_LOAD, &request, TOKEN_OF_BTF, token);
}

int lbi_token_program_load(int token, const struct lbi_program *program)
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

int lbi_token_btf_by_id(int token, uint32_t id)
{
	union request request = { 0 };

	request.attr.btf_id = id;
	request.attr.open_flags = F_TOKEN_FD;
	return ask_by_token(BPF_BTF_GET_FD_BY_ID, &request, TOKEN_OF_ID, token);
}
