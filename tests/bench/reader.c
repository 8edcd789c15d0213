// SPDX-License-Identifier: BSD-2-Clause
/*
 * The limit to measure against: C reading an iterator's descriptor.
 *
 * reader OBJECT | PIN: for each line on standard input one walk, then its nanoseconds, those of the
 * processor, and its bytes.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(clockid_t clock)
{
	struct timespec at;

	clock_gettime(clock, &at);
	return at.tv_sec * 1000000000ull + at.tv_nsec;
}

static struct bpf_link *attach(const char *path)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);

	if (!object || bpf_object__load(object))
		return NULL;
	return bpf_program__attach_iter(bpf_object__next_program(object, NULL), NULL);
}

int main(int argc, char **argv)
{
	static char buffer[65536];
	struct bpf_link *link = NULL;
	const char *path = argv[argc - 1];
	char line[16];

	if (strstr(path, ".bpf.o")) {
		link = attach(path);
		if (!link)
			return 1;
	}
	while (fgets(line, sizeof(line), stdin)) {
		uint64_t busy = now(CLOCK_PROCESS_CPUTIME_ID), start = now(CLOCK_MONOTONIC), bytes = 0;
		int fd = link ? bpf_iter_create(bpf_link__fd(link)) : open(path, O_RDONLY | O_CLOEXEC);
		ssize_t got;

		while ((got = read(fd, buffer, sizeof(buffer))) > 0)
			bytes += got;
		close(fd);
		if (fd < 0 || got < 0)
			return 1;
		printf("%llu %llu %llu\n", (unsigned long long)(now(CLOCK_MONOTONIC) - start),
		       (unsigned long long)(now(CLOCK_PROCESS_CPUTIME_ID) - busy), (unsigned long long)bytes);
		fflush(stdout);
	}
	return 0;
}
