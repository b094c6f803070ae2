// A case file, read. README.md has the format.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bytecode/compile.hpp"
#include "bytecode/result.hpp"
#include "bytecode/schema.hpp"
#include "tests/cases/type_table.hpp"
#include "tests/cases/value_text.hpp"

namespace cases {

// What the file says of one field's value in an event. Text stays as written until it is needed.
struct FieldValue {
  std::string name;
  std::string text;
};

// A line that says what comes out: `row`, `emit`, `log`, `hit`, `fault`, `count`, and the rest.
struct Expectation {
  std::string kind;
  std::string text;
  uint32_t line = 0;
};

struct EventSpec {
  std::vector<FieldValue> values;
  std::vector<Expectation> expected;
  uint32_t line = 0;
};

// A retval or a register is a field too; it stands in the context like the others.
struct Case {
  std::string path;
  std::string description;
  std::vector<std::string> engines;  // empty: all
  std::string closure;
  bytecode::Schema schema;
  std::shared_ptr<TypeTable> types = std::make_shared<TypeTable>();  // the schema's, if declared
  bytecode::CompileOptions options;
  std::vector<EventSpec> events;
  std::vector<Expectation> counts;
  uint32_t fixed_bytes = 0;  // of the context, before the text of data_loc fields

  bool runs_on(std::string_view engine) const;
};

bytecode::Result<Case> read_case(const std::string& path);
bytecode::Result<Case> parse_case(std::string_view text, const std::string& path);

}  // namespace cases
