/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The kernel's BTF: an index of its types, lookup by name, and the extraction of some of them.
 */
#include <stdlib.h>
#include <string.h>

#include "glue.h"

/* The size of what follows struct btf_type, by kind: fixed, and per element of vlen (linux/btf.h). */
static const uint8_t btf_fixed[32] = { [1] = 4, [3] = 12, [14] = 4, [17] = 4 };
static const uint8_t btf_each[32] = { [4] = 12, [5] = 12, [6] = 8, [13] = 8, [15] = 12, [19] = 12 };

long lbi_btf_index(const void *types, size_t size, uint32_t *offsets, uint32_t *names,
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

/* Enough to tell most names apart. The second byte of a name of length 1 is its NUL. */
static uint16_t first_two(const char *name)
{
	return (uint16_t)((uint8_t)name[0] << 8 | (uint8_t)name[1]);
}

long lbi_btf_named(const uint32_t *names, size_t count, const char *strings,
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

		/* The last byte of the strings is a NUL, and not the start of a name. */
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

/* An extraction in progress. A type gets its new id when it is first referred to. */
struct extract {
	const uint8_t *types;
	const uint32_t *offsets;
	uint32_t count;
	const char *strings;
	size_t strings_size;
	uint32_t *number; /* new ids by old ones; 0 for none yet */
	uint32_t *queue;  /* old ids by new ones, from 1 on */
	uint32_t queued;
	uint8_t *out; /* types in the first half of the buffer, */
	char *names;  /* names in the second */
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

/* Make a copied type refer to the copies of others. Pointers are left without a target: void *. */
static void extract_references(struct extract *x, uint8_t *copy, uint32_t kind, uint32_t parts)
{
	bool composite = kind == 4 || kind == 5;

	extract_name(x, copy);
	switch (kind) {
	case 2: /* pointer */
		memset(copy + 8, 0, sizeof(uint32_t));
		break;
	case 3: /* array: element type, index type, count */
		extract_type(x, copy + 12);
		extract_type(x, copy + 16);
		break;
	case 4: case 5: case 6: case 19: /* struct, union, enum, enum64: members have names */
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

int lbi_btf_extract(const void *types, const uint32_t *offsets, uint32_t count,
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
