// The grammar that closures are drawn from: one row for each way to make an expression.
//
// A production's text is Nushell with holes:
//
//   %i %b %s %d %z %t %f %l %w %o   an expression of a type: int, bool, string, duration, filesize,
//                                   date, float, list of ints, list of strings, any output
//   %v                              a scalar that a register holds
//   %!i ...                         the same, of what the kernel can compute, whatever is around it
//   %#i ...                         a literal of the type
//   %L                              a list of records {a: int, b: string}
//   %k, %K                          a literal from 0 to 5, from 1 to 5
//   %n                              an int that is mostly small
//   %p                              a literal as a pattern has it, from 0 to 14
//   %D                              a literal duration that a date can bear
//   %r                              a pattern of =~ that is plain text, perhaps with an anchor
//   %#q                             a literal int that is not 0
//   %@i ... %~                      the name (without $) of a new variable of the type, known up to
//                                   %~, where mutable variables of outside are not: a closure's;
//                                   %@R is a record {a: int, b: string}, %@_ no variable
//   %@!i ...                        one that the kernel knows, whatever is around it
//   %&i ... %~                      the same for a block, which does see them
//   %( ... %)                       only the variable named last is known: Nushell finds no other
//   in a
//                                   guard
//   %.i ...                         an expression without a quotation mark
//   %$                              the event
//   %[OURS%|NUSHELL%]               text that we are given, and what Nushell is given for it
//   %%                              a percent sign
//
// An expression of several words stands in parentheses, so that it fits every hole; what is written
// without them is the business of chains.cpp.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "tests/fuzz/tree.hpp"

namespace fuzz {

// What a compiler has to know, to be given such closures.
enum class Feature : uint8_t {
#define FEATURE(name, what) name,
#include "tests/fuzz/features.def"
#undef FEATURE
};

enum class Where : uint8_t {
  anywhere,
  host,  // only the host can compute it, so it may only reach an output
};

struct Production {
  Type result;
  Feature feature;
  Where where;
  unsigned weight;
  std::string_view text;
};

std::span<const Production> productions();

}  // namespace fuzz
