#include "plugin/signature.hpp"

#include <utility>

namespace plugin {

namespace {

Node one_of(Node first, Node second) {
  Node::Array shapes;
  shapes.push_back(std::move(first));
  shapes.push_back(std::move(second));
  return tag("OneOf", std::move(shapes));
}

Node positional_node(const Positional& positional) {
  Node::Map map;
  map.emplace_back("name", positional.name);
  map.emplace_back("desc", positional.description);
  map.emplace_back("shape", positional.shape);
  map.emplace_back("completion", Node());
  map.emplace_back("var_id", Node());
  map.emplace_back("default_value", Node());
  return Node(std::move(map));
}

Node positional_nodes(const std::vector<Positional>& list) {
  Node::Array nodes;
  for (const Positional& positional : list) nodes.push_back(positional_node(positional));
  return Node(std::move(nodes));
}

Node flag_node(const Flag& flag) {
  Node::Map map;
  map.emplace_back("long", flag.name);
  map.emplace_back("short", flag.letter ? Node(std::string(1, flag.letter)) : Node());
  map.emplace_back("arg", flag.shape);
  map.emplace_back("required", false);
  map.emplace_back("desc", flag.description);
  Node::Array choices(flag.choices.begin(), flag.choices.end());
  map.emplace_back("completion", choices.empty() ? Node() : tag("List", Node(std::move(choices))));
  map.emplace_back("var_id", Node());
  map.emplace_back("default_value", Node());
  return Node(std::move(map));
}

}  // namespace

namespace shape {
Node any() { return "Any"; }
Node string() { return "String"; }
Node integer() { return "Int"; }
Node duration() { return "Duration"; }
Node closure_or_string() { return one_of(tag("Closure", Node()), "String"); }
Node closure() { return tag("Closure", Node()); }
Node record() { return tag("Record", Node::Array{}); }
Node size() { return one_of("Int", "Filesize"); }
// The list first: the other way round `[1 2]` arrives as text.
Node int_or_list() { return one_of(tag("List", "Int"), "Int"); }
Node string_or_list() { return one_of(tag("List", "String"), "String"); }
}  // namespace shape

Node signature_node(const Signature& signature) {
  Node::Array terms;
  for (const std::string& term : signature.search_terms) terms.push_back(term);
  Node::Array flags;
  // Nushell shows a plugin command's help only where the command lists the flag.
  flags.push_back(flag_node({"help", 'h', Node(), "Display the help message for this command"}));
  for (const Flag& flag : signature.flags) flags.push_back(flag_node(flag));
  Node::Array types;
  types.push_back("Any");
  types.push_back("Any");
  Node::Array type_pairs;
  type_pairs.push_back(Node(std::move(types)));
  Node::Array examples;
  for (const Example& example : signature.examples) {
    Node::Map map;
    map.emplace_back("example", example.code);
    map.emplace_back("description", example.description);
    map.emplace_back("result", Node());
    examples.push_back(Node(std::move(map)));
  }

  Node::Map sig;
  sig.emplace_back("name", signature.name);
  sig.emplace_back("description", signature.description);
  sig.emplace_back("extra_description", signature.more);
  sig.emplace_back("search_terms", std::move(terms));
  sig.emplace_back("required_positional", positional_nodes(signature.required));
  sig.emplace_back("optional_positional", positional_nodes(signature.optional));
  sig.emplace_back("rest_positional",
                   signature.rest.empty() ? Node() : positional_node(signature.rest.front()));
  sig.emplace_back("named", std::move(flags));
  sig.emplace_back("input_output_types", std::move(type_pairs));
  sig.emplace_back("allow_variants_without_examples", true);
  sig.emplace_back("is_filter", false);
  sig.emplace_back("creates_scope", false);
  sig.emplace_back("allows_unknown_args", false);
  sig.emplace_back("complete", Node());
  sig.emplace_back("category", tag("Custom", signature.category));

  Node::Map plugin;
  plugin.emplace_back("sig", std::move(sig));
  plugin.emplace_back("examples", std::move(examples));
  return Node(std::move(plugin));
}

Completes completes(const Signature& signature, size_t index) {
  for (const auto* list : {&signature.required, &signature.optional}) {
    if (index < list->size()) return (*list)[index].completes;
    index -= list->size();
  }
  return signature.rest.empty() ? Completes::nothing : signature.rest.front().completes;
}

}  // namespace plugin
