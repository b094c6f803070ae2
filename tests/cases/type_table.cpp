#include "tests/cases/type_table.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace cases {
namespace {

using bytecode::CKind;
using bytecode::CMember;
using bytecode::CType;
using bytecode::TypeId;

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::vector<std::string> tokens_of(std::string_view text) {
  std::vector<std::string> tokens;
  for (size_t at = 0; at < text.size();) {
    if (std::isspace(static_cast<unsigned char>(text[at])) != 0) {
      ++at;
      continue;
    }
    size_t end = at + 1;
    if (is_word(text[at]) || text[at] == '-')
      while (end < text.size() && is_word(text[end])) ++end;
    if (text.substr(at, end - at) != "const") tokens.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return tokens;
}

uint32_t number(const std::string& token) {
  return static_cast<uint32_t>(std::strtoul(token.c_str(), nullptr, 0));
}

uint32_t aligned(uint32_t bits, uint32_t bytes) {
  return (bits + 8 * bytes - 1) / (8 * bytes) * 8 * bytes;
}

}  // namespace

TypeTable::TypeTable() {
  entries_.emplace_back();  // 0 is no type
  for (uint32_t size : {1u, 2u, 4u, 8u, 16u}) {
    const std::string bits = std::to_string(8 * size);
    add("i" + bits, CKind::integer, size, true);
    add("u" + bits, CKind::integer, size, false);
  }
  add("int", CKind::integer, 4, true);
  add("bool", CKind::boolean, 1, false);
  add("char", CKind::character, 1, true);
  add("double", CKind::floating, 8, true);
  add("void", CKind::nothing, 0, false);
}

TypeId TypeTable::add(const std::string& name, CKind kind, uint32_t size, bool is_signed) {
  Entry& entry = entries_.emplace_back();
  entry.type.kind = kind;
  entry.type.size = size;
  entry.type.is_signed = is_signed;
  entry.type.name = name;
  entry.alignment = std::clamp(size, 1u, 8u);
  return by_name_[name] = static_cast<TypeId>(entries_.size() - 1);
}

TypeId TypeTable::pointer_to(TypeId type) {
  const std::string of = entries_[type].type.name;
  const std::string name = of + (of.ends_with('*') ? "*" : " *");
  if (const TypeId known = find(name)) return known;
  const TypeId pointer = add(name, CKind::pointer, 8, false);
  entries_[pointer].type.of = type;
  return pointer;
}

TypeId TypeTable::array_of(TypeId type, uint32_t count) {
  const Entry of = entries_[type];
  const std::string name = of.type.name + "[" + (count > 0 ? std::to_string(count) : "") + "]";
  if (const TypeId known = find(name)) return known;
  const TypeId array = add(name, CKind::array, of.type.size * count, false);
  entries_[array].type.of = type;
  entries_[array].type.count = count;
  entries_[array].alignment = of.alignment;
  return array;
}

// A name with its stars. A structure that is not declared yet gets its number.
TypeId TypeTable::take_type(const Tokens& tokens, size_t& at) {
  if (at >= tokens.size()) return 0;
  std::string name = tokens[at++];
  const bool tagged = name == "struct" || name == "union" || name == "enum";
  if (tagged && at < tokens.size()) name += " " + tokens[at++];
  TypeId type = find(name);
  if (type == 0 && tagged) type = add(name, CKind::nothing, 0, false);
  for (; type != 0 && at < tokens.size() && tokens[at] == "*"; ++at) type = pointer_to(type);
  return type;
}

TypeId TypeTable::type_of(std::string_view text) {
  const Tokens tokens = tokens_of(text);
  size_t at = 0;
  TypeId type = take_type(tokens, at);
  if (type != 0 && at + 2 < tokens.size() && tokens[at] == "[") {
    type = array_of(type, number(tokens[at + 1]));
    at += 3;
  }
  return at == tokens.size() ? type : 0;
}

bool TypeTable::declare(std::string_view text) {
  const Tokens tokens = tokens_of(text);
  if (tokens.size() < 3) return false;
  if (tokens[0] == "struct" || tokens[0] == "union")
    return declare_structure(tokens, tokens[0] == "union");
  if (tokens[0] == "enum") return declare_enumeration(tokens);
  if (tokens[0] != "typedef" || find(tokens.back()) != 0) return false;
  size_t at = 1;
  const TypeId type = take_type(tokens, at);
  if (type == 0 || at + 1 != tokens.size()) return false;
  Entry entry = entries_[type];
  entry.type.name = tokens.back();
  entries_.push_back(std::move(entry));
  by_name_[tokens.back()] = static_cast<TypeId>(entries_.size() - 1);
  return true;
}

bool TypeTable::declare_structure(const Tokens& tokens, bool is_union) {
  if (tokens[2] != "{" || tokens.back() != "}") return false;
  const std::string name = tokens[0] + " " + tokens[1];
  TypeId self = find(name);
  if (self == 0) self = add(name, CKind::nothing, 0, false);
  std::vector<CMember> members;
  uint32_t bits = 0, end = 0, alignment = 1;
  for (size_t at = 3; at + 1 < tokens.size(); ++at) {
    CMember member;
    member.type = take_type(tokens, at);
    if (member.type == 0) return false;
    if (tokens[at] != ";" && tokens[at] != ":") member.name = tokens[at++];
    if (tokens[at] == "[") {
      const bool open = tokens[at + 1] == "]";
      member.type = array_of(member.type, open ? 0 : number(tokens[at + 1]));
      at += open ? 2 : 3;
    }
    if (tokens[at] == ":") {
      member.bit_size = number(tokens[at + 1]);
      at += 2;
    }
    if (tokens[at] != ";") return false;
    const Entry& type = entries_[member.type];
    alignment = std::max(alignment, type.alignment);
    if (is_union) bits = 0;
    // A bitfield shares its type's word with the one before, where there is room.
    const uint32_t word = 8 * type.type.size;
    const bool shares = member.bit_size > 0 && bits / word == (bits + member.bit_size - 1) / word;
    if (!shares) bits = aligned(bits, type.alignment);
    member.bit_offset = bits;
    bits += member.bit_size > 0 ? member.bit_size : word;
    end = std::max(end, bits);
    members.push_back(std::move(member));
  }
  Entry& entry = entries_[self];
  entry.type.kind = CKind::structure;
  entry.type.size = aligned(end, alignment) / 8;
  entry.alignment = alignment;
  entry.members = std::move(members);
  return true;
}

bool TypeTable::declare_enumeration(const Tokens& tokens) {
  if (tokens[2] != "{" || tokens.back() != "}") return false;
  const TypeId type = add("enum " + tokens[1], CKind::enumeration, 4, false);
  for (size_t at = 3; at + 3 < tokens.size(); at += 4) {
    if (tokens[at + 1] != "=" || tokens[at + 3] != ";") return false;
    const int64_t value = std::strtoll(tokens[at + 2].c_str(), nullptr, 0);
    entries_[type].names.emplace_back(value, tokens[at]);
    entries_[type].type.is_signed |= value < 0;
  }
  return true;
}

CType TypeTable::describe(TypeId type) const {
  return type < entries_.size() ? entries_[type].type : CType{};
}

std::vector<CMember> TypeTable::members(TypeId structure) const {
  std::vector<CMember> all;
  for (const CMember& member : entries_.at(structure).members) {
    if (!member.name.empty()) {
      all.push_back(member);
      continue;
    }
    for (CMember inner : members(member.type)) {
      inner.bit_offset += member.bit_offset;
      all.push_back(std::move(inner));
    }
  }
  return all;
}

std::optional<CMember> TypeTable::member(TypeId structure, std::string_view name) const {
  for (CMember& member : members(structure))
    if (member.name == name) return std::move(member);
  return std::nullopt;
}

TypeId TypeTable::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? 0 : found->second;
}

std::vector<std::string> TypeTable::names_like(std::string_view) const {
  std::vector<std::string> names;
  for (const auto& [name, type] : by_name_)
    if (name.starts_with("struct ") && name.find('*') == std::string::npos) names.push_back(name);
  return names;
}

std::vector<std::pair<int64_t, std::string>> TypeTable::enumerators(TypeId enumeration) const {
  return entries_.at(enumeration).names;
}

}  // namespace cases
