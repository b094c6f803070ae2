#include "tests/fuzz/shrink.hpp"

#include <algorithm>

namespace fuzz {
namespace {

constexpr size_t kBatch = 40;
constexpr int kRounds = 60;
constexpr int kCompiles = 5000;

bool same_failure(const Verdict& a, const Verdict& b) {
  return a.kind == b.kind && a.words == b.words;
}

// The compiler alone tells, and tells at once.
Failure shrink_refused(const Judge& judge, Failure failure) {
  int left = kCompiles;
  for (bool smaller = true; smaller && left > 0;) {
    smaller = false;
    for (Tree& tree : simplifications(failure.subject.tree)) {
      if (--left <= 0) break;
      Subject subject = failure.subject;
      subject.tree = std::move(tree);
      Verdict verdict = judge.compile(subject);
      if (!same_failure(verdict, failure.verdict)) continue;
      failure = {std::move(subject), std::move(verdict)};
      smaller = true;
      break;
    }
  }
  return failure;
}

}  // namespace

Failure shrink(Judge& judge, Failure failure) {
  // What a name's definition takes along would fail in the same words.
  if (failure.verdict.words == "Variable not found.") return failure;
  // First the events: one is enough.
  for (const std::string& event : failure.subject.events) {
    Subject one = failure.subject;
    one.events = {event};
    const std::vector<Verdict> verdicts = judge.judge({one});
    if (!same_failure(verdicts[0], failure.verdict)) continue;
    failure = {std::move(one), verdicts[0]};
    break;
  }
  if (failure.verdict.kind == Verdict::Kind::refused) return shrink_refused(judge, failure);
  const bool ask_all = failure.verdict.kind == Verdict::Kind::ill_typed;
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<Tree> trees = simplifications(failure.subject.tree);
    bool smaller = false;
    for (size_t at = 0; at < trees.size() && !smaller; at += kBatch) {
      std::vector<Subject> subjects;
      for (size_t i = at; i < std::min(at + kBatch, trees.size()); ++i) {
        Subject subject = failure.subject;
        subject.tree = trees[i];
        subjects.push_back(std::move(subject));
      }
      const std::vector<Verdict> verdicts = judge.judge(subjects, ask_all);
      for (size_t i = 0; i < subjects.size() && !smaller; ++i) {
        if (!same_failure(verdicts[i], failure.verdict)) continue;
        failure = {std::move(subjects[i]), verdicts[i]};
        smaller = true;
      }
    }
    if (!smaller) break;
  }
  return failure;
}

}  // namespace fuzz
