/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * This header, and RECORD(), which names the struct of a program's records, are all that libbpf_iter
 * needs to type them. That struct, as the program's BTF describes it, is the schema: member names become
 * attributes, C types become Python types, and the typedefs below say what a plain C type can't.
 *
 *	struct task_record {
 *		__s32 tid;                     int
 *		char comm[16];                 str: any char array is text up to its NUL
 *		rec_ns start_time_ns;          int, nanoseconds
 *		rec_text exe;                  str of any length, or None
 *	};
 *	RECORD(task_record);
 *
 * A record with members of variable length (rec_text, rec_bytes, rec_args, rec_kptrs) begins with a
 * member of type rec_size, which holds the length of the whole record: it says where the next one
 * starts. All other records have the size of their struct.
 *
 * A column that is expensive to compute is guarded by a setting named after it,
 *
 *	#define want_<column> SETTING(want_<column>, false)
 *
 * which the library sets for the columns that were asked for; the verifier drops the code of all others.
 */
#ifndef LIBBPF_ITER_RECORD_H
#define LIBBPF_ITER_RECORD_H

/* A struct that is only used on the stack wouldn't be in the BTF; this keeps it there. */
#define RECORD(name) \
	const struct name *const record_type __attribute__((section(".record"), used)) = 0

/* ---- meaning ------------------------------------------------------------ */

typedef __u64 rec_ns;          /* nanoseconds */
typedef __u64 rec_bytes_count; /* a size in bytes */
typedef __u32 rec_bytes_count32;
typedef __u64 rec_kptr;        /* a kernel address */
typedef __u64 rec_uptr;        /* an address in a task's own memory */
typedef __u32 rec_dev;         /* a device number as stat(2) has it: stat_dev() */
typedef __u32 rec_mode;        /* a file's type and permission bits */
typedef __u16 rec_port;        /* a port in host byte order */

/* An IP address; family is AF_INET (2), AF_INET6 (10), or 0 for none. */
typedef struct {
	__u32 family;
	__be32 addr[4];
} rec_ip;

/*
 * From the kernel's device number, major << 20 | minor, to that of user space: new_encode_dev() of
 * include/linux/kdev_t.h. So a column can be compared and joined with st_dev.
 */
static inline __attribute__((always_inline)) rec_dev stat_dev(__u32 dev)
{
	__u32 major = dev >> 20, minor = dev & 0xfffff;

	return (minor & 0xff) | major << 8 | (minor & ~0xff) << 12;
}

/* The same types for values that may be missing: all bits set means None. */
typedef __u32 rec_opt_u32;
typedef __u64 rec_opt_u64;
typedef rec_ns rec_opt_ns;
typedef rec_bytes_count rec_opt_bytes_count;
typedef rec_bytes_count32 rec_opt_bytes_count32;

/* An enum whose members are bits that can be combined: FLAGS(vm_flag) perms; */
#define FLAGS(name) rec_flags_##name
#define DECLARE_FLAGS(name) typedef enum name FLAGS(name)

/*
 * A column that some kernels can't provide, with a name that is in the BTF of those that can (a type, a
 * member or an enum's value), and with words for it. On all others the program has to leave the column
 * None, which its type has to allow, and the schema says why it is.
 *
 *	rec_opt_u32 read_bytes NEEDS("task_io_accounting.read_bytes", "I/O accounting");
 */
#define NEEDS(name, feature) __attribute__((btf_decl_tag("needs:" name " " feature)))

/* ---- variable length ---------------------------------------------------- */

typedef __u32 rec_size;

/*
 * Bytes behind the struct; the offset counts from the start of the record. Offset 0, where the struct
 * itself is, means None.
 */
struct rec_span {
	__u32 offset;
	__u32 length;
};

typedef struct rec_span rec_text;  /* str */
typedef struct rec_span rec_bytes; /* bytes */
typedef struct rec_span rec_args;  /* tuple of str: one NUL-terminated string after the other */
typedef struct rec_span rec_kptrs; /* tuple of kernel addresses */

/*
 * Read from the memory of the task that the record is about, which may have to be paged in: if such a
 * column is asked for, the library loads the program as a sleepable one.
 */
typedef rec_args rec_user_args;

/*
 * A map's key and value are put behind the struct, in the order of their members, with the sizes and
 * types that they have in the map; here they are arrays without length. If the value comes last, a
 * program that uses map_value_shown can leave it out when that column isn't asked for.
 */
typedef __u8 rec_map_key[0];
typedef __u8 rec_map_value[0];

/* ---- what the library sets before loading ------------------------------- */

/*
 * A number that the library sets. It isn't a variable: each use is the constant of an instruction, which the
 * library finds by its label, setting_<name>_<n>, and patches. A variable in .rodata would be loaded for each
 * object, and would take a map for each program. If the library doesn't set it, it has its default.
 */
#define SETTING(name, default_)                                       \
	({                                                            \
		__u64 number_;                                        \
		asm volatile("setting_" #name "_%=: %0 = %1 ll"       \
			     : "=r"(number_)                          \
			     : "i"((__s64)(default_)));               \
		number_;                                              \
	})

#define host_page_size SETTING(host_page_size, 4096)
#define host_tick_ns SETTING(host_tick_ns, 4000000)
#define host_cpus SETTING(host_cpus, 1)   /* possible CPUs */
#define host_nodes SETTING(host_nodes, 1) /* possible memory nodes */
#define map_key_size SETTING(map_key_size, 4)
#define map_value_size SETTING(map_value_size, 8)
#define map_value_shown SETTING(map_value_shown, true) /* false: records end before it */
#define map_per_cpu SETTING(map_per_cpu, false)        /* a value for each possible CPU */

#endif
