// Compiles every case of the golden files in a folder and compares with what stands there. Exits
// with 1 and prints the differences, or rewrites the files if GOLDEN_UPDATE is set.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "bytecode/compile.hpp"
#include "bytecode/disasm.hpp"
#include "bytecode/literals.hpp"
#include "bytecode/validate.hpp"

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
  malformed(line);
}

Field parse_field(std::istringstream& words, const std::string& line) {
  Field field;
  std::string kind, word;
  if (!(words >> kind >> field.offset >> field.size)) malformed(line);
  field.kind = kind_of(kind, line);
  if (field.kind == FieldKind::array) field.type = "u32[4]";
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
  if (text.starts_with("{")) return Record{{"n", Value(5)}, {"s", Value("x")}};
  return parse_literal(text).value_or(Value(text));
}

void read_head(const File& file, Schema& schema, CompileOptions& options) {
  for (const std::string& line : file.head) {
    std::istringstream words(line);
    std::string kind, name, value;
    if (!(words >> kind) || kind.starts_with("#")) continue;
    if (kind == "target") {
      words >> schema.target;
    } else if (kind == "field") {
      words >> name;
      schema.args.push_back(parse_field(words, line));
      schema.args.back().name = name;
    } else if (kind == "register") {
      schema.registers.push_back(parse_field(words, line));
      schema.registers.back().name = "arg" + std::to_string(schema.registers.size() - 1);
    } else if (kind == "retval") {
      schema.has_retval = true;
      schema.retval = parse_field(words, line);
      schema.retval.name = "retval";
    } else if (kind == "capture") {
      words >> name >> value;
      options.captures.push_back({name, parse_value(name, value)});
    } else if (kind == "string-bytes") {
      words >> options.string_bytes;
    } else {
      malformed(line);
    }
  }
}

void print_error(const Error& error, const std::string& source, std::string& out) {
  out += "error: " + error.message + "\n";
  for (const Label& label : error.labels)
    out += "  `" + source.substr(label.span.start, label.span.end - label.span.start) +
           "`: " + label.text + "\n";
  // A closure's error always says what to do, and always where.
  out += error.hint.empty() ? "  NO HINT\n" : "  hint: " + error.hint + "\n";
  if (error.labels.empty()) out += "  NO LABEL\n";
  for (const Error& more : error.more) print_error(more, source, out);
}

std::string result_of(const Case& one, const Schema& schema, CompileOptions options) {
  if (one.title.starts_with("text: ")) options.dialect = Dialect::text;
  Result<Program> program = compile(one.closure, schema, options);
  std::string out;
  if (!program) {
    print_error(program.error(), one.closure, out);
    return out;
  }
  Status valid = validate(*program);
  return valid ? disassemble(*program) : "REFUSED: " + valid.error().message + "\n";
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
