// Where arguments lie in struct pt_regs, for the architectures we know.
#include <asm/ptrace.h>

#include <cstddef>
#include <iterator>

#include "host/target.hpp"

namespace host {

using bytecode::Field;

namespace {

#if defined(__x86_64__)
constexpr uint32_t call_offsets[] = {offsetof(pt_regs, rdi), offsetof(pt_regs, rsi),
                                     offsetof(pt_regs, rdx), offsetof(pt_regs, rcx),
                                     offsetof(pt_regs, r8),  offsetof(pt_regs, r9)};
// A syscall's fourth argument travels in r10: the instruction itself overwrites rcx.
constexpr uint32_t syscall_offsets[] = {offsetof(pt_regs, rdi), offsetof(pt_regs, rsi),
                                        offsetof(pt_regs, rdx), offsetof(pt_regs, r10),
                                        offsetof(pt_regs, r8),  offsetof(pt_regs, r9)};
#elif defined(__aarch64__)
// x0 is first in user_pt_regs, which the kernel's pt_regs begins with.
constexpr uint32_t call_offsets[] = {0, 8, 16, 24, 32, 40, 48, 56};
constexpr uint32_t syscall_offsets[] = {0, 8, 16, 24, 32, 40};
#else
#error "this architecture's argument registers are not known"
#endif

Field word(size_t index, uint32_t offset) {
  Field field;
  field.name = "arg" + std::to_string(index);
  field.offset = offset;
  field.type = "unsigned long";
  return field;
}

}  // namespace

std::vector<Field> call_registers() {
  std::vector<Field> fields;
  for (size_t i = 0; i < std::size(call_offsets); ++i) fields.push_back(word(i, call_offsets[i]));
  return fields;
}

std::vector<Field> syscall_registers() {
  std::vector<Field> fields;
  for (size_t i = 0; i < std::size(syscall_offsets); ++i) {
    Field field = word(i, call_offsets[0]);
    field.deref = {static_cast<int32_t>(syscall_offsets[i])};
    fields.push_back(std::move(field));
  }
  return fields;
}

}  // namespace host
