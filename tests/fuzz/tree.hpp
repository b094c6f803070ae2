// A generated closure before it is text: what the shrinker takes apart.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fuzz {

// What a piece of a closure is, so that another piece can stand in its place.
enum class Type : uint8_t {
  integer,
  boolean,
  string,
  duration,
  filesize,
  date,
  floating,
  int_list,   // a list of ints
  text_list,  // a list of strings
  table,      // a list of records with equal columns
  record,
  output,     // any value, in a place where only the host looks at it
  statement,  // what stands between two semicolons
  part,       // a member, an arm, an else: may go, but nothing can take its place
};

// Where an extension of ours is something else in Nushell, a piece has both spellings.
std::string two_spellings(std::string_view ours, std::string_view nushell);
// Before ours '[', between the two '|', after them ']'.
char spelling_mark(char place);

// Text and children by turns: pieces[0] children[0] pieces[1] ... With a separator there are two
// pieces, and between them as many of the children as are left.
struct Tree {
  Type type = Type::part;
  std::vector<std::string> pieces;
  std::vector<Tree> children;
  std::optional<std::string> separator;
  size_t least = 0;  // children that have to stay, where there is a separator

  std::string text() const;  // as we are given it
  std::string nushell_text() const;
  size_t size() const;  // nodes
};

Tree leaf(Type type, std::string text);
Tree wrap(Type type, std::string before, Tree child, std::string after);
Tree sequence(Type type, std::string before, std::string separator, std::string after,
              std::vector<Tree> children, size_t least = 0);

// Every closure that one simplification away from this one: a child dropped, a subtree replaced by
// a smaller one of its type or by a literal. Not all of them are well-formed: what uses a variable
// may outlive the variable. The largest steps come first.
std::vector<Tree> simplifications(const Tree& tree);

}  // namespace fuzz
