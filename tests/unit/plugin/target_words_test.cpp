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
      {"kretprobe:vfs_*", Kind::kretprobe, "vfs_*", ""},
      {"raw_tracepoint:sched_switch", Kind::raw_tracepoint, "sched_switch", ""},
      {"raw-tracepoint:sched_switch", Kind::raw_tracepoint, "sched_switch", ""},
      {"uretprobe:libc:malloc", Kind::uretprobe, "libc", "malloc"},
      {"usdt:/usr/bin/x:provider:name", Kind::usdt, "/usr/bin/x", "provider:name"},
      {"fexit:tcp_sendmsg", Kind::fexit, "tcp_sendmsg", ""},
      {"perf:cpu-clock", Kind::perf, "cpu-clock", ""},
      {"interval:1sec", Kind::interval, "1sec", ""},
  };
  for (const Example& example : examples) {
    const TargetWord target = parse_target(example.word);
    EXPECT_EQ(target.kind, example.kind) << example.word;
    EXPECT_EQ(target.name, example.name) << example.word;
    EXPECT_EQ(target.symbol, example.symbol) << example.word;
  }
}

TEST(DurationWord, IsAsNushellWritesIt) {
  EXPECT_EQ(duration_word(1'000'000'000), "1sec");
  EXPECT_EQ(duration_word(120'000'000'000), "2min");
  EXPECT_EQ(duration_word(1'500'000'000), "1500ms");
  EXPECT_EQ(duration_word(250'000), "250us");
  EXPECT_EQ(duration_word(7), "7ns");
  EXPECT_EQ(duration_word(0), "0ns");
}

TEST(SomeOf, NamesAFew) {
  EXPECT_EQ(some_of({"a"}), "a");
  EXPECT_EQ(some_of({"a", "b"}), "a and b");
  EXPECT_EQ(some_of({"a", "b", "c", "d"}), "a, b, c and d");
  EXPECT_EQ(some_of({"a", "b", "c", "d", "e"}), "a, b, c and 2 more");
}

}  // namespace
}  // namespace plugin
