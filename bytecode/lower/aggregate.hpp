// Lists and records of operands: how a command makes its result. Constants only make a constant.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bytecode/lower/types.hpp"

namespace bytecode {

using Members = std::vector<std::pair<std::string, Operand>>;

inline bool all_constant(const Members& members) {
  for (const auto& [name, member] : members)
    if (!member.is_constant() || member.present || member.bad()) return false;
  return true;
}

inline Operand aggregate(Type type, Members members, Span span) {
  Operand result;
  result.type = type;
  result.home = Operand::Home::aggregate;
  result.members = std::move(members);
  result.span = span;
  return result;
}

inline Operand record_operand(Members members, Span span) {
  if (!all_constant(members)) return aggregate(Type::record, std::move(members), span);
  Record record;
  for (auto& [name, member] : members)
    record.emplace_back(std::move(name), std::move(member.constant));
  return constant_operand(Value(std::move(record)), span);
}

inline Operand list_operand(std::vector<Operand> items, Span span) {
  Members members;
  for (Operand& item : items) members.emplace_back("", std::move(item));
  if (!all_constant(members)) return aggregate(Type::list, std::move(members), span);
  List list;
  for (auto& [name, member] : members) list.push_back(std::move(member.constant));
  return constant_operand(Value(std::move(list)), span);
}

// A record as far as a command sees one: `$ctx` and `$ctx.args` are records too.
inline bool is_record(const Operand& operand) {
  return operand.type == Type::record || operand.home == Operand::Home::context;
}

// A value where it is known not to be null: the null that the last branch left is no choice.
inline Operand other_than_null(Operand value) {
  value.nullable = false;
  if (value.home != Operand::Home::choice) return value;
  while (value.members.size() > 1 && value.members.back().second.type == Type::null)
    value.members.pop_back();
  if (value.members.size() > 1) return value;
  Operand only = value.members.front().second;
  only.span = value.span;
  only.present = value.present;
  return only;
}

// A step of a cell path that counts the items of a list.
inline bool is_row_number(const ast::Member& step) {
  return !step.name.empty() && step.name.size() < 7 &&
         step.name.find_first_not_of("0123456789") == std::string::npos;
}

}  // namespace bytecode
