// SPDX-License-Identifier: BSD-2-Clause
/* What start-up costs in C: a skeleton, opened, loaded, attached, and read to its first record. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "skeleton.h"

static double now(clockid_t clock)
{
	struct timespec at;

	clock_gettime(clock, &at);
	return at.tv_sec + at.tv_nsec / 1e9;
}

int main(void)
{
	double busy = now(CLOCK_PROCESS_CPUTIME_ID), start = now(CLOCK_MONOTONIC);
	struct skeleton *skeleton = skeleton__open();
	struct bpf_program *program, *iterator = NULL;
	struct bpf_map *map;
	struct bpf_link *link;
	char buffer[32768];
	int fd;

	if (!skeleton)
		return 1;
	/* Of the object's walks, the iterator's. */
	bpf_object__for_each_program(program, skeleton->obj)
		if (bpf_program__type(program) == BPF_PROG_TYPE_TRACING)
			iterator = program;
		else
			bpf_program__set_autoload(program, false);
	/* The maps of columns and ways out that nobody asked for, as the package leaves them out. */
	bpf_object__for_each_map(map, skeleton->obj)
		if (bpf_map__type(map) != BPF_MAP_TYPE_ARRAY || bpf_map__map_flags(map) & BPF_F_MMAPABLE)
			if (!bpf_map__initial_value(map, &(size_t){ 0 }))
				bpf_map__set_autocreate(map, false);
	if (skeleton__load(skeleton))
		return 1;
	link = bpf_program__attach_iter(iterator, NULL);
	if (!link)
		return 1;
	fd = bpf_iter_create(bpf_link__fd(link));
	if (fd < 0 || read(fd, buffer, sizeof(buffer)) <= 0)
		return 1;
	printf("%.6f %.6f\n", now(CLOCK_MONOTONIC) - start, now(CLOCK_PROCESS_CPUTIME_ID) - busy);
	return 0;
}
