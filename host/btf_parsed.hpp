// One parsed BTF and its index of names. The index is two sorted lists of numbers, a hash beside an
// id, of functions and of types; made on first need. No name is kept: BTF has them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/btf.hpp"

struct btf;
struct btf_type;

namespace host {

class BtfParsed {
 public:
  // Owns `parsed`. `base` is what a module's BTF stands on, or null.
  BtfParsed(btf* parsed, std::shared_ptr<BtfParsed> base);
  ~BtfParsed();
  BtfParsed(const BtfParsed&) = delete;
  BtfParsed& operator=(const BtfParsed&) = delete;

  btf* get() const { return btf_; }

  bytecode::CType describe(bytecode::TypeId type) const;
  // As C declares a thing of this type, without the thing: "struct sock *", "char[16]",
  // "int (*)(void *)".
  std::string c_name(bytecode::TypeId type) const;
  // Calls `sink` for each member until it returns false; whether none did. `at` is the bit where
  // the structure begins.
  bool each_member(bytecode::TypeId structure, uint32_t at,
                   const std::function<bool(bytecode::CMember&&)>& sink) const;
  std::vector<std::pair<int64_t, std::string>> enumerators(bytecode::TypeId enumeration) const;

  // What TypeSource::find promises.
  bytecode::TypeId find(std::string_view name) const;
  std::vector<std::string> names_like(std::string_view name) const;
  bytecode::TypeId find_own(std::string_view name, uint32_t kind) const;
  bytecode::TypeId find_function(std::string_view name) const;
  // Of a function, or of a name for a pointer to one, without its first `hidden` arguments.
  std::optional<Prototype> prototype(bytecode::TypeId function, size_t hidden) const;
  // Every type of a kind, in the order of ids, until `sink` returns false.
  void each_named(uint32_t kind,
                  const std::function<bool(bytecode::TypeId, std::string_view)>& sink) const;

 private:
  // Looks through qualifiers and typedefs; `named` tells whether there was a typedef.
  const btf_type* peel(bytecode::TypeId& type, bool* named = nullptr) const;
  const char* text(uint32_t offset) const;
  std::string declare(bytecode::TypeId type, std::string inner, int depth) const;
  bytecode::TypeId find_any(std::string_view name, uint32_t kind) const;

  using Index = std::vector<uint64_t>;  // hash << 32 | id, sorted
  const Index& functions() const;
  const Index& types() const;
  Index make_index(bool of_functions) const;
  bytecode::TypeId look_up(const Index& index, std::string_view name, uint32_t kind) const;

  btf* btf_;
  std::shared_ptr<BtfParsed> base_;
  mutable std::optional<Index> functions_, types_;
};

}  // namespace host
