/* What libbpf_iter/_libbpf may call, for cffi: the C compiler checks each line against the real
 * headers. "..." lets the compiler fill in what we don't name.
 *
 * Conventions (libbpf 1.x, and the same for lbi_*): an int is >= 0 or a negative errno; a pointer
 * is NULL on failure; both set errno, which is ffi.errno. lbi_* are in glue.c.
 * The GIL is released around every call.
 */

/* ---- constants ------------------------------------------------------------------------------ */

#define BPF_PROG_TYPE_TRACING ...
#define BPF_TRACE_ITER ...
#define BPF_LINK_TYPE_ITER ...
#define BPF_F_SLEEPABLE ...
#define BPF_F_MMAPABLE ...

/* ---- descriptors ---------------------------------------------------------------------------- */

/* The descriptor in a cell, which is empty (-1) then: it is closed once, whoever calls. */
void lbi_close(int *cell);

/* ---- libbpf itself -------------------------------------------------------------------------- */

uint32_t libbpf_major_version(void);
uint32_t libbpf_minor_version(void);
int libbpf_num_possible_cpus(void);

/* Its log, per thread and never printed. begin() forgets what this thread held and records messages
 * up to a level (0 warnings, 1 information, 2 debugging); end() says how many bytes there are, and
 * take() moves them: of each record a byte '0' + level, its text and a NUL.
 */
void lbi_log_begin(int level);
size_t lbi_log_end(void);
void lbi_log_take(char *to);

/* ---- an object file ------------------------------------------------------------------------- */

struct bpf_object;
struct bpf_program;
struct bpf_map;
struct btf;

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
struct btf *bpf_object__btf(const struct bpf_object *object);
const void *btf__raw_data(const struct btf *btf, uint32_t *size);

struct bpf_program *bpf_object__next_program(const struct bpf_object *object,
					     struct bpf_program *previous);
const char *bpf_program__name(const struct bpf_program *program);
const char *bpf_program__section_name(const struct bpf_program *program);
int bpf_program__set_autoload(struct bpf_program *program, bool autoload);
int bpf_program__fd(const struct bpf_program *program);
uint32_t bpf_program__flags(const struct bpf_program *program);
int bpf_program__set_flags(struct bpf_program *program, uint32_t flags);
/* Once loading was tried: as the kernel was given them, with the functions that are called. */
struct bpf_insn {
	...;
};
const struct bpf_insn *bpf_program__insns(const struct bpf_program *program);
size_t bpf_program__insn_cnt(const struct bpf_program *program);

struct bpf_map *bpf_object__next_map(const struct bpf_object *object,
				     const struct bpf_map *previous);
const char *bpf_map__name(const struct bpf_map *map);
int bpf_map__fd(const struct bpf_map *map);
int bpf_map__type(const struct bpf_map *map);
int bpf_map__set_type(struct bpf_map *map, uint32_t type);
int bpf_map__set_map_flags(struct bpf_map *map, uint32_t flags);
int bpf_map__set_value_size(struct bpf_map *map, uint32_t size);
int bpf_map__set_max_entries(struct bpf_map *map, uint32_t max_entries);
int bpf_map__reuse_fd(struct bpf_map *map, int fd);
int bpf_map__set_autocreate(struct bpf_map *map, bool autocreate);
bool bpf_map__autocreate(const struct bpf_map *map);
/* .rodata and its like: the bytes may be changed until bpf_object__load(), whatever "const" says
 * (it is gone in later libbpf; skeletons cast it away).
 */
const void *bpf_map__initial_value(struct bpf_map *map, size_t *size);

/* ---- links ---------------------------------------------------------------------------------- */

/* `info` is a union bpf_iter_link_info as raw bytes (NULL, 0: no parameters): the running kernel's
 * may be newer than the header we were compiled with.
 */
int lbi_link_create(int program_fd, const void *info, uint32_t info_size);
struct bpf_link_update_opts;
/* NULL: whatever program the link has now. */
int bpf_link_update(int link_fd, int program_fd, const struct bpf_link_update_opts *options);

int bpf_iter_create(int link_fd);
/* In a network namespace; *entered: whether that could be entered, or is what failed. */
int lbi_iter_create_in(int netns, int link_fd, bool *entered);

/* ---- pins ----------------------------------------------------------------------------------- */

int bpf_obj_pin(int fd, const char *path);
int bpf_obj_get(const char *path);

/* ---- what the kernel holds ------------------------------------------------------------------ */

int bpf_prog_get_fd_by_id(uint32_t id);
int bpf_map_get_fd_by_id(uint32_t id);
int bpf_btf_get_fd_by_id(uint32_t id);
int bpf_prog_get_next_id(uint32_t start, uint32_t *next);
int bpf_map_get_next_id(uint32_t start, uint32_t *next);

struct bpf_prog_info {
	uint32_t type;
	uint32_t id;
	uint8_t tag[...];
	/* in: where the maps' ids are to go, and how many have room; out: how many there are. */
	uint32_t nr_map_ids;
	uint64_t map_ids;
	uint32_t btf_id;
	char name[...];
	...;
};

struct bpf_map_info {
	uint32_t type;
	uint32_t id;
	uint32_t key_size;
	uint32_t value_size;
	uint32_t max_entries;
	uint32_t map_flags;
	char name[...];
	uint32_t btf_vmlinux_value_type_id;
	uint32_t btf_id;
	uint32_t btf_key_type_id;
	uint32_t btf_value_type_id;
	...;
};

struct bpf_btf_info {
	/* in: where the BTF is to go, and how much room there is; out: its size. */
	uint64_t btf;
	uint32_t btf_size;
	uint32_t id;
	uint64_t name;
	uint32_t name_len;
	uint32_t kernel_btf;
	...;
};

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

int bpf_obj_get_info_by_fd(int fd, void *info, uint32_t *size);
int lbi_link_info(int fd, struct lbi_link_info *info);

/* ---- maps ----------------------------------------------------------------------------------- */

/* btf_fd and its type ids: 0 where the map has no types. */
int lbi_map_create(int type, const char *name, uint32_t key_size, uint32_t value_size,
		   uint32_t max_entries, uint32_t flags, uint32_t btf_fd, uint32_t key_type_id,
		   uint32_t value_type_id);
int bpf_map_update_elem(int fd, const void *key, const void *value, uint64_t flags);
int bpf_map_delete_elem(int fd, const void *key);

/* ---- programs that no object file holds ----------------------------------------------------- */

/* To be read; NULL where it can't be. */
void *lbi_file_map(int fd, size_t size);
int munmap(void *memory, size_t size);

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

/* ---- tokens ---------------------------------------------------------------------------------- */

/* Whether libbpf takes a token for an object that it loads. */
bool lbi_objects_take_tokens(void);
int lbi_token_create(int bpffs_fd);
/* As above, by a token. */
int lbi_token_map_create(int token, int type, const char *name, uint32_t key_size,
			 uint32_t value_size, uint32_t max_entries, uint32_t flags);
int lbi_token_btf_load(int token, const void *bytes, uint32_t size);
int lbi_token_program_load(int token, const struct lbi_program *program);
int lbi_token_btf_by_id(int token, uint32_t id);
