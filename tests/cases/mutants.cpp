// The cases' closures, damaged: token by token from fixed seeds. What the compiler still accepts
// passes validate and runs without bad_program; what it refuses, it refuses with labels inside the
// source. Then the same for the programs themselves, damaged byte by byte.
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <random>

#include "bytecode/disasm.hpp"
#include "bytecode/validate.hpp"
#include "tests/cases/case.hpp"
#include "tests/cases/event.hpp"

namespace {

using bytecode::Effects;
using bytecode::Event;
using bytecode::Program;
using bytecode::Result;
using cases::Case;

constexpr int kTextMutants = 150;     // of each case
constexpr int kProgramMutants = 150;  // of each case

std::vector<std::string> tokens_of(const std::string& text) {
  std::vector<std::string> tokens;
  const auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  for (const char c : text) {
    const bool joins = !tokens.empty() && is_word(c) && is_word(tokens.back().back());
    if (joins)
      tokens.back() += c;
    else
      tokens.emplace_back(1, c);
  }
  return tokens;
}

class Mutator {
 public:
  explicit Mutator(std::vector<Case> all) : cases_(std::move(all)) {
    for (const Case& each : cases_)
      for (std::string& token : tokens_of(each.closure)) pool_.push_back(std::move(token));
  }

  int run() {
    for (size_t i = 0; i < cases_.size(); ++i) {
      random_.seed(static_cast<unsigned>(i));
      if (!text_mutants(cases_[i]) || !program_mutants(cases_[i])) return 1;
    }
    std::printf("closures: %u accepted, %u refused; programs: %u accepted, %u refused\n",
                texts_accepted_, texts_refused_, programs_accepted_, programs_refused_);
    const bool all_happened = texts_accepted_ > 0 && texts_refused_ > 0 && programs_accepted_ > 0 &&
                              programs_refused_ > 0;
    return all_happened ? 0 : 2;
  }

 private:
  size_t below(size_t n) { return random_() % n; }

  std::string mutated(const std::string& text) {
    std::vector<std::string> tokens = tokens_of(text);
    for (size_t times = 1 + below(3); times > 0; --times) {
      const auto at = tokens.begin() + static_cast<std::ptrdiff_t>(below(tokens.size()));
      switch (below(4)) {
        case 0:
          *at = pool_[below(pool_.size())];
          break;
        case 1:
          tokens.insert(at, pool_[below(pool_.size())]);
          break;
        case 2:
          if (tokens.size() > 1) tokens.erase(at);
          break;
        case 3:
          std::iter_swap(at, tokens.begin() + static_cast<std::ptrdiff_t>(below(tokens.size())));
          break;
      }
    }
    std::string joined;
    for (const std::string& token : tokens) joined += token;
    return joined;
  }

  static bool labels_within(const bytecode::Error& error, size_t size) {
    for (const bytecode::Label& label : error.labels)
      if (label.span.start > label.span.end || label.span.end > size) return false;
    for (const bytecode::Error& another : error.more)
      if (!labels_within(another, size)) return false;
    return !error.message.empty();
  }

  bool wrong(const Case& a_case, const std::string& what, const std::string& closure) const {
    std::printf("FAIL %s: %s\n%s\n", a_case.path.c_str(), what.c_str(), closure.c_str());
    return false;
  }

  // Runs a program on the case's first event; whether nothing was malformed.
  static bool runs(const Case& a_case, const Program& program) {
    cases::Memory memory;
    const Result<Event> event = cases::make_event(a_case, a_case.events[0], memory);
    if (!event) return false;
    Effects effects;
    bytecode::run(program, *event, effects);
    for (const bytecode::FaultAt& fault : effects.faults)
      if (fault.kind == VM_FAULT_bad_program) return false;
    return true;
  }

  bool text_mutants(const Case& a_case) {
    for (int i = 0; i < kTextMutants; ++i) {
      const std::string closure = mutated(a_case.closure);
      bytecode::CompileOptions options = a_case.options;
      if (below(2) == 0) options.dialect = bytecode::Dialect::text;
      const Result<Program> program = bytecode::compile(closure, a_case.schema, options);
      if (!program) {
        // Labels count through the closure and what it brings along.
        size_t whole = closure.size();
        for (const bytecode::Text& text : options.texts) whole += 1 + text.source.size();
        if (!labels_within(program.error(), whole))
          return wrong(a_case, "a label leaves the source: " + program.error().message, closure);
        ++texts_refused_;
        continue;
      }
      if (const bytecode::Status status = bytecode::validate(*program); !status)
        return wrong(a_case, status.error().message,
                     closure + "\n" + bytecode::disassemble(*program));
      if (!runs(a_case, *program))
        return wrong(a_case, "bad_program", closure + "\n" + bytecode::disassemble(*program));
      ++texts_accepted_;
    }
    return true;
  }

  bool program_mutants(const Case& a_case) {
    const Result<Program> original =
        bytecode::compile(a_case.closure, a_case.schema, a_case.options);
    if (!original) return wrong(a_case, original.error().message, a_case.closure);
    for (int i = 0; i < kProgramMutants; ++i) {
      Program program = *original;
      program.fuel = std::min<uint32_t>(program.fuel, 2000);
      for (size_t times = 1 + below(2); times > 0; --times) {
        vm_insn& insn = program.code[below(program.code.size())];
        reinterpret_cast<uint8_t*>(&insn)[below(sizeof insn)] = static_cast<uint8_t>(below(256));
      }
      if (!bytecode::validate(program)) {
        ++programs_refused_;
        continue;
      }
      if (!runs(a_case, program))
        return wrong(a_case, "bad_program", bytecode::disassemble(program));
      ++programs_accepted_;
    }
    return true;
  }

  std::vector<Case> cases_;
  std::vector<std::string> pool_;  // tokens of every case
  std::mt19937 random_;
  unsigned texts_accepted_ = 0, texts_refused_ = 0;
  unsigned programs_accepted_ = 0, programs_refused_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> paths;
  for (int i = 1; i < argc; ++i)
    for (const auto& entry : std::filesystem::directory_iterator(argv[i]))
      if (entry.path().extension() == ".case") paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());
  std::vector<Case> all;
  for (const std::string& path : paths) {
    Result<Case> a_case = cases::read_case(path);
    if (!a_case) {
      std::printf("FAIL %s\n", a_case.error().message.c_str());
      return 1;
    }
    all.push_back(std::move(*a_case));
  }
  return Mutator(std::move(all)).run();
}
