#include "host/symbol_names.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "host/elf.hpp"

namespace host {
namespace {

using Names = std::vector<std::string>;

std::string fixture(const std::string& name) { return std::string(FIXTURE_FOLDER) + "/" + name; }

TEST(SymbolNames, Demangled) {
  EXPECT_EQ(demangled("_ZN3zoo5weighEi"), "zoo::weigh(int)");
  EXPECT_EQ(demangled("_ZN4core3fmt5write17h0123456789abcdefE"), "core::fmt::write");
  EXPECT_EQ(demangled("main"), "main");
  EXPECT_EQ(demangled("_Znothing"), "_Znothing");
  EXPECT_EQ(demangled(""), "");
}

TEST(SymbolNames, WithoutParameters) {
  const std::pair<const char*, const char*> cases[] = {
      {"main", "main"},
      {"zoo::weigh(int)", "zoo::weigh"},
      {"zoo::Animal::feed(zoo::Food, char const*) const", "zoo::Animal::feed"},
      {"int zoo::twice<int>(int)", "zoo::twice"},
      {"std::map<int, long> f<std::pair<int, int> >(int)", "f"},
      {"(anonymous namespace)::hidden(int)", "(anonymous namespace)::hidden"},
      {"zoo::Call::operator()(int) const", "zoo::Call::operator()"},
      {"zoo::operator<(int, int)", "zoo::operator<"},
      {"std::vector<int>::push_back(int&&)", "std::vector<int>::push_back"},
      {"f(void (*)(int))", "f"},
      {"", ""},
  };
  for (const auto& [name, plain] : cases) EXPECT_EQ(without_parameters(name), plain) << name;
}

TEST(SymbolNames, Matches) {
  const auto matches = [](std::string_view word, std::string_view symbol) {
    return NameMatch(word, NameMatch::As::literal)(symbol);
  };
  EXPECT_TRUE(matches("_ZN3zoo5weighEi", "_ZN3zoo5weighEi"));
  EXPECT_TRUE(matches("zoo::weigh", "_ZN3zoo5weighEi"));
  EXPECT_TRUE(matches("zoo::weigh(int)", "_ZN3zoo5weighEi"));
  EXPECT_FALSE(matches("zoo::weigh(long)", "_ZN3zoo5weighEi"));
  EXPECT_FALSE(matches("weigh", "_ZN3zoo5weighEi"));
  EXPECT_FALSE(matches("zoo::weig*", "_ZN3zoo5weighEi"));
  const NameMatch glob("zoo::*gh*", NameMatch::As::glob);
  EXPECT_TRUE(glob("_ZN3zoo5weighEi"));
  EXPECT_FALSE(glob("_ZN3zoo5AnimalEi"));
}

Names found(const std::string& program, std::string_view word) {
  const auto file = ElfFile::open(fixture(program));
  EXPECT_TRUE(file.ok()) << program;
  Names names;
  if (file.ok())
    for (const ElfSymbol* symbol : file->find_all(word)) names.push_back(demangled(symbol->name));
  std::sort(names.begin(), names.end());
  return names;
}

TEST(FindAll, Globs) {
  EXPECT_EQ(found("shapes", "take_a*"), Names{"take_all"});
  EXPECT_EQ(found("shapes", "make_*"), (Names{"make_big", "make_pair"}));
  EXPECT_EQ(found("shapes", "[mt]a[k]e_pa?r"), (Names{"make_pair", "take_pair"}));
  EXPECT_EQ(found("shapes", "take_all"), Names{"take_all"});
  EXPECT_TRUE(found("shapes", "take").empty());
  EXPECT_TRUE(found("shapes", "none*").empty());
  EXPECT_TRUE(found("shapes", "").empty());
}

TEST(FindAll, CxxNames) {
  EXPECT_EQ(found("classes", "zoo::weigh"),
            (Names{"zoo::weigh(int)", "zoo::weigh(zoo::Animal const&, int)"}));
  EXPECT_EQ(found("classes", "zoo::weigh(int)"), Names{"zoo::weigh(int)"});
  EXPECT_EQ(found("classes", "_ZN3zoo5weighEi"), Names{"zoo::weigh(int)"});
  EXPECT_EQ(found("classes", "_ZN3zoo5weigh*"),
            (Names{"zoo::weigh(int)", "zoo::weigh(zoo::Animal const&, int)"}));
  EXPECT_EQ(found("classes", "zoo::Animal::[fc]*"),
            (Names{"zoo::Animal::count(long)", "zoo::Animal::feed(zoo::Food, char const*) const"}));
  EXPECT_EQ(found("classes", "zoo::twice"),
            (Names{"int zoo::twice<int>(int)", "long zoo::twice<long>(long)"}));
}

// A function of several names is one place.
TEST(FindAll, EachPlaceOnce) {
  const auto path = find_binary("libc");
  ASSERT_TRUE(path.has_value());
  const auto file = ElfFile::open(*path);
  ASSERT_TRUE(file.ok());
  std::set<uint64_t> offsets;
  const auto all = file->find_all("*alloc*");
  EXPECT_GT(all.size(), 3u);
  for (const ElfSymbol* symbol : all) EXPECT_TRUE(offsets.insert(symbol->offset).second);
}

TEST(FindAll, StrippedFiles) {
  // Its own tables are gone, and nothing else is there.
  EXPECT_TRUE(found("shapes_stripped", "take_all").empty());
  // In the debug file that a link, with a checksum or a build id, names.
  EXPECT_EQ(found("shapes_linked", "take_al*"), Names{"take_all"});
  EXPECT_EQ(found("shapes_by_id", "take_al*"), Names{"take_all"});
  // In the table that the program keeps compressed.
  EXPECT_EQ(found("shapes_mini", "take_al*"), Names{"take_all"});
  const auto mini = ElfFile::open(fixture("shapes_mini"));
  const auto bare = ElfFile::open(fixture("shapes_bare"));
  ASSERT_TRUE(mini.ok() && bare.ok());
  EXPECT_EQ(mini->find("take_all")->offset, bare->find("take_all")->offset);
}

}  // namespace
}  // namespace host
