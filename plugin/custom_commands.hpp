// Custom commands that a closure calls from outside, as texts the compiler takes: `def NAME [...]
// { ... }`, under the name they are called by.
//
//   use m.nu; {|ctx| if (m big $ctx.pid) { ... } }     ->  def "m big" [n: int] { $n > 1000 }
//
// Nushell's parser has bound each call in a block to a declaration, from where the block stands, so
// a module's private helpers are found too. A string was never parsed; its names are looked up in
// the scope of the whole script.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "bytecode/compile.hpp"
#include "plugin/call.hpp"
#include "plugin/error.hpp"

namespace plugin {

struct CustomCommand {
  SourceText source;
  int64_t block = 0;
};

class CustomCommands {
 public:
  // `argument` is the closure's: labels without a place of their own fall back on it.
  CustomCommands(std::shared_ptr<Call> call, Span argument)
      : call_(std::move(call)), argument_(argument) {}

  // Those that a text calls and that no earlier text called. `block` is the text's, where Nushell
  // has parsed it.
  Task<Outcome<std::vector<CustomCommand>>> called_by(std::string text, bytecode::Dialect dialect,
                                                      std::optional<int64_t> block);

 private:
  Task<std::optional<CustomCommand>> read(std::string name, int64_t declaration);

  std::shared_ptr<Call> call_;
  Span argument_;
  struct Known {
    int64_t declaration = 0;
    std::string text;  // empty where it is no custom command
  };
  std::map<std::string, Known> known_;  // by name
};

// The words before the body of a custom command, in the source that ends where the body begins:
// `def --env NAME [signature]: int -> int `.
struct Heading {
  size_t start = 0;                     // of `def`
  size_t name_start = 0, name_end = 0;  // quotes included
  std::string name;
};
std::optional<Heading> find_heading(std::string_view before);

}  // namespace plugin
