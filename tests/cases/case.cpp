#include "tests/cases/case.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <optional>

namespace cases {
namespace {

using bytecode::Error;
using bytecode::Field;
using bytecode::FieldKind;
using bytecode::Result;
using bytecode::Status;

// Fields begin here, as after a tracepoint's common header.
constexpr uint32_t kFirstField = 8;

std::string_view trim(std::string_view text) {
  skip_space(text);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())))
    text.remove_suffix(1);
  return text;
}

std::string_view take_word(std::string_view& text) {
  text = trim(text);
  const std::string_view word = text.substr(0, text.find_first_of(" \n"));
  text = trim(text.substr(word.size()));
  return word;
}

std::optional<int64_t> number(std::string_view text) {
  int64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  return n;
}

class Reader {
 public:
  Reader(std::string_view text, const std::string& path) : text_(text) { case_.path = path; }

  Result<Case> read() {
    case_.fixed_bytes = kFirstField;
    case_.schema.target = "case";
    while (!text_.empty()) {
      const std::string directive = take_directive();
      if (directive.empty()) continue;
      std::string_view rest = directive;
      const std::string_view word = take_word(rest);
      if (!apply(word, rest)) return wrong("line not understood: " + directive);
    }
    case_.fixed_bytes = (case_.fixed_bytes + 7) / 8 * 8;
    if (case_.closure.empty()) return wrong("there is no closure");
    if (case_.events.empty()) return wrong("there is no event");
    return std::move(case_);
  }

 private:
  Error wrong(const std::string& what) const {
    Error error;
    error.message = case_.path + ":" + std::to_string(directive_line_) + ": " + what;
    return error;
  }

  std::string_view take_line() {
    const size_t length = text_.find('\n');
    const std::string_view line = text_.substr(0, length);
    text_.remove_prefix(length == std::string_view::npos ? text_.size() : length + 1);
    ++line_;
    return line;
  }

  // A line and the indented ones below it. Empty for a comment and an empty line.
  std::string take_directive() {
    std::string_view line = take_line();
    directive_line_ = line_;
    if (line.starts_with("#")) {
      if (!begun_) describe(trim(line.substr(1)));
      return {};
    }
    begun_ = true;
    std::string directive(trim(line));
    while (!directive.empty() && (text_.starts_with(" ") || text_.starts_with("\t")))
      directive += "\n" + std::string(take_line());
    return directive;
  }

  void describe(std::string_view text) {
    if (!case_.description.empty()) case_.description += ' ';
    case_.description += text;
  }

  bool apply(std::string_view word, std::string_view rest) {
    if (word == "closure") {
      case_.closure = rest;
    } else if (word == "engines") {
      while (!rest.empty()) case_.engines.emplace_back(take_word(rest));
    } else if (word == "oracle") {
      const std::string_view kind = take_word(rest);
      if (kind == "since") take_word(rest);
      return (kind == "no" || kind == "since") && !rest.empty();
    } else if (word == "dialect") {
      case_.options.dialect = bytecode::Dialect::text;
      return rest == "text";
    } else if (word == "string-bytes" || word == "fuel") {
      const std::optional<int64_t> n = number(rest);
      (word == "fuel" ? case_.options.fuel : case_.options.string_bytes) =
          static_cast<uint32_t>(n.value_or(0));
      return n.has_value();
    } else if (word == "capture") {
      const std::string name(take_word(rest));
      if (rest.starts_with("{|")) {
        add_text(name, rest);
        return true;
      }
      const auto value = parse_value(rest, {});
      if (!value) return false;
      case_.options.captures.push_back({name, *value});
    } else if (word == "command") {
      add_text("", rest);
    } else if (word == "struct" || word == "union" || word == "enum" || word == "typedef") {
      case_.schema.types = case_.types;
      return case_.types->declare(std::string(word) + " " + std::string(rest));
    } else if (word == "task") {
      case_.schema.task = case_.types->type_of(rest);
      return case_.schema.task != 0;
    } else if (word == "func" || word == "probe") {
      (word == "func" ? case_.schema.func : case_.schema.probe) = rest;
    } else if (word == "field") {
      return add_field(rest);
    } else if (word == "reg") {
      Field field;
      field.name = take_word(rest);
      if (!place(field, rest)) return false;
      case_.schema.regs.push_back(field);
    } else if (word == "register") {
      Field field;
      field.name = "arg" + std::to_string(case_.schema.registers.size());
      if (!place(field, rest)) return false;
      case_.schema.registers.push_back(field);
    } else if (word == "retval") {
      case_.schema.has_retval = true;
      case_.schema.retval.name = "retval";
      return place(case_.schema.retval, rest);
    } else if (word == "event") {
      return add_event(rest);
    } else if (word == "count" || word == "map") {
      case_.counts.push_back({std::string(word), std::string(rest), directive_line_});
    } else if (word == "row" || word == "emit" || word == "log" || word == "hit" ||
               word == "fault") {
      if (case_.events.empty()) return false;
      case_.events.back().expected.push_back(
          {std::string(word), std::string(rest), directive_line_});
    } else {
      return false;
    }
    return true;
  }

  // A custom command or, where it has a name, a captured closure. It knows the captures above it.
  void add_text(const std::string& name, std::string_view source) {
    bytecode::CompileOptions& options = case_.options;
    bytecode::Text text{std::string(source), options.captures};
    if (!name.empty()) {
      bytecode::Capture closure{name, {}};
      closure.text = static_cast<uint32_t>(options.texts.size());
      options.captures.push_back(std::move(closure));
    }
    options.texts.push_back(std::move(text));
  }

  bool add_field(std::string_view rest) {
    Field field;
    field.name = take_word(rest);
    std::string_view type = rest.substr(0, rest.find(" deref "));
    if (!place(field, type)) return false;
    rest.remove_prefix(std::min(rest.size(), type.size() + std::string_view(" deref ").size()));
    while (!rest.empty()) {
      const std::optional<int64_t> offset = number(take_word(rest));
      if (!offset) return false;
      field.deref.push_back(static_cast<int32_t>(*offset));
    }
    // What stands in the context is then an address, whatever the integer's size is.
    if (!field.deref.empty()) {
      case_.fixed_bytes = field.offset;
      align(8);
      field.offset = case_.fixed_bytes;
      case_.fixed_bytes += 8;
    }
    case_.schema.args.push_back(field);
    return true;
  }

  void align(uint32_t to) { case_.fixed_bytes = (case_.fixed_bytes + to - 1) / to * to; }

  // Gives the field its type and its place at the end of the context.
  bool place(Field& field, std::string_view type) {
    field.type = type;
    uint32_t alignment = 8;
    if (type == "string" || type == "address") {
      field.kind = type == "string" ? FieldKind::string : FieldKind::address;
    } else if (type == "data_loc") {
      field.kind = FieldKind::data_loc;
      field.size = alignment = 4;
    } else if (type.starts_with("char[") && type.ends_with("]")) {
      field.kind = FieldKind::char_array;
      field.size = static_cast<uint32_t>(number(type.substr(5, type.size() - 6)).value_or(0));
      alignment = 1;
      if (field.size == 0) return false;
    } else if (case_.schema.types && case_.types->type_of(type) != 0) {
      field.ctype = case_.types->type_of(type);
      const bytecode::CType c = case_.types->describe(field.ctype);
      field.kind = c.kind == bytecode::CKind::structure ? FieldKind::structure
                   : c.kind == bytecode::CKind::array   ? FieldKind::array
                                                        : FieldKind::integer;
      field.size = c.size;
      field.is_signed = c.is_signed;
    } else if (type.starts_with("i") || type.starts_with("u")) {
      const int64_t bits = number(type.substr(1)).value_or(0);
      if (bits != 8 && bits != 16 && bits != 32 && bits != 64) return false;
      field.is_signed = type[0] == 'i';
      field.size = alignment = static_cast<uint32_t>(bits / 8);
    } else {
      return false;
    }
    align(alignment);
    field.offset = case_.fixed_bytes;
    case_.fixed_bytes += field.size;
    return true;
  }

  // name=value pairs; a value ends where the next name= begins.
  bool add_event(std::string_view rest) {
    EventSpec event;
    event.line = directive_line_;
    while (!rest.empty()) {
      const size_t equals = rest.find('=');
      if (equals == std::string_view::npos) return false;
      FieldValue value;
      value.name = trim(rest.substr(0, equals));
      rest = trim(rest.substr(equals + 1));
      const size_t length = value_length(rest);
      value.text = trim(rest.substr(0, length));
      rest = trim(rest.substr(length));
      if (value.name.empty() || value.text.empty()) return false;
      event.values.push_back(std::move(value));
    }
    case_.events.push_back(std::move(event));
    return true;
  }

  static size_t value_length(std::string_view text) {
    size_t at = text.starts_with("edge ") ? 5 : 0;
    bool quoted = false;
    int depth = 0;
    for (; at < text.size(); ++at) {
      if (quoted && text[at] == '\\') {
        ++at;
        continue;
      }
      if (text[at] == '"') quoted = !quoted;
      if (!quoted && (text[at] == '{' || text[at] == '[')) ++depth;
      if (!quoted && (text[at] == '}' || text[at] == ']')) --depth;
      if (!quoted && depth == 0 && (text[at] == ' ' || text[at] == '\n')) break;
    }
    return std::min(at, text.size());
  }

  std::string_view text_;
  uint32_t line_ = 0;
  uint32_t directive_line_ = 0;
  bool begun_ = false;  // past the comment at the top
  Case case_;
};

}  // namespace

bool Case::runs_on(std::string_view engine) const {
  return engines.empty() || std::find(engines.begin(), engines.end(), engine) != engines.end();
}

Result<Case> parse_case(std::string_view text, const std::string& path) {
  return Reader(text, path).read();
}

Result<Case> read_case(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return parse_case(text, path);
}

}  // namespace cases
