#include "host/debug_info.hpp"

#include <dwarf.h>
#include <gelf.h>

#include <algorithm>
#include <string>

#include "host/debug_file.hpp"
#include "host/refusal.hpp"

namespace host {

using bytecode::Result;

namespace {

bool has_debug_info(const ElfImage& image) {
  Elf_Scn* section = image.section(".debug_info");
  if (section == nullptr) section = image.section(".zdebug_info");
  GElf_Shdr header;
  // Of what was taken out, the section's header stays behind.
  return section != nullptr && gelf_getshdr(section, &header) != nullptr &&
         header.sh_type != SHT_NOBITS && header.sh_size != 0;
}

}  // namespace

std::string_view plain_name(Dwarf_Die die) {
  const char* name = dwarf_diename(&die);
  return name == nullptr ? std::string_view() : std::string_view(name);
}

Dwarf_Die body_of(Dwarf_Die unit) {
  uint8_t kind = 0;
  Dwarf_Die body = {};
  if (dwarf_cu_info(unit.cu, nullptr, &kind, nullptr, &body, nullptr, nullptr, nullptr) == 0 &&
      kind == DW_UT_skeleton && body.addr != nullptr)
    return body;
  return unit;
}

Result<DebugInfo> DebugInfo::open(const ElfImage& image) {
  DebugInfo info;
  info.image_ = image;
  if (!has_debug_info(image)) {
    std::optional<ElfImage> other = find_debug_file(image);
    if (!other || !has_debug_info(*other))
      return no_target(image.path() + " has no debug information",
                       "compile it with -g, or install the package with its debug symbols");
    info.image_ = *other;
  }
  info.dwarf_.reset(dwarf_begin_elf(info.image_.elf(), DWARF_C_READ, nullptr));
  if (!info.dwarf_)
    return no_target(
        "the debug information of " + image.path() + " cannot be read: " + dwarf_errmsg(-1),
        "compile it with -g, or install the package with its debug symbols");
  return info;
}

std::optional<Dwarf_Die> DebugInfo::unit_at(uint64_t address) {
  Dwarf_Die unit;
  if (dwarf_addrdie(dwarf(), address, &unit) != nullptr) return unit;
  // Not every compiler writes .debug_aranges; the units themselves know their addresses.
  if (!ranges_) {
    ranges_.emplace();
    Dwarf_CU* cu = nullptr;
    while (dwarf_get_units(dwarf(), cu, &cu, nullptr, nullptr, &unit, nullptr) == 0) {
      Dwarf_Addr base = 0, low = 0, high = 0;
      ptrdiff_t next = 0;
      while ((next = dwarf_ranges(&unit, next, &base, &low, &high)) > 0)
        ranges_->push_back({low, high, unit});
    }
    std::sort(ranges_->begin(), ranges_->end(),
              [](const Range& a, const Range& b) { return a.low < b.low; });
  }
  auto after = std::upper_bound(ranges_->begin(), ranges_->end(), address,
                                [](uint64_t at, const Range& range) { return at < range.low; });
  if (after == ranges_->begin() || (--after)->high <= address) return std::nullopt;
  return after->unit;
}

}  // namespace host
