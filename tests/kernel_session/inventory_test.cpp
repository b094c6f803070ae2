// What is listed on this machine, and that it really can be attached.
#include "host/inventory.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <linux/bpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include "host/target.hpp"
#include "host/tracefs.hpp"
#include "host/trial.hpp"
#include "tests/kernel_session/fixture.hpp"

namespace host {
namespace {

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

// Every 500th function, so that a section of forbidden ones would show.
TEST_F(Inventory, ListedFunctionsTakeProbes) {
  if (!Machine().has_kprobes()) GTEST_SKIP() << "this kernel has no kprobes";
  std::vector<Attachable> all = list({.kind = Kind::kprobe});
  ASSERT_GT(all.size(), 10'000u);
  std::set<std::string> once, twice;
  for (const Attachable& one : all)
    if (!once.insert(one.target).second) twice.insert(one.target);
  const uint32_t pmu = trial::pmu_type("kprobe");
  size_t tried = 0;
  for (size_t i = 499; i < all.size(); i += 500) {
    // Those of a module need its name; one of several functions of a name no kernel can tell.
    if (!all[i].module.empty() || twice.contains(all[i].target)) continue;
    const auto opened = trial::open_perf(
        {.type = pmu, .config1 = reinterpret_cast<uint64_t>(all[i].target.c_str())});
    ++tried;
    EXPECT_TRUE(opened || opened.error == EADDRNOTAVAIL)
        << all[i].target << ": " << strerror(opened.error);
  }
  EXPECT_GT(tried, 50u);
}

TEST_F(Inventory, ListedFunctionsTakeFentry) {
  const auto kernel = Btf::kernel();
  if (!kernel || !trial::fentry(**kernel)) GTEST_SKIP() << "this kernel takes no fentry";
  const std::vector<Attachable> all = list({.kind = Kind::fentry});
  ASSERT_GT(all.size(), 10'000u);
  size_t tried = 0;
  for (size_t i = 997; i < all.size(); i += 2000) {
    if (!all[i].module.empty()) continue;
    const auto function = (*kernel)->function(all[i].target);
    ASSERT_TRUE(function) << all[i].target;
    const auto program = trial::load({.type = BPF_PROG_TYPE_TRACING,
                                      .expected_attach = BPF_TRACE_FENTRY,
                                      .btf_id = function->id});
    ASSERT_TRUE(program) << all[i].target << ": " << strerror(program.error);
    const auto link = trial::link_fentry(program.fd);
    EXPECT_TRUE(link) << all[i].target << ": " << strerror(link.error);
    ++tried;
  }
  EXPECT_GT(tried, 10u);
}

TEST_F(Inventory, FunctionsOfProgramsAndTheirArguments) {
  const auto found = list({.glob = "session_hit", .kind = Kind::uprobe, .path = "/proc/self/exe"});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].target, "session_hit");
  EXPECT_EQ(found[0].kind, Kind::uprobe);
  const Status status = list_targets({.kind = Kind::usdt, .path = "/no/such/file"},
                                     [](Attachable&&) { return true; });
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message, "there is no program or library /no/such/file");
}

// Nothing of a trial stays: not even the count in this program's own memory.
TEST_F(Inventory, TheDoctorLeavesNothingBehind) {
  const uint16_t before = trial::own_semaphore_count();
  examine();
  EXPECT_EQ(trial::own_semaphore_count(), before);
  const session_test::Held held = session_test::held();
  EXPECT_TRUE(held.programs.empty());
  EXPECT_TRUE(held.maps.empty());
  EXPECT_TRUE(held.links.empty());
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
