#include "tests/fuzz/event.hpp"

#include <array>
#include <charconv>
#include <limits>

#include "bytecode/show.hpp"

namespace fuzz {
namespace {

// As a field of this width and sign holds it.
int64_t fit(int64_t value, std::string_view type) {
  unsigned bits = 64;
  std::from_chars(type.data() + 1, type.data() + type.size(), bits);
  if (bits == 64) return value;
  const uint64_t mask = (uint64_t{1} << bits) - 1;
  const uint64_t low = static_cast<uint64_t>(value) & mask;
  const bool negative = type[0] == 'i' && (low >> (bits - 1) & 1) != 0;
  return static_cast<int64_t>(negative ? low | ~mask : low);
}

}  // namespace

const std::vector<EventField>& event_fields() {
  static const std::vector<EventField> fields = {
      {"fd", "i32", Type::integer},     {"count", "u64", Type::integer},
      {"offset", "i64", Type::integer}, {"mode", "u16", Type::integer},
      {"level", "i8", Type::integer},   {"small", "u8", Type::integer},
      {"number", "i64", Type::integer}, {"path", "string", Type::string},
      {"text", "string", Type::string}, {"tag", "char[16]", Type::string},
      {"gone", "string", Type::output},
  };
  return fields;
}

std::string field_lines() {
  std::string lines;
  for (const EventField& field : event_fields())
    lines += "field " + std::string(field.name) + " " + std::string(field.type) + "\n";
  return lines;
}

int64_t edge_integer(Random& random) {
  constexpr int64_t lowest = std::numeric_limits<int64_t>::min();
  constexpr int64_t highest = std::numeric_limits<int64_t>::max();
  switch (random.below(6)) {
    case 0:
      return random.one_of<int64_t>({0, 1, -1, 2, -2, 3, 7, 10, 42, 100, 255, 1000});
    case 1: {
      const auto power = static_cast<int64_t>(uint64_t{1} << random.below(63));
      const int64_t near = power + random.one_of<int64_t>({-1, 0, 0, 1});
      return random.chance(1, 3) ? -near : near;
    }
    case 2:
      return random.one_of<int64_t>({lowest, highest, lowest + 1, highest - 1});
    case 3:
      return static_cast<int64_t>(random.next());
    default:
      return static_cast<int64_t>(random.below(200)) - 100;
  }
}

std::string random_text(Random& random, size_t most) {
  static constexpr std::array<std::string_view, 30> pieces = {
      "a", "b",  "A", "Z",  "abc", "foo", "bar", "/", ".",    "0", "7",   "42",  " ", "  ", "_",
      "-", "\"", "'", "\\", "\n",  "\t",  "é",   "ß", "日本", "😀", "tmp", "etc", "(", "$x", "%d"};
  const size_t length = random.one_of<size_t>({0, 1, 2, 3, 4, 6, 10, 40, most});
  std::string text;
  while (text.size() < length) {
    const std::string_view piece = random.pick(pieces);
    if (text.size() + piece.size() > most) break;
    text += piece;
  }
  return text;
}

std::string random_event(Random& random) {
  // Large numbers end most runs early: not in every event.
  const bool tame = random.chance(1, 2);
  static constexpr std::array<std::string_view, 7> usual = {
      "", "abc", "foo", "/etc/passwd", "/tmp/a.txt", "ABC", "é"};
  std::string line;
  for (const EventField& field : event_fields()) {
    line += line.empty() ? "" : " ";
    line += field.name;
    line += '=';
    if (field.name == "gone") {
      line += random.chance(1, 2) ? "unreadable" : "\"there\"";
    } else if (field.name == "small") {
      line += std::to_string(random.below(13));
    } else if (field.value == Type::integer) {
      const int64_t value =
          tame ? static_cast<int64_t>(1 + random.below(20)) : edge_integer(random);
      line += std::to_string(fit(value, field.type));
    } else {
      const size_t most = field.type == "string" ? 250 : 16;
      line += bytecode::quoted(random.chance(1, 3) ? std::string(random.pick(usual))
                                                   : random_text(random, most));
    }
  }
  const std::string comm = random.chance(1, 2) ? "bash" : random_text(random, 15);
  return line + " comm=" + bytecode::quoted(comm);
}

}  // namespace fuzz
