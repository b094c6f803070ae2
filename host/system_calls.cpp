#include "host/system_calls.hpp"

#include <algorithm>
#include <string_view>

#include "bytecode/wire.h"
#include "host/syscalls.hpp"

namespace host {

using bytecode::Field;
using bytecode::Schema;

namespace {

constexpr size_t few = 4;
constexpr std::string_view enter_prefix = "sys_enter_";
constexpr std::string_view exit_prefix = "sys_exit_";
constexpr uint32_t word_bytes = 8;
constexpr uint32_t first_argument = 16;  // in a system call's tracepoint, before its words

bool is_enter(const Target& target) { return target.event.starts_with(enter_prefix); }

std::optional<int32_t> number_of(const Target& target) {
  if (target.attach_kind != Kind::tracepoint || target.category != "syscalls") return std::nullopt;
  std::string_view name = target.event;
  if (name.starts_with(enter_prefix))
    name.remove_prefix(enter_prefix.size());
  else if (name.starts_with(exit_prefix))
    name.remove_prefix(exit_prefix.size());
  else
    return std::nullopt;
  const std::optional<int32_t> number = syscall_number(name);
  return number && *number < VM_SYSCALLS_MAX ? number : std::nullopt;
}

// Arguments are in the registers that the first word of the context points to.
void move_arguments(Schema& schema) {
  const std::vector<Field> words = syscall_registers(0);
  for (Field& field : schema.args) {
    const size_t index = (field.offset - first_argument) / word_bytes;
    if (index >= words.size()) continue;
    field.offset = words[index].offset;
    field.deref = words[index].deref;
  }
  schema.registers = words;
}

// The result is the second word.
void move_result(Schema& schema) {
  for (Field& field : schema.args) field.offset = word_bytes;
  for (Field& field : schema.registers) field.offset = word_bytes;
  schema.retval.offset = word_bytes;
}

}  // namespace

void dispatch_syscalls(Machine& machine, std::vector<Target>& targets) {
  const auto calls = std::count_if(targets.begin(), targets.end(), [](const Target& target) {
    return number_of(target).has_value();
  });
  if (static_cast<size_t>(calls) <= few || machine.is_without("syscall dispatch")) return;
  for (Target& target : targets) {
    const std::optional<int32_t> number = number_of(target);
    if (!number) continue;
    const bool enters = is_enter(target);
    target.syscall = *number;
    target.attach_kind = Kind::raw_tracepoint;
    target.event = enters ? "sys_enter" : "sys_exit";
    if (enters)
      move_arguments(target.schema);
    else
      move_result(target.schema);
    add_note(target.note,
             "one program on " + target.event + " tells the system calls apart by their numbers");
  }
}

}  // namespace host
