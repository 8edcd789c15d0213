// SPDX-License-Identifier: BSD-2-Clause
/*
 * libbpf_iter._arrow: columns out of records, and the Arrow C data interface around them
 * (arrow.apache.org/docs/format/CDataInterface.html), which needs no Arrow library.
 *
 * libbpf_iter/arrow.py says what a column is; here bytes are moved, and structs filled.
 */
#define Py_LIMITED_API 0x030b0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* ---- columns -------------------------------------------------------------------------------- */

typedef struct {
	Py_buffer data, starts; /* the records, and the 64-bit offset of each */
	const int64_t *at;
	Py_ssize_t count, offset;
} Source;

/* Whether a column of `width` bytes at `offset` is inside of every record. */
static bool source_open(Source *source, PyObject *data, PyObject *starts, Py_ssize_t offset,
			Py_ssize_t width)
{
	if (PyObject_GetBuffer(data, &source->data, PyBUF_SIMPLE))
		return false;
	if (PyObject_GetBuffer(starts, &source->starts, PyBUF_SIMPLE)) {
		PyBuffer_Release(&source->data);
		return false;
	}
	source->at = source->starts.buf;
	source->count = source->starts.len / (Py_ssize_t)sizeof(int64_t);
	source->offset = offset;
	for (Py_ssize_t i = 0; i < source->count; i++) {
		if (source->at[i] < 0 || offset < 0 || width < 0 ||
		    source->at[i] > source->data.len - offset - width) {
			PyErr_SetString(PyExc_ValueError, "a column leaves the records");
			PyBuffer_Release(&source->data);
			PyBuffer_Release(&source->starts);
			return false;
		}
	}
	return true;
}

static const char *source_cell(const Source *source, Py_ssize_t i)
{
	return (const char *)source->data.buf + source->at[i] + source->offset;
}

static void source_close(Source *source)
{
	PyBuffer_Release(&source->data);
	PyBuffer_Release(&source->starts);
}

PyDoc_STRVAR(starts_doc, "starts(data, size, framed): where each record begins, 64 bits each.");

static PyObject *starts(PyObject *module, PyObject *args)
{
	Py_ssize_t size, count = 0, room, at = 0;
	PyObject *result = NULL;
	Py_buffer data;
	int64_t *to;
	int framed;

	(void)module;
	if (!PyArg_ParseTuple(args, "y*np", &data, &size, &framed))
		return NULL;
	if (size < (framed ? 4 : 1)) {
		PyErr_SetString(PyExc_ValueError, "a record has a size");
		goto done;
	}
	room = data.len / size;
	to = malloc((size_t)(room + 1) * sizeof(*to));
	if (!to) {
		PyErr_NoMemory();
		goto done;
	}
	while (at < data.len && count < room) {
		uint32_t length = (uint32_t)size;

		if (framed)
			memcpy(&length, (const char *)data.buf + at, sizeof(length));
		if (length < (size_t)size || length > (size_t)(data.len - at))
			break;
		to[count++] = at;
		at += length;
	}
	if (at == data.len)
		result = PyBytes_FromStringAndSize((const char *)to, count * (Py_ssize_t)sizeof(*to));
	else
		PyErr_SetString(PyExc_ValueError, "the data doesn't end with a whole record");
	free(to);
done:
	PyBuffer_Release(&data);
	return result;
}

PyDoc_STRVAR(expand_doc, "expand(starts, offset, step, count): where each element of an array begins.");

static PyObject *expand(PyObject *module, PyObject *args)
{
	Py_ssize_t offset, step, count, records;
	PyObject *result = NULL;
	const int64_t *from;
	Py_buffer view;
	int64_t *to;

	(void)module;
	if (!PyArg_ParseTuple(args, "y*nnn", &view, &offset, &step, &count))
		return NULL;
	records = view.len / (Py_ssize_t)sizeof(*from);
	if (count < 0 || (count && records > PY_SSIZE_T_MAX / 8 / count)) {
		PyErr_SetString(PyExc_ValueError, "an array of no such length");
		goto done;
	}
	result = PyBytes_FromStringAndSize(NULL, records * count * (Py_ssize_t)sizeof(*to));
	if (!result)
		goto done;
	from = view.buf;
	to = (int64_t *)PyBytes_AsString(result);
	for (Py_ssize_t i = 0; i < records; i++)
		for (Py_ssize_t k = 0; k < count; k++)
			*to++ = from[i] + offset + k * step;
done:
	PyBuffer_Release(&view);
	return result;
}

PyDoc_STRVAR(gather_doc, "gather(data, starts, offset, width): a column's bytes, side by side.");

static PyObject *gather(PyObject *module, PyObject *args)
{
	PyObject *data, *where, *result;
	Py_ssize_t offset, width;
	Source source;
	char *to;

	(void)module;
	if (!PyArg_ParseTuple(args, "OOnn", &data, &where, &offset, &width))
		return NULL;
	if (!source_open(&source, data, where, offset, width))
		return NULL;
	result = PyBytes_FromStringAndSize(NULL, source.count * width);
	if (result) {
		to = PyBytes_AsString(result);
		/* Constant sizes, each of which the compiler turns into a load and a store. */
#define GATHER(bytes)                                                    \
	for (Py_ssize_t i = 0; i < source.count; i++)                    \
		memcpy(to + i * (bytes), source_cell(&source, i), (size_t)(bytes))
		switch (width) {
		case 4: GATHER(4); break;
		case 8: GATHER(8); break;
		default: GATHER(width);
		}
	}
	source_close(&source);
	return result;
}

static PyObject *bitmap(Py_ssize_t count, bool (*is_set)(const void *, Py_ssize_t), const void *of,
			Py_ssize_t *clear)
{
	PyObject *result = PyBytes_FromStringAndSize(NULL, (count + 7) / 8);
	unsigned char *to;

	*clear = 0;
	if (!result)
		return NULL;
	to = (unsigned char *)PyBytes_AsString(result);
	memset(to, 0, (size_t)(count + 7) / 8);
	for (Py_ssize_t i = 0; i < count; i++) {
		if (is_set(of, i))
			to[i / 8] |= (unsigned char)(1 << i % 8);
		else
			(*clear)++;
	}
	return result;
}

typedef struct {
	const unsigned char *bytes;
	Py_ssize_t width;
} Cells;

static bool not_all_ones(const void *of, Py_ssize_t i)
{
	const Cells *cells = of;

	for (Py_ssize_t k = 0; k < cells->width; k++)
		if (cells->bytes[i * cells->width + k] != 0xff)
			return true;
	return false;
}

static bool not_zero(const void *of, Py_ssize_t i)
{
	const Cells *cells = of;

	for (Py_ssize_t k = 0; k < cells->width; k++)
		if (cells->bytes[i * cells->width + k])
			return true;
	return false;
}

PyDoc_STRVAR(bits_doc, "bits(column, width, ones): a bit for each cell that isn't all ones, or all\n"
		       "zeros; and how many are.");

static PyObject *bits(PyObject *module, PyObject *args)
{
	Py_ssize_t width, clear;
	Py_buffer column;
	PyObject *result;
	Cells cells;
	int ones;

	(void)module;
	if (!PyArg_ParseTuple(args, "y*np", &column, &width, &ones))
		return NULL;
	if (width < 1) {
		PyBuffer_Release(&column);
		return PyErr_Format(PyExc_ValueError, "a cell has a size");
	}
	cells = (Cells){ column.buf, width };
	result = bitmap(column.len / width, ones ? not_all_ones : not_zero, &cells, &clear);
	PyBuffer_Release(&column);
	return result ? Py_BuildValue("Nn", result, clear) : NULL;
}

/* ---- columns of cells that differ in length -------------------------------------------------- */

typedef struct {
	char *bytes;
	size_t used, room;
} Growing;

static bool growing_add(Growing *to, const void *from, size_t length)
{
	if (length > to->room - to->used) {
		size_t room = (to->room + length) * 2;
		char *more = realloc(to->bytes, room);

		if (!more) {
			PyErr_NoMemory();
			return false;
		}
		to->bytes = more;
		to->room = room;
	}
	if (length)
		memcpy(to->bytes + to->used, from, length);
	to->used += length;
	return true;
}

/* Arrow's offsets: where each cell begins, and the last one ends. */
static bool growing_add_offset(Growing *offsets, size_t at)
{
	int32_t offset = (int32_t)at;

	if (at <= INT32_MAX)
		return growing_add(offsets, &offset, sizeof(offset));
	PyErr_SetString(PyExc_OverflowError, "more than an Arrow column holds");
	return false;
}

/* A column in the making. */
typedef struct {
	Growing offsets;
	Growing items; /* where cells are lists of text: the offsets of these texts */
	Growing bytes;
	bool mixed;    /* how addresses are written, see addresses() */
} Varying;

/* Adds a cell, from the bytes that the record has for it. */
typedef bool (*AddCell)(Varying *made, const char *from, size_t length);

static bool add_bytes(Varying *made, const char *from, size_t length)
{
	return growing_add(&made->bytes, from, length) &&
	       growing_add_offset(&made->offsets, made->bytes.used);
}

/* Arrow wants UTF-8, but text in the kernel may be any bytes. */
static bool add_utf8(Growing *to, const char *from, size_t length)
{
	PyObject *text, *encoded = NULL;
	bool done = false;
	size_t plain = 0;

	while (plain < length && !(from[plain] & 0x80))
		plain++;
	if (plain == length)
		return growing_add(to, from, length);
	text = PyUnicode_DecodeUTF8(from, (Py_ssize_t)length, "replace");
	if (text)
		encoded = PyUnicode_AsUTF8String(text);
	if (encoded)
		done = growing_add(to, PyBytes_AsString(encoded), (size_t)PyBytes_Size(encoded));
	Py_XDECREF(text);
	Py_XDECREF(encoded);
	return done;
}

static bool add_text(Varying *made, const char *from, size_t length)
{
	return add_utf8(&made->bytes, from, length) &&
	       growing_add_offset(&made->offsets, made->bytes.used);
}

/* Each ends with a NUL, which the last one may lack. */
static bool add_args(Varying *made, const char *from, size_t length)
{
	for (size_t own; length; from += own, length -= own) {
		own = strnlen(from, length);
		if (!add_utf8(&made->bytes, from, own) ||
		    !growing_add_offset(&made->items, made->bytes.used))
			return false;
		own += own < length;
	}
	return growing_add_offset(&made->offsets, made->items.used / sizeof(int32_t) - 1);
}

static bool add_pointers(Varying *made, const char *from, size_t length)
{
	return growing_add(&made->bytes, from, length - length % sizeof(uint64_t)) &&
	       growing_add_offset(&made->offsets, made->bytes.used / sizeof(uint64_t));
}

static char *put_number(char *to, unsigned int number, unsigned int base)
{
	char digits[8];
	int count = 0;

	do
		digits[count++] = "0123456789abcdef"[number % base];
	while (number /= base);
	while (count)
		*to++ = digits[--count];
	return to;
}

static char *put_ipv4(char *to, const unsigned char *address)
{
	for (int i = 0; i < 4; i++) {
		if (i)
			*to++ = '.';
		to = put_number(to, address[i], 10);
	}
	return to;
}

/* RFC 5952: the longest run of at least two groups of zeroes is left out. */
static char *put_ipv6(char *to, const unsigned char *address, bool mixed)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	int first = 8, longest = 1;

	if (mixed && !memcmp(address, mapped, sizeof(mapped)))
		return put_ipv4((char *)memcpy(to, "::ffff:", 7) + 7, address + sizeof(mapped));
	for (int i = 0, run = 0; i < 8; i++) {
		run = address[2 * i] || address[2 * i + 1] ? 0 : run + 1;
		if (run > longest) {
			longest = run;
			first = i + 1 - run;
		}
	}
	for (int i = 0; i < 8; i++) {
		if (i == first) {
			*to++ = ':';
			*to++ = ':';
			i += longest - 1;
			continue;
		}
		if (i && i != first + longest)
			*to++ = ':';
		to = put_number(to, (unsigned int)address[2 * i] << 8 | address[2 * i + 1], 16);
	}
	return to;
}

/* record.h, struct rec_ip. Without a known family there is no address, and the cell is empty. */
static bool add_address(Varying *made, const char *from, size_t length)
{
	const unsigned char *address = (const unsigned char *)from + sizeof(uint32_t);
	char text[sizeof("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")], *end = text;
	uint32_t family;

	(void)length;
	memcpy(&family, from, sizeof(family));
	if (family == AF_INET)
		end = put_ipv4(text, address);
	else if (family == AF_INET6)
		end = put_ipv6(text, address, made->mixed);
	return add_bytes(made, text, (size_t)(end - text));
}

static bool add_nul_ended(Varying *made, const char *from, size_t length)
{
	return add_text(made, from, strnlen(from, length));
}

/* A column of `width` bytes in each record. */
static bool add_cells(Varying *made, PyObject *data, PyObject *starts, Py_ssize_t offset, Py_ssize_t width,
		      AddCell add)
{
	Source source;
	bool done;

	if (!source_open(&source, data, starts, offset, width))
		return false;
	done = growing_add_offset(&made->offsets, 0);
	for (Py_ssize_t i = 0; i < source.count && done; i++)
		done = add(made, source_cell(&source, i), (size_t)width);
	source_close(&source);
	return done;
}

/* record.h, struct rec_span: data behind the struct. Without any, the cell is empty. */
static bool add_spans(Varying *made, PyObject *data, PyObject *starts, Py_ssize_t offset, AddCell add)
{
	uint32_t span[2];
	Source source;
	bool done;

	if (!source_open(&source, data, starts, offset, sizeof(span)))
		return false;
	done = growing_add_offset(&made->offsets, 0) && growing_add_offset(&made->items, 0);
	for (Py_ssize_t i = 0; i < source.count && done; i++) {
		int64_t start = source.at[i], end = i + 1 < source.count ? source.at[i + 1] : source.data.len;

		memcpy(span, source_cell(&source, i), sizeof(span));
		if (!span[0]) {
			done = add(made, "", 0);
		} else if ((int64_t)span[0] + span[1] > end - start) {
			PyErr_SetString(PyExc_ValueError, "a span leaves its record");
			done = false;
		} else {
			done = add(made, (const char *)source.data.buf + start + span[0], span[1]);
		}
	}
	source_close(&source);
	return done;
}

static PyObject *growing_bytes(const Growing *from)
{
	return PyBytes_FromStringAndSize(from->bytes, (Py_ssize_t)from->used);
}

/* Offsets and bytes, with those of the items between them; NULL where it isn't `done`. */
static PyObject *varying_finish(Varying *made, bool done, bool has_items)
{
	PyObject *result = NULL;

	if (done && has_items)
		result = Py_BuildValue("NNN", growing_bytes(&made->offsets), growing_bytes(&made->items),
				       growing_bytes(&made->bytes));
	else if (done)
		result = Py_BuildValue("NN", growing_bytes(&made->offsets), growing_bytes(&made->bytes));
	free(made->offsets.bytes);
	free(made->items.bytes);
	free(made->bytes.bytes);
	return result;
}

PyDoc_STRVAR(texts_doc, "texts(data, starts, offset, width): text up to its NUL: offsets, and characters.");

static PyObject *texts(PyObject *module, PyObject *args)
{
	Py_ssize_t offset, width;
	PyObject *data, *starts;
	Varying made = { 0 };

	(void)module;
	if (!PyArg_ParseTuple(args, "OOnn", &data, &starts, &offset, &width))
		return NULL;
	return varying_finish(&made, add_cells(&made, data, starts, offset, width, add_nul_ended), false);
}

PyDoc_STRVAR(addresses_doc,
	     "addresses(data, starts, offset, mixed): a bit for each that is there, how many aren't, offsets,\n"
	     "and the addresses as text; mixed: IPv4 mapped into IPv6 is written with dots.");

static bool not_empty(const void *of, Py_ssize_t i)
{
	const int32_t *offsets = of;

	return offsets[i] < offsets[i + 1];
}

static PyObject *addresses(PyObject *module, PyObject *args)
{
	PyObject *data, *starts, *present, *column;
	Py_ssize_t offset, missing;
	Varying made = { 0 };
	int mixed;

	(void)module;
	if (!PyArg_ParseTuple(args, "OOnp", &data, &starts, &offset, &mixed))
		return NULL;
	made.mixed = mixed;
	if (!add_cells(&made, data, starts, offset, 20, add_address))
		return varying_finish(&made, false, false);
	present = bitmap((Py_ssize_t)(made.offsets.used / sizeof(int32_t)) - 1, not_empty,
			 made.offsets.bytes, &missing);
	column = varying_finish(&made, present, false);
	if (!column) {
		Py_XDECREF(present);
		return NULL;
	}
	return Py_BuildValue("NnN", present, missing, column);
}

PyDoc_STRVAR(spans_doc, "spans(data, starts, offset, meaning): what lies behind the struct: offsets, bytes; of\n"
			"args offsets, those of the items, characters.");

static PyObject *spans(PyObject *module, PyObject *args)
{
	static const struct {
		const char *meaning;
		AddCell add;
	} known[] = {
		{ "text", add_text },
		{ "bytes", add_bytes },
		{ "args", add_args },
		{ "kptrs", add_pointers },
	};
	PyObject *data, *starts;
	Varying made = { 0 };
	const char *meaning;
	Py_ssize_t offset;

	(void)module;
	if (!PyArg_ParseTuple(args, "OOns", &data, &starts, &offset, &meaning))
		return NULL;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(meaning, known[i].meaning))
			return varying_finish(&made, add_spans(&made, data, starts, offset, known[i].add),
					      known[i].add == add_args);
	return PyErr_Format(PyExc_ValueError, "no span means %s", meaning);
}

/* ---- the C data interface ------------------------------------------------------------------- */

struct ArrowSchema {
	const char *format, *name, *metadata;
	int64_t flags, n_children;
	struct ArrowSchema **children, *dictionary;
	void (*release)(struct ArrowSchema *);
	void *private_data;
};

struct ArrowArray {
	int64_t length, null_count, offset, n_buffers, n_children;
	const void **buffers;
	struct ArrowArray **children, *dictionary;
	void (*release)(struct ArrowArray *);
	void *private_data;
};

struct ArrowArrayStream {
	int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *);
	int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *);
	const char *(*get_last_error)(struct ArrowArrayStream *);
	void (*release)(struct ArrowArrayStream *);
	void *private_data;
};

static void schema_release(struct ArrowSchema *schema)
{
	for (int64_t i = 0; i < schema->n_children; i++) {
		if (schema->children[i] && schema->children[i]->release)
			schema->children[i]->release(schema->children[i]);
		free(schema->children[i]);
	}
	free(schema->children);
	if (schema->dictionary && schema->dictionary->release)
		schema->dictionary->release(schema->dictionary);
	free(schema->dictionary);
	free((char *)schema->format);
	free((char *)schema->name);
	schema->release = NULL;
}

/* A node is (format, name, flags, children, dictionary or None). */
static bool schema_fill(PyObject *node, struct ArrowSchema *schema)
{
	PyObject *children, *dictionary;
	const char *format, *name;
	long long flags;

	memset(schema, 0, sizeof(*schema));
	if (!PyArg_ParseTuple(node, "ssLO!O", &format, &name, &flags, &PyTuple_Type, &children, &dictionary))
		return false;
	schema->release = schema_release;
	schema->flags = flags;
	schema->format = strdup(format);
	schema->name = strdup(name);
	schema->children = calloc((size_t)PyTuple_Size(children) + 1, sizeof(*schema->children));
	if (!schema->format || !schema->name || !schema->children)
		goto memory;
	for (Py_ssize_t i = 0; i < PyTuple_Size(children); i++) {
		schema->children[i] = calloc(1, sizeof(**schema->children));
		if (!schema->children[i])
			goto memory;
		schema->n_children++;
		if (!schema_fill(PyTuple_GetItem(children, i), schema->children[i]))
			goto failed;
	}
	if (dictionary != Py_None) {
		schema->dictionary = calloc(1, sizeof(*schema->dictionary));
		if (!schema->dictionary)
			goto memory;
		if (!schema_fill(dictionary, schema->dictionary))
			goto failed;
	}
	return true;
memory:
	PyErr_NoMemory();
failed:
	schema_release(schema);
	return false;
}

/* Its node holds the bytes objects that are its buffers. */
static void array_release(struct ArrowArray *array)
{
	PyGILState_STATE state;

	for (int64_t i = 0; i < array->n_children; i++) {
		if (array->children[i] && array->children[i]->release)
			array->children[i]->release(array->children[i]);
		free(array->children[i]);
	}
	free(array->children);
	if (array->dictionary && array->dictionary->release)
		array->dictionary->release(array->dictionary);
	free(array->dictionary);
	free((void *)array->buffers);
	if (array->private_data && Py_IsInitialized()) {
		state = PyGILState_Ensure();
		Py_DECREF((PyObject *)array->private_data);
		PyGILState_Release(state);
	}
	array->private_data = NULL;
	array->release = NULL;
}

/* A node is (length, nulls, buffers, children, dictionary or None); a buffer is bytes or None. */
static bool array_fill(PyObject *node, struct ArrowArray *array)
{
	PyObject *buffers, *children, *dictionary;
	long long length, nulls;

	memset(array, 0, sizeof(*array));
	if (!PyArg_ParseTuple(node, "LLO!O!O", &length, &nulls, &PyTuple_Type, &buffers, &PyTuple_Type,
			      &children, &dictionary))
		return false;
	array->release = array_release;
	array->length = length;
	array->null_count = nulls;
	array->private_data = Py_NewRef(node);
	array->buffers = calloc((size_t)PyTuple_Size(buffers) + 1, sizeof(*array->buffers));
	array->children = calloc((size_t)PyTuple_Size(children) + 1, sizeof(*array->children));
	if (!array->buffers || !array->children)
		goto memory;
	for (Py_ssize_t i = 0; i < PyTuple_Size(buffers); i++) {
		PyObject *buffer = PyTuple_GetItem(buffers, i);

		array->n_buffers++;
		if (buffer == Py_None)
			continue;
		array->buffers[i] = PyBytes_AsString(buffer);
		if (!array->buffers[i])
			goto failed;
	}
	for (Py_ssize_t i = 0; i < PyTuple_Size(children); i++) {
		array->children[i] = calloc(1, sizeof(**array->children));
		if (!array->children[i])
			goto memory;
		array->n_children++;
		if (!array_fill(PyTuple_GetItem(children, i), array->children[i]))
			goto failed;
	}
	if (dictionary != Py_None) {
		array->dictionary = calloc(1, sizeof(*array->dictionary));
		if (!array->dictionary)
			goto memory;
		if (!array_fill(dictionary, array->dictionary))
			goto failed;
	}
	return true;
memory:
	PyErr_NoMemory();
failed:
	array_release(array);
	return false;
}

/* One batch, then the end. private_data: a list of the schema's node and the batch's. */
static int stream_fill(struct ArrowArrayStream *stream, Py_ssize_t which, void *out)
{
	PyGILState_STATE state = PyGILState_Ensure();
	PyObject *node = PyList_GetItem(stream->private_data, which);
	bool done = true;

	if (which == 0)
		done = schema_fill(node, out);
	else if (node == Py_None)
		memset(out, 0, sizeof(struct ArrowArray)); /* released: no further batch */
	else
		done = array_fill(node, out) &&
		       !PyList_SetItem(stream->private_data, which, Py_NewRef(Py_None));
	PyErr_Clear();
	PyGILState_Release(state);
	return done ? 0 : 12; /* ENOMEM: the nodes are our own, and well formed */
}

static int stream_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
	return stream_fill(stream, 0, out);
}

static int stream_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
	return stream_fill(stream, 1, out);
}

static const char *stream_error(struct ArrowArrayStream *stream)
{
	(void)stream;
	return "out of memory";
}

static void stream_release(struct ArrowArrayStream *stream)
{
	PyGILState_STATE state;

	if (Py_IsInitialized()) {
		state = PyGILState_Ensure();
		Py_XDECREF((PyObject *)stream->private_data);
		PyGILState_Release(state);
	}
	stream->release = NULL;
}

/* A consumer moves the struct out and marks it as released; if none has, it is released here. */
static void schema_drop(PyObject *capsule)
{
	struct ArrowSchema *schema = PyCapsule_GetPointer(capsule, "arrow_schema");

	if (schema->release)
		schema->release(schema);
	free(schema);
}

static void stream_drop(PyObject *capsule)
{
	struct ArrowArrayStream *stream = PyCapsule_GetPointer(capsule, "arrow_array_stream");

	if (stream->release)
		stream->release(stream);
	free(stream);
}

PyDoc_STRVAR(schema_doc, "schema(node): a capsule of an ArrowSchema.");

static PyObject *schema(PyObject *module, PyObject *node)
{
	struct ArrowSchema *made = calloc(1, sizeof(*made));
	PyObject *capsule;

	(void)module;
	if (!made)
		return PyErr_NoMemory();
	if (!schema_fill(node, made)) {
		free(made);
		return NULL;
	}
	capsule = PyCapsule_New(made, "arrow_schema", schema_drop);
	if (!capsule) {
		schema_release(made);
		free(made);
	}
	return capsule;
}

PyDoc_STRVAR(stream_doc, "stream(schema, array): a capsule of an ArrowArrayStream of one batch.");

static PyObject *stream(PyObject *module, PyObject *args)
{
	struct ArrowArrayStream *made;
	PyObject *capsule, *nodes[2];

	(void)module;
	if (!PyArg_ParseTuple(args, "O!O!", &PyTuple_Type, &nodes[0], &PyTuple_Type, &nodes[1]))
		return NULL;
	made = calloc(1, sizeof(*made));
	if (!made)
		return PyErr_NoMemory();
	made->private_data = Py_BuildValue("[OO]", nodes[0], nodes[1]);
	made->get_schema = stream_schema;
	made->get_next = stream_next;
	made->get_last_error = stream_error;
	made->release = stream_release;
	capsule = made->private_data ? PyCapsule_New(made, "arrow_array_stream", stream_drop) : NULL;
	if (!capsule) {
		stream_release(made);
		free(made);
	}
	return capsule;
}

static PyMethodDef methods[] = {
	{ "starts", starts, METH_VARARGS, starts_doc },
	{ "expand", expand, METH_VARARGS, expand_doc },
	{ "gather", gather, METH_VARARGS, gather_doc },
	{ "bits", bits, METH_VARARGS, bits_doc },
	{ "texts", texts, METH_VARARGS, texts_doc },
	{ "addresses", addresses, METH_VARARGS, addresses_doc },
	{ "spans", spans, METH_VARARGS, spans_doc },
	{ "schema", schema, METH_O, schema_doc },
	{ "stream", stream, METH_VARARGS, stream_doc },
	{ NULL, NULL, 0, NULL },
};

static struct PyModuleDef definition = {
	PyModuleDef_HEAD_INIT,
	.m_name = "libbpf_iter._arrow",
	.m_doc = "Columns of records, and the Arrow C data interface.",
	.m_size = -1,
	.m_methods = methods,
};

PyMODINIT_FUNC PyInit__arrow(void)
{
	return PyModule_Create(&definition);
}
