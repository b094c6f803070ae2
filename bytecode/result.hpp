// How every layer says that something went wrong: an error is a value with a place and a way out.
//
// Three kinds. The closure (or an argument) is wrong: labels point into it, and one Error may carry
// the others found in the same pass in `more`. The system said no: `detail` has the errno text or
// the tail of a log. Our own bugs are not errors; they are asserts.
#pragma once

#include <cassert>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace bytecode {

// Byte offsets into the source text that was compiled, end exclusive. start <= end always holds:
// Nushell dies on a span that runs backwards.
struct Span {
  uint32_t start = 0;
  uint32_t end = 0;

  friend bool operator==(const Span&, const Span&) = default;
};

struct Label {
  Span span;
  std::string text;  // a few words, shown under the underlined source
};

enum class ErrorKind : uint8_t {
  closure,   // the closure's text; labels are offsets into that text
  target,    // the probe's target argument; no labels, the caller labels the argument itself
  argument,  // another argument or flag, named in `subject`
  system,    // the kernel or the machine refused; `detail` says what it said
};

struct Error {
  ErrorKind kind = ErrorKind::closure;
  std::string message;        // one sentence, no full stop
  std::vector<Label> labels;  // the first one is the culprit
  std::string hint;           // what to do instead; may be empty
  std::string subject;      // for `argument`: the flag's or argument's name; for `closure`: the map
                            // that nobody has made
  size_t item = 0;          // for `target`: which of several words, from 1; 0: all of them
  std::string detail;       // for `system`: the operation, errno, the end of the log
  std::vector<Error> more;  // further independent errors of the same pass
  int error_number = 0;     // for `system`: errno
};

// A value or the Error that took its place.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    assert(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    assert(ok());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    assert(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& {
    assert(!ok());
    return *std::get_if<1>(&state_);
  }
  Error& error() & {
    assert(!ok());
    return *std::get_if<1>(&state_);
  }
  Error&& error() && {
    assert(!ok());
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  std::variant<T, Error> state_;
};

struct Nothing {};
using Status = Result<Nothing>;

}  // namespace bytecode
