/* The functions that this directory provides to libbpf_iter/_libbpf. cffi parses this file too, so it has no
 * preprocessor directives. For the conventions, see libbpf.cdef.h.
 */

/* ---- fd.c ---------------------------------------------------------------------------------------- */

/* Close the descriptor in a cell and leave -1 there. Concurrent calls close it once. */
void lbi_close(int *cell);

/* Map a file for reading; NULL on failure. */
void *lbi_file_map(int fd, size_t size);
void lbi_file_unmap(void *memory, size_t size);

/* Whether two tasks have the same table of descriptors; a negative errno if that can't be told. */
int lbi_shares_files(int pid, int tid);

/* ---- log.c --------------------------------------------------------------------------------------- */

/* libbpf's log, per thread and never printed. begin() discards this thread's log and starts to record messages
 * up to a level (0 warnings, 1 information, 2 debugging); end() stops, and returns the size of the log; take()
 * copies it and frees it. A record is a byte '0' + level, the text, and a NUL.
 */
void lbi_log_begin(int level);
size_t lbi_log_end(void);
void lbi_log_take(char *to);

/* ---- load.c -------------------------------------------------------------------------------------- */

/*
 * The bytes may be freed when this returns. kernel_types: the path of a file to read when the object is loaded
 * instead of the kernel's BTF, or NULL. close() leaves NULL in owner.
 */
int lbi_object_open(struct bpf_object **owner, const void *bytes, size_t size, const char *name,
		    const char *kernel_types);
void lbi_object_close(struct bpf_object **owner);
/* Signals are blocked meanwhile.
 * On kernels before 5.11, which charge BPF memory to RLIMIT_MEMLOCK, libbpf raises that limit.
 */
int lbi_object_load(struct bpf_object *object);

/* btf_fd and the type ids: 0 for a map without BTF. */
int lbi_map_create(int type, const char *name, uint32_t key_size, uint32_t value_size,
		   uint32_t max_entries, uint32_t flags, uint32_t btf_fd, uint32_t key_type_id,
		   uint32_t value_type_id);

/* On failure, the kernel's log is in log[0..log_size), NUL-terminated; NULL for no log. */
int lbi_btf_load(const void *bytes, uint32_t size, char *log, uint32_t log_size);

struct lbi_program {
	int type;
	int attach_type;
	const char *name;
	const char *license;
	const void *instructions;
	size_t instruction_count;
	uint32_t flags;
	/* bpf_iter_X in the BTF of attach_btf_fd, a module's; 0 for that of vmlinux. */
	uint32_t attach_btf_id;
	uint32_t attach_btf_fd;
	/* The program's own BTF, and its functions (struct bpf_func_info); 0 and NULL for none. */
	uint32_t btf_fd;
	const void *functions;
	uint32_t function_count;
	uint32_t function_size;
	/* Level 0 writes a log only on failure, without slowing down a load that succeeds. */
	uint32_t log_level;
	char *log;
	uint32_t log_size;
};

/* Signals are blocked meanwhile. */
int lbi_program_load(const struct lbi_program *program);

/* Run a SEC("syscall") program once. `context` is its argument, which it may change. */
int lbi_program_run(int fd, void *context, uint32_t context_size, uint32_t *result);

/* ---- link.c -------------------------------------------------------------------------------------- */

/* `info` is a union bpf_iter_link_info as raw bytes, since the running kernel's may be newer than that of our
 * header; NULL and 0 for no parameters.
 */
int lbi_link_create(int program_fd, const void *info, uint32_t info_size);

/* Open a session in a network namespace. If it fails, *entered says whether setns() had succeeded. */
int lbi_iter_create_in(int netns, int link_fd, bool *entered);

/* An iterator's link; of another link, only type, id and prog_id. */
struct lbi_link_info {
	uint32_t type;
	uint32_t id;
	uint32_t prog_id;
	char target[64];
	/* bpf_map_elem, bpf_sk_storage_map, sockmap: the map. */
	uint32_t map_id;
	/* cgroup: u64 cgroup_id, u32 order; task, task_file, task_vma: u32 tid, u32 pid. */
	uint8_t argument[16];
};

int lbi_link_info(int fd, struct lbi_link_info *info);

/* ---- btf.c --------------------------------------------------------------------------------------- */

/* For each type of a BTF type section: its offset, the offset of its name, and its kind. Returns the number of
 * types; -1 if the section is damaged or has more types than there is room for.
 */
long lbi_btf_index(const void *types, size_t size, uint32_t *offsets, uint32_t *names,
		   uint8_t *kinds, size_t room);

/* Find all types that have one of the wanted names, in one pass: pairs of the index of the name among the
 * wanted, and of the type in names[]. Returns how many there are, even if there is no room for all; -1 without
 * memory. The wanted names are sorted bytewise, and each ends in a NUL.
 */
long lbi_btf_named(const uint32_t *names, size_t count, const char *strings, size_t strings_size,
		   const char *wanted, size_t wanted_count, uint32_t *found, size_t room);

/*
 * Copy types, given by their ids, and all types that they contain (but not what pointers point to) out of an
 * indexed type section: types to out, and their names to out + half. sizes receives the size of each. Returns
 * -1 if there is no room.
 */
int lbi_btf_extract(const void *types, const uint32_t *offsets, uint32_t count,
		    const char *strings, size_t strings_size, const uint32_t *roots,
		    size_t root_count, void *out, size_t half, size_t sizes[2]);

/* ---- token.c ------------------------------------------------------------------------------------- */

/* Whether libbpf uses a token when it loads an object. */
bool lbi_objects_take_tokens(void);
int lbi_token_create(int bpffs_fd);
/* Like those above, with a token. */
int lbi_token_map_create(int token, int type, const char *name, uint32_t key_size,
			 uint32_t value_size, uint32_t max_entries, uint32_t flags);
int lbi_token_btf_load(int token, const void *bytes, uint32_t size);
int lbi_token_program_load(int token, const struct lbi_program *program);
int lbi_token_btf_by_id(int token, uint32_t id);
