#include "tests/kernel/placement.hpp"

#include <algorithm>
#include <cstring>

#include "bytecode/isa_table.hpp"

namespace kernel_tests {

void place(const bytecode::Program& program, const std::vector<uint32_t>& slots, vm_bank& bank) {
  std::memset(&bank, 0, sizeof bank);
  bank.length = static_cast<uint32_t>(program.code.size());
  bank.fuel = program.fuel;
  std::copy(program.code.begin(), program.code.end(), bank.code);
  std::copy(program.pool.begin(), program.pool.end(), bank.pool);
  for (uint32_t i = 0; i < bank.length; ++i) {
    vm_insn& insn = bank.code[i];
    const bytecode::OpInfo* info = bytecode::op_info(insn.op);
    if (info == nullptr || insn.imm < 0) continue;
    if (bytecode::names_map(info->format))
      insn.imm = static_cast<int32_t>(slots.at(static_cast<size_t>(insn.imm)));
    if (bytecode::names_timer(info->format))
      insn.imm = static_cast<int32_t>(timer_number(insn.imm));
  }
}

constexpr uint32_t kFirstTimer = 1000;

uint32_t timer_number(int64_t timer) {
  return timer >= 0 ? kFirstTimer + static_cast<uint32_t>(timer)
                    : static_cast<uint32_t>(-1 - timer);
}

int64_t timer_of_number(uint32_t number) {
  return number >= kFirstTimer ? int64_t{number} - kFirstTimer : -1 - int64_t{number};
}

void add_tally(vm_tally& to, const vm_tally& more) {
  to.count += more.count;
  to.sum += more.sum;
  to.low = std::max<uint64_t>(to.low, more.low);
  to.high = std::max<uint64_t>(to.high, more.high);
}

}  // namespace kernel_tests
