// The operands that an author's macro leaves in a note: where the assembler put each argument.
#include <charconv>
#include <limits>

#include "host/usdt.hpp"

namespace host {

using bytecode::Field;
using bytecode::FieldKind;

namespace {

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::optional<int64_t> parse_integer(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  int base = 10;
  if (text.starts_with("0x")) {
    base = 16;
    text.remove_prefix(2);
  }
  uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value, base);
  if (text.empty() || error != std::errc() || rest != end) return std::nullopt;
  return static_cast<int64_t>(is_negative ? 0 - value : value);
}

// The list's next operand. Spaces inside brackets separate none.
std::string_view next_operand(std::string_view& list) {
  list = trimmed(list);
  int depth = 0;
  size_t end = 0;
  for (; end < list.size(); ++end) {
    const char c = list[end];
    if (c == '[' || c == '(') ++depth;
    if (c == ']' || c == ')') --depth;
    if (c == ' ' && depth <= 0) break;
  }
  const std::string_view operand = list.substr(0, end);
  list.remove_prefix(end);
  return operand;
}

class Operand {
 public:
  Operand(Arch arch, const SymbolDistance& distance, Field& field)
      : arch_(arch), distance_(distance), field_(field) {}

  // Whether a field can say it.
  bool parse(std::string_view text) {
    return arch_ == Arch::x86_64 ? parse_x86(text) : parse_arm(text);
  }

 private:
  bool constant(std::string_view text) {
    const std::optional<int64_t> value = parse_integer(text);
    if (!value) return false;
    field_.kind = FieldKind::constant;
    field_.value = *value;
    return true;
  }

  bool in_register(std::string_view name) {
    const auto place = find_register(arch_, name);
    // A narrow register in a wider argument: what the rest would be is not said.
    if (!place || place->size < field_.size) return false;
    field_.offset = place->offset;
    return true;
  }

  bool in_memory(std::string_view base, int64_t displacement) {
    const auto place = find_register(arch_, base);
    if (!place || place->size != 8 || displacement < std::numeric_limits<int32_t>::min() ||
        displacement > std::numeric_limits<int32_t>::max())
      return false;
    field_.offset = place->offset;
    field_.deref = {static_cast<int32_t>(displacement)};
    return true;
  }

  bool parse_x86(std::string_view text) {
    if (text.starts_with('$')) return constant(text.substr(1));
    const size_t open = text.find('(');
    if (open == std::string_view::npos) return text.starts_with('%') && in_register(text.substr(1));
    if (!text.ends_with(')')) return false;
    std::string_view base = text.substr(open + 1, text.size() - open - 2);
    const std::string_view before = text.substr(0, open);
    // An index needs a sum of two registers, for which a field has no form.
    if (!base.starts_with('%') || base.find(',') != std::string_view::npos) return false;
    base.remove_prefix(1);
    if (base == "rip") return variable(before);
    const std::optional<int64_t> displacement = before.empty() ? 0 : parse_integer(before);
    return displacement && in_memory(base, *displacement);
  }

  // `symbol(%rip)`, `symbol+8(%rip)` or `8+symbol(%rip)`: as far from the probe as in the file.
  bool variable(std::string_view text) {
    int64_t extra = 0;
    if (const size_t sign = text.find_last_of("+-"); sign != std::string_view::npos && sign != 0) {
      const std::string_view tail = text.substr(sign), head = text.substr(0, sign);
      if (const auto number = parse_integer(tail)) {
        extra = *number;
        text = head;
      } else if (const auto first = parse_integer(head); first && tail.starts_with('+')) {
        extra = *first;
        text = tail.substr(1);
      } else {
        return false;
      }
    }
    const auto distance = distance_ ? distance_(text) : std::nullopt;
    return distance && in_memory("rip", *distance + extra);
  }

  bool parse_arm(std::string_view text) {
    if (!text.starts_with('[')) return constant(text) || in_register(text);
    if (!text.ends_with(']')) return false;
    const std::string_view inside = text.substr(1, text.size() - 2);
    const size_t comma = inside.find(',');
    if (comma == std::string_view::npos) return in_memory(trimmed(inside), 0);
    std::string_view number = trimmed(inside.substr(comma + 1));
    if (number.starts_with('#')) number.remove_prefix(1);
    const auto displacement = parse_integer(number);
    return displacement && in_memory(trimmed(inside.substr(0, comma)), *displacement);
  }

  const Arch arch_;
  const SymbolDistance& distance_;
  Field& field_;
};

// "-4", "8", "8f": how many bytes, whether signed, whether a floating-point number. Older macros
// left it out.
bool parse_size(std::string_view text, Field& field) {
  const bool is_float = text.ends_with('f');
  if (is_float) text.remove_suffix(1);
  const auto size = parse_integer(text);
  if (!size) return false;
  const int64_t bytes = *size < 0 ? -*size : *size;
  if (bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8) return false;
  field.size = static_cast<uint32_t>(bytes);
  field.is_signed = *size < 0;
  return !is_float;
}

}  // namespace

std::vector<Field> parse_usdt_arguments(std::string_view text, Arch arch,
                                        const SymbolDistance& distance) {
  std::vector<Field> fields;
  for (std::string_view list = text; !trimmed(list).empty();) {
    const std::string_view whole = next_operand(list);
    Field field;
    field.name = "arg" + std::to_string(fields.size());
    const size_t at = whole.find('@');
    std::string_view operand = whole.substr(at == std::string_view::npos ? 0 : at + 1);
    bool is_readable = at == std::string_view::npos || parse_size(whole.substr(0, at), field);
    is_readable = is_readable && Operand(arch, distance, field).parse(operand);
    if (is_readable) {
      field.type = (field.is_signed ? "int" : "uint") + std::to_string(field.size * 8) + "_t";
    } else {
      field.kind = FieldKind::array;
      field.type = whole;
    }
    fields.push_back(std::move(field));
  }
  return fields;
}

}  // namespace host
