// The registers of a stopped program as a probe's context holds them (struct pt_regs), of the
// architectures we know; which of them a call uses.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace host {

enum class Arch : uint8_t { x86_64, aarch64 };
#if defined(__aarch64__)
constexpr Arch native_arch = Arch::aarch64;
#else
constexpr Arch native_arch = Arch::x86_64;
#endif

struct RegisterPlace {
  uint32_t offset = 0;  // in struct pt_regs
  uint32_t size = 8;    // bytes: "eax" is the lower half of "rax"
};

// By an assembler's name, without its %: "rax", "r10d", "ah", "w3", "sp".
std::optional<RegisterPlace> find_register(Arch arch, std::string_view name);
// By DWARF's number; empty for what a probe cannot see, as vector registers.
std::optional<RegisterPlace> dwarf_register(Arch arch, unsigned number);

struct CallConvention {
  std::vector<uint32_t> integers;  // offsets of the registers that carry arguments, in order
  unsigned floats = 8;             // vector registers that do
  uint32_t result = 0;
  uint32_t stack_pointer = 0;
  int32_t first_on_stack = 0;           // from the stack pointer at the first instruction
  bool result_address_is_first = true;  // of a large result: an argument before all others
  bool large_by_address = false;        // objects of more than 16 bytes: else on the stack
};
const CallConvention& call_convention(Arch arch);

}  // namespace host
