#include "bytecode/disasm.hpp"

#include <cinttypes>
#include <cstdio>
#include <cstring>

#include "bytecode/isa_table.hpp"
#include "bytecode/show.hpp"

namespace bytecode {
namespace {

constexpr size_t kSourceMax = 48;   // bytes of source shown beside an instruction
constexpr size_t kOperandsAt = 18;  // column
constexpr size_t kSourceAt = 48;    // column

std::string number(int64_t n) { return std::to_string(n); }
std::string reg(uint32_t r) { return "r" + std::to_string(r); }
std::string at(const char* what, uint32_t index) {
  return std::string(what) + "[" + std::to_string(index) + "]";
}
std::string target(uint32_t index) { return "@" + std::to_string(index); }

// u32, i8: a size in bytes and a sign.
std::string width(uint32_t size, bool is_signed) {
  return (is_signed ? "i" : "u") + std::to_string(size * 8);
}

std::string literal(const Program& program, const vm_insn& insn) {
  const uint32_t offset = imm_low(insn), length = imm_high(insn);
  if (size_t{offset} + length > program.pool.size()) return at("pool", offset) + "?";
  return quoted(
      std::string_view(reinterpret_cast<const char*>(program.pool.data()) + offset, length));
}

std::string constant(const Program& program, const vm_insn& insn) {
  const auto offset = static_cast<uint32_t>(insn.imm);
  if (uint64_t{offset} + 8 > program.pool.size()) return at("pool", offset) + "?";
  int64_t value = 0;
  std::memcpy(&value, program.pool.data() + offset, sizeof value);
  return number(value);
}

std::string fault_name(int64_t kind) {
  const FaultInfo* info = kind < 0 ? nullptr : fault_info(static_cast<uint32_t>(kind));
  return info == nullptr ? number(kind) + "?" : std::string(info->name);
}

// What a tally keeps.
std::string tally_words(uint8_t what) {
  std::string words = "count";
  if ((what & VM_TALLY_SUM) != 0) words += "+sum";
  if ((what & VM_TALLY_MIN) != 0) words += "+min";
  if ((what & VM_TALLY_MAX) != 0) words += "+max";
  return words;
}

std::string timer_words(const Program& program, int64_t index) {
  if (index < 0) return "function";
  const auto i = static_cast<size_t>(index);
  return "timer " + (i < program.timers.size() ? quoted(program.timers[i]) : number(index) + "?");
}

std::string operands(const Program& program, const vm_insn& insn, Format format) {
  const std::string sep = ", ";
  switch (format) {
    case Format::none:
      return "";
    case Format::a:
      return reg(insn.a);
    case Format::ab:
      return reg(insn.a) + sep + reg(insn.b);
    case Format::abc:
      return reg(insn.a) + sep + reg(insn.b) + sep + reg(insn.c);
    case Format::a_imm:
      return reg(insn.a) + sep + number(insn.imm);
    case Format::ab_imm:
      return reg(insn.a) + sep + reg(insn.b) + sep + number(insn.imm);
    case Format::ab_bits: {
      const BitRange range = bit_range(insn);
      return reg(insn.a) + sep + reg(insn.b) + sep + (range.is_signed ? "i" : "u") +
             number(range.width) + (range.shift == 0 ? "" : " from " + number(range.shift));
    }
    case Format::ab_size:
      return reg(insn.a) + sep + reg(insn.b) + sep + width(insn.c, false);
    case Format::a_pool8:
      return reg(insn.a) + sep + constant(program, insn);
    case Format::jump:
      return target(static_cast<uint32_t>(insn.imm));
    case Format::test:
      return reg(insn.a) + sep + target(static_cast<uint32_t>(insn.imm));
    case Format::branch:
      return reg(insn.a) + sep + number(insn.imm) + sep + target(branch_target(insn));
    case Format::load_ctx:
      return reg(insn.a) + sep + at("ctx", static_cast<uint32_t>(insn.imm)) + sep +
             width(insn.b, insn.c != 0);
    case Format::load_mem:
      return reg(insn.a) + sep + "mem[" + reg(insn.b) + " + " + number(insn.imm) + "]" + sep +
             width(insn.c & ~unsigned{VM_SIGNED}, (insn.c & VM_SIGNED) != 0);
    case Format::str_dst:
      return reg(insn.a) + sep + at("heap", insn.b);
    case Format::str_ctx:
      return reg(insn.a) + sep + at("heap", insn.b) + sep + at("ctx", imm_low(insn)) + sep +
             number(imm_high(insn));
    case Format::str_read:
      return reg(insn.a) + sep + at("heap", insn.b) + sep + "mem[" + reg(insn.c) + "]" + sep +
             number(insn.imm);
    case Format::str_mem:
      return reg(insn.a) + sep + at("heap", insn.b) + sep + "mem[" + reg(insn.c) + "]" + sep +
             number(imm_low(insn)) + (imm_high(insn) == 0 ? "" : ", text");
    case Format::str_join:
      return reg(insn.a) + sep + at("heap", insn.b) + sep + "mem[" + reg(insn.c) + "]" + sep +
             reg(insn.c + 1u) + sep + number(insn.imm);
    case Format::str_lit:
      return reg(insn.a) + sep + at("heap", insn.b) + sep + literal(program, insn);
    case Format::str_eqk:
      return reg(insn.a) + sep + reg(insn.b) + sep + literal(program, insn);
    case Format::imm:
      return number(insn.imm);
    case Format::key_int:
      return at("key", static_cast<uint32_t>(insn.imm)) + sep + reg(insn.a);
    case Format::word_at_key:
      return reg(insn.a) + sep + at("key", static_cast<uint32_t>(insn.imm));
    case Format::text_at_key:
      return reg(insn.a) + sep + at("heap", insn.b) + sep + at("key", imm_low(insn)) + sep +
             number(imm_high(insn));
    case Format::key_int_at:
      return at("key", static_cast<uint32_t>(insn.imm));
    case Format::key_str:
      return at("key", imm_low(insn)) + sep + reg(insn.a) + sep + number(imm_high(insn));
    case Format::a_bit:
      return reg(insn.a) + sep + "bit " + number(insn.imm);
    case Format::fault:
      return fault_name(insn.imm);
    case Format::abc_end:
      return reg(insn.a) + sep + reg(insn.b) + sep + reg(insn.c) + sep +
             (insn.imm == 0 ? "first" : "last");
    case Format::str_copy:
      return reg(insn.a) + sep + at("heap", insn.b) + sep + reg(insn.c) + sep + number(insn.imm);
    case Format::str_trim:
      return reg(insn.a) + sep + at("heap", insn.b) + sep + reg(insn.c) + sep +
             number(imm_low(insn)) + (trims_start(insn) ? ", start" : "") +
             (trims_end(insn) ? ", end" : "");
    case Format::str_sub:
      return reg(insn.a) + sep + at("heap", insn.b) + sep + reg(insn.c) + "[" + reg(insn.c + 1u) +
             " to " + reg(insn.c + 2u) + "]" + sep + number(insn.imm);
    case Format::map_key:
      return "map " + number(insn.imm) + sep + "class " + number(insn.c);
    case Format::a_map_key:
    case Format::load_key:
    case Format::next_key:
      return reg(insn.a) + sep + "map " + number(insn.imm) + sep + "class " + number(insn.c);
    case Format::tally_key:
      return reg(insn.a) + sep + tally_words(insn.b) + sep + "map " + number(insn.imm) + sep +
             "class " + number(insn.c);
    case Format::cell:
      return "map " + number(insn.imm);
    case Format::a_cell:
      return reg(insn.a) + sep + "map " + number(insn.imm);
    case Format::tally_cell:
      return reg(insn.a) + sep + tally_words(insn.b) + sep + "map " + number(insn.imm);
    case Format::stack:
      return reg(insn.a) + sep + (insn.b != 0 ? "user" : "kernel") + sep + number(insn.imm);
    case Format::timer:
      return timer_words(program, insn.imm);
    case Format::load_timer:
      return reg(insn.a) + sep + timer_words(program, insn.imm);
    case Format::site:
      return "row " + number(insn.imm);
  }
  return "";
}

std::string members_text(const Output& output);

std::string output_text(const Output& output) {
  switch (output.kind) {
    case Output::Kind::constant:
      return show(output.constant);
    case Output::Kind::field:
      return "#" + std::to_string(output.field) + " " + std::string(as_name(output.as));
    case Output::Kind::record:
      return "{" + members_text(output) + "}";
    case Output::Kind::list:
      return "[" + members_text(output) + "]";
    case Output::Kind::call:
      return std::string(function_name(output.function)) + "(" + members_text(output) + ")";
    case Output::Kind::choice:
      return "choice #" + std::to_string(output.field) + " of (" + members_text(output) + ")";
    case Output::Kind::range:
      return "range(" + members_text(output) + ")";
  }
  return "";
}

// The parts of a value; of a record with their names, of a list with what says that they are there.
std::string members_text(const Output& output) {
  std::string text;
  for (const auto& [name, member] : output.members) {
    if (!text.empty()) text += ", ";
    if (output.kind == Output::Kind::record) text += show_name(name) + ": ";
    if (member.present) text += "if #" + std::to_string(*member.present) + " ";
    text += output_text(member);
  }
  return text;
}

// The source at a span on one line, cut where it is long.
std::string source_text(const Program& program, Span span) {
  if (span.start > span.end || span.end > program.source.size()) return "";
  std::string text;
  for (const char c : program.source.substr(span.start, span.end - span.start)) {
    const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!space)
      text += c;
    else if (!text.empty() && text.back() != ' ')
      text += ' ';
  }
  if (text.size() <= kSourceMax) return text;
  size_t end = kSourceMax - 3;
  while (end > 0 && (text[end] & 0xc0) == 0x80) --end;  // not within a character
  return text.substr(0, end) + "...";
}

void pad_to(std::string& line, size_t column) {
  line.append(line.size() < column ? column - line.size() : 1, ' ');
}

std::string row_text(const RowSite& row, size_t index) {
  std::string text = "row " + std::to_string(index) + ": " + std::string(row_type_name(row.type));
  if (row.event_type) text += " " + quoted(*row.event_type);
  text += " (";
  for (size_t i = 0; i < row.fields.size(); ++i) {
    if (i > 0) text += " ";
    text += row.fields[i] == Raw::word ? "word" : "text";
  }
  return text + ") = " + output_text(row.value);
}

std::string buckets_text(const Buckets& buckets) {
  if (buckets.is_linear)
    return "buckets of " + number(buckets.step) + " from " + number(buckets.from) + " to " +
           number(buckets.to);
  return "buckets of powers of two" +
         (buckets.bits == 0 ? "" : ", each in " + number(int64_t{1} << buckets.bits));
}

std::string map_text(const MapSpec& map, size_t index) {
  std::string text = "map " + std::to_string(index) + ": " + std::string(map_kind_name(map.kind));
  if (!map.name.empty()) text += " " + quoted(map.name);
  if (map.as != As::integer) text += " of " + std::string(as_name(map.as));
  if (map.kind == MapKind::hist) text += ", " + buckets_text(map.buckets);
  if (map.key.empty()) return text + ", no key";
  text += ", key of " + std::to_string(key_class_bytes(map.key_class)) + " bytes:";
  for (size_t i = 0; i < map.key.size(); ++i) {
    const KeyPart& part = map.key[i];
    if (i > 0) text += ",";
    if (!part.name.empty()) text += " " + show_name(part.name);
    text += " " + std::string(as_name(part.as)) + " at " + std::to_string(part.offset);
    if (is_text(part.as)) text += " of " + std::to_string(part.size);
    if (part.nullable) text += " or null";
  }
  return text;
}

}  // namespace

std::string operand_text(const Program& program, const vm_insn& insn) {
  const OpInfo* info = op_info(insn.op);
  return info ? operands(program, insn, info->format) : "";
}

std::string source_words(const Program& program, Span span) { return source_text(program, span); }

std::string disassemble(const Program& program) {
  std::string text;
  Span shown;
  for (size_t i = 0; i < program.code.size(); ++i) {
    const vm_insn& insn = program.code[i];
    std::string line = std::to_string(i);
    line.insert(0, line.size() < 4 ? 4 - line.size() : 0, ' ');
    line += "  ";
    if (const OpInfo* info = op_info(insn.op)) {
      line += info->text;
      if (info->format != Format::none) {
        pad_to(line, kOperandsAt);
        line += operands(program, insn, info->format);
      }
    } else {
      line += "? " + std::to_string(insn.op);
    }
    if (i < program.spans.size() && (i == 0 || program.spans[i] != shown)) {
      shown = program.spans[i];
      if (const std::string source = source_text(program, shown); !source.empty()) {
        pad_to(line, kSourceAt);
        line += "; " + source;
      }
    }
    text += line + "\n";
  }
  for (size_t i = 0; i < program.rows.size(); ++i) text += row_text(program.rows[i], i) + "\n";
  for (size_t i = 0; i < program.maps.size(); ++i) text += map_text(program.maps[i], i) + "\n";
  return text;
}

}  // namespace bytecode
