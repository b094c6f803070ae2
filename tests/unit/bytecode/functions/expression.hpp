// A small reader of Nushell expressions: values, one operator, string interpolation and pipelines
// of the commands in function_commands(). It applies the functions as it reads.
//
//   evaluate("[1 2] | math sum")       3
//   evaluate("(1kb + 2kb) / 3")        1.0 kB
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bytecode/value.hpp"

struct Evaluation {
  // Nothing where a function gives nothing.
  std::optional<bytecode::Value> value;
  // Where a function's result is not of the type that result_type() foretold, and what could not be
  // read.
  std::vector<std::string> complaints;
};

Evaluation evaluate(std::string_view expression);
