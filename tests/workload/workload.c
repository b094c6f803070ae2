/* A program whose every probe hit is known: how many, with which arguments, in which order.
 *
 *   workload [--now] STEP ...
 *
 * Without --now it prints its process id and waits for a line on its standard input, so that
 * probes can be attached first. Then it takes the steps in order:
 *
 *   call:N                   workload_hit(i, 10 * i, i is even ? "even" : "odd") for i from 0 to
 * N-1 open:PATH[:N]            openat(AT_FDCWD, PATH, O_RDONLY | O_CLOEXEC), N times (1)
 *   unread:PATH[:N]          the same, with a text that this process has never looked at (2)
 *   lseek:FD:OFFSET[:N]      lseek(FD, OFFSET, SEEK_SET)
 *   write:FD:BYTES[:N]       write(FD, that many letters, BYTES)
 *   getppid:N                getppid()
 *   rename:NAME              this thread's name
 *   pairs:MILLISECONDS       workload_hit and getppid in turn for that long; prints how often
 *   threads:T:STEP           that step on T threads at once
 *   sides:N                  workload_left(i) N times, then workload_right(i, -i) N times
 *   mark:N                   the marker workload:mark(i, i is even ? "even" : "odd") for i from 0
 *   touch:N                  the first byte of N fresh pages
 *   fork:STEP                that step in a child process, until it has ended
 *
 * (2) It lies in a fresh mapping of a file, so that nobody but the kernel brings its page in.
 *
 * Linked statically: the same file runs in a guest that has no libc.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sdt.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS_MAX = 64, WRITE_MAX = 65536 };

/* The compiler may neither inline this nor look inside to drop arguments. */
__attribute__((noipa)) long workload_hit(long index, long ten, const char* word);
long workload_hit(long index, long ten, const char* word) {
  __asm__ volatile("" : : "r"(index), "r"(ten), "r"(word) : "memory");
  return index + ten;
}

__attribute__((noipa)) long workload_left(long index);
long workload_left(long index) {
  __asm__ volatile("" : : "r"(index) : "memory");
  return index;
}

__attribute__((noipa)) long workload_right(long index, long minus);
long workload_right(long index, long minus) {
  __asm__ volatile("" : : "r"(index), "r"(minus) : "memory");
  return minus;
}

static void fail(const char* step) {
  fprintf(stderr, "workload: cannot take the step '%s'\n", step);
  exit(2);
}

static void hit(long count) {
  for (long i = 0; i < count; i++) workload_hit(i, 10 * i, i % 2 == 0 ? "even" : "odd");
}

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void pairs(long milliseconds) {
  long count = 0;
  for (int64_t end = now_ms() + milliseconds; now_ms() < end;) {
    for (int i = 0; i < 16; i++, count++) {
      workload_hit(count, 10 * count, "pair");
      syscall(SYS_getppid);
    }
  }
  printf("%ld\n", count);
  fflush(stdout);
}

static void take(const char* step);

static void* take_on_thread(void* step) {
  take(step);
  return NULL;
}

static void take_on_threads(long count, const char* step) {
  pthread_t threads[THREADS_MAX];
  if (count < 1 || count > THREADS_MAX) fail(step);
  for (long i = 0; i < count; i++)
    if (pthread_create(&threads[i], NULL, take_on_thread, (void*)step) != 0) fail(step);
  for (long i = 0; i < count; i++) pthread_join(threads[i], NULL);
}

static void sides(long count) {
  for (long i = 0; i < count; i++) workload_left(i);
  for (long i = 0; i < count; i++) workload_right(i, -i);
}

static void mark(long count) {
  for (long i = 0; i < count; i++) {
    const int index = (int)i;
    const char* word = i % 2 == 0 ? "even" : "odd";
    STAP_PROBE2(workload, mark, index, word);
  }
}

static void touch(long pages) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = (size_t)pages * page;
  char* memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) fail("touch");
  /* A huge page would be one fault for 512 of these. */
  madvise(memory, bytes, MADV_NOHUGEPAGE);
  for (size_t at = 0; at < bytes; at += page) ((volatile char*)memory)[at] = 1;
  munmap(memory, bytes);
}

static void take_in_child(const char* step) {
  pid_t child = fork();
  if (child < 0) fail(step);
  if (child == 0) {
    take(step);
    _exit(0);
  }
  waitpid(child, NULL, 0);
}

/* The N-th field of "name:field:field", as a number; `otherwise` where there is none. */
static long number(const char* step, int field, long otherwise) {
  while (field-- > 0) {
    step = strchr(step, ':');
    if (step == NULL) return otherwise;
    step++;
  }
  char* end;
  long value = strtol(step, &end, 10);
  if (end == step || (*end != '\0' && *end != ':')) fail(step);
  return value;
}

static int is(const char* step, const char* name) {
  size_t length = strlen(name);
  return strncmp(step, name, length) == 0 && step[length] == ':';
}

static void open_and_close(const char* path) {
  long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
  if (fd >= 0) syscall(SYS_close, fd);
}

static void open_unread(const char* path) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = strlen(path) + 1;
  int file = memfd_create("path", MFD_CLOEXEC);
  if (file < 0 || write(file, path, bytes) != (ssize_t)bytes || ftruncate(file, (off_t)page) != 0)
    fail("unread");
  char* text = mmap(NULL, page, PROT_READ, MAP_PRIVATE, file, 0);
  if (text == MAP_FAILED) fail("unread");
  open_and_close(text);
  munmap(text, page);
  close(file);
}

/* PATH[:N] */
static void open_often(const char* what, void (*open_one)(const char*)) {
  char path[4096];
  snprintf(path, sizeof path, "%s", what);
  long count = 1;
  char* colon = strrchr(path, ':');
  if (colon != NULL) {
    count = number(colon, 1, 1);
    *colon = '\0';
  }
  for (long i = 0; i < count; i++) open_one(path);
}

static void take(const char* step) {
  if (is(step, "call")) {
    hit(number(step, 1, 1));
  } else if (is(step, "open")) {
    open_often(step + strlen("open:"), open_and_close);
  } else if (is(step, "unread")) {
    open_often(step + strlen("unread:"), open_unread);
  } else if (is(step, "lseek")) {
    long count = number(step, 3, 1);
    for (long i = 0; i < count; i++)
      syscall(SYS_lseek, number(step, 1, 0), number(step, 2, 0), SEEK_SET);
  } else if (is(step, "write")) {
    static char letters[WRITE_MAX];
    long bytes = number(step, 2, 0), count = number(step, 3, 1);
    if (bytes < 0 || bytes > WRITE_MAX) fail(step);
    memset(letters, 'w', (size_t)bytes);
    for (long i = 0; i < count; i++)
      if (write((int)number(step, 1, 1), letters, (size_t)bytes) < 0) break;
  } else if (is(step, "getppid")) {
    for (long i = number(step, 1, 1); i > 0; i--) syscall(SYS_getppid);
  } else if (is(step, "rename")) {
    prctl(PR_SET_NAME, step + strlen("rename:"));
  } else if (is(step, "pairs")) {
    pairs(number(step, 1, 1000));
  } else if (is(step, "sides")) {
    sides(number(step, 1, 1));
  } else if (is(step, "mark")) {
    mark(number(step, 1, 1));
  } else if (is(step, "touch")) {
    touch(number(step, 1, 1));
  } else if (is(step, "fork")) {
    take_in_child(step + strlen("fork:"));
  } else if (is(step, "threads")) {
    const char* rest = strchr(step + strlen("threads:"), ':');
    if (rest == NULL) fail(step);
    take_on_threads(number(step, 1, 1), rest + 1);
  } else {
    fail(step);
  }
}

int main(int argc, char** argv) {
  int first = 1;
  if (argc > 1 && strcmp(argv[1], "--now") == 0) {
    first = 2;
  } else {
    printf("%d\n", getpid());
    fflush(stdout);
    char byte;
    while (read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n') {
    }
  }
  for (int i = first; i < argc; i++) take(argv[i]);
  return 0;
}
