// Which commands a text calls that the language does not have (compile.hpp).

#include <algorithm>
#include <set>

#include "bytecode/compile.hpp"
#include "bytecode/lower/lower.hpp"
#include "bytecode/parser/parser.hpp"

namespace bytecode {
namespace {

constexpr size_t longest_name = 3;

// Walks a whole tree; its depth is bounded by the parser.
class Caller {
 public:
  void block(const ast::Block& block) {
    for (const ast::ExprPtr& item : block.items) expr(item);
  }
  void closure(const ast::Closure& closure) {
    for (const ast::Parameter& parameter : closure.parameters) expr(parameter.initial);
    block(closure.body);
  }
  void definition(const ast::Def& def) {
    defined_.insert(def.name);
    closure(def.closure);
  }
  // Each name once, in the order of the text, shorter beginnings first.
  std::vector<std::string> unknown() const {
    std::vector<std::string> names;
    for (const std::vector<std::string>& spellings : calls_) {
      auto known = [&](const std::string& name) {
        return defined_.contains(name) || Lowering::has_command(name);
      };
      if (std::any_of(spellings.begin(), spellings.end(), known)) continue;
      for (const std::string& name : spellings)
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
    return names;
  }

 private:
  void expr(const ast::ExprPtr& child) {
    if (child) std::visit([&](const auto& node) { visit(node); }, child->node);
  }
  void all(const std::vector<ast::ExprPtr>& children) {
    for (const ast::ExprPtr& child : children) expr(child);
  }
  void pattern(const ast::Pattern& one) {
    expr(one.value);
    for (const ast::Pattern& part : one.parts) pattern(part);
  }

  void visit(const ast::Literal&) {}
  void visit(const ast::Variable&) {}
  void visit(const ast::Column&) {}
  void visit(const ast::Break&) {}
  void visit(const ast::Continue&) {}
  void visit(const ast::Refused&) {}
  void visit(const ast::Path& n) { expr(n.base); }
  void visit(const ast::Interpolation& n) { all(n.parts); }
  void visit(const ast::Not& n) { expr(n.operand); }
  void visit(const ast::Spread& n) { expr(n.value); }
  void visit(const ast::List& n) { all(n.items); }
  void visit(const ast::Subexpression& n) { block(n.block); }
  void visit(const ast::Closure& n) { closure(n); }
  void visit(const ast::Return& n) { expr(n.value); }
  void visit(const ast::Def& n) { definition(n); }
  void visit(const ast::Pipeline& n) { all(n.elements); }
  void visit(const ast::Let& n) { expr(n.value); }
  void visit(const ast::Assign& n) { expr(n.value); }
  void visit(const ast::Range& n) {
    expr(n.from);
    expr(n.next);
    expr(n.to);
  }
  void visit(const ast::Binary& n) {
    expr(n.left);
    expr(n.right);
  }
  void visit(const ast::Record& n) {
    for (const ast::Entry& entry : n.entries) expr(entry.value);
  }
  void visit(const ast::If& n) {
    for (const ast::Arm& arm : n.arms) {
      expr(arm.condition);
      block(arm.block);
    }
    if (n.otherwise) block(*n.otherwise);
  }
  void visit(const ast::Match& n) {
    expr(n.subject);
    for (const ast::MatchArm& arm : n.arms) {
      for (const ast::Pattern& one : arm.patterns) pattern(one);
      expr(arm.guard);
      expr(arm.body);
    }
  }
  void visit(const ast::For& n) {
    expr(n.values);
    block(n.block);
  }
  void visit(const ast::While& n) {
    expr(n.condition);
    block(n.block);
  }
  void visit(const ast::Where& n) {
    expr(n.condition);
    if (n.block) block(*n.block);
  }
  void visit(const ast::Call& n) {
    std::vector<std::string> spellings = {n.name};
    bool in_name = true;
    for (const ast::Argument& argument : n.args) {
      const auto* word =
          argument.value ? std::get_if<ast::Literal>(&argument.value->node) : nullptr;
      const std::string* text = word && word->bare ? word->value.get_if<std::string>() : nullptr;
      in_name &= text && !argument.flag && spellings.size() < longest_name;
      if (in_name) spellings.push_back(spellings.back() + " " + *text);
      expr(argument.value);
    }
    calls_.push_back(std::move(spellings));
  }

  std::set<std::string, std::less<>> defined_;
  std::vector<std::vector<std::string>> calls_;  // each with its longer spellings
};

bool is_definition(std::string_view source) {
  size_t start = source.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return false;
  source.remove_prefix(start);
  return source.starts_with("def ") || source.starts_with("export def ");
}

}  // namespace

std::vector<std::string> commands_called(std::string_view source, Dialect dialect) {
  Caller caller;
  if (is_definition(source)) {
    Result<ast::Def> def = parse_definition(source);
    if (!def) return {};
    caller.definition(*def);
  } else {
    Result<ast::Closure> closure = parse(source, dialect);
    if (!closure) return {};
    caller.closure(*closure);
  }
  return caller.unknown();
}

}  // namespace bytecode
