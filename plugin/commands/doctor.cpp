#include "host/inventory.hpp"
#include "plugin/commands/background.hpp"
#include "plugin/commands/commands.hpp"

namespace plugin {

namespace {

using bytecode::List;
using bytecode::Record;
using bytecode::Value;

Task<Answer> run(CallPtr call, Tracing&) {
  std::vector<host::Finding> findings =
      co_await in_background(call, [] { return host::examine(); });
  List rows;
  for (host::Finding& finding : findings) {
    Record row;
    row.emplace_back("feature", std::move(finding.feature));
    row.emplace_back("works", finding.works);
    row.emplace_back("detail", std::move(finding.detail));
    row.emplace_back("advice", finding.advice.empty() ? Value() : Value(std::move(finding.advice)));
    rows.push_back(std::move(row));
  }
  co_return Value(std::move(rows));
}

}  // namespace

Command commands_table::doctor() {
  return {{
              .name = "bpf-doctor",
              .description = "What this kernel, this user and this configuration allow.",
              .more = "Each feature is tried: programs are loaded and attached where nobody hits "
                      "them, and are gone when\nthe table is there. advice: what to do about a no.",
              .search_terms = {"features", "permissions", "capabilities", "ebpf"},
              .examples = {{"bpf-doctor | where not works", "What is missing, and what to do?"}},
          },
          run};
}

}  // namespace plugin
