#include "plugin/commands/commands.hpp"

namespace plugin {

namespace {

using bytecode::List;
using bytecode::Record;
using bytecode::Value;

Task<Answer> run(CallPtr, Tracing& tracing) {
  List rows;
  if (tracing.started())
    for (const host::MapInfo& map : tracing.session().maps()) {
      List probes;
      for (const host::ProbeId id : map.probes) probes.push_back(static_cast<int64_t>(id));
      Record row;
      row.emplace_back("name", map.name);
      row.emplace_back("kind", map.kind);
      row.emplace_back("key", map.key);
      row.emplace_back("value", map.value);
      row.emplace_back("entries", static_cast<int64_t>(map.entries));
      row.emplace_back("max", static_cast<int64_t>(map.max));
      row.emplace_back("lru", map.lru);
      row.emplace_back("probes", std::move(probes));
      row.emplace_back("note", map.note);
      rows.push_back(std::move(row));
    }
  co_return Value(std::move(rows));
}

}  // namespace

Command commands_table::maps_list() {
  return {{
              .name = "bpf-maps list",
              .description = "The maps that closures write or have written.",
              .search_terms = {"counters", "aggregate", "ebpf"},
              .examples = {{"bpf-maps list | where entries == max", "Which maps are full?"}},
          },
          run};
}

}  // namespace plugin
