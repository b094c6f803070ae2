// What a probe's context holds, as the compiler sees it. The host makes one for each target (from a
// tracepoint's format file, a calling convention, BTF); nothing here knows where it came from.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bytecode/ctype.hpp"

namespace bytecode {

enum class FieldKind : uint8_t {
  integer,     // size 1, 2, 4 or 8 at offset
  char_array,  // size bytes of text at offset, NUL-terminated unless full
  data_loc,    // a __data_loc word at offset: length << 16 | offset of the text in the same context
  string,      // an address at offset (8 bytes) of NUL-terminated text, user or kernel
  address,     // an address at offset (8 bytes): an integer that read-str and its like take
  array,       // `size` bytes of something else at offset; without a ctype using it is an error
  structure,   // at offset; only its members are read (ctype)
  constant,    // nowhere in the context: always `value`
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
  TypeId ctype = 0;  // in Schema::types; 0 where only `type` is known
  // Of a bitfield: which bits of the `size` bytes, from the least significant.
  uint8_t bit_shift = 0;
  uint8_t bit_size = 0;  // 0: all of them
  int64_t value = 0;     // of a constant
  friend bool operator==(const Field&, const Field&) = default;
};

struct Schema {
  std::string target;       // for messages: "tracepoint:syscalls:sys_enter_openat"
  std::vector<Field> args;  // $ctx.args.NAME
  std::vector<Field>
      registers;  // $ctx.argN, in order; empty where the probe has none. May repeat an arg.
  bool has_retval = false;
  Field retval;             // $ctx.retval
  std::vector<Field> regs;  // $ctx.regs.NAME: the machine's registers by their usual names (ip, sp)
  // Of `ctype`s, and for `as 'struct x *'`. Null where the kernel or the binary describes nothing.
  std::shared_ptr<const TypeSource> types;
  // `$ctx.task`: `struct task_struct *` of types; 0 where unknown. With it goes ppid.
  TypeId task = 0;
  // What `$ctx.func` and `$ctx.probe` are where the probe has one target. Empty where the hit tells
  // which of several it was (ld.site).
  std::string func;
  std::string probe;

  const Field* find_arg(std::string_view name) const {
    for (const Field& field : args)
      if (field.name == name) return &field;
    return nullptr;
  }
  // Whether a closure compiles to the same program for both, but for its messages.
  bool same_layout(const Schema& other) const {
    return args == other.args && registers == other.registers && has_retval == other.has_retval &&
           retval == other.retval && regs == other.regs && types == other.types &&
           task == other.task && func == other.func && probe == other.probe;
  }
};

}  // namespace bytecode
