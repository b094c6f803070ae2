// Loops: the only code that jumps backward.

#include <algorithm>
#include <utility>

#include "bytecode/lower/lower.hpp"

namespace bytecode {
namespace {

// What only a loop's later rounds show: whether a mut may have become null. True if something was
// added to what `before` knew.
bool learn_nulls(Operand& before, const Operand& after) {
  bool learnt = after.is_mut && after.nullable && !before.nullable;
  before.nullable |= learnt;
  for (size_t i = 0; i < before.members.size() && i < after.members.size(); ++i)
    learnt |= learn_nulls(before.members[i].second, after.members[i].second);
  return learnt;
}

}  // namespace

// Lowers a loop again, with what its rounds do to the variables before it, until that is all.
void Lowering::until_stable(const std::function<void()>& lower_loop) {
  while (true) {
    Checkpoint before = checkpoint();
    lower_loop();
    bool learnt = false;
    for (size_t i = 0; i < before.variables.size(); ++i)
      learnt |= learn_nulls(before.variables[i].operand, variables_[i].operand);
    if (!learnt) return;
    roll_back(before);
  }
}

void Lowering::loop_body(const ast::Block& block, Assembler::Label next, Assembler::Label end) {
  loops_.push_back({end, next});
  this->block(block, Want::nothing);
  loops_.pop_back();
}

Operand Lowering::loop(const ast::While& node, Span span) {
  until_stable([&] {
    Assembler::Label top = code_.new_label(), end = code_.new_label();
    code_.bind(top);
    if (node.condition) branch(*node.condition, false, end);
    loop_body(node.block, top, end);
    code_.jump(VM_OP_jmp, 0, top);
    code_.bind(end);
  });
  return null(span);
}

Operand Lowering::for_each(const ast::For& node, Span span) {
  uint32_t mark = code_.registers(), blocks = code_.blocks();
  Operand given = value(*node.values);
  if (given.bad() || given.never) return given;
  std::function<Operand(const Operand&)> loop = [&](const Operand& values) -> Operand {
    if (values.bad() || values.never) return values;
    // The loop stands once for each value that it may go through.
    if (values.home == Operand::Home::choice && !is_scalar(values.type))
      return distributed(values, loop);
    if (is_host_only(values))
      return fail(node.values->span, "a loop runs in the kernel", "this is made by the host",
                  "loop over a range or a list of what the kernel has");
    if (values.type == Type::range) {
      for_range(node, values);
    } else if (values.type == Type::list) {
      for_list(node, values);
    } else {
      Operand one;  // anything else is a list of one, as Nushell has it
      one.type = Type::list;
      one.home = Operand::Home::aggregate;
      one.members.emplace_back("", values);
      for_list(node, one);
    }
    return null(span);
  };
  Operand result = loop(given);
  code_.release_registers(mark);
  code_.release_blocks(blocks);
  return result;
}

// A list's length is known here: its rounds stand one after another.
void Lowering::for_list(const ast::For& node, const Operand& list) {
  Assembler::Label end = code_.new_label();
  for (auto& [name, item] : members_of(list)) {
    Assembler::Label next = code_.new_label();
    uint32_t mark = code_.registers(), blocks = code_.blocks();
    if (item.present) code_.jump(VM_OP_jz, *item.present, next);
    Operand value = kept(item);
    value.present.reset();
    variables_.push_back({node.name, std::move(value)});
    loop_body(node.block, next, end);
    variables_.pop_back();
    code_.release_registers(mark);
    code_.release_blocks(blocks);
    code_.bind(next);
  }
  code_.bind(end);
}

Bounds Lowering::bounds_of(const Operand& range) {
  Bounds bounds;
  bounds.exclusive = range.exclusive;
  if (const Range* known = range.constant.get_if<Range>()) {
    bounds.from = constant_operand(Value(known->start), range.span);
    if (known->end) bounds.to = constant_operand(Value(*known->end), range.span);
    bounds.exclusive = !known->inclusive;
    bool plain = known->end && known->step == (known->start <= *known->end ? 1 : -1);
    if (!plain && !(known->step == 1 && !known->end))
      bounds.next = constant_operand(Value(known->start + known->step), range.span);
    return bounds;
  }
  for (const auto& [name, member] : range.members) {
    if (name == "from") bounds.from = member;
    if (name == "next") bounds.next = member;
    if (name == "to") bounds.to = member;
  }
  return bounds;
}

// The counter goes from one end to the other, and is compared before it is moved, so that no end
// overflows. Which way it goes may be known only when it runs.
void Lowering::for_range(const ast::For& node, const Operand& range) {
  Bounds bounds = bounds_of(range);
  auto in_register = [&](const Operand& operand) {
    uint8_t reg = code_.take_registers(1);
    uint32_t mark = code_.registers();
    Operand held = force(operand);
    code_.emit(VM_OP_mov, reg, held.reg);
    code_.release_registers(mark);
    return reg;
  };
  uint8_t counter = in_register(bounds.from);
  uint8_t step = code_.take_registers(1);
  std::optional<uint8_t> end;
  if (bounds.to) end = in_register(*bounds.to);
  Assembler::Label done = code_.new_label();

  if (bounds.next) {
    uint8_t next = in_register(*bounds.next);
    code_.emit(VM_OP_sub, step, next, counter);
  } else if (end) {
    code_.emit_imm(VM_OP_ldi, step, 1);
    uint8_t up = code_.take_registers(1);
    code_.emit(VM_OP_le, up, counter, *end);
    Assembler::Label upward = code_.new_label();
    code_.jump(VM_OP_jnz, up, upward);
    code_.emit_imm(VM_OP_ldi, step, -1);
    code_.bind(upward);
  } else {
    code_.emit_imm(VM_OP_ldi, step, 1);
  }
  until_stable([&] {
    Assembler::Label top = code_.new_label(), next = code_.new_label();
    uint8_t test = code_.take_registers(1);
    done = code_.new_label();
    code_.bind(top);
    // Past the end in the direction of the step; only steps of one can rely on meeting it.
    if (end && (bounds.next || bounds.exclusive)) {
      Assembler::Label down = code_.new_label(), body = code_.new_label();
      code_.branch(VM_OP_jlti, step, 0, down);
      code_.emit(bounds.exclusive ? VM_OP_le : VM_OP_lt, test, *end, counter);
      code_.jump(VM_OP_jnz, test, done);
      code_.jump(VM_OP_jmp, 0, body);
      code_.bind(down);
      code_.emit(bounds.exclusive ? VM_OP_le : VM_OP_lt, test, counter, *end);
      code_.jump(VM_OP_jnz, test, done);
      code_.bind(body);
    }
    uint32_t mark = code_.registers(), blocks = code_.blocks();
    Operand item;
    item.type = Type::integer;
    item.home = Operand::Home::reg;
    item.reg = code_.take_registers(1);
    code_.emit(VM_OP_mov, item.reg, counter);
    variables_.push_back({node.name, item});
    loop_body(node.block, next, done);
    variables_.pop_back();
    code_.release_registers(mark);
    code_.release_blocks(blocks);
    code_.bind(next);
    if (end) {
      code_.emit(VM_OP_eq, test, counter, *end);
      code_.jump(VM_OP_jnz, test, done);
    }
    code_.emit(VM_OP_add, counter, counter, step);
    code_.jump(VM_OP_jmp, 0, top);
    code_.bind(done);
  });
}

Operand Lowering::leave_loop(Span span, bool next) {
  if (loops_.size() <= frames_.back().loops)
    return fail(span, next ? "`continue` outside a loop" : "`break` outside a loop",
                "no loop around it",
                frames_.size() > 1 ? "a closure cannot leave the loop around it"
                                   : "to end the run early use return");
  code_.jump(VM_OP_jmp, 0, next ? loops_.back().next : loops_.back().end);
  return never(span);
}

}  // namespace bytecode
