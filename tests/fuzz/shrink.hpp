// The smallest closure that fails as this one does.
#pragma once

#include "tests/fuzz/judge.hpp"

namespace fuzz {

struct Failure {
  Subject subject;
  Verdict verdict;
};

Failure shrink(Judge& judge, Failure failure);

}  // namespace fuzz
