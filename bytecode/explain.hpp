// A Program in the words of its user: what it may read, what the kernel computes and sends, what
// the host makes of that, what a run costs. For bpf-explain and for golden tests.
//
//   {|ctx| {who: $ctx.comm, kb: ($ctx.args.count / 1024)}}
//
//   kernel   row 0 sends $ctx.comm and $ctx.args.count
//   host     row 0 is {who: $ctx.comm, kb: divide($ctx.args.count, 1024)}
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bytecode/program.hpp"
#include "bytecode/schema.hpp"
#include "bytecode/value.hpp"

namespace bytecode {

// {fields kernel host maps code steps loops fuel size}. `texts` are the offsets in the source where
// what the closure takes along begins; lines are counted from the start of each.
//
//   fields  [{name type}]                             what the closure can use, behind `$ctx.`
//   kernel  [{row type event line source sends}]      what is sent for each place that makes rows
//   host    [{row value}]                             the row's value from what was sent
//   maps    [{name kind key line source}]
//   code    [{pc op operands line source}]
//   steps   the instructions of the longest way through that goes round no loop
//   loops   [{from to line source}]                   instructions that may run more than once
//   fuel    steps that a run may take
//   size    {instructions constants}                  constants in bytes
Record explain(const Program& program, const Schema& schema, std::span<const uint32_t> texts = {});

}  // namespace bytecode
