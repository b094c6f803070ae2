#include "host/unresolved.hpp"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

namespace host {

namespace {

// Where such addresses lie, and where it helps, what gives them names.
std::string_view place_of(Unresolved why) {
  switch (why) {
    case Unresolved::no_process:
      return "of processes that ended before they were looked at";
    case Unresolved::no_mapping:
      return "where nothing is mapped (a stack that was followed wrongly)";
    case Unresolved::no_jit_map:
      return "in code made at run time, which no /tmp/perf-PID.map names";
    case Unresolved::file_gone:
      return "in files that are gone or replaced";
    case Unresolved::file_refused:
      return "in files that cannot be read as programs";
    case Unresolved::no_symbols:
      return "in stripped files (their debug information, installed, would name them)";
    case Unresolved::no_symbol:
      return "in files whose symbols leave them out";
    case Unresolved::kernel:
      return "in the kernel, which lists no function there";
    case Unresolved::count:
      break;
  }
  return "";
}

}  // namespace

std::string unresolved_note(const UnresolvedCounts& counts) {
  std::vector<std::pair<uint64_t, Unresolved>> reasons;
  for (size_t i = 0; i < counts.size(); ++i)
    if (counts[i] != 0) reasons.emplace_back(counts[i], static_cast<Unresolved>(i));
  if (reasons.empty()) return {};
  std::stable_sort(reasons.begin(), reasons.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  const uint64_t sum = std::accumulate(counts.begin(), counts.end(), uint64_t{0});
  std::string note = "in this session no name was found for " + std::to_string(sum) +
                     (sum == 1 ? " address: " : " addresses: ");
  for (size_t i = 0; i < reasons.size(); ++i) {
    if (i > 0) note += ", ";
    note += std::to_string(reasons[i].first) + " " + std::string(place_of(reasons[i].second));
  }
  return note;
}

}  // namespace host
