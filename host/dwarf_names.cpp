// Types by their names: an index that takes in one compile unit after another, as far as it must.
#include <dwarf.h>

#include <map>
#include <sstream>

#include "bytecode/suggest.hpp"
#include "host/dwarf_impl.hpp"

namespace host {

using bytecode::TypeId;

std::string_view keyword_of(int tag) {
  switch (tag) {
    case DW_TAG_structure_type:
      return "struct";
    case DW_TAG_class_type:
      return "class";
    case DW_TAG_union_type:
      return "union";
    case DW_TAG_enumeration_type:
      return "enum";
    default:
      return "";
  }
}

std::string canonical_name(std::string_view name) {
  int longs = 0;
  bool is_short = false, is_unsigned = false, is_signed = false, is_char = false, is_int = false;
  std::istringstream words{std::string(name)};
  for (std::string word; words >> word;) {
    if (word == "long") {
      ++longs;
    } else if (word == "short") {
      is_short = true;
    } else if (word == "unsigned") {
      is_unsigned = true;
    } else if (word == "signed") {
      is_signed = true;
    } else if (word == "char") {
      is_char = true;
    } else if (word == "int") {
      is_int = true;
    } else {
      return std::string(name);
    }
  }
  if (is_char) return is_unsigned ? "unsigned char" : is_signed ? "signed char" : "char";
  if (!is_int && !is_short && longs == 0 && !is_unsigned && !is_signed) return std::string(name);
  std::string size = is_short ? "short " : longs > 1 ? "long long " : longs == 1 ? "long " : "";
  return size + (is_unsigned ? "unsigned int" : "int");
}

// What a unit declares at its top, in namespaces and, in C++, in classes.
void Dwarf::Impl::index_children(Dwarf_Die parent, const std::string& prefix,
                                 DwarfLanguage language) {
  Dwarf_Die child;
  if (dwarf_child(&parent, &child) != 0) return;
  do {
    const int tag = dwarf_tag(&child);
    const std::string_view keyword = keyword_of(tag);
    const bool is_plain = tag == DW_TAG_base_type || tag == DW_TAG_typedef;
    if (tag == DW_TAG_namespace || tag == DW_TAG_module) {
      const std::string_view name = plain_name(child);
      index_children(child, name.empty() ? prefix : prefix + std::string(name) + "::", language);
      continue;
    }
    if (!is_plain && keyword.empty()) continue;
    const std::string name = prefix + std::string(plain_name(child));
    if (name.size() == prefix.size()) continue;
    const auto add = [&](const std::string& key) {
      const auto [at, is_new] = by_name.emplace(key, child);
      if (!is_new && is_declaration(at->second)) at->second = child;
    };
    if (is_plain) {
      add(canonical_name(name));
    } else {
      add(std::string(keyword) + " " + name);
      if (tag == DW_TAG_class_type) add("struct " + name);
      // C alone keeps them apart from other names.
      if (language != DwarfLanguage::c) add(name);
    }
    if (language == DwarfLanguage::c) continue;
    qualified.emplace(child.addr, name);
    if (!is_plain && tag != DW_TAG_enumeration_type) index_children(child, name + "::", language);
  } while (dwarf_siblingof(&child, &child) == 0);
}

void Dwarf::Impl::index_unit(Dwarf_Die unit) {
  if (std::exchange(indexed[unit.addr], true)) return;
  index_children(unit, "", language_of(unit));
}

bool Dwarf::Impl::index_next() {
  if (walks.empty()) {
    walks.push_back({info.dwarf()});
    if (::Dwarf* shared = dwarf_getalt(info.dwarf())) walks.push_back({shared});
  }
  for (Walk& walk : walks) {
    if (walk.done) continue;
    Dwarf_Die unit = {};
    if (dwarf_get_units(walk.file, walk.unit, &walk.unit, nullptr, nullptr, &unit, nullptr) == 0) {
      index_unit(body_of(unit));
      return true;
    }
    walk.done = true;
  }
  return false;
}

// Complete if anything in the file is.
std::optional<Dwarf_Die> Dwarf::Impl::named(const std::string& name) {
  while (true) {
    const auto found = by_name.find(name);
    if (found != by_name.end() && !is_declaration(found->second)) return found->second;
    if (index_next()) continue;
    if (found == by_name.end()) return std::nullopt;
    return found->second;
  }
}

TypeId Dwarf::find(std::string_view name) const {
  std::optional<Dwarf_Die> die = impl_->named(canonical_name(name));
  // A class by the other of its keywords.
  constexpr std::string_view keyword = "struct ";
  if (!die && name.starts_with("class ")) {
    die = impl_->named(std::string(keyword) + std::string(name.substr(6)));
  }
  return impl_->id_of(die);
}

std::vector<std::string> Dwarf::names_like(std::string_view name) const {
  while (impl_->index_next()) {
  }
  // The keyword is no part of the spelling: it would make short names all alike.
  const auto bare = [](std::string_view text) {
    for (const char* keyword : {"struct ", "union ", "class "})
      if (text.starts_with(keyword)) return text.substr(std::string_view(keyword).size());
    return text;
  };
  std::map<std::string, std::string> full;
  std::vector<std::string> names;
  for (const auto& [known, die] : impl_->by_name) {
    Dwarf_Die type = impl_->resolve(die);
    if (!is_structure(dwarf_tag(&type))) continue;
    names.emplace_back(bare(known));
    full.emplace(names.back(), known);
  }
  std::vector<std::string> found = bytecode::nearest(bare(name), names);
  for (std::string& one : found) one = full[one];
  return found;
}

}  // namespace host
