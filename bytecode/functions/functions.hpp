// What the host computes when it decodes a row, because the kernel cannot: floats, text, dates.
//
// One row of functions.def is one function of Nushell on values, with Nushell's result to the
// character (in its default locale and configuration). The compiler asks for the result's type, and
// applies a function at once where all arguments are constants; decode.hpp applies it to a row.
//
//   apply(Function::divide, {7, 2})                    3.5
//   apply(Function::str_upcase, {"é"})                 "É"
//   apply(Function::into_int, {"x"})                   nothing: Nushell raises an error
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bytecode/value.hpp"

namespace bytecode {

enum class Type : uint8_t;

enum class Function : uint8_t {
#define FUNCTION(name, takes, gives) name,
#include "bytecode/functions/functions.def"
#undef FUNCTION
};

std::string_view function_name(Function function);

// The value that Nushell gives for these arguments; nothing where it raises an error. A null that
// stands for a failed read gives null.
std::optional<Value> apply(Function function, std::span<const Value> args);

// The type of the result; nothing where Nushell has no such operation on these types. Type::any
// where it depends on the values.
std::optional<Type> result_type(Function function, std::span<const Type> args);

// A command of Nushell that is a function of its input: `str trim --left`.
struct FunctionCommand {
  std::string_view name;
  Function function;
  struct Parameter {
    std::string_view name;        // of a positional; "--left" of a flag
    std::string_view short_flag;  // "-l"; empty where there is none
    bool takes_value = false;     // of a flag
    bool required = false;        // of a positional
  };
  // The arguments of the function are the input, then one for each of these in order: null for what
  // was not given, true for a flag without a value.
  std::vector<Parameter> parameters;
  // Whether the paths of fields may follow: `str trim name path` changes these of a record.
  bool takes_paths = false;
};
std::span<const FunctionCommand> function_commands();
const FunctionCommand* find_function_command(std::string_view name);

}  // namespace bytecode
