// The rows of a histogram's table, as bpf-maps get gives them, for the pictures.
#pragma once

#include <string>
#include <vector>

#include "bytecode/value.hpp"
#include "plugin/error.hpp"
#include "plugin/pictures/histogram.hpp"

namespace plugin {

struct PlotOptions {
  std::string title;  // empty: the picture's own
  double width = 1200;
  bool totals = false;  // over time: counts are running totals, each moment adds the difference
};

// The SVG of a table with the columns low, high and count. Other columns but `bar` are keys: each
// has a panel. With a column `time`, or of rows with `time` and such a table as `value`, it is a
// heat map; rows of bpf-stream that are no counters are passed over, and counters are running
// totals. `place` is blamed.
Outcome<std::string> plot(const std::vector<bytecode::Value>& rows, const PlotOptions& options,
                          Span place);

}  // namespace plugin
