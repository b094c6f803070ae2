#include "plugin/commands/answers.hpp"

namespace plugin {

namespace {

Task<Answer> run(CallPtr call, Tracing& tracing) {
  co_return co_await change_maps(call, tracing, &host::Session::map_zero);
}

}  // namespace

Command commands_table::maps_zero() {
  return {{
              .name = "bpf-maps zero",
              .description = "Set what a map holds to zero, but keep its keys.",
              .search_terms = {"counters", "aggregate", "ebpf"},
              .optional = {{"map", "a map's name, or a probe's id or record; or from the pipe",
                            shape::any(), Completes::maps}},
              .examples = {{"bpf-maps zero opens",
                            "Start counting again; programs counted so far stay in the table"}},
          },
          run};
}

}  // namespace plugin
