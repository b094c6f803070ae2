// Programs run by the reference interpreter, and what came of it in words.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bytecode/decode.hpp"
#include "bytecode/interp.hpp"
#include "bytecode/show.hpp"
#include "bytecode/validate.hpp"
#include "program_maker.hpp"

namespace bytecode {

// Validates, runs, and writes down what happened: rows as values, then faults.
inline std::string run_text(ProgramMaker& maker, const Event& event = {},
                            Effects* effects = nullptr) {
  const Program& program = maker.program();
  const Status status = validate(program);
  if (!status) return status.error().message;
  Effects local;
  Effects& done = effects == nullptr ? local : *effects;
  run(program, event, done);
  std::string text;
  for (const std::vector<uint8_t>& row : done.rows) {
    vm_row header;
    std::memcpy(&header, row.data(), sizeof header);
    EXPECT_EQ(header.length, row.size() - sizeof header);
    text += show(decode_row(program.rows[header.site], header.nulls,
                            std::span(row).subspan(sizeof header), {}));
  }
  for (const FaultAt& fault : done.faults)
    text += " fault " + std::to_string(fault.kind) + "@" + std::to_string(fault.pc);
  return text;
}

inline std::string fault(vm_fault kind, int pc) {
  return " fault " + std::to_string(kind) + "@" + std::to_string(pc);
}

class Memory {
 public:
  // Memory that has these bytes at 0x1000 and nothing else.
  static Event with(const std::string& bytes) {
    Event event;
    event.memory = [bytes](uint64_t address, uint32_t size) -> std::optional<std::vector<uint8_t>> {
      if (address < 0x1000 || address >= 0x1000 + bytes.size()) return {};
      const std::string part = bytes.substr(address - 0x1000, size);
      return std::vector<uint8_t>(part.begin(), part.end());
    };
    return event;
  }
};

}  // namespace bytecode
