#include "plugin/pictures/buckets.hpp"

#include <algorithm>
#include <tuple>

#include "plugin/codec.hpp"

namespace plugin::pictures {

namespace {

// Whole numbers: [5, 6) is 5. Of durations and sizes the words would not say so.
bool is_single(const Bounds& bounds, Unit unit) {
  if (!bounds.low || !bounds.high) return false;
  if (*bounds.low >= *bounds.high) return true;
  return unit == Unit::number && *bounds.low == *bounds.high - 1;
}

}  // namespace

bool operator<(const Bounds& a, const Bounds& b) {
  const auto place = [](const Bounds& bounds) {
    return std::tuple(bounds.low.has_value(), bounds.low.value_or(0), !bounds.high.has_value(),
                      bounds.high.value_or(0));
  };
  return place(a) < place(b);
}

void Scale::add(const std::vector<Bucket>& rows) {
  for (const Bucket& row : rows) rows_.push_back({row.low, row.high});
}

void Scale::finish() {
  std::sort(rows_.begin(), rows_.end());
  rows_.erase(std::unique(rows_.begin(), rows_.end()), rows_.end());
}

std::vector<int64_t> Scale::counts(const std::vector<Bucket>& rows) const {
  std::vector<int64_t> counts(rows_.size());
  for (const Bucket& row : rows) {
    const auto found = std::lower_bound(rows_.begin(), rows_.end(), Bounds{row.low, row.high});
    int64_t& count = counts[static_cast<size_t>(found - rows_.begin())];
    count = add_counts(count, row.count);
  }
  return counts;
}

std::string short_words(const Bounds& bounds, Unit unit) {
  if (is_single(bounds, unit)) return exact(*bounds.low, unit);
  if (bounds.low && bounds.high)
    return exact(*bounds.low, unit) + " – " + exact(*bounds.high, unit);
  if (bounds.low) return "≥ " + exact(*bounds.low, unit);
  if (bounds.high) return "< " + exact(*bounds.high, unit);
  return "all";
}

std::string long_words(const Bounds& bounds, Unit unit) {
  if (is_single(bounds, unit)) return exact(*bounds.low, unit);
  if (bounds.low && bounds.high)
    return "from " + exact(*bounds.low, unit) + " to below " + exact(*bounds.high, unit);
  if (bounds.low) return "from " + exact(*bounds.low, unit) + " on";
  if (bounds.high) return "below " + exact(*bounds.high, unit);
  return "all";
}

std::string panel_words(const std::string& key) { return key.empty() ? "\"\"" : sanitise(key); }

std::string most_keys(size_t shown, size_t all) {
  return "the " + std::to_string(shown) + " keys that count most, of " + std::to_string(all);
}

}  // namespace plugin::pictures
