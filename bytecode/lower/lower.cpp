#include "bytecode/lower/lower.hpp"

#include <algorithm>
#include <utility>

#include "bytecode/error_at.hpp"
#include "bytecode/parser/parser.hpp"
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

// The closure's text, then what it brings along: the order that spans count in.
std::string joined_source(std::string_view closure, const std::vector<Text>& texts) {
  std::string all(closure);
  for (const Text& text : texts) all.append("\n").append(text.source);
  return all;
}

// What is lowered several times, for each item of a list or each call, is wrong in one place.
std::vector<Error> said_once(std::vector<Error> errors) {
  std::vector<Error> result;
  for (Error& error : errors) {
    bool known = std::any_of(result.begin(), result.end(), [&](const Error& other) {
      auto place = [](const Error& e) { return e.labels.empty() ? Span{} : e.labels[0].span; };
      return other.message == error.message && place(other) == place(error);
    });
    if (!known) result.push_back(std::move(error));
  }
  return result;
}

// How many operands a value is made of.
size_t parts_of(const Operand& operand) {
  size_t parts = 1;
  for (const auto& [name, member] : operand.members) parts += parts_of(member);
  if (operand.computed)
    for (const Operand& arg : operand.computed->args) parts += parts_of(arg);
  return parts;
}

}  // namespace

Lowering::Lowering(std::string_view source, const Schema& schema, const CompileOptions& options)
    : source_(joined_source(source, options.texts)),
      closure_end_(static_cast<uint32_t>(source.size())),
      schema_(schema),
      options_(options),
      captures_(&options.captures),
      known_maps_(options.maps) {
  // Of these words in a string or a name too: then a copy is made that nobody needs.
  for (std::string_view word : {"for ", "while ", "loop "})
    has_loops_ |= source_.find(word) != std::string::npos;
}

Operand Lowering::fail(Span span, std::string message, std::string label, std::string hint) {
  errors_.push_back(error_at(span, std::move(message), std::move(label), std::move(hint)));
  Operand bad;
  bad.type = Type::bad;
  bad.span = span;
  return bad;
}

Operand Lowering::never(Span span) const {
  Operand operand = null(span);
  operand.never = true;
  return operand;
}

void Lowering::add_command(const ast::Def& def, const Text& text) {
  auto closure = std::make_shared<ClosureValue>();
  closure->node = &def.closure;
  closure->captures = &text.captures;
  commands_.push_back({def.name, std::move(closure)});
}

void Lowering::add_closure(const ast::Closure& closure, uint32_t text) {
  closures_.emplace(text, &closure);
}

Result<Program> Lowering::run(const ast::Closure& closure) {
  declare_parameter(closure);
  Span whole{0, closure_end_};
  code_.set_span(whole);
  exit_ = code_.new_label();
  frames_.push_back({});
  if (closure.body.items.empty())
    row(RowType::probe_hit, std::nullopt, null(whole), whole);
  else
    block(closure.body, Want::row);
  code_.bind(exit_);
  if (text(whole).ends_with('}')) code_.set_span({whole.end - 1, whole.end});
  code_.emit(VM_OP_exit);
  if (spent_)
    return error_at(*spent_, "this closure unfolds into too much for a probe",
                    "the compiler gives up here",
                    "branches of different types and items of lists multiply: give branches values "
                    "of one type, and loop over ranges with for");
  for (Error& error : code_.finish(program_)) errors_.push_back(std::move(error));
  if (!errors_.empty()) return combined(said_once(std::move(errors_)));
  program_.source = source_;
  program_.fuel = options_.fuel;
  return std::move(program_);
}

void Lowering::declare_parameter(const ast::Closure& closure) {
  Operand context = context_operand({});
  in_ = context;
  const auto& parameters = closure.parameters;
  for (const ast::Parameter& parameter : parameters) {
    if (parameter.rest || parameter.flag || parameter.initial)
      fail(parameter.span, "a probe's closure has one plain parameter", "not supported",
           "the event is one record: write {|ctx| ... } and $ctx.NAME");
    else if (&parameter != &parameters.front())
      fail(parameter.span, "a probe's closure has one parameter", "one too many",
           "the event is one record: write {|ctx| ... } and $ctx.NAME");
  }
  if (!parameters.empty()) {
    context_name_ = parameters.front().name;
    variables_.push_back({context_name_, context});
  } else if (options_.dialect == Dialect::text) {
    variables_.push_back({"ctx", context});
    variables_.push_back({"event", context});
  }
}

Operand Lowering::lower(const ast::Expr& expr, Want want) {
  if (spent_) return bad_operand(expr.span);
  Operand result = lower_inner(expr, want);
  spend(expr.span, parts_of(result));
  return result;
}

Operand Lowering::lower_inner(const ast::Expr& expr, Want want) {
  SpanScope span(code_, expr.span);
  const Operand none = null(expr.span);
  if (const auto* node = std::get_if<ast::Let>(&expr.node)) {
    return let(*node) ? none : never(expr.span);
  }
  if (const auto* node = std::get_if<ast::Assign>(&expr.node)) {
    assign(*node, expr.span);
    return none;
  }
  if (const auto* node = std::get_if<ast::Def>(&expr.node)) {
    define(*node);
    return none;
  }
  if (const auto* node = std::get_if<ast::Pipeline>(&expr.node)) return pipeline(*node, want);
  if (const auto* node = std::get_if<ast::Subexpression>(&expr.node)) {
    Operand result = block(node->block, want);
    result.span = expr.span;
    return result;
  }
  if (const auto* node = std::get_if<ast::If>(&expr.node))
    return want == Want::value ? conditional_value(*node, expr.span)
                               : conditional(*node, expr.span, want);
  if (const auto* node = std::get_if<ast::Match>(&expr.node)) return match(*node, expr.span, want);
  if (const auto* node = std::get_if<ast::Where>(&expr.node)) return where(*node, expr.span, want);
  if (const auto* node = std::get_if<ast::While>(&expr.node)) return loop(*node, expr.span);
  if (const auto* node = std::get_if<ast::For>(&expr.node)) return for_each(*node, expr.span);
  if (std::holds_alternative<ast::Break>(expr.node)) return leave_loop(expr.span, false);
  if (std::holds_alternative<ast::Continue>(expr.node)) return leave_loop(expr.span, true);
  if (const auto* node = std::get_if<ast::Return>(&expr.node)) return give_back(*node, expr.span);
  const auto* command = std::get_if<ast::Call>(&expr.node);
  Operand result = command ? call(*command, expr.span, nullptr) : expression(expr);
  if (want != Want::row || result.never) return result;
  row_unless_null(std::move(result), expr.span);
  return none;
}

// A scope of its own: its names, registers and strings go when it ends, but for its value.
Operand Lowering::block(const ast::Block& block, Want want) {
  size_t names = variables_.size(), commands = commands_.size();
  uint32_t mark = code_.registers(), blocks = code_.blocks();
  declare_commands(block);
  Operand last = null(block.span);
  bool goes_on = true;
  for (const ast::ExprPtr& item : block.items) {
    bool is_last = item == block.items.back();
    uint32_t item_registers = code_.registers(), item_blocks = code_.blocks();
    last = lower(*item, is_last ? want : Want::nothing);
    goes_on &= !last.never;
    if (is_last || std::holds_alternative<ast::Let>(item->node)) continue;
    code_.release_registers(item_registers);
    code_.release_blocks(item_blocks);
  }
  variables_.resize(names);
  commands_.resize(commands);
  if (want == Want::value && goes_on) return settled(std::move(last), mark);
  code_.release_registers(mark);
  code_.release_blocks(blocks);
  return goes_on ? null(block.span) : never(block.span);
}

// A custom command is known in its whole block, and sees what is defined before its own place.
void Lowering::declare_commands(const ast::Block& block) {
  for (const ast::ExprPtr& item : block.items)
    if (const auto* def = std::get_if<ast::Def>(&item->node)) {
      commands_.push_back({def->name, nullptr});
      define(*def);
    }
}

void Lowering::define(const ast::Def& def) {
  auto closure = std::make_shared<ClosureValue>();
  closure->node = &def.closure;
  closure->variables = without_muts(variables_);
  closure->captures = captures_;
  for (auto it = commands_.rbegin(); it != commands_.rend(); ++it)
    if (it->name == def.name) {
      it->closure = std::move(closure);
      return;
    }
}

bool Lowering::let(const ast::Let& let) {
  uint32_t mark = code_.registers();
  Operand value = this->value(*let.value);
  bool goes_on = !value.never;
  if (let.is_mut && !value.bad() && goes_on) {
    value = variable_tree(std::move(value), mark, let.name_span);
  } else {
    bool scalar = is_scalar(value.type) && value.home != Operand::Home::computed &&
                  value.home != Operand::Home::choice;
    if (scalar && !value.is_constant()) value = settled(force(std::move(value)), mark);
    value = kept(std::move(value));
  }
  variables_.push_back({let.name, std::move(value)});
  return goes_on;
}

// The value as it is now, whatever is assigned or read later.
Operand Lowering::kept(Operand value) {
  for (auto& [name, member] : value.members) member = kept(std::move(member));
  if (value.computed) {
    auto copy = std::make_shared<Computed>(*value.computed);
    for (Operand& arg : copy->args) arg = kept(std::move(arg));
    value.computed = std::move(copy);
  }
  if (value.is_place()) return kept_place(std::move(value));
  bool fetched = value.home == Operand::Home::reg || value.home == Operand::Home::builtin ||
                 value.home == Operand::Home::field;
  if (!fetched) return value;
  std::optional<uint8_t> present = value.present;
  value = force(std::move(value));
  value.present = present;
  if (!value.is_mut) return value;
  Operand copy = value;
  copy.is_mut = false;
  copy.storage.reset();
  bool flagged = value.is_flagged();
  copy.reg = code_.take_registers(flagged ? 2 : 1);
  if (value.storage) {
    copy_text(copy.reg, code_.take_blocks(value.capacity), value.reg, value.capacity);
  } else {
    store(copy, value);
  }
  return copy;
}

// A mut of this value: each scalar in it has registers of its own.
Operand Lowering::variable_tree(Operand value, uint32_t mark, Span name) {
  if (is_scalar(value.type)) return variable_register(std::move(value), mark);
  if (value.type != Type::record && value.type != Type::list)
    return fail(name, "a mut holds ints, bools, strings, times, or records and lists of these",
                "this is " + with_article(value.type),
                value.type == Type::null ? "begin with a value of its type: mut x = 0" : "use let");
  Operand tree;
  tree.type = value.type;
  tree.home = Operand::Home::aggregate;
  tree.is_mut = true;
  tree.span = value.span;
  for (auto& [member_name, member] : members_of(value)) {
    if (member.present)
      return fail(name, "a mut list has a fixed length", "its length is known only when it runs",
                  "use let");
    Operand variable = variable_tree(std::move(member), code_.registers(), name);
    if (variable.bad()) return variable;
    tree.members.emplace_back(member_name, std::move(variable));
  }
  return tree;
}

Operand Lowering::host_in_mut(const Operand& value) {
  return fail(value.span, "a mut holds what the kernel has", "computed on the host",
              "use let, or keep its parts and put them together in the output");
}

// A register of its own for a mut, and one for its null flag: what is assigned later may be null.
// Where there are loops, a string has its own place in the heap too: what the loop's body made it
// of is overwritten by the next round.
Operand Lowering::variable_register(Operand value, uint32_t mark) {
  if ((value.computed || value.is_named_by_host()) && is_host_only(value))
    return host_in_mut(value);
  value = force(std::move(value));
  if (value.bad()) return value;
  if (value.reg >= mark) value = settled(std::move(value), mark);
  Operand variable = value;
  variable.is_mut = true;
  // Of what is assigned later only pointers and enums are asked to be alike (may_hold).
  if (!is_pointer(variable) && variable.shown != As::enumeration) variable.ctype = {};
  variable.storage.reset();
  code_.release_registers(mark);
  variable.reg = code_.take_registers(2);
  store(variable, value);
  if (value.type == Type::string && has_loops_) {
    variable.capacity = std::max(value.capacity, options_.string_bytes - 1);
    variable.storage = code_.take_blocks(variable.capacity);
    store(variable, value);
  }
  if (!value.nullable && value.type != Type::string)
    code_.emit_imm(VM_OP_ldi, variable.reg + 1u, 0);
  return variable;
}

// variable = value, with its null flag. Both are in registers.
void Lowering::store(Operand& variable, const Operand& value) {
  if (variable.storage) {
    copy_text(variable.reg, *variable.storage, value.reg, variable.capacity);
    variable.nullable |= value.nullable;
    return;
  }
  if (value.reg != variable.reg) code_.emit(VM_OP_mov, variable.reg, value.reg);
  variable.capacity = std::max(variable.capacity, value.capacity);
  if (!variable.is_text()) {
    if (value.nullable)
      code_.emit(VM_OP_mov, variable.reg + 1u, value.reg + 1u);
    else if (variable.nullable)
      code_.emit_imm(VM_OP_ldi, variable.reg + 1u, 0);
  }
  variable.nullable |= value.nullable;
}

// to = a copy of the string in `from`, at `block`.
void Lowering::copy_text(uint8_t to, uint8_t block, uint8_t from, uint32_t capacity) {
  if (to == from) return;
  uint32_t mark = code_.registers();
  uint8_t source = code_.take_registers(3);
  code_.emit(VM_OP_mov, source, from);
  code_.emit_imm(VM_OP_ldi, source + 1u, 0);
  code_.emit_imm(VM_OP_ldi, source + 2u, VM_STR_MAX);
  code_.emit(VM_OP_str_sub, to, block, source, static_cast<int32_t>(capacity));
  code_.release_registers(mark);
}

// Assigns part by part: a mut keeps the shape it was declared with.
bool Lowering::store_tree(Operand& variable, const Operand& value, const ast::Assign& assign) {
  if (variable.members.empty() && is_scalar(variable.type) && value.type == variable.type) {
    if ((value.computed || value.is_named_by_host()) && is_host_only(value))
      return !host_in_mut(value).bad();
    if (!may_hold(variable, value, assign)) return false;
    Operand held = force(value);
    if (!held.bad()) store(variable, held);
    if (variable.type == Type::string && !variable.storage) code_.pin_blocks();
    return !held.bad();
  }
  if (value.type != variable.type) {
    fail(assign.value->span, "`$" + assign.name + "` holds " + with_article(variable.type),
         "this is " + with_article(value.type), "use another variable");
    return false;
  }
  std::vector<std::pair<std::string, Operand>> members = members_of(value);
  bool same = members.size() == variable.members.size();
  for (size_t i = 0; same && i < members.size(); ++i)
    same = members[i].first == variable.members[i].first && !members[i].second.present;
  if (!same) {
    bool is_list = variable.type == Type::list;
    fail(assign.value->span, "`$" + assign.name + "` keeps its shape",
         is_list ? "not the length that it was declared with"
                 : "not the fields that it was declared with",
         is_list ? "declare it as long as it may become, and assign to $" + assign.name + ".0"
                 : "declare it with all its fields: mut r = {a: 0, b: 0}");
    return false;
  }
  // All values are read before the first is overwritten: `$r = {a: $r.b, b: $r.a}`.
  for (auto& [name, member] : members) member = kept(std::move(member));
  for (size_t i = 0; i < members.size(); ++i)
    if (!store_tree(variable.members[i].second, members[i].second, assign)) return false;
  return true;
}

void Lowering::assign(const ast::Assign& assign, Span span) {
  uint32_t mark = code_.registers();
  Operand value = this->value(*assign.value);
  Operand* variable = find_variable(assign.name);
  if (!variable && assign.name == "env") {
    fail(assign.name_span, "a probe has no `$env`", "of the shell", "use a mut");
    return;
  }
  if (!variable) {
    std::string hint = did_you_mean(assign.name, variable_names(), "$");
    fail(assign.name_span, "unknown variable `$" + assign.name + "`", "not defined here",
         hint.empty() ? "declare it with mut " + assign.name + " = ..." : hint);
    return;
  }
  if (variable->bad() && variable->is_mut) {
    captured_mut(assign.name, assign.name_span);
    return;
  }
  if (variable->bad() || value.bad() || value.never) return;
  if (variable->home == Operand::Home::context) {
    fail(assign.name_span, "the event cannot be assigned to", "what the probe has seen",
         "make a record of your own: mut r = {pid: $" + assign.name + ".pid}");
    return;
  }
  if (!variable->is_mut) {
    fail(assign.name_span, "`$" + assign.name + "` cannot be assigned to", "not a mut",
         "declare it with mut, or copy it: mut copy = $" + assign.name);
    return;
  }
  if (operand_depth_ > 0) {
    fail(span, "an assignment inside an operand", "not allowed here",
         "put it on a line of its own");
    return;
  }
  for (const ast::Member& step : assign.path) {
    Operand* next = nullptr;
    for (size_t i = 0; i < variable->members.size(); ++i) {
      auto& [name, member] = variable->members[i];
      if ((variable->type == Type::list ? std::to_string(i) : name) == step.name) next = &member;
    }
    if (!next) {
      bool is_list = variable->type == Type::list;
      fail(step.span,
           "`$" + assign.name + "` has no " + (is_list ? "item " : "field `") + step.name +
               (is_list ? "" : "`"),
           is_list ? "past the length that it was declared with"
                   : "not a field that it was declared with",
           is_list ? "items count from 0; a mut list keeps its length"
                   : "declare it with all its fields: mut " + assign.name + " = {" + step.name +
                         ": 0}");
      return;
    }
    variable = next;
  }
  if (assign.op) {
    ast::Binary node{*assign.op, assign.op_span, nullptr, nullptr};
    Operand current = *variable;
    current.span = assign.name_span;
    value = operation(node, current, value, span, mark);
    if (value.bad()) return;
  }
  store_tree(*variable, value, assign);
}

Operand* Lowering::find_variable(std::string_view name) {
  for (auto it = variables_.rbegin(); it != variables_.rend(); ++it)
    if (it->name == name) return &it->operand;
  return nullptr;
}

std::vector<std::string> Lowering::variable_names() const {
  std::vector<std::string> names;
  for (const NamedOperand& variable : variables_) names.push_back(variable.name);
  for (const Capture& capture : *captures_) names.push_back(capture.name);
  if (options_.dialect == Dialect::text)
    for (const Builtin& row : builtins()) names.emplace_back(row.name);
  return names;
}

Lowering::Checkpoint Lowering::checkpoint() const {
  Checkpoint now{code_, program_, variables_, errors_.size(), unnamed_maps_, {}};
  for (const Join* join : joins_) now.taken.push_back(join->taken_);
  return now;
}

void Lowering::roll_back(const Checkpoint& before) {
  code_ = before.code;
  program_ = before.program;
  variables_ = before.variables;
  errors_.resize(before.errors);
  unnamed_maps_ = before.unnamed_maps;
  for (size_t i = 0; i < before.taken.size(); ++i) joins_[i]->taken_ = before.taken[i];
}

bool Lowering::spend(Span span, size_t parts) {
  work_ += parts;
  if (work_ > max_work && !spent_) spent_ = span;
  return !spent_;
}

Result<Program> compile(std::string_view source, const Schema& schema,
                        const CompileOptions& options) {
  Result<ast::Closure> closure = parse(source, options.dialect);
  if (!closure) return std::move(closure).error();
  std::vector<std::pair<uint32_t, ast::Def>> commands;
  std::vector<std::pair<uint32_t, ast::Closure>> closures;
  uint32_t offset = static_cast<uint32_t>(source.size()) + 1;
  for (uint32_t i = 0; i < options.texts.size(); ++i) {
    const std::string& text = options.texts[i].source;
    if (text.starts_with('{')) {
      Result<ast::Closure> parsed = parse(text, Dialect::closure, offset);
      if (!parsed) return std::move(parsed).error();
      closures.emplace_back(i, std::move(*parsed));
    } else {
      Result<ast::Def> parsed = parse_definition(text, offset);
      if (!parsed) return std::move(parsed).error();
      commands.emplace_back(i, std::move(*parsed));
    }
    offset += static_cast<uint32_t>(text.size()) + 1;
  }
  auto lowering = std::make_unique<Lowering>(source, schema, options);
  while (true) {
    for (const auto& [text, def] : commands) lowering->add_command(def, options.texts[text]);
    for (const auto& [text, parsed] : closures) lowering->add_closure(parsed, text);
    Result<Program> result = lowering->run(*closure);
    if (!lowering->lower_again()) return result;
    auto next = std::make_unique<Lowering>(source, schema, options);
    next->learn(*lowering);
    lowering = std::move(next);
  }
}

}  // namespace bytecode
