// Maps by name: sharing, clashes, life after their probes, merging over CPUs.
#include <sched.h>

#include <algorithm>
#include <thread>

#include "tests/kernel_session/fixture.hpp"

namespace session_test {

using bytecode::List;
using host::MapInfo;
using host::ProbeInfo;

namespace {

TEST_F(SessionTest, KeyedCountsMergeOverCpus) {
  attach(uprobe(), "{|ctx| $ctx.arg0 | count numbers }");
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &before)) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    for (int64_t i = 0; i < 30; ++i) session_hit(i % 3, "");
  }
  sched_setaffinity(0, sizeof before, &before);
  const Value table = must(session_.map_get("numbers"));
  ASSERT_EQ(table.get_if<List>()->size(), 3u);
  for (int64_t key = 0; key < 3; ++key)
    EXPECT_EQ(value_at(table, Value(key)), 10 * CPU_COUNT(&before));
}

TEST_F(SessionTest, AThousandKeys) {
  attach(uprobe(), "{|ctx| $ctx.arg0 | count numbers }");
  for (int64_t i = 0; i < 3000; ++i) session_hit(i % 1500, "");
  const Value table = must(session_.map_get("numbers"));
  EXPECT_EQ(table.get_if<List>()->size(), 1500u);
  EXPECT_EQ(value_at(table, Value(int64_t{1234})), 2);
  EXPECT_EQ(session_.maps().front().entries, 1500u);
}

// The sum of a column of ints.
int64_t sum_of(const Value& table, std::string_view column) {
  int64_t sum = 0;
  for (const Value& row : *table.get_if<List>())
    for (const auto& [name, value] : *row.get_if<Record>())
      if (name == column) sum += *value.get_if<int64_t>();
  return sum;
}

// Where the kernel preempts anywhere, runs of several threads lie one in another on each CPU.
TEST_F(SessionTest, NothingIsLostWhereManyThreadsShareACpu) {
  const ProbeInfo probe = attach(uprobe(),
                                 "{|ctx| count hits; $ctx.arg0 mod 4 | count quarters; $ctx.arg0 | "
                                 "sum total; $ctx.arg0 | stats all --by $ctx.cpu; $ctx.arg0 | hist "
                                 "buckets; 1 | map-add mine }");
  constexpr int64_t hits = 500;
  const int64_t threads = int64_t{8} * std::thread::hardware_concurrency();
  {
    std::vector<std::jthread> running;
    for (int64_t n = 0; n < threads; ++n)
      running.emplace_back([] {
        for (int64_t i = 0; i < hits; ++i) session_hit(i, "");
      });
  }
  const int64_t count = threads * hits, sum = threads * (hits * (hits - 1) / 2);
  EXPECT_EQ(must(session_.map_get("hits")), Value(count));
  EXPECT_EQ(must(session_.map_get("mine")), Value(count));
  EXPECT_EQ(must(session_.map_get("total")), Value(sum));
  for (int64_t quarter = 0; quarter < 4; ++quarter)
    EXPECT_EQ(value_at(must(session_.map_get("quarters")), Value(quarter)), count / 4);
  EXPECT_EQ(sum_of(must(session_.map_get("all")), "count"), count);
  EXPECT_EQ(sum_of(must(session_.map_get("all")), "sum"), sum);
  EXPECT_EQ(sum_of(must(session_.map_get("buckets")), "count"), count);
  const ProbeInfo now = *session_.info(probe.id);
  EXPECT_EQ(now.missed, 0u);
  EXPECT_TRUE(now.faults.empty());
}

// Row by row a map gives what it gives at once, whatever becomes of it meanwhile.
TEST_F(SessionTest, RowsOfALargeMap) {
  attach(uprobe(), "{|ctx| $ctx.arg0 | count numbers }");
  constexpr int64_t keys = 5000;
  for (int64_t i = 0; i < keys; ++i) session_hit(i, "");
  for (const bool taken : {false, true}) {
    const auto rows = must(session_.map_rows("numbers", taken));
    List first = must(rows->next());
    EXPECT_LT(first.size(), static_cast<size_t>(keys));
    if (!taken) session_hit(1, "");  // no new row, wherever it is
    if (taken) must(session_.map_clear("numbers"));
    std::vector<List> more = {std::move(first)};
    int64_t sum = 0, count = 0;
    for (; !more.back().empty(); more.push_back(must(rows->next()))) {
      sum += sum_of(Value(more.back()), "key");
      count += static_cast<int64_t>(more.back().size());
    }
    EXPECT_EQ(count, keys);
    EXPECT_EQ(sum, keys * (keys - 1) / 2);
    EXPECT_TRUE(must(rows->next()).empty());
  }
  EXPECT_TRUE(must(session_.map_rows("numbers", false))->next()->empty());
  EXPECT_FALSE(session_.map_rows("nothing", false));
}

TEST_F(SessionTest, RecordKeysAreColumns) {
  attach(uprobe(), "{|ctx| {word: (read-str $ctx.arg1), n: $ctx.arg0} | count pairs }");
  session_hit(7, "seven");
  session_hit(7, "seven");
  const Record expected = {
      {"word", Value("seven")}, {"n", Value(int64_t{7})}, {"value", Value(int64_t{2})}};
  EXPECT_EQ(must(session_.map_get("pairs")), Value(List{Value(expected)}));
  EXPECT_EQ(session_.maps().front().key, "record<word: string, n: int>");
}

TEST_F(SessionTest, UnnamedMapsTakeTheProbesName) {
  const ProbeInfo probe = attach(uprobe(), "{|ctx| count; $ctx.arg0 | count }", {.name = "mine"});
  EXPECT_EQ(probe.maps, (std::vector<std::string>{"mine", "mine#2"}));
  session_hit(4, "");
  EXPECT_EQ(must(session_.map_get("mine")), Value(int64_t{1}));
  EXPECT_EQ(value_at(must(session_.map_get("mine#2")), Value(int64_t{4})), 1);
  // A second probe of that name keeps its own.
  const ProbeInfo second = attach(uprobe(), "{|ctx| $ctx.arg0 | count }", {.name = "mine"});
  EXPECT_EQ(second.maps, std::vector<std::string>{"mine@2"});
  // What is unnamed begins anew with the next probe of the name.
  must(session_.detach(probe.id));
  attach(uprobe(), "{|ctx| count }", {.name = "mine"});
  session_hit(4, "");
  EXPECT_EQ(must(session_.map_get("mine")), Value(int64_t{1}));
}

TEST_F(SessionTest, NamedMapsAreSharedAndOutliveTheirProbes) {
  const ProbeInfo first = attach(uprobe(), "{|ctx| count shared }");
  const ProbeInfo second = attach(uprobe("session_other"), "{|ctx| count shared }");
  session_hit(1, "");
  session_other(1);
  EXPECT_EQ(must(session_.map_get("shared")), Value(int64_t{2}));
  EXPECT_EQ(session_.maps().front().probes, (std::vector<host::ProbeId>{first.id, second.id}));
  must(session_.detach(first.id));
  EXPECT_FALSE(session_.map_delete("shared"));
  must(session_.detach(second.id));
  EXPECT_EQ(must(session_.map_get("shared")), Value(int64_t{2}));
  attach(uprobe(), "{|ctx| count shared }");
  session_hit(1, "");
  EXPECT_EQ(must(session_.map_get("shared")), Value(int64_t{3}));
}

TEST_F(SessionTest, AnotherTypeIsRefusedWhileTheMapIsWritten) {
  const ProbeInfo first = attach(uprobe(), "{|ctx| count m }");
  const host::Target target = uprobe();
  const std::string text = "{|ctx| $ctx.arg0 | count m }";
  const auto refused = session_.attach(target, compile(target, text), {});
  ASSERT_FALSE(refused);
  ASSERT_EQ(refused.error().labels.size(), 1u);
  EXPECT_EQ(refused.error().kind, bytecode::ErrorKind::closure);
  EXPECT_EQ(session_.list().size(), 1u);
  must(session_.detach(first.id));
  attach(target, text);
  session_hit(3, "");
  EXPECT_EQ(value_at(must(session_.map_get("m")), Value(int64_t{3})), 1);
}

TEST_F(SessionTest, ClearAndDelete) {
  const ProbeInfo probe = attach(uprobe(), "{|ctx| $ctx.arg0 | count keyed; count all }");
  session_hit(1, "");
  must(session_.map_clear("keyed"));
  must(session_.map_clear("all"));
  EXPECT_TRUE(must(session_.map_get("keyed")).get_if<List>()->empty());
  EXPECT_EQ(must(session_.map_get("all")), Value(int64_t{0}));
  session_hit(1, "");
  EXPECT_EQ(must(session_.map_get("all")), Value(int64_t{1}));
  must(session_.detach(probe.id));
  must(session_.map_delete("keyed"));
  const auto missing = session_.map_get("keyed");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, bytecode::ErrorKind::argument);
  EXPECT_EQ(session_.maps().size(), 1u);
}

TEST_F(SessionTest, ChangedMapsAreThoseThatChanged) {
  attach(uprobe(), "{|ctx| if $ctx.arg0 > 5 { $ctx.arg0 | count big }; count all }");
  attach(uprobe("session_other"), "{|ctx| count other }");
  EXPECT_TRUE(session_.changed_maps().empty());
  session_hit(1, "");
  EXPECT_EQ(session_.changed_maps(), std::vector<std::string>{"all"});
  session_hit(9, "");
  EXPECT_EQ(session_.changed_maps(), (std::vector<std::string>{"all", "big"}));
  EXPECT_TRUE(session_.changed_maps().empty());
}

}  // namespace
}  // namespace session_test
