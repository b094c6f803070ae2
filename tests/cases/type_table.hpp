// C types that a test declares, laid out as C does on x86-64 (README.md has the form):
//
//   struct sock { u16 port; u32 low : 3; struct pair; struct sock *next; char name[16]; }
//   enum state { LISTEN = 1; CLOSED = 2; }
//   typedef u16 __be16
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bytecode/ctype.hpp"

namespace cases {

class TypeTable : public bytecode::TypeSource {
 public:
  TypeTable();

  // Takes one declaration; false where it is none. A structure may be named before it is declared.
  bool declare(std::string_view text);

  // The type of "struct sock *", "u32[4]"; 0 where the text is none. New pointers and arrays get a
  // number when they are first named.
  bytecode::TypeId type_of(std::string_view text);

  bytecode::CType describe(bytecode::TypeId type) const override;
  std::optional<bytecode::CMember> member(bytecode::TypeId structure,
                                          std::string_view name) const override;
  std::vector<bytecode::CMember> members(bytecode::TypeId structure) const override;
  bytecode::TypeId find(std::string_view name) const override;
  std::vector<std::string> names_like(std::string_view name) const override;
  std::vector<std::pair<int64_t, std::string>> enumerators(
      bytecode::TypeId enumeration) const override;

 private:
  struct Entry {
    bytecode::CType type;
    std::vector<bytecode::CMember> members;  // as declared: the unnamed ones too
    std::vector<std::pair<int64_t, std::string>> names;
    uint32_t alignment = 1;
  };
  using Tokens = std::vector<std::string>;

  bytecode::TypeId add(const std::string& name, bytecode::CKind kind, uint32_t size,
                       bool is_signed);
  bytecode::TypeId pointer_to(bytecode::TypeId type);
  bytecode::TypeId array_of(bytecode::TypeId type, uint32_t count);
  bytecode::TypeId take_type(const Tokens& tokens, size_t& at);
  bool declare_structure(const Tokens& tokens, bool is_union);
  bool declare_enumeration(const Tokens& tokens);

  std::vector<Entry> entries_;
  std::map<std::string, bytecode::TypeId, std::less<>> by_name_;
};

}  // namespace cases
