// SPDX-License-Identifier: BSD-2-Clause
/*
 * The limit to measure against: C and libbpf reading an iterator's descriptor.
 *
 * reader OBJECT [MAP_ID]: for each line on standard input one walk, then its nanoseconds and bytes.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1000000000ull + at.tv_nsec;
}

int main(int argc, char **argv)
{
	static char buffer[65536];
	union bpf_iter_link_info info = {};
	LIBBPF_OPTS(bpf_iter_attach_opts, options);
	struct bpf_object *object = bpf_object__open_file(argv[1], NULL);
	struct bpf_link *link;
	char line[16];

	if (!object || bpf_object__load(object))
		return 1;
	if (argc > 2) {
		info.map.map_fd = bpf_map_get_fd_by_id(atoi(argv[2]));
		options.link_info = &info;
		options.link_info_len = sizeof(info);
	}
	link = bpf_program__attach_iter(bpf_object__next_program(object, NULL), &options);
	if (!link)
		return 1;
	while (fgets(line, sizeof(line), stdin)) {
		uint64_t start = now(), bytes = 0;
		int fd = bpf_iter_create(bpf_link__fd(link));
		ssize_t got;

		while ((got = read(fd, buffer, sizeof(buffer))) > 0)
			bytes += got;
		close(fd);
		if (fd < 0 || got < 0)
			return 1;
		printf("%llu %llu\n", (unsigned long long)(now() - start), (unsigned long long)bytes);
		fflush(stdout);
	}
	return 0;
}
