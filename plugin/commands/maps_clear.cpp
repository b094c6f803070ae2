#include "plugin/commands/answers.hpp"

namespace plugin {

namespace {

Task<Answer> run(CallPtr call, Tracing& tracing) {
  co_return co_await change_maps(call, tracing, &host::Session::map_clear);
}

}  // namespace

Command commands_table::maps_clear() {
  return {{
              .name = "bpf-maps clear",
              .description = "Empty a map; probes go on writing it.",
              .search_terms = {"counters", "aggregate", "ebpf"},
              .optional = {{"map", "a map's name, or a probe's id or record; or from the pipe",
                            shape::any(), Completes::maps}},
              .examples = {{"bpf-maps clear opens", "Start counting again"}},
          },
          run};
}

}  // namespace plugin
