#include "tests/fuzz/judge.hpp"

#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <stdexcept>

#include "bytecode/compile.hpp"
#include "bytecode/disasm.hpp"
#include "bytecode/validate.hpp"
#include "tests/cases/event.hpp"
#include "tests/fuzz/documented.hpp"
#include "tests/kernel/kernel_engine.hpp"
#include "tests/kernel/kernel_vm.hpp"
#include "tests/kernel/native_engine.hpp"

namespace fuzz {
namespace {

using bytecode::Effects;
using bytecode::Error;
using bytecode::Program;
using bytecode::Result;
using bytecode::Status;

class ReferenceEngine final : public cases::Engine {
 public:
  std::string_view name() const override { return "reference"; }
  Status run(const Program& program, const bytecode::Event& event, Effects& effects) override {
    bytecode::run(program, event, effects);
    return bytecode::Nothing{};
  }
};

// Ends the process with the closure's text where its compiling and running take longer than any
// may: a closure that hangs us would hang its user. In seconds of the processor's time.
class Deadline {
 public:
  explicit Deadline(const std::string& closure) {
    closure_ = closure + "\n";
    std::signal(SIGVTALRM, [](int) {
      static constexpr std::string_view words = "this takes for ever:\n";
      if (write(STDERR_FILENO, words.data(), words.size()) < 0 ||
          write(STDERR_FILENO, closure_.data(), closure_.size()) < 0)
        _exit(3);
      _exit(2);
    });
    set(seconds);
  }
  ~Deadline() { set(0); }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

 private:
  static constexpr time_t seconds = 20;
  static inline std::string closure_;

  static void set(time_t after) {
    const itimerval timer{{0, 0}, {after, 0}};
    setitimer(ITIMER_VIRTUAL, &timer, nullptr);
  }
};

std::string words_of(const Error& error, const std::string& source) {
  std::string text = error.message;
  for (const bytecode::Label& label : error.labels)
    text += " [" +
            source.substr(std::min<size_t>(label.span.start, source.size()),
                          label.span.end - label.span.start) +
            ": " + label.text + "]";
  if (!error.hint.empty()) text += " (" + error.hint + ")";
  for (const Error& another : error.more) text += "; " + words_of(another, source);
  return text;
}

bool is_limit(const Error& error) {
  const auto says = [&](const std::string& text) {
    // Limits of the language too: that what the host computes decides nothing, that a date is a
    // constant, that null is no value of another type (a `match` that no arm needs to fit is null).
    return text.find("limit is") != std::string::npos ||
           text.find("before the host computes this") != std::string::npos ||
           text.find("a date of the calendar is not known in the kernel") != std::string::npos ||
           text.find("does not work on nothing") != std::string::npos ||
           text.find("unfolds into too much") != std::string::npos;
  };
  return says(error.message) || says(error.hint) ||
         std::ranges::any_of(error.labels, [&](const auto& label) { return says(label.text); });
}

std::string indent(const std::string& text) {
  std::string out = "    ";
  for (const char c : text) {
    out += c;
    if (c == '\n') out += "    ";
  }
  return out;
}

std::string first_word(const std::string& text) { return text.substr(0, text.find_first_of(" {")); }

Result<Program> compiled(const cases::Case& a_case) {
  Result<Program> program = bytecode::compile(a_case.closure, a_case.schema, a_case.options);
  if (program)
    if (const Status valid = bytecode::validate(*program); !valid) return valid.error();
  return program;
}

Verdict verdict_of(const Result<Program>& program, const cases::Case& a_case) {
  Verdict verdict;
  if (program) return verdict;
  verdict.kind = is_limit(program.error()) ? Verdict::Kind::limit : Verdict::Kind::refused;
  verdict.words = without_numbers(program.error().message);
  verdict.report = words_of(program.error(), a_case.closure);
  return verdict;
}

// What parts two outcomes, short.
std::string parting(const Outcome& ours, const Outcome& theirs) {
  if (!theirs.trouble.empty()) return first_word(theirs.trouble);
  if (ours.fault != theirs.fault)
    return "fault " + (ours.fault.empty() ? "none" : ours.fault) + ", not " +
           (theirs.fault.empty() ? "none" : theirs.fault);
  if (ours.rows.size() != theirs.rows.size()) return "number of rows";
  for (size_t i = 0; i < ours.rows.size(); ++i)
    if (text_of(ours.rows[i].value) != text_of(theirs.rows[i].value)) return "value";
  if (ours.counts != theirs.counts) return "counts";
  return "rows";
}

// Nushell has met an error that an `each` has left in a list, and calls it a wrong type.
bool is_error_in_list(const Outcome& theirs) {
  return theirs.trouble.starts_with("OnlySupportsThisInputType") ||
         theirs.trouble.find("input type: Error") != std::string::npos;
}

}  // namespace

// A subject on its way.
struct Judge::Run {
  cases::Case a_case;
  std::optional<Result<Program>> program;
  std::vector<std::string> records;
  // By event, then by engine.
  std::vector<std::vector<Outcome>> outcomes;

  bool refused() const { return program && !*program; }
  bool spends_fuel() const {
    return std::ranges::any_of(outcomes, [](const std::vector<Outcome>& each) {
      return !each.empty() && each[0].fault == "fuel";
    });
  }
};

Judge::Judge(const std::string& nushell, const std::vector<std::string>& engines)
    : nushell_(nushell), compiles_(!engines.empty()) {
  for (const std::string& name : engines) {
    if (name == "reference") {
      engines_.push_back(std::make_unique<ReferenceEngine>());
    } else if (name == "native") {
      engines_.push_back(std::make_unique<kernel_tests::NativeEngine>());
    } else if (name == "kernel") {
      auto vm = kernel_tests::KernelVm::load({});
      if (!vm) throw std::runtime_error(vm.error().message + ": " + vm.error().detail);
      vm_ = std::move(*vm);
      engines_.push_back(std::make_unique<kernel_tests::KernelEngine>(*vm_));
    } else {
      throw std::runtime_error("no engine has the name " + name);
    }
  }
}

Judge::~Judge() = default;

Verdict Judge::compile(const Subject& subject) const {
  const cases::Case a_case = read_subject(subject);
  const Deadline deadline(a_case.closure);
  return verdict_of(compiled(a_case), a_case);
}

Judge::Run Judge::prepare(const Subject& subject) {
  Run run;
  run.a_case = read_subject(subject);
  const Deadline deadline(run.a_case.closure);
  if (compiles_) run.program = compiled(run.a_case);
  for (const cases::EventSpec& spec : run.a_case.events) {
    cases::Memory memory;
    Result<bytecode::Event> event = cases::make_event(run.a_case, spec, memory);
    if (!event) throw std::logic_error(event.error().message);
    for (const auto& engine : engines_) engine->adapt(*event);
    run.records.push_back(event_record(run.a_case, spec, *event));
    run.outcomes.emplace_back();
    if (!run.program || !*run.program) continue;
    for (const auto& engine : engines_) {
      Effects effects;
      const Status status = engine->run(**run.program, *event, effects);
      run.outcomes.back().push_back(outcome_of(**run.program, effects));
      if (!status) run.outcomes.back().back().trouble = words_of(status.error(), "");
    }
  }
  return run;
}

std::vector<Verdict> Judge::judge(const std::vector<Subject>& subjects, bool ask_all) {
  std::vector<Run> runs;
  std::vector<Question> questions;
  for (const Subject& subject : subjects) {
    runs.push_back(prepare(subject));
    questions.push_back({subject.nushell_closure(), subject.captures, runs.back().records});
  }
  // What spends our fuel may keep Nushell for ever.
  for (size_t i = 0; i < runs.size(); ++i)
    if (runs[i].spends_fuel() || (!ask_all && runs[i].refused()))
      questions[i] = {"{|| null }", {}, {"null"}};
  const std::vector<Answer> answers = nushell_.ask(questions);

  std::vector<Verdict> verdicts(subjects.size());
  for (size_t i = 0; i < subjects.size(); ++i) {
    const Run& run = runs[i];
    const Answer& answer = answers[i];
    Verdict& verdict = verdicts[i];
    using enum Verdict::Kind;
    if (run.spends_fuel()) {
      verdict.kind = Verdict::Kind::documented;
      verdict.words = "fuel";
      continue;
    }
    if (answer.refused.find("'oneof<number, duration, filesize>'") != std::string::npos) {
      verdict.kind = documented;
      verdict.words = "the type of what math makes";
      continue;
    }
    if (!answer.refused.empty()) {
      verdict.kind = ill_typed;
      verdict.words = verdict.report = answer.refused;
      continue;
    }
    for (const Outcome& outcome : answer.outcomes) {
      verdict.faults += outcome.fault.empty() ? 0 : 1;
      verdict.rows += outcome.rows.size();
      if (outcome.trouble.empty() || is_error_in_list(outcome)) continue;
      verdict.kind = ill_typed;
      verdict.words = first_word(outcome.trouble);
      verdict.report = outcome.trouble;
    }
    if (verdict.kind == ill_typed || !compiles_) continue;
    if (!*run.program) {
      verdict = verdict_of(*run.program, run.a_case);
      continue;
    }
    for (size_t e = 0; e < run.outcomes.size() && verdict.kind != differ; ++e) {
      const std::vector<Outcome>& ours = run.outcomes[e];
      const Outcome& theirs = answer.outcomes[e];
      const Outcome* apart = nullptr;
      for (const Outcome& outcome : ours)
        if (text_of(outcome) != text_of(ours[0])) apart = &outcome;
      const bool engines_agree = apart == nullptr;
      if (engines_agree && is_error_in_list(theirs) && !ours[0].fault.empty()) {
        verdict.kind = Verdict::Kind::documented;
        verdict.words = "an error in a stream";
        continue;
      }
      if (engines_agree && text_of(ours[0]) == text_of(theirs)) continue;
      if (engines_agree) {
        if (const std::string_view name =
                fuzz::documented({run.a_case.closure, run.records[e], **run.program, ours[0],
                                  theirs, nushell_.version()});
            !name.empty()) {
          verdict.kind = Verdict::Kind::documented;
          verdict.words = name;
          continue;
        }
      }
      verdict.kind = differ;
      verdict.words = engines_agree ? parting(ours[0], theirs) : "the engines differ";
      verdict.report = "event " + run.records[e] + "\n";
      for (size_t k = 0; k < ours.size(); ++k)
        verdict.report += std::string(engines_[k]->name()) + "\n" + indent(text_of(ours[k])) + "\n";
      verdict.report +=
          "nushell\n" + indent(text_of(theirs)) + "\n" + bytecode::disassemble(**run.program);
    }
  }
  return verdicts;
}

std::string without_numbers(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit)
      out += c;
    else if (!out.ends_with('#'))
      out += '#';
  }
  return out;
}

std::string_view kind_name(Verdict::Kind kind) {
  switch (kind) {
    case Verdict::Kind::agree:
      return "agree";
    case Verdict::Kind::documented:
      return "documented";
    case Verdict::Kind::limit:
      return "limit";
    case Verdict::Kind::refused:
      return "refused";
    case Verdict::Kind::ill_typed:
      return "ill-typed";
    case Verdict::Kind::differ:
      return "differ";
  }
  return "";
}

bool is_failure(const Verdict& verdict) {
  return verdict.kind == Verdict::Kind::refused || verdict.kind == Verdict::Kind::ill_typed ||
         verdict.kind == Verdict::Kind::differ;
}

}  // namespace fuzz
