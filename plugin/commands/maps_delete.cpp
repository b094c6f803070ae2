#include "plugin/commands/answers.hpp"

namespace plugin {

namespace {

Task<Answer> run(CallPtr call, Tracing& tracing) {
  co_return co_await change_maps(call, tracing, &host::Session::map_delete);
}

}  // namespace

Command commands_table::maps_delete() {
  return {{
              .name = "bpf-maps delete",
              .description = "Remove a map that no probe writes any more.",
              .search_terms = {"counters", "aggregate", "ebpf"},
              .optional = {{"map", "a map's name, or a probe's id or record; or from the pipe",
                            shape::any(), Completes::maps}},
              .examples = {{"bpf-maps delete opens", "Forget the counts"}},
          },
          run};
}

}  // namespace plugin
