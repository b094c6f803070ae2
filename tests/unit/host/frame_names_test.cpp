// Names of functions as frames show them.
#include "host/frame_names.hpp"

#include <gtest/gtest.h>

namespace host {
namespace {

TEST(FrameNames, OfC) {
  for (const char* name : {"main", "do_sys_openat2", "foo.cold", "_start", "", "_Z", "_Zwrong"})
    EXPECT_EQ(frame_name(name), name);
}

TEST(FrameNames, OfCplusplusWithoutTheSignature) {
  EXPECT_EQ(frame_name("_ZN2ns1fEiPKc"), "ns::f");
  EXPECT_EQ(frame_name("_ZNK2ns5House5enterEi"), "ns::House::enter");
  EXPECT_EQ(frame_name("_ZN2ns5twiceIiEET_S1_"), "ns::twice<int>");
  EXPECT_EQ(frame_name("_ZN12_GLOBAL__N_16hiddenEi"), "(anonymous namespace)::hidden");
  EXPECT_EQ(frame_name("_ZZ4mainENKUliE_clEi"), "main::{lambda(int)#1}::operator()");
  EXPECT_EQ(frame_name("_Znwm"), "operator new");
  EXPECT_EQ(frame_name("_ZN1AcvbEv"), "A::operator bool");
  EXPECT_EQ(frame_name("_ZTV1A"), "vtable for A");
}

TEST(FrameNames, WhatACompilerSplitOff) {
  EXPECT_EQ(frame_name("_ZN2ns1fEi.cold"), "ns::f.cold");
  EXPECT_EQ(frame_name("_ZN2ns1fEi.constprop.0"), "ns::f.constprop.0");
  EXPECT_EQ(frame_name("_ZN2ns1fEi.part.0.cold"), "ns::f.part.0.cold");
}

TEST(FrameNames, Signatures) {
  EXPECT_EQ(without_signature("void ns::f<int, long>(int (*)(long), A<(B)1>) const &"),
            "ns::f<int, long>");
  EXPECT_EQ(without_signature("std::map<int, A (B)>::at(int const&)"), "std::map<int, A (B)>::at");
  EXPECT_EQ(without_signature("f()::{lambda()#1}::operator()() const"),
            "f()::{lambda()#1}::operator()");
  EXPECT_EQ(without_signature(")"), ")");
  EXPECT_EQ(without_signature("()"), "()");
  EXPECT_EQ(without_signature(""), "");
}

TEST(FrameNames, OfOlderRust) {
  EXPECT_EQ(frame_name("_ZN4core3fmt5write17h0123456789abcdefE"), "core::fmt::write");
  EXPECT_EQ(frame_name("_ZN4core3fmt5write17h0123456789abcdefE.llvm.123"), "core::fmt::write");
  EXPECT_EQ(frame_name("_ZN38_$LT$T$u20$as$u20$core..fmt..Debug$GT$3fmt17h0123456789abcdefE"),
            "<T as core::fmt::Debug>::fmt");
  EXPECT_EQ(rust_text("a::b::{{closure}}"), "a::b::{{closure}}");
  EXPECT_EQ(rust_text("$RF$mut$u20$T$"), "&mut T$");
}

}  // namespace
}  // namespace host
