// Names of kernel functions and syscalls, as people write them.
#include <gtest/gtest.h>

#include "host/kallsyms.hpp"
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

TEST(Kinds, Names) {
  EXPECT_EQ(kind_name(Kind::kprobe), "kprobe");
  EXPECT_EQ(kind_name(Kind::tracepoint), "tracepoint");
  EXPECT_EQ(kind_name(Kind::uprobe), "uprobe");
}

}  // namespace
}  // namespace host
