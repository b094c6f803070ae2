// What can be attached on this machine, and what this kernel can do: bpf-targets and bpf-doctor.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "host/session.hpp"

namespace host {

// One place to attach to.
struct Attachable {
  Kind kind = Kind::tracepoint;
  std::string target;  // what the kind's command takes: "sched:sched_switch", "tcp_sendmsg"
  std::string module;  // of a kernel function outside the kernel proper
  // Names and C types of the arguments, where something tells them.
  std::vector<std::pair<std::string, std::string>> args;
  std::string returns;  // the C type of what it returns; empty where there is none or it is unknown
};

struct Search {
  std::string glob = "*";         // matched against target; of uprobes and usdt against the symbol
  std::optional<Kind> kind = {};  // empty: every kind of the kernel, but kretprobe and fexit, which
                                  // take the same functions as kprobe and fentry
  std::string path = {};          // of uprobes and usdt: the program or library
  bool with_args = false;         // else args and returns stay empty
};

// Hands each to `sink` as it is found, until it returns false. What cannot be attached (a function
// that the kernel keeps from probes) is not among them. A kind that was asked for and that this
// kernel or user cannot have is an Error.
Status list_targets(const Search& search, const std::function<bool(Attachable&&)>& sink);

// One line of bpf-doctor.
struct Finding {
  std::string feature;  // "kprobe.multi"
  bool works = false;
  std::string detail;  // what was seen: "loads", "EPERM", "not mounted"
  std::string advice;  // what to do about a no; empty where it works
};
// Tries each feature on this kernel, as this user. Leaves nothing behind.
std::vector<Finding> examine();

}  // namespace host
