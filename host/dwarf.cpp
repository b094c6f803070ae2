// Opening debug information, and functions by their addresses.
#include "host/dwarf.hpp"

#include <dwarf.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "host/dwarf_impl.hpp"

namespace host {

using bytecode::Result;
using bytecode::TypeId;

namespace {

std::optional<uint64_t> first_instruction(Dwarf_Die function) {
  Dwarf_Addr address = 0, end = 0, base = 0;
  if (dwarf_entrypc(&function, &address) == 0) return address;
  // In several pieces: the first one is the function, the others are what seldom runs.
  if (dwarf_ranges(&function, 0, &base, &address, &end) > 0) return address;
  return std::nullopt;
}

std::vector<Dwarf_Die> parameters_of(Dwarf_Die function) {
  std::vector<Dwarf_Die> found;
  Dwarf_Die child;
  if (dwarf_child(&function, &child) != 0) return found;
  do {
    if (dwarf_tag(&child) == DW_TAG_formal_parameter) found.push_back(child);
  } while (dwarf_siblingof(&child, &child) == 0);
  return found;
}

DwarfFunction::Parameter place_of(Dwarf_Die parameter, uint64_t entry) {
  using Place = DwarfFunction::Place;
  Dwarf_Attribute attribute;
  if (dwarf_attr(&parameter, DW_AT_const_value, &attribute) != nullptr) return {Place::nowhere, 0};
  Dwarf_Op* operations = nullptr;
  size_t count = 0;
  if (dwarf_attr(&parameter, DW_AT_location, &attribute) == nullptr ||
      dwarf_getlocation_addr(&attribute, entry, &operations, &count, 1) != 1 || count != 1)
    return {};
  const unsigned code = operations[0].atom;
  if (code >= DW_OP_reg0 && code <= DW_OP_reg31) return {Place::in_register, code - DW_OP_reg0};
  if (code == DW_OP_regx) return {Place::in_register, static_cast<unsigned>(operations[0].number)};
  // Its place on the stack is not yet filled at the first instruction.
  return {};
}

using FunctionMap = std::unordered_map<uint64_t, Dwarf_Die>;

int add_function(Dwarf_Die* die, void* into) {
  if (!is_declaration(*die))
    if (const auto address = first_instruction(*die))
      static_cast<FunctionMap*>(into)->emplace(*address, *die);
  return DWARF_CB_OK;
}

}  // namespace

DwarfLanguage language_of(Dwarf_Die unit) {
  switch (dwarf_srclang(&unit)) {
    case DW_LANG_C:
    case DW_LANG_C89:
    case DW_LANG_C99:
    case DW_LANG_C11:
    case DW_LANG_Mips_Assembler:
    case -1:
      return DwarfLanguage::c;
    case DW_LANG_C_plus_plus:
    case DW_LANG_C_plus_plus_03:
    case DW_LANG_C_plus_plus_11:
    case DW_LANG_C_plus_plus_14:
      return DwarfLanguage::cplusplus;
    case DW_LANG_Rust:
      return DwarfLanguage::rust;
    // Newer than this elfutils' list: C++17, C++20, C++23.
    case 0x2a:
    case 0x2b:
    case 0x3a:
      return DwarfLanguage::cplusplus;
    case 0x2c:  // C17
    case 0x3e:  // C23
      return DwarfLanguage::c;
    default:
      return DwarfLanguage::other;
  }
}

std::optional<Dwarf_Die> referred(Dwarf_Die die, unsigned attribute) {
  Dwarf_Attribute found;
  Dwarf_Die other;
  if (dwarf_attr_integrate(&die, attribute, &found) == nullptr ||
      dwarf_formref_die(&found, &other) == nullptr)
    return std::nullopt;
  return other;
}

bool is_declaration(Dwarf_Die die) {
  Dwarf_Attribute attribute;
  bool declared = false;
  return dwarf_attr(&die, DW_AT_declaration, &attribute) != nullptr &&
         dwarf_formflag(&attribute, &declared) == 0 && declared;
}

Dwarf::Dwarf(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Dwarf::~Dwarf() = default;

Result<std::shared_ptr<const Dwarf>> Dwarf::open(const std::string& path) {
  // Who holds types of a file and who compiles for another function of it must mean the same ones.
  using Key = std::tuple<dev_t, ino_t, time_t, long>;
  static std::map<Key, std::weak_ptr<const Dwarf>> held;
  Result<ElfImage> image = ElfImage::open(path);
  if (!image) return std::move(image).error();
  struct stat info = {};
  fstat(image->fd(), &info);
  std::weak_ptr<const Dwarf>& slot =
      held[{info.st_dev, info.st_ino, info.st_mtim.tv_sec, info.st_mtim.tv_nsec}];
  if (auto known = slot.lock()) return known;
  std::erase_if(
      held, [&](const auto& entry) { return &entry.second != &slot && entry.second.expired(); });

  Result<DebugInfo> debug = DebugInfo::open(*image);
  if (!debug) return std::move(debug).error();
  auto impl = std::make_unique<Impl>(std::move(debug).value());
  std::shared_ptr<const Dwarf> dwarf(new Dwarf(std::move(impl)));
  slot = dwarf;
  return dwarf;
}

std::optional<Dwarf_Die> Dwarf::Impl::function(uint64_t address) {
  const std::optional<Dwarf_Die> unit = info.unit_at(address);
  if (!unit) return std::nullopt;
  const auto [entry, is_new] = functions.try_emplace(unit->addr);
  if (is_new) {
    Dwarf_Die body = body_of(*unit);
    dwarf_getfuncs(&body, add_function, &entry->second, 0);
  }
  const auto found = entry->second.find(address);
  if (found == entry->second.end()) return std::nullopt;
  return found->second;
}

std::vector<uint64_t> Dwarf::instruction_starts(uint64_t low, uint64_t high) const {
  std::vector<uint64_t> found;
  std::optional<Dwarf_Die> unit = impl_->info.unit_at(low);
  Dwarf_Lines* lines = nullptr;
  size_t count = 0;
  if (!unit || dwarf_getsrclines(&*unit, &lines, &count) != 0) return found;
  for (size_t i = 0; i < count; ++i) {
    Dwarf_Line* line = dwarf_onesrcline(lines, i);
    Dwarf_Addr address = 0;
    bool is_end = false;
    if (dwarf_lineaddr(line, &address) != 0 || dwarf_lineendsequence(line, &is_end) != 0) continue;
    if (!is_end && address >= low && address < high) found.push_back(address);
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

std::optional<DwarfFunction> Dwarf::function_at(uint64_t address) const {
  const std::optional<Dwarf_Die> die = impl_->function(address);
  if (!die) return std::nullopt;
  DwarfFunction function;
  Dwarf_Die unit;
  Dwarf_Die own = *die;
  if (dwarf_diecu(&own, &unit, nullptr, nullptr) != nullptr) function.language = language_of(unit);
  function.returns = impl_->id_of(referred(*die, DW_AT_type));

  std::vector<Dwarf_Die> here = parameters_of(*die);
  const auto add = [&](Dwarf_Die parameter, DwarfFunction::Parameter place) {
    const char* name = nullptr;
    Dwarf_Attribute attribute;
    if (dwarf_attr_integrate(&parameter, DW_AT_name, &attribute) != nullptr)
      name = dwarf_formstring(&attribute);
    std::optional<Dwarf_Die> type = referred(parameter, DW_AT_type);
    // Whether the function may assign to its parameter is no part of its type.
    while (type &&
           (dwarf_tag(&*type) == DW_TAG_const_type || dwarf_tag(&*type) == DW_TAG_volatile_type))
      type = referred(*type, DW_AT_type);
    function.args.emplace_back(name == nullptr ? "" : name, impl_->id_of(type));
    function.parameters.push_back(place);
  };
  Dwarf_Attribute attribute;
  Dwarf_Die origin;
  std::vector<Dwarf_Die> declared;
  if (dwarf_attr(&own, DW_AT_abstract_origin, &attribute) != nullptr &&
      dwarf_formref_die(&attribute, &origin) != nullptr)
    declared = parameters_of(origin);
  if (declared.empty()) {
    for (const Dwarf_Die& parameter : here) add(parameter, place_of(parameter, address));
    return function;
  }
  // An instance of a function that was also inlined or changed: what it takes stands in its origin,
  // what is left of that in the instance.
  for (const Dwarf_Die& parameter : declared) {
    const auto instance = std::find_if(here.begin(), here.end(), [&](Dwarf_Die candidate) {
      Dwarf_Attribute link;
      Dwarf_Die target;
      return dwarf_attr(&candidate, DW_AT_abstract_origin, &link) != nullptr &&
             dwarf_formref_die(&link, &target) != nullptr && target.addr == parameter.addr;
    });
    if (instance != here.end())
      add(*instance, place_of(*instance, address));
    else
      add(parameter,
          {here.empty() ? DwarfFunction::Place::convention : DwarfFunction::Place::nowhere, 0});
  }
  return function;
}

}  // namespace host
