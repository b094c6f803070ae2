// The rows that several histograms have together, and their words.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plugin/pictures/histogram.hpp"

namespace plugin::pictures {

struct Bounds {
  std::optional<int64_t> low, high;
  friend bool operator==(const Bounds&, const Bounds&) = default;
};
// From low to high: an open low end comes first, an open high end last.
bool operator<(const Bounds& a, const Bounds& b);

// All rows of some histograms, each once and in order.
class Scale {
 public:
  void add(const std::vector<Bucket>& rows);
  void finish();  // once all are added

  const std::vector<Bounds>& rows() const { return rows_; }
  // The counts of one histogram, row by row.
  std::vector<int64_t> counts(const std::vector<Bucket>& rows) const;

 private:
  std::vector<Bounds> rows_;
};

// "16 – 32", "< 0", "≥ 100"; a single number as it is.
std::string short_words(const Bounds& bounds, Unit unit);
// "from 16 to below 32"
std::string long_words(const Bounds& bounds, Unit unit);
// A panel's heading: its key, valid UTF-8; "" where that is empty.
std::string panel_words(const std::string& key);
// A note on those that are not shown.
std::string most_keys(size_t shown, size_t all);

}  // namespace plugin::pictures
