// Histograms as pictures: bars of text for a table, an SVG of bars, an SVG over time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plugin/pictures/amount.hpp"

namespace plugin::pictures {

// A bar of block characters, to an eighth of a column: `count` of `max` as a part of `columns`.
// What is above 0 is never without a bar; there are no spaces behind it.
std::string bar(int64_t count, int64_t max, size_t columns);

// What lies in [low, high). An end that is not there is open.
struct Bucket {
  std::optional<int64_t> low, high;
  int64_t count = 0;
};
struct Histogram {
  std::string key;  // empty where there is but one
  std::vector<Bucket> rows;
};

struct PlotStyle {
  std::string title;
  double width = 1200;
  Unit unit = Unit::number;  // of low and high
};

// One panel a key, each with a scale of its own and all with the same rows; the 60 keys that count
// most, and a note where there are more. Rows that are there twice are added up.
std::string histogram_svg(const std::vector<Histogram>& histograms, const PlotStyle& style);

enum class TimeKind : uint8_t { date, duration, number };
struct HeatMap {
  struct Moment {
    int64_t time = 0;  // nanoseconds, unless it is a number
    std::vector<Bucket> rows;
  };
  std::string key;
  std::vector<Moment> moments;  // by time; each time once
};

// Time from left to right, low values below, the darker the more; one panel a key, all with the
// same colours and rows. Moments that are too many for the width are added up.
std::string heat_map_svg(const std::vector<HeatMap>& maps, TimeKind time, const PlotStyle& style);

}  // namespace plugin::pictures
