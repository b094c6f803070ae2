// An Error about a place in the closure's text.
#pragma once

#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "bytecode/result.hpp"

namespace bytecode {

inline Error error_at(Span span, std::string message, std::string label, std::string hint) {
  Error error;
  error.message = std::move(message);
  error.labels.push_back({span, std::move(label)});
  error.hint = std::move(hint);
  return error;
}

// Several errors of one pass as one: the first carries the others.
inline Error combined(std::vector<Error> errors) {
  Error first = std::move(errors.front());
  first.more.assign(std::make_move_iterator(errors.begin() + 1),
                    std::make_move_iterator(errors.end()));
  return first;
}

}  // namespace bytecode
