#include "plugin/pictures/flame_svg.hpp"

#include <algorithm>
#include <cmath>

#include "plugin/pictures/svg.hpp"

namespace plugin::pictures {

namespace {

constexpr double margin = 12;
constexpr double head = 62;  // title, buttons and the legend
constexpr double foot = 30;  // the line about a frame
constexpr double row = 18;
constexpr double box_height = 17;
constexpr double narrowest = 0.1;
constexpr double text_margin = 6;  // both sides of a box together
constexpr double gap = 0.6;        // between neighbours, but at most a fifth of a box

constexpr const char* rules = R"(.bpf-flame .frames text{fill:#1b1d21;pointer-events:none}
.bpf-flame .frames rect{rx:2px}
.bpf-flame .frames g:hover rect{stroke:#1b1d21;stroke-width:1}
.bpf-flame .frames .out{display:none}
.bpf-flame .frames .below rect{opacity:.45}
.bpf-flame .frames .hit rect{fill:#e86af0}
.bpf-flame .frames.searching g:not(.hit) rect{opacity:.55}
.bpf-flame .button{display:none}
.bpf-flame.live .button{display:inline;cursor:pointer}
.bpf-flame.live .frames g{cursor:pointer}
.bpf-flame .button rect{fill:#8883;rx:5px}
.bpf-flame .button:hover rect{fill:#8886}
.bpf-flame .button.off{visibility:hidden}
.bpf-flame input{box-sizing:border-box;width:100%;height:24px;padding:2px 8px}
.bpf-flame input{font:12px system-ui,sans-serif;border-radius:5px}
.bpf-flame input{border:1px solid #8889;background:#fff;color:#23272e}
@media (prefers-color-scheme:dark){.bpf-flame .frames g:hover rect{stroke:#fff}}
)";

// FNV-1a: the same on every machine and in every run.
uint32_t hash(std::string_view text) {
  uint32_t sum = 2166136261u;
  for (const char c : text) sum = (sum ^ static_cast<uint8_t>(c)) * 16777619u;
  return sum;
}

// A number from 0 to 1 by some bits of a hash.
double part(uint32_t hash, unsigned shift) { return (hash >> shift & 0xff) / 255.0; }

constexpr double user_hue = 16, kernel_hue = 194;

// Warm for the user's code, blue for the kernel's, grey for groups; pale where it was inlined, and
// paler still without a name.
std::string frame_colour(std::string_view name, Origin origin) {
  const uint32_t sum = hash(function_of(name));
  if (origin == Origin::group) return colour(40, 0.10, 0.78 + 0.06 * part(sum, 8));
  const bool kernel = origin == Origin::kernel;
  const double hue = (kernel ? kernel_hue : user_hue) + (kernel ? 26 : 34) * part(sum, 0);
  double strength = (kernel ? 0.52 : 0.78) + 0.14 * part(sum, 8);
  double light = (kernel ? 0.68 : 0.63) + 0.09 * part(sum, 16);
  if (is_inlined(name)) light += 0.09;
  if (is_address(name)) strength *= 0.3;
  return colour(hue, strength, light);
}

// Where the frames go.
struct Canvas {
  double width, height, scale;  // scale: pixels for one
  bool inverted;

  double y(uint32_t depth) const {
    return inverted ? head + depth * row : height - foot - (depth + 1) * row;
  }
};

std::string frame_title(const FlameTree& tree, const FlameTree::Node& node, Unit unit) {
  const auto whole = static_cast<double>(tree.root().total);
  const auto share = [&](int64_t count) {
    return rounded(count, unit) + " (" + percent(static_cast<double>(count), whole) + ")";
  };
  std::string title = tree.text(node) + "\n" + share(node.total);
  if (node.self > 0 && node.self < node.total) title += "\nitself " + share(node.self);
  return title;
}

void draw_frame(std::string& out, const FlameTree& tree, const FlameTree::Box& box,
                const Canvas& canvas, Unit unit) {
  const FlameTree::Node& node = tree.node(box.node);
  const double x = margin + box.start * canvas.scale, y = canvas.y(box.depth);
  const double width = static_cast<double>(node.total) * canvas.scale;
  out += "<g><title>" + escaped(frame_title(tree, node, unit)) + "</title><rect x=\"" +
         coordinate(x) + "\" y=\"" + coordinate(y) + "\" width=\"" +
         coordinate(width - std::min(gap, width / 5)) + "\" height=\"" + coordinate(box_height) +
         "\" fill=\"" + frame_colour(tree.text(node), node.frame.origin) + "\"/>";
  const auto room = static_cast<size_t>(std::max(0.0, (width - text_margin) / letter_width));
  const std::string words = fitted(tree.text(node), room);
  if (!words.empty())
    out += "<text x=\"" + coordinate(x + text_margin / 2) + "\" y=\"" + coordinate(y + 12.5) +
           "\">" + escaped(words) + "</text>";
  out += "</g>\n";
}

std::string button(double x, double width, std::string_view name, std::string_view words) {
  std::string out = "<g class=\"button " + std::string(name) + "\" role=\"button\" tabindex=\"0\">";
  out += "<rect x=\"" + coordinate(x) + "\" y=\"11\" width=\"" + coordinate(width) +
         "\" height=\"24\"/>";
  out += text_element(x + width / 2, 27, "text-anchor=\"middle\"", words);
  return out + "</g>\n";
}

// What the two colours mean, where both are there.
std::string legend(const FlameTree& tree) {
  bool kernel = false, user = false;
  for (uint32_t i = 1; i < tree.size(); ++i) {
    kernel |= tree.node(i).frame.origin == Origin::kernel;
    user |= tree.node(i).frame.origin == Origin::user;
  }
  if (!kernel || !user) return {};
  std::string out = "<g class=\"legend\">";
  double x = margin;
  const auto entry = [&](double hue, double strength, double light, std::string_view words) {
    out += "<rect x=\"" + coordinate(x) +
           "\" y=\"45\" width=\"11\" height=\"11\" rx=\"2\" fill=\"" +
           colour(hue, strength, light) + "\"/>";
    out += text_element(x + 16, 54.5, "class=\"faint\"", words);
    x += 16 + static_cast<double>(words.size()) * letter_width + 18;
  };
  entry(user_hue + 17, 0.85, 0.67, "user");
  entry(kernel_hue + 13, 0.59, 0.72, "kernel");
  return out + "</g>\n";
}

}  // namespace

std::string flame_svg(const FlameTree& tree, const FlameStyle& style) {
  const auto whole = static_cast<double>(tree.root().total);
  Canvas canvas = {style.width, 0, (style.width - 2 * margin) / whole, style.inverted};
  std::vector<FlameTree::Box> boxes = tree.layout();
  const size_t all = boxes.size();
  std::erase_if(boxes, [&](const FlameTree::Box& box) {
    return static_cast<double>(tree.node(box.node).total) * canvas.scale < narrowest;
  });
  uint32_t deepest = 0;
  for (const FlameTree::Box& box : boxes) deepest = std::max(deepest, box.depth);
  canvas.height = head + (deepest + 1) * row + foot;

  std::string out = svg_head(style.width, canvas.height, "bpf-flame", style.title, rules);
  out += legend(tree);
  out += button(margin, 96, "reset off", "reset zoom");
  out += button(style.width - margin - 72, 72, "search", "search");
  out += text_element(style.width - margin, 54.5, "class=\"matched\" text-anchor=\"end\"", "");
  std::string words = rounded(tree.root().total, style.unit) + " in all";
  if (const size_t hidden = all - boxes.size(); hidden > 0)
    words += ", " + rounded(static_cast<int64_t>(hidden), Unit::number) +
             (hidden == 1 ? " frame" : " frames") + " too narrow to be drawn";
  out += text_element(margin, canvas.height - 11, "class=\"status faint\"", words);

  out += "<g class=\"frames\" data-left=\"" + coordinate(margin) + "\" data-width=\"" +
         coordinate(style.width - 2 * margin) + "\" data-letter=\"" + coordinate(letter_width) +
         "\" data-margin=\"" + coordinate(text_margin) + "\" data-gap=\"" + coordinate(gap) +
         "\">\n";
  for (const FlameTree::Box& box : boxes) draw_frame(out, tree, box, canvas, style.unit);
  out += "</g>\n<script><![CDATA[\n";
  out += flame_script;
  return out + "]]></script>\n</svg>\n";
}

}  // namespace plugin::pictures
