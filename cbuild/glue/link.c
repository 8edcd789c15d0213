/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Iterator links, their sessions, and what the kernel says about a link.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "glue.h"

int lbi_link_create(int program_fd, const void *info, uint32_t info_size)
{
	/* libbpf passes the address and size on to the kernel. Neither it nor we access members of the
	 * union, so it doesn't matter if the one in our header is older.
	 */
	LIBBPF_OPTS(bpf_link_create_opts, options, .iter_info = (union bpf_iter_link_info *)info,
		    .iter_info_len = info_size);

	return bpf_link_create(program_fd, 0, BPF_TRACE_ITER, &options);
}

/*
 * A session belongs to the namespaces of the thread that opens it. So that the caller's thread needn't be
 * moved and back, a thread of its own enters the network namespace, opens the session, and exits.
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

int lbi_iter_create_in(int netns, int link, bool *entered)
{
	struct visit v = { .netns = netns, .link = link };
	pthread_t thread;
	sigset_t before;
	int error;

	hold_signals(&before); /* the new thread inherits the mask */
	error = pthread_create(&thread, NULL, visit, &v);
	let_signals(&before);
	if (error)
		return -error;
	pthread_join(thread, NULL);
	*entered = v.entered;
	return v.session;
}

/* struct bpf_link_info with the member for iterators, include/uapi/linux/bpf.h: what follows the map's id
 * is new in 6.1 (cgroup) and later (task), so the installed header may lack it. A kernel that doesn't know
 * it requires that it be zero, and leaves it zero.
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

int lbi_link_info(int fd, struct lbi_link_info *out)
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
	/* The buffer is passed only now that the type is known: for a kprobe_multi link, the same bytes mean
	 * room for 64 addresses, and the kernel would write 512 bytes.
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
