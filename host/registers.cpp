// Where arguments lie in struct pt_regs, for the architectures we know.
#include "host/registers.hpp"

#include <asm/ptrace.h>

#include <cstddef>
#include <iterator>

namespace host {

using bytecode::Field;

namespace {

struct Named {
  const char* name;
  uint32_t offset;
};

#if defined(__x86_64__)
constexpr uint32_t call_offsets[] = {offsetof(pt_regs, rdi), offsetof(pt_regs, rsi),
                                     offsetof(pt_regs, rdx), offsetof(pt_regs, rcx),
                                     offsetof(pt_regs, r8),  offsetof(pt_regs, r9)};
// A syscall's fourth argument travels in r10: the instruction itself overwrites rcx.
constexpr uint32_t syscall_offsets[] = {offsetof(pt_regs, rdi), offsetof(pt_regs, rsi),
                                        offsetof(pt_regs, rdx), offsetof(pt_regs, r10),
                                        offsetof(pt_regs, r8),  offsetof(pt_regs, r9)};
constexpr Named names[] = {
    {"ip", offsetof(pt_regs, rip)},  {"sp", offsetof(pt_regs, rsp)},
    {"bp", offsetof(pt_regs, rbp)},  {"ax", offsetof(pt_regs, rax)},
    {"bx", offsetof(pt_regs, rbx)},  {"cx", offsetof(pt_regs, rcx)},
    {"dx", offsetof(pt_regs, rdx)},  {"si", offsetof(pt_regs, rsi)},
    {"di", offsetof(pt_regs, rdi)},  {"r8", offsetof(pt_regs, r8)},
    {"r9", offsetof(pt_regs, r9)},   {"r10", offsetof(pt_regs, r10)},
    {"r11", offsetof(pt_regs, r11)}, {"r12", offsetof(pt_regs, r12)},
    {"r13", offsetof(pt_regs, r13)}, {"r14", offsetof(pt_regs, r14)},
    {"r15", offsetof(pt_regs, r15)}, {"flags", offsetof(pt_regs, eflags)},
};
constexpr uint32_t return_offset = offsetof(pt_regs, rax);
// The 64-bit code segment and the 32-bit one differ in this bit, under Xen, too.
constexpr SyscallRegisters number_registers = {offsetof(pt_regs, orig_rax), offsetof(pt_regs, cs),
                                               0x10, 0x10};
#elif defined(__aarch64__)
// x0 is first in user_pt_regs, which the kernel's pt_regs begins with.
constexpr uint32_t call_offsets[] = {0, 8, 16, 24, 32, 40, 48, 56};
// A call's result takes the place of its first argument; orig_x0, behind user_pt_regs, keeps it.
constexpr uint32_t syscall_offsets[] = {272, 8, 16, 24, 32, 40};
constexpr Named names[] = {
    {"pc", 256},  {"sp", 248},  {"lr", 240},  {"x0", 0},    {"x1", 8},    {"x2", 16},
    {"x3", 24},   {"x4", 32},   {"x5", 40},   {"x6", 48},   {"x7", 56},   {"x8", 64},
    {"x9", 72},   {"x10", 80},  {"x11", 88},  {"x12", 96},  {"x13", 104}, {"x14", 112},
    {"x15", 120}, {"x16", 128}, {"x17", 136}, {"x18", 144}, {"x19", 152}, {"x20", 160},
    {"x21", 168}, {"x22", 176}, {"x23", 184}, {"x24", 192}, {"x25", 200}, {"x26", 208},
    {"x27", 216}, {"x28", 224}, {"x29", 232}, {"x30", 240}, {"ip", 256},  {"flags", 264},
};
constexpr uint32_t return_offset = 0;
// Behind user_pt_regs and orig_x0; 32-bit mode is a bit of pstate.
constexpr SyscallRegisters number_registers = {280, 264, 0x10, 0};
#else
#error "this architecture's registers are not known"
#endif

Field word(std::string name, uint32_t offset) {
  Field field;
  field.name = std::move(name);
  field.offset = offset;
  field.type = "unsigned long";
  return field;
}

}  // namespace

std::vector<Field> call_registers() {
  std::vector<Field> fields;
  for (size_t i = 0; i < std::size(call_offsets); ++i)
    fields.push_back(word("arg" + std::to_string(i), call_offsets[i]));
  return fields;
}

std::vector<Field> syscall_registers(uint32_t offset) {
  std::vector<Field> fields;
  for (size_t i = 0; i < std::size(syscall_offsets); ++i) {
    Field field = word("arg" + std::to_string(i), offset);
    field.deref = {static_cast<int32_t>(syscall_offsets[i])};
    fields.push_back(std::move(field));
  }
  return fields;
}

uint32_t entry_point_registers() { return call_offsets[0]; }

std::vector<Field> named_registers() {
  std::vector<Field> fields;
  for (const Named& named : names) fields.push_back(word(named.name, named.offset));
  return fields;
}

std::vector<Field> named_registers_behind(uint32_t offset) {
  std::vector<Field> fields;
  for (const Named& named : names) {
    Field field = word(named.name, offset);
    field.deref = {static_cast<int32_t>(named.offset)};
    fields.push_back(std::move(field));
  }
  return fields;
}

uint32_t return_register() { return return_offset; }

SyscallRegisters syscall_number_registers() { return number_registers; }

}  // namespace host
