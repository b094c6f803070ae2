// What is listed, and what is left out: the pure parts on text of their own, the rest on this
// machine.
#include "host/inventory.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "host/kernel_functions.hpp"
#include "host/tracefs.hpp"

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

class Inventory : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "reading tracefs needs root";
  }
  std::vector<Attachable> list(Search search) {
    std::vector<Attachable> found;
    const Status status = list_targets(search, [&](Attachable&& one) {
      found.push_back(std::move(one));
      return true;
    });
    EXPECT_TRUE(status.ok()) << (status ? "" : status.error().message);
    return found;
  }
};

TEST_F(Inventory, TracepointsAreThoseOfTracefs) {
  const auto tracefs = Tracefs::open();
  ASSERT_TRUE(tracefs.ok());
  const std::vector<Attachable> found = list({.glob = "sched:*", .kind = Kind::tracepoint});
  const std::vector<std::string> events = tracefs->events("sched");
  ASSERT_EQ(found.size(), events.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].target, "sched:" + events[i]);
    EXPECT_TRUE(found[i].args.empty());
  }
}

TEST_F(Inventory, ArgumentsOfTracepointsAndSyscalls) {
  const auto found =
      list({.glob = "sched:sched_switch", .kind = Kind::tracepoint, .with_args = true});
  ASSERT_EQ(found.size(), 1u);
  ASSERT_FALSE(found[0].args.empty());
  EXPECT_EQ(found[0].args[0].first, "prev_comm");
  EXPECT_EQ(found[0].args[0].second.substr(0, 5), "char[");
  const auto call = list({.glob = "openat", .kind = Kind::kprobe, .with_args = true});
  ASSERT_FALSE(call.empty());
  EXPECT_EQ(call[0].target, "openat");
  using Arg = std::pair<std::string, std::string>;
  ASSERT_EQ(call[0].args.size(), 4u);
  EXPECT_EQ(call[0].args[1], Arg("filename", "const char *"));
  EXPECT_EQ(call[0].returns, "long");
}

TEST_F(Inventory, TheSinkEndsIt) {
  size_t count = 0;
  const Status status = list_targets({}, [&](Attachable&&) { return ++count < 3; });
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(count, 3u);
}

TEST_F(Inventory, EveryKindButThoseThatRepeatAnother) {
  bool seen_return = false;
  const Status status = list_targets({.glob = "*open*"}, [&](Attachable&& one) {
    seen_return = seen_return || one.kind == Kind::kretprobe || one.kind == Kind::fexit;
    return true;
  });
  EXPECT_TRUE(status.ok());
  EXPECT_FALSE(seen_return);
  const auto asked = list({.glob = "openat", .kind = Kind::kretprobe});
  ASSERT_FALSE(asked.empty());
  EXPECT_EQ(asked[0].kind, Kind::kretprobe);
}

TEST_F(Inventory, RawTracepointsWithTheirArguments) {
  if (access("/sys/kernel/btf/vmlinux", R_OK) != 0) GTEST_SKIP() << "this kernel has no BTF";
  const auto found =
      list({.glob = "sched_process_exec", .kind = Kind::raw_tracepoint, .with_args = true});
  ASSERT_EQ(found.size(), 1u);
  ASSERT_EQ(found[0].args.size(), 3u);
  EXPECT_EQ(found[0].args[0].second, "struct task_struct *");
  EXPECT_EQ(found[0].returns, "");
}

TEST_F(Inventory, AFindingForEveryFeature) {
  const std::vector<Finding> findings = examine();
  std::vector<std::string> features;
  for (const Finding& finding : findings) {
    features.push_back(finding.feature);
    EXPECT_FALSE(finding.detail.empty()) << finding.feature;
    EXPECT_EQ(finding.advice.empty(), finding.works) << finding.feature;
  }
  for (const char* feature : {"bpf", "interpreter", "btf", "tracepoint", "kprobe", "uprobe.multi"})
    EXPECT_EQ(std::count(features.begin(), features.end(), feature), 1) << feature;
}

}  // namespace
}  // namespace host
