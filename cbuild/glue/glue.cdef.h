/* What the files here have for libbpf_iter/_libbpf. It is read by cffi, too, which knows no directives;
 * libbpf.cdef.h says what is true of all of them.
 */

/* ---- fd.c ---------------------------------------------------------------------------------------- */

/* The descriptor in a cell, which is empty (-1) then: it is closed once, whoever calls. */
void lbi_close(int *cell);

/* To be read; NULL where it can't be. */
void *lbi_file_map(int fd, size_t size);
void lbi_file_unmap(void *memory, size_t size);

/* ---- log.c --------------------------------------------------------------------------------------- */

/* libbpf's log, per thread and never printed. begin() forgets what this thread held and records messages
 * up to a level (0 warnings, 1 information, 2 debugging); end() says how many bytes there are, and
 * take() moves them: of each record a byte '0' + level, its text and a NUL.
 */
void lbi_log_begin(int level);
size_t lbi_log_end(void);
void lbi_log_take(char *to);

/* ---- load.c -------------------------------------------------------------------------------------- */

/*
 * The bytes are not needed any longer once this returns. kernel_types: a file to read the kernel's
 * types from when the object is loaded, or NULL for the kernel's own. close() leaves NULL in owner.
 */
int lbi_object_open(struct bpf_object **owner, const void *bytes, size_t size, const char *name,
		    const char *kernel_types);
void lbi_object_close(struct bpf_object **owner);
/* No signal comes meanwhile.
 * On kernels before 5.11, whose BPF memory counts against RLIMIT_MEMLOCK, libbpf lifts the limit.
 */
int lbi_object_load(struct bpf_object *object);

/* btf_fd and its type ids: 0 where the map has no types. */
int lbi_map_create(int type, const char *name, uint32_t key_size, uint32_t value_size,
		   uint32_t max_entries, uint32_t flags, uint32_t btf_fd, uint32_t key_type_id,
		   uint32_t value_type_id);

/* The kernel's log goes into log[0..log_size) after a refusal, NUL-terminated; NULL: none kept. */
int lbi_btf_load(const void *bytes, uint32_t size, char *log, uint32_t log_size);

struct lbi_program {
	int type;
	int attach_type;
	const char *name;
	const char *license;
	const void *instructions;
	size_t instruction_count;
	uint32_t flags;
	/* The bpf_iter_X of the kernel's BTF (attach_btf_fd 0: vmlinux, otherwise a module's). */
	uint32_t attach_btf_id;
	uint32_t attach_btf_fd;
	/* The program's own BTF and its function table (struct bpf_func_info); 0 and NULL: none. */
	uint32_t btf_fd;
	const void *functions;
	uint32_t function_count;
	uint32_t function_size;
	/* With level 0 the log is written after a refusal only; otherwise it costs every load. */
	uint32_t log_level;
	char *log;
	uint32_t log_size;
};

/* No signal comes meanwhile. */
int lbi_program_load(const struct lbi_program *program);

/* Run a SEC("syscall") program once, with `context` as its argument, in and out. */
int lbi_program_run(int fd, void *context, uint32_t context_size, uint32_t *result);

/* ---- link.c -------------------------------------------------------------------------------------- */

/* `info` is a union bpf_iter_link_info as raw bytes (NULL, 0: no parameters): the running kernel's
 * may be newer than the header we were compiled with.
 */
int lbi_link_create(int program_fd, const void *info, uint32_t info_size);

/* In a network namespace; *entered: whether that could be entered, or is what failed. */
int lbi_iter_create_in(int netns, int link_fd, bool *entered);

/* An iterator's link, and of any other link its type, id and prog_id. */
struct lbi_link_info {
	uint32_t type;
	uint32_t id;
	uint32_t prog_id;
	char target[64];
	/* bpf_map_elem, bpf_sk_storage_map: which map. */
	uint32_t map_id;
	/* cgroup: u64 cgroup_id, u32 order; task, task_file, task_vma: u32 tid, u32 pid. */
	uint8_t argument[16];
};

int lbi_link_info(int fd, struct lbi_link_info *info);

/* ---- btf.c --------------------------------------------------------------------------------------- */

/* Of each type of a BTF type section: where it begins, its name's offset, its kind. The number of
 * types; -1 for a damaged section, or one of more types than there is room for.
 */
long lbi_btf_index(const void *types, size_t size, uint32_t *offsets, uint32_t *names,
		   uint8_t *kinds, size_t room);

/* Which types have one of the wanted names, in one pass: pairs of the name's place among the wanted and
 * the type's place in names[]. How many there are, be there room or not; -1 without memory. The wanted
 * are sorted by their bytes, and each ends in a NUL.
 */
long lbi_btf_named(const uint32_t *names, size_t count, const char *strings, size_t strings_size,
		   const char *wanted, size_t wanted_count, uint32_t *found, size_t room);

/*
 * Copies types, given by their ids, and those that values of them contain, out of an indexed type
 * section: the types to out, their names to out + half, as many bytes of each as sizes says. -1 where
 * there is no room.
 */
int lbi_btf_extract(const void *types, const uint32_t *offsets, uint32_t count,
		    const char *strings, size_t strings_size, const uint32_t *roots,
		    size_t root_count, void *out, size_t half, size_t sizes[2]);

/* ---- token.c ------------------------------------------------------------------------------------- */

/* Whether libbpf takes a token for an object that it loads. */
bool lbi_objects_take_tokens(void);
int lbi_token_create(int bpffs_fd);
/* As above, by a token. */
int lbi_token_map_create(int token, int type, const char *name, uint32_t key_size,
			 uint32_t value_size, uint32_t max_entries, uint32_t flags);
int lbi_token_btf_load(int token, const void *bytes, uint32_t size);
int lbi_token_program_load(int token, const struct lbi_program *program);
int lbi_token_btf_by_id(int token, uint32_t id);
