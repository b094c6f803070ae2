// Mappings of processes by time, from events of the test's own.
#include "host/process_table.hpp"
#include "host/monotonic.hpp"

#include <gtest/gtest.h>

namespace host {
namespace {

MapEvent map(uint64_t start, const std::string& path) {
  MapEvent event;
  event.start = start;
  event.end = start + 0x1000;
  event.file.path = path;
  return event;
}

std::string at(const ProcessTable& table, pid_t process, uint64_t time, uint64_t address) {
  const auto found = table.find(process, time, address);
  if (!found.is_known) return "unknown";
  return found.mapping == nullptr ? "nothing" : found.mapping->file->path;
}

ProcessTable empty() {
  return ProcessTable([](pid_t) { return std::nullopt; });
}

TEST(ProcessTable, TheProgramOfTheTime) {
  ProcessTable table = empty();
  table.forked(7, 1, 100);
  table.executed(7, 110);
  table.mapped(7, 111, map(0x1000, "/first"));
  table.executed(7, 200);
  table.mapped(7, 201, map(0x1000, "/second"));
  table.ended(7, 300);
  EXPECT_EQ(at(table, 7, 150, 0x1800), "/first");
  EXPECT_EQ(at(table, 7, 250, 0x1800), "/second");
  EXPECT_EQ(at(table, 7, 250, 0x2000), "nothing");
  EXPECT_EQ(at(table, 8, 250, 0x1800), "unknown");
  EXPECT_FALSE(table.find(7, 250, 0x1800).is_current);
  EXPECT_EQ(table.find(7, 250, 0x1800).parent, 1);
}

TEST(ProcessTable, AnotherProcessOfTheSameNumber) {
  ProcessTable table = empty();
  table.forked(7, 1, 100);
  table.mapped(7, 101, map(0x1000, "/old"));
  table.ended(7, 200);
  table.forked(7, 2, 300);
  table.executed(7, 301);
  table.mapped(7, 302, map(0x1000, "/new"));
  EXPECT_EQ(at(table, 7, 150, 0x1000), "/old");
  EXPECT_EQ(at(table, 7, 350, 0x1000), "/new");
  EXPECT_TRUE(table.find(7, 350, 0x1000).is_current);
  EXPECT_FALSE(table.find(7, 150, 0x1000).is_current);
}

TEST(ProcessTable, AForkHasWhatItsParentHad) {
  ProcessTable table = empty();
  table.forked(2, 1, 10);
  table.mapped(2, 11, map(0x1000, "/parent"));
  table.forked(3, 2, 20);
  table.mapped(2, 30, map(0x2000, "/later"));
  table.mapped(3, 31, map(0x3000, "/child"));
  EXPECT_EQ(at(table, 3, 40, 0x1000), "/parent");
  EXPECT_EQ(at(table, 3, 40, 0x2000), "nothing");
  EXPECT_EQ(at(table, 2, 40, 0x2000), "/later");
  EXPECT_EQ(at(table, 2, 40, 0x3000), "nothing");
}

TEST(ProcessTable, WhatIsMappedLaterHidesTheEarlier) {
  ProcessTable table = empty();
  table.mapped(5, 10, map(0x1000, "/a"));
  table.mapped(5, 20, map(0x1000, "/b"));
  EXPECT_EQ(at(table, 5, 15, 0x1000), "/a");
  EXPECT_EQ(at(table, 5, 25, 0x1000), "/b");
  // Before all it is known of: the nearest there is.
  EXPECT_EQ(at(table, 5, 5, 0x1000), "/a");
}

// A process is read when an event mentions it that came before the reading.
TEST(ProcessTable, WhatWasReadAfterAnExecIsOfTheNewProgram) {
  ProcessTable table([](pid_t) {
    Mapping mapping;
    mapping.start = 0x1000;
    mapping.end = 0x2000;
    mapping.since = monotonic_ns();
    mapping.file = std::make_shared<const MappedFile>(map(0, "/read").file);
    return std::vector<Mapping>{mapping};
  });
  const uint64_t time = monotonic_ns();
  table.executed(5, time);
  EXPECT_EQ(at(table, 5, time - 1, 0x1000), "nothing");
  EXPECT_EQ(at(table, 5, time + 1, 0x1000), "/read");
}

TEST(ProcessTable, Bounds) {
  ProcessTable table([](pid_t) { return std::vector<Mapping>(); },
                     {.ended = 2, .processes = 100, .mappings = 3, .images = 2});
  for (pid_t process = 10; process < 15; ++process) {
    table.forked(process, 1, static_cast<uint64_t>(process));
    table.ended(process, static_cast<uint64_t>(process) + 1);
  }
  EXPECT_EQ(table.dropped().processes, 3u);
  EXPECT_EQ(at(table, 10, 20, 0), "unknown");
  EXPECT_EQ(at(table, 14, 20, 0), "nothing");
  for (uint64_t i = 1; i < 6; ++i) table.mapped(14, 20 + i, map(i << 12, "/" + std::to_string(i)));
  EXPECT_EQ(table.dropped().mappings, 2u);
  EXPECT_EQ(at(table, 14, 30, 1 << 12), "nothing");
  EXPECT_EQ(at(table, 14, 30, 5 << 12), "/5");
  table.executed(14, 40);
  table.executed(14, 50);
  EXPECT_EQ(table.dropped().images, 1u);
  for (pid_t process = 1000; process < 1200; ++process) table.forked(process, 1, 60);
  EXPECT_LE(table.size(), 100u);
}

TEST(ProcessMaps, Lines) {
  const auto mapping = parse_maps_line(
      "55d0c0a00000-55d0c0a25000 r-xp 00002000 fe:01 1234    /usr/bin/a b (deleted)");
  ASSERT_TRUE(mapping);
  EXPECT_EQ(mapping->start, 0x55d0c0a00000u);
  EXPECT_EQ(mapping->end, 0x55d0c0a25000u);
  EXPECT_EQ(mapping->offset, 0x2000u);
  EXPECT_EQ(mapping->file->major, 0xfeu);
  EXPECT_EQ(mapping->file->minor, 1u);
  EXPECT_EQ(mapping->file->inode, 1234u);
  EXPECT_EQ(mapping->file->path, "/usr/bin/a b");
  EXPECT_EQ(mapping->file->base_name(), "a b");
  EXPECT_TRUE(mapping->file->is_deleted);
  const auto vdso = parse_maps_line("7ffd1000-7ffd2000 r-xp 00000000 00:00 0          [vdso]");
  ASSERT_TRUE(vdso);
  EXPECT_EQ(vdso->file->path, "[vdso]");
  const auto made = parse_maps_line("7ffd1000-7ffd2000 rwxp 00000000 00:00 0 ");
  ASSERT_TRUE(made);
  EXPECT_TRUE(is_anonymous(made->file->path));
  for (const char* line : {"", "7ffd1000", "7ffd1000-7ffd2000", "7ffd1000-7ffd2000 r--p 0 0:0 0",
                           "x-y r-xp 00000000 00:00 0", "7ffd1000-7ffd2000 r-xp"})
    EXPECT_FALSE(parse_maps_line(line)) << line;
}

}  // namespace
}  // namespace host
