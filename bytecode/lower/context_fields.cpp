// What `$ctx` holds: builtins, registers, arguments by name. typed.cpp has what lies below them,
// fetch.cpp how each is read.

#include <algorithm>

#include "bytecode/cast.hpp"
#include "bytecode/lower/lower.hpp"
#include "bytecode/suggest.hpp"
#include "bytecode/wire.h"

namespace bytecode {
namespace {

constexpr std::string_view sizes[] = {"count", "len", "nbytes"};

// What the schema or the hit says, beside builtins.def: they have no constant in the module.
const Builtin task_row{"task", Type::integer, VM_OP_ld_task, "", "the task's structure"};
const Builtin cgroup_row{"cgroup", Type::integer, VM_OP_ld_cgroup, "", "control group"};
const Builtin func_row{"func", Type::string, VM_OP_ld_site, "", "the function that was hit"};
const Builtin probe_row{"probe", Type::string, VM_OP_ld_site, "", "the probe that was hit"};

bool is_register_name(std::string_view name) {
  return name.size() > 3 && name.starts_with("arg") &&
         name.substr(3).find_first_not_of("0123456789") == std::string_view::npos;
}

std::string on_target(const Schema& schema) {
  return schema.target.empty() ? "this probe" : schema.target;
}

// Hints by what the probe is: its kind stands before its name.
struct Elsewhere {
  std::string_view at;
  std::string_view hint;
};
constexpr Elsewhere result_places[] = {
    {"kprobe:", "the function's return has it: bpf-kretprobe"},
    {"uprobe:", "the function's return has it: bpf-uretprobe"},
    {"fentry:", "the function's return has it: bpf-fexit"},
    {"tracepoint:syscalls:sys_enter_", "the call's end has it: syscalls:sys_exit_"},
    {"",
     "the end of a function or a call has one: bpf-kretprobe, bpf-fexit, bpf-uretprobe, "
     "syscalls:sys_exit_NAME"},
};
constexpr Elsewhere argument_places[] = {
    {"kretprobe:", "the function's entry has them: bpf-kprobe; bpf-fexit has them and the result"},
    {"uretprobe:", "the function's entry has them: bpf-uprobe"},
    {"tracepoint:syscalls:sys_exit_", "the call's beginning has them: syscalls:sys_enter_"},
    {"", "this probe has no arguments"},
};

template <size_t count>
std::string hint_at(const Elsewhere (&table)[count], std::string_view target) {
  for (const Elsewhere& row : table) {
    if (!target.starts_with(row.at)) continue;
    std::string hint(row.hint);
    // A call's name goes on behind the prefix.
    if (hint.ends_with('_')) hint += target.substr(row.at.size());
    return hint;
  }
  return {};
}

}  // namespace

bool Lowering::is_context_name(std::string_view name) {
  return name == "ppid" || name == "task" || name == "cgroup" || name == "func" ||
         name == "probe" || name == "kstack" || name == "ustack";
}

// The task's structure, for whatever follows it.
Operand Lowering::task_operand(Span span, std::string_view asked) {
  if (schema_.task == 0 || !schema_.types)
    return fail(span, "`" + std::string(asked) + "` is not known here",
                "the kernel's types are not known",
                "bpf-doctor says why there is no BTF; $" + context_name_ + ".pid needs none");
  Operand task;
  task.type = Type::integer;
  task.home = Operand::Home::builtin;
  task.builtin = &task_row;
  task.ctype = {schema_.task, 0};
  // A schema may name the structure or the pointer to it.
  if (shape(task.ctype).kind == CKind::structure) task.ctype.pointers = 1;
  task.span = span;
  return task;
}

// What of several targets was hit: its name, which only the host knows.
Operand Lowering::site_operand(const Builtin& row, const std::string& known, As shown, Span span) {
  if (!known.empty()) return constant_operand(Value(known), span);
  Operand operand;
  operand.type = Type::string;
  operand.home = Operand::Home::builtin;
  operand.builtin = &row;
  operand.shown = shown;
  operand.span = span;
  return operand;
}

// A stack: in the kernel a number, which the host has the frames of.
Operand Lowering::stack_operand(bool user, uint32_t depth, Span span) {
  SpanScope scope(code_, span);
  Operand stack;
  stack.type = Type::any;
  stack.home = Operand::Home::reg;
  stack.shown = As::stack;
  stack.nullable = true;
  stack.reg = code_.take_registers(2);
  stack.span = span;
  code_.emit(VM_OP_stack, stack.reg, user ? 1 : 0, 0, static_cast<int32_t>(depth));
  return stack;
}

// kstack, ustack
Operand Lowering::stack_verb(const CallSite& site, bool user) {
  std::optional<Arguments> given = arguments(
      site, {.least = 0,
             .most = 0,
             .flags = {{"--depth", "-d", true}},
             .hint = "write " + site.name + " --depth 10, or $" + context_name_ + "." + site.name});
  if (!given) return bad_operand(site.span);
  int64_t depth = VM_STACK_MAX;
  if (given->has("--depth")) {
    const ast::Expr& expr = *given->flags.at("--depth");
    std::optional<int64_t> number = constant_number(expr, "--depth");
    if (!number) return bad_operand(site.span);
    if (*number < 1 || *number > VM_STACK_MAX)
      return fail(expr.span, "a stack has 1 to " + std::to_string(VM_STACK_MAX) + " frames",
                  "out of range", "write " + site.name + " --depth 10");
    depth = *number;
  }
  return stack_operand(user, static_cast<uint32_t>(depth), site.span);
}

Operand Lowering::kstack_verb(const CallSite& site, const Operand*) {
  return stack_verb(site, false);
}
Operand Lowering::ustack_verb(const CallSite& site, const Operand*) {
  return stack_verb(site, true);
}

Operand Lowering::context_member(const ast::Member& member) {
  const std::string& name = member.name;
  Operand operand;
  operand.span = member.span;
  if (name == "args") {
    operand.type = Type::args;
    operand.home = Operand::Home::context;
    return operand;
  }
  if (name == "regs") {
    operand.type = Type::regs;
    operand.home = Operand::Home::context;
    return operand;
  }
  if (name == "task") return task_operand(member.span, name);
  if (name == "func") return site_operand(func_row, schema_.func, As::func, member.span);
  if (name == "probe") return site_operand(probe_row, schema_.probe, As::probe, member.span);
  if (name == "kstack" || name == "ustack")
    return stack_operand(name == "ustack", VM_STACK_MAX, member.span);
  if (name == "ppid") {
    const ast::Member steps[] = {{"real_parent", member.span, false}, {"tgid", member.span, false}};
    Operand ppid = follow(task_operand(member.span, name), steps, member.span);
    ppid.span = member.span;
    return ppid;
  }
  if (name == "cgroup") {
    operand.type = Type::integer;
    operand.home = Operand::Home::builtin;
    operand.builtin = &cgroup_row;
    operand.shown = As::cgroup;
    return operand;
  }
  if (const Builtin* row = find_builtin(name)) {
    operand.type = row->type;
    operand.home = Operand::Home::builtin;
    operand.builtin = row;
    operand.capacity = VM_COMM_BYTES - 1;  // of comm, the one string
    return operand;
  }
  if (name == "retval") {
    if (schema_.has_retval) return field_operand(schema_.retval, member.span);
    if (member.optional) return null(member.span);
    return fail(member.span, "there is no return value here", "not at " + on_target(schema_),
                hint_at(result_places, schema_.target));
  }
  if (is_register_name(name) && !schema_.find_arg(name)) return register_argument(member);
  if (name == "size" && !schema_.find_arg(name)) {
    std::vector<const Field*> found;
    for (std::string_view alias : sizes)
      if (const Field* field = schema_.find_arg(alias)) found.push_back(field);
    if (found.size() == 1) return field_operand(*found.front(), member.span);
    if (found.size() > 1)
      return fail(member.span, "`size` could be more than one argument", "ambiguous",
                  "write $" + context_name_ + "." + found[0]->name + " or $" + context_name_ + "." +
                      found[1]->name);
  }
  if (const Field* field = schema_.find_arg(name)) return field_operand(*field, member.span);
  if (member.optional) return null(member.span);

  std::vector<std::string> names = {"args", "regs", "task", "ppid", "cgroup", "func", "probe"};
  for (const Builtin& row : builtins()) names.emplace_back(row.name);
  if (schema_.has_retval) names.emplace_back("retval");
  for (const Field& field : schema_.args) names.push_back(field.name);
  for (size_t i = 0; i < schema_.registers.size(); ++i) names.push_back("arg" + std::to_string(i));
  std::string hint = did_you_mean(name, names, "$" + context_name_ + ".");
  if (hint.empty()) hint = "there are:" + bytecode::joined(names);
  return fail(member.span, "unknown field `" + name + "`", "not a field of " + on_target(schema_),
              std::move(hint));
}

Operand Lowering::register_argument(const ast::Member& member) {
  size_t index = member.name.size() > 6 ? SIZE_MAX : std::stoul(member.name.substr(3));
  if (index < schema_.registers.size()) return field_operand(schema_.registers[index], member.span);
  if (member.optional) return null(member.span);
  size_t count = schema_.registers.size();
  return fail(member.span, "there is no `" + member.name + "`", "not at " + on_target(schema_),
              count > 0 ? "there are arg0 to arg" + std::to_string(count - 1)
              : schema_.args.empty()
                  ? hint_at(argument_places, schema_.target)
                  : "this probe has no plain arguments; see $" + context_name_ + ".args");
}

// $ctx.args.NAME
Operand Lowering::argument(const ast::Member& member) {
  if (const Field* field = schema_.find_arg(member.name)) return field_operand(*field, member.span);
  if (member.optional) return null(member.span);
  std::vector<std::string> names;
  for (const Field& field : schema_.args) names.push_back(field.name);
  std::string hint = did_you_mean(member.name, names, "$" + context_name_ + ".args.");
  if (hint.empty() && names.empty())
    hint = schema_.registers.empty()
               ? hint_at(argument_places, schema_.target)
               : "no names are known here; use $" + context_name_ + ".arg0 and read-str";
  if (hint.empty()) hint = "there are:" + bytecode::joined(names);
  return fail(member.span, "unknown argument `" + member.name + "`",
              "not an argument of " + on_target(schema_), std::move(hint));
}

// $ctx.regs.NAME
Operand Lowering::machine_register(const ast::Member& member) {
  std::vector<std::string> names;
  for (const Field& field : schema_.regs) {
    if (field.name == member.name) return field_operand(field, member.span);
    names.push_back(field.name);
  }
  if (member.optional) return null(member.span);
  std::string hint = did_you_mean(member.name, names, "$" + context_name_ + ".regs.");
  if (hint.empty())
    hint = names.empty() ? "kprobes, uprobes, usdt and perf have registers"
                         : "there are:" + bytecode::joined(names);
  return fail(member.span, "there is no register `" + member.name + "`",
              names.empty() ? "no registers at " + on_target(schema_)
                            : "not a register of " + on_target(schema_),
              std::move(hint));
}

Operand Lowering::field_operand(const Field& field, Span span) {
  Operand operand;
  operand.span = span;
  operand.home = Operand::Home::field;
  operand.field = &field;
  operand.ctype = {field.ctype, 0};
  CType c = shape(operand.ctype);
  switch (field.kind) {
    case FieldKind::constant:
      return constant_operand(Value(field.value), span);
    case FieldKind::integer:
    case FieldKind::address:
      operand.type = Type::integer;
      operand.nullable = !field.deref.empty();
      if (c.kind == CKind::boolean) operand.type = Type::boolean;
      if (c.kind == CKind::enumeration) operand.shown = As::enumeration;
      if (field.kind == FieldKind::integer && field.size == 8 && c.kind == CKind::pointer &&
          shape(pointee(operand.ctype)).kind == CKind::character)
        return text_at(operand);
      // The width of an int is a type as well, for bswap.
      if (!operand.ctype && field.size < 8)
        operand.ctype.id = own_type((field.is_signed ? "i" : "u") + std::to_string(8 * field.size));
      return operand;
    case FieldKind::char_array:
      operand.type = Type::string;
      operand.capacity = std::min<uint32_t>(field.size, VM_STR_MAX - 1);
      operand.nullable = !field.deref.empty();
      return operand;
    case FieldKind::data_loc:
    case FieldKind::string:
      operand.type = Type::string;
      operand.capacity = options_.string_bytes - 1;
      operand.nullable = true;
      operand.ctype = {};
      return operand;
    case FieldKind::array:
    case FieldKind::structure:
      if (c.kind != CKind::array && c.kind != CKind::structure) break;
      return part_at(operand, 0, {}, span, operand.ctype, true);
  }
  return fail(span, "`" + field.name + "` cannot be read",
              field.type.empty() ? "an array" : "its type is " + field.type, "use another field");
}

// What `emit $ctx` sends: every argument by name, plain registers where there are no names. What
// cannot be read is null.
std::vector<std::pair<std::string, Operand>> Lowering::all_arguments(Span span) {
  std::vector<std::pair<std::string, Operand>> members;
  auto add = [&](const std::string& name, const Field& field) {
    bool is_place = field.kind == FieldKind::array || field.kind == FieldKind::structure;
    Operand value = is_place && field.ctype == 0 ? bad_operand(span) : field_operand(field, span);
    members.emplace_back(name, has_value(value) ? std::move(value) : null(span));
  };
  for (const Field& field : schema_.args) add(field.name, field);
  if (schema_.args.empty())
    for (size_t i = 0; i < schema_.registers.size(); ++i)
      add("arg" + std::to_string(i), schema_.registers[i]);
  if (schema_.has_retval && !schema_.find_arg("retval")) add("retval", schema_.retval);
  return members;
}

std::vector<std::pair<std::string, Operand>> Lowering::all_registers(Span span) {
  std::vector<std::pair<std::string, Operand>> members;
  for (const Field& field : schema_.regs)
    members.emplace_back(field.name, field_operand(field, span));
  return members;
}

}  // namespace bytecode
