#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "plugin/codec.hpp"
#include "plugin/pictures/buckets.hpp"
#include "plugin/pictures/svg.hpp"

namespace plugin::pictures {

namespace {

constexpr double margin = 16;
constexpr double head = 44;
constexpr double key_height = 22;
constexpr double panel_foot = 30;  // the times
constexpr double row_height = 16;
constexpr double cell_min = 3;
constexpr double cell_max = 48;
constexpr size_t panels_max = 12;

constexpr const char* rules = R"(.bpf-heat .ground{fill:#8881}
.bpf-heat .cell:hover{stroke:#23272e;stroke-width:1.5}
.bpf-heat .tick{stroke:#8888;stroke-width:1}
.bpf-heat .key{font-weight:600;font-size:12px}
@media (prefers-color-scheme:dark){.bpf-heat .cell:hover{stroke:#fff}}
)";

// From pale to dark, by way of orange and red, so that it reads in grey too.
std::string heat_colour(double heat) {
  struct Stop {
    double red, green, blue;
  };
  constexpr std::array<Stop, 5> stops = {
      {{253, 231, 176}, {250, 176, 96}, {232, 98, 82}, {160, 44, 106}, {66, 16, 86}}};
  const double at = std::clamp(heat, 0.0, 1.0) * (stops.size() - 1);
  const auto first = std::min<size_t>(static_cast<size_t>(at), stops.size() - 2);
  const double part = at - static_cast<double>(first);
  const Stop& a = stops[first];
  const Stop& b = stops[first + 1];
  std::string text = "#";
  for (const double level : {a.red + (b.red - a.red) * part, a.green + (b.green - a.green) * part,
                             a.blue + (b.blue - a.blue) * part}) {
    const auto byte = static_cast<unsigned>(std::lround(level));
    text += "0123456789abcdef"[byte / 16];
    text += "0123456789abcdef"[byte % 16];
  }
  return text;
}

// A number of moments between two labels that is easy to count in.
size_t round_step(double at_least) {
  constexpr std::array<size_t, 10> steps = {1, 2, 5, 10, 15, 20, 30, 60, 120, 300};
  for (const size_t step : steps)
    if (static_cast<double>(step) >= at_least) return step;
  return static_cast<size_t>(std::ceil(at_least / 600)) * 600;
}

struct Cell {
  int64_t first = 0, last = 0;  // times
  std::vector<int64_t> counts;  // row by row
};

class Heat {
 public:
  Heat(const std::vector<HeatMap>& maps, TimeKind kind, const PlotStyle& style)
      : kind_(kind), style_(style) {
    for (const HeatMap& map : maps)
      for (const HeatMap::Moment& moment : map.moments) {
        scale_.add(moment.rows);
        times_.push_back(moment.time);
      }
    scale_.finish();
    std::sort(times_.begin(), times_.end());
    times_.erase(std::unique(times_.begin(), times_.end()), times_.end());
    size_t label_columns = 3;
    for (const Bounds& row : scale_.rows())
      label_columns = std::max(label_columns, columns(row_words(row)));
    left_ =
        margin + std::min(style.width / 3, static_cast<double>(label_columns) * letter_width) + 8;
    const double space = style.width - margin - left_;
    const auto most = std::max<size_t>(1, static_cast<size_t>(space / cell_min));
    together_ = (times_.size() + most - 1) / most;
    cells_ = (times_.size() + together_ - 1) / together_;
    cell_width_ = std::min(cell_max, space / static_cast<double>(std::max<size_t>(1, cells_)));
    for (const HeatMap& map : maps) series_.push_back({map.key, merged(map)});
    for (const auto& [key, cells] : series_)
      for (const Cell& cell : cells)
        for (const int64_t count : cell.counts) most_ = std::max(most_, count);
  }

  std::string draw() {
    std::stable_sort(series_.begin(), series_.end(),
                     [](const Series& a, const Series& b) { return a.total() > b.total(); });
    const size_t all = series_.size();
    if (series_.size() > panels_max) series_.resize(panels_max);
    const double height = head + static_cast<double>(series_.size()) * panel_height() + 34;
    std::string out = svg_head(style_.width, height, "bpf-heat", style_.title, rules);
    double y = head;
    for (const Series& series : series_) {
      draw_panel(out, series, y);
      y += panel_height();
    }
    draw_legend(out, height - 18);
    std::string note = kind_ == TimeKind::date ? "times are UTC" : "";
    if (all > series_.size()) note += (note.empty() ? "" : "; ") + most_keys(series_.size(), all);
    out += text_element(style_.width - margin, height - 9, "class=\"faint\" text-anchor=\"end\"",
                        note);
    return out + "</svg>\n";
  }

 private:
  struct Series {
    std::string key;
    std::vector<Cell> cells;

    int64_t total() const {
      int64_t sum = 0;
      for (const Cell& cell : cells)
        sum = std::accumulate(cell.counts.begin(), cell.counts.end(), sum, add_counts);
      return sum;
    }
  };

  double panel_height() const {
    return panel_head() + static_cast<double>(scale_.rows().size()) * row_height + panel_foot;
  }
  // A single map without a key has no line for it.
  double panel_head() const {
    return series_.size() == 1 && series_.front().key.empty() ? 2 : key_height;
  }

  // Room is short at the left: the lower end says enough.
  std::string row_words(const Bounds& row) const {
    return row.low && row.high ? exact(*row.low, style_.unit) : short_words(row, style_.unit);
  }

  std::vector<Cell> merged(const HeatMap& map) const {
    std::vector<Cell> cells(cells_);
    for (size_t i = 0; i < cells_; ++i) {
      cells[i].first = times_[i * together_];
      cells[i].last = times_[std::min((i + 1) * together_, times_.size()) - 1];
      cells[i].counts.resize(scale_.rows().size());
    }
    for (const HeatMap::Moment& moment : map.moments) {
      const auto found = std::lower_bound(times_.begin(), times_.end(), moment.time);
      Cell& cell = cells[static_cast<size_t>(found - times_.begin()) / together_];
      const std::vector<int64_t> counts = scale_.counts(moment.rows);
      for (size_t row = 0; row < counts.size(); ++row)
        cell.counts[row] = add_counts(cell.counts[row], counts[row]);
    }
    return cells;
  }

  // By the logarithm: counts of a histogram span powers of ten.
  double heat(int64_t count) const {
    return most_ <= 1 ? 1
                      : std::log(static_cast<double>(count)) / std::log(static_cast<double>(most_));
  }

  std::string time_words(int64_t time, bool with_day) const {
    if (kind_ == TimeKind::duration) return exact(time, Unit::duration);
    if (kind_ == TimeKind::number) return std::to_string(time);
    const std::string date = rfc3339(time);  // 2026-11-27T17:27:40.123+00:00
    return (with_day ? date.substr(0, 10) + " " : "") + date.substr(11, 8) +
           (with_day ? " UTC" : "");
  }

  void draw_panel(std::string& out, const Series& series, double y) const {
    const size_t rows = scale_.rows().size();
    const double top = y + panel_head();
    const double width = static_cast<double>(series.cells.size()) * cell_width_;
    const double height = static_cast<double>(rows) * row_height;
    const auto room = static_cast<size_t>((style_.width - left_ - margin) / letter_width);
    if (panel_head() == key_height)
      out += text_element(left_, y + 14, "class=\"key\"", fitted(panel_words(series.key), room));
    out += "<rect class=\"ground\" x=\"" + coordinate(left_) + "\" y=\"" + coordinate(top) +
           "\" width=\"" + coordinate(width) + "\" height=\"" + coordinate(height) + "\"/>\n";
    const auto labels = static_cast<size_t>((left_ - margin - 8) / letter_width);
    for (size_t row = 0; row < rows; ++row)
      out += text_element(left_ - 6, row_top(top, row) + 12, "text-anchor=\"end\"",
                          fitted(row_words(scale_.rows()[row]), std::max<size_t>(3, labels)));
    for (size_t i = 0; i < series.cells.size(); ++i)
      for (size_t row = 0; row < rows; ++row) draw_cell(out, series, i, row, row_top(top, row));
    draw_times(out, series, top + height);
  }

  // Low values lie below.
  double row_top(double top, size_t row) const {
    return top + static_cast<double>(scale_.rows().size() - 1 - row) * row_height;
  }

  void draw_cell(std::string& out, const Series& series, size_t i, size_t row, double y) const {
    const Cell& cell = series.cells[i];
    const int64_t count = cell.counts[row];
    if (count == 0) return;
    std::string title = series.key.empty() ? "" : series.key + "\n";
    title += time_words(cell.first, true);
    if (cell.last != cell.first) title += " to " + time_words(cell.last, true);
    title +=
        "\n" + long_words(scale_.rows()[row], style_.unit) + "\n" + rounded(count, Unit::number);
    const double gap = cell_width_ > 6 ? 1 : 0;
    out += "<rect class=\"cell\" x=\"" + coordinate(left_ + static_cast<double>(i) * cell_width_) +
           "\" y=\"" + coordinate(y) + "\" width=\"" + coordinate(cell_width_ - gap) +
           "\" height=\"" + coordinate(row_height - 1) + "\" fill=\"" + heat_colour(heat(count)) +
           "\"><title>" + escaped(title) + "</title></rect>\n";
  }

  void draw_times(std::string& out, const Series& series, double y) const {
    size_t widest = 1;
    for (const Cell& cell : series.cells)
      widest = std::max(widest, columns(time_words(cell.first, false)));
    const double needed = static_cast<double>(widest + 3) * letter_width;
    const size_t step = round_step(needed / cell_width_);
    for (size_t i = 0; i < series.cells.size(); i += step) {
      const double x = left_ + static_cast<double>(i) * cell_width_;
      if (i > 0 && x + needed > style_.width) break;
      out += "<path class=\"tick\" d=\"M" + coordinate(x + 0.5) + " " + coordinate(y) + "v5\"/>";
      const bool first = i == 0 && kind_ == TimeKind::date &&
                         static_cast<double>(step) * cell_width_ > 24 * letter_width;
      out += text_element(x, y + 17, "class=\"faint\"", time_words(series.cells[i].first, first));
    }
  }

  void draw_legend(std::string& out, double y) const {
    constexpr size_t steps = 24;
    double x = left_;
    out += text_element(x, y + 9, "class=\"faint\"", "1");
    x += 14;
    for (size_t i = 0; i < steps; ++i, x += 6)
      out += "<rect x=\"" + coordinate(x) + "\" y=\"" + coordinate(y) +
             "\" width=\"6.2\" height=\"10\" fill=\"" +
             heat_colour(static_cast<double>(i) / (steps - 1)) + "\"/>\n";
    out += text_element(x + 7, y + 9, "class=\"faint\"", rounded(most_, Unit::number));
  }

  TimeKind kind_;
  const PlotStyle& style_;
  Scale scale_;
  std::vector<int64_t> times_;
  size_t together_ = 1;  // moments in a cell
  size_t cells_ = 0;     // from left to right
  double left_ = 0, cell_width_ = 1;
  std::vector<Series> series_;
  int64_t most_ = 0;
};

}  // namespace

std::string heat_map_svg(const std::vector<HeatMap>& maps, TimeKind time, const PlotStyle& style) {
  return Heat(maps, time, style).draw();
}

}  // namespace plugin::pictures
