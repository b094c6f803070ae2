// C types as the closure language walks them: `$ctx.args.file.f_path.dentry`, `$p | as 'struct
// sock *'`. The host answers from BTF or DWARF, tests from a table; nothing here knows which.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bytecode {

// A type of one TypeSource. 0 is no type: void, or one that nobody knows.
using TypeId = uint32_t;

enum class CKind : uint8_t {
  nothing,      // void, a function, an incomplete type: an address may point to it, no more
  integer,      // `size` 1, 2, 4, 8 or 16
  boolean,      // _Bool
  character,    // char, signed char: arrays of it and pointers to it are text
  enumeration,  // an integer with names
  floating,
  pointer,    // to `of`
  array,      // `count` of `of`; 0 where C does not say how many
  structure,  // struct or union
};

// Typedefs and qualifiers are looked through; `name` keeps them.
struct CType {
  CKind kind = CKind::nothing;
  uint32_t size = 0;  // bytes, of an array all of it
  bool is_signed = false;
  TypeId of = 0;
  uint32_t count = 0;
  std::string name;  // as C writes it: "struct sock *", "__be32", "char[16]"
};

// Where a member lies in its structure. Of a bitfield `bit_size` is not 0.
struct CMember {
  std::string name;
  TypeId type = 0;
  uint32_t bit_offset = 0;
  uint32_t bit_size = 0;
};

// Not thread-safe: it may read the file behind it on first use.
class TypeSource {
 public:
  virtual ~TypeSource() = default;
  virtual CType describe(TypeId type) const = 0;
  // A member of a structure by name, through unnamed structs and unions; offsets from the
  // outermost.
  virtual std::optional<CMember> member(TypeId structure, std::string_view name) const = 0;
  // All of them, in order, the unnamed ones' members in their place.
  virtual std::vector<CMember> members(TypeId structure) const = 0;
  // By the name that C gives it: "struct sock", "enum tcp_state", "pid_t", "unsigned int", "u32".
  // No pointers or arrays (cast.hpp reads those). 0 where there is none.
  virtual TypeId find(std::string_view name) const = 0;
  // Names of structures that a misspelt one may have meant.
  virtual std::vector<std::string> names_like(std::string_view name) const = 0;
  virtual std::vector<std::pair<int64_t, std::string>> enumerators(TypeId enumeration) const = 0;
};

}  // namespace bytecode
