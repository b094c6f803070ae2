#include "bytecode/functions/value_text.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <vector>

#include "bytecode/functions/calendar.hpp"
#include "bytecode/functions/number_text.hpp"

namespace bytecode {
namespace {

std::string byte_list(const Binary& binary) {
  std::string text = "[";
  for (const uint8_t byte : binary.bytes) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(byte);
  }
  return text + "]";
}

// The distinct texts among these, in order, as one type.
std::string one_of(const std::vector<std::string>& types) {
  std::vector<std::string> distinct;
  for (const std::string& type : types) {
    if (std::find(distinct.begin(), distinct.end(), type) == distinct.end()) {
      distinct.push_back(type);
    }
  }
  if (distinct.empty()) return "any";
  if (distinct.size() == 1) return distinct.front();
  const auto has = [&](std::string_view type) {
    return std::find(distinct.begin(), distinct.end(), type) != distinct.end();
  };
  if (has("list<any>") && std::all_of(distinct.begin(), distinct.end(),
                                      [](const auto& type) { return type.starts_with("list<"); })) {
    return "list<any>";
  }
  if (has("int") && has("float")) {
    *std::find_if(distinct.begin(), distinct.end(),
                  [](const auto& type) { return type == "int" || type == "float"; }) = "number";
    std::erase(distinct, "int");
    std::erase(distinct, "float");
    if (distinct.size() == 1) return "number";
  }
  std::string text = "oneof<";
  for (size_t i = 0; i < distinct.size(); ++i) text += (i > 0 ? ", " : "") + distinct[i];
  return text + ">";
}

const Value* column(const Record& record, const std::string& name) {
  for (const auto& [key, value] : record) {
    if (key == name) return &value;
  }
  return nullptr;
}

// A list of records is a table of the columns that all of them have.
std::string table_type(const List& rows) {
  std::string text;
  for (const auto& [name, ignored] : *rows.front().get_if<Record>()) {
    std::vector<std::string> types;
    for (const Value& row : rows) {
      if (const Value* cell = column(*row.get_if<Record>(), name)) {
        types.push_back(type_text(*cell));
      }
    }
    if (types.size() < rows.size()) continue;
    text += (text.empty() ? "<" : ", ") + name + ": " + one_of(types);
  }
  return text.empty() ? "table" : "table" + text + ">";
}

bool all_records(const List& list) {
  return !list.empty() && std::all_of(list.begin(), list.end(), [](const Value& value) {
    return value.get_if<Record>() != nullptr;
  });
}

struct TypeText {
  std::string operator()(Null) const { return "nothing"; }
  std::string operator()(bool) const { return "bool"; }
  std::string operator()(int64_t) const { return "int"; }
  std::string operator()(double) const { return "float"; }
  std::string operator()(const std::string&) const { return "string"; }
  std::string operator()(Duration) const { return "duration"; }
  std::string operator()(Filesize) const { return "filesize"; }
  std::string operator()(Date) const { return "datetime"; }
  std::string operator()(const Binary&) const { return "binary"; }
  std::string operator()(const Range&) const { return "range"; }
  std::string operator()(const List& list) const {
    if (all_records(list)) return table_type(list);
    std::vector<std::string> types;
    for (const Value& item : list) types.push_back(type_text(item));
    return "list<" + one_of(types) + ">";
  }
  std::string operator()(const Record& record) const {
    std::string text;
    for (const auto& [name, value] : record) {
      text += (text.empty() ? "<" : ", ") + name + ": " + type_text(value);
    }
    return text.empty() ? "record" : "record" + text + ">";
  }
};

// The texts that people read. They differ in how many digits a filesize has, and in whether a list
// stands in brackets.
struct ReadableText {
  std::string_view separator;
  bool brackets;
  std::optional<int> filesize_digits;

  std::string of(const Value& value) const { return std::visit(*this, value.variant()); }
  ReadableText deeper() const { return {", ", brackets, filesize_digits}; }

  std::string operator()(Null) const { return {}; }
  std::string operator()(bool v) const { return v ? "true" : "false"; }
  std::string operator()(int64_t v) const { return std::to_string(v); }
  std::string operator()(double v) const { return obvious_float_text(v); }
  std::string operator()(const std::string& v) const { return v; }
  std::string operator()(Duration v) const { return duration_text(v.nanoseconds); }
  std::string operator()(Filesize v) const { return filesize_text(v.bytes, filesize_digits); }
  std::string operator()(Date v) const { return date_display_text(v); }
  std::string operator()(const Binary& v) const { return byte_list(v); }
  std::string operator()(const Range& v) const { return range_text(v); }
  std::string operator()(const List& v) const {
    std::string text;
    bool first = true;
    for (const Value& item : v) {
      if (!first) text += separator;
      first = false;
      text += deeper().of(item);
    }
    return brackets ? "[" + text + "]" : text;
  }
  std::string operator()(const Record& v) const {
    std::string text;
    bool first = true;
    for (const auto& [name, value] : v) {
      if (!first) text += separator;
      first = false;
      text += name + ": " + deeper().of(value);
    }
    return brackets ? "{" + text + "}" : text;
  }
};

}  // namespace

std::string type_text(const Value& value) { return std::visit(TypeText{}, value.variant()); }

std::string display_text(const Value& value, std::string_view separator) {
  return ReadableText{separator, true, 1}.of(value);
}

std::string plain_text(const Value& value, std::string_view separator) {
  return ReadableText{separator, false, std::nullopt}.of(value);
}

std::string date_display_text(Date date) {
  const auto now = std::chrono::duration_cast<std::chrono::nanoseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  const double seconds = (static_cast<double>(date.nanoseconds) - static_cast<double>(now)) / 1e9;
  return rfc2822_text(date) + " (" + relative_text(static_cast<int64_t>(std::round(seconds))) + ")";
}

std::string range_text(const Range& range) {
  std::string text = std::to_string(range.start) + "..";
  // What follows the first value of a range near the end of the integers may wrap.
  const uint64_t next = static_cast<uint64_t>(range.start) + static_cast<uint64_t>(range.step);
  if (range.step != 1) text += std::to_string(static_cast<int64_t>(next)) + "..";
  if (!range.end) return text;
  return text + (range.inclusive ? "" : "<") + std::to_string(*range.end);
}

}  // namespace bytecode
