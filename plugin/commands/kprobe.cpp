#include "plugin/commands/attach.hpp"

namespace plugin {

namespace {
Task<Answer> run(CallPtr call, Tracing& tracing) {
  co_return co_await attach(call, tracing, {host::Kind::kprobe});
}
}  // namespace

Command commands_table::kprobe() {
  return {
      attach_signature({
          .name = "bpf-kprobe",
          .description = "Run a closure in the kernel each time a kernel function is entered.",
          .more = "A syscall may be given by its own name: openat, sys_openat. Where the kernel "
                  "has no kprobes, a\nsyscall's tracepoint takes their place, and the probe's "
                  "note says so.",
          .search_terms = {"trace", "ebpf", "kernel", "function"},
          .required = {{"function", "kernel function or syscall", shape::string()}},
          .examples =
              {
                  {"bpf-kprobe openat {|ctx| $ctx.comm | count} --for 5sec | sort-by value -r",
                   "Who opens the most files in five seconds?"},
                  {"bpf-kprobe do_sys_openat2 {|ctx| {pid: $ctx.pid, comm: $ctx.comm}} --stream",
                   "A row for each call, as it happens"},
                  {"bpf-kprobe sys_write { || if $pid > 1000 { count() } }",
                   "With `use bpf.nu *` the builtins have bare names"},
              },
      }),
      run};
}

}  // namespace plugin
