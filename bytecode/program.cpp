#include "bytecode/program.hpp"

#include <algorithm>

namespace bytecode {

bool same_program(const Program& a, const Program& b) {
  const auto same_insn = [](const vm_insn& x, const vm_insn& y) {
    return x.op == y.op && x.a == y.a && x.b == y.b && x.c == y.c && x.imm == y.imm;
  };
  return std::equal(a.code.begin(), a.code.end(), b.code.begin(), b.code.end(), same_insn) &&
         a.pool == b.pool && a.fuel == b.fuel && a.source == b.source && a.spans == b.spans &&
         a.rows == b.rows && a.maps == b.maps;
}

}  // namespace bytecode
