#include "bytecode/lower/join.hpp"

#include <algorithm>
#include <utility>

#include "bytecode/lower/lower.hpp"

namespace bytecode {

Join::Join(Lowering& lowering, Span span, const Plan& plan, bool scalar)
    : lowering_(lowering), span_(span), plan_(plan), scalar_(scalar) {
  Assembler& code = lowering_.code_;
  taken_.needed.choice = plan_.choice;
  reg_ = code.take_registers(plan_.choice ? 1 : 2);
  end_ = code.new_label();
  first_register_ = code.registers();
  taken_.result = lowering_.null(span);
  taken_.result.reg = reg_;
}

void Join::take(Operand value) {
  if (value.never) return;
  taken_.bad |= value.bad();
  if (!value.bad()) {
    if (plan_.choice)
      take_choice(std::move(value));
    else
      take_scalar(std::move(value));
  }
  // After `return` the statement around it releases what it took, and the code goes on.
  lowering_.code_.hold();
  taken_.held = lowering_.code_.held();
  lowering_.code_.jump(VM_OP_jmp, 0, end_);
}

// What stands for null depends on the type, which may be known only after the branch that is null:
// it is filled in then.
void Join::take_scalar(Operand value) {
  Assembler& code = lowering_.code_;
  bool is_null = value.type == Type::null;
  if (scalar_ && !is_null) {
    if (!is_scalar(value.type)) {
      lowering_.fail(value.span, "the kernel needs an int, a bool, a string or a time here",
                     "this is " + with_article(value.type), "use it in an output only");
      taken_.bad = true;
      return;
    }
    value = lowering_.force(std::move(value));
    taken_.bad |= value.bad();
    if (value.bad()) return;
  }
  bool held = value.home == Operand::Home::reg || value.home == Operand::Home::builtin ||
              value.home == Operand::Home::field ||
              (value.is_constant() && (value.integer() || value.text()));
  bool first = taken_.result.type == Type::null;
  bool fits = is_scalar(value.type) && held && (first || taken_.result.type == value.type);
  // Branches that point to different things, or are shown differently, stay apart where they can.
  if (fits && !first && !scalar_) fits = lowering_.is_alike(taken_.result, value);
  if (value.is_named_by_host()) fits = !scalar_ && fits;
  if (scalar_ && !is_null && !fits) {
    lowering_.fail(value.span, "the branches have different types",
                   "this is " + with_article(value.type),
                   "another branch is " + with_article(taken_.result.type));
    taken_.bad = true;
    return;
  }
  taken_.needed.choice |= !fits && !is_null;
  if (is_null) {
    taken_.nulls.push_back(code.emit_imm(VM_OP_ldi, reg_, 0));
    code.emit_imm(VM_OP_ldi, reg_ + 1u, 1);
    taken_.result.nullable = true;
  } else if (fits) {
    bool alike = first || lowering_.is_alike(taken_.result, value);
    taken_.result.type = value.type;
    // Numbers of different widths have none in common.
    bool is_named = lowering_.is_pointer(value) || value.shown == As::enumeration;
    bool same = first || taken_.result.ctype == value.ctype || (alike && is_named);
    if (first || !same) taken_.result.ctype = same ? value.ctype : CRef{};
    taken_.result.shown = alike ? value.shown : std::nullopt;
    value = lowering_.force(std::move(value));
    code.emit(VM_OP_mov, reg_, value.reg);
    if (!value.is_text()) {
      if (value.nullable)
        code.emit(VM_OP_mov, reg_ + 1u, value.reg + 1u);
      else
        code.emit_imm(VM_OP_ldi, reg_ + 1u, 0);
    }
    taken_.result.capacity = std::max(taken_.result.capacity, value.capacity);
    taken_.result.nullable |= value.nullable;
  }
  code.release_registers(first_register_);
}

// The value stays where it is. What other branches leave in registers is nothing in this one.
void Join::take_choice(Operand value) {
  Assembler& code = lowering_.code_;
  Span span = value.span;
  value = lowering_.kept(std::move(value));
  value.span = span;
  Plan own;
  lowering_.each_leaf(value, [&](uint8_t reg, bool is_handle) {
    if (reg >= first_register_) own.leaves.emplace(reg, is_handle);
  });
  for (const auto& [reg, is_handle] : plan_.leaves)
    if (!own.leaves.contains(reg)) code.emit_imm(VM_OP_ldi, reg, is_handle ? -1 : 0);
  taken_.needed.leaves.insert(own.leaves.begin(), own.leaves.end());
  code.emit_imm(VM_OP_ldi, reg_, static_cast<int32_t>(taken_.result.members.size()));

  bool first = std::all_of(taken_.result.members.begin(), taken_.result.members.end(),
                           [](const auto& member) { return member.second.type == Type::null; });
  if (value.type == Type::null)
    taken_.result.nullable = true;
  else if (first)
    taken_.result.type = value.type;
  else if (taken_.result.type != value.type)
    taken_.result.type = Type::any;
  taken_.result.nullable |= value.nullable;
  taken_.result.capacity = std::max(taken_.result.capacity, value.capacity);
  taken_.result.members.emplace_back("", std::move(value));
}

Operand Join::result() {
  Assembler& code = lowering_.code_;
  taken_.result.span = span_;
  if (taken_.bad) {
    taken_.result = Operand();
    taken_.result.type = Type::bad;
    taken_.result.span = span_;
    return taken_.result;
  }
  if (plan_.choice) {
    // A choice between one is that one.
    if (taken_.result.members.size() == 1) {
      Operand only = taken_.result.members.front().second;
      only.span = span_;
      return only;
    }
    taken_.result.home = Operand::Home::choice;
    return taken_.result;
  }
  if (taken_.result.type == Type::null) {
    if (taken_.nulls.empty()) return lowering_.never(span_);
    taken_.result.nullable = false;
    return taken_.result;
  }
  if (taken_.result.is_text())
    for (uint32_t index : taken_.nulls) code.set_imm(index, -1);  // VM_STR_NULL
  taken_.result.home = Operand::Home::reg;
  return taken_.result;
}

Operand Lowering::joined(Span span, const std::function<void(Join&)>& branches, bool scalar) {
  Join::Plan plan;
  while (true) {
    Checkpoint before = checkpoint();
    Join join(*this, span, plan, scalar);
    joins_.push_back(&join);
    branches(join);
    joins_.pop_back();
    code_.bind(join.end_);
    Assembler::Held held;  // what `return` has left for joins that are still open
    for (const Join* open : joins_) {
      held.registers = std::max(held.registers, open->taken_.held.registers);
      held.blocks = std::max(held.blocks, open->taken_.held.blocks);
    }
    code_.hold_only(held);
    if (join.taken_.bad || join.taken_.needed == plan) return join.result();
    if (!spend(span)) return bad_operand(span);
    plan = join.taken_.needed;
    roll_back(before);
  }
}

Operand Lowering::distributed(const Operand& choice,
                              const std::function<Operand(const Operand&)>& f) {
  return joined(choice.span, [&](Join& join) { each_alternative(choice, join, f); });
}

void Lowering::each_alternative(const Operand& choice, Join& join,
                                const std::function<Operand(const Operand&)>& f) {
  for (size_t i = 0; i < choice.members.size() && spend(choice.span); ++i) {
    Operand alternative = choice.members[i].second;
    alternative.span = choice.span;
    Assembler::Label next = code_.new_label();
    bool is_last = i + 1 == choice.members.size();
    if (!is_last) code_.branch(VM_OP_jnei, choice.reg, static_cast<int32_t>(i), next);
    join.take(f(alternative));
    code_.bind(next);
  }
}

// Every register that the value needs to be read.
void Lowering::each_leaf(const Operand& operand,
                         const std::function<void(uint8_t reg, bool is_handle)>& f) const {
  if (operand.present) f(*operand.present, false);
  if (operand.home == Operand::Home::choice) f(operand.reg, false);
  if (operand.home == Operand::Home::reg) {
    f(operand.reg, operand.is_text());
    if (operand.is_flagged()) f(static_cast<uint8_t>(operand.reg + 1), false);
  }
  if (operand.base) f(*operand.base, false);
  for (const auto& [name, member] : operand.members) each_leaf(member, f);
  if (operand.computed)
    for (const Operand& arg : operand.computed->args) each_leaf(arg, f);
}

}  // namespace bytecode
