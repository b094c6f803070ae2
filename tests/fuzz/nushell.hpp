// Real Nushell, given hundreds of closures at a time.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/fuzz/outcome.hpp"

namespace fuzz {

struct Question {
  std::string closure;
  std::vector<std::pair<std::string, std::string>> captures;
  std::vector<std::string> events;  // records, as JSON
};

struct Answer {
  std::string refused;            // not empty: what the parser said
  std::vector<Outcome> outcomes;  // one for each event
};

class Nushell {
 public:
  explicit Nushell(std::string path);

  // One answer for each question. A closure that the parser refuses spoils no other.
  std::vector<Answer> ask(const std::vector<Question>& questions) const;

  const std::string& version() const { return version_; }

 private:
  std::string path_;
  std::string version_;
};

}  // namespace fuzz
