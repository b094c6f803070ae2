// The kernel side of one plugin process: the loaded interpreter, the live probes, their maps and
// rows. No Linux header here: off Linux the same interface is linked from absent.cpp, where
// everything that needs a kernel says so.
//
// Not thread-safe; one thread owns a Session. Slow releases (links, grace periods) happen on a
// thread of its own inside.
//
//   Session session({.hidden = {getpid(), getppid()}});
//   auto target = session.resolve(Kind::tracepoint, "syscalls:sys_enter_openat");
//   auto program = bytecode::compile(text, target->schema, {});
//   auto probe = session.attach(*target, *program, {});
//   for (int fd : session.ring_fds()) ...   // readable: session.drain(sink)
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bytecode/entries.hpp"
#include "bytecode/program.hpp"
#include "bytecode/result.hpp"
#include "bytecode/schema.hpp"
#include "bytecode/value.hpp"

namespace host {

using bytecode::Result;
using bytecode::Status;
using bytecode::Value;

enum class Kind : uint8_t {
  kprobe,
  kretprobe,
  tracepoint,
  raw_tracepoint,
  uprobe,
  uretprobe,
  usdt,
  fentry,
  fexit,
  perf,
  interval,
};
std::string_view kind_name(Kind kind);                 // "raw-tracepoint"
std::optional<Kind> find_kind(std::string_view name);  // also "raw_tracepoint", "raw_tp"
const std::vector<Kind>& all_kinds();

using ProbeId = uint32_t;  // counts up from 1; never used twice in a process

// Where a probe goes: what resolve() found for the user's words. Opaque but for what is shown.
struct Target {
  Kind kind = Kind::tracepoint;  // what the user asked for
  std::string text;              // canonical: "syscalls:sys_enter_openat", "/usr/bin/curl:main"
  bytecode::Schema schema;
  std::string note;  // a fallback or a rename, said aloud; else empty

  // How it attaches, which a fallback may make differ from `kind`.
  Kind attach_kind = Kind::tracepoint;
  std::string category, event;  // tracepoint; of a raw tracepoint only the event
  std::string function;         // kprobe, fentry: the kernel's function, with its module before it
  std::string path;             // uprobe, usdt: the file
  std::string func;             // what $ctx.func is for its hits
  std::string call_end;  // of a system call's entry: the tracepoint of its end, "sys_exit_openat"
  bool is_of_glob = false;  // one of what a glob matched: it is left out where it cannot attach
  int32_t syscall = -1;     // raw tracepoint: of sys_enter or sys_exit this call's alone
  uint64_t offset = 0;      // kprobe: from the function's start; uprobe: in the file
  uint64_t semaphore = 0;   // usdt: offset in the file of what the kernel counts up, or 0
  uint32_t btf_object = 0, btf_id = 0;  // fentry, fexit: the function in BTF; 0 is the kernel's own
  struct Event {
    uint32_t type = 0;
    uint64_t config = 0;
    uint64_t period = 0;  // of events between two hits, or hits a second
    bool is_frequency = false;
  } sample;  // perf, interval
};

// One probe in the user's words.
struct Request {
  Kind kind = Kind::tracepoint;
  std::vector<std::string> targets = {};  // each a name or a glob (*, ?, [a-z]); paths for uprobes
  std::vector<std::string> symbols =
      {};  // of uprobes and usdt: in each of the paths; names or globs
  // What becomes of a word that matches nothing where other words do: the request fails, a warning,
  // or nothing. Where no word matches anything the request fails in any case.
  enum class Missing : uint8_t { error, warn, ignore } missing = Missing::error;
  std::optional<uint64_t> hz = {}, period = {};  // perf: at most one of them
  bool is_unsafe = false;  // uprobe: also places where nothing says that an instruction begins
};

struct Resolution {
  std::vector<Target> targets;        // one at least, each once, in the order of the words
  std::vector<std::string> warnings;  // sentences
};

struct AttachOptions {
  std::string name = {};            // empty: kind:target
  std::string target = {};          // how a probe with several targets is called; empty: the first
  std::vector<uint32_t> pids = {};  // empty: every process; at most VM_PIDS_MAX. As this process
                                    // sees them, in its own pid namespace
  bool follow = false;              // of `pids`: the processes that they start, too
  bool children_only = false;       // with follow: not `pids` themselves
  std::string comm = {};            // empty: any name
  std::string cgroup = {};          // the path of a control group's folder; empty: any
  std::vector<uint32_t> cpus = {};  // perf: empty is all that are online
  bool self = false;                // hits by the tracing processes count too
  uint32_t ring_bytes = 0;  // 0: the shared ring buffer; else one of its own, a power of two and a
                            // multiple of the page size
};

// One target and what runs there. Members with the same program share its place in the kernel.
struct Member {
  Target target;
  std::shared_ptr<const bytecode::Program> program;
};

struct FaultCount {
  std::string kind;  // the name in faults.def
  std::string sentence;
  uint64_t count = 0;
  bytecode::Span span;  // in the closure that ran
  std::string source;   // the words at that span
};

struct ProbeInfo {
  ProbeId id = 0;
  std::string name;
  Kind kind = Kind::tracepoint;
  std::string target;    // of several: the user's words (AttachOptions::target), or the first
  uint32_t targets = 1;  // how many
  uint64_t hits = 0;
  uint64_t rows = 0;       // produced
  uint64_t lost = 0;       // refused by the ring buffer; the plugin adds what its backlog dropped
  uint64_t delivered = 0;  // handed to a sink
  uint64_t missed = 0;  // hits that did not run, as far as the kernel counts them (of any process),
                        // with those that found no scratch slot
  std::vector<FaultCount> faults;
  int64_t age_ns = 0;
  uint32_t generation = 1;  // 1, +1 a swap
  std::string note;
  std::vector<std::string> maps;  // names of the maps its closure writes
};

struct Row {
  ProbeId probe = 0;
  bytecode::RowType type = bytecode::RowType::custom;
  std::optional<std::string> event_type;
  bytecode::Value time;  // a Date
  uint32_t pid = 0, tid = 0, cpu = 0;
  std::string comm;
  std::string target;  // of a probe with several: which was hit
  bytecode::Value value;
};

struct MapInfo {
  std::string name;
  std::string kind;   // "count"; of a closure's own "map"
  std::string key;    // "int", "string", "record<c: string, n: int>", "" if unkeyed
  std::string value;  // "int"
  uint64_t entries = 0;
  uint64_t max = 0;
  bool lru = false;             // where it is full, an old entry makes room
  std::vector<ProbeId> probes;  // live writers
  std::string note;  // of stacks: how many addresses of this session have no name, and why
};

struct SessionOptions {
  std::vector<uint32_t> hidden =
      {};  // process ids whose hits are not shown (the plugin, its Nushell); at most 2
  uint32_t ring_bytes = 1 << 20;  // the shared ring buffer
  uint32_t map_entries = 10240;
  std::string btf = {};  // a file of BTF; empty: what the running kernel says of itself
  // What not to use of this kernel, as if it had none: "kprobe", "kprobe.multi", "uprobe.multi",
  // "fentry", "syscall dispatch". Every fallback can be forced this way.
  std::set<std::string> without = {};
};

// A map's rows, some thousand at a time, while it is written: a map may have more than fit into one
// answer. Of the session that made it, and not longer alive.
class MapRows {
 public:
  virtual ~MapRows() = default;
  // As map_get has them; none when there are no more.
  virtual Result<bytecode::List> next() = 0;
};

class Session {
 public:
  explicit Session(SessionOptions options);  // does nothing in the kernel yet
  ~Session();                                // detaches and releases everything
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Finds a target and describes its context. Loads and attaches nothing. A target that does not
  // exist is an Error of kind target with the nearest names in its hint. `symbol` is the uprobe's
  // second word.
  Result<Target> resolve(Kind kind, std::string_view target, std::string_view symbol = {});
  // All that the words mean. Their schemas name the function and the probe (Schema::func) only
  // where there is one target.
  Result<Resolution> resolve(const Request& request);

  // Validates, loads the interpreter for this kind if it is not, writes the code map, links. All or
  // nothing. A map name in use with another kind or key by a live probe is an Error with the label
  // of this program's span.
  Result<ProbeInfo> attach(const Target& target, bytecode::Program program,
                           const AttachOptions& options);
  // One probe on several targets of one kind: all or nothing.
  Result<ProbeInfo> attach(std::vector<Member> members, const AttachOptions& options);

  // Replaces a live probe's closure without detaching. `programs` were compiled against the schemas
  // of targets_of(id), one for each or one for all; targets that share a place in the kernel keep
  // sharing it, so two different programs for them are an Error.
  Status swap(ProbeId id, bytecode::Program program);
  Status swap(ProbeId id, std::vector<std::shared_ptr<const bytecode::Program>> programs);
  // Returns at once: links are closed in the background.
  Status detach(ProbeId id);

  // Null where there is no such live probe. The pointer holds until the next call that attaches or
  // detaches.
  const std::vector<Target>* targets_of(ProbeId id) const;
  std::vector<ProbeInfo> list() const;
  // Also of a probe that was detached, for the latest 256: its last numbers.
  std::optional<ProbeInfo> info(ProbeId id) const;

  // File descriptors that become readable when rows wait; changes with attach (ring_bytes) and
  // detach.
  std::vector<int> ring_fds() const;
  // Hands at most `max_rows` waiting rows to `sink`, in the order of each ring buffer; returns how
  // many. Rows of a probe just detached still come: detach drains first. `sink` may not call back
  // into the session.
  size_t drain(const std::function<void(Row&&)>& sink, size_t max_rows = SIZE_MAX);

  std::vector<MapInfo> maps() const;
  // A keyed map: a list of records; an unkeyed one: its number. Consistent per entry, merged over
  // CPUs.
  enum class StackWords : uint8_t { names, addresses };
  Result<Value> map_get(std::string_view name, StackWords words = StackWords::names) const;
  // Whether the stacks in it have names, as far as there are any. Where it says no it has asked for
  // them, and stays quick: ask again a little later. Those without names are shown by addresses.
  bool map_ready(std::string_view name) const;
  // The same of what was written until now; then the map is empty. No hit is in neither or in both.
  Result<Value> map_take(std::string_view name);
  // What map_get or, where `taken`, map_take gives, row by row: of maps whose entries are rows.
  Result<std::unique_ptr<MapRows>> map_rows(std::string_view name, bool taken);
  // How much it has changed since the snapshot, which becomes the map as it is now.
  Result<Value> map_growth(std::string_view name, bytecode::Snapshot& since) const;
  // What it is, and the live probes that write it; nothing where there is no such map.
  struct MapState {
    bytecode::MapSpec spec;
    std::vector<ProbeId> writers;
  };
  std::optional<MapState> map_state(std::string_view name) const;
  Status map_clear(std::string_view name);
  Status map_zero(std::string_view name);  // keeps the keys
  // One entry of a map of the closures' own, which is made if there is none, or gone from any map.
  // A record stands for a key of several parts, null for none. An Error of kind argument says
  // whether "key" or "value" is wrong.
  Status map_set(std::string_view name, const Value& key, const Value& value);
  Status map_remove(std::string_view name, const Value& key);
  // The maps that closures have named, for CompileOptions::maps.
  std::vector<bytecode::MapSpec> shared_maps() const;
  Status map_delete(std::string_view name);  // an Error while a live probe writes it
  // Names of maps whose contents changed since the last call.
  std::vector<std::string> changed_maps();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace host
