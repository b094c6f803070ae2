#include "plugin/commands/attach.hpp"

namespace plugin {

namespace {
Task<Answer> run(CallPtr call, Tracing& tracing) {
  co_return co_await attach(call, tracing, host::Kind::fentry);
}
}  // namespace

Command commands_table::fentry() {
  return {
      attach_signature({
          .name = "bpf-fentry",
          .description = "Run a closure each time a kernel function is entered, its arguments "
                         "by name.",
          .more = "Cheaper than a kprobe, and typed by the kernel's BTF: "
                  "$ctx.args.sk.sk_family. It needs a kernel built\nwith BPF trampolines.",
          .search_terms = {"trace", "ebpf", "kernel", "function"},
          .required = {{"function", "kernel function, a glob (tcp_*), or a list",
                        shape::string_or_list(), Completes::targets}},
          .examples =
              {
                  {"bpf-fentry tcp_sendmsg {|ctx| $ctx.comm | count} --for 5sec",
                   "Who sends over TCP?"},
                  {"bpf-fentry vfs_read {|ctx| if $ctx.args.count > 1mb { $ctx.comm } } --stream",
                   "Who reads more than a megabyte at once?"},
              },
      }),
      run, host::Kind::fentry};
}

}  // namespace plugin
