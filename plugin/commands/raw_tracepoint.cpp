#include "plugin/commands/attach.hpp"

namespace plugin {

namespace {
Task<Answer> run(CallPtr call, Tracing& tracing) {
  co_return co_await attach(call, tracing, host::Kind::raw_tracepoint);
}
}  // namespace

Command commands_table::raw_tracepoint() {
  return {attach_signature({
              .name = "bpf-raw-tracepoint",
              .description = "Run a closure at a tracepoint, with the kernel's own arguments.",
              .more = "The cheapest way into a tracepoint. $ctx.args has what the kernel hands to "
                      "it, typed by its BTF\n(pointers to structures), not the fields that "
                      "bpf-tracepoint has.",
              .search_terms = {"trace", "ebpf", "kernel", "event", "raw_tp"},
              .required = {{"event", "the event's name without its category, a glob, or a list",
                            shape::string_or_list(), Completes::targets}},
              .examples =
                  {
                      {"bpf-raw-tracepoint sched_switch {|ctx| $ctx.args.next.comm | count} --for "
                       "5sec",
                       "Which task is switched to, and how often?"},
                      {"bpf-raw-tracepoint sys_enter {|ctx| $ctx.args.id | count} --for 5sec",
                       "Syscalls by number"},
                  },
          }),
          run, host::Kind::raw_tracepoint};
}

}  // namespace plugin
