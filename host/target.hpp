// Probe kinds as a table. A kind is one record of functions in one file (kind_*.cpp): it turns the
// user's words into a Target with a Schema, and a Target into a link. Adding one is a file and a
// row.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bytecode/result.hpp"
#include "host/btf.hpp"
#include "host/fd.hpp"
#include "host/kallsyms.hpp"
#include "host/programs.hpp"
#include "host/registers.hpp"
#include "host/session.hpp"
#include "host/tracefs.hpp"

namespace host {

// The machine as the kinds look at it: opened on first use, kept.
class Machine {
 public:
  // Null where tracefs cannot be read; the Error says why.
  Result<const Tracefs*> tracefs();
  const Kallsyms& kallsyms() const { return kallsyms_; }
  // The kernel's types, or a module's with them. Asking costs nothing: they are parsed by the first
  // question (btf.hpp). An Error where the kernel describes nothing.
  Result<std::shared_ptr<const Btf>> btf(std::string_view module = {});
  // From now on the types are those of a file.
  bytecode::Status use_btf(const std::string& file);
  bool btf_given() const { return btf_given_; }
  // Lets go of what was parsed of the types.
  void rest();
  // Whether the kernel has kprobes at all (CONFIG_KPROBES).
  bool has_kprobes() const;
  // Whether fentry programs load and attach here; tried once.
  bool has_fentry();
  // A feature that is not to be used, whatever the kernel can (SessionOptions::without).
  bool is_without(const char* feature) const { return without_.count(feature) != 0; }
  void do_without(std::set<std::string> features) { without_ = std::move(features); }

 private:
  std::set<std::string> without_;
  std::optional<bool> has_fentry_;
  bool btf_given_ = false;  // by a file
  std::optional<Tracefs> tracefs_;
  Kallsyms kallsyms_;
  std::map<std::string, std::shared_ptr<const Btf>, std::less<>> types_;  // by module; "": kernel
};

// One place of a probe: a target, and what its program reads back to know its slot and site.
struct AttachPlace {
  const Target* target = nullptr;
  uint64_t cookie = 0;
};

// What a kind made of its places.
struct Attached {
  std::vector<Attachment> attachments;
  std::string note;  // about a fallback that only attaching found out
};

// What attaching needs.
struct Attaching {
  Machine& machine;
  Programs& programs;
  const AttachOptions& options;
};

struct KindRecord {
  Kind kind;
  // All that a word means, each a Target whose schema names its function; `symbol` is the second
  // word of uprobes. An Error where it means nothing.
  Result<std::vector<Target>> (*resolve)(Machine& machine, const Request& request,
                                         std::string_view word, std::string_view symbol);
  // Links programs to all the places of one probe that attach by this kind. All or nothing.
  Result<Attached> (*attach)(Attaching& attaching, const std::vector<AttachPlace>& places);
};

// Null where nothing here attaches that kind.
const KindRecord* kind_record(Kind kind);
extern const KindRecord kprobe_kind;
extern const KindRecord kretprobe_kind;
extern const KindRecord tracepoint_kind;
extern const KindRecord raw_tracepoint_kind;
extern const KindRecord uprobe_kind;
extern const KindRecord uretprobe_kind;
extern const KindRecord usdt_kind;
extern const KindRecord fentry_kind;
extern const KindRecord fexit_kind;
extern const KindRecord perf_kind;
extern const KindRecord interval_kind;

// The Target of a tracepoint that exists. Also what a kprobe falls back to.
Result<Target> tracepoint_target(Machine& machine, std::string_view category,
                                 std::string_view event);
// Links a program to a tracepoint, or one of the caller's own to a raw one.
Result<Attachment> attach_tracepoint(Attaching& attaching, const char* program,
                                     const std::string& category, const std::string& event,
                                     uint64_t cookie);
Result<Attachment> attach_raw_tracepoint(Attaching& attaching, const char* program,
                                         const std::string& event, const Constants& constants);
// A sentence more of a note.
void add_note(std::string& notes, std::string_view note);

}  // namespace host
