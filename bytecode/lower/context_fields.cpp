// What `$ctx` holds: builtins, registers, arguments by name, and how each is read.

#include <algorithm>

#include "bytecode/lower/lower.hpp"
#include "bytecode/suggest.hpp"

namespace bytecode {
namespace {

// Names that the context will have; an argument of that name is `$ctx.args.NAME`.
constexpr std::string_view reserved[] = {"ppid", "cgroup", "probe", "func", "kstack", "ustack"};
constexpr std::string_view sizes[] = {"count", "len", "nbytes"};

bool is_register_name(std::string_view name) {
  return name.size() > 3 && name.starts_with("arg") &&
         name.substr(3).find_first_not_of("0123456789") == std::string_view::npos;
}

std::string on_target(const Schema& schema) {
  return schema.target.empty() ? "this probe" : schema.target;
}

}  // namespace

Operand Lowering::context_member(const ast::Member& member) {
  const std::string& name = member.name;
  Operand operand;
  operand.span = member.span;
  if (name == "args") {
    operand.type = Type::args;
    operand.home = Operand::Home::context;
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
                "attach to the return: bpf-kretprobe, bpf-uretprobe, or sys_exit_NAME");
  }
  if (std::find(std::begin(reserved), std::end(reserved), name) != std::end(reserved))
    return fail(member.span, "`" + name + "` is not supported yet", "not supported yet",
                schema_.find_arg(name)
                    ? "for the argument write $" + context_name_ + ".args." + name
                    : "there are pid, tid, uid, gid, comm, cpu and time");
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

  std::vector<std::string> names = {"args"};
  for (const Builtin& row : builtins()) names.emplace_back(row.name);
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
               ? "this probe has no arguments"
               : "no names are known here; use $" + context_name_ + ".arg0 and read-str";
  if (hint.empty()) hint = "there are:" + bytecode::joined(names);
  return fail(member.span, "unknown argument `" + member.name + "`",
              "not an argument of " + on_target(schema_), std::move(hint));
}

Operand Lowering::field_operand(const Field& field, Span span) {
  Operand operand;
  operand.span = span;
  operand.home = Operand::Home::field;
  operand.field = &field;
  switch (field.kind) {
    case FieldKind::integer:
    case FieldKind::address:
      operand.type = Type::integer;
      operand.nullable = !field.deref.empty();
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
      return operand;
    case FieldKind::array:
      break;
  }
  return fail(span, "`" + field.name + "` cannot be read yet",
              field.type.empty() ? "an array" : "its type is " + field.type, "use another field");
}

// What `emit $ctx` sends: every argument by name, plain registers where there are no names. What
// cannot be read is null.
std::vector<std::pair<std::string, Operand>> Lowering::all_arguments(Span span) {
  std::vector<std::pair<std::string, Operand>> members;
  auto add = [&](const std::string& name, const Field& field) {
    bool readable = field.kind != FieldKind::array;
    members.emplace_back(name, readable ? field_operand(field, span) : null(span));
  };
  for (const Field& field : schema_.args) add(field.name, field);
  if (schema_.args.empty())
    for (size_t i = 0; i < schema_.registers.size(); ++i)
      add("arg" + std::to_string(i), schema_.registers[i]);
  if (schema_.has_retval && !schema_.find_arg("retval")) add("retval", schema_.retval);
  return members;
}

// The instructions that read a builtin or a field into a fresh register; a nullable number takes
// two.
Operand Lowering::fetch(const Operand& operand) {
  SpanScope scope(code_, operand.span);
  Operand result = operand;
  result.home = Operand::Home::reg;
  if (const Builtin* row = operand.builtin) {
    result.builtin = nullptr;
    result.reg = code_.take_registers(1);
    if (row->type == Type::string)
      code_.emit(row->opcode, result.reg, code_.take_blocks(operand.capacity));
    else
      code_.emit(row->opcode, result.reg);
    return result;
  }
  const Field& field = *operand.field;
  result.field = nullptr;
  if (result.type == Type::string) return fetch_string(field, std::move(result));
  if (field.deref.empty()) {
    result.reg = code_.take_registers(1);
    code_.emit(VM_OP_ld_ctx, result.reg, field.size, field.is_signed,
               static_cast<int32_t>(field.offset));
    return result;
  }
  result.reg = load_address(field);
  code_.take_registers(1);  // the null flag
  code_.emit(VM_OP_ld_mem, result.reg, result.reg, field.size | (field.is_signed ? VM_SIGNED : 0),
             field.deref.back());
  return result;
}

Operand Lowering::fetch_string(const Field& field, Operand result) {
  bool in_context = field.deref.empty();
  if (in_context && field.kind != FieldKind::string) {
    bool located = field.kind == FieldKind::data_loc;
    uint32_t bytes = located ? options_.string_bytes : result.capacity;
    result.reg = code_.take_registers(1);
    code_.emit(located ? VM_OP_str_loc : VM_OP_str_ctx, result.reg,
               code_.take_blocks(result.capacity), 0,
               static_cast<int32_t>(field.offset | bytes << 16));
    return result;
  }
  result.reg = load_address(field);
  uint32_t bytes = options_.string_bytes;
  if (field.kind == FieldKind::char_array) {
    bytes = std::max<uint32_t>(result.capacity, 1);
    code_.emit(VM_OP_addi, result.reg, result.reg, 0, field.deref.back());
  } else if (!in_context) {
    code_.take_registers(1);
    code_.emit(VM_OP_ld_mem, result.reg, result.reg, 8, field.deref.back());
    code_.release_registers(result.reg + 1u);
  }
  code_.emit(VM_OP_str_read, result.reg, code_.take_blocks(bytes - 1), result.reg,
             static_cast<int32_t>(bytes));
  return result;
}

// Follows all steps but the last. A step that fails leaves 0, so that the next one fails too.
uint8_t Lowering::load_address(const Field& field) {
  uint8_t address = code_.take_registers(1);
  code_.emit(VM_OP_ld_ctx, address, 8, 0, static_cast<int32_t>(field.offset));
  for (size_t i = 0; i + 1 < field.deref.size(); ++i) {
    code_.take_registers(1);  // the step's null flag
    code_.emit(VM_OP_ld_mem, address, address, 8, field.deref[i]);
    code_.release_registers(address + 1u);
  }
  return address;
}

}  // namespace bytecode
