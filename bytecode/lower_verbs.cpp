// Commands: the verbs, and the rows they make.

#include <algorithm>

#include "bytecode/lower.hpp"
#include "bytecode/suggest.hpp"

namespace bytecode {
namespace {

// Commands that Nushell has, or that closures will have, with what to do until then.
struct Unsupported {
  std::string_view name;
  std::string_view hint;
};
constexpr std::string_view in_nushell = "send the raw values and do it in Nushell";
constexpr std::string_view on_counts = "count here, and compute in Nushell on the rows";
constexpr Unsupported unsupported[] = {
    {"sum", on_counts},
    {"avg", on_counts},
    {"min", on_counts},
    {"max", on_counts},
    {"stats", on_counts},
    {"hist", on_counts},
    {"map-put", on_counts},
    {"map-get", on_counts},
    {"map-add", on_counts},
    {"map-delete", on_counts},
    {"map-has", on_counts},
    {"start-timer", "emit the time: $ctx.time"},
    {"stop-timer", "emit the time: $ctx.time"},
    {"timestamp", "use $ctx.time"},
    {"get_stack", {}},
    {"exit", "use --limit or --for"},
    {"each", in_nushell},
    {"get", "write a path: $ctx.args.NAME"},
    {"select", "write a record: {a: $ctx.pid}"},
    {"length", in_nushell},
    {"first", in_nushell},
    {"last", in_nushell},
    {"is-empty", "compare with \"\""},
    {"default", "use if"},
    {"str", in_nushell},
    {"math", in_nushell},
    {"bits", "use the operators: bit-and, bit-or, bit-xor, bit-shl, bit-shr"},
    {"into", in_nushell},
    {"format", in_nushell},
    {"split", in_nushell},
    {"describe", in_nushell},
    {"sort-by", in_nushell},
    {"group-by", in_nushell},
    {"echo", "use print or emit"},
    {"sleep", "a probe cannot wait"},
    {"save", in_nushell},
    {"ls", in_nushell},
    {"open", in_nushell},
};

const std::vector<std::string>& verb_names() {
  static const std::vector<std::string> names = {"emit", "print", "count", "read-str",
                                                 "if",   "let",   "mut"};
  return names;
}

}  // namespace

Operand Lowering::call(const ast::Call& call, const Operand* input) {
  // A condition or an unknown name in the pipe has been reported already.
  if (call.name == "emit") return emit_verb(call, input);
  if (call.name == "print") return print_verb(call, input);
  if (call.name == "count") return count_verb(call, input);
  if (call.name == "read-str") return read_str_verb(call, input);
  return unknown_command(call);
}

Operand Lowering::unknown_command(const ast::Call& call) {
  std::string quoted = "`" + call.name + "`";
  for (const Unsupported& row : unsupported) {
    if (row.name != call.name) continue;
    Span name = call.name_span;
    // `str upcase` is one name of two words.
    const bool has_subcommands = row.hint == in_nushell && !call.args.empty();
    const auto* word = has_subcommands ? std::get_if<ast::Literal>(&call.args[0]->node) : nullptr;
    if (word != nullptr && word->bare) {
      name.end = call.args[0]->span.end;
      quoted = "`" + call.name + " " + *word->value.get_if<std::string>() + "`";
    }
    return fail(name, quoted + " is not supported in a probe", "not supported yet",
                std::string(row.hint));
  }
  std::string first = call.name.substr(0, call.name.find('.'));
  std::string hint = did_you_mean(call.name, verb_names());
  if (find_variable(first))
    hint = "write $" + call.name;
  else if (find_builtin(first))
    hint = "write $" + context_name_ + "." + call.name;
  else if (call.name.starts_with('^'))
    hint = "a probe cannot run programs";
  if (hint.empty()) hint = "the verbs are emit, print, count and read-str";
  return fail(call.name_span, "unknown command " + quoted, "not a command of probes", hint);
}

bool Lowering::takes_at_most(const ast::Call& call, size_t count, std::string_view hint) {
  if (!call.flags.empty()) {
    const ast::Flag& flag = call.flags.front();
    fail(flag.span, "`" + call.name + "` has no flag `" + flag.name + "`", "unknown flag",
         std::string(hint));
    return false;
  }
  if (call.args.size() <= count) return true;
  Span rest{call.args[count]->span.start, call.args.back()->span.end};
  fail(rest, "too many arguments for `" + call.name + "`", "one too many", std::string(hint));
  return false;
}

// A literal word or string: the only thing that can name an event or a map.
std::optional<std::string> Lowering::literal_name(const ast::Expr& expr) const {
  const auto* literal = std::get_if<ast::Literal>(&expr.node);
  const std::string* name = literal ? literal->value.get_if<std::string>() : nullptr;
  if (!name) return std::nullopt;
  return *name;
}

Operand Lowering::emit_verb(const ast::Call& call, const Operand* input) {
  Span span = call.name_span;
  if (!takes_at_most(
          call, 1,
          "put a calculation into parentheses: emit ($x + 1); to name an event: $x | emit "
          "name"))
    return null(span);
  if (!call.args.empty()) span.end = call.args.back()->span.end;
  std::optional<std::string> name;
  if (!call.args.empty()) name = literal_name(*call.args[0]);
  if (input) {
    if (!call.args.empty() && !name) {
      fail(call.args[0]->span, "the value of `emit` comes from the pipe",
           "here stands the event's name", "write $x | emit name");
      return null(span);
    }
    row(RowType::custom, std::move(name), *input, span);
  } else {
    Operand sent = call.args.empty() || name ? null(span) : value(*call.args[0]);
    row(RowType::custom, std::move(name), std::move(sent), span);
  }
  return null(span);
}

Operand Lowering::print_verb(const ast::Call& call, const Operand* input) {
  Span span = call.name_span;
  if (!takes_at_most(
          call, input ? 0 : 1,
          "put a calculation into parentheses: print ($x + 1); print a record for several "
          "values"))
    return null(span);
  if (!call.args.empty()) span.end = call.args.back()->span.end;
  Operand sent = input ? *input : call.args.empty() ? null(span) : value(*call.args[0]);
  row(RowType::log, std::nullopt, std::move(sent), span);
  return null(span);
}

Operand Lowering::count_verb(const ast::Call& call, const Operand* input) {
  Span span = call.name_span;
  if (!takes_at_most(call, 1, "the key comes from the pipe: $ctx.comm | count name"))
    return null(span);
  if (!call.args.empty() && !literal_name(*call.args[0])) {
    Span argument = call.args[0]->span;
    fail(argument, "the key of `count` comes from the pipe", "here stands the map's name",
         "write " + std::string(text(argument)) + " | count");
    return null(span);
  }
  std::optional<Key> key;
  if (input) {
    if (input->bad()) return null(span);
    key = key_of(*input);
    if (!key) return null(span);
  }
  std::optional<uint32_t> map = map_for(call, key);
  if (!map) return null(span);
  if (key) {
    write_key(*key);
    code_.emit(VM_OP_count, 0, 0, key->key_class, static_cast<int32_t>(*map));
  } else {
    code_.emit(VM_OP_count_cell, 0, 0, 0, static_cast<int32_t>(*map));
  }
  return null(span);
}

Operand Lowering::read_str_verb(const ast::Call& call, const Operand* input) {
  Span span = call.name_span;
  if (!takes_at_most(call, input ? 0 : 1, "write read-str $" + context_name_ + ".arg1"))
    return null(span);
  if (!call.args.empty()) span.end = call.args.back()->span.end;
  if (!input && call.args.empty())
    return fail(span, "`read-str` needs an address", "nothing to read",
                "write read-str $" + context_name_ + ".arg1");
  uint32_t mark = code_.registers();
  Operand address = input ? *input : value(*call.args[0]);
  if (address.bad()) return address;
  if (address.type == Type::string)
    return fail(address.span, "this is a string already", "not an address", "remove read-str");
  if (address.type != Type::integer)
    return fail(address.span, "`read-str` takes an address",
                "this is " + with_article(address.type), "addresses are ints");
  address = force(std::move(address));
  if (address.reg >= mark) code_.release_registers(mark);
  Operand result;
  result.type = Type::string;
  result.home = Operand::Home::reg;
  result.nullable = true;
  result.capacity = options_.string_bytes - 1;
  result.reg = code_.take_registers(1);
  result.span = span;
  code_.emit(VM_OP_str_read, result.reg, code_.take_blocks(result.capacity), address.reg,
             static_cast<int32_t>(options_.string_bytes));
  return result;
}

// A row with this value. Everything that needs jumps has been computed; the rest is read as the row
// is filled, so that a record of any number of fields needs few registers.
void Lowering::row(RowType type, std::optional<std::string> event_type, Operand value, Span span) {
  if (value.bad()) return;
  RowSite site{
      .type = type, .event_type = std::move(event_type), .fields = {}, .value = {}, .span = span};
  uint32_t bytes = 0;
  code_.emit_imm(VM_OP_row_begin, 0, static_cast<int32_t>(program_.rows.size()));
  size_t errors = errors_.size();
  Output result = output(value, site, bytes);
  code_.emit(VM_OP_row_send);
  site.value = std::move(result);
  if (errors_.size() == errors && site.fields.size() > VM_ROW_FIELDS_MAX)
    fail(span, "a row of " + std::to_string(site.fields.size()) + " fields", "too many",
         "the limit is " + std::to_string(VM_ROW_FIELDS_MAX));
  else if (errors_.size() == errors && bytes > VM_ROW_MAX)
    fail(span, "a row of up to " + std::to_string(bytes) + " bytes", "too large",
         "the limit is " + std::to_string(VM_ROW_MAX) +
             "; send fewer strings, or shorter ones with --str-len");
  program_.rows.push_back(std::move(site));
}

// The closure's last value. Like `each`, a null makes no row: one known only at run time is jumped
// over.
void Lowering::row_unless_null(Operand value, Span span) {
  if (value.bad() || value.type == Type::null) return;
  Assembler::Label skip = code_.new_label();
  if (value.nullable) {
    value = force(std::move(value));
    uint32_t flag = value.reg + 1u;
    if (value.type == Type::string) {
      flag = code_.take_registers(1);
      code_.emit(VM_OP_isnull, flag, value.reg);
    }
    code_.jump(VM_OP_jnz, flag, skip);
    value.nullable = false;
  }
  row(RowType::custom, std::nullopt, std::move(value), span);
  code_.bind(skip);
}

// Appends what the value needs to the row and says how to rebuild it.
Output Lowering::output(const Operand& operand, RowSite& site, uint32_t& bytes) {
  Output result;
  if (operand.bad()) return result;
  if (operand.is_constant()) {
    result.constant = operand.constant;
    return result;
  }
  bool tree = operand.home == Operand::Home::aggregate || operand.home == Operand::Home::context;
  if (tree) {
    result.kind = operand.type == Type::list ? Output::Kind::list : Output::Kind::record;
    for (auto& [name, member] : members_of(operand))
      result.members.emplace_back(name, output(member, site, bytes));
    return result;
  }
  uint32_t mark = code_.registers(), blocks = code_.blocks();
  Operand held = force(operand);
  result.kind = Output::Kind::field;
  result.field = static_cast<uint16_t>(site.fields.size());
  result.as = as_of(held.type);
  bool is_text = held.type == Type::string;
  code_.emit(is_text ? VM_OP_row_str : VM_OP_row_int, held.reg);
  // A string's handle says itself that it is null.
  if (held.nullable && !is_text) code_.emit_imm(VM_OP_row_null, held.reg + 1u, result.field);
  site.fields.push_back(is_text ? Raw::text : Raw::word);
  bytes += 8 + (is_text ? (held.capacity + 7) / 8 * 8 : 0);
  code_.release_registers(mark);
  code_.release_blocks(blocks);
  return result;
}

}  // namespace bytecode
