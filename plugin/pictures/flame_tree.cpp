#include "plugin/pictures/flame_tree.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "plugin/codec.hpp"
#include "plugin/pictures/amount.hpp"

namespace plugin::pictures {

namespace {

// A child's key: its parent, its name and its origin, which takes two bits.
uint64_t child_key(uint32_t parent, FlameTree::Frame frame) {
  return uint64_t{parent} << 32 | uint64_t{frame.name} << 2 | static_cast<uint64_t>(frame.origin);
}

}  // namespace

FlameTree::FlameTree() { nodes_.push_back({{name("all"), Origin::group}}); }

uint32_t FlameTree::name(std::string_view text) {
  std::string clean = sanitise(text);
  for (char& c : clean)
    if (static_cast<uint8_t>(c) < 0x20 || c == 0x7f) c = ' ';
  if (const auto known = numbers_.find(clean); known != numbers_.end()) return known->second;
  names_.push_back(std::move(clean));
  const auto number = static_cast<uint32_t>(names_.size() - 1);
  numbers_.emplace(names_.back(), number);
  return number;
}

void FlameTree::add(std::span<const Frame> stack, int64_t count) {
  uint32_t at = 0;
  nodes_[at].total = add_counts(nodes_[at].total, count);
  for (const Frame& frame : stack) {
    const auto next = static_cast<uint32_t>(nodes_.size());
    const auto [child, is_new] = children_.emplace(child_key(at, frame), next);
    if (is_new) nodes_.push_back({frame, at});
    at = child->second;
    nodes_[at].total = add_counts(nodes_[at].total, count);
  }
  nodes_[at].self = add_counts(nodes_[at].self, count);
}

std::vector<FlameTree::Box> FlameTree::layout() const {
  // Names in the order of the alphabet, so that the order of the rows does not matter.
  std::vector<uint32_t> names(names_.size()), rank(names_.size());
  std::iota(names.begin(), names.end(), 0);
  std::sort(names.begin(), names.end(),
            [this](uint32_t a, uint32_t b) { return names_[a] < names_[b]; });
  for (uint32_t i = 0; i < names.size(); ++i) rank[names[i]] = i;

  // The children of each node, one after another.
  std::vector<uint32_t> order(nodes_.size() - 1);
  std::iota(order.begin(), order.end(), 1);
  const auto place = [&](uint32_t index) {
    const Node& node = nodes_[index];
    return std::tuple(node.parent, rank[node.frame.name], node.frame.origin);
  };
  std::sort(order.begin(), order.end(),
            [&](uint32_t a, uint32_t b) { return place(a) < place(b); });
  std::vector<uint32_t> first(nodes_.size() + 1, 0);  // of each node's children, in `order`
  for (const uint32_t index : order) ++first[nodes_[index].parent + 1];
  std::partial_sum(first.begin(), first.end(), first.begin());

  // No recursion: a stack may be as deep as its list is long.
  std::vector<Box> boxes, waiting = {{0, 0, 0}};
  while (!waiting.empty()) {
    const Box box = waiting.back();
    waiting.pop_back();
    boxes.push_back(box);
    double start = box.start;
    const size_t mark = waiting.size();
    for (uint32_t i = first[box.node]; i < first[box.node + 1]; ++i) {
      if (nodes_[order[i]].total == 0) continue;
      waiting.push_back({order[i], box.depth + 1, start});
      start += static_cast<double>(nodes_[order[i]].total);
    }
    std::reverse(waiting.begin() + static_cast<ptrdiff_t>(mark), waiting.end());
  }
  return boxes;
}

std::string FlameTree::folded() const {
  std::string out, line;
  std::vector<size_t> ends = {0};  // of the line at each depth
  for (const Box& box : layout()) {
    if (box.depth == 0) continue;  // the root is in every stack
    const Node& node = nodes_[box.node];
    line.resize(ends[box.depth - 1]);
    if (!line.empty()) line += ';';
    const size_t start = line.size();
    line += text(node);
    std::replace(line.begin() + static_cast<ptrdiff_t>(start), line.end(), ';', ':');
    ends.resize(box.depth);
    ends.push_back(line.size());
    if (node.self > 0) out += line + ' ' + std::to_string(node.self) + '\n';
  }
  return out;
}

}  // namespace plugin::pictures
