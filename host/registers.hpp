// The machine's registers as programs find them in struct pt_regs.
#pragma once

#include <cstdint>
#include <vector>

#include "bytecode/schema.hpp"

namespace host {

// The argument registers of a function call, in a kprobe's or uprobe's context (struct pt_regs).
std::vector<bytecode::Field> call_registers();
// The argument words of a system call. The address of the user's registers lies at `offset` of the
// context: at a syscall's entry point it is its one argument (entry_point_registers), in a raw
// tracepoint the first word.
std::vector<bytecode::Field> syscall_registers(uint32_t offset);
uint32_t entry_point_registers();

// $ctx.regs.NAME, by the usual names: ip, sp, ax ...
std::vector<bytecode::Field> named_registers();
// The same where the context's first word is the address of the registers (perf events).
std::vector<bytecode::Field> named_registers_behind(uint32_t offset);
// Where a function leaves what it returns.
uint32_t return_register();

// How a program tells which system call a task has made: offsets in struct pt_regs.
struct SyscallRegisters {
  uint32_t number = 0;
  uint32_t mode = 0, mode_mask = 0, mode_native = 0;  // of a call of this architecture's own table
};
SyscallRegisters syscall_number_registers();

}  // namespace host
