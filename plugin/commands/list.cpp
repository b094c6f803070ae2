#include "plugin/commands/answers.hpp"

namespace plugin {

namespace {

using bytecode::List;
using bytecode::Record;
using bytecode::Value;

Value number(uint64_t n) { return static_cast<int64_t>(n); }

Task<Answer> run(CallPtr, Tracing& tracing) {
  List rows;
  for (const host::ProbeInfo& probe : tracing.list()) {
    List faults;
    for (const host::FaultCount& fault : probe.faults)
      faults.push_back(tracing.describe(probe.id, fault, fault.count));
    Record row;
    row.emplace_back("id", number(probe.id));
    row.emplace_back("name", probe.name);
    row.emplace_back("kind", std::string(host::kind_name(probe.kind)));
    row.emplace_back("target", probe.target);
    row.emplace_back("hits", number(probe.hits));
    row.emplace_back("rows", number(probe.rows));
    row.emplace_back("lost", number(probe.lost));
    row.emplace_back("missed", number(probe.missed));
    row.emplace_back("faults", std::move(faults));
    row.emplace_back("age", bytecode::Duration{probe.age_ns});
    row.emplace_back("note", probe.note);
    rows.push_back(std::move(row));
  }
  co_return Value(std::move(rows));
}

}  // namespace

Command commands_table::list() {
  return {{
              .name = "bpf-list",
              .description = "The attached probes, with their hits, rows, losses and faults.",
              .more = "hits: runs of the closure. rows: produced. lost: rows nobody could take. "
                      "missed: hits that did not\nrun, as far as the kernel counts them. faults: "
                      "what went wrong inside the closure, and where.",
              .search_terms = {"probes", "ebpf"},
              .examples = {{"bpf-list | select id name hits", "How often was each hit?"},
                           {"bpf-list | where lost > 0", "Which probes lost rows?"}},
          },
          run};
}

}  // namespace plugin
