// A program that knows its own stacks: it prints places in its code with the names and lines that
// they should be found under, then waits until its input ends.
//
//   entry ADDRESS NAME                  a function's first instruction
//   call ADDRESS NAME LINE              a return address in a function, and the line of the call
//   inlined ADDRESS NAME LINE BY LINE   one in a function that was inlined in another
//   ready
//
// Once a line comes in, `frames exec PATH` becomes that program, `frames fork` has a child that
// ends at once ("child NUMBER"), and `frames end` prints one more call.
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NEVER_INLINED __attribute__((noinline, noclone, noipa))

static int mark_line(void* address, const char* name, int line) {
  return printf("call %p %s %d\n", address, name, line);
}

NEVER_INLINED int mark(const char* name, int line) {
  return mark_line(__builtin_return_address(0), name, line);
}

NEVER_INLINED int mark_inlined(const char* name, int line, const char* by, int by_line) {
  return printf("inlined %p %s %d %s %d\n", __builtin_return_address(0), name, line, by, by_line);
}

static inline __attribute__((always_inline)) int frames_helper(const char* by, int by_line) {
  int written = mark_inlined("frames_helper", __LINE__, by, by_line);
  return written * 3;
}

NEVER_INLINED int frames_outer(int number) {
  int sum = frames_helper("frames_outer", __LINE__);
  sum += number;
  sum += mark("frames_outer", __LINE__);
  return sum + 1;
}

NEVER_INLINED __attribute__((noreturn)) void mark_and_end(const char* name, int line) {
  mark_line(__builtin_return_address(0), name, line);
  printf("ready\n");
  fflush(stdout);
  while (getchar() != EOF)
    ;
  _exit(0);
}

// What is called never returns, so the return address is the next function's.
NEVER_INLINED __attribute__((noreturn)) void frames_end(void) {
  mark_and_end("frames_end", __LINE__);
}

int main(int argc, char** argv) {
  char line[64];
  printf("entry %p %s\n", (void*)frames_outer, "frames_outer");
  frames_outer(argc);
  printf("ready\n");
  fflush(stdout);
  if (fgets(line, sizeof line, stdin) != NULL && argc > 2 && strcmp(argv[1], "exec") == 0)
    execl(argv[2], argv[2], (char*)NULL);
  if (argc > 1 && strcmp(argv[1], "end") == 0) frames_end();
  if (argc > 1 && strcmp(argv[1], "fork") == 0) {
    const pid_t child = fork();
    if (child == 0) _exit(0);
    waitpid(child, NULL, 0);
    printf("child %x\nready\n", (unsigned)child);
    fflush(stdout);
    while (getchar() != EOF)
      ;
  }
  return 0;
}
