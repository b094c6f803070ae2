// The flame graph itself: one file with all that it needs, for any browser.
#pragma once

#include <string>

#include "plugin/pictures/amount.hpp"
#include "plugin/pictures/flame_tree.hpp"

namespace plugin::pictures {

struct FlameStyle {
  std::string title = "Flame graph";
  double width = 1200;
  Unit unit = Unit::number;  // of the counts
  bool inverted = false;     // the root on top
};

// Frames narrower than a tenth of a pixel are left out, and the picture says how many. The same
// tree gives the same bytes. The tree's total is above 0.
std::string flame_svg(const FlameTree& tree, const FlameStyle& style);

// The script inside: search, zoom, the line about the frame under the pointer.
extern const char* const flame_script;

}  // namespace plugin::pictures
