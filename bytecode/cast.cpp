#include "bytecode/cast.hpp"

#include <limits>

namespace bytecode {
namespace {

struct Own {
  std::string_view name;
  CKind kind;
  uint32_t size;
  bool is_signed;
};

constexpr Own kOwn[] = {
    {"i8", CKind::integer, 1, true},    {"i16", CKind::integer, 2, true},
    {"i32", CKind::integer, 4, true},   {"i64", CKind::integer, 8, true},
    {"u8", CKind::integer, 1, false},   {"u16", CKind::integer, 2, false},
    {"u32", CKind::integer, 4, false},  {"u64", CKind::integer, 8, false},
    {"bool", CKind::boolean, 1, false}, {"char", CKind::character, 1, true},
};
constexpr TypeId kFirstOwn = std::numeric_limits<TypeId>::max() - std::size(kOwn);

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n'; }

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_qualifier(std::string_view word) {
  return word == "const" || word == "volatile" || word == "restrict" || word == "__user" ||
         word == "__kernel" || word == "__rcu";
}

}  // namespace

std::optional<Cast> parse_cast(std::string_view text) {
  constexpr uint8_t kMostPointers = 8;
  Cast cast;
  while (!text.empty()) {
    if (is_space(text.front())) {
      text.remove_prefix(1);
      continue;
    }
    if (text.front() == '*') {
      if (cast.name.empty() || ++cast.pointers > kMostPointers) return std::nullopt;
      text.remove_prefix(1);
      continue;
    }
    size_t length = 0;
    while (length < text.size() && is_word(text[length])) ++length;
    if (length == 0) return std::nullopt;
    const std::string_view word = text.substr(0, length);
    text.remove_prefix(length);
    if (is_qualifier(word)) continue;
    if (cast.pointers > 0) return std::nullopt;
    cast.name += cast.name.empty() ? "" : " ";
    cast.name += word;
  }
  return cast.name.empty() ? std::nullopt : std::optional(std::move(cast));
}

TypeId own_type(std::string_view name) {
  for (size_t i = 0; i < std::size(kOwn); ++i)
    if (kOwn[i].name == name) return kFirstOwn + static_cast<TypeId>(i);
  return 0;
}

std::optional<CType> describe_own(TypeId type) {
  if (type < kFirstOwn || type - kFirstOwn >= std::size(kOwn)) return std::nullopt;
  const Own& own = kOwn[type - kFirstOwn];
  CType described;
  described.kind = own.kind;
  described.size = own.size;
  described.is_signed = own.is_signed;
  described.name = own.name;
  return described;
}

}  // namespace bytecode
