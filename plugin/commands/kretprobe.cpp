#include "plugin/commands/attach.hpp"

namespace plugin {

namespace {
Task<Answer> run(CallPtr call, Tracing& tracing) {
  co_return co_await attach(call, tracing, host::Kind::kretprobe);
}
}  // namespace

Command commands_table::kretprobe() {
  return {attach_signature({
              .name = "bpf-kretprobe",
              .description = "Run a closure in the kernel each time a kernel function returns.",
              .more = "What it returns is $ctx.retval; the arguments are gone by then (bpf-fexit "
                      "has both). Of a syscall a\nnegative retval is an error number.",
              .search_terms = {"trace", "ebpf", "kernel", "function", "return"},
              .required = {{"function", "kernel function or syscall, a glob (vfs_*), or a list",
                            shape::string_or_list(), Completes::targets}},
              .examples =
                  {
                      {"bpf-kretprobe openat {|ctx| if $ctx.retval < 0 { $ctx.comm | count } } "
                       "--for 5sec",
                       "Whose opens fail?"},
                      {"bpf-kretprobe vfs_read {|ctx| $ctx.retval} --stream | first 10",
                       "What the next ten reads returned"},
                  },
          }),
          run, host::Kind::kretprobe};
}

}  // namespace plugin
