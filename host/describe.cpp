#include "host/describe.hpp"

#include "host/joined_types.hpp"
#include "host/refusal.hpp"

namespace host {

using bytecode::CKind;
using bytecode::Field;
using bytecode::FieldKind;
using bytecode::Schema;
using bytecode::TypeId;

namespace {

// The kernel's limits for fentry (MAX_BPF_FUNC_ARGS, and two words for one argument).
constexpr size_t traced_args = 12;
constexpr uint32_t traced_bytes = 16;
constexpr uint32_t word_bytes = 8;

std::shared_ptr<const Btf> types_of(Machine& machine, std::string_view module) {
  Result<std::shared_ptr<const Btf>> opened = machine.btf(module);
  // A module may lack what the kernel has.
  if (!opened && !module.empty()) opened = machine.btf();
  return opened ? *opened : nullptr;
}

void give_types(Schema& schema, const std::shared_ptr<const Btf>& types) {
  if (!types) return;
  schema.types = types;
  schema.task = types->declared("struct task_struct *");
}

uint32_t words_of(const Schema& schema) {
  if (schema.args.empty()) return 0;
  const Field& last = schema.args.back();
  return (last.offset + last.size + word_bytes - 1) / word_bytes;
}

// $ctx.arg0, $ctx.arg1 ... of a context of words: each as it is, like a register of a kprobe.
void number_words(Schema& schema) {
  schema.registers.clear();
  for (uint32_t i = 0; i < words_of(schema); ++i)
    schema.registers.push_back({.name = "arg" + std::to_string(i),
                                .offset = word_bytes * i,
                                .deref = {},
                                .type = "unsigned long"});
}

// What words can tell of a field that is more than a number.
void describe_field(const Btf& types, Field& field) {
  const std::string_view words = field.type;
  if (field.ctype != 0 || words.empty() || words.starts_with("__data_loc") ||
      words.starts_with("__rel_loc"))
    return;
  const bool is_composite = words.starts_with("struct ") || words.starts_with("union ");
  switch (field.kind) {
    case FieldKind::address:
    case FieldKind::string:
      field.ctype = types.declared(words);
      break;
    case FieldKind::char_array:
      field.ctype = types.declared(words, field.size);
      break;
    case FieldKind::array:
      // A structure by value. The file gives an array of no size where it could not tell it.
      if (words.ends_with(']')) {
        if (field.size != 0) field.ctype = types.declared(words, field.size);
      } else if (is_composite) {
        field.kind = FieldKind::structure;
        field.ctype = types.declared(words, field.size);
      }
      break;
    case FieldKind::integer:
      if (words.starts_with("enum ")) {
        field.ctype = types.declared(words, field.size);
      } else if (is_composite) {
        field.kind = FieldKind::structure;
        field.ctype = types.declared(words, field.size);
      }
      break;
    case FieldKind::data_loc:
    case FieldKind::structure:
    case FieldKind::constant:
      break;
  }
}

}  // namespace

void describe_task(Machine& machine, Schema& schema) {
  const std::shared_ptr<const Btf> types = types_of(machine, {});
  if (!schema.types || !types) {
    if (!schema.types) give_types(schema, types);
    return;
  }
  // A program that describes itself runs in a task of the kernel nevertheless.
  schema.types = JoinedTypes::of(schema.types, types);
  schema.task = JoinedTypes::of_second(types->declared("struct task_struct *"));
}

void describe_fields(Machine& machine, Schema& schema) {
  const std::shared_ptr<const Btf> types = types_of(machine, {});
  give_types(schema, types);
  if (!types) return;
  for (Field& field : schema.args) describe_field(*types, field);
  for (Field& field : schema.registers) describe_field(*types, field);
  if (schema.has_retval) describe_field(*types, schema.retval);
}

std::optional<Prototype> describe_entry(Machine& machine, Schema& schema, std::string_view function,
                                        std::string_view module) {
  const std::shared_ptr<const Btf> types = types_of(machine, module);
  give_types(schema, types);
  if (!types) return std::nullopt;
  std::optional<Prototype> prototype = types->function(function);
  if (!prototype) return std::nullopt;
  schema.args = register_arguments(*types, *prototype);
  return prototype;
}

void describe_return(Machine& machine, Schema& schema, std::string_view function,
                     std::string_view module, uint32_t offset) {
  const std::shared_ptr<const Btf> types = types_of(machine, module);
  give_types(schema, types);
  const std::optional<Prototype> prototype = types ? types->function(function) : std::nullopt;
  schema.has_retval = true;
  schema.retval =
      Field{.name = "retval", .offset = offset, .is_signed = true, .deref = {}, .type = "long"};
  if (!prototype) return;
  const std::optional<Field> returned = returned_field(*types, *prototype, offset);
  // `void` has a register all the same; what is in it means nothing.
  schema.has_retval = returned.has_value();
  if (returned) schema.retval = *returned;
}

bool can_be_traced(const bytecode::TypeSource& types, const Prototype& prototype) {
  if (prototype.is_variadic || prototype.args.size() > traced_args) return false;
  for (const auto& [name, type] : prototype.args) {
    const bytecode::CType described = types.describe(type);
    if (described.size == 0 || described.size > traced_bytes || described.kind == CKind::floating)
      return false;
  }
  // What is returned must fit a register.
  return types.describe(prototype.returns).size <= word_bytes;
}

Result<Traced> describe_traced(Machine& machine, Schema& schema, std::string_view function,
                               std::string_view module, bool is_exit) {
  Result<std::shared_ptr<const Btf>> opened = machine.btf(module);
  if (!opened) return std::move(opened).error();
  const Btf& types = **opened;
  give_types(schema, *opened);
  const std::optional<Prototype> prototype = types.function(function);
  if (!prototype)
    return no_target("the kernel's types do not describe " + std::string(function),
                     "a kprobe needs no description: bpf-kprobe " + std::string(function));
  if (!can_be_traced(types, *prototype))
    return no_target("fentry cannot take the arguments of " + std::string(function),
                     "a kprobe can: bpf-kprobe " + std::string(function));
  schema.args = word_arguments(types, *prototype);
  number_words(schema);
  if (is_exit) {
    const std::optional<Field> returned =
        returned_field(types, *prototype, word_bytes * words_of(schema));
    schema.has_retval = returned.has_value();
    if (returned) schema.retval = *returned;
  }
  return Traced{prototype->id, types.object_fd()};
}

bool describe_raw_tracepoint(Machine& machine, Schema& schema, std::string_view name) {
  const std::shared_ptr<const Btf> kernel = types_of(machine, {});
  give_types(schema, kernel);
  if (!kernel) return false;
  std::shared_ptr<const Btf> types = kernel;
  std::optional<Prototype> prototype = kernel->raw_tracepoint(name);
  for (const std::string& module : prototype ? std::vector<std::string>() : kernel->modules()) {
    const auto opened = machine.btf(module);
    if (!opened) continue;
    types = *opened;
    prototype = types->raw_tracepoint(name);
    if (prototype) break;
  }
  if (!prototype) return false;
  give_types(schema, types);
  schema.args = word_arguments(*types, *prototype);
  number_words(schema);
  return true;
}

}  // namespace host
