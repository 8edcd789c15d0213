/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Loading: object files, and maps, BTF and programs that don't come from one.
 */
#include <errno.h>

#include "glue.h"

int lbi_object_open(struct bpf_object **owner, const void *bytes, size_t size,
		    const char *name, const char *kernel_types)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = name,
		    .btf_custom_path = kernel_types);

	*owner = bpf_object__open_mem(bytes, size, &options);
	return *owner ? 0 : -errno;
}

void lbi_object_close(struct bpf_object **owner)
{
	bpf_object__close(__atomic_exchange_n(owner, NULL, __ATOMIC_ACQ_REL));
}

int lbi_object_load(struct bpf_object *object)
{
	sigset_t before;
	int result;

	hold_signals(&before);
	result = bpf_object__load(object);
	let_signals(&before);
	return result;
}

int lbi_map_create(int type, const char *name, uint32_t key_size, uint32_t value_size,
		   uint32_t max_entries, uint32_t flags, uint32_t btf_fd,
		   uint32_t key_type_id, uint32_t value_type_id)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = flags, .btf_fd = btf_fd,
		    .btf_key_type_id = key_type_id, .btf_value_type_id = value_type_id);

	return bpf_map_create((enum bpf_map_type)type, name, key_size, value_size, max_entries,
			      &options);
}

int lbi_btf_load(const void *bytes, uint32_t size, char *log, uint32_t log_size)
{
	LIBBPF_OPTS(bpf_btf_load_opts, options, .log_buf = log, .log_size = log_size);

	return bpf_btf_load(bytes, size, &options);
}

int lbi_program_load(const struct lbi_program *program)
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

int lbi_program_run(int fd, void *context, uint32_t context_size, uint32_t *result)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = context, .ctx_size_in = context_size);
	int error = bpf_prog_test_run_opts(fd, &options);

	/* The context is updated in place: bpf_prog_test_run_syscall() writes to ctx_in. */
	*result = options.retval;
	return error;
}
