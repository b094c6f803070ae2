// What the session's tests share: a workload of exported functions in this very process, and short
// words for compiling and attaching.
#pragma once

#include <gtest/gtest.h>

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bytecode/compile.hpp"
#include "host/session.hpp"

// Never inlined, never without its arguments: what the probes are on.
extern "C" [[gnu::noipa]] void session_hit(int64_t number, const char* word);
extern "C" [[gnu::noipa]] void session_other(int64_t number);
extern "C" [[gnu::noipa]] int64_t session_triple(int64_t number);
// Passes the place session:mark, with a number and a word; true while somebody looks.
extern "C" [[gnu::noipa]] bool session_mark(int32_t number, const char* word);

namespace session_test {

using bytecode::Program;
using bytecode::Record;
using bytecode::Value;

// Stops the test at an Error and shows it.
std::string show(const bytecode::Error& error);
template <typename T>
T must(bytecode::Result<T> result) {
  if (!result) throw std::runtime_error(show(result.error()));
  return std::move(result).value();
}

std::string self_path();
uint32_t self_pid();

// Whether this kernel has kprobes; where it has none, most functions cannot be probed at all.
bool has_kprobes();
// The number at `key` in a map's table; -1 where there is none.
int64_t value_at(const Value& table, const Value& key);
// Runs `work` in a process of its own, after its id has been told; waits for it to end. `ready`
// runs here before it starts.
void in_child(const std::function<void(pid_t)>& ready, const std::function<void()>& work);

// Ids of the BPF programs, maps and links that this process holds, as /proc/self/fdinfo names them.
struct Held {
  std::set<uint32_t> programs, maps, links;
};
Held held();
// Those of them that are still in the kernel, whoever holds them.
Held alive(const Held& ids);

class SessionTest : public testing::Test {
 protected:
  void SetUp() override;

  host::Target uprobe(std::string_view function = "session_hit");
  host::Target tracepoint(std::string_view name);
  Program compile(const host::Target& target, std::string_view text);
  host::ProbeInfo attach(const host::Target& target, std::string_view text,
                         host::AttachOptions options = {});
  // One probe on all that the request means: compiled once for targets that look alike.
  static host::ProbeInfo attach_all(host::Session& session, const host::Request& request,
                                    std::string_view text, host::AttachOptions options = {});
  // Everything that waits.
  std::vector<host::Row> drain();
  std::vector<Value> values();

  host::Session session_{{.hidden = {}}};
};

}  // namespace session_test
