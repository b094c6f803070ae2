// Words for places in programs and libraries, and what becomes of them.
#include "host/binary_targets.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>

#include <filesystem>

#include "host/dwarf.hpp"
#include "host/elf.hpp"
#include "host/joined_types.hpp"

namespace host {
namespace {

using Names = std::vector<std::string>;

std::string fixture(const std::string& name) { return std::string(FIXTURE_FOLDER) + "/" + name; }

std::vector<Target> targets(Kind kind, const std::string& file, const std::string& symbol) {
  auto found = kind == Kind::usdt ? usdt_targets(file, symbol) : uprobe_targets(kind, file, symbol);
  EXPECT_TRUE(found.ok()) << file << " " << symbol << ": "
                          << (found.ok() ? "" : found.error().message);
  return found.ok() ? *found : std::vector<Target>(1);
}

bytecode::Error refused(Kind kind, const std::string& file, const std::string& symbol) {
  auto found = kind == Kind::usdt ? usdt_targets(file, symbol) : uprobe_targets(kind, file, symbol);
  EXPECT_FALSE(found.ok()) << file << " " << symbol;
  return found.ok() ? bytecode::Error{} : found.error();
}

Names texts(const std::vector<Target>& found, const std::string& file) {
  Names names;
  for (const Target& target : found) {
    EXPECT_TRUE(target.text.starts_with(file + ":")) << target.text;
    names.push_back(target.text.substr(file.size() + 1));
  }
  return names;
}

TEST(UprobeTargets, ArgumentsByName) {
  const std::string file = fixture("shapes");
  const Target target = targets(Kind::uprobe, file, "take_all").front();
  EXPECT_EQ(target.kind, Kind::uprobe);
  EXPECT_EQ(target.path, file);
  EXPECT_EQ(target.schema.func, "take_all");
  EXPECT_EQ(target.schema.target, "uprobe:" + file + ":take_all");
  ASSERT_NE(target.schema.types, nullptr);
  ASSERT_EQ(target.schema.args.size(), 8u);
  EXPECT_EQ(target.schema.args[1].name, "text");
  EXPECT_FALSE(target.schema.registers.empty());
  EXPECT_FALSE(target.schema.has_retval);
  // In the middle the arguments are no longer where they came in.
  const auto taken = uprobe_targets(Kind::uprobe, file, "take_all+0x4", true);
  ASSERT_TRUE(taken.ok()) << taken.error().message;
  const Target inside = taken->front();
  EXPECT_EQ(inside.offset, target.offset + 4);
  EXPECT_EQ(inside.text, file + ":take_all+0x4");
  EXPECT_TRUE(inside.schema.args.empty());
  EXPECT_EQ(inside.schema.func, "take_all");
}

TEST(UprobeTargets, OnlyWhereAnInstructionBegins) {
  const std::string file = fixture("shapes");
  const auto binary = ElfFile::open(file);
  ASSERT_TRUE(binary.ok());
  const ElfSymbol* symbol = binary->find_all("take_all").front();
  const auto dwarf = Dwarf::open(file);
  ASSERT_TRUE(dwarf.ok());
  const std::vector<uint64_t> starts =
      (*dwarf)->instruction_starts(symbol->address, symbol->address + symbol->size);
  ASSERT_GT(starts.size(), 2u);
  EXPECT_EQ(starts.front(), symbol->address);
  const std::string known = "take_all+" + std::to_string(starts[1] - symbol->address);
  EXPECT_EQ(targets(Kind::uprobe, file, known).front().offset,
            symbol->offset + starts[1] - symbol->address);
  for (uint64_t inside = 1; inside < symbol->size; ++inside) {
    if (std::binary_search(starts.begin(), starts.end(), symbol->address + inside)) continue;
    const bytecode::Error error = refused(Kind::uprobe, file, "take_all+" + std::to_string(inside));
    EXPECT_EQ(error.subject, "symbol");
    EXPECT_NE(error.hint.find("--unsafe"), std::string::npos) << error.hint;
    EXPECT_NE(error.hint.find("take_all+0x"), std::string::npos) << error.hint;
  }
  // Without a line table nothing is known but where symbols begin.
  refused(Kind::uprobe, fixture("shapes_bare"), known);
}

TEST(UprobeTargets, ResultsByType) {
  const Target typed = targets(Kind::uretprobe, fixture("shapes"), "color_name").front();
  EXPECT_TRUE(typed.schema.has_retval);
  EXPECT_EQ(typed.schema.retval.kind, bytecode::FieldKind::string);
  EXPECT_TRUE(typed.schema.args.empty());
  EXPECT_TRUE(typed.schema.registers.empty());
  const Target plain = targets(Kind::uretprobe, fixture("shapes_bare"), "color_name").front();
  EXPECT_TRUE(plain.schema.has_retval);
  EXPECT_EQ(plain.schema.retval.kind, bytecode::FieldKind::integer);
  EXPECT_EQ(plain.schema.retval.size, 8u);
  EXPECT_TRUE(plain.schema.retval.is_signed);
  EXPECT_EQ(plain.schema.types, nullptr);
  const bytecode::Error error = refused(Kind::uretprobe, fixture("shapes"), "take_all+0x4");
  EXPECT_EQ(error.subject, "symbol");
  EXPECT_NE(error.message.find("not where a function begins"), std::string::npos);
}

TEST(UprobeTargets, GlobsAndOtherSpellings) {
  const std::string file = fixture("shapes");
  EXPECT_EQ(texts(targets(Kind::uprobe, file, "make_*"), file).size(), 2u);
  const Target joined = targets(Kind::uprobe, file + ":take_all", "").front();
  EXPECT_EQ(joined.text, file + ":take_all");
  const auto binary = ElfFile::open(file);
  ASSERT_TRUE(binary.ok());
  const uint64_t address = binary->find("take_all")->address;
  const Target by_address = targets(Kind::uprobe, file, std::to_string(address)).front();
  EXPECT_EQ(by_address.offset, joined.offset);
  EXPECT_EQ(by_address.schema.args.size(), 8u);
  EXPECT_EQ(by_address.schema.func, "take_all");

  const std::string classes = fixture("classes");
  EXPECT_EQ(texts(targets(Kind::uprobe, classes, "zoo::weigh(int)"), classes),
            Names{"zoo::weigh(int)"});
  EXPECT_EQ(targets(Kind::uprobe, classes, "zoo::weigh").size(), 2u);
  EXPECT_EQ(texts(targets(Kind::uprobe, classes + ":zoo::weigh(int)", ""), classes),
            Names{"zoo::weigh(int)"});
}

TEST(UprobeTargets, Refusals) {
  const bytecode::Error near = refused(Kind::uprobe, fixture("classes"), "zoo::wiegh");
  EXPECT_EQ(near.kind, bytecode::ErrorKind::target);
  EXPECT_EQ(near.subject, "symbol");
  EXPECT_NE(near.hint.find("zoo::weigh"), std::string::npos) << near.hint;
  EXPECT_NE(refused(Kind::uprobe, fixture("shapes_stripped"), "take_all").hint.find("address"),
            std::string::npos);
  refused(Kind::uprobe, fixture("shapes"), "no_such_*");
  refused(Kind::uprobe, fixture("shapes"), "take_all+0xffff");
  refused(Kind::uprobe, fixture("shapes"), "");
  refused(Kind::uprobe, "/nonexistent", "main");
}

TEST(UsdtTargets, PlacesOfOneProbe) {
  const std::string file = fixture("marks");
  const auto found = targets(Kind::usdt, file, "marks:registers");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].text, found[1].text);
  EXPECT_NE(found[0].offset, found[1].offset);
  EXPECT_EQ(found[0].kind, Kind::usdt);
  EXPECT_EQ(found[0].schema.func, "mark_places");
  EXPECT_EQ(found[0].schema.args.size(), 6u);
  EXPECT_EQ(found[1].schema.args.size(), 1u);
  EXPECT_EQ(targets(Kind::usdt, file + ":marks:guarded", "").front().semaphore != 0, true);
  EXPECT_EQ(targets(Kind::usdt, file, "*").size(), 5u);

  const bytecode::Error near = refused(Kind::usdt, file, "marks:gaurded");
  EXPECT_NE(near.hint.find("marks:guarded"), std::string::npos) << near.hint;
  EXPECT_NE(refused(Kind::usdt, fixture("shapes"), "a:b").hint.find("none at all"),
            std::string::npos);
  refused(Kind::usdt, file, "");
}

// A library as another process sees it, whose root is a folder of ours with links of its own.
TEST(FindBinary, InTheRootOfAProcess) {
  if (geteuid() != 0) GTEST_SKIP() << "chroot needs root";
  namespace fs = std::filesystem;
  const fs::path root = fs::path(testing::TempDir()) / ("root" + std::to_string(getpid()));
  fs::create_directories(root / "opt");
  fs::create_directories(root / "usr/lib");
  fs::copy_file(fixture("shapes"), root / "opt/libshapes.so.1");
  fs::create_symlink("/opt/libshapes.so.1", root / "usr/lib/libshapes.so");
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    const char byte = chroot(root.c_str()) == 0 ? 'y' : 'n';
    if (write(ready[1], &byte, 1) == 1) pause();
    _exit(0);
  }
  char byte = 0;
  EXPECT_EQ(read(ready[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'y');
  const std::string there = "/proc/" + std::to_string(child) + "/root";
  EXPECT_EQ(find_binary(there + "/libshapes"), there + "/opt/libshapes.so.1");
  EXPECT_EQ(find_binary(there + "/usr/lib/libshapes.so"), there + "/opt/libshapes.so.1");
  EXPECT_FALSE(find_binary(there + "/libc").has_value());
  EXPECT_FALSE(find_binary(there).has_value());
  EXPECT_EQ(targets(Kind::uprobe, there + "/libshapes", "take_all").front().path,
            there + "/opt/libshapes.so.1");
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(ready[0]);
  close(ready[1]);
  fs::remove_all(root);
}

TEST(JoinedTypes, TheFirstKnowsBest) {
  const auto shapes = Dwarf::open(fixture("shapes")), classes = Dwarf::open(fixture("classes"));
  ASSERT_TRUE(shapes.ok() && classes.ok());
  const auto joined = JoinedTypes::of(*shapes, *classes);
  EXPECT_EQ(joined, JoinedTypes::of(*shapes, *classes));
  EXPECT_EQ(joined->find("int"), (*shapes)->find("int"));
  const bytecode::TypeId animal = joined->find("zoo::Animal");
  ASSERT_NE(animal, 0u);
  EXPECT_EQ(animal, JoinedTypes::of_second((*classes)->find("zoo::Animal")));
  EXPECT_EQ(joined->describe(animal).size, 24u);
  const auto legs = joined->member(animal, "legs");
  ASSERT_TRUE(legs.has_value());
  EXPECT_EQ(joined->describe(legs->type).name, "int");
  EXPECT_EQ(joined->members(animal).size(),
            (*classes)->members((*classes)->find("zoo::Animal")).size());
  const auto pointer = joined->member(joined->find("zoo::Base"), "_vptr.Base");
  ASSERT_TRUE(pointer.has_value());
  EXPECT_NE(joined->describe(joined->describe(pointer->type).of).name, "");
  EXPECT_EQ(joined->enumerators(joined->find("zoo::Food")).size(), 2u);
  EXPECT_EQ(joined->find("struct nowhere"), 0u);
  EXPECT_EQ(joined->names_like("struct shpae"), std::vector<std::string>{"struct shape"});
  EXPECT_EQ(joined->describe(JoinedTypes::of_second(0)).kind, bytecode::CKind::nothing);
}

}  // namespace
}  // namespace host
