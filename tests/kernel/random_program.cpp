// A program is a list of units, each a few instructions that belong together (a row from its begin
// to its send, a key and its count). Jumps go to the starts of units, so every path keeps the
// validator's rules.
#include "tests/kernel/random_program.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "bytecode/isa_table.hpp"
#include "tests/kernel/assemble.hpp"

namespace kernel_tests {
namespace {

using bytecode::MapSpec;
using bytecode::Program;
using bytecode::Raw;

constexpr unsigned kInts = 12;     // registers 0 and on hold integers
constexpr unsigned kAddress = 14;  // where an address is loaded
constexpr unsigned kStrings = 6;   // registers 16 and on hold strings
constexpr unsigned kFirstString = 16;
constexpr unsigned kStringBlocks = 12;  // of the heap, for each
constexpr unsigned kSpares[] = {12, 13, 15};
constexpr unsigned kPart = 24;  // a string, then the start and the end of a part of it
constexpr unsigned kTextMax = (kStringBlocks - 1) * VM_BLOCK;
constexpr unsigned kAddresses = 7;
constexpr unsigned kPointers = 3;  // the address of an array of them
constexpr unsigned kLocOffset = 8 * kAddresses;
constexpr unsigned kTextOffset = kLocOffset + 8;
constexpr unsigned kContextBytes = 96;
constexpr unsigned kWordBytes = 64;  // at the first address

class Maker {
 public:
  explicit Maker(Random& random) : random_(random) {}

  Program make() {
    program_.fuel = below(4) == 0 ? 1 + below(200) : 2000;
    add_pool();
    add_maps();
    for (unsigned r = 0; r < kInts; ++r) constant(r);
    for (unsigned s = 0; s < kStrings; ++s) string(kFirstString + s);
    const unsigned units = 5 + below(40);
    for (unsigned i = 0; i < units; ++i) {
      starts_.push_back(program_.code.size());
      unit();
    }
    starts_.push_back(program_.code.size());
    code(insn(VM_OP_exit));
    aim_jumps();
    program_.spans.resize(program_.code.size());
    return std::move(program_);
  }

 private:
  unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
  unsigned any_int() { return below(kInts); }
  unsigned any_string() { return kFirstString + below(kStrings); }
  void code(const vm_insn& each) { program_.code.push_back(each); }

  // Texts of every length around the sizes of words and blocks, some of them prefixes of others.
  void add_pool() {
    for (unsigned length : {0u, 1u, 7u, 8u, 15u, 63u, 64u, 65u, 127u, 128u, 200u, below(500)}) {
      const size_t start = program_.pool.size();
      literals_.push_back(static_cast<int32_t>(start | length << 16));
      program_.pool.resize(start + size_t{bytecode::text_blocks(length)} * VM_BLOCK);
      for (unsigned i = 0; i < length; ++i)
        program_.pool[start + i] = static_cast<uint8_t>('a' + i % 16);
      if (length > 0 && below(3) == 0)
        program_.pool[start + below(length)] = static_cast<uint8_t>(1 + below(255));
    }
    constants_ = static_cast<int32_t>(program_.pool.size());
    constexpr int64_t edges[] = {INT64_MIN,    INT64_MAX,  INT64_MIN + 1, 1ll << 32,
                                 -(1ll << 32), 3037000499, 3037000500,    63};
    program_.pool.resize(program_.pool.size() + sizeof edges);
    std::memcpy(program_.pool.data() + constants_, edges, sizeof edges);
  }

  void add_maps() {
    for (const uint8_t key_class : std::array<uint8_t, 3>{0, 1, 3}) {
      MapSpec& map = program_.maps.emplace_back();
      map.name = "map" + std::to_string(key_class);
      map.key_class = key_class;
      bytecode::KeyPart part;
      part.size = static_cast<uint16_t>(bytecode::key_class_bytes(key_class));
      if (key_class > 0) part.as = bytecode::As::string;
      map.key.push_back(part);
    }
    program_.maps.emplace_back().name = "cell";
    // Of one entry, at a key of zeros: in a larger one each engine has an order of its own.
    MapSpec& values = program_.maps.emplace_back();
    values.name = "values";
    values.kind = bytecode::MapKind::value;
    values.key.emplace_back();
  }

  void constant(unsigned to) {
    if (below(2) == 0)
      code(insn(VM_OP_ldk, to, 0, 0, constants_ + 8 * static_cast<int32_t>(below(8))));
    else
      code(insn(VM_OP_ldi, to, 0, 0, static_cast<int32_t>(below(9)) - 4));
  }

  unsigned block_of(unsigned string) const { return (string - kFirstString) * kStringBlocks; }

  void address(unsigned index) {
    code(insn(VM_OP_ld_ctx, kAddress, 8, 0, static_cast<int32_t>(index * 8)));
  }

  // Of what cannot be read past its end, or not at all.
  unsigned bounded_address() { return 2 + below(kAddresses - 2); }

  void string(unsigned to) {
    const unsigned block = block_of(to);
    switch (below(10)) {
      case 7: {
        const unsigned offset = kTextOffset + below(8), size = 1 + below(kContextBytes - offset);
        return code(insn(VM_OP_str_bytes, to, block, 0, static_cast<int32_t>(offset | size << 16)));
      }
      case 8: {
        // Behind the first address are so many bytes; the memory of the others ends where they do.
        const bool first = below(2) == 0;
        address(first ? 0 : bounded_address());
        const unsigned size = 1 + below(first || below(2) ? kWordBytes : kTextMax);
        return code(
            insn(VM_OP_str_mem, to, block, kAddress, static_cast<int32_t>(size | below(2) << 16)));
      }
      case 9:
        return join(to);
      case 0:
        return code(insn(VM_OP_ldi, to, 0, 0, -1));
      case 1:
        return code(insn(VM_OP_str_comm, to, block));
      case 2: {
        const unsigned offset = kTextOffset + below(8), size = 1 + below(kContextBytes - offset);
        return code(insn(VM_OP_str_ctx, to, block, 0, static_cast<int32_t>(offset | size << 16)));
      }
      case 3:
        return code(insn(VM_OP_str_loc, to, block, 0,
                         static_cast<int32_t>(kLocOffset | (1 + below(70)) << 16)));
      case 4:
        address(below(kAddresses));
        return code(insn(VM_OP_str_read, to, block, kAddress,
                         static_cast<int32_t>(1 + below(below(2) ? 80 : kTextMax))));
      default:
        return code(insn(VM_OP_str_lit, to, block, 0, literal()));
    }
  }

  // Texts behind an array of pointers, mostly; between them may stand what lay there before.
  void join(unsigned to) {
    const bool begun = !starts_.empty();
    address(below(4) ? kPointers : bounded_address());
    if (begun)
      code(insn(VM_OP_mov, kAddress + 1, below(2) ? to : any_string()));
    else
      code(insn(VM_OP_str_lit, kAddress + 1, block_of(to), 0, literal()));
    code(insn(VM_OP_str_join, to, block_of(to), kAddress,
              static_cast<int32_t>(1 + below(below(2) ? 80 : kTextMax))));
  }

  // A text made of another one, or of the one that lies there.
  void remake() {
    const unsigned to = any_string(), from = below(2) ? to : any_string();
    const unsigned skipped = below(3) == 0 ? below(kStringBlocks) : 0;
    const unsigned room = (kStringBlocks - skipped) * VM_BLOCK;
    const auto most = static_cast<int32_t>(below(2) ? room - 1 : below(room));
    const unsigned block = block_of(to) + skipped;
    switch (below(4)) {
      case 0:
        return code(insn(VM_OP_str_lower, to, block, from, most));
      case 1:
        return code(insn(VM_OP_str_upper, to, block, from, most));
      case 2:
        return code(
            insn(VM_OP_str_trim, to, block, from, most | static_cast<int32_t>(1 + below(3)) << 16));
      default:
        code(insn(VM_OP_mov, kPart, from));
        for (unsigned end : {kPart + 1, kPart + 2}) {
          if (below(4) == 0)
            code(insn(VM_OP_mov, end, any_int()));
          else
            code(insn(VM_OP_ldi, end, 0, 0, static_cast<int32_t>(below(140)) - 10));
        }
        return code(insn(VM_OP_str_sub, to, block, kPart, most));
    }
  }

  // A number that differs between engines, asked only whether it lies where it must.
  void between() {
    const auto [number, least, greatest] = kSpares;
    const auto from = static_cast<int32_t>(random_());
    const auto count = static_cast<int32_t>(below(3) == 0 ? 0 : below(1000));
    code(insn(VM_OP_ldi, least, 0, 0, std::min(from, INT32_MAX - count)));
    code(insn(VM_OP_addi, greatest, least, 0, count));
    code(below(2) ? insn(VM_OP_rand, number, least, greatest)
                  : insn(VM_OP_rand, number, greatest, least));
    code(insn(VM_OP_le, least, least, number));
    code(insn(VM_OP_le, greatest, number, greatest));
    code(insn(VM_OP_band, any_int(), least, greatest));
  }

  int32_t literal() { return literals_[below(static_cast<unsigned>(literals_.size()))]; }

  void unit() {
    if (below(80) == 0) return code(insn(VM_OP_trap, 0, 0, 0, VM_FAULT_no_item));
    switch (below(16)) {
      case 0:
        return constant(any_int());
      case 1:
        return string(any_string());
      case 2:
        return jump();
      case 3:
        return row();
      case 4:
        return below(4) == 0 ? walk() : key();
      case 5:
        return code(insn(VM_OP_count_cell, 0, 0, 0, 3));
      case 6:
        return load();
      case 7:
      case 8:
        return text();
      case 9:
      case 10:
        return remake();
      case 11:
        return between();
      default:
        return arithmetic();
    }
  }

  void arithmetic() {
    constexpr vm_opcode three[] = {VM_OP_add, VM_OP_sub,  VM_OP_mul, VM_OP_div,  VM_OP_mod,
                                   VM_OP_pow, VM_OP_band, VM_OP_bor, VM_OP_bxor, VM_OP_shl,
                                   VM_OP_shr, VM_OP_eq,   VM_OP_ne,  VM_OP_lt,   VM_OP_le};
    if (below(6) == 0) {
      const unsigned shift = below(64), width = 1 + below(64 - shift);
      return code(insn(VM_OP_bits, any_int(), any_int(), 0,
                       static_cast<int32_t>(shift | width << 8 | below(2) << 16)));
    }
    if (below(12) == 0) return code(insn(VM_OP_bswap, any_int(), any_int(), 2u << below(3)));
    const unsigned which = below(static_cast<unsigned>(std::size(three)) + 3);
    if (which < std::size(three)) return code(insn(three[which], any_int(), any_int(), any_int()));
    const auto imm = static_cast<int32_t>(below(7)) - 3;
    const vm_opcode two[] = {VM_OP_addi, VM_OP_not, VM_OP_mov};
    code(insn(two[which - std::size(three)], any_int(), any_int(), 0, imm));
  }

  // The target is aimed once all units have their places: here it is unknown.
  void jump() {
    jumps_.push_back(program_.code.size());
    constexpr vm_opcode branches[] = {VM_OP_jeqi, VM_OP_jnei, VM_OP_jlti,
                                      VM_OP_jlei, VM_OP_jgti, VM_OP_jgei};
    switch (below(4)) {
      case 0:
        return code(insn(VM_OP_jmp));
      case 1:
        return code(insn(below(2) ? VM_OP_jz : VM_OP_jnz, any_int()));
      default:
        return code(insn(branches[below(6)], any_int(), 0, 0, static_cast<int32_t>(below(5)) - 2));
    }
  }

  void aim_jumps() {
    for (size_t at : jumps_) {
      size_t target = 0;
      do {
        target = starts_[below(static_cast<unsigned>(starts_.size()))];
      } while (target <= at && below(8) != 0);
      vm_insn& jump = program_.code[at];
      if (jump.op == VM_OP_jmp || jump.op == VM_OP_jz || jump.op == VM_OP_jnz) {
        jump.imm = static_cast<int32_t>(target);
      } else {
        jump.b = static_cast<vm_u8>(target);
        jump.c = static_cast<vm_u8>(target >> 8);
      }
    }
  }

  void row() {
    const auto site = static_cast<int32_t>(program_.rows.size());
    bytecode::RowSite& row = program_.rows.emplace_back();
    code(insn(VM_OP_row_begin, 0, 0, 0, site));
    const unsigned fields = below(2) ? below(4) : below(40);
    for (unsigned i = 0; i < fields; ++i) {
      const bool text = below(2) == 0;
      row.fields.push_back(text ? Raw::text : Raw::word);
      code(text ? insn(VM_OP_row_str, any_string()) : insn(VM_OP_row_int, any_int()));
    }
    if (fields > 0)
      code(insn(VM_OP_row_null, any_int(), 0, 0, static_cast<int32_t>(below(fields))));
    code(insn(VM_OP_row_send));
  }

  void key() {
    const unsigned map = below(3);
    const uint8_t key_class = program_.maps[map].key_class;
    const auto bytes = static_cast<int32_t>(bytecode::key_class_bytes(key_class));
    if (key_class == 0 && below(2) == 0)
      code(insn(VM_OP_key_int, any_int()));
    else
      code(insn(VM_OP_key_zero, 0, 0, 0, bytes));
    if (below(2) == 0)
      code(insn(VM_OP_key_int, any_int(), 0, 0,
                8 * static_cast<int32_t>(below(static_cast<unsigned>(bytes) / 8))));
    if (key_class > 0 && below(3) == 0) code(insn(VM_OP_key_comm));
    if (key_class > 0 && below(2) == 0)
      code(insn(VM_OP_key_str, any_string(), 0, 0, 8 | (bytes - 8) << 16));
    if (below(2) == 0) code(insn(VM_OP_key_null, any_int(), 0, 0, static_cast<int32_t>(below(64))));
    if (below(3) == 0)
      code(insn(VM_OP_ld_key, any_int(), 0, 0,
                8 * static_cast<int32_t>(below(static_cast<unsigned>(bytes) / 8))));
    if (key_class > 0 && below(3) == 0) {
      const unsigned to = any_string();
      code(insn(VM_OP_str_key, to, block_of(to), 0, 8 | (bytes - 8) << 16));
    }
    code(insn(VM_OP_count, 0, 0, key_class, static_cast<int32_t>(map)));
  }

  // A map of the program's own, and a walk over it from anywhere.
  void walk() {
    constexpr int32_t values = 4;
    code(insn(VM_OP_key_zero, 0, 0, 0, 8));
    switch (below(4)) {
      case 0:
        return code(insn(VM_OP_map_put, any_int(), 0, 0, values));
      case 1:
        return code(insn(VM_OP_map_delete, any_int(), 0, 0, values));
      case 2:
        return code(insn(VM_OP_map_get, below(kInts - 1), 0, 0, values));
      default: {
        const unsigned place = below(kInts - 2);
        if (below(4) != 0) code(insn(VM_OP_ldi, place, 0, 0, static_cast<int32_t>(below(4)) - 2));
        code(insn(VM_OP_map_next, place, 0, 0, values));
        return code(insn(VM_OP_ld_key, any_int()));
      }
    }
  }

  void load() {
    constexpr unsigned sizes[] = {1, 2, 4, 8};
    constexpr vm_opcode who[] = {VM_OP_ld_pid, VM_OP_ld_tid,  VM_OP_ld_uid,    VM_OP_ld_gid,
                                 VM_OP_ld_cpu, VM_OP_ld_task, VM_OP_ld_cgroup, VM_OP_ld_site};
    const unsigned size = sizes[below(4)], sign = below(2);
    switch (below(3)) {
      case 0:
        return code(insn(who[below(8)], any_int()));
      case 1:
        return code(
            insn(VM_OP_ld_ctx, any_int(), size, sign,
                 static_cast<int32_t>(kTextOffset + below(kContextBytes - kTextOffset - 8))));
      default:
        // The first address has readable words behind it, the last two answer nobody.
        const unsigned from = below(2) ? 0 : kAddresses - 1 - below(2);
        address(from);
        return code(insn(VM_OP_ld_mem, below(kInts - 1), kAddress, size | (sign ? VM_SIGNED : 0),
                         static_cast<int32_t>(below(kWordBytes - 8))));
    }
  }

  void text() {
    const auto end = static_cast<int32_t>(below(2));
    switch (below(8)) {
      case 0:
        return code(insn(VM_OP_str_eqk, any_int(), any_string(), 0, literal()));
      case 1:
        return code(insn(VM_OP_str_cmp, any_int(), any_string(), any_string()));
      case 2:
        return code(insn(VM_OP_str_len, any_int(), any_string()));
      case 3:
        return code(insn(VM_OP_str_starts, any_int(), any_string(), any_string()));
      case 4:
        return code(insn(VM_OP_str_ends, any_int(), any_string(), any_string()));
      case 5:
      case 6:
        return code(insn(VM_OP_str_find, any_int(), any_string(), any_string(), end));
      default:
        return code(insn(VM_OP_isnull, any_int(), any_string()));
    }
  }

  Random& random_;
  Program program_;
  std::vector<int32_t> literals_;
  int32_t constants_ = 0;
  std::vector<size_t> starts_;  // of units
  std::vector<size_t> jumps_;
};

std::string random_text(Random& random, size_t length) {
  constexpr std::string_view kFew = " abAB\t@[`{Zz";  // letters' neighbours too
  const bool few = random() % 2 == 0;
  std::string text;
  for (size_t i = 0; i < length; ++i)
    text += few ? kFew[random() % kFew.size()] : static_cast<char>('a' + i % 16);
  if (length > 0 && random() % 4 == 0)
    text[random() % length] = static_cast<char>(1 + random() % 255);
  return text;
}

}  // namespace

Program random_program(Random& random) { return Maker(random).make(); }

bytecode::Event random_event(Random& random, cases::Memory& memory) {
  bytecode::Event event;
  event.comm = random_text(random, random() % 16);
  event.time = 1;
  event.task = random();
  event.cgroup = random();
  event.site = static_cast<uint32_t>(random());
  event.context.resize(kContextBytes);
  for (uint8_t& byte : event.context) byte = random() % 8 == 0 ? 0 : static_cast<uint8_t>(random());
  const std::string text = random_text(random, kWordBytes + random() % 300);
  const std::string brief = random_text(random, random() % 4);
  const std::string edge = random_text(random, 1 + random() % 100);
  const uint64_t texts[] = {memory.add({text.c_str(), text.c_str() + text.size() + 1}),
                            memory.add({brief.c_str(), brief.c_str() + brief.size() + 1}),
                            memory.add_at_edge(edge)};
  // Up to as many texts as a join takes, and more; the last of them cannot be read.
  std::vector<uint8_t> pointers;
  for (size_t i = random() % 4 == 0 ? random() % (VM_JOIN_MAX + 4) : random() % 6; i > 0; --i) {
    const uint64_t each = texts[random() % 40 == 0 ? 2 : random() % 2];
    const auto* bytes = reinterpret_cast<const uint8_t*>(&each);
    pointers.insert(pointers.end(), bytes, bytes + sizeof each);
  }
  pointers.resize(pointers.size() + (random() % 8 == 0 ? 0 : sizeof(uint64_t)));
  const uint64_t addresses[kAddresses] = {
      texts[0],
      texts[1],
      texts[2],
      pointers.empty()
          ? 0x10
          : memory.add_at_edge({reinterpret_cast<const char*>(pointers.data()), pointers.size()}),
      0x10,                   // as good as null
      VM_NULL_PAGE,           // no null pointer, and not mapped
      0xffff'8000'0000'0010,  // kernel space that x86 leaves empty
  };
  std::memcpy(event.context.data(), addresses, sizeof addresses);
  const auto length = static_cast<uint32_t>(random() % (kContextBytes - kTextOffset));
  const uint32_t loc = length << 16 | kTextOffset;
  std::memcpy(event.context.data() + kLocOffset, &loc, sizeof loc);
  event.memory = [&memory](uint64_t address, uint32_t size) { return memory.read(address, size); };
  return event;
}

}  // namespace kernel_tests
