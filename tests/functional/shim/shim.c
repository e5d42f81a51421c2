/* What a disk and a clock can do to a process, done to it on demand: loaded before the C library (LD_PRELOAD).
 *
 * ONITU_SHIM_CONTROL names a file of the layout `struct control`, mapped by every process that loads this, so that a
 * test changes at any moment what is wrong. ONITU_SHIM_RECORD names a file to which is appended, in one order for all
 * processes, what is written to the store and when a file system is synced; see `record`. ONITU_SHIM_BOOT_ID names a
 * file that is read in place of the kernel's boot id.
 *
 * It knows nothing of Onitu but the name of the store's file, and calls the kernel itself, so that nothing here depends
 * on which function of the C library another one uses.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define STORE "/store/data.mdb"
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

/* Which calls fail. */
enum { READS = 1, WRITES = 2, SYNCS = 4 };

/* Written by `tests/functional/shim/__init__.py`. */
struct control {
    int64_t clock_offset_ns; /* Added to the wall clock. */
    int64_t largest_map;     /* Bytes that may be mapped of a file at once; 0: any number. */
    int32_t error;           /* What the calls below fail with. */
    int32_t calls;           /* Which calls fail: READS, WRITES, SYNCS. */
    char path[1008];         /* On files whose path contains this. */
};

static volatile struct control *control;
static int record_fd = -1;
static const char *boot_id;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("ONITU_SHIM_CONTROL");
    if (path != NULL) {
        int fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
            void *mapped = (void *)syscall(SYS_mmap, NULL, sizeof(struct control), PROT_READ, MAP_SHARED, fd, 0);
            if (mapped != MAP_FAILED)
                control = mapped;
            syscall(SYS_close, fd);
        }
    }
    path = getenv("ONITU_SHIM_RECORD");
    if (path != NULL)
        record_fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    boot_id = getenv("ONITU_SHIM_BOOT_ID");
}

/* The path of an open file; "" where it has none. */
static void path_of(int fd, char *path, size_t size)
{
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, size - 1);
    path[length > 0 ? length : 0] = '\0';
}

static int fails(int fd, int call)
{
    if (control == NULL || !(control->calls & call))
        return 0;
    int saved = errno;
    char path[PATH_MAX + 1];
    path_of(fd, path, sizeof path);
    errno = saved;
    if (strstr(path, (const char *)control->path) == NULL)
        return 0;
    errno = control->error;
    return 1;
}

static int is_store(int fd)
{
    if (record_fd < 0)
        return 0;
    int saved = errno;
    char path[PATH_MAX + 1];
    path_of(fd, path, sizeof path);
    errno = saved;
    size_t length = strlen(path);
    return length >= strlen(STORE) && strcmp(path + length - strlen(STORE), STORE) == 0;
}

/* Appends one entry in one call: a header of one kind byte and two numbers, then `size` bytes. */
static void record(char kind, uint64_t offset, const void *data, size_t size)
{
    struct __attribute__((packed)) { char kind; uint64_t offset, size; } header = {kind, offset, size};
    struct iovec parts[] = {{&header, sizeof header}, {(void *)data, size}};
    int saved = errno;
    if (syscall(SYS_writev, record_fd, parts, 2) < 0)
        abort();
    errno = saved;
}

static void record_path(char kind, int fd)
{
    char path[PATH_MAX + 1];
    int saved = errno;
    path_of(fd, path, sizeof path);
    errno = saved;
    record(kind, 0, path, strlen(path));
}

/* Time. */

static void shift(struct timespec *now)
{
    if (control == NULL || control->clock_offset_ns == 0)
        return;
    int64_t nanoseconds = now->tv_nsec + control->clock_offset_ns % 1000000000;
    now->tv_sec += control->clock_offset_ns / 1000000000;
    if (nanoseconds < 0) {
        nanoseconds += 1000000000;
        now->tv_sec -= 1;
    } else if (nanoseconds >= 1000000000) {
        nanoseconds -= 1000000000;
        now->tv_sec += 1;
    }
    now->tv_nsec = nanoseconds;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        shift(now);
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec precise;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &precise) != 0)
        return -1;
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *now)
{
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (now != NULL)
        *now = precise.tv_sec;
    return precise.tv_sec;
}

/* Reading. */

ssize_t read(int fd, void *data, size_t size)
{
    return fails(fd, READS) ? -1 : syscall(SYS_read, fd, data, size);
}

ssize_t pread64(int fd, void *data, size_t size, off64_t offset)
{
    return fails(fd, READS) ? -1 : syscall(SYS_pread64, fd, data, size, offset);
}

ssize_t pread(int fd, void *data, size_t size, off_t offset)
{
    return pread64(fd, data, size, offset);
}

ssize_t copy_file_range(int in, off64_t *in_offset, int out, off64_t *out_offset, size_t size, unsigned int flags)
{
    if (fails(in, READS) || fails(out, WRITES))
        return -1;
    return syscall(SYS_copy_file_range, in, in_offset, out, out_offset, size, flags);
}

ssize_t sendfile64(int out, int in, off64_t *offset, size_t size)
{
    return fails(in, READS) || fails(out, WRITES) ? -1 : syscall(SYS_sendfile, out, in, offset, size);
}

ssize_t sendfile(int out, int in, off_t *offset, size_t size)
{
    return sendfile64(out, in, offset, size);
}

/* Writing. */

ssize_t write(int fd, const void *data, size_t size)
{
    return fails(fd, WRITES) ? -1 : syscall(SYS_write, fd, data, size);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
    if (fails(fd, WRITES))
        return -1;
    ssize_t written = syscall(SYS_pwrite64, fd, data, size, offset);
    if (written > 0 && is_store(fd))
        record('w', offset, data, written);
    return written;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    return pwrite64(fd, data, size, offset);
}

static void record_vector(const struct iovec *parts, int count, off64_t offset, ssize_t written)
{
    for (int part = 0; part < count && written > 0; part++) {
        size_t size = parts[part].iov_len < (size_t)written ? parts[part].iov_len : (size_t)written;
        record('w', offset, parts[part].iov_base, size);
        offset += size;
        written -= size;
    }
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset)
{
    if (fails(fd, WRITES))
        return -1;
    ssize_t written = syscall(SYS_pwritev, fd, parts, count, (long)offset, 0L);
    if (is_store(fd))
        record_vector(parts, count, offset, written);
    return written;
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    return pwritev64(fd, parts, count, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    if (fails(fd, WRITES))
        return -1;
    if (!is_store(fd))
        return syscall(SYS_writev, fd, parts, count);
    off64_t offset = syscall(SYS_lseek, fd, 0L, SEEK_CUR);
    ssize_t written = syscall(SYS_writev, fd, parts, count);
    record_vector(parts, count, offset, written);
    return written;
}

/* Making durable. */

static int synced(int fd, long call)
{
    if (fails(fd, SYNCS))
        return -1;
    int recorded = record_fd >= 0;
    if (recorded)
        record_path('b', fd);
    int result = syscall(call, fd);
    if (recorded && result == 0)
        record_path('e', fd);
    return result;
}

int fsync(int fd)
{
    return synced(fd, SYS_fsync);
}

int fdatasync(int fd)
{
    return synced(fd, SYS_fdatasync);
}

int syncfs(int fd)
{
    return synced(fd, SYS_syncfs);
}

/* Naming. A name is recorded once it is there: what it names was written before. */

static int named(int result, int directory, const char *name)
{
    if (result != 0 || record_fd < 0)
        return result;
    char path[2 * PATH_MAX + 2] = "";
    int saved = errno;
    if (name[0] != '/') {
        path_of(directory, path, PATH_MAX);
        strcat(path, "/");
    }
    strncat(path, name, PATH_MAX);
    struct stat status = {0};
    syscall(SYS_newfstatat, directory, name, &status, AT_SYMLINK_NOFOLLOW);
    record('n', status.st_ino, path, strlen(path));
    errno = saved;
    return result;
}

int linkat(int directory, const char *name, int new_directory, const char *new_name, int flags)
{
    return named(syscall(SYS_linkat, directory, name, new_directory, new_name, flags), new_directory, new_name);
}

int renameat2(int directory, const char *name, int new_directory, const char *new_name, unsigned int flags)
{
    return named(syscall(SYS_renameat2, directory, name, new_directory, new_name, flags), new_directory, new_name);
}

int renameat(int directory, const char *name, int new_directory, const char *new_name)
{
    return renameat2(directory, name, new_directory, new_name, 0);
}

/* Room for a map, and which host this is. */

void *mmap64(void *address, size_t size, int protection, int flags, int fd, off64_t offset)
{
    if (control != NULL && control->largest_map > 0 && fd >= 0 && size > (size_t)control->largest_map) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return (void *)syscall(SYS_mmap, address, size, protection, flags, fd, offset);
}

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    return mmap64(address, size, protection, flags, fd, offset);
}

int open64(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    if (boot_id != NULL && strcmp(path, BOOT_ID) == 0)
        path = boot_id;
    return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return open64(path, flags, mode);
}
