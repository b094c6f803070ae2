#include "bytecode/explain.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "bytecode/disasm.hpp"
#include "bytecode/host_words.hpp"
#include "bytecode/isa_table.hpp"
#include "bytecode/lower/types.hpp"
#include "bytecode/show.hpp"

namespace bytecode {
namespace {

Value number(uint64_t n) { return static_cast<int64_t>(n); }

// As a value; of what C has a name for, that name too: it says how a path goes on.
std::string field_type(const Field& field, const Schema& schema) {
  const CType c = schema.types && field.ctype != 0 ? schema.types->describe(field.ctype) : CType{};
  const std::string of_c = c.name.empty() ? "" : " (" + c.name + ")";
  if (c.kind == CKind::enumeration) return "string" + of_c;
  if (c.kind == CKind::boolean) return "bool" + of_c;
  switch (field.kind) {
    case FieldKind::integer:
    case FieldKind::address:
    case FieldKind::constant:
      return "int" + of_c;
    case FieldKind::char_array:
    case FieldKind::data_loc:
    case FieldKind::string:
      return "string";
    case FieldKind::array:
      return c.kind == CKind::array ? "list" + of_c : "not readable: " + field.type;
    case FieldKind::structure:
      return c.kind == CKind::structure ? "record" + of_c : "not readable: " + field.type;
  }
  return "";
}

List fields_of(const Schema& schema) {
  List rows;
  const auto add = [&](std::string name, std::string type) {
    rows.push_back(Record{{"name", std::move(name)}, {"type", std::move(type)}});
  };
  for (const Builtin& builtin : builtins())
    add(std::string(builtin.name), std::string(type_name(builtin.type)));
  add("cgroup", "int, in outputs its path");
  add("func", "string");
  add("probe", "string");
  if (schema.types && schema.task != 0) {
    add("ppid", "int");
    add("task", "int (struct task_struct *)");
  }
  for (const Field& field : schema.args) add("args." + field.name, field_type(field, schema));
  for (size_t i = 0; i < schema.registers.size(); ++i)
    add("arg" + std::to_string(i), field_type(schema.registers[i], schema));
  for (const Field& field : schema.regs) add("regs." + field.name, field_type(field, schema));
  if (schema.has_retval) add("retval", field_type(schema.retval, schema));
  return rows;
}

// A jump's target, and whether the run may go on behind it instead.
struct Jump {
  std::optional<uint32_t> target;
  bool falls_through = true;
};

Jump jump_of(const vm_insn& insn) {
  const OpInfo* info = op_info(insn.op);
  if (!info) return {};
  switch (info->format) {
    case Format::jump:
      return {static_cast<uint32_t>(insn.imm), false};
    case Format::test:
      return {static_cast<uint32_t>(insn.imm), true};
    case Format::branch:
      return {branch_target(insn), true};
    default:
      return {std::nullopt, info->op != VM_OP_exit && info->op != VM_OP_trap};
  }
}

// Whether an instruction makes the value in its register `a`. Those that only read it send it, ask
// about it or put it into a key.
bool writes_a(const OpInfo& info) {
  switch (info.format) {
    case Format::none:
    case Format::a_bit:
    case Format::jump:
    case Format::test:
    case Format::branch:
    case Format::imm:
    case Format::key_int:
    case Format::key_int_at:
    case Format::key_str:
    case Format::map_key:
    case Format::a_map_key:
    case Format::next_key:
    case Format::tally_key:
    case Format::cell:
    case Format::a_cell:
    case Format::tally_cell:
    case Format::timer:
    case Format::site:
    case Format::fault:
      return false;
    default:
      return info.op != VM_OP_row_int && info.op != VM_OP_row_str;
  }
}

class Explanation {
 public:
  Explanation(const Program& program, const Schema& schema, std::span<const uint32_t> texts)
      : program_(program), schema_(schema), texts_(texts) {}

  Record record() const {
    List kernel, host, maps, code;
    for (size_t i = 0; i < program_.rows.size(); ++i) {
      const std::vector<std::string> sent = sent_by(i);
      kernel.push_back(kernel_row(i, sent));
      host.push_back(
          Record{{"row", number(i)}, {"value", host_words(program_.rows[i].value, sent)}});
    }
    for (const MapSpec& map : program_.maps) maps.push_back(map_row(map));
    for (size_t pc = 0; pc < program_.code.size(); ++pc) code.push_back(code_row(pc));
    Record size = {{"instructions", number(program_.code.size())},
                   {"constants", number(program_.pool.size())}};
    return {{"fields", fields_of(schema_)},
            {"kernel", std::move(kernel)},
            {"host", std::move(host)},
            {"maps", std::move(maps)},
            {"code", std::move(code)},
            {"steps", number(longest_path())},
            {"loops", loops()},
            {"fuel", number(program_.fuel)},
            {"size", std::move(size)}};
  }

 private:
  Span span_of(size_t pc) const { return pc < program_.spans.size() ? program_.spans[pc] : Span{}; }

  Value line_of(Span span) const {
    size_t start = 0;
    for (const uint32_t text : texts_)
      if (text <= span.start) start = text;
    const size_t end = std::clamp<size_t>(span.start, start, program_.source.size());
    const std::string_view before = std::string_view(program_.source).substr(start, end - start);
    return number(1 + static_cast<uint64_t>(std::count(before.begin(), before.end(), '\n')));
  }

  // The source of the value that the instruction at `pc` appends to a row: its own, or where the
  // value was made, whichever says less.
  std::string appended(size_t pc) const {
    Span span = span_of(pc);
    uint8_t wanted = program_.code[pc].a;
    for (size_t at = pc; at-- > 0;) {
      const vm_insn& insn = program_.code[at];
      const OpInfo* info = op_info(insn.op);
      if (!info || insn.a != wanted || !writes_a(*info)) continue;
      const Span made = span_of(at);
      if (made.end > made.start && made.end - made.start < span.end - span.start) span = made;
      if (insn.op != VM_OP_mov) break;
      wanted = insn.b;
    }
    return source_words(program_, span);
  }

  // The source text of each raw field of a row site.
  std::vector<std::string> sent_by(size_t site) const {
    std::vector<std::string> sent;
    bool inside = false;
    for (size_t pc = 0; pc < program_.code.size(); ++pc) {
      const vm_insn& insn = program_.code[pc];
      if (insn.op == VM_OP_row_begin) inside = static_cast<size_t>(insn.imm) == site;
      if (insn.op == VM_OP_row_send) inside = false;
      if (inside && (insn.op == VM_OP_row_int || insn.op == VM_OP_row_str))
        sent.push_back(appended(pc));
    }
    sent.resize(program_.rows[site].fields.size());
    std::vector<std::string> named = sent;
    for (size_t i = 0; i < sent.size(); ++i)
      if (sent[i].empty() || std::count(sent.begin(), sent.end(), sent[i]) > 1)
        named[i] += (sent[i].empty() ? "#" : " #") + std::to_string(i);
    return named;
  }

  Value kernel_row(size_t i, const std::vector<std::string>& sent) const {
    const RowSite& site = program_.rows[i];
    List sends(sent.begin(), sent.end());
    return Record{{"row", number(i)},
                  {"type", std::string(row_type_name(site.type))},
                  {"event", site.event_type ? Value(*site.event_type) : Value()},
                  {"line", line_of(site.span)},
                  {"source", source_words(program_, site.span)},
                  {"sends", std::move(sends)}};
  }

  Value map_row(const MapSpec& map) const {
    std::string key;
    for (const KeyPart& part : map.key) {
      key += key.empty() ? "" : ", ";
      key += (part.name.empty() ? "" : show_name(part.name) + ": ") + std::string(as_name(part.as));
    }
    if (map.key.size() > 1 || (map.key.size() == 1 && !map.key.front().name.empty()))
      key = "record<" + key + ">";
    return Record{{"name", map.name},
                  {"kind", std::string(map_kind_name(map.kind))},
                  {"key", std::move(key)},
                  {"line", line_of(map.span)},
                  {"source", source_words(program_, map.span)}};
  }

  Value code_row(size_t pc) const {
    const vm_insn& insn = program_.code[pc];
    const OpInfo* info = op_info(insn.op);
    return Record{{"pc", number(pc)},
                  {"op", info ? std::string(info->text) : "? " + std::to_string(insn.op)},
                  {"operands", operand_text(program_, insn)},
                  {"line", line_of(span_of(pc))},
                  {"source", source_words(program_, span_of(pc))}};
  }

  // Jumps backwards are left out, so each instruction's way to the end is known before that of
  // those above it.
  uint64_t longest_path() const {
    const size_t count = program_.code.size();
    std::vector<uint64_t> steps(count + 1, 0);
    for (size_t pc = count; pc-- > 0;) {
      const Jump jump = jump_of(program_.code[pc]);
      uint64_t rest = jump.falls_through ? steps[pc + 1] : 0;
      if (jump.target && *jump.target > pc && *jump.target < count)
        rest = std::max(rest, steps[*jump.target]);
      steps[pc] = 1 + rest;
    }
    return count == 0 ? 0 : steps[0];
  }

  List loops() const {
    List rows;
    for (size_t pc = 0; pc < program_.code.size(); ++pc) {
      const Jump jump = jump_of(program_.code[pc]);
      if (!jump.target || *jump.target > pc) continue;
      rows.push_back(Record{{"from", number(*jump.target)},
                            {"to", number(pc)},
                            {"line", line_of(span_of(pc))},
                            {"source", source_words(program_, span_of(pc))}});
    }
    return rows;
  }

  const Program& program_;
  const Schema& schema_;
  std::span<const uint32_t> texts_;
};

}  // namespace

Record explain(const Program& program, const Schema& schema, std::span<const uint32_t> texts) {
  return Explanation(program, schema, texts).record();
}

}  // namespace bytecode
