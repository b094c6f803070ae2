#include "tree_text.hpp"

#include <cstdio>

namespace bytecode {
namespace {

using namespace ast;

constexpr std::string_view op_names[] = {"+",           "-",
                                         "*",           "/",
                                         "//",          "mod",
                                         "**",          "bit-and",
                                         "bit-or",      "bit-xor",
                                         "bit-shl",     "bit-shr",
                                         "==",          "!=",
                                         "<",           "<=",
                                         ">",           ">=",
                                         "and",         "or",
                                         "xor",         "++",
                                         "=~",          "!~",
                                         "in",          "not-in",
                                         "has",         "not-has",
                                         "starts-with", "not-starts-with",
                                         "ends-with",   "not-ends-with"};

std::string_view name_of(Op op) { return op_names[static_cast<size_t>(op)]; }

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return std::string(text) + "f";
}

struct ValueText {
  std::string operator()(Null) const { return "null"; }
  std::string operator()(bool v) const { return v ? "true" : "false"; }
  std::string operator()(int64_t v) const { return std::to_string(v); }
  std::string operator()(double v) const { return number(v); }
  std::string operator()(const std::string& v) const { return "'" + v + "'"; }
  std::string operator()(Duration v) const { return std::to_string(v.nanoseconds) + "ns"; }
  std::string operator()(Filesize v) const { return std::to_string(v.bytes) + "b"; }
  std::string operator()(Date v) const { return "@" + std::to_string(v.nanoseconds); }
  std::string operator()(const bytecode::Binary& v) const {
    std::string out = "0x";
    for (uint8_t byte : v.bytes) {
      char text[3];
      std::snprintf(text, sizeof text, "%02x", byte);
      out += text;
    }
    return out;
  }
  std::string operator()(const bytecode::Range&) const { return "?"; }
  std::string operator()(const bytecode::List&) const { return "?"; }
  std::string operator()(const bytecode::Record&) const { return "?"; }
};

std::string members_text(const std::vector<Member>& members) {
  std::string out;
  for (const Member& member : members) out += "." + member.name + (member.optional ? "?" : "");
  return out;
}

// " a b" of the nodes, null ones left out.
template <typename Range>
std::string list_text(const Range& items) {
  std::string out;
  for (const auto& item : items) out += " " + tree_text(*item);
  return out;
}

std::string optional_text(const ExprPtr& expr) { return expr ? tree_text(*expr) : ""; }

std::string parameters_text(const std::vector<Parameter>& parameters) {
  std::string out = "|";
  for (const Parameter& parameter : parameters) {
    if (out != "|") out += " ";
    out += (parameter.rest ? "..." : parameter.flag ? "--" : "") + parameter.name;
    if (!parameter.short_name.empty()) out += "(-" + parameter.short_name + ")";
    if (parameter.optional) out += "?";
    if (!parameter.type.empty()) out += ":" + parameter.type;
    if (parameter.initial) out += "=" + tree_text(*parameter.initial);
  }
  return out + "|";
}

std::string pattern_text(const Pattern& pattern) {
  std::string out;
  switch (pattern.kind) {
    case Pattern::Kind::anything:
      return "_";
    case Pattern::Kind::binding:
      return "$" + pattern.name;
    case Pattern::Kind::value:
      return tree_text(*pattern.value);
    case Pattern::Kind::list:
      for (const Pattern& part : pattern.parts) out += " " + pattern_text(part);
      if (pattern.rest) out += " ..$" + *pattern.rest;
      return "[p" + out + "]";
    case Pattern::Kind::record:
      for (size_t i = 0; i < pattern.parts.size(); ++i)
        out += " " + pattern.keys[i] + "=" + pattern_text(pattern.parts[i]);
      return "{p" + out + "}";
  }
  return "?";
}

struct NodeText {
  std::string operator()(const Literal& n) const {
    const auto* text = n.value.get_if<std::string>();
    return text && n.bare ? "~" + *text : std::visit(ValueText{}, n.value.variant());
  }
  std::string operator()(const Variable& n) const { return "$" + n.name; }
  std::string operator()(const Path& n) const {
    return tree_text(*n.base) + members_text(n.members);
  }
  std::string operator()(const Column& n) const { return "(col " + members_text(n.members) + ")"; }
  std::string operator()(const Interpolation& n) const { return "($" + list_text(n.parts) + ")"; }
  std::string operator()(const ast::Range& n) const {
    std::string out = "(.. " + (n.from ? tree_text(*n.from) : "_");
    if (n.next) out += " next " + tree_text(*n.next);
    return out + (n.inclusive ? " to " : " below ") + (n.to ? tree_text(*n.to) : "_") + ")";
  }
  std::string operator()(const Not& n) const { return "(not " + tree_text(*n.operand) + ")"; }
  std::string operator()(const ast::Binary& n) const {
    return "(" + tree_text(*n.left) + " " + std::string(name_of(n.op)) + " " + tree_text(*n.right) +
           ")";
  }
  std::string operator()(const ast::Record& n) const {
    std::string out = "{:";
    for (const Entry& entry : n.entries)
      out += " " + (entry.spread ? "..." : entry.key + "=") + tree_text(*entry.value);
    return out + "}";
  }
  std::string operator()(const Spread& n) const { return "..." + tree_text(*n.value); }
  std::string operator()(const ast::List& n) const {
    std::string items = list_text(n.items);
    return "[" + (items.empty() ? items : items.substr(1)) + "]";
  }
  std::string operator()(const Subexpression& n) const {
    return "(sub" + list_text(n.block.items) + ")";
  }
  std::string operator()(const Closure& n) const { return tree_text(n); }
  std::string operator()(const If& n) const {
    std::string out;
    for (const Arm& arm : n.arms)
      out += (out.empty() ? "(if " : " elif ") + tree_text(*arm.condition) + " " +
             tree_text(arm.block);
    return out + (n.otherwise ? " else " + tree_text(*n.otherwise) : "") + ")";
  }
  std::string operator()(const Match& n) const {
    std::string out = "(match " + tree_text(*n.subject);
    for (const MatchArm& arm : n.arms) {
      out += ",";
      for (const Pattern& pattern : arm.patterns)
        out += (&pattern == &arm.patterns[0] ? " " : " | ") + pattern_text(pattern);
      if (arm.guard) out += " if " + tree_text(*arm.guard);
      out += " => " + tree_text(*arm.body);
    }
    return out + ")";
  }
  std::string operator()(const For& n) const {
    return "(for " + n.name + " in " + tree_text(*n.values) + " " + tree_text(n.block) + ")";
  }
  std::string operator()(const While& n) const {
    return n.condition ? "(while " + tree_text(*n.condition) + " " + tree_text(n.block) + ")"
                       : "(loop " + tree_text(n.block) + ")";
  }
  std::string operator()(const Break&) const { return "(break)"; }
  std::string operator()(const Continue&) const { return "(continue)"; }
  std::string operator()(const Return& n) const {
    return n.value ? "(return " + tree_text(*n.value) + ")" : "(return)";
  }
  std::string operator()(const Def& n) const { return tree_text(n); }
  std::string operator()(const Where& n) const {
    return "(where " + tree_text(*n.condition) + (n.block ? " " + tree_text(*n.block) : "") + ")";
  }
  std::string operator()(const Call& n) const {
    std::string out = "<" + n.name;
    for (const Argument& arg : n.args) {
      out += " " + arg.flag.value_or("");
      if (arg.flag && arg.value) out += "=";
      out += optional_text(arg.value);
    }
    return out + ">";
  }
  std::string operator()(const Pipeline& n) const {
    std::string out;
    for (const ExprPtr& element : n.elements)
      out += (out.empty() ? "" : " | ") + tree_text(*element);
    return "(" + out + ")";
  }
  std::string operator()(const Let& n) const {
    return (n.is_mut ? "(mut " : "(let ") + n.name + " = " + tree_text(*n.value) + ")";
  }
  std::string operator()(const Assign& n) const {
    std::string op = n.op ? std::string(name_of(*n.op)) : "";
    return "(set " + n.name + members_text(n.path) + " " + op + "= " + tree_text(*n.value) + ")";
  }
  std::string operator()(const Refused& n) const { return "(refused: " + n.error.message + ")"; }
};

}  // namespace

std::string tree_text(const ast::Expr& expr) { return std::visit(NodeText{}, expr.node); }

std::string tree_text(const ast::Block& block) {
  return block.items.empty() ? "{}" : "{" + list_text(block.items) + " }";
}

std::string tree_text(const ast::Closure& closure) {
  return "(fn " + parameters_text(closure.parameters) + list_text(closure.body.items) + ")";
}

std::string tree_text(const ast::Def& def) {
  return "(def '" + def.name + "' " + parameters_text(def.closure.parameters) +
         list_text(def.closure.body.items) + ")";
}

std::string error_text(const Error& error, std::string_view source) {
  std::string out = "error: " + error.message + "\n";
  for (const Label& label : error.labels) {
    std::string_view words = source.substr(label.span.start, label.span.end - label.span.start);
    out += "  `" + std::string(words) + "`: " + label.text + "\n";
  }
  if (!error.hint.empty()) out += "  hint: " + error.hint + "\n";
  for (const Error& more : error.more) out += error_text(more, source);
  return out;
}

std::string parsed(std::string_view source, Dialect dialect) {
  Result<ast::Closure> closure = parse(source, dialect);
  if (!closure) return error_text(closure.error(), source);
  std::string out;
  for (const ast::ExprPtr& item : closure->body.items)
    out += (out.empty() ? "" : " ") + tree_text(*item);
  return out;
}

std::string parsed_definition(std::string_view source) {
  Result<ast::Def> def = parse_definition(source);
  return def ? tree_text(*def) : error_text(def.error(), source);
}

}  // namespace bytecode
