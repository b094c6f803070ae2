// A Nushell value, as far as this project needs one: what a closure captures, and what a decoded
// row holds. It knows nothing of Nushell's wire; the plugin translates.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace bytecode {

class Value;
using List = std::vector<Value>;
using Record = std::vector<std::pair<std::string, Value>>;  // ordered, keys unique

struct Null {
  friend bool operator==(const Null&, const Null&) = default;
};
struct Duration {
  int64_t nanoseconds = 0;
  friend bool operator==(const Duration&, const Duration&) = default;
};
struct Filesize {
  int64_t bytes = 0;
  friend bool operator==(const Filesize&, const Filesize&) = default;
};
struct Date {
  int64_t nanoseconds = 0;  // since the Unix epoch, UTC
  friend bool operator==(const Date&, const Date&) = default;
};
struct Binary {
  std::vector<uint8_t> bytes;
  friend bool operator==(const Binary&, const Binary&) = default;
};

// Whole numbers from `start` on by `step` (never 0, down where negative), to `end` or without one.
struct Range {
  int64_t start = 0;
  int64_t step = 1;
  std::optional<int64_t> end;
  bool inclusive = true;  // of `end`
  friend bool operator==(const Range&, const Range&) = default;
};

// Strings are bytes; whoever sends one to Nushell makes it valid UTF-8 first.
class Value {
 public:
  using Variant = std::variant<Null, bool, int64_t, double, std::string, Duration, Filesize, Date,
                               Binary, Range, List, Record>;

  Value() = default;
  Value(Null) {}
  Value(bool v) : v_(v) {}
  Value(int v) : v_(static_cast<int64_t>(v)) {}
  Value(int64_t v) : v_(v) {}
  Value(double v) : v_(v) {}
  Value(const char* v) : v_(std::string(v)) {}
  Value(std::string v) : v_(std::move(v)) {}
  Value(Duration v) : v_(v) {}
  Value(Filesize v) : v_(v) {}
  Value(Date v) : v_(v) {}
  Value(Binary v) : v_(std::move(v)) {}
  Value(Range v) : v_(v) {}
  Value(List v) : v_(std::move(v)) {}
  Value(Record v) : v_(std::move(v)) {}

  bool is_null() const { return std::holds_alternative<Null>(v_); }
  template <typename T>
  const T* get_if() const {
    return std::get_if<T>(&v_);
  }
  template <typename T>
  T* get_if() {
    return std::get_if<T>(&v_);
  }
  const Variant& variant() const { return v_; }

  friend bool operator==(const Value&, const Value&) = default;

 private:
  Variant v_;
};

}  // namespace bytecode
