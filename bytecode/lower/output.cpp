// Rows: what of a value goes into one, and how the host makes the value of it again.

#include <algorithm>
#include <utility>

#include "bytecode/lower/lower.hpp"

namespace bytecode {

// A row with this value. Everything that needs jumps has been computed; the rest is read as the row
// is filled, so that a record of any number of fields needs few registers.
void Lowering::row(RowType type, std::optional<std::string> event_type, Operand value, Span span) {
  if (value.bad()) return;
  RowSite site{
      .type = type, .event_type = std::move(event_type), .fields = {}, .value = {}, .span = span};
  uint32_t bytes = 0;
  sent_.clear();
  code_.emit_imm(VM_OP_row_begin, 0, static_cast<int32_t>(program_.rows.size()));
  size_t errors = errors_.size();
  Output result = output(value, site, bytes);
  code_.emit(VM_OP_row_send);
  site.value = std::move(result);
  if (errors_.size() == errors && site.fields.size() > VM_ROW_FIELDS_MAX)
    fail(span, "a row of " + std::to_string(site.fields.size()) + " fields", "too many",
         "the limit is " + std::to_string(VM_ROW_FIELDS_MAX) + "; emit two rows");
  else if (errors_.size() == errors && bytes > VM_ROW_MAX)
    fail(span, "a row of up to " + std::to_string(bytes) + " bytes", "too large",
         "the limit is " + std::to_string(VM_ROW_MAX) +
             "; send fewer strings, or shorter ones with --str-len");
  program_.rows.push_back(std::move(site));
}

// The closure's last value. Like `each`, a null makes no row: one known only at run time is jumped
// over.
void Lowering::row_unless_null(Operand value, Span span) {
  if (value.bad() || value.never || value.type == Type::null) return;
  if (value.home == Operand::Home::choice) {
    Assembler::Label end = code_.new_label();
    for (size_t i = 0; i < value.members.size(); ++i) {
      Assembler::Label next = code_.new_label();
      code_.branch(VM_OP_jnei, value.reg, static_cast<int32_t>(i), next);
      row_unless_null(value.members[i].second, span);
      code_.jump(VM_OP_jmp, 0, end);
      code_.bind(next);
    }
    code_.bind(end);
    return;
  }
  Assembler::Label skip = code_.new_label();
  bool reads = value.home == Operand::Home::builtin || value.home == Operand::Home::field;
  if (value.nullable && reads) value = force(std::move(value));
  if (value.computed && value.nullable) value = kept(std::move(value));
  skip_if_null(value, skip);
  value.nullable = false;
  row(RowType::custom, std::nullopt, std::move(value), span);
  code_.bind(skip);
}

// Jumps where the value is null: itself, or what the host would compute it from.
void Lowering::skip_if_null(const Operand& operand, Assembler::Label skip) {
  if (!operand.nullable) return;
  if (operand.computed) {
    for (const Operand& arg : operand.computed->args) skip_if_null(arg, skip);
    return;
  }
  if (operand.home != Operand::Home::reg) return;
  uint32_t mark = code_.registers();
  uint32_t flag = operand.reg + 1u;
  if (operand.is_text()) {
    flag = code_.take_registers(1);
    code_.emit(VM_OP_isnull, flag, operand.reg);
  }
  code_.jump(VM_OP_jnz, flag, skip);
  code_.release_registers(mark);
}

// Appends what the value needs to the row and says how to rebuild it.
Output Lowering::output(const Operand& operand, RowSite& site, uint32_t& bytes) {
  Output result;
  if (operand.bad()) return result;
  auto add_members = [&](const std::vector<std::pair<std::string, Operand>>& members) {
    for (const auto& [name, member] : members) {
      std::optional<uint16_t> present;
      if (member.present) present = raw_word(*member.present, site, bytes);
      result.members.emplace_back(name, output(member, site, bytes));
      result.members.back().second.present = present;
    }
  };
  switch (operand.home) {
    case Operand::Home::constant:
      result.constant = operand.constant;
      return result;
    case Operand::Home::aggregate:
    case Operand::Home::context:
      if (operand.type == Type::range) return range_output(operand, site, bytes);
      result.kind = operand.type == Type::list ? Output::Kind::list : Output::Kind::record;
      add_members(members_of(operand));
      return result;
    case Operand::Home::computed:
      result.kind = Output::Kind::call;
      result.function = operand.computed->function;
      for (const Operand& arg : operand.computed->args)
        result.members.emplace_back("", output(arg, site, bytes));
      return result;
    case Operand::Home::choice:
      result.kind = Output::Kind::choice;
      result.field = raw_word(operand.reg, site, bytes);
      add_members(operand.members);
      return result;
    case Operand::Home::closure:
      fail(operand.span, "a closure cannot be sent", "a closure", "call it: do $closure");
      return result;
    case Operand::Home::reg:
    case Operand::Home::builtin:
      return raw_output(operand, site, bytes);
    case Operand::Home::field:
      if (operand.is_place()) return place_output(operand, site, bytes);
      return raw_output(operand, site, bytes);
  }
  return result;
}

// A structure is the record of its members. An array goes out in one piece, and the host takes it
// apart.
Output Lowering::place_output(const Operand& place, RowSite& site, uint32_t& bytes) {
  Output result;
  std::vector<std::pair<std::string, Operand>> members = members_of(place);
  if (place.type == Type::record) {
    result.kind = Output::Kind::record;
    for (const auto& [name, member] : members)
      result.members.emplace_back(name, output(member, site, bytes));
    return result;
  }
  result.kind = Output::Kind::list;
  if (members.empty()) return result;
  const Operand& item = members.front().second;
  bool whole = !item.is_text() && !item.shown;
  if (!whole) {
    for (const auto& [name, member] : members)
      result.members.emplace_back(name, output(member, site, bytes));
    return result;
  }
  uint32_t mark = code_.registers(), blocks = code_.blocks();
  Operand piece = bytes_at(place, place.field->size);
  result.kind = Output::Kind::call;
  result.function = Function::unpack;
  // The piece may be read again elsewhere: it is not known by its field.
  Output raw;
  raw.kind = Output::Kind::field;
  raw.as = As::binary;
  raw.field = static_cast<uint16_t>(site.fields.size());
  code_.emit(VM_OP_row_str, piece.reg);
  site.fields.push_back(Raw::text);
  bytes += 8 + (piece.capacity + 7) / 8 * 8;
  code_.release_registers(mark);
  code_.release_blocks(blocks);
  auto constant = [&](Value value) {
    Output output;
    output.constant = std::move(value);
    result.members.emplace_back("", std::move(output));
  };
  result.members.emplace_back("", std::move(raw));
  constant(Value(int64_t{item.field->size}));
  constant(Value(item.field->is_signed));
  constant(Value(item.type == Type::boolean));
  return result;
}

Output Lowering::range_output(const Operand& range, RowSite& site, uint32_t& bytes) {
  Bounds bounds = bounds_of(range);
  Output result;
  result.kind = Output::Kind::range;
  auto add = [&](const std::optional<Operand>& end) {
    result.members.emplace_back("", end ? output(*end, site, bytes) : Output());
  };
  add(bounds.from);
  add(bounds.next);
  add(bounds.to);
  Output inclusive;
  inclusive.constant = Value(!bounds.exclusive);
  result.members.emplace_back("", std::move(inclusive));
  return result;
}

uint16_t Lowering::raw_word(uint8_t reg, RowSite& site, uint32_t& bytes) {
  auto index = static_cast<uint16_t>(site.fields.size());
  code_.emit(VM_OP_row_int, reg);
  site.fields.push_back(Raw::word);
  bytes += 8;
  return index;
}

// A scalar of the kernel's, once for each row: `$"($ctx.comm): ($ctx.comm)"` sends one name.
Output Lowering::raw_output(const Operand& operand, RowSite& site, uint32_t& bytes) {
  Output result;
  result.kind = Output::Kind::field;
  result.as = operand.shown.value_or(as_of(operand.type));
  if (result.as == As::enumeration) result.names = enumerators(operand);
  bool in_register = operand.home == Operand::Home::reg;
  uint8_t from = in_register ? operand.reg : operand.base.value_or(0);
  SentValue key{operand.builtin, operand.field, from, in_register || operand.base,
                operand.nullable};
  if (auto found = sent_.find(key); found != sent_.end()) {
    result.field = found->second;
    return result;
  }
  uint32_t mark = code_.registers(), blocks = code_.blocks();
  Operand held = force(operand);
  result.field = static_cast<uint16_t>(site.fields.size());
  bool is_text = held.is_text();
  // A variable is named by its use: it may have been set anywhere.
  std::optional<SpanScope> use;
  if (in_register && operand.span.end > operand.span.start) use.emplace(code_, operand.span);
  code_.emit(is_text ? VM_OP_row_str : VM_OP_row_int, held.reg);
  // A string's handle says itself that it is null.
  if (held.nullable && !is_text) code_.emit_imm(VM_OP_row_null, held.reg + 1u, result.field);
  site.fields.push_back(is_text ? Raw::text : Raw::word);
  bytes += 8 + (is_text ? (held.capacity + 7) / 8 * 8 : 0);
  code_.release_registers(mark);
  code_.release_blocks(blocks);
  // What was read into a register for this row is named by where it came from.
  sent_.emplace(key, result.field);
  return result;
}

}  // namespace bytecode
