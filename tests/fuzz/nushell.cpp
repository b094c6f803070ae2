#include "tests/fuzz/nushell.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "bytecode/show.hpp"
#include "tests/fuzz/nuon.hpp"

namespace fuzz {
namespace {

constexpr rlim_t kSeconds = 10;  // of processor time for one batch
constexpr char kEnd = '\x1e';    // of a note; no value has it

// `note` stands outside the block that names `print` anew.
constexpr std::string_view kBefore = R"nu(
def note [what: record] { print --raw --no-newline (($what | to nuon) + (char --unicode 1e)) }
do {
def observe [closure: closure, events: list<any>] {
  for event in $events {
    try {
      let value = (do $closure $event)
      if $value != null { note {verb: row, value: $value} }
      note {verb: end}
    } catch {|error| note {verb: error, value: $error.debug} }
  }
}
)nu";

// The name of a variant of Nushell's error, and the fault that stands for it.
struct NushellError {
  std::string_view name;
  std::string_view words;  // in the error, where the name alone does not tell
  std::string_view fault;
};
constexpr std::array<NushellError, 6> kErrors = {{
    {"DivisionByZero", "", "divide_by_zero"},
    {"OperatorOverflow", "bit-sh", "shift_range"},
    {"OperatorOverflow", "", "overflow"},
    {"IncorrectValue", "Negative exponent", "negative_exponent"},
    {"AccessBeyondEnd", "", "no_item"},
    {"AccessEmptyContent", "", "no_item"},
}};

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "fuzz-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string file(const char* name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Runs a command with its output in files; its exit status, or -1 where a signal ended it.
int run(std::vector<std::string> words, const std::string& out, const std::string& err) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("fork");
  if (child == 0) {
    const rlimit limit{kSeconds, kSeconds};
    setrlimit(RLIMIT_CPU, &limit);
    if (std::freopen("/dev/null", "r", stdin) == nullptr ||
        std::freopen(out.c_str(), "w", stdout) == nullptr ||
        std::freopen(err.c_str(), "w", stderr) == nullptr)
      _exit(126);
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

const std::string& verbs() {
  static const std::string text = read_file(FUZZ_VERBS);
  return text;
}

const bytecode::Value* member(const bytecode::Value& record, std::string_view name) {
  if (const auto* members = record.get_if<bytecode::Record>())
    for (const auto& [key, value] : *members)
      if (key == name) return &value;
  return nullptr;
}

std::string text_member(const bytecode::Value& record, std::string_view name) {
  const bytecode::Value* value = member(record, name);
  const auto* text = value == nullptr ? nullptr : value->get_if<std::string>();
  return text == nullptr ? "" : *text;
}

void apply_error(const std::string& error, Outcome& outcome) {
  for (const NushellError& each : kErrors) {
    // In a closure that a command ran, the error is among the sources of another.
    const bool wrapped = error.starts_with("EvalBlockWithInput");
    const bool named =
        wrapped ? error.find(each.name) != std::string::npos : error.starts_with(each.name);
    if (!named || error.find(each.words) == std::string::npos) continue;
    outcome.fault = each.fault;
    return;
  }
  outcome.trouble = error;
}

// Applies one note; whether the event's run is over.
bool apply_note(std::string_view text, Outcome& outcome) {
  const std::optional<bytecode::Value> note = parse_nuon(text);
  if (!note) {
    outcome.trouble = "not understood: " + std::string(text);
    return false;
  }
  const std::string verb = text_member(*note, "verb");
  if (verb == "end") return true;
  const bytecode::Value* value = member(*note, "value");
  if (verb == "error") {
    apply_error(text_member(*note, "value"), outcome);
    return true;
  }
  if (verb == "count")
    ++outcome.counts[count_name(text_member(*note, "name"), *value)];
  else
    outcome.rows.push_back({verb, text_member(*note, "name"), *value});
  return false;
}

// Where each question lies in the script. The events come from a file of their own: Nushell reads
// JSON many times faster than it parses and runs the same records as a part of its source.
struct Script {
  std::string text;
  std::vector<size_t> starts;
  std::string events;
};

Script script_of(const std::vector<Question>& questions, const std::vector<size_t>& asked,
                 const std::string& events_file) {
  Script script;
  script.text = "let fuzz_events = (open --raw " + bytecode::quoted(events_file) + " | from json)" +
                std::string(kBefore) + verbs();
  for (const size_t i : asked) {
    script.starts.push_back(script.text.size());
    const Question& question = questions[i];
    std::string outside;
    for (const auto& [name, value] : question.captures)
      outside += "let " + name + " = " + value + "; ";
    // A captured variable is known around its closure alone.
    script.text += outside.empty() ? "observe " + question.closure
                                   : "observe (do { " + outside + question.closure + " })";
    script.text += " $fuzz_events." + std::to_string(script.starts.size() - 1) + "\n";
    script.events += script.events.empty() ? "[" : ",\n";
    for (size_t event = 0; event < question.events.size(); ++event)
      script.events += (event == 0 ? "[" : ", ") + question.events[event];
    script.events += "]";
  }
  script.events += "]\n";
  script.starts.push_back(script.text.size());
  script.text += "null }\n";
  return script;
}

// The diagnostics of `--ide-check`, one JSON object a line: message and start of each error.
std::vector<std::pair<size_t, std::string>> diagnostics(const std::string& text) {
  std::vector<std::pair<size_t, std::string>> found;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    if (line.find("\"severity\":\"Error\"") == std::string::npos) continue;
    const auto after = [&](std::string_view key) { return line.find(key) + key.size(); };
    const size_t message = after("\"message\":\"");
    found.emplace_back(std::strtoull(line.c_str() + after("\"start\":"), nullptr, 10),
                       line.substr(message, line.find("\",\"span", message) - message));
  }
  return found;
}

}  // namespace

Nushell::Nushell(std::string path) : path_(std::move(path)) {
  const Folder folder;
  run({path_, "--version"}, folder.file("out"), folder.file("err"));
  version_ = read_file(folder.file("out"));
}

std::vector<Answer> Nushell::ask(const std::vector<Question>& questions) const {
  const Folder folder;
  const std::string file = folder.file("closures.nu"), events = folder.file("events.json"),
                    out = folder.file("out"), err = folder.file("err");
  std::vector<Answer> answers(questions.size());
  std::vector<size_t> left(questions.size());
  for (size_t i = 0; i < left.size(); ++i) left[i] = i;

  while (!left.empty()) {
    const Script script = script_of(questions, left, events);
    std::ofstream(file, std::ios::binary) << script.text;
    std::ofstream(events, std::ios::binary) << script.events;
    run({path_, "--no-config-file", "--no-std-lib", file}, out, err);
    const std::string said = read_file(out);
    size_t question = 0, event = 0;
    Outcome outcome;
    for (size_t at = 0; at < said.size() && question < left.size();) {
      const size_t end = std::min(said.find(kEnd, at), said.size());
      const bool over = apply_note(std::string_view(said).substr(at, end - at), outcome);
      at = end + 1;
      if (!over) continue;
      answers[left[question]].outcomes.push_back(std::exchange(outcome, {}));
      if (++event < questions[left[question]].events.size()) continue;
      event = 0;
      ++question;
    }
    if (question == left.size()) break;

    // The parser refused some, and none ran; or Nushell died at one.
    std::vector<bool> gone(left.size());
    for (size_t i = 0; i < question; ++i) gone[i] = true;
    bool refused = false;
    if (said.empty()) {
      run({path_, "--no-config-file", "--no-std-lib", "--ide-check", "10000", file},
          folder.file("check"), folder.file("check-err"));
      for (const auto& [start, message] : diagnostics(read_file(folder.file("check")))) {
        const auto after = std::ranges::upper_bound(script.starts, start);
        const auto i = static_cast<size_t>(after - script.starts.begin());
        if (i == 0 || i > left.size()) throw std::runtime_error("the prelude: " + message);
        answers[left[i - 1]].refused = message;
        gone[i - 1] = refused = true;
      }
    }
    if (!refused) {
      Answer& answer = answers[left[question]];
      outcome.trouble = "Nushell died: " + read_file(err);
      answer.outcomes.push_back(std::move(outcome));
      answer.outcomes.resize(questions[left[question]].events.size());
      gone[question] = true;
    }
    std::vector<size_t> next;
    for (size_t i = 0; i < left.size(); ++i)
      if (!gone[i]) next.push_back(left[i]);
    left = std::move(next);
  }
  return answers;
}

}  // namespace fuzz
