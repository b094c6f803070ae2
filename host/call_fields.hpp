// A function's arguments and result as the fields of a uprobe's context: which register or place on
// the stack the calling convention gives to each of its types.
//
// What a probe cannot read stays in the list, as a field of kind array without a ctype whose `type`
// says why: "double, in a vector register". The ones after it keep their places.
#pragma once

#include <vector>

#include "bytecode/schema.hpp"
#include "host/dwarf.hpp"
#include "host/pt_regs.hpp"

namespace host {

struct CallFields {
  std::vector<bytecode::Field> args;  // at the function's first instruction
  bytecode::Field retval;             // when it returns
};
CallFields call_fields(const Dwarf& dwarf, const DwarfFunction& function, Arch arch = native_arch);

// The result of a function that nothing is known of: 64 bits with a sign.
bytecode::Field plain_result(Arch arch = native_arch);

}  // namespace host
