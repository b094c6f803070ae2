#include "plugin/commands/attach.hpp"

namespace plugin {

namespace {
Task<Answer> run(CallPtr call, Tracing& tracing) {
  co_return co_await attach(call, tracing, host::Kind::fexit);
}
}  // namespace

Command commands_table::fexit() {
  return {
      attach_signature({
          .name = "bpf-fexit",
          .description = "Run a closure each time a kernel function returns, its arguments by "
                         "name.",
          .more = "$ctx.retval is what it returns, typed by the kernel's BTF, and the arguments "
                  "are there too. It needs a\nkernel built with BPF trampolines.",
          .search_terms = {"trace", "ebpf", "kernel", "function", "return"},
          .required = {{"function", "kernel function, a glob (tcp_*), or a list",
                        shape::string_or_list(), Completes::targets}},
          .examples =
              {
                  {"bpf-fexit vfs_read {|ctx| if $ctx.retval < $ctx.args.count { $ctx.comm | "
                   "count } } --for 5sec",
                   "Who gets less than was asked for?"},
                  {"bpf-fexit tcp_connect {|ctx| {comm: $ctx.comm, result: $ctx.retval}} "
                   "--stream",
                   "Connections as they are begun"},
              },
      }),
      run, host::Kind::fexit};
}

}  // namespace plugin
