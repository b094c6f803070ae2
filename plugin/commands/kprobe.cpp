#include "plugin/commands/attach.hpp"

namespace plugin {

namespace {
Task<Answer> run(CallPtr call, Tracing& tracing) {
  co_return co_await attach(call, tracing, host::Kind::kprobe);
}
}  // namespace

Command commands_table::kprobe() {
  return {attach_signature({
              .name = "bpf-kprobe",
              .description = "Run a closure in the kernel each time a kernel function is entered.",
              .more = "A syscall may be given by its own name: openat, sys_openat. A function of a "
                      "module is module:function,\na place inside one function+0x10. Where the "
                      "kernel has no kprobes, a syscall's tracepoint takes\ntheir place, and the "
                      "probe's note says so.",
              .search_terms = {"trace", "ebpf", "kernel", "function"},
              .required = {{"function", "kernel function or syscall, a glob (vfs_*), or a list",
                            shape::string_or_list(), Completes::targets}},
              .examples =
                  {
                      {"bpf-kprobe openat {|ctx| $ctx.comm | count} --for 5sec | sort-by value -r",
                       "Who opens the most files in five seconds?"},
                      {"bpf-kprobe do_sys_openat2 {|ctx| {pid: $ctx.pid, comm: $ctx.comm}} "
                       "--stream",
                       "A row for each call, as it happens"},
                      {"bpf-kprobe [vfs_* tcp_sendmsg] {|ctx| $ctx.func | count} --for 5sec",
                       "How often is each of these called?"},
                      {"bpf-kprobe openat {|ctx| $ctx.filename | count} --run {^make -j2}",
                       "What does a build open, and how often?"},
                      {"bpf-kprobe sys_write { || if $pid > 1000 { count() } }",
                       "With `use bpf.nu *` the builtins have bare names"},
                  },
          }),
          run, host::Kind::kprobe};
}

}  // namespace plugin
