#include "plugin/commands/target_words.hpp"

#include <gtest/gtest.h>

namespace plugin {
namespace {

TEST(TargetWord, IsKindAndTarget) {
  struct Example {
    const char* word;
    host::Kind kind;
    const char* name;
    const char* symbol;
  };
  using host::Kind;
  const Example examples[] = {
      {"openat", Kind::kprobe, "openat", ""},
      {"kprobe:do_sys_openat2", Kind::kprobe, "do_sys_openat2", ""},
      {"syscalls:sys_enter_openat", Kind::tracepoint, "syscalls:sys_enter_openat", ""},
      {"tracepoint:sched:sched_switch", Kind::tracepoint, "sched:sched_switch", ""},
      {"uprobe:libc:malloc", Kind::uprobe, "libc", "malloc"},
      {"uprobe:/usr/bin/x:ns::f", Kind::uprobe, "/usr/bin/x", "ns::f"},
      {"uprobe:libc", Kind::uprobe, "libc", ""},
      {"kprobes:enter", Kind::tracepoint, "kprobes:enter", ""},
  };
  for (const Example& example : examples) {
    const TargetWord target = parse_target(example.word);
    EXPECT_EQ(target.kind, example.kind) << example.word;
    EXPECT_EQ(target.name, example.name) << example.word;
    EXPECT_EQ(target.symbol, example.symbol) << example.word;
  }
}

}  // namespace
}  // namespace plugin
