// Two sources of types as one: a program's own, and behind them the kernel's, for what every
// context has ($ctx.task, $ctx.ppid).
#pragma once

#include <memory>

#include "bytecode/ctype.hpp"

namespace host {

class JoinedTypes : public bytecode::TypeSource {
 public:
  using Source = std::shared_ptr<const bytecode::TypeSource>;
  // The same two give the same object while somebody holds it.
  static std::shared_ptr<const JoinedTypes> of(const Source& first, const Source& second);

  // A type of the second source in the numbers of both; the first one's keep theirs.
  static bytecode::TypeId of_second(bytecode::TypeId type);

  bytecode::CType describe(bytecode::TypeId type) const override;
  std::optional<bytecode::CMember> member(bytecode::TypeId structure,
                                          std::string_view name) const override;
  std::vector<bytecode::CMember> members(bytecode::TypeId structure) const override;
  // Of a name that both know, the first one's.
  bytecode::TypeId find(std::string_view name) const override;
  std::vector<std::string> names_like(std::string_view name) const override;
  std::vector<std::pair<int64_t, std::string>> enumerators(
      bytecode::TypeId enumeration) const override;

 private:
  JoinedTypes(Source first, Source second);
  const bytecode::TypeSource& source(bytecode::TypeId& type) const;

  Source first_, second_;
};

}  // namespace host
