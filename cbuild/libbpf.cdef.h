/* The part of libbpf that libbpf_iter/_libbpf may call, for cffi: the C compiler checks each line against the
 * real headers. "..." lets the compiler fill in values and members that aren't named here.
 *
 * Conventions (libbpf 1.x, and the same for lbi_*): an int is >= 0 or a negative errno; a pointer
 * is NULL on failure; both set errno, which is ffi.errno. lbi_* are in glue/.
 * The GIL is released around every call.
 */

/* ---- constants ------------------------------------------------------------------------------ */

#define BPF_PROG_TYPE_TRACING ...
#define BPF_TRACE_ITER ...
#define BPF_LINK_TYPE_ITER ...
#define BPF_F_SLEEPABLE ...
#define BPF_F_MMAPABLE ...

/* ---- libbpf itself -------------------------------------------------------------------------- */

uint32_t libbpf_major_version(void);
uint32_t libbpf_minor_version(void);
int libbpf_num_possible_cpus(void);

/* ---- an object file ------------------------------------------------------------------------- */

struct bpf_object;
struct bpf_program;
struct bpf_map;

struct bpf_program *bpf_object__next_program(const struct bpf_object *object,
					     struct bpf_program *previous);
const char *bpf_program__name(const struct bpf_program *program);
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

/* ---- links ---------------------------------------------------------------------------------- */

struct bpf_link_update_opts;
/* NULL: whatever program the link has now. */
int bpf_link_update(int link_fd, int program_fd, const struct bpf_link_update_opts *options);

int bpf_iter_create(int link_fd);

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

int bpf_obj_get_info_by_fd(int fd, void *info, uint32_t *size);

/* ---- maps ----------------------------------------------------------------------------------- */

int bpf_map_update_elem(int fd, const void *key, const void *value, uint64_t flags);
int bpf_map_delete_elem(int fd, const void *key);
