// Rust's own mangling: names as compilers write them, and what is none.
#include "host/rust_names.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

#include "host/frame_names.hpp"

namespace host {
namespace {

const std::pair<const char*, const char*> names[] = {
    {"_RNvC7mycrate4main", "mycrate::main"},
    {"_RNvCs15kBYyAo9fc_7mycrate7example", "mycrate::example"},
    {"_RNvMs5_NtNtCsjrHSEGnQ3l9_3std2io5errorNtB5_5Error3new", "<std::io::error::Error>::new"},
    {"_RINvMs5_NtNtCsjrHSEGnQ3l9_3std2io5errorNtB6_5Error3newReEBa_",
     "<std::io::error::Error>::new::<&str>"},
    {"_RNvXs_C7mycrateNtB4_4TypeNtNtC4core3fmt5Debug3fmt",
     "<mycrate::Type as core::fmt::Debug>::fmt"},
    {"_RNCNvC7mycrate4main0B3_", "mycrate::main::{closure#0}"},
    {"_RNCNvC7mycrate4mains_0B3_", "mycrate::main::{closure#1}"},
    {"_RNSNvC7mycrate4main6vtableB3_", "mycrate::main::{shim:vtable#0}"},
    {"_RINvC7mycrate3boxAhj10_EB2_", "mycrate::box::<[u8; 16]>"},
    {"_RINvC7mycrate3boxTlEEB2_", "mycrate::box::<(i32,)>"},
    {"_RINvC7mycrate3boxTlQmSxEEB2_", "mycrate::box::<(i32, &mut u32, [i64])>"},
    {"_RINvC7mycrate3boxKb1_Klnf_Kc61_EB2_", "mycrate::box::<true, -15, 'a'>"},
    {"_RINvC7mycrate3boxFUKCPhOsEuEB2_",
     "mycrate::box::<unsafe extern \"C\" fn(*const u8, *mut i16)>"},
    {"_RINvC7mycrate3boxFG_RL0_eEbEB2_", "mycrate::box::<for<'a> fn(&'a str) -> bool>"},
    {"_RINvC7mycrate3boxDNtC4core4SendINtBi_2FnlEp6OutputbEL_EB2_",
     "mycrate::box::<dyn core::Send + core::Fn<i32, Output = bool>>"},
    {"_RNvC7mycrateu8gdel_5qa", "mycrate::punycode{gdel_5qa}"},
    {"_RNvC7mycrate4main.llvm.0123456789ABCDEF", "mycrate::main"},
};

TEST(RustNames, AsPeopleWriteThem) {
  for (const auto& [symbol, name] : names) {
    const auto found = rust_name(symbol);
    EXPECT_EQ(found.value_or(""), name) << symbol;
    EXPECT_EQ(frame_name(symbol), name);
  }
}

TEST(RustNames, WhatIsNone) {
  for (const char* symbol :
       {"", "_R", "_Rx", "_R0", "_Reader", "main", "_ZN4core3fmt5write17h0123456789abcdefE", "_RC",
        "_RNvC", "_RNvC99999999999999999999999x1y", "_RB_", "_RNvB_1x", "_RINvC1a1bB5_E",
        "_RINvC1a1bKhzz_E", "_RINvC1a1bRL9_eE", "_RINvC1a1bFGzzzzzzzz_uE"})
    EXPECT_FALSE(rust_name(symbol)) << symbol;
}

// Neither what is cut short, nor changed, nor nested without end is read for ever or beyond its
// end.
TEST(RustNames, BrokenOnesEnd) {
  for (const auto& [symbol, name] : names) {
    const std::string whole = symbol;
    for (size_t length = 0; length < whole.size(); ++length) rust_name(whole.substr(0, length));
    for (size_t at = 2; at < whole.size(); ++at)
      for (const char c : std::string("BEGIKLNRTs_09z")) {
        std::string changed = whole;
        changed[at] = c;
        rust_name(changed);
      }
  }
  EXPECT_FALSE(rust_name("_RINvC1a1b" + std::string(10000, 'R') + "eE"));
  // Each part doubles the one before.
  std::string doubling = "_RINvC1a1bTmmE";
  size_t last = doubling.size() - 6;
  for (int i = 0; i < 40; ++i) {
    const size_t start = doubling.size() - 2;
    const auto digit = [](size_t value) {
      constexpr char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
      std::string text;
      for (--value;; value /= 62) {
        text += digits[value % 62];
        if (value < 62) break;
      }
      std::reverse(text.begin(), text.end());
      return "B" + text + "_";
    };
    doubling += "T" + digit(last) + digit(last) + "E";
    last = start;
  }
  EXPECT_FALSE(rust_name(doubling + "E"));
}

}  // namespace
}  // namespace host
