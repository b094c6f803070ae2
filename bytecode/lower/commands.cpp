// Commands: the table of those that the kernel runs, how a name of several words finds its row, and
// what is said of a name that has none.

#include <algorithm>

#include "bytecode/lower/aggregate.hpp"
#include "bytecode/lower/lower.hpp"
#include "bytecode/lower/unsupported.hpp"
#include "bytecode/suggest.hpp"

namespace bytecode {
namespace {

// "str upcase x": no command's name has more words than this.
constexpr size_t longest_name = 3;

std::optional<std::string> bare_word(const ast::Argument& argument) {
  const auto* word =
      argument.value && !argument.flag ? std::get_if<ast::Literal>(&argument.value->node) : nullptr;
  const std::string* name = word && word->bare ? word->value.get_if<std::string>() : nullptr;
  return name ? std::optional(*name) : std::nullopt;
}

// What an argument is, by its name in the table of functions. Those of other names take anything.
struct ArgumentType {
  std::string_view name;
  Type type;
};
constexpr ArgumentType argument_types[] = {
    {"string", Type::string},
    {"find", Type::string},
    {"replace", Type::string},
    {"separator", Type::string},
    {"format", Type::string},
    {"unit", Type::string},
    {"range", Type::range},
    {"rows", Type::integer},
    {"bits", Type::integer},
    {"--char", Type::string},
    {"--range", Type::range},
    {"--width", Type::integer},
    {"--alignment", Type::string},
    {"--number", Type::integer},
    {"--replace", Type::string},
    {"--min-word-length", Type::integer},
    {"--extension", Type::string},
    {"--num-levels", Type::integer},
    {"--endian", Type::string},
    {"--radix", Type::integer},
    {"--unit", Type::string},
    {"--decimals", Type::integer},
    {"--format", Type::string},
    {"--precision", Type::integer},
    {"--number-bytes", Type::integer},
};

// Nothing where this is what it should be, or may be.
std::optional<Type> missed_type(std::string_view name, const Operand& given) {
  if (given.type == Type::any || given.type == Type::null || given.nullable) return std::nullopt;
  if (given.home == Operand::Home::choice) return std::nullopt;
  for (const ArgumentType& row : argument_types)
    if (row.name == name && row.type != given.type) return row.type;
  return std::nullopt;
}

bool begins_a_name(const std::vector<std::string>& names, const std::string& word) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return name.starts_with(word + " "); });
}

}  // namespace

std::span<const Lowering::Command> Lowering::commands() {
  using L = Lowering;
  constexpr bool pipe_only = true;
  static constexpr Command rows[] = {
      {"emit", &L::emit_verb, pipe_only},
      {"print", &L::print_verb, pipe_only},
      {"count", &L::count_verb, pipe_only},
      {"sum", &L::sum_verb, pipe_only},
      {"avg", &L::avg_verb, pipe_only},
      {"min", &L::min_verb, pipe_only},
      {"max", &L::max_verb, pipe_only},
      {"stats", &L::stats_verb, pipe_only},
      {"hist", &L::hist_verb, pipe_only},
      {"map-put", &L::map_put_verb, pipe_only},
      {"map-add", &L::map_add_verb, pipe_only},
      {"map-get", &L::map_get_verb, pipe_only},
      {"map-has", &L::map_has_verb, pipe_only},
      {"map-delete", &L::map_delete_verb, pipe_only},
      {"map-each", &L::map_each_verb, pipe_only},
      {"start-timer", &L::start_timer_verb, pipe_only},
      {"stop-timer", &L::stop_timer_verb, pipe_only},
      {"timestamp", &L::timestamp_verb, pipe_only},
      {"kstack", &L::kstack_verb, pipe_only},
      {"ustack", &L::ustack_verb, pipe_only},
      {"read-str", &L::read_str_verb, pipe_only},
      {"read-int", &L::read_int_verb, pipe_only},
      {"read-mem", &L::read_mem_verb, pipe_only},
      {"as", &L::as_verb},
      {"bswap", &L::bswap_verb},
      {"ip-addr", &L::ip_addr_verb},
      {"do", &L::do_command, pipe_only},
      {"each", &L::each},
      {"any", &L::any},
      {"all", &L::all},
      {"reduce", &L::reduce},
      {"length", &L::length},
      {"first", &L::first},
      {"last", &L::last},
      {"take", &L::take},
      {"skip", &L::skip},
      {"drop", &L::drop},
      {"is-empty", &L::is_empty},
      {"is-not-empty", &L::is_not_empty},
      {"append", &L::append},
      {"prepend", &L::prepend},
      {"reverse", &L::reverse},
      {"math abs", &L::math_abs},
      {"math min", &L::math_min},
      {"math max", &L::math_max},
      {"math sum", &L::math_sum},
      {"math product", &L::math_product},
      {"bits and", &L::bits_and},
      {"bits or", &L::bits_or},
      {"bits xor", &L::bits_xor},
      {"bits shl", &L::bits_shl},
      {"bits shr", &L::bits_shr},
      {"random int", &L::random_int, pipe_only},
      {"get", &L::get},
      {"select", &L::select},
      {"reject", &L::reject},
      {"rename", &L::rename},
      {"insert", &L::insert},
      {"update", &L::update},
      {"upsert", &L::upsert},
      {"merge", &L::merge},
      {"columns", &L::columns},
      {"values", &L::values},
      {"default", &L::default_value},
      {"describe", &L::describe},
      {"ignore", &L::ignore},
      {"into int", &L::into_int},
      {"into bool", &L::into_bool},
      {"into duration", &L::into_duration},
      {"into filesize", &L::into_filesize},
      {"into string", &L::into_string},
      {"str length", &L::str_length},
      {"str join", &L::str_join},
  };
  return rows;
}

std::vector<std::string_view> Lowering::command_names() {
  std::vector<std::string_view> names;
  for (const Command& row : commands()) names.push_back(row.name);
  return names;
}

std::vector<std::string_view> command_names() { return Lowering::command_names(); }

bool Lowering::has_command(std::string_view name) {
  std::span<const Command> rows = commands();
  return find_function_command(name) ||
         std::any_of(rows.begin(), rows.end(),
                     [&](const Command& row) { return row.name == name; });
}

// The longest name that is known wins; one that the user has defined wins over ours.
Operand Lowering::call(const ast::Call& call, Span span, const Operand* input) {
  std::vector<std::string> names = {call.name};
  for (const ast::Argument& argument : call.args) {
    std::optional<std::string> word = bare_word(argument);
    if (!word || names.size() == longest_name) break;
    names.push_back(names.back() + " " + *word);
  }
  std::span<const ast::Argument> args = call.args;
  for (size_t words = names.size(); words-- > 0;) {
    Span name = call.name_span;
    if (words > 0) name.end = call.args[words - 1].value->span.end;
    CallSite site{names[words], name, args.subspan(words), span};
    if (const CustomCommand* custom = find_command(site.name))
      return call_custom(*custom, site, input);
    const FunctionCommand* function = find_function_command(site.name);
    if (function && function->takes_paths)
      if (std::optional<Operand> changed = of_fields(site, *function, input)) return *changed;
    for (const Command& row : commands())
      if (row.name == site.name) return run_command(site, row, input);
    if (function) return function_command(site, *function, input);
  }
  return unknown_command({call.name, call.name_span, args, span});
}

Operand Lowering::run_command(const CallSite& site, const Command& command, const Operand* input) {
  static constexpr Handler of_any_shape[] = {&Lowering::emit_verb, &Lowering::print_verb,
                                             &Lowering::do_command, &Lowering::ignore};
  const Handler handler = command.handler;
  const bool takes_any_shape = std::find(std::begin(of_any_shape), std::end(of_any_shape),
                                         handler) != std::end(of_any_shape);
  std::optional<Operand> outer = in_;
  if (!input && outer && !command.pipe_only) input = &*outer;
  if (!input) return (this->*handler)(site, nullptr);
  if (input->never) return *input;
  if (input->home == Operand::Home::choice && !takes_any_shape)
    return distributed(*input,
                       [&](const Operand& one) { return run_command(site, command, &one); });
  // A path of `get` may be a bare word, which only `get` reads.
  const FunctionCommand* on_host =
      handler == &Lowering::get ? nullptr : find_function_command(site.name);
  if (on_host && is_left_to_host(*input)) return function_command(site, *on_host, input);
  return (this->*handler)(site, input);
}

Operand Lowering::input_of(const CallSite& site, const Operand* input) {
  if (input) return *input;
  if (in_) return *in_;
  return fail(site.name_span, "`" + site.name + "` needs a value", "nothing comes through the pipe",
              "write $x | " + site.name);
}

Operand Lowering::unfit(const CallSite& site, const Operand& input, std::string_view needed,
                        std::string hint) {
  if (input.bad()) return input;
  if (input.home == Operand::Home::computed || input.type == Type::any)
    return fail(site.name_span, "`" + site.name + "` does not work on what the host computes",
                "the kernel does not have its value", "do this in Nushell on the rows");
  // The event comes through no pipe that could be underlined.
  Span span = input.span.end > 0 ? input.span : site.name_span;
  if (hint.empty())
    hint = needed == "a list"     ? "write a list: [$x] | " + site.name
           : needed == "a record" ? "write a record: {name: $x} | " + site.name
                                  : "give it " + std::string(needed);
  return fail(span, "`" + site.name + "` takes " + std::string(needed),
              "this is " + with_article(input.type), std::move(hint));
}

std::vector<Operand> Lowering::host_arguments(const FunctionCommand& command,
                                              const Operand& input) {
  Items args = {input};
  args.resize(1 + command.parameters.size(), constant_operand(Value(Null{}), input.span));
  return args;
}

Operand Lowering::function_command(const CallSite& site, const FunctionCommand& command,
                                   const Operand* input) {
  Signature signature;
  std::string usage = "write $x | " + site.name;
  for (const FunctionCommand::Parameter& parameter : command.parameters) {
    if (parameter.name.starts_with("-")) {
      signature.flags.push_back({parameter.name, parameter.short_flag, parameter.takes_value});
      continue;
    }
    ++signature.most;
    signature.least += parameter.required;
    std::string name(parameter.name);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    usage += parameter.required ? " " + name : " [" + name + "]";
  }
  signature.hint = usage;
  std::optional<Arguments> given = arguments(site, signature);
  Operand subject = input_of(site, input);
  if (!given || subject.bad()) return bad_operand(site.span);
  Items args = {std::move(subject)};
  size_t position = 0;
  for (const FunctionCommand::Parameter& parameter : command.parameters) {
    const ast::Expr* expr = nullptr;
    if (!parameter.name.starts_with("-")) {
      if (position < given->values.size()) expr = given->values[position++];
    } else if (auto flag = given->flags.find(parameter.name); flag != given->flags.end()) {
      expr = flag->second;
      if (!expr) {
        args.push_back(constant_operand(Value(true), site.span));
        continue;
      }
    }
    args.push_back(expr ? value(*expr) : null(site.span));
    if (args.back().bad()) return args.back();
    if (!expr) continue;
    if (std::optional<Type> needed = missed_type(parameter.name, args.back()))
      return fail(expr->span, "`" + site.name + "` takes " + with_article(*needed) + " here",
                  "this is " + with_article(args.back().type), usage);
  }
  return computed(command.function, std::move(args), site.span);
}

std::optional<Operand> Lowering::of_fields(const CallSite& site, const FunctionCommand& command,
                                           const Operand* input) {
  auto find_parameter = [&](const std::string& flag) {
    return std::find_if(command.parameters.begin(), command.parameters.end(), [&](const auto& one) {
      return one.name == flag || one.short_flag == flag;
    });
  };
  auto is_positional = [](const auto& parameter) { return !parameter.name.starts_with("-"); };
  auto own = std::count_if(command.parameters.begin(), command.parameters.end(), is_positional);
  // What comes behind its own arguments, which no flag stands between.
  size_t behind = site.args.size();
  for (size_t i = 0; i < site.args.size(); ++i) {
    const ast::Argument& argument = site.args[i];
    if (argument.flag) {
      auto parameter = find_parameter(*argument.flag);
      // Of a flag that it has not, and of several in one word, only the command itself can tell.
      if (parameter == command.parameters.end()) return std::nullopt;
      i += !argument.value && parameter->takes_value;
    } else if (own-- == 0) {
      behind = i;
    }
  }
  std::vector<const ast::Expr*> fields;
  for (const ast::Argument& argument : site.args.subspan(behind)) {
    if (argument.flag)
      return fail(argument.flag_span, "`" + *argument.flag + "` stands behind the fields",
                  "after " + std::string(text(fields.back()->span)), "write the flags first");
    fields.push_back(argument.value.get());
  }
  if (fields.empty()) return std::nullopt;
  Operand base = input_of(site, input);
  if (base.bad()) return base;
  if (is_scalar(base.type) && base.home != Operand::Home::choice)
    return fail(fields.front()->span, "there is no field to change",
                with_article(base.type) + " comes through the pipe",
                "leave it out, or give a record: {name: $x} | " + site.name + " name");
  if (!is_record(base) && base.type != Type::list && base.home != Operand::Home::choice)
    return unfit(site, base, "a record");
  std::optional<std::vector<CellPath>> paths = cell_paths(fields, false);
  if (!paths) return bad_operand(site.span);
  CallSite inner{site.name, site.name_span, site.args.first(behind), site.span};
  auto applied = [&](const Operand& old) {
    for (const Command& row : commands())
      if (row.name == site.name) return run_command(inner, row, &old);
    return function_command(inner, command, &old);
  };
  Change what{site, bad_operand(site.span), true, false, applied};
  for (const CellPath& path : *paths) base = changed(what, base, base, path);
  return base;
}

Operand Lowering::unknown_command(const CallSite& site) {
  std::vector<std::string> names = {"if", "let", "mut", "for", "while", "loop", "match", "where"};
  for (const CustomCommand& custom : commands_) names.push_back(custom.name);
  for (const Command& row : commands()) names.emplace_back(row.name);
  for (const FunctionCommand& row : function_commands()) names.emplace_back(row.name);

  // `str upcas` is one name of two words.
  Span name = site.name_span;
  std::string whole = site.name;
  const UnsupportedCommand* row = find_unsupported(site.name);
  bool is_family = begins_a_name(names, site.name) || site.name == "from" || site.name == "date";
  if (is_family && !site.args.empty())
    if (std::optional<std::string> word = bare_word(site.args.front())) {
      whole += " " + *word;
      name.end = site.args.front().value->span.end;
    }
  std::string hint = did_you_mean(whole, names);
  if (row || (is_family && whole != site.name)) {
    if (row || hint.empty()) hint = row ? row->hint : kInNushell;
    return fail(name, "`" + whole + "` is not supported in a probe", "not in a probe", hint);
  }
  std::string first = site.name.substr(0, site.name.find('.'));
  if (find_variable(first))
    hint = "write $" + site.name;
  else if (find_builtin(first))
    hint = "write $" + context_name_ + "." + site.name;
  else if (site.name.starts_with('^'))
    hint = "a probe cannot run programs";
  if (is_family) hint = "it needs a second word: " + site.name + " ...";
  if (hint.empty()) hint = "the verbs are emit, print, count and read-str";
  return fail(site.name_span, "unknown command `" + site.name + "`", "not a command of probes",
              hint);
}

}  // namespace bytecode
