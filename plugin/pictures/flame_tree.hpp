// Stacks with counts, folded into one tree: stacks that begin with the same frames share them.
//
//   main read 3     all 5
//   main      2       main 5, of these 2 in main itself
//                       read 3
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "plugin/pictures/frame.hpp"

namespace plugin::pictures {

class FlameTree {
 public:
  struct Frame {
    uint32_t name = 0;
    Origin origin = Origin::unknown;
    friend bool operator==(const Frame&, const Frame&) = default;
  };
  struct Node {
    Frame frame;
    uint32_t parent = 0;
    int64_t total = 0;  // with all above it; the largest number where that is too large
    int64_t self = 0;   // of stacks that end here
  };
  // A node and its place: how deep it lies (the root: 0), and what lies left of it, in counts.
  struct Box {
    uint32_t node = 0;
    uint32_t depth = 0;
    double start = 0;
  };

  FlameTree();  // with its root, node 0, called "all"

  // The number of a name, the same for the same name. Bytes that are no UTF-8 are replaced, and
  // line breaks and the like become spaces.
  uint32_t name(std::string_view text);
  // One stack, the root first; `count` from 0 up.
  void add(std::span<const Frame> stack, int64_t count);

  size_t size() const { return nodes_.size(); }
  const Node& node(uint32_t index) const { return nodes_[index]; }
  const std::string& text(const Node& node) const { return names_[node.frame.name]; }
  const Node& root() const { return nodes_.front(); }

  // Every node with something in it, each before those above it, these by name from the left on.
  std::vector<Box> layout() const;
  // A line "a;b;c 12" for each stack, in the same order. A semicolon in a name becomes a colon.
  std::string folded() const;

 private:
  std::deque<std::string> names_;  // do not move: the keys of numbers_ are views of them
  std::unordered_map<std::string_view, uint32_t> numbers_;
  std::vector<Node> nodes_;  // a parent before its children
  std::unordered_map<uint64_t, uint32_t> children_;
};

}  // namespace plugin::pictures
