// The value of several branches, of which one runs.
//
//   joined(span, [&](Join& join) {
//     Assembler::Label other = code_.new_label();
//     branch(condition, false, other);
//     join.take(value(then));     // ends this branch: jumps behind the join
//     code_.bind(other);
//     join.take(value(otherwise));
//   });
//
// Scalars of one type end in one register (null is its flag, or the null handle). Anything else is
// a choice: each branch leaves its value where it is and its number in a register, and who needs
// the value asks for the number. Registers that a branch not taken would have written hold 0 or the
// null handle.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "bytecode/lower/assembler.hpp"
#include "bytecode/lower/types.hpp"

namespace bytecode {

class Lowering;

class Join {
 public:
  // The end of a branch: the value, then a jump behind the join. What never goes on
  // (Operand::never) leaves no value.
  void take(Operand value);

 private:
  friend class Lowering;

  // What the branches turned out to need; lowered again until it is what was assumed.
  struct Plan {
    bool choice = false;
    std::map<uint8_t, bool> leaves;  // registers to fill before the branches; true: a handle
    friend bool operator==(const Plan&, const Plan&) = default;
  };

  // What the branches so far have left: rolled back with their code, for `return` takes from
  // within joins that are lowered again.
  struct Taken {
    Plan needed;
    bool bad = false;
    Operand result;
    std::vector<uint32_t> nulls;  // instructions that load a null whose type is not known yet
    Assembler::Held held;
  };

  Join(Lowering& lowering, Span span, const Plan& plan, bool scalar);
  void take_scalar(Operand value);
  void take_choice(Operand value);
  Operand result();

  Lowering& lowering_;
  Span span_;
  const Plan& plan_;
  bool scalar_;      // a register is needed: other values are errors
  uint8_t reg_ = 0;  // of the value and its flag, or of the number of the choice
  Assembler::Label end_ = 0;
  Taken taken_;
  uint32_t first_register_ = 0;  // of the branches' own
};

}  // namespace bytecode
