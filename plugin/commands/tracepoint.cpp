#include "plugin/commands/attach.hpp"

namespace plugin {

namespace {
Task<Answer> run(CallPtr call, Tracing& tracing) {
  co_return co_await attach(call, tracing, host::Kind::tracepoint);
}
}  // namespace

Command commands_table::tracepoint() {
  return {attach_signature({
              .name = "bpf-tracepoint",
              .description = "Run a closure in the kernel each time a tracepoint is hit.",
              .more = "The tracepoint's fields are in $ctx.args: $ctx.args.filename.",
              .search_terms = {"trace", "ebpf", "kernel", "event"},
              .required = {{"event", "category:name, a glob (sched:*), or a list",
                            shape::string_or_list(), Completes::targets}},
              .examples =
                  {
                      {"bpf-tracepoint syscalls:sys_enter_openat "
                       "{|ctx| {comm: $ctx.comm, file: $ctx.args.filename}} --stream | first 10",
                       "The next ten files opened, and by whom"},
                      {"bpf-tracepoint sched:sched_process_exec {|ctx| $ctx.args.filename | count}",
                       "Count programs started; read the counts with bpf-maps get"},
                      {"bpf-tracepoint syscalls:sys_enter_* {|ctx| $ctx.func | count} --run {^ls}",
                       "Which syscalls does ls make?"},
                  },
          }),
          run, host::Kind::tracepoint};
}

}  // namespace plugin
