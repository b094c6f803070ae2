// Timers, and the time itself.

#include <algorithm>

#include "bytecode/lower/lower.hpp"

namespace bytecode {

std::string timer_of(std::string_view func) {
  for (const std::string_view prefix : {"sys_enter_", "sys_exit_"})
    if (func.starts_with(prefix)) return std::string(func.substr(prefix.size()));
  return std::string(func);
}

// An index into the program's timers, or -1: the timer of whichever function was hit. Nothing where
// the arguments do not fit, which has been reported.
std::optional<int32_t> Lowering::timer(const CallSite& site) {
  std::optional<Arguments> given =
      arguments(site, {.least = 0,
                       .most = 1,
                       .flags = {},
                       .hint = "write " + site.name + ", or with a name: " + site.name + " read"});
  if (!given) return std::nullopt;
  std::string name = timer_of(schema_.func);
  if (!given->values.empty()) {
    std::optional<std::string> called = literal_name(*given->values.front());
    if (!called || called->empty()) {
      fail(given->values.front()->span, "`" + site.name + "` takes a name", "not a name",
           "write " + site.name + " read; each thread has a timer of its own");
      return std::nullopt;
    }
    name = *called;
  }
  if (name.empty()) return -1;
  std::vector<std::string>& timers = program_.timers;
  const auto known = std::find(timers.begin(), timers.end(), name);
  const auto index = static_cast<int32_t>(known - timers.begin());
  if (known == timers.end()) timers.push_back(std::move(name));
  return index;
}

Operand Lowering::start_timer_verb(const CallSite& site, const Operand*) {
  if (std::optional<int32_t> which = timer(site)) code_.emit_imm(VM_OP_timer_start, 0, *which);
  return null(site.span);
}

Operand Lowering::stop_timer_verb(const CallSite& site, const Operand*) {
  std::optional<int32_t> which = timer(site);
  if (!which) return bad_operand(site.span);
  Operand took;
  took.type = Type::duration;
  took.home = Operand::Home::reg;
  took.reg = code_.take_registers(2);
  took.nullable = true;
  took.span = site.span;
  code_.emit_imm(VM_OP_timer_stop, took.reg, *which);
  return took;
}

Operand Lowering::timestamp_verb(const CallSite& site, const Operand*) {
  if (!arguments(site, {.least = 0, .most = 0, .flags = {}, .hint = "write timestamp alone"}))
    return bad_operand(site.span);
  Operand now;
  now.type = Type::date;
  now.home = Operand::Home::builtin;
  now.builtin = find_builtin("time");
  now.span = site.span;
  return now;
}

}  // namespace bytecode
