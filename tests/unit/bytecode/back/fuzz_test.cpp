// What validate accepts runs without undefined behaviour (this test is worth most with the
// sanitizers on) and never meets bad_program; what it refuses does no harm either. Programs are
// random, from fixed seeds, then damaged.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "bytecode/decode.hpp"
#include "bytecode/disasm.hpp"
#include "bytecode/interp.hpp"
#include "bytecode/isa_table.hpp"
#include "bytecode/show.hpp"
#include "bytecode/validate.hpp"
#include "program_maker.hpp"

namespace bytecode {
namespace {

constexpr int kNumbers = 6;  // registers 0 to 5 hold numbers
constexpr int kStrings = 4;  // registers 6 to 9 hold handles
constexpr int kPart = 10;    // a handle and the ends of a part
constexpr uint32_t kFuel = 3000;

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  Program make() {
    maker_ = {};
    maker_.program().fuel = kFuel;
    maker_.program().timers = {"t"};
    literals_ = {maker_.literal(""), maker_.literal("bash"), maker_.literal(std::string(100, 'x'))};
    word_ = maker_.constant(INT64_MIN);
    maker_.map({{"", As::integer, 0, 8, false}}, 0);
    maker_.map({{"s", As::string, 8, 48, true}, {"n", As::integer, 56, 8, false}}, 3);
    maker_.map({}, 0);
    const std::vector<KeyPart> by_int = {{"", As::integer, 0, 8, false}};
    keyed_sums_ = maker_.map(by_int, 0, "a", MapKind::sum);
    keyed_tallies_ = maker_.map(by_int, 0, "b", MapKind::stats);
    values_ = maker_.map(by_int, 0, "c", MapKind::value);
    sums_ = maker_.map({}, 0, "d", MapKind::sum);
    tallies_ = maker_.map({}, 0, "e", MapKind::stats);
    for (int i = 0; i < kNumbers; ++i) maker_.add(VM_OP_ldi, i, 0, 0, below(7) - 3);
    for (int i = 0; i < kStrings; ++i)
      maker_.add(VM_OP_str_lit, kNumbers + i, i * 8, 0, literals_[static_cast<size_t>(i) % 3]);
    const int length = below(30);
    for (int i = 0; i < length; ++i) add_any();
    maker_.add(VM_OP_exit);
    return maker_.program();
  }

  // Changes a few bytes of the code, the pool or the description of rows and maps.
  void damage(Program& program) {
    for (int times = 1 + below(3); times > 0; --times) {
      const int where = below(20);
      vm_insn& insn =
          program.code[static_cast<size_t>(below(static_cast<int>(program.code.size())))];
      if (where == 0) {
        program.pool.at(static_cast<size_t>(below(static_cast<int>(program.pool.size())))) ^= 1;
      } else if (where == 1) {
        program.pool.resize(program.pool.size() / 2);
        if (program.pool.empty()) program.pool.resize(8);
      } else if (where == 2) {
        program.maps[1].key_class = static_cast<uint8_t>(below(9));
      } else if (where == 3 && !program.rows.empty()) {
        program.rows[0].fields.push_back(Raw::word);
      } else {
        reinterpret_cast<uint8_t*>(&insn)[below(8)] = static_cast<uint8_t>(below(256));
      }
    }
  }

  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }

 private:
  int number() { return below(kNumbers); }
  int string() { return kNumbers + below(kStrings); }
  int block() { return below(VM_HEAP_BLOCKS - 8); }
  int64_t literal() { return literals_[static_cast<size_t>(below(3))]; }

  static bool takes_text(vm_opcode op) {
    return op == VM_OP_isnull || op == VM_OP_str_len || op == VM_OP_str_cmp ||
           op == VM_OP_str_starts || op == VM_OP_str_ends;
  }

  // An instruction somewhere ahead or, now and then, behind.
  int target() {
    const int here = static_cast<int>(maker_.program().code.size());
    return below(8) == 0 ? below(here) : here + 1;
  }

  void add_row() {
    std::vector<Raw> fields;
    for (int i = below(5); i > 0; --i) fields.push_back(below(2) == 0 ? Raw::word : Raw::text);
    maker_.add(VM_OP_row_begin, 0, 0, 0, maker_.site(fields));
    for (const Raw raw : fields)
      raw == Raw::word ? maker_.add(VM_OP_row_int, number()) : maker_.add(VM_OP_row_str, string());
    if (!fields.empty())
      maker_.add(VM_OP_row_null, number(), 0, 0, below(static_cast<int>(fields.size())));
    maker_.add(VM_OP_row_send);
  }

  void add_count() {
    if (below(2) == 0) {
      maker_.add(VM_OP_key_int, number(), 0, 0, 0);
      maker_.add(VM_OP_count, 0, 0, 0, 0);
      return;
    }
    maker_.add(VM_OP_key_zero, 0, 0, 0, 64);
    maker_.add(VM_OP_key_str, string(), 0, 0, 8 | 48 << 16);
    maker_.add(VM_OP_key_int, number(), 0, 0, 56);
    maker_.add(VM_OP_key_null, number(), 0, 0, 0);
    maker_.add(VM_OP_count, 0, 0, 3, 1);
  }

  // An instruction on a map of its own kind, by an int.
  void add_keyed(const OpInfo& info) {
    const bool is_value = info.op >= VM_OP_map_get && info.op <= VM_OP_map_delete;
    const int map = info.format == Format::tally_key ? keyed_tallies_
                    : is_value                       ? values_
                                                     : keyed_sums_;
    maker_.add(VM_OP_key_int, number(), 0, 0, 0);
    maker_.add(info.op, below(kNumbers - 1),
               info.format == Format::tally_key ? 1 + below(VM_TALLY_ALL) : 0, 0, map);
  }

  // Any opcode, with operands that its format and this program's registers allow.
  void add_any() {
    const std::span<const OpInfo> table = op_table();
    const OpInfo& info = table[static_cast<size_t>(below(static_cast<int>(table.size())))];
    static constexpr int kSizes[] = {1, 2, 4, 8};
    switch (info.format) {
      case Format::none:
      case Format::site:
        return add_row();
      case Format::a:
        if (info.op == VM_OP_row_int || info.op == VM_OP_row_str) return add_row();
        maker_.add(info.op, number());
        return;
      case Format::ab:
        maker_.add(info.op, number(), takes_text(info.op) ? string() : number());
        return;
      case Format::abc:
        if (takes_text(info.op))
          maker_.add(info.op, number(), string(), string());
        else
          maker_.add(info.op, number(), number(), number());
        return;
      case Format::a_imm:
        maker_.add(info.op, number(), 0, 0, below(200) - 100);
        return;
      case Format::ab_imm:
        maker_.add(info.op, number(), number(), 0, below(200) - 100);
        return;
      case Format::ab_bits: {
        const int shift = below(64), width = 1 + below(64 - shift);
        maker_.add(info.op, number(), number(), 0, shift | width << 8 | below(2) << 16);
        return;
      }
      case Format::ab_size:
        maker_.add(info.op, number(), number(), kSizes[1 + below(3)]);
        return;
      case Format::a_pool8:
        maker_.add(info.op, number(), 0, 0, word_);
        return;
      case Format::jump:
      case Format::test:
        maker_.add(info.op, number(), 0, 0, target());
        return;
      case Format::branch:
        maker_.branch(info.op, number(), below(10) - 5, target());
        return;
      case Format::load_ctx:
        maker_.add(info.op, number(), kSizes[below(4)], below(2), below(70));
        return;
      case Format::load_mem:
        maker_.add(info.op, below(kNumbers - 1), number(), kSizes[below(4)], below(100));
        return;
      case Format::str_dst:
        maker_.add(info.op, string(), block());
        return;
      case Format::str_ctx:
        maker_.add(info.op, string(), block(), 0, below(60) | (1 + below(80)) << 16);
        return;
      case Format::str_read:
        maker_.add(info.op, string(), block(), number(), 1 + below(300));
        return;
      case Format::str_mem:
        maker_.add(info.op, string(), block(), number(), (1 + below(300)) | below(2) << 16);
        return;
      case Format::str_join:
        // The last number with the first handle beside it: what a jump goes past must hold too.
        maker_.add(info.op, string(), block(), kNumbers - 1, 1 + below(300));
        return;
      case Format::str_lit:
        maker_.add(info.op, string(), block(), 0, literal());
        return;
      case Format::str_eqk:
        maker_.add(info.op, number(), string(), 0, literal());
        return;
      case Format::fault:
        if (below(10) == 0) maker_.add(info.op, 0, 0, 0, VM_FAULT_no_item);
        return;
      case Format::abc_end:
        maker_.add(info.op, number(), string(), string(), below(2));
        return;
      case Format::str_copy:
        maker_.add(info.op, string(), block(), string(), below(300));
        return;
      case Format::str_trim:
        maker_.add(info.op, string(), block(), string(), below(300) | (1 + below(3)) << 16);
        return;
      case Format::str_sub:
        maker_.add(VM_OP_mov, kPart, string());
        maker_.add(VM_OP_mov, kPart + 1, number());
        maker_.add(VM_OP_ldi, kPart + 2, 0, 0, below(300) - 10);
        maker_.add(info.op, string(), block(), kPart, below(300));
        return;
      case Format::cell:
        maker_.add(info.op, 0, 0, 0, 2);
        return;
      case Format::a_cell:
        maker_.add(info.op, number(), 0, 0, sums_);
        return;
      case Format::tally_cell:
        maker_.add(info.op, number(), 1 + below(VM_TALLY_ALL), 0, tallies_);
        return;
      case Format::next_key:
        maker_.add(info.op, below(kNumbers - 2), 0, 0, values_);
        return;
      case Format::word_at_key:
        maker_.add(VM_OP_key_zero, 0, 0, 0, 64);
        maker_.add(info.op, number(), 0, 0, 8 * below(8));
        return;
      case Format::text_at_key:
        maker_.add(VM_OP_key_zero, 0, 0, 0, 64);
        maker_.add(info.op, string(), block(), 0, 8 | 48 << 16);
        return;
      case Format::a_map_key:
      case Format::load_key:
      case Format::tally_key:
        return add_keyed(info);
      case Format::stack:
        maker_.add(info.op, below(kNumbers - 1), below(2), 0, 1 + below(VM_STACK_MAX));
        return;
      case Format::timer:
      case Format::load_timer:
        maker_.add(info.op, below(kNumbers - 1), 0, 0, below(2) - 1);
        return;
      case Format::imm:
      case Format::key_int:
      case Format::key_int_at:
      case Format::key_str:
      case Format::a_bit:
      case Format::map_key:
        return add_count();
    }
  }

  std::mt19937 random_;
  ProgramMaker maker_;
  std::vector<int64_t> literals_;
  int64_t word_ = 0;
  int keyed_sums_ = 0, keyed_tallies_ = 0, values_ = 0, sums_ = 0, tallies_ = 0;  // maps
};

Event some_event(Generator& random) {
  Event event;
  event.comm = "fuzz";
  event.random = [&random] { return static_cast<uint64_t>(random.below(1 << 30)) << 34; };
  for (int i = 0; i < 64; ++i) event.context.push_back(static_cast<uint8_t>(random.below(256)));
  event.memory = [](uint64_t address, uint32_t size) -> std::optional<std::vector<uint8_t>> {
    if (address % 3 == 0) return {};
    std::vector<uint8_t> bytes(address % 5 == 0 ? size / 2 : size, 'm');
    if (!bytes.empty() && address % 2 == 0) bytes[bytes.size() / 2] = 0;
    return bytes;
  };
  return event;
}

void run_and_check(const Program& program, Generator& random) {
  Effects effects;
  run(program, some_event(random), effects);
  for (const FaultAt& fault : effects.faults) {
    ASSERT_NE(fault.kind, VM_FAULT_bad_program) << disassemble(program);
    ASSERT_LT(fault.pc, program.code.size());
  }
  // The last step may spend more than is left, by what two strings cost.
  ASSERT_LE(effects.steps, kFuel + 2 * VM_STR_MAX / VM_BLOCK);
  for (const std::vector<uint8_t>& row : effects.rows) {
    vm_row header;
    ASSERT_GE(row.size(), sizeof header);
    ASSERT_LE(row.size(), sizeof header + VM_ROW_MAX);
    std::memcpy(&header, row.data(), sizeof header);
    ASSERT_LT(header.site, program.rows.size());
    const RowSite& site = program.rows[header.site];
    show(decode_row(site, header.nulls, std::span(row).subspan(sizeof header), {}));
    ASSERT_TRUE(site.fields.size() == 64 || header.nulls >> site.fields.size() == 0);
  }
  for (const auto& [where, count] : effects.counts) {
    ASSERT_LT(where.first, program.maps.size());
    decode_key(program.maps[where.first], where.second, {});
  }
}

TEST(Fuzz, RandomProgramsAreAcceptedAndRun) {
  int refused = 0;
  for (unsigned seed = 0; seed < 2000; ++seed) {
    Generator random(seed);
    const Program program = random.make();
    if (const Status status = validate(program); !status) {
      // A jump may lead into the middle of a row; nothing else may be wrong.
      const std::string& message = status.error().message;
      ASSERT_TRUE(message.find("row") != std::string::npos ||
                  message.find("key") != std::string::npos)
          << message << "\n"
          << disassemble(program);
      ++refused;
      continue;
    }
    run_and_check(program, random);
    if (HasFatalFailure()) return;
  }
  EXPECT_LT(refused, 1000);
}

TEST(Fuzz, DamagedProgramsAreRefusedOrRun) {
  int accepted = 0, refused = 0;
  for (unsigned seed = 0; seed < 6000; ++seed) {
    Generator random(seed);
    Program program = random.make();
    random.damage(program);
    disassemble(program);
    if (!validate(program)) {
      ++refused;
      continue;
    }
    ++accepted;
    run_and_check(program, random);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(accepted, 500);
  EXPECT_GT(refused, 500);
}

}  // namespace
}  // namespace bytecode
