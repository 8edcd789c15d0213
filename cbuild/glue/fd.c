/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Closing a descriptor exactly once, mapping a file without keeping its descriptor, and who shares a table
 * of descriptors.
 */
#include <errno.h>
#include <linux/kcmp.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "glue.h"

void lbi_close(int *cell)
{
	int fd = __atomic_exchange_n(cell, -1, __ATOMIC_ACQ_REL);

	if (fd >= 0)
		close(fd);
}

void *lbi_file_map(int fd, size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

void lbi_file_unmap(void *memory, size_t size)
{
	munmap(memory, size);
}

int lbi_shares_files(int pid, int tid)
{
	long order = syscall(SYS_kcmp, pid, tid, KCMP_FILES, 0, 0);

	return order < 0 ? -errno : !order;
}
