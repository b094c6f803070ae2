#include "tests/fuzz/tree.hpp"

#include <algorithm>
#include <utility>

namespace fuzz {
namespace {

void append(const Tree& tree, std::string& out) {
  if (tree.separator) {
    out += tree.pieces[0];
    for (size_t i = 0; i < tree.children.size(); ++i) {
      if (i > 0) out += *tree.separator;
      append(tree.children[i], out);
    }
    out += tree.pieces[1];
    return;
  }
  for (size_t i = 0; i < tree.pieces.size(); ++i) {
    out += tree.pieces[i];
    if (i < tree.children.size()) append(tree.children[i], out);
  }
}

// Around and between the two spellings of a piece.
constexpr char kOurs = '\x01', kTheirs = '\x02', kBoth = '\x03';

std::string spell(const Tree& tree, char spelling) {
  std::string whole, out;
  append(tree, whole);
  char now = kBoth;
  for (const char c : whole) {
    if (c == kOurs || c == kTheirs || c == kBoth)
      now = c;
    else if (now == kBoth || now == spelling)
      out += c;
  }
  return out;
}

// The simplest values of a type.
std::vector<std::string> literals_of(Type type) {
  switch (type) {
    case Type::integer:
      return {"0", "1", "7"};
    case Type::boolean:
      return {"true", "false"};
    case Type::string:
      return {"\"\"", "\"a\""};
    case Type::duration:
      return {"0sec", "1sec"};
    case Type::filesize:
      return {"0kb", "1kb"};
    case Type::date:
      return {"2024-01-02"};
    case Type::floating:
      return {"0.0", "1.5"};
    case Type::int_list:
      return {"[]", "[1]", "[1, 2]"};
    case Type::text_list:
      return {"[]", "[\"a\"]"};
    case Type::table:
      return {};
    case Type::record:
      return {"{a: 1}"};
    case Type::output:
      return {"1", "null"};
    case Type::statement:
    case Type::part:
      return {};
  }
  return {};
}

void collect(const Tree& tree, Type type, std::vector<const Tree*>& found) {
  for (const Tree& child : tree.children) {
    if (child.type == type) found.push_back(&child);
    collect(child, type, found);
  }
}

class Simplifier {
 public:
  explicit Simplifier(const Tree& tree) : root_(tree) {}

  std::vector<Tree> run() {
    visit(root_);
    std::ranges::stable_sort(found_, {}, [](const auto& each) { return each.first; });
    std::vector<Tree> trees;
    for (auto& [size, tree] : found_) trees.push_back(std::move(tree));
    return trees;
  }

 private:
  void keep() { found_.emplace_back(root_.size(), root_); }

  // Changes `at` in place, keeps a copy of the whole, and puts it back.
  void visit(Tree& at) {
    const size_t size = at.size();
    const Tree old = at;
    if (at.separator) {
      for (size_t i = 0; i < old.children.size() && old.children.size() > old.least; ++i) {
        at.children.erase(at.children.begin() + static_cast<std::ptrdiff_t>(i));
        keep();
        at = old;
      }
    }
    std::vector<const Tree*> descendants;
    if (at.type != Type::part) collect(old, at.type, descendants);
    for (const Tree* descendant : descendants) {
      at = *descendant;
      keep();
    }
    if (size > 1) {
      for (const std::string& literal : literals_of(old.type)) {
        at = leaf(old.type, literal);
        keep();
      }
    } else {
      const std::vector<std::string> literals = literals_of(old.type);
      // A leaf that is no simplest one already.
      if (std::ranges::find(literals, old.pieces[0]) == literals.end() && !literals.empty()) {
        at = leaf(old.type, literals[0]);
        keep();
        if (literals.size() > 1) {
          at = leaf(old.type, literals[1]);
          keep();
        }
      }
    }
    at = old;
    for (Tree& child : at.children) visit(child);
  }

  Tree root_;
  std::vector<std::pair<size_t, Tree>> found_;
};

}  // namespace

std::string Tree::text() const { return spell(*this, kOurs); }

std::string Tree::nushell_text() const { return spell(*this, kTheirs); }

char spelling_mark(char place) { return place == '[' ? kOurs : place == '|' ? kTheirs : kBoth; }

std::string two_spellings(std::string_view ours, std::string_view nushell) {
  return kOurs + std::string(ours) + kTheirs + std::string(nushell) + kBoth;
}

size_t Tree::size() const {
  size_t total = 1;
  for (const Tree& child : children) total += child.size();
  return total;
}

Tree leaf(Type type, std::string text) {
  Tree tree;
  tree.type = type;
  tree.pieces.push_back(std::move(text));
  return tree;
}

Tree wrap(Type type, std::string before, Tree child, std::string after) {
  Tree tree;
  tree.type = type;
  tree.pieces = {std::move(before), std::move(after)};
  tree.children.push_back(std::move(child));
  return tree;
}

Tree sequence(Type type, std::string before, std::string separator, std::string after,
              std::vector<Tree> children, size_t least) {
  Tree tree;
  tree.type = type;
  tree.pieces = {std::move(before), std::move(after)};
  tree.separator = std::move(separator);
  tree.children = std::move(children);
  tree.least = least;
  return tree;
}

std::vector<Tree> simplifications(const Tree& tree) { return Simplifier(tree).run(); }

}  // namespace fuzz
