// ELF files and words for them: this test's own binary, and libraries that every machine has.
#include <dlfcn.h>
#include <elf.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <iterator>

#include "host/elf.hpp"

extern "C" [[gnu::noipa]] int elf_test_marker(int x);
extern "C" int elf_test_marker(int x) { return x * 3 + 1; }

namespace host {
namespace {

std::string self() {
  std::array<char, 4096> path = {};
  const ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
  return {path.data(), length > 0 ? static_cast<size_t>(length) : 0};
}

TEST(Elf, OffsetIsWhereTheCodeLies) {
  const auto file = ElfFile::open(self());
  ASSERT_TRUE(file.ok());
  const ElfSymbol* symbol = file->find("elf_test_marker");
  ASSERT_NE(symbol, nullptr);
  // The bytes at the offset are those in memory.
  std::array<char, 16> bytes = {};
  std::ifstream stream(self(), std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(symbol->offset));
  stream.read(bytes.data(), bytes.size());
  EXPECT_EQ(std::memcmp(bytes.data(), reinterpret_cast<const void*>(&elf_test_marker), 8), 0);
  EXPECT_EQ(file->find("no_such_function"), nullptr);
}

TEST(Elf, MainWithoutItsSymbol) {
  const auto file = ElfFile::open(self());
  ASSERT_TRUE(file.ok());
  const ElfSymbol* symbol = file->find("main");
  ASSERT_NE(symbol, nullptr);
#if defined(__x86_64__)
  EXPECT_EQ(file->main_address(), symbol->address);
#endif
}

// A table of versions whose second entry leads back to the first is not followed for ever.
TEST(Elf, VersionsThatGoInACircle) {
  const auto path = find_binary("libc");
  ASSERT_TRUE(path);
  std::ifstream original(*path, std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(original), {});
  const auto part = [&]<typename T>(T& into, uint64_t at) {
    ASSERT_LE(at + sizeof into, bytes.size());
    std::memcpy(&into, bytes.data() + at, sizeof into);
  };
  Elf64_Ehdr header = {};
  part(header, 0);
  bool found = false;
  for (uint64_t i = 0; i < header.e_shnum && !found; ++i) {
    Elf64_Shdr section = {};
    part(section, header.e_shoff + i * header.e_shentsize);
    if (section.sh_type != SHT_GNU_verdef) continue;
    found = true;
    Elf64_Verdef first = {}, second = {};
    part(first, section.sh_offset);
    const uint64_t at = section.sh_offset + first.vd_next;
    part(second, at);
    second.vd_next = 0 - first.vd_next;
    std::memcpy(bytes.data() + at, &second, sizeof second);
  }
  ASSERT_TRUE(found);
  const std::string circle = testing::TempDir() + "/circle.so." + std::to_string(getpid());
  std::ofstream(circle, std::ios::binary) << bytes;
  const auto file = ElfFile::open(circle);
  unlink(circle.c_str());
  ASSERT_TRUE(file.ok());
  EXPECT_NE(file->find("malloc"), nullptr);
}

TEST(Elf, LibraryByItsBareName) {
  const auto path = find_binary("libc");
  ASSERT_TRUE(path.has_value());
  EXPECT_NE(path->find("libc.so"), std::string::npos) << *path;
  const auto file = ElfFile::open(*path);
  ASSERT_TRUE(file.ok());
  EXPECT_NE(file->find("fopen"), nullptr);
  const auto names = file->names();
  EXPECT_NE(std::find(names.begin(), names.end(), "fopen"), names.end());
  EXPECT_FALSE(file->main_address().has_value());
}

TEST(Elf, VersionsOfASymbol) {
  const auto path = find_binary("libc");
  ASSERT_TRUE(path.has_value());
  const auto file = ElfFile::open(*path);
  ASSERT_TRUE(file.ok());
  const ElfSymbol* plain = file->find("pthread_cond_wait");
  ASSERT_NE(plain, nullptr);
  EXPECT_TRUE(plain->is_default);
  ASSERT_FALSE(plain->version.empty());
  EXPECT_EQ(file->find("pthread_cond_wait@" + std::string(plain->version)), plain);
  EXPECT_EQ(file->find("pthread_cond_wait@@" + std::string(plain->version)), plain);
  EXPECT_EQ(file->find("pthread_cond_wait@GLIBC_0.0"), nullptr);
}

TEST(Elf, WordsForFiles) {
  EXPECT_EQ(find_binary(self()), self());
  EXPECT_TRUE(find_binary("sh").has_value());
  EXPECT_FALSE(find_binary("no-such-program-anywhere").has_value());
  EXPECT_FALSE(find_binary("/nonexistent/program").has_value());
  EXPECT_FALSE(find_binary("/tmp").has_value());
}

TEST(Elf, OtherFilesAreErrors) {
  EXPECT_FALSE(ElfFile::open("/etc/passwd").ok());
  EXPECT_FALSE(ElfFile::open("/nonexistent").ok());
}

TEST(LibraryCache, ReadsEntriesAndStopsAtItsEnd) {
  std::string bytes = "glibc-ld.so.cache1.1";
  const auto word = [&](uint32_t value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  word(2);  // entries, of which the second is cut off
  for (int i = 0; i < 6; ++i) word(0);
  ASSERT_EQ(bytes.size(), 48u);
  const uint32_t strings = 48 + 24;
  word(0x303);
  word(strings);
  word(strings + 10);
  for (int i = 0; i < 3; ++i) word(0);
  bytes += std::string("libz.so.1\0", 10) + std::string("/lib/libz.so.1\0", 15);
  const auto libraries = parse_library_cache(bytes);
  ASSERT_GE(libraries.size(), 1u);
  EXPECT_EQ(libraries[0].first, "libz.so.1");
  EXPECT_EQ(libraries[0].second, "/lib/libz.so.1");
  EXPECT_TRUE(parse_library_cache("").empty());
  EXPECT_TRUE(parse_library_cache("glibc-ld.so.cache1.1").empty());
}

}  // namespace
}  // namespace host
