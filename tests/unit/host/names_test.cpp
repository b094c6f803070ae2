// Names of kernel functions and syscalls, as people write them.
#include <gtest/gtest.h>

#include <asm/unistd.h>

#include <fstream>

#include "host/kallsyms.hpp"
#include "host/kernel_place.hpp"
#include "host/perf_events.hpp"
#include "host/session.hpp"
#include "host/syscalls.hpp"

namespace host {
namespace {

TEST(Kallsyms, Lines) {
  const auto plain = parse_kallsyms_line("ffffffff816b2110 t do_sys_openat2");
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(plain->name, "do_sys_openat2");
  EXPECT_EQ(plain->module, "");
  const auto module = parse_kallsyms_line("ffffffffc0a01000 T nf_hook\t[nf_tables]");
  ASSERT_TRUE(module.has_value());
  EXPECT_EQ(module->name, "nf_hook");
  EXPECT_EQ(module->module, "nf_tables");
  EXPECT_FALSE(parse_kallsyms_line("ffffffff82a00000 D jiffies").has_value());
  EXPECT_FALSE(parse_kallsyms_line("").has_value());
  EXPECT_FALSE(parse_kallsyms_line("0 t").has_value());
}

TEST(Kallsyms, LengthOfAFunction) {
  const std::string path = testing::TempDir() + "/kallsyms";
  std::ofstream(path) << "ffffffff81000040 T third\nffffffff81000000 T first\n"
                         "ffffffff81000010 t second\nffffffff81000030 d data\n";
  const Kallsyms kallsyms(path);
  EXPECT_EQ(kallsyms.length("first"), 0x10u);
  EXPECT_EQ(kallsyms.length("second"), 0x20u);
  EXPECT_FALSE(kallsyms.length("fourth").has_value());
  std::ofstream(path) << "0000000000000000 T first\n";
  EXPECT_FALSE(kallsyms.length("first").has_value()) << "addresses are hidden";
}

TEST(Syscalls, Spellings) {
  for (const char* word : {"openat", "sys_openat", "__x64_sys_openat", "__arm64_sys_openat"})
    EXPECT_EQ(syscall_name(word).name, "openat") << word;
  EXPECT_FALSE(syscall_name("openat").has_prefix);
  EXPECT_TRUE(syscall_name("sys_openat").has_prefix);
  EXPECT_EQ(syscall_name("stat").name, "newstat");
  EXPECT_EQ(syscall_name("sys_uname").name, "newuname");
}

TEST(Syscalls, NotesAndRenames) {
  EXPECT_NE(syscall_note("open").find("openat"), std::string_view::npos);
  EXPECT_TRUE(syscall_note("openat").empty());
  const KnownFunction* renamed = known_function("do_sys_open");
  ASSERT_NE(renamed, nullptr);
  EXPECT_EQ(renamed->now, "do_sys_openat2");
  EXPECT_EQ(renamed->syscall, "openat");
  EXPECT_EQ(known_function("tcp_sendmsg"), nullptr);
}

TEST(Syscalls, Numbers) {
  EXPECT_EQ(syscall_number("openat"), __NR_openat);
  EXPECT_EQ(syscall_number("getppid"), __NR_getppid);
  // By the kernel's name for it, not by libc's.
  EXPECT_EQ(syscall_number("newuname"), __NR_uname);
  EXPECT_FALSE(syscall_number("uname").has_value());
  EXPECT_FALSE(syscall_number("no_such_call").has_value());
}

TEST(Functions, Words) {
  const auto plain = parse_function(Kind::kprobe, "vfs_read");
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->function, "vfs_read");
  EXPECT_EQ(plain->offset, 0u);
  const auto whole = parse_function(Kind::kprobe, "nf_nat:nf_nat_init+0x1f");
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(whole->name(), "nf_nat:nf_nat_init");
  EXPECT_EQ(whole->offset, 0x1fu);
  EXPECT_EQ(parse_function(Kind::kprobe, "vfs_read+16")->offset, 16u);
  for (const char* word : {"", ":", "nf_nat:", "vfs_read+", "vfs_read+0x", "vfs_read+zz", "+0x10"})
    EXPECT_FALSE(parse_function(Kind::kprobe, word).ok()) << word;
  EXPECT_FALSE(parse_function(Kind::kretprobe, "vfs_read+0x10").ok());
}

TEST(Perf, Processors) {
  using Cpus = std::vector<uint32_t>;
  EXPECT_EQ(parse_cpus("0"), Cpus{0});
  EXPECT_EQ(parse_cpus("0-3,5,8-9"), (Cpus{0, 1, 2, 3, 5, 8, 9}));
  EXPECT_EQ(parse_cpus("2,"), Cpus{2});
  EXPECT_TRUE(parse_cpus("").empty());
  EXPECT_TRUE(parse_cpus("all").empty());
}

TEST(Registers, OnesForEveryUse) {
  const auto has = [](const std::vector<bytecode::Field>& fields, std::string_view name) {
    for (const bytecode::Field& field : fields)
      if (field.name == name) return true;
    return false;
  };
  for (const char* name : {"ip", "sp", "flags"}) EXPECT_TRUE(has(named_registers(), name)) << name;
  ASSERT_EQ(named_registers().size(), named_registers_behind(0).size());
  EXPECT_EQ(named_registers_behind(8).front().offset, 8u);
  EXPECT_EQ(named_registers_behind(8).front().deref.front(),
            static_cast<int32_t>(named_registers().front().offset));
  EXPECT_EQ(syscall_registers(0).size(), 6u);
}

TEST(Kinds, Names) {
  EXPECT_EQ(kind_name(Kind::kprobe), "kprobe");
  EXPECT_EQ(kind_name(Kind::tracepoint), "tracepoint");
  EXPECT_EQ(kind_name(Kind::uprobe), "uprobe");
  for (const Kind kind : all_kinds()) EXPECT_EQ(find_kind(kind_name(kind)), kind);
  EXPECT_EQ(all_kinds().size(), 11u);
  for (const char* name : {"raw-tracepoint", "raw_tracepoint", "raw_tp"})
    EXPECT_EQ(find_kind(name), Kind::raw_tracepoint) << name;
  EXPECT_FALSE(find_kind("probe").has_value());
}

}  // namespace
}  // namespace host
