// Bits turned around. A number is as wide as Nushell takes it to be: one, two, four or eight bytes,
// the fewest that hold it unless told, and without a sign unless it has one.
#include <algorithm>
#include <optional>

#include "bytecode/functions/family.hpp"

namespace bytecode::functions {
namespace {

struct Width {
  unsigned bits;
  bool is_signed;
};

std::optional<Width> width_of(int64_t number, bool is_signed, const Value& bytes) {
  is_signed = is_signed || number < 0;
  if (const int64_t* given = bytes.get_if<int64_t>()) {
    if (*given != 1 && *given != 2 && *given != 4 && *given != 8) return std::nullopt;
    return Width{static_cast<unsigned>(*given) * 8, is_signed};
  }
  if (!bytes.is_null()) return std::nullopt;
  for (const unsigned bits : {8u, 16u, 32u}) {
    const int64_t low = is_signed ? -(int64_t{1} << (bits - 1)) : 0;
    const int64_t high = (int64_t{1} << (is_signed ? bits - 1 : bits)) - 1;
    if (number >= low && number <= high) return Width{bits, is_signed};
  }
  return Width{64, is_signed};
}

uint64_t mask(unsigned bits) { return bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1; }

// The low bits as a number; nothing where an unsigned one does not fit.
Answer number_of(uint64_t bits, Width width) {
  bits &= mask(width.bits);
  const bool top = (bits >> (width.bits - 1)) & 1;
  if (width.bits == 64 && !width.is_signed && top) return std::nullopt;
  if (width.is_signed && top) bits |= ~mask(width.bits);
  return Value(static_cast<int64_t>(bits));
}

Binary rotated(const Binary& binary, size_t left) {
  const size_t size = binary.bytes.size();
  Binary out;
  for (size_t i = 0; i < size; ++i) {
    const unsigned high = binary.bytes[(i + left / 8) % size];
    const unsigned low = binary.bytes[(i + left / 8 + 1) % size];
    out.bytes.push_back(static_cast<uint8_t>(((high << 8 | low) >> (8 - left % 8)) & 0xff));
  }
  return out;
}

Answer rotate(Args args, bool to_left) {
  if (!is_given(args, 1)) return Value();
  const std::optional<int64_t> count = integer(args, 1);
  if (!count || *count < 0) return std::nullopt;
  return each(argument(args, 0), [&](const Value& value) -> Answer {
    if (value.is_null()) return Value();
    if (const Binary* binary = value.get_if<Binary>()) {
      const size_t bits = binary->bytes.size() * 8;
      const auto by = static_cast<size_t>(*count);
      if (by > bits) return std::nullopt;
      if (bits == 0) return value;
      return Value(rotated(*binary, (to_left ? by : bits - by) % bits));
    }
    const int64_t* number = value.get_if<int64_t>();
    if (!number) return std::nullopt;
    const std::optional<Width> width = width_of(*number, flag(args, 2), argument(args, 3));
    if (!width || *count > width->bits) return std::nullopt;
    const uint64_t bits = static_cast<uint64_t>(*number) & mask(width->bits);
    const auto by = static_cast<unsigned>(*count) % width->bits;
    const unsigned left = to_left || by == 0 ? by : width->bits - by;
    return number_of(left == 0 ? bits : (bits << left | bits >> (width->bits - left)), *width);
  });
}

}  // namespace

Answer bits_not(Args args) {
  return each(argument(args, 0), [&](const Value& value) -> Answer {
    if (value.is_null()) return Value();
    if (const Binary* binary = value.get_if<Binary>()) {
      Binary out = *binary;
      for (uint8_t& byte : out.bytes) byte = static_cast<uint8_t>(~byte);
      return Value(std::move(out));
    }
    const int64_t* number = value.get_if<int64_t>();
    if (!number) return std::nullopt;
    const bool is_signed = flag(args, 1);
    const std::optional<Width> width = width_of(*number, is_signed, argument(args, 2));
    if (!width) return std::nullopt;
    if (width->is_signed) return Value(~*number);
    // Of eight bytes, Nushell keeps 47 bits.
    const uint64_t kept = width->bits == 64 ? mask(47) : mask(width->bits);
    return Value(static_cast<int64_t>(~static_cast<uint64_t>(*number) & kept));
  });
}

Answer bits_rol(Args args) { return rotate(args, true); }
Answer bits_ror(Args args) { return rotate(args, false); }

Answer bytes_length(Args args) {
  return each(argument(args, 0), [](const Value& value) -> Answer {
    if (value.is_null()) return Value();
    const Binary* binary = value.get_if<Binary>();
    if (!binary) return std::nullopt;
    return Value(static_cast<int64_t>(binary->bytes.size()));
  });
}

}  // namespace bytecode::functions
