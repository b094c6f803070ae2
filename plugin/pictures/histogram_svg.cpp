#include <algorithm>
#include <cmath>
#include <numeric>

#include "plugin/pictures/buckets.hpp"
#include "plugin/pictures/svg.hpp"

namespace plugin::pictures {

namespace {

constexpr double margin = 16;
constexpr double head = 44;
constexpr double foot = 14;
constexpr double row_height = 19;
constexpr double bar_height = 14;
constexpr double panel_head = 26;
constexpr double panel_gap = 26;
constexpr double panel_width_min = 380;
constexpr size_t panels_max = 60;

constexpr const char* rules = R"(.bpf-histogram .bar{fill:#3f7fb5}
.bpf-histogram .bar:hover{fill:#e0813c}
.bpf-histogram .axis{stroke:#8886;stroke-width:1}
.bpf-histogram .key{font-weight:600;font-size:12px}
)";

struct Panel {
  std::string key;
  std::vector<int64_t> counts;
  int64_t total = 0, most = 0;
};

std::vector<Panel> panels_of(const std::vector<Histogram>& histograms, const Scale& scale) {
  std::vector<Panel> panels;
  for (const Histogram& histogram : histograms) {
    Panel panel = {histogram.key, scale.counts(histogram.rows)};
    panel.total = std::accumulate(panel.counts.begin(), panel.counts.end(), int64_t{0}, add_counts);
    for (const int64_t count : panel.counts) panel.most = std::max(panel.most, count);
    panels.push_back(std::move(panel));
  }
  return panels;
}

class Drawing {
 public:
  // `alone`: a single panel, whose empty key is none.
  Drawing(const Scale& scale, Unit unit, bool alone) : scale_(scale), unit_(unit), alone_(alone) {
    for (const Bounds& row : scale.rows())
      label_columns_ = std::max(label_columns_, columns(short_words(row, unit)));
  }

  double height() const {
    return panel_head + static_cast<double>(scale_.rows().size()) * row_height;
  }

  void draw(std::string& out, const Panel& panel, double x, double y, double width) const {
    const auto letters = [](double room) {
      return static_cast<size_t>(std::max(0.0, room / letter_width));
    };
    // At most half of a panel is words.
    const double labels =
        std::min(width / 2, static_cast<double>(label_columns_) * letter_width) + 8;
    const std::string total = rounded(panel.total, Unit::number) + " in all";
    const size_t total_columns = columns(total) + 2;
    const size_t room = letters(width);
    out += text_element(x, y + 12, "class=\"key\"",
                        fitted(alone_ ? "" : panel_words(panel.key),
                               room > total_columns ? room - total_columns : 0));
    out += text_element(x + width, y + 12, "class=\"faint\" text-anchor=\"end\"", total);
    const double left = x + labels;
    const double space =
        width - labels -
        static_cast<double>(columns(rounded(panel.most, Unit::number))) * letter_width - 8;
    const double top = y + panel_head;
    out += "<path class=\"axis\" d=\"M" + coordinate(left - 0.5) + " " + coordinate(top - 2) + "V" +
           coordinate(y + height()) + "\"/>\n";
    for (size_t i = 0; i < scale_.rows().size(); ++i) {
      const double line = top + static_cast<double>(i) * row_height;
      out += text_element(left - 8, line + 11, "text-anchor=\"end\"",
                          fitted(short_words(scale_.rows()[i], unit_), letters(labels - 8)));
      draw_bar(out, panel, i, left, line, std::max(10.0, space));
    }
  }

 private:
  void draw_bar(std::string& out, const Panel& panel, size_t i, double x, double y,
                double space) const {
    const int64_t count = panel.counts[i];
    if (count == 0) return;
    const double length =
        std::max(1.0, space * static_cast<double>(count) / static_cast<double>(panel.most));
    const std::string words = rounded(count, Unit::number);
    out += "<rect class=\"bar\" x=\"" + coordinate(x) + "\" y=\"" + coordinate(y) + "\" width=\"" +
           coordinate(length) + "\" height=\"" + coordinate(bar_height) + "\"><title>" +
           escaped((panel.key.empty() ? "" : panel.key + "\n") +
                   long_words(scale_.rows()[i], unit_) + "\n" + words + " (" +
                   percent(static_cast<double>(count), static_cast<double>(panel.total)) + ")") +
           "</title></rect>\n";
    out += text_element(x + length + 5, y + 11, "class=\"faint\"", words);
  }

  const Scale& scale_;
  Unit unit_;
  bool alone_;
  size_t label_columns_ = 1;
};

}  // namespace

std::string histogram_svg(const std::vector<Histogram>& histograms, const PlotStyle& style) {
  Scale scale;
  for (const Histogram& histogram : histograms) scale.add(histogram.rows);
  scale.finish();
  std::vector<Panel> panels = panels_of(histograms, scale);
  std::stable_sort(panels.begin(), panels.end(),
                   [](const Panel& a, const Panel& b) { return a.total > b.total; });
  const size_t all = panels.size();
  if (panels.size() > panels_max) panels.resize(panels_max);

  const double inner = style.width - 2 * margin;
  const auto fitting = static_cast<size_t>((inner + panel_gap) / (panel_width_min + panel_gap));
  const size_t across = std::clamp<size_t>(fitting, 1, std::max<size_t>(1, panels.size()));
  const double width =
      (inner - static_cast<double>(across - 1) * panel_gap) / static_cast<double>(across);
  const bool alone = panels.size() == 1 && panels.front().key.empty();
  const Drawing drawing(scale, style.unit, alone);
  const size_t down = (panels.size() + across - 1) / across;
  const double note = all > panels.size() ? 20 : 0;
  const double height =
      head + static_cast<double>(down) * (drawing.height() + panel_gap) - panel_gap + foot + note;

  std::string out = svg_head(style.width, height, "bpf-histogram", style.title, rules);
  for (size_t i = 0; i < panels.size(); ++i) {
    const size_t column = i % across, line = i / across;
    drawing.draw(out, panels[i], margin + static_cast<double>(column) * (width + panel_gap),
                 head + static_cast<double>(line) * (drawing.height() + panel_gap), width);
  }
  if (note > 0)
    out += text_element(margin, height - 12, "class=\"faint\"", most_keys(panels.size(), all));
  return out + "</svg>\n";
}

}  // namespace plugin::pictures
