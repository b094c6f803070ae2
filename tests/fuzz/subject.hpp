// One closure with the events that it runs over: what every engine and Nushell are given.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bytecode/interp.hpp"
#include "tests/cases/case.hpp"
#include "tests/fuzz/generator.hpp"
#include "tests/fuzz/tree.hpp"

namespace fuzz {

constexpr size_t kEvents = 2;  // of each closure

struct Subject {
  uint64_t seed = 0;
  Tree tree;
  bool text_dialect = false;
  std::vector<std::pair<std::string, std::string>> captures;
  std::vector<std::string> events;  // as a case file writes them

  std::string closure() const { return tree.text(); }
  std::string nushell_closure() const { return tree.nushell_text(); }
  // The subject as a case file, but for what is expected.
  std::string case_text() const;
};

Subject make_subject(uint64_t seed, const Features& features);

// The case file, read: the schema and the events' values.
cases::Case read_subject(const Subject& subject);

// The event as the record that Nushell runs the closure over: JSON.
std::string event_record(const cases::Case& a_case, const cases::EventSpec& spec,
                         const bytecode::Event& event);

}  // namespace fuzz
