#include "host/joined_types.hpp"

#include <map>
#include <utility>

namespace host {

using bytecode::CMember;
using bytecode::CType;
using bytecode::TypeId;
using bytecode::TypeSource;

namespace {

// No source has as many types; the highest bit is the kernel's declared ones'.
constexpr TypeId second_bit = TypeId{1} << 30;

}  // namespace

JoinedTypes::JoinedTypes(Source first, Source second)
    : first_(std::move(first)), second_(std::move(second)) {}

std::shared_ptr<const JoinedTypes> JoinedTypes::of(const Source& first, const Source& second) {
  using Key = std::pair<const TypeSource*, const TypeSource*>;
  static std::map<Key, std::weak_ptr<const JoinedTypes>> held;
  std::erase_if(held, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<const JoinedTypes>& slot = held[{first.get(), second.get()}];
  if (auto known = slot.lock()) return known;
  std::shared_ptr<const JoinedTypes> joined(new JoinedTypes(first, second));
  slot = joined;
  return joined;
}

TypeId JoinedTypes::of_second(TypeId type) { return type == 0 ? 0 : type | second_bit; }

// Whose `type` is, in its own numbers from now on.
const TypeSource& JoinedTypes::source(TypeId& type) const {
  if ((type & second_bit) == 0) return *first_;
  type &= ~second_bit;
  return *second_;
}

CType JoinedTypes::describe(TypeId type) const {
  const bool is_second = (type & second_bit) != 0;
  CType described = source(type).describe(type);
  if (is_second) described.of = of_second(described.of);
  return described;
}

std::optional<CMember> JoinedTypes::member(TypeId structure, std::string_view name) const {
  const bool is_second = (structure & second_bit) != 0;
  std::optional<CMember> found = source(structure).member(structure, name);
  if (found && is_second) found->type = of_second(found->type);
  return found;
}

std::vector<CMember> JoinedTypes::members(TypeId structure) const {
  const bool is_second = (structure & second_bit) != 0;
  std::vector<CMember> found = source(structure).members(structure);
  if (is_second)
    for (CMember& member : found) member.type = of_second(member.type);
  return found;
}

TypeId JoinedTypes::find(std::string_view name) const {
  const TypeId found = first_->find(name);
  return found != 0 ? found : of_second(second_->find(name));
}

std::vector<std::string> JoinedTypes::names_like(std::string_view name) const {
  std::vector<std::string> names = first_->names_like(name);
  return names.empty() ? second_->names_like(name) : names;
}

std::vector<std::pair<int64_t, std::string>> JoinedTypes::enumerators(TypeId enumeration) const {
  return source(enumeration).enumerators(enumeration);
}

}  // namespace host
