#include "bytecode/show.hpp"

#include <cstdint>

#include "bytecode/functions/number_text.hpp"

namespace bytecode {
namespace {

constexpr char kHex[] = "0123456789abcdef";

bool is_bare(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && !(c >= '0' && c <= '9') && c != '_' && c != '-') return false;
  }
  return name[0] != '-';
}

struct Shower {
  std::string operator()(Null) const { return "null"; }
  std::string operator()(bool v) const { return v ? "true" : "false"; }
  std::string operator()(int64_t v) const { return std::to_string(v); }
  std::string operator()(double v) const { return obvious_float_text(v); }
  std::string operator()(const std::string& v) const { return quoted(v); }
  std::string operator()(Duration v) const { return std::to_string(v.nanoseconds) + "ns"; }
  std::string operator()(Filesize v) const { return std::to_string(v.bytes) + "b"; }
  std::string operator()(Date v) const { return "date " + std::to_string(v.nanoseconds); }
  std::string operator()(const Binary& v) const {
    std::string text = "0x[";
    for (const uint8_t byte : v.bytes) {
      if (text.size() > 3) text += ' ';
      text += kHex[byte >> 4];
      text += kHex[byte & 15];
    }
    return text + "]";
  }
  // As Nushell writes one: start..end, with the second number where the step is not 1.
  std::string operator()(const Range& v) const {
    const auto second = static_cast<int64_t>(static_cast<uint64_t>(v.start) + v.step);
    std::string text = std::to_string(v.start) + "..";
    if (v.step != 1) text += std::to_string(second) + "..";
    if (!v.end) return text;
    return text + (v.inclusive ? "" : "<") + std::to_string(*v.end);
  }
  std::string operator()(const List& v) const {
    std::string text = "[";
    for (const Value& item : v) {
      if (text.size() > 1) text += ", ";
      text += show(item);
    }
    return text + "]";
  }
  std::string operator()(const Record& v) const {
    std::string text = "{";
    for (const auto& [name, item] : v) {
      if (text.size() > 1) text += ", ";
      text += show_name(name) + ": " + show(item);
    }
    return text + "}";
  }
};

}  // namespace

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\r':
        out += "\\r";
        break;
      default:
        if (byte < 0x20 || byte == 0x7f) {
          out += "\\u{";
          out += kHex[byte >> 4];
          out += kHex[byte & 15];
          out += "}";
        } else {
          out += c;
        }
    }
  }
  return out + "\"";
}

std::string show_name(std::string_view name) {
  return is_bare(name) ? std::string(name) : quoted(name);
}

std::string show(const Value& value) { return std::visit(Shower{}, value.variant()); }

std::string_view as_name(As as) {
  switch (as) {
    case As::integer:
      return "int";
    case As::boolean:
      return "bool";
    case As::string:
      return "string";
    case As::date:
      return "date";
    case As::duration:
      return "duration";
    case As::filesize:
      return "filesize";
    case As::binary:
      return "binary";
    case As::enumeration:
      return "enum";
    case As::func:
      return "func";
    case As::probe:
      return "probe";
    case As::cgroup:
      return "cgroup";
    case As::stack:
      return "stack";
  }
  return {};
}

std::string_view row_type_name(RowType type) {
  switch (type) {
    case RowType::probe_hit:
      return "probe_hit";
    case RowType::log:
      return "log";
    case RowType::custom:
      return "custom";
  }
  return {};
}

}  // namespace bytecode
