// What the session's tests share: a workload of exported functions in this very process, and short
// words for compiling and attaching.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bytecode/compile.hpp"
#include "host/session.hpp"

// Never inlined, never without its arguments: what the probes are on.
extern "C" [[gnu::noipa]] void session_hit(int64_t number, const char* word);
extern "C" [[gnu::noipa]] void session_other(int64_t number);

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
  // Everything that waits.
  std::vector<host::Row> drain();
  std::vector<Value> values();

  host::Session session_{{.hidden = {}}};
};

}  // namespace session_test
