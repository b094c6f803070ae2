// Probe kinds as a table. A kind is one record of functions in one file (kind_*.cpp): it turns the
// user's words into a Target with a Schema, and a Target into a link. Adding one is a file and a
// row.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bytecode/result.hpp"
#include "host/fd.hpp"
#include "host/kallsyms.hpp"
#include "host/session.hpp"
#include "host/tracefs.hpp"

struct bpf_link;
struct bpf_program;

namespace host {

// The machine as the kinds look at it: opened on first use, kept.
class Machine {
 public:
  // Null where tracefs cannot be read; the Error says why.
  Result<const Tracefs*> tracefs();
  const Kallsyms& kallsyms() const { return kallsyms_; }
  // Whether the kernel has kprobes at all (CONFIG_KPROBES).
  bool has_kprobes() const;

 private:
  std::optional<Tracefs> tracefs_;
  Kallsyms kallsyms_;
};

struct LinkEnd {
  void operator()(bpf_link* link) const;
};
using Link = std::unique_ptr<bpf_link, LinkEnd>;

struct KindRecord {
  Kind kind;
  const char* program;  // in the interpreter's object
  // The kernel refuses one program twice on one target (EEXIST): each further probe there needs
  // another instance of the program.
  bool once_per_target;
  Result<Target> (*resolve)(Machine& machine, std::string_view target, std::string_view symbol);
  // `cookie` is what the program reads back to know its slot.
  Result<Link> (*attach)(Machine& machine, const Target& target, const bpf_program* program,
                         uint64_t cookie);
};

const KindRecord& kind_record(Kind kind);
extern const KindRecord kprobe_kind;
extern const KindRecord tracepoint_kind;
extern const KindRecord uprobe_kind;

// A probe of the kernel's kprobe or uprobe PMU: `where` is a function or a file.
Result<Fd> open_probe_event(const char* pmu, const std::string& where, uint64_t offset);
// Links `program` to an open perf event; `what` words the Error.
Result<Link> link_perf_event(Fd event, const bpf_program* program, uint64_t cookie,
                             const std::string& what);

// The Target of a tracepoint that exists. Also what a kprobe falls back to.
Result<Target> tracepoint_target(Machine& machine, std::string_view category,
                                 std::string_view event);

// The argument registers of a function call, in a kprobe's or uprobe's context (struct pt_regs).
std::vector<bytecode::Field> call_registers();
// The argument words of a syscall's entry point, whose one argument is the address of the user's
// registers.
std::vector<bytecode::Field> syscall_registers();

}  // namespace host
