// Compiles every case of the golden files in a folder and compares with what stands there. Exits
// with 1 and prints the differences, or rewrites the files if GOLDEN_UPDATE is set.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "bytecode/compile.hpp"
#include "bytecode/disasm.hpp"
#include "bytecode/explain.hpp"
#include "bytecode/isa_table.hpp"
#include "bytecode/show.hpp"
#include "bytecode/validate.hpp"
#include "tests/cases/type_table.hpp"
#include "tests/cases/value_text.hpp"

namespace {

using namespace bytecode;

struct Case {
  std::string title;
  std::string closure;
  std::string expected;
};

struct File {
  std::vector<std::string> head;
  std::vector<Case> cases;
};

std::vector<std::string> lines_of(std::istream& in) {
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

File parse(std::istream& in) {
  File file;
  bool in_closure = false;
  for (const std::string& line : lines_of(in)) {
    if (line.starts_with("=== ")) {
      file.cases.push_back({line.substr(4), "", ""});
      in_closure = true;
    } else if (line == "---" && in_closure) {
      in_closure = false;
    } else if (file.cases.empty()) {
      file.head.push_back(line);
    } else {
      Case& last = file.cases.back();
      (in_closure ? last.closure : last.expected) += line + "\n";
    }
  }
  for (Case& one : file.cases) {
    one.closure.pop_back();
    while (one.expected.ends_with("\n\n")) one.expected.pop_back();
  }
  return file;
}

[[noreturn]] void malformed(const std::string& line) {
  std::cerr << "cannot read: " << line << "\n";
  std::exit(2);
}

FieldKind kind_of(const std::string& name, const std::string& line) {
  if (name == "integer") return FieldKind::integer;
  if (name == "char_array") return FieldKind::char_array;
  if (name == "data_loc") return FieldKind::data_loc;
  if (name == "string") return FieldKind::string;
  if (name == "address") return FieldKind::address;
  if (name == "array") return FieldKind::array;
  if (name == "constant") return FieldKind::constant;
  malformed(line);
}

// A field of a C type: its offset, then the type.
Field typed_field(std::istringstream& words, const std::string& line, cases::TypeTable& types) {
  Field field;
  if (!(words >> field.offset)) malformed(line);
  std::getline(words >> std::ws, field.type);
  field.ctype = types.type_of(field.type);
  if (field.ctype == 0) malformed(line);
  const CType c = types.describe(field.ctype);
  field.size = c.size;
  field.is_signed = c.is_signed;
  field.kind = c.kind == CKind::structure ? FieldKind::structure
               : c.kind == CKind::array   ? FieldKind::array
                                          : FieldKind::integer;
  return field;
}

Field parse_field(std::istringstream& words, const std::string& line, cases::TypeTable& types) {
  Field field;
  std::string kind, word;
  const auto begin = words.tellg();
  if (words >> kind && kind == "c") return typed_field(words, line, types);
  words.clear();
  words.seekg(begin);
  if (!(words >> kind >> field.offset >> field.size)) malformed(line);
  field.kind = kind_of(kind, line);
  if (field.kind == FieldKind::array) field.type = "u32[4]";
  if (field.kind == FieldKind::constant) field.value = field.offset;
  while (words >> word) {
    if (word == "signed")
      field.is_signed = true;
    else if (word != "deref")
      field.deref.push_back(std::stoi(word));
  }
  return field;
}

Value parse_value(const std::string& name, const std::string& text) {
  if (text == "sentinel") return sentinel(name);
  Result<Value> value = cases::parse_value(text, {});
  return value ? *value : Value(text);
}

// A custom command or, where it has a name, a captured closure. It knows the captures above it.
void add_text(const std::string& name, const std::string& source, CompileOptions& options) {
  Text text{source, options.captures};
  if (!name.empty()) {
    Capture closure{name, Null{}};
    closure.text = static_cast<uint32_t>(options.texts.size());
    options.captures.push_back(std::move(closure));
  }
  options.texts.push_back(std::move(text));
}

std::string rest_of(std::istringstream& words) {
  std::string rest;
  std::getline(words >> std::ws, rest);
  return rest;
}

void read_head(const File& file, Schema& schema, CompileOptions& options) {
  const auto types = std::make_shared<cases::TypeTable>();
  for (const std::string& line : file.head) {
    std::istringstream words(line);
    std::string kind, name;
    if (!(words >> kind) || kind.starts_with("#")) continue;
    if (kind == "target") {
      words >> schema.target;
    } else if (kind == "struct" || kind == "union" || kind == "enum" || kind == "typedef") {
      schema.types = types;
      if (!types->declare(line)) malformed(line);
    } else if (kind == "task") {
      schema.task = types->type_of(rest_of(words));
    } else if (kind == "func" || kind == "probe") {
      (kind == "func" ? schema.func : schema.probe) = rest_of(words);
    } else if (kind == "reg") {
      words >> name;
      schema.regs.push_back(parse_field(words, line, *types));
      schema.regs.back().name = name;
    } else if (kind == "field") {
      words >> name;
      schema.args.push_back(parse_field(words, line, *types));
      schema.args.back().name = name;
    } else if (kind == "register") {
      schema.registers.push_back(parse_field(words, line, *types));
      schema.registers.back().name = "arg" + std::to_string(schema.registers.size() - 1);
    } else if (kind == "retval") {
      schema.has_retval = true;
      schema.retval = parse_field(words, line, *types);
      schema.retval.name = "retval";
    } else if (kind == "capture") {
      words >> name;
      std::string value = rest_of(words);
      if (value.starts_with("{|"))
        add_text(name, value, options);
      else
        options.captures.push_back({name, parse_value(name, value)});
    } else if (kind == "command") {
      add_text("", rest_of(words), options);
    } else if (kind == "unsupported") {
      words >> name;
      options.captures.push_back({name, Null{}, rest_of(words)});
    } else if (kind == "string-bytes") {
      words >> options.string_bytes;
    } else if (kind == "fuel") {
      words >> options.fuel;
    } else {
      malformed(line);
    }
  }
}

// `%3{$x%i %}` is `$x0 $x1 $x2 `; parts may stand in parts. Takes the text up to the end of its
// part.
std::string expand(std::string_view& text, const std::string& index) {
  std::string out;
  while (!text.empty() && !text.starts_with("%}")) {
    size_t digits = text.find_first_not_of("0123456789", 1);
    bool is_part = text[0] == '%' && digits > 1 && digits != text.npos && text[digits] == '{';
    if (text.starts_with("%i")) {
      out += index;
      text.remove_prefix(2);
    } else if (is_part) {
      int times = std::stoi(std::string(text.substr(1, digits - 1)));
      text.remove_prefix(digits + 1);
      std::string_view part = text;
      for (int i = 0; i < times; ++i) {
        text = part;
        out += expand(text, std::to_string(i));
      }
      text.remove_prefix(2);
    } else {
      out += text[0];
      text.remove_prefix(1);
    }
  }
  return out;
}

// Words of any length, of the longest their ends.
std::string quote(const std::string& source, Span span) {
  constexpr size_t most = 160, end = 60;
  std::string words = source.substr(span.start, span.end - span.start);
  if (words.size() <= most) return words;
  return words.substr(0, end) + " ... " + words.substr(words.size() - end);
}

void print_error(const Error& error, const std::string& source, std::string& out) {
  out += "error: " + error.message + "\n";
  for (const Label& label : error.labels)
    out += "  `" + quote(source, label.span) + "`: " + label.text + "\n";
  // A closure's error always says what to do, and always where.
  out += error.hint.empty() ? "  NO HINT\n" : "  hint: " + error.hint + "\n";
  if (error.labels.empty()) out += "  NO LABEL\n";
  for (const Error& more : error.more) print_error(more, source, out);
}

// A member a line; of a table a row a line.
std::string explanation(const Program& program, const Schema& schema) {
  std::string out;
  for (const auto& [name, value] : explain(program, schema)) {
    const List* rows = value.get_if<List>();
    out += name + ":" + (rows ? "" : " " + show(value)) + "\n";
    if (!rows) continue;
    for (const Value& row : *rows) out += "  " + show(row) + "\n";
  }
  return out;
}

std::string sizes(const Program& program) {
  std::string out = std::to_string(program.code.size()) + " instructions, " +
                    std::to_string(program.pool.size()) + " bytes of constants\n";
  for (const RowSite& row : program.rows)
    out += "a row of " + std::to_string(row.fields.size()) + " fields\n";
  std::map<std::string, int> maps;
  for (const MapSpec& map : program.maps)
    ++maps[map.key.empty()
               ? "without keys"
               : "of keys of " + std::to_string(key_class_bytes(map.key_class)) + " bytes"];
  for (const auto& [keys, count] : maps) out += std::to_string(count) + " maps " + keys + "\n";
  return out;
}

std::string result_of(const Case& one, const Schema& schema, CompileOptions options) {
  if (one.title.starts_with("text: ")) options.dialect = Dialect::text;
  std::string_view rest = one.closure;
  std::string closure = expand(rest, "");
  Result<Program> program = compile(closure, schema, options);
  std::string out;
  if (!program) {
    for (const Text& text : options.texts) closure += "\n" + text.source;
    print_error(program.error(), closure, out);
    return out;
  }
  Status valid = validate(*program);
  if (!valid) return "REFUSED: " + valid.error().message + "\n";
  if (one.title.starts_with("explain: ")) return explanation(*program, schema);
  return one.title.starts_with("size: ") ? sizes(*program) : disassemble(*program);
}

// True if all is as the file says, or the file has been written anew.
bool run(const std::filesystem::path& path, bool update, size_t& count) {
  std::ifstream in(path);
  File file = parse(in);
  in.close();
  Schema schema;
  CompileOptions options;
  read_head(file, schema, options);
  bool good = true;
  for (Case& one : file.cases) {
    ++count;
    std::string result = result_of(one, schema, options);
    bool broken = result.find("NO HINT") != std::string::npos ||
                  result.find("NO LABEL") != std::string::npos || result.starts_with("REFUSED");
    if (broken || (result != one.expected && !update)) {
      good = false;
      std::cout << path.filename().string() << ": " << one.title << "\n"
                << one.closure << "\n--- expected\n"
                << one.expected << "--- got\n"
                << result << "\n";
    }
    one.expected = result;
  }
  if (!update) return good;
  std::ofstream out(path);
  for (const std::string& line : file.head) out << line << "\n";
  for (const Case& one : file.cases) {
    out << "=== " << one.title << "\n" << one.closure << "\n---\n" << one.expected;
    if (&one != &file.cases.back()) out << "\n";
  }
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: golden FOLDER\n";
    return 2;
  }
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1]))
    if (entry.path().extension() == ".golden") paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  bool update = std::getenv("GOLDEN_UPDATE") != nullptr, good = !paths.empty();
  size_t count = 0;
  for (const auto& path : paths) good &= run(path, update, count);
  std::cout << count << " cases in " << paths.size() << " files: " << (good ? "good" : "FAILED")
            << "\n";
  return good ? 0 : 1;
}
