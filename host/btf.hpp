// The kernel's own description of its types and functions, through libbpf.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bytecode/ctype.hpp"
#include "bytecode/result.hpp"
#include "bytecode/schema.hpp"

namespace host {

// What a function takes and gives, in whatever TypeSource it came from.
struct Prototype {
  std::vector<std::pair<std::string, bytecode::TypeId>> args;
  bytecode::TypeId returns = 0;  // 0: nothing
  uint32_t id = 0;               // of the function in its BTF: what fentry attaches to
};

class Btf : public bytecode::TypeSource {
 public:
  // The running kernel's, or that of a file (for kernels that do not describe themselves). Parsing
  // it takes 14 ms: once a process.
  static bytecode::Result<std::shared_ptr<const Btf>> kernel(const std::string& file = {});
  // A module's, on top of the kernel's; its types and the kernel's have one numbering.
  bytecode::Result<std::shared_ptr<const Btf>> module(std::string_view name) const;

  std::optional<Prototype> function(std::string_view name) const;
  // Without the hidden first argument. From btf_trace_NAME.
  std::optional<Prototype> raw_tracepoint(std::string_view name) const;
  // A descriptor of this BTF as the kernel has it, for attaching to a module's function; -1 for the
  // kernel proper or a file.
  int object_fd() const;
  // (TypeSource's functions and private members: the implementation's.)
};

// The fields of a prototype where arguments lie in registers (kprobes), and where the context is an
// array of 8-byte words (raw tracepoints, fentry). What a register cannot hold ends the list.
std::vector<bytecode::Field> register_arguments(const bytecode::TypeSource& types,
                                                const Prototype& prototype);
std::vector<bytecode::Field> word_arguments(const bytecode::TypeSource& types,
                                            const Prototype& prototype);

}  // namespace host
