// Values in the notations that programs read: NUON and JSON.
#include <array>
#include <cmath>
#include <cstdio>

#include "bytecode/functions/calendar.hpp"
#include "bytecode/functions/number_text.hpp"
#include "bytecode/functions/unicode.hpp"
#include "bytecode/functions/value_text.hpp"

namespace bytecode {
namespace {

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() && lower_case(text) == lower;
}

// Whether NUON would read this as something else than a bare string.
bool needs_quotes(std::string_view text) {
  if (text.empty() || text == "true" || text == "false" || text == "null" || text == "&&") {
    return true;
  }
  if (text.find_first_of("[]:`{}#'\";()|$,.0123456789!?=") != text.npos) return true;
  for (const char32_t c : code_points(text)) {
    if (is_white_space(c)) return true;
  }
  if (text[0] == '+' || text[0] == '-') text.remove_prefix(1);
  return equals_ignoring_case(text, "inf") || equals_ignoring_case(text, "infinity") ||
         equals_ignoring_case(text, "nan");
}

std::string nuon_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string nuon_string(std::string_view text) {
  return needs_quotes(text) ? nuon_quoted(text) : std::string(text);
}

std::string nuon_part(const Value& value);

// Lists of records with the same columns are written as a table.
const Record* table_head(const List& rows) {
  const Record* head = rows.empty() ? nullptr : rows.front().get_if<Record>();
  if (!head || head->empty()) return nullptr;
  for (const Value& row : rows) {
    const Record* record = row.get_if<Record>();
    if (!record || record->size() != head->size()) return nullptr;
    for (size_t i = 0; i < head->size(); ++i) {
      if ((*record)[i].first != (*head)[i].first) return nullptr;
    }
  }
  return head;
}

struct NuonText {
  std::string operator()(Null) const { return "null"; }
  std::string operator()(bool v) const { return v ? "true" : "false"; }
  std::string operator()(int64_t v) const { return std::to_string(v); }
  std::string operator()(double v) const { return obvious_float_text(v); }
  std::string operator()(const std::string& v) const { return nuon_string(v); }
  std::string operator()(Duration v) const { return std::to_string(v.nanoseconds) + "ns"; }
  std::string operator()(Filesize v) const { return std::to_string(v.bytes) + "b"; }
  std::string operator()(Date v) const { return rfc3339_text(v); }
  std::string operator()(const Range& v) const { return range_text(v); }
  std::string operator()(const Binary& v) const {
    std::string text = "0x[";
    for (const uint8_t byte : v.bytes) {
      text += "0123456789ABCDEF"[byte >> 4];
      text += "0123456789ABCDEF"[byte & 15];
    }
    return text + "]";
  }
  std::string operator()(const List& v) const {
    if (const Record* head = table_head(v)) return table(v, *head);
    std::string text;
    for (const Value& item : v) text += (text.empty() ? "" : ", ") + nuon_part(item);
    return "[" + text + "]";
  }
  std::string operator()(const Record& v) const {
    std::string text;
    for (const auto& [name, value] : v) {
      text += (text.empty() ? "" : ", ") + nuon_string(name) + ": " + nuon_part(value);
    }
    return "{" + text + "}";
  }
  static std::string table(const List& rows, const Record& head) {
    std::string text = "[[";
    for (size_t i = 0; i < head.size(); ++i) {
      text += (i > 0 ? ", " : "") + nuon_string(head[i].first);
    }
    text += "]; ";
    for (size_t i = 0; i < rows.size(); ++i) {
      text += i > 0 ? ", [" : "[";
      const Record& row = *rows[i].get_if<Record>();
      for (size_t k = 0; k < row.size(); ++k)
        text += (k > 0 ? ", " : "") + nuon_part(row[k].second);
      text += "]";
    }
    return text + "]";
  }
};

std::string nuon_part(const Value& value) { return std::visit(NuonText{}, value.variant()); }

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += c;  // other control characters too
    }
  }
  return out + "\"";
}

struct JsonText {
  std::optional<std::string_view> indent;
  size_t depth = 0;

  std::string of(const Value& value) const { return std::visit(*this, value.variant()); }

  std::string operator()(Null) const { return "null"; }
  std::string operator()(bool v) const { return v ? "true" : "false"; }
  std::string operator()(int64_t v) const { return std::to_string(v); }
  std::string operator()(double v) const { return json_float_text(v, !indent); }
  std::string operator()(const std::string& v) const { return json_string(v); }
  std::string operator()(Duration v) const { return std::to_string(v.nanoseconds); }
  std::string operator()(Filesize v) const { return std::to_string(v.bytes); }
  std::string operator()(Date v) const { return json_string(rfc3339_text(v)); }
  std::string operator()(const Range& v) const { return json_string(range_text(v)); }
  std::string operator()(const Binary& v) const {
    List bytes;
    for (const uint8_t byte : v.bytes) bytes.emplace_back(static_cast<int64_t>(byte));
    return (*this)(bytes);
  }
  std::string operator()(const List& v) const {
    std::vector<std::string> parts;
    for (const Value& item : v) parts.push_back(deeper().of(item));
    return enclosed('[', parts, ']');
  }
  std::string operator()(const Record& v) const {
    std::vector<std::string> parts;
    for (const auto& [name, value] : v) {
      parts.push_back(json_string(name) + (indent ? ": " : ":") + deeper().of(value));
    }
    return enclosed('{', parts, '}');
  }

  JsonText deeper() const { return {indent, depth + 1}; }

  std::string new_line(size_t level) const {
    std::string text;
    if (!indent) return text;
    text += '\n';
    for (size_t i = 0; i < level; ++i) text += *indent;
    return text;
  }

  std::string enclosed(char open, const std::vector<std::string>& parts, char close) const {
    std::string text(1, open);
    for (size_t i = 0; i < parts.size(); ++i) {
      text += (i > 0 ? "," : "") + new_line(depth + 1) + parts[i];
    }
    if (!parts.empty()) text += new_line(depth);
    return text + close;
  }
};

}  // namespace

std::string nuon_text(const Value& value) {
  // A string that is no part of something is always quoted.
  const std::string* string = value.get_if<std::string>();
  return string ? nuon_quoted(*string) : nuon_part(value);
}

std::string json_text(const Value& value, std::optional<std::string_view> indent) {
  return JsonText{indent}.of(value);
}

}  // namespace bytecode
