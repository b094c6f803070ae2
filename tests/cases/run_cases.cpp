#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "bytecode/decode.hpp"
#include "bytecode/disasm.hpp"
#include "bytecode/entries.hpp"
#include "bytecode/isa_table.hpp"
#include "bytecode/show.hpp"
#include "bytecode/validate.hpp"
#include "bytecode/wire.h"
#include "tests/cases/case.hpp"
#include "tests/cases/engine.hpp"
#include "tests/cases/event.hpp"

namespace cases {
namespace {

using bytecode::Effects;
using bytecode::Event;
using bytecode::Program;
using bytecode::Result;
using bytecode::Status;
using bytecode::Value;

// What came out and what should have, as lines of the case file. A test compares and prints these.
using Lines = std::vector<std::string>;

// Names that tell what they were asked for.
class TestNames : public bytecode::Names {
 public:
  std::string func(uint32_t site) const override { return "func" + std::to_string(site); }
  std::string probe(uint32_t site) const override { return "probe:func" + std::to_string(site); }
  std::string cgroup(uint64_t id) const override {
    return id == 0 ? "" : "/group" + std::to_string(id);
  }
  // Of one address below 1,000, in the kernel or in the processes 100 and 200.
  std::vector<std::string> stack(uint64_t number) const override {
    for (uint64_t address = 0; address < 1000; ++address)
      for (const uint32_t pid : {0u, 100u, 200u})
        if (number == VM_STACK_MIX(VM_STACK_SEED(pid, pid == 0 ? 0 : 1), address))
          return {"at" + std::to_string(address)};
    return {"many"};
  }
};
const TestNames kNames;

// No case expects an exact time.
void forget_times(Value& value) {
  if (value.get_if<bytecode::Date>() != nullptr) value = bytecode::Date{0};
  if (auto* list = value.get_if<bytecode::List>())
    for (Value& item : *list) forget_times(item);
  if (auto* record = value.get_if<bytecode::Record>())
    for (auto& [name, item] : *record) forget_times(item);
}

std::string row_line(bytecode::RowType type, const std::optional<std::string>& name,
                     const Value& value) {
  switch (type) {
    case bytecode::RowType::probe_hit:
      return "hit";
    case bytecode::RowType::log:
      return "log " + bytecode::show(value);
    case bytecode::RowType::custom:
      break;
  }
  if (name) return "emit " + bytecode::show_name(*name) + " " + bytecode::show(value);
  return "row " + bytecode::show(value);
}

std::string row_text(const Program& program, const Event& event,
                     const std::vector<uint8_t>& bytes) {
  vm_row header;
  if (bytes.size() < sizeof header) return "row cut in its header";
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.length != bytes.size() - sizeof header) return "row with a wrong length";
  if (header.site >= program.rows.size()) return "row of no site";
  char comm[16] = {};
  std::memcpy(comm, event.comm.data(), std::min<size_t>(event.comm.size(), 15));
  if (header.pid != event.pid || header.tid != event.tid || header.cpu != event.cpu ||
      std::memcmp(header.comm, comm, sizeof comm) != 0)
    return "row of another task";
  const bytecode::RowSite& site = program.rows[header.site];
  Value value = bytecode::decode_row(site, header.nulls, std::span(bytes).subspan(sizeof header),
                                     bytecode::Clock{}, &kNames);
  forget_times(value);
  return row_line(site.type, site.event_type, value);
}

std::string fault_line(const Program& program, const bytecode::FaultAt& fault, bool with_source) {
  const bytecode::FaultInfo* info = bytecode::fault_info(fault.kind);
  std::string line = "fault " + (info == nullptr ? "?" : std::string(info->name));
  if (!with_source || fault.pc >= program.spans.size()) return line;
  const bytecode::Span span = program.spans[fault.pc];
  return line + " " + bytecode::quoted(program.source.substr(span.start, span.end - span.start));
}

Value key_value(const bytecode::MapSpec& map, const std::vector<uint8_t>& key) {
  bytecode::Record columns = bytecode::decode_key(map, key, bytecode::Clock{}, &kNames);
  if (columns.size() == 1 && columns[0].first.empty()) return std::move(columns[0].second);
  return Value(std::move(columns));
}

std::string count_line(const std::string& name, const std::optional<Value>& key, uint64_t count) {
  std::string line = "count " + (name.empty() ? "-" : bytecode::show_name(name));
  if (key) line += " " + bytecode::show(*key);
  return line + " = " + std::to_string(count);
}

Symbols symbols_of(const Event& event) {
  return {{"pid", int64_t{event.pid}},       {"tid", int64_t{event.tid}},
          {"uid", int64_t{event.uid}},       {"gid", int64_t{event.gid}},
          {"cpu", int64_t{event.cpu}},       {"comm", event.comm.substr(0, 15)},
          {"time", Value(bytecode::Date{0})}};
}

// The case's own lines, brought to the form that the lines of a run have.
Result<std::string> expected_line(const Expectation& expected, const Symbols& symbols) {
  std::string_view text = expected.text;
  if (expected.kind == "hit" || expected.kind == "fault") {
    const std::string line = expected.kind + (text.empty() ? "" : " ");
    if (expected.kind == "hit") return line;
    const Result<std::string> kind = take_name(text);
    if (!kind) return kind.error();
    skip_space(text);
    if (text.empty()) return line + *kind;
    const Result<Value> source = parse_value(text, symbols);
    return source ? Result<std::string>(line + *kind + " " + bytecode::show(*source))
                  : Result<std::string>(source.error());
  }
  std::optional<std::string> name;
  if (expected.kind == "emit") {
    const Result<std::string> word = take_name(text);
    if (!word) return word.error();
    name = *word;
  }
  const Result<Value> value = parse_value(text, symbols);
  if (!value) return value.error();
  return row_line(expected.kind == "log" ? bytecode::RowType::log : bytecode::RowType::custom, name,
                  *value);
}

Result<std::string> expected_count(const Expectation& expected, const Symbols& symbols) {
  std::string_view text = expected.text;
  Result<std::string> name = take_name(text);
  if (!name) return name;
  skip_space(text);
  std::optional<Value> key;
  if (!text.starts_with("=")) {
    const Result<Value> value = take_value(text, symbols);
    if (!value) return value.error();
    key = *value;
  }
  bytecode::Error error;
  error.message = "a count needs = and a number";
  if (!text.starts_with("=")) return error;
  const Result<Value> count = parse_value(text.substr(1), symbols);
  if (!count || count->get_if<int64_t>() == nullptr) return error;
  return count_line(*name == "-" ? "" : *name, key,
                    static_cast<uint64_t>(*count->get_if<int64_t>()));
}

// A map of another kind than a count, as the shell gets it.
std::string map_line(const std::string& name, const Value& value) {
  return "map " + (name.empty() ? "-" : bytecode::show_name(name)) + " = " + bytecode::show(value);
}

Result<std::string> expected_map(const Expectation& expected, const Symbols& symbols) {
  std::string_view text = expected.text;
  Result<std::string> name = take_name(text);
  if (!name) return name;
  skip_space(text);
  bytecode::Error error;
  error.message = "a map needs = and what it holds";
  if (!text.starts_with("=")) return error;
  const Result<Value> value = parse_value(text.substr(1), symbols);
  if (!value) return value.error();
  return map_line(*name == "-" ? "" : *name, *value);
}

class CaseRun {
 public:
  CaseRun(const Case& a_case, Engine& engine) : case_(a_case), engine_(engine) {}

  // Nothing if the case passes, else what to print.
  std::optional<std::string> run() {
    Result<Program> program = bytecode::compile(case_.closure, case_.schema, case_.options);
    if (!program) return "does not compile: " + describe(program.error());
    if (const Status status = bytecode::validate(*program); !status)
      return describe(status.error()) + "\n" + bytecode::disassemble(*program);
    Effects effects;
    Symbols symbols;
    for (const EventSpec& spec : case_.events) {
      Memory memory;
      Result<Event> event = make_event(case_, spec, memory);
      if (!event) return describe(event.error());
      engine_.adapt(*event);
      symbols = symbols_of(*event);
      if (auto difference = run_event(*program, spec, *event, symbols, effects)) return difference;
    }
    return compare_counts(*program, effects, symbols);
  }

 private:
  static std::string describe(const bytecode::Error& error) {
    std::string text = error.message;
    for (const bytecode::Label& label : error.labels)
      text += " [" + std::to_string(label.span.start) + ".." + std::to_string(label.span.end) +
              " " + label.text + "]";
    if (!error.detail.empty()) text += ": " + error.detail;
    if (!error.hint.empty()) text += " (" + error.hint + ")";
    for (const bytecode::Error& another : error.more) text += "; " + describe(another);
    return text;
  }

  static std::optional<std::string> compare(const Program& program, uint32_t line,
                                            const Lines& want, const Lines& got) {
    if (want == got) return {};
    std::string text = "line " + std::to_string(line) + "\n  expected\n";
    for (const std::string& each : want) text += "    " + each + "\n";
    text += "  came\n";
    for (const std::string& each : got) text += "    " + each + "\n";
    return text + bytecode::disassemble(program);
  }

  std::optional<std::string> run_event(const Program& program, const EventSpec& spec,
                                       const Event& event, const Symbols& symbols,
                                       Effects& effects) {
    // What closures keep goes on from event to event.
    effects.rows.clear();
    effects.faults.clear();
    const Status status = engine_.run(program, event, effects);
    if (!status) return describe(status.error());

    Lines want, want_faults;
    for (const Expectation& expected : spec.expected) {
      const Result<std::string> line = expected_line(expected, symbols);
      if (!line) return "line " + std::to_string(expected.line) + ": " + line.error().message;
      (expected.kind == "fault" ? want_faults : want).push_back(*line);
    }
    // The kernel counts faults: it keeps no order of them, nor one of faults and rows.
    const bool with_source =
        std::all_of(want_faults.begin(), want_faults.end(),
                    [](const std::string& line) { return line.find('"') != std::string::npos; });
    Lines got, faults;
    for (const std::vector<uint8_t>& row : effects.rows)
      got.push_back(row_text(program, event, row));
    for (const bytecode::FaultAt& fault : effects.faults)
      faults.push_back(fault_line(program, fault, with_source));
    std::sort(faults.begin(), faults.end());
    std::sort(want_faults.begin(), want_faults.end());
    got.insert(got.end(), faults.begin(), faults.end());
    want.insert(want.end(), want_faults.begin(), want_faults.end());
    return compare(program, spec.line, want, got);
  }

  std::optional<std::string> compare_counts(const Program& program, const Effects& effects,
                                            const Symbols& symbols) const {
    Lines want, got;
    for (const Expectation& expected : case_.counts) {
      const Result<std::string> line = expected.kind == "map" ? expected_map(expected, symbols)
                                                              : expected_count(expected, symbols);
      if (!line) return "line " + std::to_string(expected.line) + ": " + line.error().message;
      want.push_back(*line);
    }
    std::vector<std::vector<bytecode::Entry>> others(program.maps.size());
    for (const auto& [where, tally] : effects.tallies)
      others[where.first].push_back({where.second, bytecode::Amount::of_tallies({&tally, 1})});
    for (const auto& [where, word] : effects.values)
      others[where.first].push_back({where.second, bytecode::Amount::of_words({&word, 1})});
    for (const auto& [where, count] : effects.counts) {
      const bytecode::MapSpec& map = program.maps[where.first];
      if (map.kind != bytecode::MapKind::count) {
        others[where.first].push_back({where.second, bytecode::Amount::of_words({&count, 1})});
        continue;
      }
      std::optional<Value> key;
      if (!map.key.empty()) key = key_value(map, where.second);
      got.push_back(count_line(map.name, key, count));
    }
    for (size_t i = 0; i < program.maps.size(); ++i) {
      const bytecode::MapSpec& map = program.maps[i];
      if (map.kind == bytecode::MapKind::count) continue;
      Value value = bytecode::map_value(map, std::move(others[i]), bytecode::Clock{}, &kNames);
      forget_times(value);
      got.push_back(map_line(map.name, value));
    }
    std::sort(want.begin(), want.end());
    std::sort(got.begin(), got.end());
    return compare(program, case_.counts.empty() ? 0 : case_.counts[0].line, want, got);
  }

  const Case& case_;
  Engine& engine_;
};

std::vector<std::string> files_of(int argc, char** argv) {
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    const std::filesystem::path path = argv[i];
    if (!std::filesystem::is_directory(path)) {
      if (argv[i][0] != '-') files.push_back(path.string());
      continue;
    }
    const size_t first = files.size();
    for (const auto& entry : std::filesystem::directory_iterator(path))
      if (entry.path().extension() == ".case") files.push_back(entry.path().string());
    std::sort(files.begin() + static_cast<std::ptrdiff_t>(first), files.end());
  }
  return files;
}

}  // namespace

int run_cases(Engine& engine, int argc, char** argv) {
  const bool list = std::any_of(argv, argv + argc,
                                [](const char* arg) { return std::strcmp(arg, "--list") == 0; });
  unsigned passed = 0, failed = 0, left_out = 0;
  for (const std::string& path : files_of(argc, argv)) {
    const std::string name = std::filesystem::path(path).stem().string();
    const Result<Case> a_case = read_case(path);
    if (!a_case) {
      std::printf("FAIL %s: %s\n", name.c_str(), a_case.error().message.c_str());
      ++failed;
    } else if (list) {
      std::printf("%-32s %s\n", name.c_str(), a_case->description.c_str());
      ++passed;
    } else if (!a_case->runs_on(engine.name())) {
      std::printf("left out %s: not for this engine\n", name.c_str());
      ++left_out;
    } else if (const auto difference = CaseRun(*a_case, engine).run()) {
      std::printf("FAIL %s: %s\n", name.c_str(), difference->c_str());
      ++failed;
    } else {
      ++passed;
    }
  }
  if (list) return 0;
  std::printf("%s: %u passed, %u failed, %u left out\n", std::string(engine.name()).c_str(), passed,
              failed, left_out);
  return failed > 0 ? 1 : passed > 0 ? 0 : 2;
}

}  // namespace cases
