// Random well-typed closures: the same one for the same seed and features, everywhere.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/fuzz/productions.hpp"
#include "tests/fuzz/random.hpp"
#include "tests/fuzz/tree.hpp"

namespace fuzz {

class Features {
 public:
  void add(Feature feature) { bits_ |= bit(feature); }
  bool has(Feature feature) const { return (bits_ & bit(feature)) != 0; }

 private:
  static uint32_t bit(Feature feature) { return 1u << static_cast<unsigned>(feature); }
  uint32_t bits_ = 0;
};

struct Generated {
  Tree tree;
  bool text_dialect = false;
  // Variables of outside by their names, as case files and Nushell both write their values.
  std::vector<std::pair<std::string, std::string>> captures;
};

// A closure over an event of event.hpp.
Generated generate(Random& random, const Features& features);

}  // namespace fuzz
