#include "bytecode/validate.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "bytecode/isa_table.hpp"
#include "bytecode/key_layout.hpp"
#include "bytecode/validate_flow.hpp"
#include "bytecode/wire.h"

namespace bytecode {
namespace {

using Reason = std::optional<std::string>;

Reason require(bool condition, const char* reason) { return condition ? Reason{} : Reason(reason); }

template <typename... Rest>
Reason first_of(Reason reason, Rest... rest) {
  if constexpr (sizeof...(rest) > 0)
    return reason ? reason : first_of(rest...);
  else
    return reason;
}

bool multiple_of_8(int64_t n) { return n % 8 == 0; }

// Operands, one instruction at a time: nothing here depends on the way that leads to it.
class Operands {
 public:
  explicit Operands(const Program& program) : program_(program) {}

  Reason check(const vm_insn& insn) const {
    const OpInfo* info = op_info(insn.op);
    if (info == nullptr) return "there is no such opcode";
    const int64_t imm = insn.imm;
    switch (info->format) {
      case Format::none:
        return {};
      case Format::a:
      case Format::a_imm:
        return reg(insn.a);
      case Format::ab:
      case Format::ab_imm:
        return first_of(reg(insn.a), reg(insn.b));
      case Format::ab_bits:
        return first_of(reg(insn.a), reg(insn.b), bits(insn));
      case Format::ab_size:
        return first_of(
            reg(insn.a), reg(insn.b),
            require(insn.c == 2 || insn.c == 4 || insn.c == 8, "the size is none of 2, 4 and 8"));
      case Format::abc:
        return first_of(reg(insn.a), reg(insn.b), reg(insn.c));
      case Format::a_pool8:
        return first_of(reg(insn.a),
                        require(imm >= 0 && multiple_of_8(imm) && imm + 8 <= pool_bytes(),
                                "the constant is not within the pool"));
      case Format::jump:
        return target(imm);
      case Format::test:
        return first_of(reg(insn.a), target(imm));
      case Format::branch:
        return first_of(reg(insn.a), target(branch_target(insn)));
      case Format::load_ctx:
        return first_of(reg(insn.a), size(insn.b),
                        require(insn.c <= 1, "the sign is neither 0 nor 1"),
                        require(imm >= 0, "the offset in the context is negative"));
      case Format::load_mem:
        return first_of(reg(insn.a), reg(insn.a + 1), reg(insn.b),
                        size(insn.c & ~unsigned{VM_SIGNED}));
      case Format::str_dst:
        return first_of(reg(insn.a), heap(insn.b, VM_COMM_BYTES - 1));
      case Format::str_ctx:
        return str_ctx(insn);
      case Format::str_read:
        return first_of(reg(insn.a), reg(insn.c),
                        require(imm >= 1 && imm <= VM_STR_MAX, "no string has such a size"),
                        heap(insn.b, imm - 1));
      case Format::str_mem:
        return str_mem(insn);
      case Format::str_join:
        return first_of(reg(insn.a), reg(insn.c + 1),
                        require(imm >= 1 && imm <= VM_STR_MAX, "no string has such a size"),
                        heap(insn.b, imm - 1));
      case Format::str_lit:
        return first_of(reg(insn.a), literal(insn), heap(insn.b, imm_high(insn)));
      case Format::str_eqk:
        return first_of(reg(insn.a), reg(insn.b), literal(insn));
      case Format::imm:
        return require(imm >= 0 && imm <= VM_KEY_MAX && multiple_of_8(imm),
                       "no key has such a size");
      case Format::key_int:
      case Format::word_at_key:
        return first_of(reg(insn.a), key(imm, 8));
      case Format::key_int_at:
        return key(imm, VM_COMM_BYTES);
      case Format::key_str:
        return first_of(reg(insn.a), key(imm_low(insn), imm_high(insn)));
      case Format::text_at_key:
        return first_of(reg(insn.a), key(imm_low(insn), imm_high(insn)),
                        heap(insn.b, imm_high(insn)));
      case Format::a_bit:
        return first_of(reg(insn.a), require(imm >= 0 && imm < 64, "no word has such a bit"));
      case Format::fault:
        return ending_fault(imm);
      case Format::abc_end:
        return first_of(reg(insn.a), reg(insn.b), reg(insn.c),
                        require(imm == 0 || imm == 1, "the end is neither 0 nor 1"));
      case Format::str_copy:
        return text_made(insn, imm);
      case Format::str_trim:
        return first_of(text_made(insn, imm_low(insn)),
                        require(imm_high(insn) >= 1 && imm_high(insn) <= 3,
                                "the sides are none of 1, 2 and 3"));
      case Format::str_sub:
        return first_of(text_made(insn, imm), reg(insn.c + 2));
      case Format::map_key:
        return map_key(insn);
      case Format::a_map_key:
        return first_of(reg(insn.a), map_key(insn));
      case Format::load_key:
        return first_of(reg(insn.a), reg(insn.a + 1), map_key(insn));
      case Format::next_key:
        return first_of(reg(insn.a), reg(insn.a + 2),
                        require(insn.b == 0, "the map's buckets are the host's to say"),
                        map_key(insn));
      case Format::tally_key:
        return first_of(reg(insn.a), tally(insn), map_key(insn));
      case Format::cell:
        return cell(insn);
      case Format::a_cell:
        return first_of(reg(insn.a), cell(insn));
      case Format::tally_cell:
        return first_of(reg(insn.a), tally(insn), cell(insn));
      case Format::stack:
        return first_of(reg(insn.a), reg(insn.a + 1),
                        require(insn.b <= 1, "there are two stacks only"),
                        require(imm >= 1 && imm <= VM_STACK_MAX, "no stack has such a depth"));
      case Format::timer:
        return timer(imm);
      case Format::load_timer:
        return first_of(reg(insn.a), reg(insn.a + 1), timer(imm));
      case Format::site:
        return require(imm >= 0 && imm < static_cast<int64_t>(program_.rows.size()),
                       "there is no such row");
    }
    return {};
  }

 private:
  int64_t pool_bytes() const { return static_cast<int64_t>(program_.pool.size()); }

  static Reason reg(int index) { return require(index < VM_REGS, "there is no such register"); }

  Reason target(int64_t index) const {
    return require(index >= 0 && index < static_cast<int64_t>(program_.code.size()),
                   "the jump leads out of the program");
  }

  static Reason size(unsigned bytes) {
    return require(bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8,
                   "the size is none of 1, 2, 4 and 8");
  }

  static Reason bits(const vm_insn& insn) {
    const BitRange range = bit_range(insn);
    return require(insn.imm >= 0 && insn.imm < 2 * VM_BITS_SIGNED && range.width >= 1 &&
                       range.shift + range.width <= 64,
                   "these are not bits of a register");
  }

  // A text of `length` bytes that starts at a block.
  static Reason heap(uint8_t block, int64_t length) {
    return require(
        length < VM_STR_MAX && block + text_blocks(static_cast<uint32_t>(length)) <= VM_HEAP_BLOCKS,
        "the string does not fit the heap");
  }

  static Reason ending_fault(int64_t kind) {
    const FaultInfo* info = kind > 0 && kind < VM_FAULTS ? fault_info(uint32_t(kind)) : nullptr;
    return require(info != nullptr && info->ends_run, "no such fault ends the run");
  }

  // A text of at most `longest` bytes, made of another one.
  static Reason text_made(const vm_insn& insn, int64_t longest) {
    return first_of(reg(insn.a), reg(insn.c),
                    require(longest >= 0 && longest < VM_STR_MAX, "no string has such a size"),
                    heap(insn.b, longest));
  }

  Reason str_ctx(const vm_insn& insn) const {
    // A char array may be full; the capacity of a located text counts its NUL.
    const int64_t longest =
        insn.op == VM_OP_str_loc ? int64_t{imm_high(insn)} - 1 : int64_t{imm_high(insn)};
    return first_of(reg(insn.a), require(imm_high(insn) >= 1, "the string has no size"),
                    heap(insn.b, std::max<int64_t>(longest, 0)));
  }

  static Reason str_mem(const vm_insn& insn) {
    const uint32_t bytes = imm_low(insn);
    return first_of(reg(insn.a), reg(insn.c),
                    require(bytes >= 1 && bytes < VM_STR_MAX && imm_high(insn) <= 1,
                            "no string has such a size"),
                    heap(insn.b, bytes));
  }

  Reason literal(const vm_insn& insn) const {
    const uint32_t offset = imm_low(insn), length = imm_high(insn);
    const size_t filled = size_t{text_blocks(length)} * VM_BLOCK;
    if (length >= VM_STR_MAX) return "no string has such a size";
    if (offset % 8 != 0 || offset + filled > program_.pool.size())
      return "the literal is not within the pool";
    const auto fill = program_.pool.begin() + offset;
    return require(std::all_of(fill + length, fill + static_cast<int64_t>(filled),
                               [](uint8_t byte) { return byte == 0; }),
                   "the literal is not followed by zeros");
  }

  static Reason key(int64_t offset, int64_t bytes) {
    return require(offset >= 0 && multiple_of_8(offset) && bytes >= 8 && multiple_of_8(bytes) &&
                       offset + bytes <= VM_KEY_MAX,
                   "that is not a place in a key");
  }

  const MapSpec* map(int64_t index) const {
    if (index < 0 || index >= static_cast<int64_t>(program_.maps.size())) return nullptr;
    return &program_.maps[static_cast<size_t>(index)];
  }

  Reason map_key(const vm_insn& insn) const {
    const MapSpec* spec = map(insn.imm);
    if (spec == nullptr) return "there is no such map";
    return first_of(
        kind(insn, *spec),
        require(!spec->key.empty() || spec->kind == MapKind::value, "the map has no key"),
        require(spec->key_class == insn.c, "the map's key is of another class"));
  }

  Reason cell(const vm_insn& insn) const {
    const MapSpec* spec = map(insn.imm);
    if (spec == nullptr) return "there is no such map";
    return first_of(kind(insn, *spec), require(spec->key.empty(), "the map has a key"));
  }

  static Reason kind(const vm_insn& insn, const MapSpec& spec) {
    bool fits = false;
    switch (insn.op) {
      case VM_OP_count:
      case VM_OP_count_cell:
        fits = spec.kind == MapKind::count || spec.kind == MapKind::hist;
        break;
      case VM_OP_sum:
      case VM_OP_sum_cell:
        fits = spec.kind == MapKind::sum;
        break;
      case VM_OP_tally:
      case VM_OP_tally_cell:
        fits = is_tally(spec.kind);
        break;
      default:
        fits = spec.kind == MapKind::value;
    }
    return require(fits, "the map is of another kind");
  }

  static Reason tally(const vm_insn& insn) {
    return require(insn.b >= 1 && insn.b <= VM_TALLY_ALL, "that is nothing to keep of a number");
  }

  Reason timer(int64_t index) const {
    return require(index >= -1 && index < static_cast<int64_t>(program_.timers.size()),
                   "there is no such timer");
  }

  const Program& program_;
};

Reason check_output(const Output& output, const std::vector<Raw>& fields) {
  const auto is_word = [&](uint16_t field) {
    return field < fields.size() && fields[field] == Raw::word;
  };
  if (output.kind == Output::Kind::field) {
    if (output.field >= fields.size()) return "the value names a field that the row has not";
    return require((fields[output.field] == Raw::text) == is_text(output.as),
                   "the value reads a field as what it is not");
  }
  if (output.kind == Output::Kind::choice && !is_word(output.field))
    return "the value chooses by a field that is no word of the row";
  if (output.kind == Output::Kind::range && output.members.size() != 4)
    return "a range has not its four parts";
  for (const auto& [name, member] : output.members) {
    if (member.present && !is_word(*member.present))
      return "an item is there by a field that is no word of the row";
    if (Reason reason = check_output(member, fields)) return reason;
  }
  return {};
}

Reason check_row(const RowSite& row) {
  if (row.fields.size() > VM_ROW_FIELDS_MAX) return "the row has too many fields";
  return check_output(row.value, row.fields);
}

Reason check_buckets(const MapSpec& map) {
  if (map.kind != MapKind::hist) return {};
  if (map.key.empty()) return "the histogram has no buckets";
  const Buckets& buckets = map.buckets;
  int64_t width = 0;
  if (!buckets.is_linear) return require(buckets.bits < 64, "no number has so many bits");
  return require(buckets.step > 0 && buckets.from < buckets.to &&
                     !__builtin_sub_overflow(buckets.to, buckets.from, &width),
                 "these are no buckets");
}

Reason check_map(const MapSpec& map) {
  if (is_text(map.as)) return "the map's values are no numbers";
  if (Reason reason = check_buckets(map)) return reason;
  if (map.key.empty()) return {};
  const uint32_t bytes = key_class_bytes(map.key_class);
  if (bytes == 0) return "the key is of no class";
  if (map.key.size() > 64) return "the key has too many parts";
  uint32_t end = has_null_bits(map.key) ? 8 : 0;
  std::set<std::string_view> names;
  for (const KeyPart& part : map.key) {
    if (part.offset % 8 != 0 || part.offset < end) return "the parts of the key overlap";
    if (part.size % 8 != 0 || part.size == 0 || (!is_text(part.as) && part.size != 8))
      return "a part of the key has a size that is not its type's";
    if (part.as == As::binary && part.bytes > part.size)
      return "a part of the key has more bytes than room";
    if (!names.insert(part.name).second) return "two parts of the key have one name";
    if (part.name.empty() && map.key.size() > (map.kind == MapKind::hist ? 2u : 1u))
      return "a part of the key has no name";
    end = uint32_t{part.offset} + part.size;
  }
  if (end > bytes) return "the key is longer than its class";
  return require(map.key_class == 0 || end > key_class_bytes(map.key_class - 1),
                 "the key fits a smaller class");
}

Reason check_limits(const Program& program) {
  const auto in_source = [&](Span span) {
    return span.start <= span.end && span.end <= program.source.size();
  };
  return first_of(require(!program.code.empty(), "there are no instructions"),
                  require(program.code.size() <= VM_CODE_MAX, "there are too many instructions"),
                  require(program.spans.size() == program.code.size(),
                          "there is not one span for each instruction"),
                  require(std::all_of(program.spans.begin(), program.spans.end(), in_source),
                          "a span leaves the source"),
                  require(program.pool.size() <= VM_POOL_BYTES, "the pool is too large"),
                  require(program.rows.size() <= UINT16_MAX, "there are too many rows"),
                  require(program.maps.size() <= VM_MAPS_MAX, "there are too many maps"),
                  require(program.fuel > 0, "there is no fuel"),
                  require(program.fuel <= VM_FUEL_MAX, "there is too much fuel"));
}

// Says it of the whole program: labels need a place in the source.
Error refused(std::string what) {
  Error error;
  error.message = "malformed bytecode: " + std::move(what);
  return error;
}

Error refused_at(const Program& program, size_t index, const std::string& reason) {
  const OpInfo* info = op_info(program.code[index].op);
  const std::string name = info == nullptr ? "opcode " + std::to_string(program.code[index].op)
                                           : std::string(info->text);
  Error error = refused("instruction " + std::to_string(index) + " (" + name + "): " + reason);
  error.labels.push_back({program.spans[index], "compiled from here"});
  return error;
}

}  // namespace

Status validate(const Program& program) {
  if (Reason reason = check_limits(program)) return refused(*reason);
  for (size_t i = 0; i < program.rows.size(); ++i)
    if (Reason reason = check_row(program.rows[i]))
      return refused("row " + std::to_string(i) + ": " + *reason);
  for (size_t i = 0; i < program.maps.size(); ++i)
    if (Reason reason = check_map(program.maps[i]))
      return refused("map " + std::to_string(i) + ": " + *reason);
  const Operands operands(program);
  for (size_t i = 0; i < program.code.size(); ++i)
    if (Reason reason = operands.check(program.code[i])) return refused_at(program, i, *reason);
  if (const std::optional<FlowError> error = check_flow(program))
    return refused_at(program, error->index, error->reason);
  return Nothing{};
}

}  // namespace bytecode
