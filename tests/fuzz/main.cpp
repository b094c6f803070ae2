// The differential test from the command line: README.md.
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <exception>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/shrink.hpp"

namespace {

using fuzz::Failure;
using fuzz::Subject;
using fuzz::Verdict;

struct Settings {
  std::string nushell;
  uint64_t seed = 1;
  uint64_t count = 1000;
  unsigned jobs = static_cast<unsigned>(sysconf(_SC_NPROCESSORS_ONLN));
  // With more, Nushell is busy copying the script into the text of each error.
  size_t batch = 40;
  size_t shown = 5;  // failures that are shrunk and shown, of each worker
  bool show = false;
  fuzz::Features features;
  std::vector<std::string> engines = {"reference", "native", "kernel"};
};

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const size_t length = std::min(text.find(','), text.size());
    words.emplace_back(text.substr(0, length));
    text.remove_prefix(std::min(length + 1, text.size()));
  }
  return words;
}

bool add_feature(fuzz::Features& features, std::string_view name) {
  bool known = false;
#define FEATURE(feature, what)             \
  if (name == #feature || name == "all") { \
    features.add(fuzz::Feature::feature);  \
    known = true;                          \
  }
#include "tests/fuzz/features.def"
#undef FEATURE
  return known;
}

bool read_settings(int argc, char** argv, Settings& settings) {
  std::string features = "all";
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (flag == "--show") {
      settings.show = true;
      continue;
    }
    if (i + 1 >= argc) return false;
    const std::string_view value = argv[++i];
    const auto number = [&](auto& into) {
      return std::from_chars(value.data(), value.data() + value.size(), into).ec == std::errc{};
    };
    if (flag == "--nu") {
      settings.nushell = value;
    } else if (flag == "--features") {
      features = value;
    } else if (flag == "--engines") {
      settings.engines = value == "none" ? std::vector<std::string>{} : split(value);
    } else if (!((flag == "--seed" && number(settings.seed)) ||
                 (flag == "--count" && number(settings.count)) ||
                 (flag == "--jobs" && number(settings.jobs)) ||
                 (flag == "--batch" && number(settings.batch)) ||
                 (flag == "--shown" && number(settings.shown)))) {
      return false;
    }
  }
  for (const std::string& name : split(features))
    if (!add_feature(settings.features, name)) return false;
  return !settings.nushell.empty() && settings.jobs > 0 && settings.batch > 0;
}

// What came out, summed up.
struct Totals {
  std::map<std::string, uint64_t> kinds;
  std::map<std::string, uint64_t> words;  // of all that is not plain agreement
  uint64_t closures = 0, rows = 0, faults = 0, failures = 0;

  void add(const Verdict& verdict) {
    ++closures;
    ++kinds[std::string(fuzz::kind_name(verdict.kind))];
    if (verdict.kind != Verdict::Kind::agree)
      ++words[std::string(fuzz::kind_name(verdict.kind)) + ": " + verdict.words.substr(0, 100)];
    rows += verdict.rows;
    faults += verdict.faults;
    failures += fuzz::is_failure(verdict) ? 1 : 0;
  }
};

void print_failure(const Failure& failure) {
  std::printf("\n==== %s: %s\nseed %llu\n%s\n%s\n",
              std::string(fuzz::kind_name(failure.verdict.kind)).c_str(),
              failure.verdict.words.c_str(), static_cast<unsigned long long>(failure.subject.seed),
              failure.subject.case_text().c_str(), failure.verdict.report.c_str());
}

// The seeds from `first` on, by steps of the number of workers.
int work(const Settings& settings, unsigned worker) {
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(worker % static_cast<unsigned>(sysconf(_SC_NPROCESSORS_ONLN)), &only);
  sched_setaffinity(0, sizeof only, &only);

  fuzz::Judge judge(settings.nushell, settings.engines);
  Totals totals;
  std::set<std::string> partings, refusals;   // that have been shown
  size_t refusals_left = 3 * settings.shown;  // to shrink: many are the same
  for (uint64_t next = worker; next < settings.count;) {
    std::vector<Subject> subjects;
    for (; subjects.size() < settings.batch && next < settings.count; next += settings.jobs) {
      subjects.push_back(fuzz::make_subject(settings.seed + next, settings.features));
      if (settings.show) std::printf("%s\n", subjects.back().closure().c_str());
    }
    const std::vector<Verdict> verdicts = judge.judge(subjects);
    for (size_t i = 0; i < subjects.size(); ++i) {
      const Verdict& verdict = verdicts[i];
      totals.add(verdict);
      // One example of each parting; of each refusal one for each place that is refused.
      const bool refused = verdict.kind == Verdict::Kind::refused;
      std::set<std::string>& reports = refused ? refusals : partings;
      if (!fuzz::is_failure(verdict) || reports.size() >= settings.shown) continue;
      const std::string words = std::string(fuzz::kind_name(verdict.kind)) + verdict.words;
      if (refused ? refusals_left == 0 : !reports.insert(words).second) continue;
      if (refused) --refusals_left;
      const Failure small = fuzz::shrink(judge, {subjects[i], verdict});
      if (!refused || reports.insert(fuzz::without_numbers(small.verdict.report)).second)
        print_failure(small);
    }
    std::fflush(stdout);
  }
  std::printf("\nworker %u: %llu closures, %llu rows, %llu faults", worker,
              static_cast<unsigned long long>(totals.closures),
              static_cast<unsigned long long>(totals.rows),
              static_cast<unsigned long long>(totals.faults));
  for (const auto& [kind, count] : totals.kinds)
    std::printf(", %llu %s", static_cast<unsigned long long>(count), kind.c_str());
  std::printf("\n");
  for (const auto& [words, count] : totals.words)
    std::printf("  %6llu %s\n", static_cast<unsigned long long>(count), words.c_str());
  std::fflush(stdout);
  return totals.failures > 0 ? 1 : 0;
}

int guarded_work(const Settings& settings, unsigned worker) {
  try {
    return work(settings, worker);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  if (!read_settings(argc, argv, settings)) {
    std::fprintf(
        stderr,
        "fuzz --nu PATH [--seed N] [--count N] [--jobs N] [--features A,B|all] [--shown N]\n"
        "     [--engines reference,native,kernel|none] [--batch N] [--show]\n");
    return 2;
  }
  if (access(settings.nushell.c_str(), X_OK) != 0) {
    std::fprintf(stderr, "%s is not there\n", settings.nushell.c_str());
    return 77;
  }
  if (settings.jobs == 1) return guarded_work(settings, 0);
  for (unsigned worker = 0; worker < settings.jobs; ++worker) {
    const pid_t child = fork();
    if (child < 0) return 2;
    if (child == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);  // none outlives who started it
      _exit(guarded_work(settings, worker));
    }
  }
  int worst = 0;
  for (unsigned worker = 0; worker < settings.jobs; ++worker) {
    int status = 0;
    wait(&status);
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 2;
    worst = std::max(worst, code);
  }
  return worst;
}
