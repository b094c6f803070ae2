// Names for kernel addresses: from text of the test's own, and from this machine's kernel.
#include "host/kernel_symbols.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

namespace host {
namespace {

class KernelSymbolsTest : public testing::Test {
 protected:
  KernelSymbolsTest() {
    for (std::string* path : {&symbols_, &modules_}) {
      *path = "/tmp/kernel_symbols.XXXXXX";
      close(mkstemp(path->data()));
    }
    write(symbols_,
          "ffffffff81000000 T _stext\n"
          "ffffffff81000000 T startup_64\n"
          "ffffffff81000ff0 t __pfx_do_open\n"
          "ffffffff81001000 t do_open\n"
          "ffffffff81001000 T do_open_alias\n"
          "ffffffff81001080 D some_data\n"
          "ffffffff81002000 T last_function\n"
          "ffffffffc0201000 t nf_hook\t[nf_tables]\n"
          "ffffffffc0200000 t nf_first\t[nf_tables]\n"
          "ffffffffc0600000 t bpf_prog_0123_one\t[bpf]\n");
    write(modules_, "nf_tables 8192 0 - Live 0xffffffffc0200000\n");
  }
  ~KernelSymbolsTest() override {
    unlink(symbols_.c_str());
    unlink(modules_.c_str());
  }

  static void write(const std::string& path, const std::string& text) {
    std::ofstream(path) << text;
  }
  static std::string at(KernelSymbols& symbols, uint64_t address) {
    const auto found = symbols.find(address);
    if (!found) return "-";
    std::string text = std::string(found->name) + "+" + std::to_string(found->offset);
    if (!found->module.empty()) text += " [" + std::string(found->module) + "]";
    return text;
  }

  std::string symbols_, modules_;
};

TEST_F(KernelSymbolsTest, AddressesByTheSymbolBelow) {
  KernelSymbols symbols(symbols_, modules_);
  EXPECT_EQ(symbols.bytes(), 0u);
  EXPECT_EQ(at(symbols, 0xffffffff81000000), "_stext+0");
  EXPECT_EQ(at(symbols, 0xffffffff81001001), "do_open+1");
  EXPECT_EQ(at(symbols, 0xffffffff81001090), "do_open+144");  // data ends no function
  EXPECT_EQ(at(symbols, 0xffffffffc0200fff), "nf_first+4095 [nf_tables]");
  EXPECT_EQ(at(symbols, 0xffffffffc0201001), "nf_hook+1 [nf_tables]");
  EXPECT_EQ(at(symbols, 0xffffffffc0600020), "bpf_prog_0123_one+32 [bpf]");
  EXPECT_GT(symbols.bytes(), 0u);
  symbols.rest();
  EXPECT_EQ(symbols.bytes(), 0u);
  EXPECT_EQ(at(symbols, 0xffffffff81001001), "do_open+1");
}

TEST_F(KernelSymbolsTest, NothingReachesBeyondItsModule) {
  KernelSymbols symbols(symbols_, modules_);
  EXPECT_EQ(at(symbols, 0xffffffff80ffffff), "-");
  EXPECT_EQ(at(symbols, 0xffffffff82000000), "-");
  EXPECT_EQ(at(symbols, 0xffffffffc0202000), "-");
  EXPECT_EQ(at(symbols, 0xffffffffc0800000), "-");
  EXPECT_EQ(at(symbols, UINT64_MAX), "-");
  EXPECT_EQ(at(symbols, 0), "-");
}

TEST_F(KernelSymbolsTest, AModuleThatComesLaterIsFoundASecondLater) {
  KernelSymbols symbols(symbols_, modules_);
  EXPECT_EQ(at(symbols, 0xffffffffc0401004), "-");
  std::ofstream(symbols_, std::ios::app) << "ffffffffc0401000 t new_one\t[newer]\n";
  std::ofstream(modules_, std::ios::app) << "newer 8192 0 - Live 0xffffffffc0400000\n";
  EXPECT_EQ(at(symbols, 0xffffffffc0401004), "-");  // it has only just been read
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  EXPECT_EQ(at(symbols, 0xffffffffc0401004), "new_one+4 [newer]");
}

TEST_F(KernelSymbolsTest, AModuleInAnothersPlaceIsNotMistakenForIt) {
  KernelSymbols symbols(symbols_, modules_);
  EXPECT_EQ(at(symbols, 0xffffffffc0201001), "nf_hook+1 [nf_tables]");
  write(symbols_, "ffffffffc0200f00 t other\t[other]\n");
  write(modules_, "other 8192 0 - Live 0xffffffffc0200000\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  EXPECT_EQ(at(symbols, 0xffffffffc0201001), "other+257 [other]");
}

TEST_F(KernelSymbolsTest, AProgramInAnothersPlaceIsNotMistakenForItWhereItIsTold) {
  KernelSymbols symbols(symbols_, modules_);
  EXPECT_EQ(at(symbols, 0xffffffffc0600020), "bpf_prog_0123_one+32 [bpf]");
  std::ofstream(symbols_, std::ios::app) << "ffffffffc0600010 t bpf_prog_4567_two\t[bpf]\n";
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  EXPECT_EQ(at(symbols, 0xffffffffc0600020), "bpf_prog_0123_one+32 [bpf]");
  symbols.stale();
  EXPECT_EQ(at(symbols, 0xffffffff81001001), "do_open+1");
  EXPECT_EQ(at(symbols, 0xffffffffc0600020), "bpf_prog_4567_two+16 [bpf]");
}

TEST_F(KernelSymbolsTest, HiddenAddressesAreAnError) {
  write(symbols_, "0000000000000000 T _stext\n0000000000000000 T do_open\n");
  KernelSymbols symbols(symbols_, modules_);
  EXPECT_EQ(at(symbols, 0xffffffff81001001), "-");
  ASSERT_FALSE(symbols.readable().ok());
  EXPECT_NE(symbols.readable().error().hint.find("kptr_restrict"), std::string::npos);
  KernelSymbols none("/nonexistent/kallsyms", modules_);
  EXPECT_FALSE(none.readable().ok());
  EXPECT_FALSE(none.find(0xffffffff81001001));
}

// What this machine's kernel lists is found at each function's second byte.
TEST(KernelSymbols, OfThisKernel) {
  KernelSymbols symbols;
  if (!symbols.readable().ok()) GTEST_SKIP() << "the kernel hides its addresses";
  const auto before = std::chrono::steady_clock::now();
  symbols.rest();
  ASSERT_TRUE(symbols.readable().ok());
  RecordProperty("load_us", static_cast<int>(std::chrono::duration_cast<std::chrono::microseconds>(
                                                 std::chrono::steady_clock::now() - before)
                                                 .count()));
  RecordProperty("table_bytes", static_cast<int>(symbols.bytes()));
  std::ifstream file("/proc/kallsyms");
  std::string line;
  int found = 0;
  while (found < 1000 && std::getline(file, line)) {
    if (line.find(" t vfs_") == std::string::npos && line.find(" T vfs_") == std::string::npos)
      continue;
    const uint64_t address = std::stoull(line, nullptr, 16);
    const auto symbol = symbols.find(address + 1);
    ASSERT_TRUE(symbol) << line;
    EXPECT_EQ(symbol->offset, 1u);
    ++found;
  }
  EXPECT_GT(found, 10);
}

}  // namespace
}  // namespace host
