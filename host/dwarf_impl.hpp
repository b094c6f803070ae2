// The inside of Dwarf: compile units, the types met so far, and an index of names that grows as it
// is asked.
#pragma once

#include <elfutils/libdw.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "host/debug_info.hpp"
#include "host/dwarf.hpp"

namespace host {

using DwarfLanguage = DwarfFunction::Language;

DwarfLanguage language_of(Dwarf_Die unit);
// An attribute that is a reference, followed; also through an abstract origin or a specification.
std::optional<Dwarf_Die> referred(Dwarf_Die die, unsigned attribute);
bool is_declaration(Dwarf_Die die);
bool is_structure(int tag);  // struct, class or union
// "struct", "union", "enum", or "" where C has none.
std::string_view keyword_of(int tag);
// "unsigned long", "long unsigned int" and "unsigned long int" are one type: the last of them.
// Other words as they are.
std::string canonical_name(std::string_view name);

struct Dwarf::Impl {
  explicit Impl(DebugInfo opened) : info(std::move(opened)) {}

  DebugInfo info;

  // --- functions (dwarf.cpp)
  std::optional<Dwarf_Die> function(uint64_t address);
  // By unit, then by the address of the function's first instruction.
  std::unordered_map<void*, std::unordered_map<uint64_t, Dwarf_Die>> functions;

  // --- types (dwarf_types.cpp)
  struct Met {
    Dwarf_Die die = {};
    unsigned dimension = 0;  // of an array in several: how many of them are gone already
  };
  bytecode::TypeId id_of(const std::optional<Dwarf_Die>& die, unsigned dimension = 0);
  // `complete`: of a structure that its unit only declares, what another unit says.
  bytecode::CType describe(const Met& type, bool complete);
  // The type without its typedefs and qualifiers; of a structure that its unit only declares, the
  // definition, where there is one.
  Dwarf_Die resolve(Dwarf_Die die);
  std::string name_of(const std::optional<Dwarf_Die>& type, std::string declarator,
                      unsigned dimension = 0, int depth = 0);
  std::string own_name(Dwarf_Die die);
  struct Member {
    std::string_view name;
    std::optional<Dwarf_Die> type;
    uint32_t bit_offset = 0, bit_size = 0;
  };
  // Hands each member to `sink`, which ends the walk by true.
  using MemberSink = std::function<bool(const Member&)>;
  bool walk_members(Dwarf_Die structure, uint32_t base_bits, bool bases, int depth,
                    const MemberSink& sink);
  bytecode::CMember met(const Member& member);
  std::string identity(const Met& type);
  bool has_own_copy(Dwarf_Die type, int depth);
  bool takes_reference(Dwarf_Die constructor, Dwarf_Die type);
  std::vector<Met> types = {Met{}};  // by TypeId; 0 is none
  std::map<std::pair<void*, unsigned>, bytecode::TypeId> ids;
  // Equal types of different units, as far as their names, sizes and members tell.
  std::unordered_map<std::string, bytecode::TypeId> equal;

  // --- names (dwarf_names.cpp)
  std::optional<Dwarf_Die> named(const std::string& name);
  void index_unit(Dwarf_Die unit);
  void index_children(Dwarf_Die parent, const std::string& prefix, DwarfLanguage language);
  // Indexes one more unit; false when there is none left.
  bool index_next();
  std::unordered_map<std::string, Dwarf_Die> by_name;
  std::unordered_map<void*, std::string> qualified;  // what C++ and Rust call a type
  std::unordered_map<void*, bool> indexed;           // units
  struct Walk {
    ::Dwarf* file = nullptr;
    Dwarf_CU* unit = nullptr;
    bool done = false;
  };
  std::vector<Walk> walks;  // of this file and of the one that it shares types with
};

}  // namespace host
