// What is written without parentheses, so that the precedences decide.
#include <array>

#include "tests/fuzz/maker.hpp"

namespace fuzz {
namespace {

struct Operator {
  std::string_view text;
  unsigned weight;
};

template <size_t N>
std::string_view pick_weighted(Random& random, const std::array<Operator, N>& operators) {
  size_t total = 0;
  for (const Operator& each : operators) total += each.weight;
  size_t left = random.below(total);
  for (const Operator& each : operators) {
    if (left < each.weight) return each.text;
    left -= each.weight;
  }
  return operators[0].text;
}

constexpr std::array<Operator, 11> kIntegerOperators = {{{"+", 6},
                                                         {"-", 6},
                                                         {"*", 5},
                                                         {"//", 3},
                                                         {"mod", 3},
                                                         {"**", 1},
                                                         {"bit-and", 3},
                                                         {"bit-or", 3},
                                                         {"bit-xor", 3},
                                                         {"bit-shl", 1},
                                                         {"bit-shr", 1}}};
constexpr std::array<Operator, 6> kComparisons = {
    {{"==", 3}, {"!=", 2}, {"<", 3}, {"<=", 2}, {">", 3}, {">=", 2}}};
constexpr std::array<Operator, 3> kLogic = {{{"and", 4}, {"or", 4}, {"xor", 2}}};

}  // namespace

// Atoms and operators without a parenthesis between them, so that the precedences decide.
Tree Maker::chain(Type type, Where where, int depth) {
  Tree tree;
  tree.type = type;
  tree.pieces.emplace_back("(");
  const size_t terms = 2 + random_.below(4);
  const auto add = [&](Tree child) {
    tree.children.push_back(std::move(child));
    tree.pieces.emplace_back();
  };
  const auto numbers = [&](size_t count) {
    for (size_t i = 0; i < count; ++i) {
      std::string_view last;
      if (i > 0) {
        last = pick_weighted(random_, kIntegerOperators);
        tree.pieces.back() += " " + std::string(last) + " ";
      }
      const bool few = last == "**" || last.starts_with("bit-sh");
      if (few)
        add(leaf(Type::integer, std::to_string(random_.below(5))));
      else
        add(random_.chance(1, 5) ? expression(Type::integer, where, depth - 1)
                                 : chain_atom(Type::integer, where));
    }
  };
  if (type == Type::integer) {
    numbers(terms);
  } else {
    for (size_t i = 0; i < terms; ++i) {
      if (i > 0) tree.pieces.back() += " " + std::string(pick_weighted(random_, kLogic)) + " ";
      if (random_.chance(1, 4)) tree.pieces.back() += "not ";
      if (random_.chance(1, 2)) {
        add(random_.chance(1, 3) ? expression(Type::boolean, where, depth - 1)
                                 : leaf_of(Type::boolean, where));
        continue;
      }
      // `not` takes the next value alone, and a comparison after it would compare a bool. A
      // comparison binds tighter than the bit operators.
      const bool after_not = tree.pieces.back().ends_with("not ");
      if (after_not) tree.pieces.back() += "(";
      add(chain_atom(Type::integer, where));
      if (random_.chance(1, 3)) {
        tree.pieces.back() += random_.one_of<std::string>({" + ", " - ", " * ", " mod "});
        add(chain_atom(Type::integer, where));
      }
      tree.pieces.back() += " " + std::string(pick_weighted(random_, kComparisons)) + " ";
      add(chain_atom(Type::integer, where));
      if (after_not) tree.pieces.back() += ")";
    }
  }
  tree.pieces.back() += ")";
  return tree;
}

// As leaf_of, but negative numbers stand as they are.
Tree Maker::chain_atom(Type type, Where where) {
  Tree atom = leaf_of(type, where);
  std::string& text = atom.pieces[0];
  if (text.starts_with("(-")) text = text.substr(1, text.size() - 2);
  return atom;
}

}  // namespace fuzz
