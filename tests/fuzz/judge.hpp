// Runs subjects everywhere and says where the answers part.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/fuzz/nushell.hpp"
#include "tests/fuzz/subject.hpp"

namespace kernel_tests {
class KernelVm;
}
namespace cases {
class Engine;
}

namespace fuzz {

// What became of one subject.
struct Verdict {
  enum class Kind : uint8_t {
    agree,       // all engines and Nushell
    documented,  // they part as the README says; `words` names the difference
    limit,       // refused for a limit, or for a value of the host; not compared
    refused,     // the compiler refuses what the generator holds for well-typed
    ill_typed,   // Nushell refuses it, or raises an error that is no fault: the generator's mistake
    differ,      // the answers part
  };
  Kind kind = Kind::agree;
  std::string words;   // what the parting is, short: equal words are held for one bug
  std::string report;  // what each one said
  size_t faults = 0;   // events that ended with a fault
  size_t rows = 0;
};

// A message without the numbers that differ from closure to closure.
std::string without_numbers(const std::string& text);
std::string_view kind_name(Verdict::Kind kind);
bool is_failure(const Verdict& verdict);

class Judge {
 public:
  // `engines` of "reference", "native" and "kernel"; without any, only Nushell runs.
  Judge(const std::string& nushell, const std::vector<std::string>& engines);
  ~Judge();

  // Nushell is not asked about what the compiler refuses unless `ask_all`: a closure that the
  // shrinker took to pieces may never end, and only the engines' fuel tells.
  std::vector<Verdict> judge(const std::vector<Subject>& subjects, bool ask_all = true);
  // What the compiler alone says.
  Verdict compile(const Subject& subject) const;

 private:
  struct Run;
  Run prepare(const Subject& subject);

  Nushell nushell_;
  std::unique_ptr<kernel_tests::KernelVm> vm_;
  std::vector<std::unique_ptr<cases::Engine>> engines_;
  bool compiles_ = false;
};

}  // namespace fuzz
