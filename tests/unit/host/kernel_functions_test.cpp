// Which of the kernel's symbols are listed as functions, from text of the test's own.
#include "host/kernel_functions.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace host {
namespace {

TEST(KernelFunctions, LinesOfTheTracersList) {
  const auto own = parse_filter_line("vfs_read");
  ASSERT_TRUE(own);
  EXPECT_EQ(own->name, "vfs_read");
  EXPECT_EQ(own->module, "");
  const auto module = parse_filter_line("nf_nat_init [nf_nat]");
  ASSERT_TRUE(module);
  EXPECT_EQ(module->name, "nf_nat_init");
  EXPECT_EQ(module->module, "nf_nat");
  EXPECT_FALSE(parse_filter_line(""));
}

TEST(KernelFunctions, MadeSymbols) {
  for (const char* name : {"__pfx_vfs_read", "__cfi_vfs_read", "__SCT__might_resched",
                           "vfs_read.cold", "__ftrace_invalid_address___4"})
    EXPECT_TRUE(is_made_symbol(name)) << name;
  for (const char* name : {"vfs_read", "do_syscall_64", "foo.isra.0", "__traceiter_sched_switch"})
    EXPECT_FALSE(is_made_symbol(name)) << name;
}

// As where the kernel has no function tracer: from its symbols alone.
TEST(KernelFunctions, SectionsWithoutProbes) {
  std::string path = "/tmp/kallsyms.XXXXXX";
  close(mkstemp(path.data()));
  std::ofstream(path) << "0 T _stext\n"
                         "0 T vfs_read\n"
                         "0 d some_data\n"
                         "0 t __pfx_vfs_write\n"
                         "0 T vfs_write\n"
                         "0 T __noinstr_text_start\n"
                         "0 T exc_page_fault_inside\n"
                         "0 T __noinstr_text_end\n"
                         "0 t vfs_read\n"
                         "0 T _sinittext\n"
                         "0 t start_kernel_once\n"
                         "0 T _einittext\n"
                         "0 t bpf_prog_6deef7357e7b4530\t[bpf]\n"
                         "0 t nat_init\t[nf_nat]\n"
                         "0 t vfs_read\t[nf_nat]\n";
  std::vector<std::string> names;
  each_probeable_function(nullptr, Kallsyms(path), [&](const KernelFunction& function) {
    names.push_back(function.module.empty() ? function.name
                                            : function.module + ":" + function.name);
    return true;
  });
  unlink(path.c_str());
  EXPECT_EQ(names, (std::vector<std::string>{"_stext", "vfs_read", "vfs_write", "nf_nat:nat_init",
                                             "nf_nat:vfs_read"}));
}

}  // namespace
}  // namespace host
