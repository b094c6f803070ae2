#include "host/pt_regs.hpp"

#include <asm/ptrace.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <iterator>

namespace host {

namespace {

struct X86Register {
  // Of 64, 32, 16 and 8 bits; the second byte's name, where it has one.
  std::string_view names[5];
  uint32_t offset;
  int dwarf;
};
// The order of the kernel's struct, which is a promise to debuggers.
constexpr X86Register x86_registers[] = {
    {{"r15", "r15d", "r15w", "r15b", ""}, 0, 15},  {{"r14", "r14d", "r14w", "r14b", ""}, 8, 14},
    {{"r13", "r13d", "r13w", "r13b", ""}, 16, 13}, {{"r12", "r12d", "r12w", "r12b", ""}, 24, 12},
    {{"rbp", "ebp", "bp", "bpl", ""}, 32, 6},      {{"rbx", "ebx", "bx", "bl", "bh"}, 40, 3},
    {{"r11", "r11d", "r11w", "r11b", ""}, 48, 11}, {{"r10", "r10d", "r10w", "r10b", ""}, 56, 10},
    {{"r9", "r9d", "r9w", "r9b", ""}, 64, 9},      {{"r8", "r8d", "r8w", "r8b", ""}, 72, 8},
    {{"rax", "eax", "ax", "al", "ah"}, 80, 0},     {{"rcx", "ecx", "cx", "cl", "ch"}, 88, 2},
    {{"rdx", "edx", "dx", "dl", "dh"}, 96, 1},     {{"rsi", "esi", "si", "sil", ""}, 104, 4},
    {{"rdi", "edi", "di", "dil", ""}, 112, 5},     {{"rip", "eip", "ip", "", ""}, 128, 16},
    {{"rsp", "esp", "sp", "spl", ""}, 152, 7},
};
constexpr uint32_t arm_sp = 248, arm_pc = 256;

#if defined(__x86_64__)
static_assert(offsetof(pt_regs, r15) == 0 && offsetof(pt_regs, rbp) == 32 &&
              offsetof(pt_regs, rax) == 80 && offsetof(pt_regs, rdi) == 112 &&
              offsetof(pt_regs, rip) == 128 && offsetof(pt_regs, rsp) == 152);
#elif defined(__aarch64__)
static_assert(offsetof(user_pt_regs, sp) == arm_sp && offsetof(user_pt_regs, pc) == arm_pc);
#endif

std::optional<RegisterPlace> find_x86(std::string_view name) {
  for (const X86Register& row : x86_registers) {
    const auto found = std::find(std::begin(row.names), std::end(row.names), name);
    if (found == std::end(row.names)) continue;
    const auto width = static_cast<uint32_t>(found - std::begin(row.names));
    constexpr size_t second_byte = 4;
    if (width == second_byte) return RegisterPlace{row.offset + 1, 1};
    return RegisterPlace{row.offset, 8u >> width};
  }
  return std::nullopt;
}

std::optional<RegisterPlace> find_arm(std::string_view name) {
  if (name == "sp") return RegisterPlace{arm_sp, 8};
  if (name == "pc") return RegisterPlace{arm_pc, 8};
  if (name.size() < 2 || (name[0] != 'x' && name[0] != 'w')) return std::nullopt;
  uint32_t number = 0;
  const char* end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data() + 1, end, number);
  if (error != std::errc() || rest != end || number > 30) return std::nullopt;
  return RegisterPlace{number * 8, name[0] == 'x' ? 8u : 4u};
}

}  // namespace

std::optional<RegisterPlace> find_register(Arch arch, std::string_view name) {
  if (name.empty()) return std::nullopt;
  return arch == Arch::x86_64 ? find_x86(name) : find_arm(name);
}

std::optional<RegisterPlace> dwarf_register(Arch arch, unsigned number) {
  if (arch == Arch::aarch64) {
    if (number > 31) return std::nullopt;
    return RegisterPlace{number * 8, 8};
  }
  for (const X86Register& row : x86_registers)
    if (row.dwarf == static_cast<int>(number)) return RegisterPlace{row.offset, 8};
  return std::nullopt;
}

const CallConvention& call_convention(Arch arch) {
  static const CallConvention x86_64 = {
      .integers = {112, 104, 96, 88, 72, 64},
      .result = 80,
      .stack_pointer = 152,
      .first_on_stack = 8,  // above the return address
  };
  static const CallConvention aarch64 = {
      .integers = {0, 8, 16, 24, 32, 40, 48, 56},
      .result = 0,
      .stack_pointer = arm_sp,
      .first_on_stack = 0,
      .result_address_is_first = false,  // it has a register of its own
      .large_by_address = true,
  };
  return arch == Arch::x86_64 ? x86_64 : aarch64;
}

}  // namespace host
