// Closures and custom commands: lowered where they are called.

#include <algorithm>
#include <utility>

#include "bytecode/lower/lower.hpp"
#include "bytecode/lower/unsupported.hpp"
#include "bytecode/suggest.hpp"

namespace bytecode {
namespace {

constexpr size_t max_inlining = 64;

// What a declared type takes; types that a probe has no word for take everything.
bool takes(std::string_view type, Type given) {
  struct Row {
    std::string_view name;
    std::vector<Type> types;
  };
  static const std::vector<Row> rows = {
      {"int", {Type::integer}},
      {"float", {Type::floating, Type::integer}},
      {"number", {Type::floating, Type::integer}},
      {"string", {Type::string}},
      {"bool", {Type::boolean}},
      {"duration", {Type::duration}},
      {"filesize", {Type::filesize}},
      {"datetime", {Type::date}},
      {"binary", {Type::binary}},
      {"range", {Type::range}},
      {"closure", {Type::closure}},
      {"nothing", {Type::null}},
      {"record", {Type::record, Type::context, Type::args, Type::regs}},
      {"list", {Type::list}},
  };
  std::string_view head = type.substr(0, type.find('<'));
  auto row = std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return r.name == head; });
  return row == rows.end() || given == Type::any || given == Type::bad ||
         std::find(row->types.begin(), row->types.end(), given) != row->types.end();
}

// A rest parameter takes what the other positional ones leave, wherever it is declared.
size_t rest_begins(const std::vector<ast::Parameter>& parameters) {
  return static_cast<size_t>(
      std::count_if(parameters.begin(), parameters.end(),
                    [](const auto& parameter) { return !parameter.rest && !parameter.flag; }));
}

// Two places for the same name: the long flag and its letter.
const Signature::Flag* find_flag(const Signature& signature, std::string_view name) {
  for (const Signature::Flag& flag : signature.flags)
    if (flag.name == name || (!flag.short_name.empty() && flag.short_name == name)) return &flag;
  return nullptr;
}

}  // namespace

// A mut is known by name alone, so that its use is refused in the words of Nushell.
std::vector<NamedOperand> Lowering::without_muts(const std::vector<NamedOperand>& variables) {
  std::vector<NamedOperand> result = variables;
  for (auto& [name, operand] : result) {
    if (!operand.is_mut) continue;
    operand = bad_operand({});
    operand.is_mut = true;
  }
  return result;
}

Operand Lowering::captured_mut(std::string_view name, Span span) {
  return fail(span, "a closure cannot capture `$" + std::string(name) + "`", "a mut of outside",
              "give it as a parameter, or copy it first: let copy = $" + std::string(name));
}

Operand Lowering::closure_operand(std::shared_ptr<const ClosureValue> closure, Span span) {
  Operand operand;
  operand.type = Type::closure;
  operand.home = Operand::Home::closure;
  operand.closure = std::move(closure);
  operand.span = span;
  return operand;
}

Operand Lowering::closure_value(const ast::Closure& node, Span span) {
  auto closure = std::make_shared<ClosureValue>();
  closure->node = &node;
  closure->variables = without_muts(variables_);
  closure->commands = commands_;
  closure->captures = captures_;
  return closure_operand(std::move(closure), span);
}

Operand Lowering::call_closure(const Operand& closure, std::vector<Operand> args,
                               const Operand& input) {
  if (closure.bad()) return closure;
  if (closure.type != Type::closure)
    return fail(closure.span, "expected a closure", "this is " + with_article(closure.type),
                "write {|x| ... }");
  std::vector<NamedOperand> bound;
  size_t next = 0;
  const std::vector<ast::Parameter>& parameters = closure.closure->node->parameters;
  for (const ast::Parameter& parameter : parameters) {
    Operand value = null(parameter.span);
    if (parameter.rest) {
      value.type = Type::list;
      value.home = Operand::Home::aggregate;
      for (size_t i = rest_begins(parameters); i < args.size(); ++i)
        value.members.emplace_back("", kept(args[i]));
    } else if (next < args.size()) {
      value = kept(args[next++]);
      value.present.reset();
      if (!fits_type(parameter, value)) return bad_operand(value.span);
    } else if (parameter.initial) {
      value = this->value(*parameter.initial);
    }
    bound.push_back({parameter.name, std::move(value)});
  }
  Operand in = input;
  in.present.reset();
  return inlined(*closure.closure, closure.closure->commands, std::move(bound), in, closure.span);
}

Operand Lowering::bad_operand(Span span) {
  Operand bad;
  bad.type = Type::bad;
  bad.span = span;
  return bad;
}

bool Lowering::fits_type(const ast::Parameter& parameter, const Operand& value) {
  if (takes(parameter.type, value.type)) return true;
  fail(value.span, "`" + parameter.name + "` is declared as " + parameter.type,
       "this is " + with_article(value.type),
       "give it a value of this type, or declare another one");
  errors_.back().labels.push_back({parameter.span, "declared here"});
  return false;
}

// The body's own world: its variables, its loops, its captures. All come back when it is done.
Operand Lowering::inlined(const ClosureValue& closure, std::vector<CustomCommand> commands,
                          std::vector<NamedOperand> bound, const Operand& input, Span span) {
  bool again = std::find(inlining_.begin(), inlining_.end(), closure.node) != inlining_.end();
  if (again)
    return fail(span, "a command that calls itself cannot run in a probe", "calls itself",
                "use while, loop or for");
  if (inlining_.size() >= max_inlining)
    return fail(span, "calls more than " + std::to_string(max_inlining) + " deep", "too deep here",
                "let fewer closures and commands call one another");
  auto variables = std::exchange(variables_, closure.variables);
  auto outer_commands = std::exchange(commands_, std::move(commands));
  auto captures = std::exchange(captures_, closure.captures ? closure.captures : captures_);
  auto in = std::exchange(in_, input);
  auto row = std::exchange(row_, std::nullopt);
  uint32_t depth = std::exchange(operand_depth_, 0);
  for (NamedOperand& variable : bound) variables_.push_back(std::move(variable));
  inlining_.push_back(closure.node);
  frames_.push_back({nullptr, loops_.size()});

  const ast::Block& body = closure.node->body;
  Operand result;
  if (text(body.span).find("return") == std::string_view::npos) {
    result = block(body, Want::value);
  } else {
    result = joined(span, [&](Join& join) {
      frames_.back().join = &join;
      join.take(block(body, Want::value));
    });
  }

  frames_.pop_back();
  inlining_.pop_back();
  operand_depth_ = depth;
  row_ = row;
  in_ = in;
  captures_ = captures;
  commands_ = std::move(outer_commands);
  variables_ = std::move(variables);
  result.span = span;
  return result;
}

const CustomCommand* Lowering::find_command(std::string_view name) const {
  for (auto it = commands_.rbegin(); it != commands_.rend(); ++it)
    if (it->name == name && it->closure) return &*it;
  return nullptr;
}

Operand Lowering::call_custom(const CustomCommand& command, const CallSite& site,
                              const Operand* input) {
  std::shared_ptr<const ClosureValue> closure = command.closure;
  const std::vector<ast::Parameter>& parameters = closure->node->parameters;
  Signature signature;
  bool rest = false;
  std::string usage = command.name;
  std::vector<std::string> names;  // of the flags; the views below point here
  names.reserve(2 * parameters.size());
  for (const ast::Parameter& parameter : parameters) {
    bool needed = !parameter.optional && !parameter.rest && !parameter.flag;
    rest |= parameter.rest;
    if (parameter.flag) {
      bool has_long = parameter.name != parameter.short_name;
      std::string_view short_name, long_name;
      if (!parameter.short_name.empty())
        short_name = names.emplace_back("-" + parameter.short_name);
      long_name = has_long ? names.emplace_back("--" + parameter.name) : short_name;
      signature.flags.push_back({long_name, short_name, !parameter.type.empty()});
      usage += " [" + std::string(long_name) + (parameter.type.empty() ? "]" : " VALUE]");
    } else {
      ++signature.most;
      signature.least += needed;
      usage += " " + parameter.name;
    }
  }
  if (rest) signature.most = UINT32_MAX;
  usage = "write " + usage;
  signature.hint = usage;
  std::optional<Arguments> given = arguments(site, signature);
  if (!given) return bad_operand(site.span);

  std::vector<NamedOperand> bound;
  size_t next = 0, flag = 0;
  for (const ast::Parameter& parameter : parameters) {
    Operand value = null(parameter.span);
    const ast::Expr* expr = nullptr;
    std::string name = parameter.name;
    bool is_switch = false;
    if (parameter.flag) {
      const Signature::Flag& known = signature.flags[flag++];
      std::replace(name.begin(), name.end(), '-', '_');
      is_switch = !known.takes_value;
      if (is_switch) value = constant_operand(Value(given->has(known.name)), site.span);
      if (!is_switch && given->has(known.name)) expr = given->flags.at(known.name);
    } else if (parameter.rest) {
      value.type = Type::list;
      value.home = Operand::Home::aggregate;
      for (size_t i = rest_begins(parameters); i < given->values.size(); ++i)
        add_item(value, *given->values[i]);
      value = kept(std::move(value));
    } else if (next < given->values.size()) {
      expr = given->values[next++];
    }
    if (expr) {
      value = kept(this->value(*expr));
      if (!fits_type(parameter, value)) return bad_operand(site.span);
      bool to_float = parameter.type == "float" && value.type == Type::integer;
      if (to_float) value = computed(Function::into_float, {value}, value.span);
    } else if (parameter.initial) {
      value = this->value(*parameter.initial);
    }
    if (value.bad()) return value;
    bound.push_back({std::move(name), std::move(value)});
  }
  return inlined(*closure, commands_, std::move(bound), input ? *input : null(site.span),
                 site.span);
}

// `do {|x| ...} 5`
Operand Lowering::do_command(const CallSite& site, const Operand* input) {
  std::optional<Arguments> given = arguments(
      site, {.least = 1, .most = UINT32_MAX, .flags = {}, .hint = "write do {|x| ... } 5"});
  if (!given) return bad_operand(site.span);
  Operand closure = value(*given->values.front());
  Operand list;
  for (size_t i = 1; i < given->values.size(); ++i) add_item(list, *given->values[i]);
  if (list.bad()) return bad_operand(site.span);
  std::vector<Operand> args;
  for (auto& [name, arg] : list.members) {
    if (arg.present)
      return fail(site.span, "how many arguments there are is known only when it runs",
                  "a list of any length", "give the list itself as an argument");
    args.push_back(std::move(arg));
  }
  if (closure.type == Type::closure) {
    size_t required = 0;
    for (const ast::Parameter& parameter : closure.closure->node->parameters)
      required += !parameter.optional && !parameter.rest;
    if (args.size() < required)
      return fail(site.span, "the closure needs " + std::to_string(required) + " arguments",
                  "this gives " + std::to_string(args.size()), "write do $closure VALUE ...");
  }
  Operand result = call_closure(closure, std::move(args), input ? *input : null(site.span));
  result.span = site.span;
  return result;
}

std::optional<Arguments> Lowering::arguments(const CallSite& site, const Signature& signature) {
  Arguments result;
  const Signature::Flag* waiting = nullptr;  // a flag whose value is the next argument
  Span waiting_span;
  auto refuse = [&](Span span, std::string message, std::string label) {
    fail(span, std::move(message), std::move(label), std::string(signature.hint));
    return std::nullopt;
  };
  auto note = [&](const Signature::Flag& flag, const ast::Argument& argument) {
    result.flags.emplace(flag.name, argument.value.get());
    result.flag_spans.emplace(flag.name, argument.flag_span);
    if (!flag.takes_value || argument.value) return;
    waiting = &flag;
    waiting_span = argument.flag_span;
  };
  for (const ast::Argument& argument : site.args) {
    if (!argument.flag) {
      if (waiting)
        result.flags[waiting->name] = argument.value.get();
      else
        result.values.push_back(argument.value.get());
      waiting = nullptr;
      continue;
    }
    if (waiting) break;
    const std::string& name = *argument.flag;
    if (const Signature::Flag* flag = find_flag(signature, name)) {
      note(*flag, argument);
      continue;
    }
    // `-ir` is `-i -r`; the last of them may take a value.
    bool grouped = name.size() > 2 && name[0] == '-' && name[1] != '-';
    for (size_t i = 1; grouped && i < name.size(); ++i)
      grouped = find_flag(signature, std::string("-") + name[i]) != nullptr;
    if (const UnsupportedFlag* row = find_unsupported_flag(site.name, name)) {
      fail(argument.flag_span,
           "`" + site.name + " " + std::string(row->name) + "` is not supported in a probe",
           std::string(row->label), std::string(row->hint));
      return std::nullopt;
    }
    if (!grouped)
      return refuse(argument.flag_span, "`" + site.name + "` has no flag `" + name + "`",
                    "unknown flag");
    for (size_t i = 1; i < name.size(); ++i)
      note(*find_flag(signature, std::string("-") + name[i]), argument);
  }
  if (waiting)
    return refuse(waiting_span, "`" + std::string(waiting->name) + "` needs a value",
                  "nothing follows");
  if (result.values.size() < signature.least)
    return refuse(site.span, "`" + site.name + "` needs a value", "one is missing");
  if (result.values.size() > signature.most) {
    Span rest{result.values[signature.most]->span.start, result.values.back()->span.end};
    return refuse(rest, "too many arguments for `" + site.name + "`", "one too many");
  }
  return result;
}

}  // namespace bytecode
