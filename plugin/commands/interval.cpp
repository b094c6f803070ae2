#include "plugin/commands/attach.hpp"

namespace plugin {

namespace {
Task<Answer> run(CallPtr call, Tracing& tracing) {
  co_return co_await attach(call, tracing, host::Kind::interval);
}
}  // namespace

Command commands_table::interval() {
  return {attach_signature({
              .name = "bpf-interval",
              .description = "Run a closure in the kernel again and again, so often as said.",
              .more = "On one processor, whatever runs there: $ctx.pid and $ctx.comm are of a task "
                      "that happens to.",
              .search_terms = {"timer", "every", "ebpf"},
              .required = {{"every", "a duration, such as 100ms", shape::duration()}},
              .examples =
                  {
                      {"bpf-interval 1sec {|ctx| $ctx.time} --stream | first 3",
                       "Three ticks, a second apart"},
                      {"bpf-interval 10ms {|| count ticks} --for 1sec", "A hundred ticks"},
                  },
          }),
          run, host::Kind::interval};
}

}  // namespace plugin
