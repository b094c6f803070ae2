// Instructions, one after another, into a Program: labels, constants, registers, heap blocks.
//
// Registers and heap blocks are two stacks. A value that an expression computes lies where the
// stack stood when its lowering began, so releasing temporaries is setting the stack back. Nothing
// here fails: what does not fit is counted, and finish() says so.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bytecode/isa.h"
#include "bytecode/program.hpp"
#include "bytecode/result.hpp"

namespace bytecode {

class Assembler {
 public:
  using Label = uint32_t;

  // Where the following instructions come from. Returns the place before.
  Span set_span(Span span);

  // Appends an instruction and returns its index.
  uint32_t emit(vm_opcode op, uint32_t a = 0, uint32_t b = 0, uint32_t c = 0, int32_t imm = 0);
  uint32_t emit_imm(vm_opcode op, uint32_t a, int32_t imm) { return emit(op, a, 0, 0, imm); }
  void set_imm(uint32_t index, int32_t imm) { code_[index].imm = imm; }

  Label new_label();
  void bind(Label label);                                         // here
  void jump(vm_opcode op, uint32_t a, Label to);                  // jmp, jz, jnz
  void branch(vm_opcode op, uint32_t a, int32_t with, Label to);  // jeqi and its like

  // a = value, by the shorter of the two ways.
  void load(uint32_t a, int64_t value);
  // The immediate of str.lit and str.eqk for this text, at most VM_STR_MAX - 1 bytes of it.
  int32_t literal(std::string_view text);

  uint32_t size() const { return static_cast<uint32_t>(code_.size()); }  // in instructions

  uint32_t registers() const { return registers_; }
  uint8_t take_registers(uint32_t count);
  void release_registers(uint32_t to) { registers_ = std::max(to, held_.registers); }

  uint32_t blocks() const { return blocks_; }
  uint8_t take_blocks(uint32_t text_bytes);  // for a text of at most so many bytes and its NUL
  void release_blocks(uint32_t to) { blocks_ = std::max({to, pinned_, held_.blocks}); }
  // What is taken now stays so: a string that a variable of an outer scope has got.
  void pin_blocks() { pinned_ = blocks_; }

  // What a branch has left for the code behind the join: no release frees it until the join is
  // bound; hold_only() then leaves what others hold.
  struct Held {
    uint32_t registers = 0, blocks = 0;
  };
  Held held() const { return held_; }
  void hold() { held_ = {registers_, blocks_}; }
  void hold_only(Held held) { held_ = held; }

  // Moves code, spans and pool into the program, jumps resolved. Errors are limits passed.
  std::vector<Error> finish(Program& program);

 private:
  struct Fixup {
    uint32_t at;
    Label label;
    bool wide;  // target in imm, else in b and c
  };
  // A limit passed: how much was needed, and where it was passed first.
  struct Excess {
    uint32_t needed = 0;
    Span span;
  };
  void exceed(std::optional<Excess>& excess, uint32_t needed);
  int32_t pool_append(std::string_view bytes, size_t align);

  std::vector<vm_insn> code_;
  std::vector<Span> spans_;
  std::vector<uint8_t> pool_;
  std::map<std::string, int32_t, std::less<>> literals_;
  std::map<int64_t, int32_t> words_;
  std::vector<uint32_t> labels_;
  std::vector<Fixup> fixups_;
  Span span_;
  uint32_t registers_ = 0, blocks_ = 0, pinned_ = 0;
  Held held_;
  std::optional<Excess> code_excess_, register_excess_, block_excess_, pool_excess_;
};

// Puts the place of the instructions emitted in a scope back at its end.
class SpanScope {
 public:
  SpanScope(Assembler& code, Span span) : code_(code), before_(code.set_span(span)) {}
  ~SpanScope() { code_.set_span(before_); }
  SpanScope(const SpanScope&) = delete;
  SpanScope& operator=(const SpanScope&) = delete;

 private:
  Assembler& code_;
  Span before_;
};

}  // namespace bytecode
