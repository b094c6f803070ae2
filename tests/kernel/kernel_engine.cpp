#include "tests/kernel/kernel_engine.hpp"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "tests/kernel/assemble.hpp"
#include "tests/kernel/placement.hpp"

namespace kernel_tests {

KernelEngine::KernelEngine(KernelVm& vm) : vm_(vm) {
  const int cpu = sched_getcpu();
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(cpu, &only);
  sched_setaffinity(0, sizeof only, &only);
  cpu_ = static_cast<uint32_t>(cpu);
  // Only the kernel can say what these are.
  bytecode::Program asks = assemble(
      {insn(VM_OP_ld_task, 1), insn(VM_OP_ld_cgroup, 2), insn(VM_OP_row_begin),
       insn(VM_OP_row_int, 1), insn(VM_OP_row_int, 2), insn(VM_OP_row_send), insn(VM_OP_exit)});
  bytecode::Effects effects;
  uint64_t answers[2] = {};
  if (run(asks, {}, effects) && !effects.rows.empty() &&
      effects.rows[0].size() == sizeof(vm_row) + sizeof answers)
    std::memcpy(answers, effects.rows[0].data() + sizeof(vm_row), sizeof answers);
  task_ = answers[0];
  cgroup_ = answers[1];
}

void KernelEngine::adapt(bytecode::Event& event) {
  event.pid = static_cast<uint32_t>(getpid());
  event.tid = static_cast<uint32_t>(syscall(SYS_gettid));
  event.uid = getuid();
  event.gid = getgid();
  event.cpu = cpu_;
  event.task = task_;
  event.cgroup = cgroup_;
  event.site = 0;
  prctl(PR_SET_NAME, event.comm.c_str());
}

bytecode::Status KernelEngine::run(const bytecode::Program& program, const bytecode::Event& event,
                                   bytecode::Effects& effects) {
  vm_.place(0, program);
  for (const auto& [at, value] : effects.values)
    if (at.first < program.maps.size())
      vm_.put_value(program.maps[at.first].key_class, at.first, at.second, value);
  if (const int error = vm_.test_run(event.context); error < 0) {
    bytecode::Error result;
    result.kind = bytecode::ErrorKind::system;
    result.message = "the test run was refused";
    result.detail = std::strerror(-error);
    return result;
  }
  for (std::vector<uint8_t>& row : vm_.take_rows()) effects.rows.push_back(std::move(row));
  for (const auto& [key, count] : vm_.take_faults())
    for (uint64_t i = 0; i < count; ++i)
      effects.faults.push_back({static_cast<vm_fault>(key[3]), key[2]});
  for (uint32_t i = 0; i < program.maps.size(); ++i) {
    const bytecode::MapSpec& map = program.maps[i];
    if (map.kind == bytecode::MapKind::value) {
      std::erase_if(effects.values, [i](const auto& value) { return value.first.first == i; });
      for (const auto& [key, value] : vm_.take_values(map.key_class, i))
        effects.values[{i, key}] = value;
      continue;
    }
    if (bytecode::is_tally(map.kind)) {
      if (!map.key.empty()) {
        for (const auto& [key, tally] : vm_.take_tallies(map.key_class, i))
          add_tally(effects.tallies[{i, key}], tally);
      } else if (const vm_tally tally = vm_.take_tally_cell(i); tally.count > 0) {
        add_tally(effects.tallies[{i, {}}], tally);
      }
      continue;
    }
    if (map.key.empty()) {
      if (const uint64_t count = vm_.take_cell(i); count > 0) effects.counts[{i, {}}] += count;
      continue;
    }
    for (const auto& [key, count] : vm_.take_counts(map.key_class, i))
      effects.counts[{i, key}] += count;
  }
  return bytecode::Nothing{};
}

}  // namespace kernel_tests
