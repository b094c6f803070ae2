#include "plugin/commands/answers.hpp"

namespace plugin {

namespace {

Task<Answer> run(CallPtr call, Tracing& tracing) {
  auto maps = co_await map_argument(call, tracing);
  if (!maps) co_return maps.error();
  co_return co_await map_values(call, tracing, maps->names, maps->span,
                                {call->has_switch("clear"), call->has_switch("addresses")});
}

}  // namespace

Command commands_table::maps_get() {
  return {{
              .name = "bpf-maps get",
              .description = "What a map holds: a table, or a value where the map has no key.",
              .more = "A table of more than some ten thousand rows comes as a stream, however "
                      "large the map is.\nA probe stands for its maps: one gives its table, "
                      "several a record of them by name.",
              .search_terms = {"counters", "aggregate", "ebpf"},
              .optional = {{"map", "a map's name, or a probe's id or record; or from the pipe",
                            shape::any(), Completes::maps}},
              .flags = {{"clear", 'c', Node(),
                         "empty it in the same moment: no hit is in neither or in both, and what "
                         "is not read is gone"},
                        {"addresses", 0, Node(), "stacks as numbers, without names"}},
              .examples = {{"bpf-maps get opens | sort-by value -r | first 10",
                            "The ten highest counts of the map `opens`"},
                           {"bpf-maps get 1", "The counts of probe 1"},
                           {"bpf-maps get opens --clear", "What came since the last time"}},
          },
          run};
}

}  // namespace plugin
