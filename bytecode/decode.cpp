#include "bytecode/decode.hpp"

#include <algorithm>
#include <cstring>

namespace bytecode {
namespace {

uint64_t load_word(const uint8_t* from) {
  uint64_t word = 0;
  std::memcpy(&word, from, sizeof word);
  return word;
}

Value word_value(uint64_t word, As as, Clock clock) {
  const auto number = static_cast<int64_t>(word);
  switch (as) {
    case As::integer:
      return Value(number);
    case As::boolean:
      return Value(word != 0);
    case As::string:
      return Value();
    case As::date:
      return Value(Date{static_cast<int64_t>(word + static_cast<uint64_t>(clock.offset_ns))});
    case As::duration:
      return Value(Duration{number});
    case As::filesize:
      return Value(Filesize{number});
  }
  return Value();
}

// One raw field as it lies in the payload.
struct RawField {
  bool null = true;
  Raw raw = Raw::word;
  uint64_t word = 0;
  std::string text;
};

std::vector<RawField> split(const RowSite& site, uint64_t nulls, std::span<const uint8_t> payload) {
  std::vector<RawField> fields(site.fields.size());
  for (size_t i = 0; i < fields.size(); ++i) {
    RawField& field = fields[i];
    field.raw = site.fields[i];
    if (payload.size() < 8) break;
    field.word = load_word(payload.data());
    payload = payload.subspan(8);
    if (field.raw == Raw::text) {
      // Compared before it is rounded up: a length near 2^64 must not wrap round to a small one.
      if (field.word > payload.size()) break;
      const size_t length = field.word;
      field.text.assign(reinterpret_cast<const char*>(payload.data()), length);
      payload = payload.subspan(std::min(payload.size(), (length + 7) / 8 * 8));
    }
    field.null = i < 64 && (nulls >> i & 1) != 0;
  }
  return fields;
}

Value evaluate(const Output& output, const std::vector<RawField>& fields, Clock clock) {
  switch (output.kind) {
    case Output::Kind::constant:
      return output.constant;
    case Output::Kind::field: {
      if (output.field >= fields.size()) return Value();
      const RawField& field = fields[output.field];
      if (field.null) return Value();
      if (field.raw == Raw::word) return word_value(field.word, output.as, clock);
      return output.as == As::string ? Value(field.text) : Value();
    }
    case Output::Kind::record: {
      Record record;
      record.reserve(output.members.size());
      for (const auto& [name, member] : output.members)
        record.emplace_back(name, evaluate(member, fields, clock));
      return Value(std::move(record));
    }
    case Output::Kind::list: {
      List list;
      list.reserve(output.members.size());
      for (const auto& [name, member] : output.members)
        list.push_back(evaluate(member, fields, clock));
      return Value(std::move(list));
    }
  }
  return Value();
}

Value part_value(const KeyPart& part, std::span<const uint8_t> key, Clock clock) {
  if (size_t{part.offset} + part.size > key.size()) return Value();
  const std::span<const uint8_t> bytes = key.subspan(part.offset, part.size);
  if (part.as == As::string) {
    const auto end = std::find(bytes.begin(), bytes.end(), uint8_t{0});
    return Value(std::string(bytes.begin(), end));
  }
  return bytes.size() < 8 ? Value() : word_value(load_word(bytes.data()), part.as, clock);
}

}  // namespace

Value decode_row(const RowSite& site, uint64_t nulls, std::span<const uint8_t> payload,
                 Clock clock) {
  return evaluate(site.value, split(site, nulls, payload), clock);
}

Record decode_key(const MapSpec& map, std::span<const uint8_t> key, Clock clock) {
  const bool has_nulls = std::any_of(map.key.begin(), map.key.end(),
                                     [](const KeyPart& part) { return part.nullable; });
  const uint64_t nulls = has_nulls && key.size() >= 8 ? load_word(key.data()) : 0;
  Record columns;
  columns.reserve(map.key.size());
  for (size_t i = 0; i < map.key.size(); ++i) {
    const KeyPart& part = map.key[i];
    const bool null = part.nullable && i < 64 && (nulls >> i & 1) != 0;
    columns.emplace_back(part.name, null ? Value() : part_value(part, key, clock));
  }
  return columns;
}

}  // namespace bytecode
