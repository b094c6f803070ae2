#include "plugin/commands/answers.hpp"

namespace plugin {

namespace {

Task<Answer> run(CallPtr call, Tracing& tracing) {
  auto maps = co_await map_argument(call, tracing);
  if (!maps) co_return maps.error();
  for (const std::string& name : maps->names) {
    const host::Status done = tracing.session().map_clear(name);
    if (done) continue;
    Blame blame;
    blame.head = blame.argument = maps->span;
    co_return labeled(done.error(), blame);
  }
  co_return EmptyAnswer{};
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
