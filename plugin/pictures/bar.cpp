#include <algorithm>
#include <array>
#include <cmath>

#include "plugin/pictures/histogram.hpp"

namespace plugin::pictures {

std::string bar(int64_t count, int64_t max, size_t columns) {
  if (count <= 0 || max <= 0 || columns == 0) return {};
  constexpr std::array parts = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const double share = std::min(1.0, static_cast<double>(count) / static_cast<double>(max));
  const auto whole = static_cast<double>(columns) * 8;
  const auto eighths = static_cast<size_t>(std::max(1.0, std::round(share * whole)));
  std::string text;
  for (size_t i = 0; i < eighths / 8; ++i) text += "█";
  return text + parts[eighths % 8];
}

}  // namespace plugin::pictures
