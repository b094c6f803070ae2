// What a probe's context holds, as the compiler sees it. The host makes one for each target (from a
// tracepoint's format file, a calling convention, BTF); nothing here knows where it came from.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bytecode {

enum class FieldKind : uint8_t {
  integer,     // size 1, 2, 4 or 8 at offset
  char_array,  // size bytes of text at offset, NUL-terminated unless full
  data_loc,    // a __data_loc word at offset: length << 16 | offset of the text in the same context
  string,      // an address at offset (8 bytes) of NUL-terminated text, user or kernel
  address,     // an address at offset (8 bytes): an integer that read-str and its like take
  array,  // not readable yet: size bytes of something else; using it is an error that names `type`
};

struct Field {
  std::string name;  // "filename"; for a plain register "arg0"
  FieldKind kind = FieldKind::integer;
  uint32_t offset = 0;  // in the context
  uint32_t size = 8;    // bytes
  bool is_signed = false;
  std::vector<int32_t>
      deref;  // not empty: the word at `offset` is an address; follow it by each of these offsets
              // in kernel memory, the last step reading `size` bytes
  std::string type;  // as the kernel or the binary declares it, for messages: "const char *"
};

struct Schema {
  std::string target;       // for messages: "tracepoint:syscalls:sys_enter_openat"
  std::vector<Field> args;  // $ctx.args.NAME
  std::vector<Field>
      registers;  // $ctx.argN, in order; empty where the probe has none. May repeat an arg.
  bool has_retval = false;
  Field retval;  // $ctx.retval

  const Field* find_arg(std::string_view name) const {
    for (const Field& field : args)
      if (field.name == name) return &field;
    return nullptr;
  }
};

}  // namespace bytecode
