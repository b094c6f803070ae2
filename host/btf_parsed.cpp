#include "host/btf_parsed.hpp"

#include <bpf/btf.h>

#include <algorithm>

#include "bytecode/suggest.hpp"

namespace host {

using bytecode::CKind;
using bytecode::CMember;
using bytecode::CType;
using bytecode::TypeId;

namespace {

// No type in C nests this deep; a damaged file may.
constexpr int depth_max = 32;

uint32_t hash(std::string_view name) {
  return static_cast<uint32_t>(std::hash<std::string_view>()(name));
}

bool is_indexed(uint32_t kind) {
  switch (kind) {
    case BTF_KIND_INT:
    case BTF_KIND_FLOAT:
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION:
    case BTF_KIND_ENUM:
    case BTF_KIND_ENUM64:
    case BTF_KIND_TYPEDEF:
      return true;
    default:
      return false;
  }
}

// "unsigned long" as the two compilers write it in BTF: "long unsigned int", "unsigned long".
// Empty where the words are not those of a basic type.
std::vector<std::string> integer_spellings(std::string_view words) {
  int longs = 0, shorts = 0, chars = 0, ints = 0, wide = 0;
  bool is_signed = false, is_unsigned = false;
  while (!words.empty()) {
    const size_t space = words.find(' ');
    const std::string_view word = words.substr(0, space);
    words.remove_prefix(space == std::string_view::npos ? words.size() : space + 1);
    if (word == "long") {
      ++longs;
    } else if (word == "short") {
      ++shorts;
    } else if (word == "char") {
      ++chars;
    } else if (word == "int") {
      ++ints;
    } else if (word == "__int128") {
      ++wide;
    } else if (word == "signed") {
      is_signed = true;
    } else if (word == "unsigned") {
      is_unsigned = true;
    } else if (!word.empty()) {
      return {};
    }
  }
  const std::string sign = is_unsigned ? "unsigned " : "";
  if (wide != 0) return {is_unsigned ? "__int128 unsigned" : "__int128", sign + "__int128"};
  if (chars != 0) return {(is_signed ? "signed " : sign) + "char"};
  if (shorts != 0) return {"short " + sign + "int", sign + "short"};
  if (longs == 1) return {"long " + sign + "int", sign + "long"};
  if (longs > 1) return {"long long " + sign + "int", sign + "long long"};
  if (ints != 0 || is_signed || is_unsigned) return {sign + "int"};
  return {};
}

// The kernel's own short names, for BTF of files that lack them.
constexpr std::pair<std::string_view, std::string_view> short_names[] = {
    {"u8", "unsigned char"},
    {"s8", "signed char"},
    {"u16", "unsigned short"},
    {"s16", "short"},
    {"u32", "unsigned int"},
    {"s32", "int"},
    {"u64", "unsigned long long"},
    {"s64", "long long"},
    {"bool", "_Bool"},
};

struct Keyword {
  std::string_view word;
  uint32_t kinds[2];
};
constexpr Keyword keywords[] = {
    {"struct ", {BTF_KIND_STRUCT, BTF_KIND_STRUCT}},
    {"union ", {BTF_KIND_UNION, BTF_KIND_UNION}},
    {"enum ", {BTF_KIND_ENUM, BTF_KIND_ENUM64}},
};

bool has_negative(const btf_type* enumeration) {
  if (!btf_is_enum(enumeration)) return false;
  const struct btf_enum* first = btf_enum(enumeration);
  return std::any_of(first, first + btf_vlen(enumeration),
                     [](const struct btf_enum& one) { return one.val < 0; });
}

std::string_view keyword_of(uint32_t kind) {
  for (const Keyword& keyword : keywords)
    if (kind == keyword.kinds[0] || kind == keyword.kinds[1]) return keyword.word;
  return {};
}

}  // namespace

BtfParsed::BtfParsed(btf* parsed, std::shared_ptr<BtfParsed> base)
    : btf_(parsed), base_(std::move(base)) {}

BtfParsed::~BtfParsed() { btf__free(btf_); }

const char* BtfParsed::text(uint32_t offset) const {
  const char* name = btf__name_by_offset(btf_, offset);
  return name != nullptr ? name : "";
}

const btf_type* BtfParsed::peel(TypeId& type, bool* named) const {
  const btf_type* found = btf__type_by_id(btf_, type);
  for (int depth = 0; depth < depth_max && found != nullptr; ++depth) {
    if (!btf_is_mod(found) && !btf_is_typedef(found)) return found;
    if (named != nullptr && btf_is_typedef(found)) *named = true;
    type = found->type;
    found = btf__type_by_id(btf_, type);
  }
  return nullptr;
}

CType BtfParsed::describe(TypeId type) const {
  CType result;
  if (btf__type_by_id(btf_, type) == nullptr) return result;
  result.name = c_name(type);
  bool named = false;
  const btf_type* found = peel(type, &named);
  if (found == nullptr) return result;
  switch (btf_kind(found)) {
    case BTF_KIND_INT: {
      const uint32_t encoding = btf_int_encoding(found);
      const std::string_view name = text(found->name_off);
      // An s8 is a number, whatever it is defined as.
      const bool is_text = !named && name == "signed char";
      result.kind = (encoding & BTF_INT_BOOL) != 0 ? CKind::boolean
                    : name == "char" || is_text    ? CKind::character
                                                   : CKind::integer;
      result.size = found->size;
      result.is_signed = (encoding & BTF_INT_SIGNED) != 0;
      break;
    }
    case BTF_KIND_FLOAT:
      result.kind = CKind::floating;
      result.size = found->size;
      result.is_signed = true;
      break;
    case BTF_KIND_ENUM:
    case BTF_KIND_ENUM64:
      result.kind = CKind::enumeration;
      result.size = found->size;
      // Before kernels told the sign, every enumeration was said to have none.
      result.is_signed = btf_kflag(found) || has_negative(found);
      break;
    case BTF_KIND_PTR:
      result.kind = CKind::pointer;
      result.size = static_cast<uint32_t>(btf__pointer_size(btf_));
      result.of = found->type;
      break;
    case BTF_KIND_ARRAY: {
      const struct btf_array* array = btf_array(found);
      result.kind = CKind::array;
      result.of = array->type;
      result.count = array->nelems;
      const __s64 size = btf__resolve_size(btf_, type);
      result.size = size > 0 ? static_cast<uint32_t>(size) : 0;
      break;
    }
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION:
      result.kind = CKind::structure;
      result.size = found->size;
      break;
    default:
      break;
  }
  return result;
}

std::string BtfParsed::c_name(TypeId type) const { return declare(type, {}, 0); }

// C declares from the inside out: `inner` is what has been said of the thing so far.
std::string BtfParsed::declare(TypeId type, std::string inner, int depth) const {
  const auto after = [&](std::string base) {
    if (inner.empty()) return base;
    return base + (inner.front() == '[' ? "" : " ") + inner;
  };
  if (type == 0) return after("void");
  const btf_type* found = btf__type_by_id(btf_, type);
  if (found == nullptr || depth > depth_max) return after("?");
  const std::string name = text(found->name_off);
  const auto qualified = [&](const char* word) {
    TypeId target = found->type;
    const btf_type* of = btf__type_by_id(btf_, target);
    if (of != nullptr && btf_is_ptr(of))
      return declare(found->type, inner.empty() ? word : word + (" " + inner), depth + 1);
    return word + (" " + declare(found->type, std::move(inner), depth + 1));
  };
  switch (btf_kind(found)) {
    case BTF_KIND_STRUCT:
      return after(name.empty() ? "struct {...}" : "struct " + name);
    case BTF_KIND_UNION:
      return after(name.empty() ? "union {...}" : "union " + name);
    case BTF_KIND_FWD:
      return after((btf_kflag(found) ? "union " : "struct ") + name);
    case BTF_KIND_ENUM:
    case BTF_KIND_ENUM64:
      return after(name.empty() ? "enum {...}" : "enum " + name);
    case BTF_KIND_CONST:
      return qualified("const");
    case BTF_KIND_VOLATILE:
      return qualified("volatile");
    case BTF_KIND_RESTRICT:
    case BTF_KIND_TYPE_TAG:
      return declare(found->type, std::move(inner), depth + 1);
    case BTF_KIND_PTR: {
      const btf_type* of = btf__type_by_id(btf_, found->type);
      const bool binds_less = of != nullptr && (btf_is_array(of) || btf_is_func_proto(of));
      inner = "*" + inner;
      if (binds_less) inner = "(" + inner + ")";
      return declare(found->type, std::move(inner), depth + 1);
    }
    case BTF_KIND_ARRAY: {
      const struct btf_array* array = btf_array(found);
      const std::string count = array->nelems != 0 ? std::to_string(array->nelems) : "";
      return declare(array->type, inner + "[" + count + "]", depth + 1);
    }
    case BTF_KIND_FUNC_PROTO: {
      std::string args;
      for (uint16_t i = 0; i < btf_vlen(found); ++i) {
        const TypeId of = btf_params(found)[i].type;
        if (i != 0) args += ", ";
        args += of == 0 ? "..." : declare(of, {}, depth + 1);
      }
      return declare(found->type, inner + "(" + (args.empty() ? "void" : args) + ")", depth + 1);
    }
    case BTF_KIND_FUNC:
      return declare(found->type, std::move(inner), depth + 1);
    default:
      return after(name);
  }
}

bool BtfParsed::each_member(TypeId structure, uint32_t at,
                            const std::function<bool(CMember&&)>& sink) const {
  const btf_type* found = peel(structure);
  if (found == nullptr || !btf_is_composite(found)) return true;
  const btf_member* members = btf_members(found);
  for (uint16_t i = 0; i < btf_vlen(found); ++i) {
    CMember member;
    member.name = text(members[i].name_off);
    member.type = members[i].type;
    member.bit_offset = at + btf_member_bit_offset(found, i);
    member.bit_size = btf_member_bitfield_size(found, i);
    if (member.name.empty() && member.bit_size == 0) {
      // A structure holds no other of its own type: this ends.
      if (!each_member(member.type, member.bit_offset, sink)) return false;
      continue;
    }
    if (member.bit_size == 0) {
      // Older compilers gave a bitfield an integer type of its own width.
      TypeId type = member.type;
      const btf_type* of = peel(type);
      if (of != nullptr && btf_is_int(of) && btf_int_bits(of) < 8 * of->size) {
        member.bit_size = btf_int_bits(of);
        member.bit_offset += btf_int_offset(of);
      }
    }
    if (!sink(std::move(member))) return false;
  }
  return true;
}

std::vector<std::pair<int64_t, std::string>> BtfParsed::enumerators(TypeId enumeration) const {
  std::vector<std::pair<int64_t, std::string>> found;
  const btf_type* type = peel(enumeration);
  if (type == nullptr) return found;
  if (btf_is_enum(type)) {
    for (uint16_t i = 0; i < btf_vlen(type); ++i) {
      const struct btf_enum& one = btf_enum(type)[i];
      found.emplace_back(one.val, text(one.name_off));
    }
  } else if (btf_is_enum64(type)) {
    for (uint16_t i = 0; i < btf_vlen(type); ++i) {
      const struct btf_enum64& one = btf_enum64(type)[i];
      found.emplace_back(static_cast<int64_t>(btf_enum64_value(&one)), text(one.name_off));
    }
  }
  return found;
}

BtfParsed::Index BtfParsed::make_index(bool of_functions) const {
  Index index;
  const uint32_t first = base_ ? btf__type_cnt(base_->get()) : 1;
  for (uint32_t id = first, count = btf__type_cnt(btf_); id < count; ++id) {
    const btf_type* type = btf__type_by_id(btf_, id);
    const uint32_t kind = btf_kind(type);
    if (type->name_off == 0) continue;
    if (of_functions ? kind != BTF_KIND_FUNC : !is_indexed(kind)) continue;
    index.push_back(uint64_t{hash(text(type->name_off))} << 32 | id);
  }
  std::sort(index.begin(), index.end());
  index.shrink_to_fit();
  return index;
}

const BtfParsed::Index& BtfParsed::functions() const {
  if (!functions_) functions_ = make_index(true);
  return *functions_;
}

const BtfParsed::Index& BtfParsed::types() const {
  if (!types_) types_ = make_index(false);
  return *types_;
}

TypeId BtfParsed::look_up(const Index& index, std::string_view name, uint32_t kind) const {
  const uint32_t wanted = hash(name);
  for (auto at = std::lower_bound(index.begin(), index.end(), uint64_t{wanted} << 32);
       at != index.end() && *at >> 32 == wanted; ++at) {
    const auto id = static_cast<TypeId>(*at);
    const btf_type* type = btf__type_by_id(btf_, id);
    if (btf_kind(type) == kind && text(type->name_off) == name) return id;
  }
  return 0;
}

TypeId BtfParsed::find_own(std::string_view name, uint32_t kind) const {
  return look_up(types(), name, kind);
}

TypeId BtfParsed::find_function(std::string_view name) const {
  return look_up(functions(), name, BTF_KIND_FUNC);
}

TypeId BtfParsed::find_any(std::string_view name, uint32_t kind) const {
  const TypeId own = find_own(name, kind);
  return own == 0 && base_ ? base_->find_any(name, kind) : own;
}

TypeId BtfParsed::find(std::string_view name) const {
  for (const char* qualifier : {"const ", "volatile "})
    if (name.starts_with(qualifier)) return find(name.substr(std::string_view(qualifier).size()));
  for (const Keyword& keyword : keywords) {
    if (!name.starts_with(keyword.word)) continue;
    for (const uint32_t kind : keyword.kinds)
      if (const TypeId id = find_any(name.substr(keyword.word.size()), kind)) return id;
    return 0;
  }
  for (const uint32_t kind :
       std::initializer_list<uint32_t>{BTF_KIND_TYPEDEF, BTF_KIND_INT, BTF_KIND_FLOAT})
    if (const TypeId id = find_any(name, kind)) return id;
  for (const std::string& spelling : integer_spellings(name))
    if (const TypeId id = find_any(spelling, BTF_KIND_INT)) return id;
  for (const auto& [shorter, meaning] : short_names)
    if (shorter == name) return find(meaning);
  return 0;
}

std::vector<std::string> BtfParsed::names_like(std::string_view name) const {
  constexpr size_t letters = 3;
  std::string_view keyword;
  for (const Keyword& one : keywords)
    if (name.starts_with(one.word)) keyword = one.word;
  const std::string_view bare = name.substr(keyword.size());
  if (bare.empty()) return {};
  std::vector<std::string> exact, near;
  const auto consider = [&](const BtfParsed& of, TypeId id) {
    const btf_type* type = btf__type_by_id(of.btf_, id);
    const std::string_view word = keyword_of(btf_kind(type));
    const std::string_view other = of.text(type->name_off);
    if (other == bare) {
      exact.push_back(std::string(word) + std::string(other));
    } else if ((keyword.empty() || word == keyword) && other.front() == bare.front() &&
               other.size() <= bare.size() + letters && bare.size() <= other.size() + letters) {
      near.emplace_back(other);
    }
  };
  for (const BtfParsed* of = this; of != nullptr; of = of->base_.get())
    for (const uint64_t entry : of->types()) consider(*of, static_cast<TypeId>(entry));
  // The right name under another keyword beats every misspelling.
  std::vector<std::string> found = std::move(exact);
  if (found.empty()) {
    std::sort(near.begin(), near.end());
    near.erase(std::unique(near.begin(), near.end()), near.end());
    for (const std::string& one : bytecode::nearest(bare, near)) {
      for (const std::string_view word : {"struct ", "union ", "enum ", ""}) {
        if (!keyword.empty() && word != keyword) continue;
        std::string whole = std::string(word) + one;
        if (find(whole) == 0) continue;
        found.push_back(std::move(whole));
        break;
      }
    }
    return found;
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

std::optional<Prototype> BtfParsed::prototype(TypeId function, size_t hidden) const {
  if (function == 0) return std::nullopt;
  TypeId type = function;
  const btf_type* found = peel(type);
  if (found != nullptr && (btf_is_func(found) || btf_is_ptr(found))) {
    type = found->type;
    found = peel(type);
  }
  if (found == nullptr || !btf_is_func_proto(found)) return std::nullopt;
  Prototype prototype;
  prototype.id = function;
  prototype.returns = found->type;
  const btf_param* params = btf_params(found);
  for (size_t i = hidden; i < btf_vlen(found); ++i) {
    if (params[i].type == 0) {  // the arguments that have no number
      prototype.is_variadic = true;
      break;
    }
    std::string name = text(params[i].name_off);
    if (name.empty()) name = "arg" + std::to_string(i - hidden);
    prototype.args.emplace_back(std::move(name), params[i].type);
  }
  return prototype;
}

void BtfParsed::each_named(uint32_t kind,
                           const std::function<bool(TypeId, std::string_view)>& sink) const {
  const uint32_t first = base_ ? btf__type_cnt(base_->get()) : 1;
  for (uint32_t id = first, count = btf__type_cnt(btf_); id < count; ++id) {
    const btf_type* type = btf__type_by_id(btf_, id);
    if (btf_kind(type) == kind && type->name_off != 0 && !sink(id, text(type->name_off))) return;
  }
}

}  // namespace host
