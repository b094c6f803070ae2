// The C types that `as` takes: 'struct sock *', 'unsigned int', u32. A TypeSource finds types by
// name; what is around the name, and the integers that need no source, are read here.
//
//   parse_cast("const struct sock **")     {"struct sock", 2}
//   parse_cast("char[16]")                 nothing: an array is not a value
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bytecode/ctype.hpp"

namespace bytecode {

struct Cast {
  std::string name;      // without const and the like, words with one space between
  uint8_t pointers = 0;  // how many `*` follow it
};

// Nothing where the text is not of that form.
std::optional<Cast> parse_cast(std::string_view text);

// i8 to u64, bool and char, known without a TypeSource: ids that no source uses. 0 for other names.
TypeId own_type(std::string_view name);
// Of such an id; nothing for those of a source.
std::optional<CType> describe_own(TypeId type);

}  // namespace bytecode
