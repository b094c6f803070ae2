#include "bytecode/lower.hpp"

#include <algorithm>
#include <utility>

#include "bytecode/error_at.hpp"
#include "bytecode/parser.hpp"
#include "bytecode/suggest.hpp"

namespace bytecode {

namespace {

Operand context_operand(Span span) {
  Operand context;
  context.type = Type::context;
  context.home = Operand::Home::context;
  context.span = span;
  return context;
}

bool holds_mut(const Operand& operand) {
  return operand.is_mut || std::any_of(operand.members.begin(), operand.members.end(),
                                       [](const auto& member) { return holds_mut(member.second); });
}

bool holds_scalar(Type type) {
  return is_number(type) || type == Type::boolean || type == Type::string;
}

}  // namespace

Lowering::Lowering(std::string_view source, const Schema& schema, const CompileOptions& options)
    : source_(source), schema_(schema), options_(options) {}

Operand Lowering::fail(Span span, std::string message, std::string label, std::string hint) {
  errors_.push_back(error_at(span, std::move(message), std::move(label), std::move(hint)));
  Operand bad;
  bad.type = Type::bad;
  bad.span = span;
  return bad;
}

Result<Program> Lowering::run(const ast::Closure& closure) {
  declare_parameter(closure);
  Span whole{0, static_cast<uint32_t>(source_.size())};
  code_.set_span(whole);
  if (closure.body.items.empty())
    row(RowType::probe_hit, std::nullopt, null(whole), whole);
  else
    block(closure.body, Want::row);
  if (source_.ends_with('}')) code_.set_span({whole.end - 1, whole.end});
  code_.emit(VM_OP_exit);
  for (Error& error : code_.finish(program_)) errors_.push_back(std::move(error));
  if (!errors_.empty()) return combined(std::move(errors_));
  program_.source = source_;
  program_.fuel = options_.fuel;
  return std::move(program_);
}

void Lowering::declare_parameter(const ast::Closure& closure) {
  Operand context = context_operand({});
  in_ = context;
  if (closure.parameter) {
    context_name_ = *closure.parameter;
    variables_.push_back({*closure.parameter, context});
  } else if (options_.dialect == Dialect::text) {
    variables_.push_back({"ctx", context});
    variables_.push_back({"event", context});
  }
}

Operand Lowering::lower(const ast::Expr& expr, Want want) {
  SpanScope span(code_, expr.span);
  if (const auto* node = std::get_if<ast::Let>(&expr.node)) {
    let(*node);
    return null(expr.span);
  }
  if (const auto* node = std::get_if<ast::Assign>(&expr.node)) {
    assign(*node, expr.span);
    return null(expr.span);
  }
  if (const auto* node = std::get_if<ast::Pipeline>(&expr.node)) return pipeline(*node, want);
  if (const auto* node = std::get_if<ast::Subexpression>(&expr.node)) {
    Operand result = block(node->block, want);
    result.span = expr.span;
    return result;
  }
  if (const auto* node = std::get_if<ast::If>(&expr.node)) {
    if (want == Want::value) return conditional_value(*node, expr.span);
    conditional(*node, want);
    return null(expr.span);
  }
  const auto* verb = std::get_if<ast::Call>(&expr.node);
  Operand result = verb ? call(*verb, nullptr) : expression(expr);
  if (want != Want::row) return result;
  row_unless_null(std::move(result), expr.span);
  return null(expr.span);
}

// A scope of its own: its names, registers and strings go when it ends, but for its value.
Operand Lowering::block(const ast::Block& block, Want want) {
  size_t names = variables_.size();
  uint32_t mark = code_.registers(), blocks = code_.blocks();
  Operand last = null(block.span);
  for (const ast::ExprPtr& item : block.items) {
    bool is_last = item == block.items.back();
    uint32_t item_registers = code_.registers(), item_blocks = code_.blocks();
    last = lower(*item, is_last ? want : Want::nothing);
    if (is_last || std::holds_alternative<ast::Let>(item->node)) continue;
    code_.release_registers(item_registers);
    code_.release_blocks(item_blocks);
  }
  variables_.resize(names);
  if (want == Want::value) return settled(std::move(last), mark);
  code_.release_registers(mark);
  code_.release_blocks(blocks);
  return null(block.span);
}

void Lowering::let(const ast::Let& let) {
  uint32_t mark = code_.registers();
  Operand value = this->value(*let.value);
  if (let.is_mut && !value.bad() && !holds_scalar(value.type))
    value = fail(let.name_span, "a mut holds an int, a bool, a string or a time",
                 "this is " + with_article(value.type), "use let");
  if (let.is_mut && !value.bad()) {
    value = variable_register(std::move(value), mark);
  } else {
    if (holds_scalar(value.type) && !value.is_constant())
      value = settled(force(std::move(value)), mark);
    value = kept(std::move(value));
  }
  variables_.push_back({let.name, std::move(value)});
}

// The value as it is now, whatever is assigned or read later.
Operand Lowering::kept(Operand value) {
  for (auto& [name, member] : value.members) member = kept(std::move(member));
  if (value.is_constant() || !holds_scalar(value.type)) return value;
  value = force(std::move(value));
  if (!value.is_mut) return value;
  Operand copy = value;
  copy.is_mut = false;
  bool flagged = value.nullable && value.type != Type::string;
  copy.reg = code_.take_registers(flagged ? 2 : 1);
  store(copy, value);
  return copy;
}

// A register of its own for a mut, and one for its null flag: what is assigned later may be null.
Operand Lowering::variable_register(Operand value, uint32_t mark) {
  value = force(std::move(value));
  if (value.reg >= mark) value = settled(std::move(value), mark);
  Operand variable = value;
  variable.is_mut = true;
  code_.release_registers(mark);
  variable.reg = code_.take_registers(2);
  store(variable, value);
  if (!value.nullable && value.type != Type::string)
    code_.emit_imm(VM_OP_ldi, variable.reg + 1u, 0);
  return variable;
}

// variable = value, with its null flag. Both are in registers.
void Lowering::store(Operand& variable, const Operand& value) {
  if (value.reg != variable.reg) code_.emit(VM_OP_mov, variable.reg, value.reg);
  variable.capacity = std::max(variable.capacity, value.capacity);
  if (variable.type != Type::string) {
    if (value.nullable)
      code_.emit(VM_OP_mov, variable.reg + 1u, value.reg + 1u);
    else if (variable.nullable)
      code_.emit_imm(VM_OP_ldi, variable.reg + 1u, 0);
  }
  variable.nullable |= value.nullable;
}

void Lowering::assign(const ast::Assign& assign, Span span) {
  uint32_t mark = code_.registers();
  Operand value = this->value(*assign.value);
  Operand* variable = find_variable(assign.name);
  if (!variable) {
    std::string hint = did_you_mean(assign.name, variable_names(), "$");
    fail(assign.name_span, "unknown variable `$" + assign.name + "`", "not defined here",
         hint.empty() ? "declare it with mut " + assign.name + " = ..." : hint);
    return;
  }
  if (variable->bad() || value.bad()) return;
  if (!variable->is_mut) {
    fail(assign.name_span, "`$" + assign.name + "` cannot be assigned to", "not a mut",
         "declare it with mut " + assign.name + " = ...");
    return;
  }
  if (operand_depth_ > 0) {
    fail(span, "an assignment inside an operand", "not allowed here",
         "put it on a line of its own");
    return;
  }
  if (assign.op) {
    ast::Binary node{*assign.op, assign.op_span, nullptr, nullptr};
    Operand current = *variable;
    current.span = assign.name_span;
    value = arithmetic(node, current, value, span, mark);
    if (value.bad()) return;
  }
  if (value.type != variable->type) {
    fail(assign.value->span, "`$" + assign.name + "` holds " + with_article(variable->type),
         "this is " + with_article(value.type), "use another variable");
    return;
  }
  store(*variable, force(std::move(value)));
  if (variable->type == Type::string) code_.pin_blocks();
}

Operand Lowering::pipeline(const ast::Pipeline& pipeline, Want want) {
  uint32_t mark = code_.registers();
  std::optional<Operand> outer = in_;
  Operand input = value(*pipeline.elements.front());
  for (size_t i = 1; i < pipeline.elements.size(); ++i) {
    const ast::Expr& element = *pipeline.elements[i];
    bool is_last = i + 1 == pipeline.elements.size();
    const auto* verb = std::get_if<ast::Call>(&element.node);
    // A verb takes the value at once. Anything else may assign to the mut that it is in.
    if (!verb && holds_mut(input)) input = kept(std::move(input));
    in_ = input;
    if (verb) {
      SpanScope span(code_, element.span);
      input = call(*verb, &input);
      if (is_last && want == Want::row) row_unless_null(input, element.span);
    } else {
      input = lower(element, is_last ? want : Want::value);
    }
  }
  in_ = outer;
  return want == Want::value ? settled(std::move(input), mark) : input;
}

void Lowering::conditional(const ast::If& node, Want want) {
  Assembler::Label end = code_.new_label();
  for (const ast::Arm& arm : node.arms) {
    Assembler::Label next = code_.new_label();
    branch(*arm.condition, false, next);
    block(arm.block, want);
    bool more = node.otherwise || &arm != &node.arms.back();
    if (more) code_.jump(VM_OP_jmp, 0, end);
    code_.bind(next);
  }
  if (node.otherwise) block(*node.otherwise, want);
  code_.bind(end);
}

// Each branch leaves its value and a null flag in the same two registers. What stands for null
// depends on the type, which may be known only after the branch that is null: it is filled in then.
Operand Lowering::conditional_value(const ast::If& node, Span span) {
  Operand result = null(span);
  result.reg = code_.take_registers(2);
  std::vector<uint32_t> nulls;
  bool bad = false;
  auto take = [&](Operand value) {
    bad |= value.bad();
    if (value.bad()) return;
    if (value.type == Type::null) {
      nulls.push_back(code_.emit_imm(VM_OP_ldi, result.reg, 0));
      code_.emit_imm(VM_OP_ldi, result.reg + 1u, 1);
      result.nullable = true;
      return;
    }
    if (!holds_scalar(value.type)) {
      fail(value.span, "the value of an `if` is an int, a bool, a string or a time",
           "this is " + with_article(value.type), "let each branch end in its own emit");
      bad = true;
      return;
    }
    if (result.type != Type::null && result.type != value.type) {
      fail(value.span, "the branches of an `if` have different types",
           "this is " + with_article(value.type),
           "the first branch is " + with_article(result.type));
      bad = true;
      return;
    }
    result.type = value.type;
    value = force(std::move(value));
    code_.emit(VM_OP_mov, result.reg, value.reg);
    if (value.type != Type::string) {
      if (value.nullable)
        code_.emit(VM_OP_mov, result.reg + 1u, value.reg + 1u);
      else
        code_.emit_imm(VM_OP_ldi, result.reg + 1u, 0);
    }
    result.capacity = std::max(result.capacity, value.capacity);
    result.nullable |= value.nullable;
  };

  Assembler::Label end = code_.new_label();
  for (const ast::Arm& arm : node.arms) {
    Assembler::Label next = code_.new_label();
    branch(*arm.condition, false, next);
    take(block(arm.block, Want::value));
    code_.release_registers(result.reg + 2u);
    code_.jump(VM_OP_jmp, 0, end);
    code_.bind(next);
  }
  take(node.otherwise ? block(*node.otherwise, Want::value) : null(span));
  code_.release_registers(result.reg + 2u);
  code_.bind(end);
  if (bad) result.type = Type::bad;
  if (bad || result.type == Type::null) return result;
  if (result.type == Type::string)
    for (uint32_t index : nulls) code_.set_imm(index, -1);  // VM_STR_NULL
  result.home = Operand::Home::reg;
  return result;
}

Operand* Lowering::find_variable(std::string_view name) {
  for (auto it = variables_.rbegin(); it != variables_.rend(); ++it)
    if (it->name == name) return &it->operand;
  return nullptr;
}

std::vector<std::string> Lowering::variable_names() const {
  std::vector<std::string> names;
  for (const Variable& variable : variables_) names.push_back(variable.name);
  for (const Capture& capture : options_.captures) names.push_back(capture.name);
  if (options_.dialect == Dialect::text)
    for (const Builtin& row : builtins()) names.emplace_back(row.name);
  return names;
}

Result<Program> compile(std::string_view source, const Schema& schema,
                        const CompileOptions& options) {
  Result<ast::Closure> closure = parse(source, options.dialect);
  if (!closure) return std::move(closure).error();
  return Lowering(source, schema, options).run(*closure);
}

}  // namespace bytecode
