// SPDX-License-Identifier: BSD-2-Clause
/*
 * A hash of COUNT elements, and the two ways that C has to read all of them.
 *
 * elements OBJECT COUNT: answers "id" with the map's id, "batch" and "walk" with the nanoseconds of
 * one walk by BPF_MAP_LOOKUP_BATCH or over the iterator's descriptor, those of the processor, and its
 * elements or bytes.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* More in one call is no faster: the call's own cost is gone, and the arrays leave the caches. */
#define BATCH 65536

static uint64_t now(clockid_t clock)
{
	struct timespec at;

	clock_gettime(clock, &at);
	return at.tv_sec * 1000000000ull + at.tv_nsec;
}

/* All elements, one array of the keys and one of the values. */
static long long batches(int map, uint32_t *keys, uint64_t *values, uint32_t most)
{
	uint32_t place, next, *from = NULL, done = 0, count;
	int error;

	do {
		count = most - done < BATCH ? most - done : BATCH;
		error = bpf_map_lookup_batch(map, from, &next, keys + done, values + done, &count, NULL);
		if (error && errno != ENOENT)
			return -1;
		done += count;
		place = next;
		from = &place;
	} while (!error && done < most);
	return done;
}

static long long walk(struct bpf_link *link)
{
	static char buffer[65536];
	long long bytes = 0;
	ssize_t got;
	int fd = bpf_iter_create(bpf_link__fd(link));

	while ((got = read(fd, buffer, sizeof(buffer))) > 0)
		bytes += got;
	close(fd);
	return fd < 0 || got < 0 ? -1 : bytes;
}

int main(int argc, char **argv)
{
	struct bpf_object *object = bpf_object__open_file(argv[1], NULL);
	union bpf_iter_link_info chosen = {};
	LIBBPF_OPTS(bpf_iter_attach_opts, options, .link_info = &chosen, .link_info_len = sizeof(chosen));
	uint32_t most = atoi(argv[argc - 1]), length;
	struct bpf_map_info info = {};
	struct bpf_link *link;
	struct bpf_map *map;
	uint64_t *values;
	uint32_t *keys;
	char line[16];
	int fd;

	if (!object)
		return 1;
	map = bpf_object__find_map_by_name(object, "bench_elements");
	bpf_map__set_max_entries(map, most);
	if (bpf_object__load(object))
		return 1;
	fd = bpf_map__fd(map);
	keys = malloc(most * sizeof(*keys));
	values = malloc(most * sizeof(*values));
	for (uint32_t i = 0; i < most; i++) {
		keys[i] = i * 2654435761u; /* as scattered as real keys are */
		values[i] = i;
	}
	length = most;
	if (bpf_map_update_batch(fd, keys, values, &length, NULL))
		return 1;
	length = sizeof(info);
	if (bpf_obj_get_info_by_fd(fd, &info, &length))
		return 1;
	chosen.map.map_fd = fd;
	link = bpf_program__attach_iter(bpf_object__next_program(object, NULL), &options);
	if (!link)
		return 1;
	while (fgets(line, sizeof(line), stdin)) {
		uint64_t busy = now(CLOCK_PROCESS_CPUTIME_ID), start = now(CLOCK_MONOTONIC);
		long long found;

		if (!strcmp(line, "id\n")) {
			printf("%u\n", info.id);
			fflush(stdout);
			continue;
		}
		found = !strcmp(line, "batch\n") ? batches(fd, keys, values, most) : walk(link);
		if (found < 0)
			return 1;
		printf("%llu %llu %lld\n", (unsigned long long)(now(CLOCK_MONOTONIC) - start),
		       (unsigned long long)(now(CLOCK_PROCESS_CPUTIME_ID) - busy), found);
		fflush(stdout);
	}
	return 0;
}
