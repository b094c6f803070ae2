// Numbers of the kernel as people read them: addresses of the internet, errors, signals. They are
// not Nushell's, which has no such commands. What has no name stays the number that it is.
#include <array>
#include <cstring>
#include <string>
#include <string_view>

#include "bytecode/functions/family.hpp"

namespace bytecode::functions {
namespace {

struct Row {
  int64_t number;
  std::string_view name;
};

constexpr Row kErrors[] = {
#define ERRNO(number, name) {number, #name},
#include "bytecode/functions/errno.def"
#undef ERRNO
};

constexpr Row kSignals[] = {
#define SIGNAL(number, name) {number, #name},
#include "bytecode/functions/signals.def"
#undef SIGNAL
};

std::string v4_text(std::span<const uint8_t> bytes) {
  std::string text;
  for (const uint8_t byte : bytes) text += (text.empty() ? "" : ".") + std::to_string(byte);
  return text;
}

// As RFC 5952 asks: no leading zeros, small letters, the first of the longest runs of two and more
// zero words left out. An IPv4 address inside one is written as such.
std::string v6_text(std::span<const uint8_t> bytes) {
  constexpr size_t kWords = 8, kMapped = 5;
  std::array<unsigned, kWords> words{};
  for (size_t i = 0; i < kWords; ++i)
    words[i] = static_cast<unsigned>(bytes[2 * i]) << 8 | bytes[2 * i + 1];
  size_t start = kWords, length = 1;
  for (size_t i = 0; i < kWords; ++i) {
    size_t end = i;
    while (end < kWords && words[end] == 0) ++end;
    if (end - i <= length) continue;
    start = i;
    length = end - i;
  }
  if (start == 0 && length == kMapped && words[kMapped] == 0xffff)
    return "::ffff:" + v4_text(bytes.subspan(12));
  constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < kWords; ++i) {
    if (i == start) {
      text += "::";
      i += length - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    bool begun = false;
    for (int shift = 12; shift >= 0; shift -= 4) {
      const unsigned digit = words[i] >> shift & 15;
      begun |= digit != 0 || shift == 0;
      if (begun) text += kHex[digit];
    }
  }
  return text;
}

Answer address_text(std::span<const uint8_t> bytes) {
  if (bytes.size() == 4) return Value(v4_text(bytes));
  if (bytes.size() == 16) return Value(v6_text(bytes));
  return std::nullopt;
}

// The name of a number or of its negative; the number itself where it has none.
template <size_t Count>
Answer name_of(const Value& value, const Row (&rows)[Count]) {
  const int64_t* number = value.get_if<int64_t>();
  if (!number) return value.is_null() ? Answer(Value()) : std::nullopt;
  for (const Row& row : rows)
    if (row.number == *number || -row.number == *number) return Value(std::string(row.name));
  return value;
}

}  // namespace

// An int is the four bytes as they lie in memory, the first in its low end: that is how the kernel
// has one in a __be32.
Answer ip_addr(Args args) {
  const Value& value = argument(args, 0);
  if (value.is_null()) return Value();
  if (const Binary* binary = value.get_if<Binary>()) return address_text(binary->bytes);
  std::vector<uint8_t> bytes;
  if (const int64_t* number = value.get_if<int64_t>()) {
    for (unsigned shift = 0; shift < 32; shift += 8)
      bytes.push_back(static_cast<uint8_t>(static_cast<uint64_t>(*number) >> shift));
    return address_text(bytes);
  }
  const List* list = value.get_if<List>();
  if (!list) return std::nullopt;
  for (const Value& item : *list) {
    const int64_t* byte = item.get_if<int64_t>();
    if (!byte || *byte < 0 || *byte > 255) return std::nullopt;
    bytes.push_back(static_cast<uint8_t>(*byte));
  }
  return address_text(bytes);
}

Answer errno_name(Args args) {
  return each(argument(args, 0), [](const Value& value) { return name_of(value, kErrors); });
}

Answer signal_name(Args args) {
  constexpr int64_t kFirst = 34, kLast = 64, kMiddle = 49;
  return each(argument(args, 0), [](const Value& value) -> Answer {
    const int64_t* number = value.get_if<int64_t>();
    if (number && *number < 0) return value;
    if (!number || *number < kFirst || *number > kLast) return name_of(value, kSignals);
    const bool from_start = *number <= kMiddle;
    const int64_t steps = from_start ? *number - kFirst : kLast - *number;
    const std::string end = from_start ? "SIGRTMIN" : "SIGRTMAX";
    return Value(steps == 0 ? end : end + (from_start ? "+" : "-") + std::to_string(steps));
  });
}

// The items of an array that was sent in one piece: its bytes, an item's size, whether it is
// signed, whether it is a bool.
Answer unpack(Args args) {
  const Binary* binary = argument(args, 0).get_if<Binary>();
  if (!binary) return Value();
  const int64_t size = integer(args, 1).value_or(0);
  if (size != 1 && size != 2 && size != 4 && size != 8) return std::nullopt;
  const auto step = static_cast<size_t>(size);
  List items;
  for (size_t at = 0; at + step <= binary->bytes.size(); at += step) {
    uint64_t word = 0;
    std::memcpy(&word, binary->bytes.data() + at, step);
    const unsigned drop = 64 - 8 * static_cast<unsigned>(step);
    const auto top = static_cast<int64_t>(word << drop);
    const int64_t number = flag(args, 2) ? top >> drop : static_cast<int64_t>(word);
    items.push_back(flag(args, 3) ? Value(number != 0) : Value(number));
  }
  return Value(std::move(items));
}

}  // namespace bytecode::functions
