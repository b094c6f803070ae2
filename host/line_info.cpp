#include "host/line_info.hpp"

#include <dwarf.h>

#include <algorithm>
#include <string_view>

#include "host/frame_names.hpp"

namespace host {

using bytecode::Result;

namespace {

// Deeper than compilers nest; a broken file must not exhaust the stack.
constexpr int depth_max = 64;

std::string base_name(const char* path) {
  if (path == nullptr) return {};
  const std::string_view text(path);
  return std::string(text.substr(text.rfind('/') + 1));
}

std::string name_of(Dwarf_Die die) {
  for (const unsigned name : {DW_AT_linkage_name, DW_AT_MIPS_linkage_name}) {
    Dwarf_Attribute attribute;
    if (dwarf_attr_integrate(&die, name, &attribute) == nullptr) continue;
    if (const char* text = dwarf_formstring(&attribute)) return frame_name(text);
  }
  return std::string(plain_name(die));
}

int number_of(Dwarf_Die die, unsigned name) {
  Dwarf_Attribute attribute;
  Dwarf_Word value = 0;
  if (dwarf_attr(&die, name, &attribute) == nullptr || dwarf_formudata(&attribute, &value) != 0)
    return 0;
  return static_cast<int>(value);
}

bool has_addresses(Dwarf_Die die) {
  return dwarf_hasattr(&die, DW_AT_low_pc) != 0 || dwarf_hasattr(&die, DW_AT_ranges) != 0;
}

// The inlined calls below `parent` that the address lies in, outermost first.
void find_inlined(Dwarf_Die parent, uint64_t address, int depth, std::vector<Dwarf_Die>& found) {
  Dwarf_Die child;
  if (depth == depth_max || dwarf_child(&parent, &child) != 0) return;
  do {
    switch (dwarf_tag(&child)) {
      case DW_TAG_inlined_subroutine:
        if (dwarf_haspc(&child, address) <= 0) break;
        found.push_back(child);
        find_inlined(child, address, depth + 1, found);
        return;
      case DW_TAG_lexical_block:
      case DW_TAG_try_block:
      case DW_TAG_catch_block:
        if (!has_addresses(child)) {
          // A block of names only; its calls have addresses of their own.
          const size_t before = found.size();
          find_inlined(child, address, depth + 1, found);
          if (found.size() != before) return;
        } else if (dwarf_haspc(&child, address) > 0) {
          find_inlined(child, address, depth + 1, found);
          return;
        }
        break;
    }
  } while (dwarf_siblingof(&child, &child) == 0);
}

// Hands every function below `parent` to `sink`.
template <typename Sink>
void each_function(Dwarf_Die parent, int depth, const Sink& sink) {
  Dwarf_Die child;
  if (depth == depth_max || dwarf_child(&parent, &child) != 0) return;
  do {
    switch (dwarf_tag(&child)) {
      case DW_TAG_subprogram:
        if (has_addresses(child)) sink(child);
        each_function(child, depth + 1, sink);
        break;
      // A function's own classes have functions of their own, and so has a lambda.
      case DW_TAG_lexical_block:
      case DW_TAG_namespace:
      case DW_TAG_module:
      case DW_TAG_structure_type:
      case DW_TAG_class_type:
      case DW_TAG_union_type:
      case DW_TAG_enumeration_type:
        each_function(child, depth + 1, sink);
        break;
    }
  } while (dwarf_siblingof(&child, &child) == 0);
}

}  // namespace

Result<LineInfo> LineInfo::open(const ElfImage& image) {
  Result<DebugInfo> info = DebugInfo::open(image);
  if (!info) return std::move(info).error();
  return LineInfo(std::move(info).value());
}

const LineInfo::Unit& LineInfo::unit(Dwarf_Die die) {
  const auto [entry, is_new] = units_.try_emplace(die.addr);
  Unit& unit = entry->second;
  if (!is_new) return unit;
  each_function(die, 0, [&](Dwarf_Die function) {
    Dwarf_Addr base = 0, low = 0, high = 0;
    ptrdiff_t next = 0;
    while ((next = dwarf_ranges(&function, next, &base, &low, &high)) > 0)
      if (low < high) unit.functions.push_back({low, high, function});
  });
  std::sort(unit.functions.begin(), unit.functions.end(),
            [](const Function& a, const Function& b) { return a.low < b.low; });
  unit.functions.shrink_to_fit();
  Dwarf_Lines* lines = nullptr;
  size_t count = 0;
  if (dwarf_getsrclines(&die, &lines, &count) != 0) count = 0;
  // What libdw keeps of a line.
  constexpr size_t line_bytes = 48;
  bytes_ += count * line_bytes + unit.functions.size() * sizeof(Function);
  return unit;
}

std::vector<LineFrame> LineInfo::at(uint64_t address) {
  std::vector<LineFrame> frames;
  std::optional<Dwarf_Die> skeleton = info_.unit_at(address);
  if (!skeleton) return frames;
  Dwarf_Die body = body_of(*skeleton);
  LineFrame place;
  if (Dwarf_Line* line = dwarf_getsrc_die(&*skeleton, address)) {
    place.file = base_name(dwarf_linesrc(line, nullptr, nullptr));
    if (dwarf_lineno(line, &place.line) != 0) place.line = 0;
  }

  const std::vector<Function>& functions = unit(body).functions;
  auto after = std::upper_bound(functions.begin(), functions.end(), address,
                                [](uint64_t at, const Function& f) { return at < f.low; });
  if (after == functions.begin() || (--after)->high <= address) {
    // Assembly has lines but no functions.
    if (place.line != 0) frames.push_back(std::move(place));
    return frames;
  }
  std::vector<Dwarf_Die> inlined;
  find_inlined(after->die, address, 0, inlined);
  Dwarf_Files* files = nullptr;
  if (!inlined.empty() && dwarf_getsrcfiles(&body, &files, nullptr) != 0) files = nullptr;
  // Each was called from the place that the one it is in has reached.
  for (auto call = inlined.rbegin(); call != inlined.rend(); ++call) {
    place.name = name_of(*call);
    frames.push_back(std::move(place));
    place = {};
    place.line = number_of(*call, DW_AT_call_line);
    if (const int file = number_of(*call, DW_AT_call_file); files != nullptr)
      place.file = base_name(dwarf_filesrc(files, static_cast<size_t>(file), nullptr, nullptr));
  }
  place.name = name_of(after->die);
  place.address = after->low;
  frames.push_back(std::move(place));
  return frames;
}

}  // namespace host
