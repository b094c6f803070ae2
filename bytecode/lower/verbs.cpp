// The verbs: what only a probe has.

#include <algorithm>

#include "bytecode/lower/lower.hpp"

namespace bytecode {

// A literal word or string: the only thing that can name an event or a map.
std::optional<std::string> Lowering::literal_name(const ast::Expr& expr) const {
  const auto* literal = std::get_if<ast::Literal>(&expr.node);
  const std::string* name = literal ? literal->value.get_if<std::string>() : nullptr;
  if (!name) return std::nullopt;
  return *name;
}

Operand Lowering::emit_verb(const CallSite& site, const Operand* input) {
  std::optional<Arguments> given = arguments(
      site, {.least = 0,
             .most = 1,
             .flags = {},
             .hint = "put a calculation into parentheses: emit ($x + 1); to name an event: $x | "
                     "emit name"});
  if (!given) return null(site.span);
  const ast::Expr* argument = given->values.empty() ? nullptr : given->values.front();
  std::optional<std::string> name;
  if (argument) name = literal_name(*argument);
  if (input && argument && !name) {
    fail(argument->span, "the value of `emit` comes from the pipe", "here stands the event's name",
         "write $x | emit name");
    return null(site.span);
  }
  Operand sent = input ? *input : argument && !name ? value(*argument) : null(site.span);
  if (sent.never) return sent;
  row(RowType::custom, std::move(name), std::move(sent), site.span);
  return null(site.span);
}

Operand Lowering::print_verb(const CallSite& site, const Operand* input) {
  std::optional<Arguments> given =
      arguments(site, {.least = 0,
                       .most = input ? 0u : 1u,
                       .flags = {},
                       .hint = "put a calculation into parentheses: print ($x + 1); print a record "
                               "for several values"});
  if (!given) return null(site.span);
  Operand sent = input                   ? *input
                 : given->values.empty() ? null(site.span)
                                         : value(*given->values.front());
  if (sent.never) return sent;
  row(RowType::log, std::nullopt, std::move(sent), site.span);
  return null(site.span);
}

Operand Lowering::read_str_verb(const CallSite& site, const Operand* input) {
  const std::string usage = "write read-str $" + context_name_ + ".arg1";
  std::optional<Arguments> given =
      arguments(site, {.least = 0, .most = input ? 0u : 1u, .flags = {}, .hint = usage});
  if (!given) return bad_operand(site.span);
  if (!input && given->values.empty())
    return fail(site.span, "`read-str` needs an address", "nothing to read", usage);
  uint32_t mark = code_.registers();
  Operand address = input ? *input : value(*given->values.front());
  if (address.bad()) return address;
  if (address.type == Type::string)
    return fail(address.span, "this is a string already", "not an address", "remove read-str");
  if (address.type != Type::integer)
    return fail(address.span, "`read-str` takes an address",
                "this is " + with_article(address.type), "addresses are ints");
  address = text_at(address, mark);
  address.span = site.span;
  return address;
}

}  // namespace bytecode
