// The kernel's own description of its types and functions, through libbpf.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bytecode/ctype.hpp"
#include "bytecode/result.hpp"
#include "bytecode/schema.hpp"
#include "host/fd.hpp"

namespace host {

// What a function takes and gives, in whatever TypeSource it came from.
struct Prototype {
  std::vector<std::pair<std::string, bytecode::TypeId>> args;
  bytecode::TypeId returns = 0;  // 0: nothing
  uint32_t id = 0;               // of the function in its BTF: what fentry attaches to
  bool is_variadic = false;      // more arguments follow, of no fixed number
};

// Parsed on the first question and, after rest(), again on the next one: most closures ask nothing,
// and 6 MB is half of what the whole plugin may take. Type ids stay the same.
class Btf : public bytecode::TypeSource {
 public:
  // The running kernel's, or that of a file (for kernels that do not describe themselves): BTF as
  // /sys/kernel/btf has it, or an ELF file with it.
  static bytecode::Result<std::shared_ptr<const Btf>> kernel(const std::string& file = {});
  // A module's, on top of the kernel's; its types and the kernel's have one numbering. Of a file,
  // the module's lies beside it.
  bytecode::Result<std::shared_ptr<const Btf>> module(std::string_view name) const;
  // The modules that describe themselves.
  std::vector<std::string> modules() const;
  ~Btf() override;
  Btf(const Btf&) = delete;
  Btf& operator=(const Btf&) = delete;

  bytecode::CType describe(bytecode::TypeId type) const override;
  std::optional<bytecode::CMember> member(bytecode::TypeId structure,
                                          std::string_view name) const override;
  std::vector<bytecode::CMember> members(bytecode::TypeId structure) const override;
  bytecode::TypeId find(std::string_view name) const override;
  std::vector<std::string> names_like(std::string_view name) const override;
  std::vector<std::pair<int64_t, std::string>> enumerators(
      bytecode::TypeId enumeration) const override;

  // The type that a declaration's words mean, with pointers and arrays: "const struct sock *",
  // "unsigned long[6]". `size` is that of an array in bytes, where the words may name a constant.
  // Nothing is parsed for it: where the words mean nothing here, describe() says so.
  bytecode::TypeId declared(std::string_view words, uint32_t size = 0) const;

  std::optional<Prototype> function(std::string_view name) const;
  // Without the hidden first argument. From btf_trace_NAME, with the names that the kernel's own
  // caller of the tracepoint gives the arguments.
  std::optional<Prototype> raw_tracepoint(std::string_view name) const;
  // Of this BTF alone, not of the one below it, until `sink` returns false.
  void each_function(const std::function<bool(std::string_view)>& sink) const;
  void each_raw_tracepoint(const std::function<bool(std::string_view)>& sink) const;
  uint32_t type_count() const;

  // A descriptor of this BTF as the kernel has it, for attaching to a module's function; -1 for the
  // kernel proper or a file. It is this object's own.
  int object_fd() const;
  // Lets go of everything that was parsed.
  void rest() const;

 private:
  struct Parsed;
  struct Declared {
    std::string words;
    uint32_t size = 0;
  };

  Btf(std::string path, std::string module, std::shared_ptr<const Btf> base);
  std::shared_ptr<Parsed> parsed() const;
  bytecode::CType describe_declared(const Declared& declared) const;
  const std::vector<Declared>& declarations() const;

  std::string path_;
  std::string module_;               // empty: the kernel proper
  std::shared_ptr<const Btf> base_;  // of a module
  std::weak_ptr<const Btf> self_;
  mutable std::shared_ptr<Parsed> parsed_;
  mutable std::vector<Declared> declared_;  // of the kernel and all of its modules
  mutable Fd object_;
};

// What a type's value in a context is as a field: `char *` and `char[]` are text, a pointer an
// address, a struct a structure. A floating-point number has no kind: using it is an error.
bytecode::Field typed_field(const bytecode::TypeSource& types, std::string name,
                            bytecode::TypeId type, uint32_t offset);

// The fields of a prototype where arguments lie in registers (kprobes), and where the context is an
// array of 8-byte words (raw tracepoints, fentry). What a register cannot hold ends the list.
std::vector<bytecode::Field> register_arguments(const bytecode::TypeSource& types,
                                                const Prototype& prototype);
std::vector<bytecode::Field> word_arguments(const bytecode::TypeSource& types,
                                            const Prototype& prototype);
// What a function returned, in its register at `offset`; nothing where it returns nothing or more
// than a register holds.
std::optional<bytecode::Field> returned_field(const bytecode::TypeSource& types,
                                              const Prototype& prototype, uint32_t offset);

}  // namespace host
