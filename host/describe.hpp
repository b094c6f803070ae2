// What the kernel's types add to a target's schema. Each does nothing where the kernel does not
// describe itself: a probe then has its registers, or what tracefs says.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "host/target.hpp"

namespace host {

// `$ctx.task`, and types for `as 'struct sock *'`. Of every kind; where a schema has types of its
// own (a program's), those stay. Parses nothing.
void describe_task(Machine& machine, bytecode::Schema& schema);

// Types of fields that are declared in words, as tracefs and the table of syscalls do: pointers,
// enumerations, arrays, structures by value. Includes describe_task. Parses nothing.
void describe_fields(Machine& machine, bytecode::Schema& schema);

// Arguments of a kernel function at its entry, in registers (kprobe). `module` is empty for the
// kernel's own. Nothing where BTF does not know the function. Includes describe_task.
std::optional<Prototype> describe_entry(Machine& machine, bytecode::Schema& schema,
                                        std::string_view function, std::string_view module);
// What it returns, in the register at `offset` of the context (kretprobe). Where BTF does not know
// the function it is a signed word.
void describe_return(Machine& machine, bytecode::Schema& schema, std::string_view function,
                     std::string_view module, uint32_t offset);

// The context of fentry or fexit: arguments in words, after them what the function returned. An
// Error where BTF does not know the function or its shape cannot be traced: then nothing attaches.
struct Traced {
  uint32_t id = 0;     // of the function in its BTF
  int object_fd = -1;  // of that BTF: a module's, or -1; the machine's own
};
Result<Traced> describe_traced(Machine& machine, bytecode::Schema& schema,
                               std::string_view function, std::string_view module, bool is_exit);

// The words of a raw tracepoint; whether BTF knows it.
bool describe_raw_tracepoint(Machine& machine, bytecode::Schema& schema, std::string_view name);

// "int (struct sock *, int)" as fentry can take it: at most 12 arguments, all of a fixed number and
// of at most 16 bytes.
bool can_be_traced(const bytecode::TypeSource& types, const Prototype& prototype);

}  // namespace host
