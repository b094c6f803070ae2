#include "tests/kernel/agreement.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "bytecode/disasm.hpp"
#include "bytecode/validate.hpp"
#include "tests/kernel/random_program.hpp"

namespace kernel_tests {
namespace {

using bytecode::Effects;
using bytecode::FaultAt;

// Faults in an order of their own, as the kernel keeps none; no engine's time.
Effects comparable(Effects effects) {
  std::ranges::sort(effects.faults, {}, [](const FaultAt& fault) {
    return std::pair(fault.pc, static_cast<int>(fault.kind));
  });
  for (auto& row : effects.rows)
    std::memset(row.data() + offsetof(vm_row, time), 0, sizeof(vm_row::time));
  return effects;
}

std::string difference(const Effects& want, const Effects& got) {
  std::string text;
  if (want.rows.size() != got.rows.size())
    text +=
        std::to_string(want.rows.size()) + " rows, not " + std::to_string(got.rows.size()) + "\n";
  for (size_t i = 0; i < std::min(want.rows.size(), got.rows.size()); ++i) {
    const auto& [a, b] = std::tie(want.rows[i], got.rows[i]);
    if (a == b) continue;
    const auto at = std::ranges::mismatch(a, b).in1 - a.begin();
    text += "row " + std::to_string(i) + " differs at byte " + std::to_string(at) + "; sizes " +
            std::to_string(a.size()) + " and " + std::to_string(b.size()) + "\n";
  }
  if (want.counts != got.counts) {
    text += "counts:";
    for (const auto* counts : {&want.counts, &got.counts}) {
      for (const auto& [where, count] : *counts)
        text += " [" + std::to_string(where.first) + "]=" + std::to_string(count);
      text += counts == &want.counts ? ", not" : "\n";
    }
  }
  if (want.faults != got.faults) {
    text += "faults:";
    for (const auto* faults : {&want.faults, &got.faults}) {
      for (const FaultAt& fault : *faults)
        text += " " + std::to_string(fault.kind) + "@" + std::to_string(fault.pc);
      text += faults == &want.faults ? ", not" : "\n";
    }
  }
  return text;
}

// What the programs did altogether: that the test reaches what it is for.
struct Seen {
  uint64_t rows = 0, counts = 0;
  std::array<uint64_t, VM_FAULTS> faults{};
};

}  // namespace

Effects expect_same(cases::Engine& engine, const bytecode::Program& program,
                    bytecode::Event event) {
  engine.adapt(event);
  Effects want, got;
  bytecode::run(program, event, want);
  const bytecode::Status ran = engine.run(program, event, got);
  EXPECT_TRUE(ran) << ran.error().message << ": " << ran.error().detail;
  EXPECT_EQ(difference(comparable(want), comparable(got)), "") << bytecode::disassemble(program);
  return want;
}

void expect_agreement(cases::Engine& engine, uint64_t seed, int programs) {
  Random random(seed);
  Seen seen;
  for (int i = 0; i < programs; ++i) {
    const bytecode::Program program = random_program(random);
    const bytecode::Status valid = bytecode::validate(program);
    ASSERT_TRUE(valid) << valid.error().message << "\n" << bytecode::disassemble(program);
    cases::Memory memory;
    const Effects want = expect_same(engine, program, random_event(random, memory));
    ASSERT_FALSE(testing::Test::HasFailure()) << "program " << i;
    seen.rows += want.rows.size();
    seen.counts += want.counts.size();
    for (const FaultAt& fault : want.faults) ++seen.faults[fault.kind];
  }
  EXPECT_GT(seen.rows, 0u);
  EXPECT_GT(seen.counts, 0u);
  for (const vm_fault kind : {VM_FAULT_divide_by_zero, VM_FAULT_overflow, VM_FAULT_shift_range,
                              VM_FAULT_negative_exponent, VM_FAULT_fuel, VM_FAULT_bad_read,
                              VM_FAULT_string_cut, VM_FAULT_no_item})
    EXPECT_GT(seen.faults[kind], 0u) << kind;
}

}  // namespace kernel_tests
