// What a closure did on one event, in a form that every engine's answer and Nushell's can be
// brought to.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bytecode/interp.hpp"
#include "bytecode/program.hpp"
#include "bytecode/value.hpp"

namespace fuzz {

struct Row {
  std::string kind;  // row, emit, log
  std::string name;  // of emit
  bytecode::Value value;
};

struct Outcome {
  std::vector<Row> rows;
  std::string fault;    // the one that ended the run, by its name in faults.def; empty: none
  size_t fault_at = 0;  // where in the closure
  vm_opcode fault_op = VM_OP_exit;         // and by which instruction
  std::map<std::string, uint64_t> counts;  // by "name key"
  std::vector<std::string> notes;          // faults that did not end the run
  // What is not one of the above: an error of Nushell that stands for no fault, a system error.
  std::string trouble;
};

// The value on one line; unlike bytecode::show it tells 1 from 1.0.
std::string text_of(const bytecode::Value& value);

std::string text_of(const Outcome& outcome);

// The name under which Outcome::counts has a key.
std::string count_name(const std::string& map, const bytecode::Value& key);

Outcome outcome_of(const bytecode::Program& program, const bytecode::Effects& effects);

}  // namespace fuzz
