// Types as C writes them, one look at a time.
#include <dwarf.h>

#include <algorithm>

#include "host/dwarf_impl.hpp"

namespace host {

using bytecode::CKind;
using bytecode::CMember;
using bytecode::CType;
using bytecode::TypeId;

namespace {

// No type nests as deep; a broken file's may.
constexpr int depth_max = 64;

bool is_pointer(int tag) {
  return tag == DW_TAG_pointer_type || tag == DW_TAG_reference_type ||
         tag == DW_TAG_rvalue_reference_type;
}

bool is_qualifier(int tag) {
  return tag == DW_TAG_const_type || tag == DW_TAG_volatile_type || tag == DW_TAG_atomic_type;
}

std::optional<uint64_t> number(Dwarf_Die die, unsigned attribute) {
  Dwarf_Attribute found;
  Dwarf_Word value = 0;
  if (dwarf_attr_integrate(&die, attribute, &found) == nullptr ||
      dwarf_formudata(&found, &value) != 0)
    return std::nullopt;
  return value;
}

// An int8_t is a number, whatever it is defined as; a signed char is text.
bool is_signed_text(Dwarf_Die die) {
  for (int depth = 0; depth < depth_max && is_qualifier(dwarf_tag(&die)); ++depth) {
    const std::optional<Dwarf_Die> of = referred(die, DW_AT_type);
    if (!of) return false;
    die = *of;
  }
  return dwarf_tag(&die) == DW_TAG_base_type && plain_name(die) == "signed char";
}

// How many elements each dimension has; 0 where that is not said or changes.
std::vector<uint32_t> dimensions_of(Dwarf_Die array) {
  std::vector<uint32_t> counts;
  Dwarf_Die child;
  if (dwarf_child(&array, &child) != 0) return counts;
  do {
    if (dwarf_tag(&child) != DW_TAG_subrange_type) continue;
    if (const auto count = number(child, DW_AT_count)) {
      counts.push_back(static_cast<uint32_t>(*count));
    } else if (const auto last = number(child, DW_AT_upper_bound)) {
      // Of a zero-length array GCC says that its last element is number -1.
      const uint64_t first = number(child, DW_AT_lower_bound).value_or(0);
      counts.push_back(static_cast<uint32_t>(*last - first + 1));
    } else {
      counts.push_back(0);
    }
  } while (dwarf_siblingof(&child, &child) == 0);
  return counts;
}

// The bits of a member, whichever of DWARF's three ways describes them; empty for what lies nowhere
// fixed (static members, virtual bases).
std::optional<std::pair<uint32_t, uint32_t>> bits_of(Dwarf_Die member, uint32_t type_size) {
  Dwarf_Attribute attribute;
  uint64_t bytes = 0;
  if (dwarf_attr(&member, DW_AT_data_member_location, &attribute) != nullptr) {
    Dwarf_Word value = 0;
    Dwarf_Op* operations = nullptr;
    size_t count = 0;
    if (dwarf_formudata(&attribute, &value) == 0)
      bytes = value;
    else if (dwarf_getlocation(&attribute, &operations, &count) == 0 && count == 1 &&
             operations[0].atom == DW_OP_plus_uconst)
      bytes = operations[0].number;
    else
      return std::nullopt;
  }
  const auto size = static_cast<uint32_t>(number(member, DW_AT_bit_size).value_or(0));
  if (const auto bit = number(member, DW_AT_data_bit_offset))
    return std::pair(static_cast<uint32_t>(*bit), size);
  uint64_t bit = bytes * 8;
  // Before DWARF 5: from the most significant bit of the unit that holds it.
  if (const auto from_top = number(member, DW_AT_bit_offset)) {
    const uint64_t unit = number(member, DW_AT_byte_size).value_or(type_size);
    bit += unit * 8 - *from_top - size;
  }
  return std::pair(static_cast<uint32_t>(bit), size);
}

std::string joined(std::string_view type, std::string_view declarator) {
  std::string text(type);
  if (!declarator.empty() && declarator.front() != '[') text += ' ';
  return text.append(declarator);
}

}  // namespace

bool is_structure(int tag) {
  return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type;
}

TypeId Dwarf::Impl::id_of(const std::optional<Dwarf_Die>& die, unsigned dimension) {
  if (!die) return 0;
  // What lies in a type unit of its own is known by that alone.
  if (const auto unit = referred(*die, DW_AT_signature)) return id_of(*unit);
  const auto known = ids.find({die->addr, dimension});
  if (known != ids.end()) return known->second;
  // Its own number first: a type may lead back to itself.
  const Met type = {*die, dimension};
  const auto id = static_cast<TypeId>(types.size());
  types.push_back(type);
  ids[{die->addr, dimension}] = id;
  const std::string key = identity(type);
  if (key.empty()) return id;
  const TypeId first = equal.emplace(key, id).first->second;
  ids[{die->addr, dimension}] = first;
  return first;
}

// What two equal types of different units have in common; "" where a type has no name to go by. Of
// members only names and places: their types would lead through the whole file.
std::string Dwarf::Impl::identity(const Met& type) {
  const CType described = describe(type, false);
  if (described.name.empty() || described.name.find('{') != std::string::npos) return {};
  Dwarf_Die die = type.die, peeled;
  std::string key = described.name + '|' + std::to_string(static_cast<int>(described.kind)) + '|' +
                    std::to_string(described.size) + '|' + std::to_string(described.of) + '|' +
                    std::to_string(dwarf_tag(&die));
  if (described.kind != CKind::structure) return key;
  if (!is_structure(dwarf_tag(&die)))
    return dwarf_peel_type(&die, &peeled) == 0 ? key + '|' + std::to_string(id_of(peeled)) : "";
  walk_members(die, 0, false, 0, [&](const Member& member) {
    key.append(1, '|').append(member.name) += '@' + std::to_string(member.bit_offset);
    return false;
  });
  return key;
}

CMember Dwarf::Impl::met(const Member& member) {
  return {std::string(member.name), id_of(member.type), member.bit_offset, member.bit_size};
}

Dwarf_Die Dwarf::Impl::resolve(Dwarf_Die die) {
  Dwarf_Die peeled;
  if (dwarf_peel_type(&die, &peeled) == 0) die = peeled;
  // The definition may lie in a type unit of its own, or in another compile unit.
  if (auto unit = referred(die, DW_AT_signature)) return *unit;
  if (!is_declaration(die)) return die;
  const std::string_view keyword = keyword_of(dwarf_tag(&die));
  const std::string name = own_name(die);
  if (keyword.empty() || name.empty()) return die;
  const bool has_keyword = name.starts_with(std::string(keyword) + " ");
  return named(has_keyword ? name : std::string(keyword) + " " + name).value_or(die);
}

// Of what has a name of its own: "struct sock", "ns::Sock", "size_t".
std::string Dwarf::Impl::own_name(Dwarf_Die die) {
  const std::string_view name = plain_name(die);
  const std::string_view keyword = keyword_of(dwarf_tag(&die));
  Dwarf_Die unit;
  const bool has_unit = dwarf_diecu(&die, &unit, nullptr, nullptr) != nullptr;
  if (has_unit && language_of(unit) != DwarfLanguage::c) {
    index_unit(unit);
    if (const auto found = qualified.find(die.addr); found != qualified.end()) return found->second;
    if (!name.empty()) return std::string(name);
  }
  if (keyword.empty()) return std::string(name);
  return std::string(keyword) + " " + (name.empty() ? "{...}" : std::string(name));
}

// `declarator` is what C writes around a name: "*", "(*)(int)", "[4]".
std::string Dwarf::Impl::name_of(const std::optional<Dwarf_Die>& type, std::string declarator,
                                 unsigned dimension, int depth) {
  if (!type) return joined("void", declarator);
  if (depth > depth_max) return joined("...", declarator);
  Dwarf_Die die = referred(*type, DW_AT_signature).value_or(*type);
  const int tag = dwarf_tag(&die);
  const std::optional<Dwarf_Die> of = referred(die, DW_AT_type);
  Dwarf_Die inner = of.value_or(Dwarf_Die{});
  const int inner_tag = of ? dwarf_tag(&inner) : DW_TAG_invalid;
  const auto qualifier = [&](const std::string& word) {
    if (!is_pointer(inner_tag)) return word + " " + name_of(of, declarator, 0, depth + 1);
    return name_of(of, declarator.empty() ? word : word + " " + declarator, 0, depth + 1);
  };
  switch (tag) {
    case DW_TAG_const_type:
      return qualifier("const");
    case DW_TAG_volatile_type:
      return qualifier("volatile");
    case DW_TAG_atomic_type:
      return qualifier("_Atomic");
    case DW_TAG_restrict_type:
      return name_of(of, declarator, 0, depth + 1);
    case DW_TAG_pointer_type:
    case DW_TAG_reference_type:
    case DW_TAG_rvalue_reference_type: {
      // Rust names its pointers itself.
      if (const std::string_view own = plain_name(die); !own.empty())
        return joined(own, declarator);
      const char* mark = tag == DW_TAG_pointer_type     ? "*"
                         : tag == DW_TAG_reference_type ? "&"
                                                        : "&&";
      declarator = !declarator.empty() && declarator.front() != '*' && declarator.front() != '['
                       ? mark + std::string(declarator.front() == '(' ? "" : " ") + declarator
                       : mark + declarator;
      if (inner_tag == DW_TAG_array_type || inner_tag == DW_TAG_subroutine_type)
        declarator = "(" + declarator + ")";
      return name_of(of, declarator, 0, depth + 1);
    }
    case DW_TAG_array_type: {
      const std::vector<uint32_t> counts = dimensions_of(die);
      for (size_t i = dimension; i < counts.size(); ++i)
        declarator += "[" + (counts[i] == 0 ? "" : std::to_string(counts[i])) + "]";
      return name_of(of, declarator, 0, depth + 1);
    }
    case DW_TAG_subroutine_type: {
      std::string list;
      Dwarf_Die child;
      for (bool more = dwarf_child(&die, &child) == 0; more;
           more = dwarf_siblingof(&child, &child) == 0) {
        if (!list.empty()) list += ", ";
        list += dwarf_tag(&child) == DW_TAG_unspecified_parameters
                    ? "..."
                    : name_of(referred(child, DW_AT_type), "", 0, depth + 1);
      }
      return name_of(of, declarator + "(" + (list.empty() ? "void" : list) + ")", 0, depth + 1);
    }
    default:
      return joined(own_name(die), declarator);
  }
}

CType Dwarf::Impl::describe(const Met& type, bool complete) {
  CType described;
  if (type.die.addr == nullptr) {
    described.name = "void";
    return described;
  }
  described.name = name_of(type.die, "", type.dimension);
  Dwarf_Die die = type.die;
  Dwarf_Die peeled;
  if (dwarf_peel_type(&die, &peeled) == 0) die = peeled;
  if (complete && is_structure(dwarf_tag(&die))) die = resolve(die);
  Dwarf_Word size = 0;
  if (dwarf_aggregate_size(&die, &size) == 0) described.size = static_cast<uint32_t>(size);
  switch (const int tag = dwarf_tag(&die)) {
    case DW_TAG_base_type: {
      const uint64_t encoding = number(die, DW_AT_encoding).value_or(0);
      described.is_signed = encoding == DW_ATE_signed || encoding == DW_ATE_signed_char;
      if (encoding == DW_ATE_boolean)
        described.kind = CKind::boolean;
      else if (encoding == DW_ATE_float || encoding == DW_ATE_complex_float ||
               encoding == DW_ATE_imaginary_float || encoding == DW_ATE_decimal_float)
        described.kind = CKind::floating;
      else if (described.size == 1 &&
               (plain_name(die) == "char" || encoding == DW_ATE_UTF || is_signed_text(type.die)))
        described.kind = CKind::character;
      else if (described.size != 0)
        described.kind = CKind::integer;
      break;
    }
    case DW_TAG_enumeration_type: {
      described.kind = CKind::enumeration;
      if (auto under = referred(die, DW_AT_type)) {
        const CType integer = describe({*under, 0}, complete);
        described.is_signed = integer.is_signed;
        if (described.size == 0) described.size = integer.size;
      }
      break;
    }
    case DW_TAG_structure_type:
    case DW_TAG_class_type:
    case DW_TAG_union_type:
      if (!is_declaration(die)) described.kind = CKind::structure;
      break;
    case DW_TAG_array_type: {
      described.kind = CKind::array;
      const std::vector<uint32_t> counts = dimensions_of(die);
      const auto element = referred(die, DW_AT_type);
      const unsigned next = type.dimension + 1;
      described.of = next < counts.size() ? id_of(die, next) : id_of(element);
      if (type.dimension < counts.size()) described.count = counts[type.dimension];
      Dwarf_Word bytes = 0;
      Dwarf_Die of = element.value_or(Dwarf_Die{});
      if (element && dwarf_aggregate_size(&of, &bytes) == 0)
        for (size_t i = type.dimension; i < counts.size(); ++i) bytes *= counts[i];
      described.size = static_cast<uint32_t>(bytes);
      break;
    }
    default:
      if (!is_pointer(tag)) break;
      described.kind = CKind::pointer;
      if (described.size == 0) described.size = 8;
      described.of = id_of(referred(die, DW_AT_type));
      break;
  }
  return described;
}

bool Dwarf::Impl::walk_members(Dwarf_Die structure, uint32_t base_bits, bool bases, int depth,
                               const MemberSink& sink) {
  Dwarf_Die child;
  if (depth > depth_max || dwarf_child(&structure, &child) != 0) return false;
  do {
    const int tag = dwarf_tag(&child);
    if (tag != DW_TAG_member && !(tag == DW_TAG_inheritance && bases)) continue;
    if (is_declaration(child)) continue;  // static, before DWARF 5
    const std::optional<Dwarf_Die> type = referred(child, DW_AT_type);
    Dwarf_Word size = 0;
    Dwarf_Die of = type.value_or(Dwarf_Die{});
    if (!type || dwarf_aggregate_size(&of, &size) != 0) size = 0;
    const auto bits = bits_of(child, static_cast<uint32_t>(size));
    if (!bits) continue;
    const std::string_view name = plain_name(child);
    if (tag == DW_TAG_inheritance || (name.empty() && type && bits->second == 0)) {
      const Dwarf_Die inner = resolve(*type);
      if (walk_members(inner, base_bits + bits->first, bases, depth + 1, sink)) return true;
    } else if (!name.empty()) {
      if (sink({name, type, base_bits + bits->first, bits->second})) return true;
    }
  } while (dwarf_siblingof(&child, &child) == 0);
  return false;
}

CType Dwarf::describe(TypeId type) const {
  return impl_->describe(type < impl_->types.size() ? impl_->types[type] : Impl::Met{}, true);
}

std::optional<CMember> Dwarf::member(TypeId structure, std::string_view name) const {
  if (structure == 0 || structure >= impl_->types.size()) return std::nullopt;
  const Dwarf_Die die = impl_->resolve(impl_->types[structure].die);
  std::optional<CMember> found;
  const auto sink = [&](const Impl::Member& member) {
    if (member.name != name) return false;
    found = impl_->met(member);
    return true;
  };
  // A class hides its bases' members of that name.
  if (!impl_->walk_members(die, 0, false, 0, sink)) impl_->walk_members(die, 0, true, 0, sink);
  return found;
}

std::vector<CMember> Dwarf::members(TypeId structure) const {
  std::vector<CMember> found;
  if (structure == 0 || structure >= impl_->types.size()) return found;
  impl_->walk_members(impl_->resolve(impl_->types[structure].die), 0, true, 0,
                      [&](const Impl::Member& member) {
                        found.push_back(impl_->met(member));
                        return false;
                      });
  return found;
}

std::vector<std::pair<int64_t, std::string>> Dwarf::enumerators(TypeId enumeration) const {
  std::vector<std::pair<int64_t, std::string>> values;
  if (enumeration == 0 || enumeration >= impl_->types.size()) return values;
  Dwarf_Die die = impl_->resolve(impl_->types[enumeration].die);
  Dwarf_Die child;
  if (dwarf_tag(&die) != DW_TAG_enumeration_type || dwarf_child(&die, &child) != 0) return values;
  do {
    Dwarf_Attribute attribute;
    if (dwarf_tag(&child) != DW_TAG_enumerator ||
        dwarf_attr(&child, DW_AT_const_value, &attribute) == nullptr)
      continue;
    // Fixed sizes are written for what is not negative.
    Dwarf_Sword value = 0;
    Dwarf_Word word = 0;
    const unsigned form = dwarf_whatform(&attribute);
    const bool is_signed = form == DW_FORM_sdata || form == DW_FORM_implicit_const;
    if (is_signed ? dwarf_formsdata(&attribute, &value) != 0
                  : dwarf_formudata(&attribute, &word) != 0)
      continue;
    values.emplace_back(is_signed ? value : static_cast<int64_t>(word), plain_name(child));
  } while (dwarf_siblingof(&child, &child) == 0);
  return values;
}

// The C++ ABI's rule: what is not copied by copying its bytes. Few compilers write the answer down;
// what they all write down is which of a class's functions are its author's.
bool Dwarf::Impl::has_own_copy(Dwarf_Die type, int depth) {
  type = resolve(type);
  if (dwarf_tag(&type) == DW_TAG_array_type) {
    const auto element = referred(type, DW_AT_type);
    return element && depth < depth_max && has_own_copy(*element, depth + 1);
  }
  if (!is_structure(dwarf_tag(&type)) || depth > depth_max) return false;
  if (const auto said = number(type, DW_AT_calling_convention))
    return *said == DW_CC_pass_by_reference;
  std::string_view name = plain_name(type);
  name = name.substr(0, name.find('<'));
  Dwarf_Die child;
  if (dwarf_child(&type, &child) != 0) return false;
  do {
    const int tag = dwarf_tag(&child);
    if (tag == DW_TAG_inheritance && number(child, DW_AT_virtuality).value_or(0) != 0) return true;
    if (tag == DW_TAG_inheritance || (tag == DW_TAG_member && !is_declaration(child))) {
      const auto part = referred(child, DW_AT_type);
      if (part && has_own_copy(*part, depth + 1)) return true;
    }
    if (tag != DW_TAG_subprogram) continue;
    if (number(child, DW_AT_virtuality).value_or(0) != 0) return true;
    if (dwarf_hasattr(&child, DW_AT_artificial) || dwarf_hasattr(&child, DW_AT_deleted) ||
        number(child, DW_AT_defaulted).value_or(0) == DW_DEFAULTED_in_class)
      continue;
    const std::string_view function = plain_name(child);
    if (function.starts_with('~') || (function == name && takes_reference(child, type)))
      return true;
  } while (dwarf_siblingof(&child, &child) == 0);
  return false;
}

// A constructor that copies or moves: its first parameter, after `this`, is another of its class.
bool Dwarf::Impl::takes_reference(Dwarf_Die constructor, Dwarf_Die type) {
  Dwarf_Die parameter;
  if (dwarf_child(&constructor, &parameter) != 0) return false;
  do {
    if (dwarf_tag(&parameter) != DW_TAG_formal_parameter ||
        dwarf_hasattr(&parameter, DW_AT_artificial))
      continue;
    Dwarf_Die reference = referred(parameter, DW_AT_type).value_or(Dwarf_Die{});
    const int tag = reference.addr == nullptr ? DW_TAG_invalid : dwarf_tag(&reference);
    if (tag != DW_TAG_reference_type && tag != DW_TAG_rvalue_reference_type) return false;
    const auto of = referred(reference, DW_AT_type);
    return of && resolve(*of).addr == type.addr;
  } while (dwarf_siblingof(&parameter, &parameter) == 0);
  return false;
}

bool Dwarf::passed_by_address(TypeId type) const {
  if (type == 0 || type >= impl_->types.size()) return false;
  return impl_->has_own_copy(impl_->types[type].die, 0);
}

}  // namespace host
