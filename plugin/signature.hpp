// What Nushell is told about a command: its words, its help, its examples. The table of commands
// (commands/commands.hpp) is the only list there is; help, completion and parsing come from it.
#pragma once

#include <string>
#include <vector>

#include "plugin/node.hpp"

namespace plugin {

namespace shape {
Node any();
Node string();
Node integer();
Node duration();
Node closure_or_string();
Node closure();
Node record();
Node size();            // an int or a filesize
Node int_or_list();     // one int or a list of them
Node string_or_list();  // one string or a list of them
}  // namespace shape

// What TAB offers for an argument.
enum class Completes : uint8_t {
  nothing,
  probes,
  maps,
  targets,  // of the command's kind
  symbols,  // in the program or library that the first argument names
  words,    // targets with their kind before them
};

struct Positional {
  std::string name;
  std::string description;
  Node shape;
  Completes completes = Completes::nothing;
};

struct Flag {
  std::string name;
  char letter = 0;  // 0: none
  Node shape;       // nil: a switch
  std::string description;
  std::vector<std::string> choices = {};  // the words it takes, where there are few
};

struct Example {
  std::string code;
  std::string description;
};

struct Signature {
  std::string name;
  std::string description;
  std::string more = {};  // the rest of the help
  std::vector<std::string> search_terms = {};
  std::vector<Positional> required = {};
  std::vector<Positional> optional = {};
  std::vector<Positional> rest = {};  // none or one
  std::vector<Flag> flags = {};
  std::string category = "bpf";
  std::vector<Example> examples = {};
};

Node signature_node(const Signature& signature);
// What TAB offers for the positional argument number `index`.
Completes completes(const Signature& signature, size_t index);

}  // namespace plugin
