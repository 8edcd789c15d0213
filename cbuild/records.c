// SPDX-License-Identifier: BSD-2-Clause
/*
 * libbpf_iter._records: records that contain their bytes, columns that are decoded when they are read,
 * integers that print in another base, and the loop that makes records of chunks.
 * libbpf_iter/_records_py.py does the same in Python, and is used if this wasn't built; tests/build
 * compares the two.
 */
#define Py_LIMITED_API 0x030b0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>
#include <structmember.h>
#include <unistd.h>

/* ---- a record ------------------------------------------------------------------------------- */

typedef struct {
	PyObject_VAR_HEAD
	char data[];
} Bytes;

static PyTypeObject *bytes_type;

/*
 * A new record, into which the bytes have yet to be copied. Instances of classes that are made in Python
 * are tracked by the garbage collector, which may run here. But a record refers only to its class, so it
 * is in no cycle: it is untracked, and the collector needn't go through a million of them again and again.
 */
static Bytes *bytes_make(PyTypeObject *type, Py_ssize_t size)
{
	PyObject *self = PyType_GenericAlloc(type, size);

	if (self && type != bytes_type)
		PyObject_GC_UnTrack(self);
	return (Bytes *)self;
}

static PyObject *bytes_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
	static char *names[] = { "data", NULL };
	Py_buffer view;
	Bytes *self;

	if (!PyArg_ParseTupleAndKeywords(args, keywords, "y*", names, &view))
		return NULL;
	self = bytes_make(type, view.len);
	if (self)
		memcpy(self->data, view.buf, (size_t)view.len);
	PyBuffer_Release(&view);
	return (PyObject *)self;
}

static void free_object(PyObject *self)
{
	PyTypeObject *type = Py_TYPE(self);
	freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);

	release(self);
	Py_DECREF(type);
}

static PyObject *bytes_data(PyObject *self, void *closure)
{
	(void)closure;
	return PyBytes_FromStringAndSize(((Bytes *)self)->data, Py_SIZE(self));
}

static PyGetSetDef bytes_attributes[] = {
	{ "_data", bytes_data, NULL, "The bytes, as the kernel wrote them.", NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};

static PyType_Slot bytes_slots[] = {
	{ Py_tp_new, bytes_new },
	{ Py_tp_dealloc, free_object },
	{ Py_tp_getset, bytes_attributes },
	{ Py_tp_doc, "Bytes that a record is made of." },
	{ 0, NULL },
};

static PyType_Spec bytes_spec = {
	.name = "libbpf_iter._records.Bytes",
	.basicsize = offsetof(Bytes, data),
	.itemsize = 1,
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
	.slots = bytes_slots,
};

/* ---- numbers -------------------------------------------------------------------------------- */

/*
 * Integers that print in another base. If their class were made in Python, the garbage collector
 * would have to visit every list of them, and every tuple that has one.
 */
static PyObject *hexadecimal(PyObject *self)
{
	return PyNumber_ToBase(self, 16);
}

static PyObject *octal(PyObject *self)
{
	return PyNumber_ToBase(self, 8);
}

#define NUMBER(type, repr, doc)                                                         \
	static PyType_Slot type##_slots[] = {                                           \
		{ Py_tp_repr, repr },                                                   \
		{ Py_tp_doc, doc },                                                     \
		{ 0, NULL },                                                            \
	};                                                                              \
	static PyType_Spec type##_spec = {                                              \
		.name = "libbpf_iter.values." #type,                                    \
		.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,                      \
		.slots = type##_slots,                                                  \
	}

NUMBER(KernelPointer, hexadecimal, "An address in the kernel; 0 is a null pointer.");
NUMBER(UserPointer, hexadecimal, "An address in the memory of a task, as /proc/PID/maps has them.");
NUMBER(FileMode, octal, "A file's type and permission bits, as os.stat().st_mode; prints in octal.");

/* ---- a column ------------------------------------------------------------------------------- */

enum form { INTEGER, TEXT, RAW, SPAN, RECORD, DECODED };

typedef struct {
	PyObject_HEAD
	enum form form;
	Py_ssize_t offset;
	Py_ssize_t size;
	int is_signed;
	int nullable;      /* an integer of all ones is None */
	PyObject *convert; /* of the number or bytes, or None; RECORD: its class; DECODED: decode(data, offset) */
	newfunc number;    /* of a type of integers: what makes one, where a call of it takes a third longer */
	PyObject *error;   /* SPAN: the exception for one that reaches beyond its record */
	PyObject *doc;
} Column;

static PyObject *column_make(PyTypeObject *type, enum form form, Py_ssize_t offset, Py_ssize_t size,
			     PyObject *convert, PyObject *doc)
{
	Column *self;

	if (offset < 0 || size < 0 ||
	    (form == INTEGER && size != 1 && size != 2 && size != 4 && size != 8)) {
		PyErr_SetString(PyExc_ValueError, "no column of that size");
		return NULL;
	}
	self = (Column *)PyType_GenericAlloc(type, 0);
	if (!self)
		return NULL;
	self->form = form;
	self->offset = offset;
	self->size = size;
	self->convert = Py_NewRef(convert);
	self->doc = Py_NewRef(doc);
	return (PyObject *)self;
}

/* What makes integers of such a type; NULL if it isn't one, or if it does more with them. */
static newfunc maker_of(PyObject *convert)
{
	PyTypeObject *type = (PyTypeObject *)convert;

	if (!PyType_Check(convert) || !(PyType_GetFlags(type) & Py_TPFLAGS_LONG_SUBCLASS) ||
	    PyType_GetSlot(type, Py_tp_init) != PyType_GetSlot(&PyLong_Type, Py_tp_init))
		return NULL;
	return (newfunc)PyType_GetSlot(type, Py_tp_new);
}

static PyObject *column_integer(PyObject *type, PyObject *args)
{
	PyObject *convert, *doc, *self;
	Py_ssize_t offset, size;
	int is_signed, nullable;

	if (!PyArg_ParseTuple(args, "nnppOO", &offset, &size, &is_signed, &nullable, &convert, &doc))
		return NULL;
	self = column_make((PyTypeObject *)type, INTEGER, offset, size, convert, doc);
	if (self) {
		((Column *)self)->number = maker_of(convert);
		((Column *)self)->is_signed = is_signed;
		((Column *)self)->nullable = nullable;
	}
	return self;
}

static PyObject *column_text(PyObject *type, PyObject *args)
{
	Py_ssize_t offset, size;
	PyObject *doc;

	if (!PyArg_ParseTuple(args, "nnO", &offset, &size, &doc))
		return NULL;
	return column_make((PyTypeObject *)type, TEXT, offset, size, Py_None, doc);
}

static PyObject *column_raw(PyObject *type, PyObject *args)
{
	PyObject *convert, *doc;
	Py_ssize_t offset, size;

	if (!PyArg_ParseTuple(args, "nnOO", &offset, &size, &convert, &doc))
		return NULL;
	return column_make((PyTypeObject *)type, RAW, offset, size, convert, doc);
}

static PyObject *column_span(PyObject *type, PyObject *args)
{
	PyObject *convert, *error, *doc, *self;
	Py_ssize_t offset;

	if (!PyArg_ParseTuple(args, "nOOO", &offset, &convert, &error, &doc))
		return NULL;
	self = column_make((PyTypeObject *)type, SPAN, offset, 2 * sizeof(uint32_t), convert, doc);
	if (self)
		((Column *)self)->error = Py_NewRef(error);
	return self;
}

static int is_record_class(PyObject *type)
{
	if (PyType_Check(type) && PyType_IsSubtype((PyTypeObject *)type, bytes_type))
		return 1;
	PyErr_SetString(PyExc_TypeError, "a class of records is expected");
	return 0;
}

static PyObject *column_record(PyObject *type, PyObject *args)
{
	Py_ssize_t offset, size;
	PyObject *made, *doc;

	if (!PyArg_ParseTuple(args, "nnOO", &offset, &size, &made, &doc) || !is_record_class(made))
		return NULL;
	return column_make((PyTypeObject *)type, RECORD, offset, size, made, doc);
}

static PyObject *column_decoded(PyObject *type, PyObject *args)
{
	PyObject *decode, *doc;
	Py_ssize_t offset, size;

	if (!PyArg_ParseTuple(args, "nnOO", &offset, &size, &decode, &doc))
		return NULL;
	return column_make((PyTypeObject *)type, DECODED, offset, size, decode, doc);
}

static void column_dealloc(PyObject *object)
{
	Column *self = (Column *)object;

	Py_XDECREF(self->convert);
	Py_XDECREF(self->error);
	Py_XDECREF(self->doc);
	free_object(object);
}

static PyObject *read_integer(const Column *self, const char *data)
{
	uint64_t value = 0;
	int64_t number;

	/* By its width, in either byte order, without alignment. */
	switch (self->size) {
	case 1: {
		uint8_t v;
		memcpy(&v, data, 1);
		value = v;
		number = (int8_t)v;
		break;
	}
	case 2: {
		uint16_t v;
		memcpy(&v, data, 2);
		value = v;
		number = (int16_t)v;
		break;
	}
	case 4: {
		uint32_t v;
		memcpy(&v, data, 4);
		value = v;
		number = (int32_t)v;
		break;
	}
	default:
		memcpy(&value, data, 8);
		number = (int64_t)value;
	}
	if (self->nullable && number == -1)
		Py_RETURN_NONE;
	if (self->is_signed)
		return PyLong_FromLongLong(number);
	return PyLong_FromUnsignedLongLong(value);
}

static PyObject *read_text(const char *data, Py_ssize_t size)
{
	return PyUnicode_DecodeUTF8(data, size, "surrogateescape");
}

/* The result of convert() for a value, whose reference this steals. */
static PyObject *converted(const Column *self, PyObject *value)
{
	PyObject *result, *args;

	if (!value || self->convert == Py_None || value == Py_None)
		return value;
	if (self->number) {
		args = PyTuple_Pack(1, value);
		result = args ? self->number((PyTypeObject *)self->convert, args, NULL) : NULL;
		Py_XDECREF(args);
	} else {
		result = PyObject_CallFunctionObjArgs(self->convert, value, NULL);
	}
	Py_DECREF(value);
	return result;
}

/* record.h, struct rec_span: data behind the struct. */
static PyObject *read_span(const Column *self, const Bytes *record, Py_ssize_t size)
{
	uint32_t span[2];

	memcpy(span, record->data + self->offset, sizeof(span));
	if (!span[0])
		Py_RETURN_NONE;
	if (span[1] > size || span[0] > size - span[1])
		return PyErr_Format(self->error, "a span of %u bytes at %u leaves a record of %zd", span[1],
				    span[0], size);
	if (self->convert == Py_None)
		return read_text(record->data + span[0], span[1]);
	return converted(self, PyBytes_FromStringAndSize(record->data + span[0], span[1]));
}

static PyObject *column_get(PyObject *object, PyObject *record, PyObject *owner)
{
	Column *self = (Column *)object;
	PyObject *value, *result;
	const char *data, *end;
	Py_ssize_t size;
	Bytes *made;

	(void)owner;
	if (!record || record == Py_None)
		return Py_NewRef(object);
	if (!PyObject_TypeCheck(record, bytes_type)) {
		PyErr_SetString(PyExc_TypeError, "a column is read from a record");
		return NULL;
	}
	data = ((Bytes *)record)->data;
	size = Py_SIZE(record);
	if (self->size > size || self->offset > size - self->size) {
		PyErr_SetString(PyExc_ValueError, "the record is too short for this column");
		return NULL;
	}
	data += self->offset;
	switch (self->form) {
	case INTEGER:
		return converted(self, read_integer(self, data));
	case TEXT:
		end = memchr(data, 0, (size_t)self->size);
		return read_text(data, end ? end - data : self->size);
	case RAW:
		return converted(self, PyBytes_FromStringAndSize(data, self->size));
	case RECORD:
		made = bytes_make((PyTypeObject *)self->convert, self->size);
		if (made)
			memcpy(made->data, data, (size_t)self->size);
		return (PyObject *)made;
	case SPAN:
		return read_span(self, (Bytes *)record, size);
	default:
		value = bytes_data(record, NULL);
		if (!value)
			return NULL;
		result = PyObject_CallFunction(self->convert, "On", value, self->offset);
		Py_DECREF(value);
		return result;
	}
}

static PyMethodDef column_methods[] = {
	{ "integer", column_integer, METH_VARARGS | METH_CLASS,
	  "integer(offset, size, signed, nullable, convert, doc): a number, or what convert() makes of it." },
	{ "text", column_text, METH_VARARGS | METH_CLASS,
	  "text(offset, size, doc): characters up to the first NUL." },
	{ "raw", column_raw, METH_VARARGS | METH_CLASS,
	  "raw(offset, size, convert, doc): bytes, or what convert() makes of them." },
	{ "span", column_span, METH_VARARGS | METH_CLASS,
	  "span(offset, convert, error, doc): what lies behind the struct: None, text, or what convert() makes\n"
	  "of the bytes; error for one that leaves its record." },
	{ "record", column_record, METH_VARARGS | METH_CLASS,
	  "record(offset, size, made, doc): a record of that class within the record." },
	{ "decoded", column_decoded, METH_VARARGS | METH_CLASS,
	  "decoded(offset, size, decode, doc): what decode(data, offset) says." },
	{ NULL, NULL, 0, NULL },
};

static PyMemberDef column_members[] = {
	{ "__doc__", T_OBJECT, offsetof(Column, doc), READONLY, NULL },
	{ NULL, 0, 0, 0, NULL },
};

static PyType_Slot column_slots[] = {
	{ Py_tp_dealloc, column_dealloc },
	{ Py_tp_descr_get, column_get },
	{ Py_tp_methods, column_methods },
	{ Py_tp_members, column_members },
	{ 0, NULL },
};

static PyType_Spec column_spec = {
	.name = "libbpf_iter._records.Column",
	.basicsize = sizeof(Column),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
	.slots = column_slots,
};

/* ---- the records of chunks ------------------------------------------------------------------ */

typedef struct {
	PyObject_HEAD
	PyTypeObject *record; /* the class that is made */
	PyObject *chunks;     /* gives buffers of whole records; NULL once it has ended */
	Py_ssize_t size;      /* of the fixed part */
	int framed;           /* records begin with their own length */
	PyObject *error;      /* the exception for a chunk that isn't whole records */
	PyObject *forked;     /* forked(pid): the exception in a child whose parent held the lock */
	Py_buffer view;       /* the chunk that is being read, if view.obj */
	Py_ssize_t at;
	PyThread_type_lock lock; /* one thread at a time asks for a chunk */
	pid_t holder;            /* the process that locked it last */
} Records;

static PyObject *records_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
	static char *names[] = { "record", "chunks", "size", "framed", "error", "forked", NULL };
	PyObject *record, *chunks, *error, *forked;
	Py_ssize_t size;
	Records *self;
	int framed;

	if (!PyArg_ParseTupleAndKeywords(args, keywords, "OOnpOO", names, &record, &chunks, &size,
					 &framed, &error, &forked))
		return NULL;
	if (!is_record_class(record))
		return NULL;
	if (size < (framed ? 4 : 1)) {
		PyErr_SetString(error, "records of no size");
		return NULL;
	}
	self = (Records *)PyType_GenericAlloc(type, 0);
	if (!self)
		return NULL;
	self->lock = PyThread_allocate_lock();
	self->chunks = PyObject_GetIter(chunks);
	if (!self->lock || !self->chunks) {
		if (!PyErr_Occurred())
			PyErr_NoMemory();
		Py_DECREF(self);
		return NULL;
	}
	self->record = (PyTypeObject *)Py_NewRef(record);
	self->size = size;
	self->framed = framed;
	self->error = Py_NewRef(error);
	self->forked = Py_NewRef(forked);
	return (PyObject *)self;
}

static void records_forget(Records *self)
{
	PyObject *chunks = self->chunks;

	/* The buffer first, since the chunk's owner may want its memory back. */
	if (self->view.obj)
		PyBuffer_Release(&self->view);
	self->at = 0;
	self->chunks = NULL;
	Py_XDECREF(chunks);
}

/* The source of the chunks may refer to this, too: an iterator that keeps its own walk, for example. */
static int records_traverse(PyObject *object, visitproc visit, void *arg)
{
	Records *self = (Records *)object;

	Py_VISIT(Py_TYPE(object));
	Py_VISIT(self->record);
	Py_VISIT(self->chunks);
	Py_VISIT(self->view.obj);
	Py_VISIT(self->error);
	Py_VISIT(self->forked);
	return 0;
}

static int records_clear(PyObject *object)
{
	records_forget((Records *)object);
	return 0;
}

static void records_dealloc(PyObject *object)
{
	Records *self = (Records *)object;

	PyObject_GC_UnTrack(object);
	records_forget(self);
	Py_XDECREF((PyObject *)self->record);
	Py_XDECREF(self->error);
	Py_XDECREF(self->forked);
	if (self->lock)
		PyThread_free_lock(self->lock);
	free_object(object);
}

static int records_lock(Records *self)
{
	if (!PyThread_acquire_lock(self->lock, NOWAIT_LOCK)) {
		/* A thread of the parent doesn't exist in its child, so it would never release the
		 * lock.
		 */
		if (self->holder != getpid()) {
			PyObject *error = PyObject_CallFunction(self->forked, "l", (long)self->holder);

			if (error)
				PyErr_SetObject((PyObject *)Py_TYPE(error), error);
			Py_XDECREF(error);
			return -1;
		}
		Py_BEGIN_ALLOW_THREADS
		PyThread_acquire_lock(self->lock, WAIT_LOCK);
		Py_END_ALLOW_THREADS
	}
	self->holder = getpid();
	return 0;
}

/* With the lock held, the next chunk that isn't empty: 1, 0 at the end, or -1 for an error. */
static int records_fetch(Records *self)
{
	while (!self->view.obj || self->at >= self->view.len) {
		PyObject *chunks = self->chunks, *chunk;
		Py_buffer view;

		if (!chunks)
			return 0;
		if (self->view.obj)
			PyBuffer_Release(&self->view);
		self->at = 0;
		Py_INCREF(chunks);
		chunk = PyIter_Next(chunks);
		Py_DECREF(chunks);
		if (!chunk) {
			records_forget(self);
			return PyErr_Occurred() ? -1 : 0;
		}
		if (PyObject_GetBuffer(chunk, &view, PyBUF_SIMPLE)) {
			Py_DECREF(chunk);
			records_forget(self);
			return -1;
		}
		Py_DECREF(chunk);
		if (!self->chunks) { /* closed meanwhile, by another thread */
			PyBuffer_Release(&view);
			return 0;
		}
		self->view = view;
	}
	return 1;
}

/* The length of the next record; 0 if there is none, or only a part of one. */
static Py_ssize_t records_length(const Records *self)
{
	Py_ssize_t length = self->size, left;

	if (!self->view.obj)
		return 0;
	left = self->view.len - self->at;
	if (self->framed && left >= 4) {
		uint32_t own;

		memcpy(&own, (const char *)self->view.buf + self->at, sizeof(own));
		length = own;
	}
	return length < self->size || length > left ? 0 : length;
}

/* The same, with a chunk if there is one: 0 at the end, -1 for an error. */
static Py_ssize_t records_find(Records *self)
{
	Py_ssize_t length;
	int found;

	while (!self->view.obj || self->at >= self->view.len) {
		if (records_lock(self))
			return -1;
		found = records_fetch(self);
		PyThread_release_lock(self->lock);
		if (found <= 0)
			return found;
	}
	length = records_length(self);
	if (length)
		return length;
	PyErr_Format(self->error, "%zd bytes at %zd are no whole record of at least %zd",
		     self->view.len - self->at, self->at, self->size);
	records_forget(self);
	return -1;
}

static PyObject *records_next(PyObject *object)
{
	Records *self = (Records *)object;
	Py_ssize_t length;
	Bytes *record;

	while ((length = records_find(self)) > 0) {
		record = bytes_make(self->record, length);
		if (!record)
			return NULL;
		/* The collector runs any Python code, which may have gone on with this walk, or
		 * closed it.
		 */
		if (records_length(self) == length) {
			memcpy(record->data, (const char *)self->view.buf + self->at, (size_t)length);
			self->at += length;
			return (PyObject *)record;
		}
		Py_DECREF((PyObject *)record);
	}
	return NULL;
}

static PyObject *records_self(PyObject *self)
{
	return Py_NewRef(self);
}

static PyObject *records_close(PyObject *self, PyObject *nothing)
{
	(void)nothing;
	records_forget((Records *)self);
	Py_RETURN_NONE;
}

static PyMethodDef records_methods[] = {
	{ "__class_getitem__", (PyCFunction)Py_GenericAlias, METH_O | METH_CLASS, "For annotations." },
	{ "close", records_close, METH_NOARGS, "End here; what is left of the walk is not asked for." },
	{ NULL, NULL, 0, NULL },
};

static PyType_Slot records_slots[] = {
	{ Py_tp_new, records_new },
	{ Py_tp_dealloc, records_dealloc },
	{ Py_tp_traverse, records_traverse },
	{ Py_tp_clear, records_clear },
	{ Py_tp_iter, records_self },
	{ Py_tp_iternext, records_next },
	{ Py_tp_methods, records_methods },
	{ Py_tp_doc, "Records(record, chunks, size, framed, error, forked): the records of an iterable of chunks." },
	{ 0, NULL },
};

static PyType_Spec records_spec = {
	.name = "libbpf_iter._records.Records",
	.basicsize = sizeof(Records),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
	.slots = records_slots,
};

/* ---- the module ----------------------------------------------------------------------------- */

static PyObject *add_type(PyObject *module, const char *name, PyType_Spec *spec, PyTypeObject *base)
{
	PyObject *type = PyType_FromSpecWithBases(spec, (PyObject *)base);

	if (type && PyModule_AddObjectRef(module, name, type))
		Py_CLEAR(type);
	return type;
}

static struct PyModuleDef definition = {
	PyModuleDef_HEAD_INIT,
	.m_name = "libbpf_iter._records",
	.m_doc = "Records over bytes, in C.",
	.m_size = -1,
};

PyMODINIT_FUNC PyInit__records(void)
{
	const struct {
		const char *name;
		PyType_Spec *spec;
		PyTypeObject *base;
	} types[] = {
		{ "Bytes", &bytes_spec, NULL },
		{ "Column", &column_spec, NULL },
		{ "Records", &records_spec, NULL },
		{ "KernelPointer", &KernelPointer_spec, &PyLong_Type },
		{ "UserPointer", &UserPointer_spec, &PyLong_Type },
		{ "FileMode", &FileMode_spec, &PyLong_Type },
	};
	PyObject *module = PyModule_Create(&definition);

	for (size_t i = 0; module && i < sizeof(types) / sizeof(*types); i++) {
		PyObject *type = add_type(module, types[i].name, types[i].spec, types[i].base);

		if (!type)
			Py_CLEAR(module);
		else if (types[i].spec == &bytes_spec)
			bytes_type = (PyTypeObject *)type;
		else
			Py_DECREF(type);
	}
	return module;
}
