// From the tree to instructions, in one pass that also resolves names and checks types.
//
// Each expression becomes an Operand (types.hpp): what is known of it and where it will be. Reads
// of the context stay unread until something needs them, so that a constant or a field in an output
// costs only its own instructions, and `$ctx.comm` as a key becomes one. After an error the operand
// is `bad`, which nothing complains about again, and the pass goes on: all independent errors of a
// closure come at once.
//
// Parts: lower.cpp (blocks, names, control), lower_expr.cpp (values), lower_condition.cpp (tests
// and jumps), context_fields.cpp (what `$ctx` holds), lower_verbs.cpp (commands, rows),
// lower_key.cpp (keys of maps).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assembler.hpp"
#include "ast.hpp"
#include "compile.hpp"
#include "types.hpp"

namespace bytecode {

class Lowering {
 public:
  Lowering(std::string_view source, const Schema& schema, const CompileOptions& options);
  Result<Program> run(const ast::Closure& closure);

 private:
  // What becomes of an expression's value.
  enum class Want : uint8_t {
    nothing,
    row,    // the closure's last value: a row, unless it is null
    value,  // an operand
  };

  struct Variable {
    std::string name;
    Operand operand;
  };

  // How a comparison can be jumped on.
  struct Test {
    enum class Kind : uint8_t { known, with_number, truth };
    Kind kind = Kind::known;
    bool known = false;           // known
    ast::Op op = ast::Op::equal;  // with_number: reg op number
    uint8_t reg = 0;              // with_number, truth: reg != 0
    int32_t number = 0;
    bool negated = false;  // truth: reg == 0
  };

  // Blocks, names, control: lower.cpp.
  void declare_parameter(const ast::Closure& closure);
  Operand lower(const ast::Expr& expr, Want want);
  Operand value(const ast::Expr& expr) { return lower(expr, Want::value); }
  Operand block(const ast::Block& block, Want want);
  void let(const ast::Let& let);
  void assign(const ast::Assign& assign, Span span);
  Operand kept(Operand value);
  Operand variable_register(Operand value, uint32_t mark);
  void store(Operand& variable, const Operand& value);
  Operand pipeline(const ast::Pipeline& pipeline, Want want);
  void conditional(const ast::If& node, Want want);
  Operand conditional_value(const ast::If& node, Span span);
  Operand* find_variable(std::string_view name);
  std::vector<std::string> variable_names() const;

  // Values: lower_expr.cpp.
  Operand expression(const ast::Expr& expr);
  Operand variable(const ast::Variable& node, Span span);
  Operand path(const ast::Path& node, Span span);
  Operand member(const Operand& base, const ast::Member& member, std::string_view base_text);
  Operand record(const ast::Record& node, Span span);
  Operand list(const ast::List& node, Span span);
  Operand binary(const ast::Binary& node, Span span);
  Operand arithmetic(const ast::Binary& node, const Operand& left, const Operand& right, Span span,
                     uint32_t mark);
  Operand compute(ast::Op op, Type type, const Operand& left, const Operand& right, Span span,
                  uint32_t mark);
  bool missing_dollar(const ast::Expr& expr, bool may_be_text = false);  // reports `pid > 5`
  Operand calendar_date(Span span);  // reports a date that stands where a register should
  Operand force(Operand operand);    // into a register
  Operand settled(Operand operand, uint32_t mark);

  // Tests and jumps: lower_condition.cpp.
  void branch(const ast::Expr& expr, bool when, Assembler::Label to);
  void branch_on(const Test& test, bool when, Assembler::Label to);
  Test comparison(const ast::Binary& node, Span span);
  Test compare(ast::Op op, Operand left, Operand right, uint32_t mark);
  Test compare_strings(ast::Op op, Operand left, Operand right, uint32_t mark);
  Test compare_null(ast::Op op, Operand operand);
  Operand truth(const ast::Expr& expr);  // of `and`, `or`, `not` as a value
  Operand value_of(const Test& test, Span span, uint32_t mark);

  // What $ctx holds: context_fields.cpp.
  Operand context_member(const ast::Member& member);
  Operand argument(const ast::Member& member);
  Operand field_operand(const Field& field, Span span);
  Operand register_argument(const ast::Member& member);
  std::vector<std::pair<std::string, Operand>> all_arguments(Span span);
  Operand fetch(const Operand& operand);
  Operand fetch_string(const Field& field, Operand result);
  uint8_t load_address(const Field& field);  // of what the field's last step reads

  // Commands and rows: lower_verbs.cpp.
  Operand call(const ast::Call& call, const Operand* input);
  Operand emit_verb(const ast::Call& call, const Operand* input);
  Operand print_verb(const ast::Call& call, const Operand* input);
  Operand count_verb(const ast::Call& call, const Operand* input);
  Operand read_str_verb(const ast::Call& call, const Operand* input);
  Operand unknown_command(const ast::Call& call);
  bool takes_at_most(const ast::Call& call, size_t count, std::string_view hint);
  std::optional<std::string> literal_name(const ast::Expr& expr) const;
  void row(RowType type, std::optional<std::string> event_type, Operand value, Span span);
  void row_unless_null(Operand value, Span span);
  Output output(const Operand& operand, RowSite& site, uint32_t& bytes);

  // Keys: lower_key.cpp.
  struct Key {
    std::vector<KeyPart> parts;
    std::vector<Operand> values;
    uint8_t key_class = 0;
    uint32_t zeroed = 0;  // bytes to zero before: those of the class, unless the parts fill it
    bool nullable = false;
  };
  std::optional<Key> key_of(const Operand& operand);
  static uint32_t lay_out(Key& key);
  bool key_part(const std::string& name, const Operand& value, Key& key);
  void write_key(const Key& key);
  std::optional<uint32_t> map_for(const ast::Call& call, const std::optional<Key>& key);

  Operand fail(Span span, std::string message, std::string label, std::string hint = {});
  Operand null(Span span) const { return constant_operand(Value(Null{}), span); }
  std::string_view text(Span span) const {
    return source_.substr(span.start, span.end - span.start);
  }
  // `record` operands come as members or as one constant; this is either as members.
  std::vector<std::pair<std::string, Operand>> members_of(const Operand& operand);

  std::string_view source_;
  const Schema& schema_;
  const CompileOptions& options_;
  Assembler code_;
  Program program_;
  std::vector<Error> errors_;
  std::vector<Variable> variables_;  // innermost last
  std::optional<Operand> in_;        // $in: the pipe's value, first of all the event
  std::string context_name_ = "ctx";
  uint32_t operand_depth_ = 0;  // inside operands of an operator, a record or a list
  uint32_t unnamed_maps_ = 0;
};

}  // namespace bytecode
