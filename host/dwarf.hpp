// What a program's or library's debug information says of its functions and types, through
// elfutils: that of the file itself, or of the file its build id or .gnu_debuglink names.
//
// Opening it maps the file and reads nothing. A function costs a look at its own compile unit;
// types are met one by one, from there. Only a type asked for by its name may cost a walk over the
// units, one after another until it is found.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/btf.hpp"

namespace host {

struct DwarfFunction : Prototype {
  // How a parameter reaches the function's first instruction, where the compiler says more than the
  // calling convention: it may have moved or dropped parameters of a function that nobody else
  // calls.
  enum class Place : uint8_t {
    convention,
    in_register,  // `reg`, DWARF's number of it
    nowhere,      // dropped, or a constant
  };
  struct Parameter {
    Place place = Place::convention;
    unsigned reg = 0;
  };
  std::vector<Parameter> parameters;  // one for each of `args`
  // What the calling convention stands on.
  enum class Language : uint8_t { c, cplusplus, rust, other } language = Language::c;
};

class Dwarf : public bytecode::TypeSource {
 public:
  // An Error where there is no debug information; that is common and no failure of the probe. The
  // same file opened again while somebody holds it is the same object.
  static bytecode::Result<std::shared_ptr<const Dwarf>> open(const std::string& path);
  ~Dwarf() override;

  // The function that begins at this address of the file's own numbering.
  std::optional<DwarfFunction> function_at(uint64_t address) const;
  // The addresses in [low, high) that the line table of low's unit has, in order: an instruction
  // begins at each of them. None where there is no such table.
  std::vector<uint64_t> instruction_starts(uint64_t low, uint64_t high) const;
  // Whether C++ passes objects of this class by their address, whatever their size.
  bool passed_by_address(bytecode::TypeId type) const;

  bytecode::CType describe(bytecode::TypeId type) const override;
  std::optional<bytecode::CMember> member(bytecode::TypeId structure,
                                          std::string_view name) const override;
  std::vector<bytecode::CMember> members(bytecode::TypeId structure) const override;
  bytecode::TypeId find(std::string_view name) const override;
  std::vector<std::string> names_like(std::string_view name) const override;
  std::vector<std::pair<int64_t, std::string>> enumerators(
      bytecode::TypeId enumeration) const override;

 private:
  struct Impl;
  explicit Dwarf(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace host
