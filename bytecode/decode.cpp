#include "bytecode/decode.hpp"

#include <algorithm>
#include <cstring>

#include "bytecode/key_layout.hpp"

namespace bytecode {
namespace {

uint64_t load_word(const uint8_t* from) {
  uint64_t word = 0;
  std::memcpy(&word, from, sizeof word);
  return word;
}

// What of the host's the values need.
struct Knowledge {
  Clock clock;
  const Names* names = nullptr;
};

Value enumerator(int64_t number, const EnumNames& names) {
  for (const auto& [value, name] : names)
    if (value == number) return Value(name);
  return Value(number);
}

// A name that the host knows, or the number that stands for it.
Value named(std::string name, int64_t number) {
  return name.empty() ? Value(number) : Value(std::move(name));
}

Value word_value(uint64_t word, As as, const EnumNames& enumerators, const Knowledge& known) {
  const auto number = static_cast<int64_t>(word);
  const auto site = static_cast<uint32_t>(word);
  switch (as) {
    case As::integer:
      return Value(number);
    case As::boolean:
      return Value(word != 0);
    case As::string:
    case As::binary:
      return Value();
    case As::date:
      return Value(Date{static_cast<int64_t>(word + static_cast<uint64_t>(known.clock.offset_ns))});
    case As::duration:
      return Value(Duration{number});
    case As::filesize:
      return Value(Filesize{number});
    case As::enumeration:
      return enumerator(number, enumerators);
    case As::func:
      return named(known.names ? known.names->func(site) : "", number);
    case As::probe:
      return named(known.names ? known.names->probe(site) : "", number);
    case As::cgroup:
      return named(known.names ? known.names->cgroup(word) : "", number);
    case As::stack: {
      List frames;
      if (known.names)
        for (std::string& frame : known.names->stack(word)) frames.emplace_back(std::move(frame));
      return Value(std::move(frames));
    }
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

class Evaluation {
 public:
  Evaluation(const std::vector<RawField>& fields, const Knowledge& known)
      : fields_(fields), known_(known) {}

  Value value(const Output& output) const {
    switch (output.kind) {
      case Output::Kind::constant:
        return output.constant;
      case Output::Kind::field:
        return field(output);
      case Output::Kind::record:
        return record(output);
      case Output::Kind::list:
        return list(output);
      case Output::Kind::call:
        return apply(output.function, members(output)).value_or(Value());
      case Output::Kind::choice: {
        const uint64_t which = word(output.field);
        return which < output.members.size() ? value(output.members[which].second) : Value();
      }
      case Output::Kind::range:
        return range(output);
    }
    return Value();
  }

 private:
  // 0 for what is not there.
  uint64_t word(uint16_t index) const {
    return index < fields_.size() && fields_[index].raw == Raw::word ? fields_[index].word : 0;
  }

  Value field(const Output& output) const {
    if (output.field >= fields_.size()) return Value();
    const RawField& field = fields_[output.field];
    if (field.null) return Value();
    if (field.raw == Raw::word) return word_value(field.word, output.as, output.names, known_);
    if (output.as == As::binary) return Value(Binary{{field.text.begin(), field.text.end()}});
    return output.as == As::string ? Value(field.text) : Value();
  }

  Value record(const Output& output) const {
    Record record;
    record.reserve(output.members.size());
    for (const auto& [name, member] : output.members) record.emplace_back(name, value(member));
    return Value(std::move(record));
  }

  Value list(const Output& output) const { return Value(members(output)); }

  List members(const Output& output) const {
    List values;
    values.reserve(output.members.size());
    for (const auto& [name, member] : output.members)
      if (!member.present || word(*member.present) != 0) values.push_back(value(member));
    return values;
  }

  Value range(const Output& output) const {
    const List ends = members(output);
    if (ends.size() != 4 || !ends[0].get_if<int64_t>()) return Value();
    Range range;
    range.start = *ends[0].get_if<int64_t>();
    if (const int64_t* to = ends[2].get_if<int64_t>()) range.end = *to;
    range.step = range.end && *range.end < range.start ? -1 : 1;
    if (const int64_t* next = ends[1].get_if<int64_t>())
      if (__builtin_sub_overflow(*next, range.start, &range.step)) return Value();
    const bool* inclusive = ends[3].get_if<bool>();
    range.inclusive = inclusive != nullptr && *inclusive;
    return Value(range);
  }

  const std::vector<RawField>& fields_;
  Knowledge known_;
};

Value part_value(const KeyPart& part, std::span<const uint8_t> key, const Knowledge& known) {
  if (size_t{part.offset} + part.size > key.size()) return Value();
  const std::span<const uint8_t> bytes = key.subspan(part.offset, part.size);
  if (part.as == As::string) {
    const auto end = std::find(bytes.begin(), bytes.end(), uint8_t{0});
    return Value(std::string(bytes.begin(), end));
  }
  if (part.as == As::binary) {
    const auto kept = bytes.first(std::min<size_t>(part.bytes, bytes.size()));
    return Value(Binary{{kept.begin(), kept.end()}});
  }
  return bytes.size() < 8 ? Value()
                          : word_value(load_word(bytes.data()), part.as, part.names, known);
}

}  // namespace

bool has_stacks(const Output& output) {
  if (output.kind == Output::Kind::field) return output.as == As::stack;
  return std::any_of(output.members.begin(), output.members.end(),
                     [](const auto& member) { return has_stacks(member.second); });
}

namespace {

void add_stacks(const Output& output, const std::vector<RawField>& fields,
                std::vector<uint64_t>& numbers) {
  if (output.kind == Output::Kind::field && output.as == As::stack &&
      output.field < fields.size() && !fields[output.field].null)
    numbers.push_back(fields[output.field].word);
  for (const auto& [name, member] : output.members) add_stacks(member, fields, numbers);
}

}  // namespace

std::vector<uint64_t> stacks_of(const RowSite& site, uint64_t nulls,
                                std::span<const uint8_t> payload) {
  std::vector<uint64_t> numbers;
  add_stacks(site.value, split(site, nulls, payload), numbers);
  return numbers;
}

namespace {

uint64_t null_bits(const MapSpec& map, std::span<const uint8_t> key) {
  return has_null_bits(map.key) && key.size() >= 8 ? load_word(key.data()) : 0;
}

}  // namespace

bool has_stacks(const MapSpec& map) {
  return std::any_of(map.key.begin(), map.key.end(),
                     [](const KeyPart& part) { return part.as == As::stack; });
}

std::vector<uint64_t> stacks_of(const MapSpec& map, std::span<const uint8_t> key) {
  std::vector<uint64_t> numbers;
  const uint64_t nulls = null_bits(map, key);
  for (size_t i = 0; i < map.key.size(); ++i) {
    const KeyPart& part = map.key[i];
    const bool null = part.nullable && i < 64 && (nulls >> i & 1) != 0;
    if (part.as == As::stack && !null && size_t{part.offset} + 8 <= key.size())
      numbers.push_back(load_word(key.data() + part.offset));
  }
  return numbers;
}

Value decode_word(uint64_t word, As as, Clock clock) {
  return word_value(word, as, {}, {clock, nullptr});
}

Value decode_row(const RowSite& site, uint64_t nulls, std::span<const uint8_t> payload, Clock clock,
                 const Names* names) {
  const std::vector<RawField> fields = split(site, nulls, payload);
  return Evaluation(fields, {clock, names}).value(site.value);
}

Record decode_key(const MapSpec& map, std::span<const uint8_t> key, Clock clock,
                  const Names* names) {
  const uint64_t nulls = null_bits(map, key);
  Record columns;
  columns.reserve(map.key.size());
  for (size_t i = 0; i < map.key.size(); ++i) {
    const KeyPart& part = map.key[i];
    const bool null = part.nullable && i < 64 && (nulls >> i & 1) != 0;
    columns.emplace_back(part.name, null ? Value() : part_value(part, key, {clock, names}));
  }
  return columns;
}

}  // namespace bytecode
