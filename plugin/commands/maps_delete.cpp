#include "plugin/commands/answers.hpp"

namespace plugin {

namespace {

Task<Answer> run(CallPtr call, Tracing& tracing) {
  auto maps = co_await map_argument(call, tracing);
  if (!maps) co_return maps.error();
  for (const std::string& name : maps->names) {
    const host::Status done = tracing.session().map_delete(name);
    if (done) continue;
    Blame blame;
    blame.head = blame.argument = maps->span;
    co_return labeled(done.error(), blame);
  }
  co_return EmptyAnswer{};
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
