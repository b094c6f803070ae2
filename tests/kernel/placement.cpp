#include "tests/kernel/placement.hpp"

#include <algorithm>
#include <cstring>

namespace kernel_tests {

void place(const bytecode::Program& program, const std::vector<uint32_t>& slots, vm_bank& bank) {
  std::memset(&bank, 0, sizeof bank);
  bank.length = static_cast<uint32_t>(program.code.size());
  bank.fuel = program.fuel;
  std::copy(program.code.begin(), program.code.end(), bank.code);
  std::copy(program.pool.begin(), program.pool.end(), bank.pool);
  for (vm_insn& insn : bank.code)
    if (insn.op == VM_OP_count || insn.op == VM_OP_count_cell)
      insn.imm = static_cast<int32_t>(slots.at(static_cast<size_t>(insn.imm)));
}

}  // namespace kernel_tests
