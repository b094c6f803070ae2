// The words for the kinds, on every system.
#include <algorithm>

#include "host/session.hpp"

namespace host {

namespace {

struct Word {
  Kind kind;
  std::string_view name;
};

// In the order of the enumeration: the first name of a kind is the one that is shown.
constexpr Word words[] = {
    {Kind::kprobe, "kprobe"},
    {Kind::kretprobe, "kretprobe"},
    {Kind::tracepoint, "tracepoint"},
    {Kind::raw_tracepoint, "raw-tracepoint"},
    {Kind::raw_tracepoint, "raw_tracepoint"},
    {Kind::raw_tracepoint, "raw_tp"},
    {Kind::uprobe, "uprobe"},
    {Kind::uretprobe, "uretprobe"},
    {Kind::usdt, "usdt"},
    {Kind::fentry, "fentry"},
    {Kind::fexit, "fexit"},
    {Kind::perf, "perf"},
    {Kind::interval, "interval"},
};

}  // namespace

std::string_view kind_name(Kind kind) {
  for (const Word& word : words)
    if (word.kind == kind) return word.name;
  return {};
}

std::optional<Kind> find_kind(std::string_view name) {
  for (const Word& word : words)
    if (word.name == name) return word.kind;
  return std::nullopt;
}

const std::vector<Kind>& all_kinds() {
  static const std::vector<Kind> kinds = [] {
    std::vector<Kind> found;
    for (const Word& word : words)
      if (std::find(found.begin(), found.end(), word.kind) == found.end())
        found.push_back(word.kind);
    return found;
  }();
  return kinds;
}

}  // namespace host
