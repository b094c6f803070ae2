// An Error about an argument or a flag of a command.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "bytecode/result.hpp"

namespace bytecode {

// `subject` is the argument's or flag's name; who knows where it stands puts the label there.
inline Error bad_argument(std::string_view subject, std::string message, std::string hint) {
  Error error;
  error.kind = ErrorKind::argument;
  error.subject = subject;
  error.message = std::move(message);
  error.hint = std::move(hint);
  return error;
}

}  // namespace bytecode
