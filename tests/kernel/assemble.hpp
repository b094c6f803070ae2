// Programs written by hand, for tests of the machine rather than of the language.
#pragma once

#include <initializer_list>
#include <utility>

#include "bytecode/program.hpp"

namespace kernel_tests {

// An instruction with its target or immediate last; the operands that a format lacks are 0.
inline vm_insn insn(vm_opcode op, unsigned a = 0, unsigned b = 0, unsigned c = 0, int32_t imm = 0) {
  return {static_cast<vm_u8>(op), static_cast<vm_u8>(a), static_cast<vm_u8>(b),
          static_cast<vm_u8>(c), imm};
}

// A comparison with a small number; `branch` packs its target into b and c.
inline vm_insn branch(vm_opcode op, unsigned a, int32_t imm, unsigned target) {
  return insn(op, a, target & 0xff, target >> 8, imm);
}

// A program of `code`, with one keyed map of class 0 (its keys are integers) and one cell.
inline bytecode::Program assemble(std::initializer_list<vm_insn> code) {
  bytecode::Program program;
  program.code = code;
  program.spans.resize(code.size());
  program.rows.resize(1);
  bytecode::MapSpec keyed;
  keyed.name = "keyed";
  keyed.key.emplace_back();
  program.maps.push_back(std::move(keyed));
  bytecode::MapSpec cell;
  cell.name = "cell";
  program.maps.push_back(std::move(cell));
  return program;
}

}  // namespace kernel_tests
