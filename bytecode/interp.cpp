#include "bytecode/interp.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <string_view>

#include "bytecode/entries.hpp"
#include "bytecode/interp_kept.hpp"
#include "bytecode/interp_numbers.hpp"
#include "bytecode/interp_row.hpp"
#include "bytecode/interp_strings.hpp"
#include "bytecode/isa_table.hpp"

namespace bytecode {
namespace {

class Run {
 public:
  Run(const Program& program, const Event& event, Effects& effects)
      : program_(program), event_(event), effects_(effects), kept_(event, effects) {
    // A kernel's scratch slot holds what the run before left there.
    regs_.fill(0x5a5a5a5a5a5a5a5a);
    key_.fill(0x5a);
    std::memcpy(comm_.data(), event.comm.data(),
                std::min<size_t>(event.comm.size(), VM_COMM_BYTES - 1));
  }

  void run() {
    while (true) {
      if (pc_ >= program_.code.size()) {
        fault(VM_FAULT_bad_program);
        return;
      }
      if (spent_ >= program_.fuel) {
        fault(VM_FAULT_fuel);
        return;
      }
      spend(1);
      next_ = pc_ + 1;
      if (!step(program_.code[pc_])) return;
      pc_ = next_;
    }
  }

 private:
  void spend(uint64_t steps) {
    spent_ += steps;
    effects_.steps += steps;
  }

  // Counts a fault here; whether the run goes on.
  bool fault(vm_fault kind) {
    effects_.faults.push_back({kind, pc_});
    const FaultInfo* info = fault_info(kind);
    return info != nullptr && !info->ends_run;
  }

  int64_t& reg(uint8_t index) {
    assert(index < VM_REGS);
    return regs_[index];
  }

  bool set(uint8_t index, int64_t value) {
    reg(index) = value;
    return true;
  }

  bool jump_if(bool condition, uint32_t target) {
    if (condition) next_ = target;
    return true;
  }

  // Copies `size` bytes of the context; false where it has fewer.
  bool read_context(uint32_t offset, void* to, uint32_t size) const {
    if (uint64_t{offset} + size > event_.context.size()) return false;
    std::memcpy(to, event_.context.data() + offset, size);
    return true;
  }

  // What memory has at an address, `size` bytes or fewer.
  std::vector<uint8_t> read_memory(uint64_t address, uint32_t size) const {
    if (!event_.memory) return {};
    return event_.memory(address, size).value_or(std::vector<uint8_t>{});
  }

  ReadMemory reader() const {
    return [this](uint64_t address, uint32_t size) { return read_memory(address, size); };
  }

  // Nothing was read at an address; whether the run goes on. There is nothing behind a null
  // pointer.
  bool failed_at(uint64_t address) { return address < VM_NULL_PAGE || fault(VM_FAULT_bad_read); }

  // A string of the context that failed to be read.
  bool no_string(uint8_t to) {
    set(to, static_cast<int64_t>(VM_STR_NULL));
    return fault(VM_FAULT_bad_read);
  }

  // The same of memory.
  bool no_string_at(uint8_t to, uint64_t address) {
    set(to, static_cast<int64_t>(VM_STR_NULL));
    return failed_at(address);
  }

  bool make_string(uint8_t to, uint8_t block, std::string_view text) {
    const std::optional<int64_t> handle = heap_.make(block, text);
    if (!handle) return fault(VM_FAULT_bad_program);
    spend(text.size() / VM_BLOCK);
    return set(to, *handle);
  }

  using Text = StringHeap::Text;

  std::string_view literal(const vm_insn& insn) const {
    assert(size_t{imm_low(insn)} + imm_high(insn) <= program_.pool.size());
    const auto* pool = reinterpret_cast<const char*>(program_.pool.data());
    return std::string_view(pool + imm_low(insn), imm_high(insn));
  }

  bool load_memory(const vm_insn& insn) {
    const uint32_t size = insn.c & ~unsigned{VM_SIGNED};
    const uint64_t address =
        static_cast<uint64_t>(reg(insn.b)) + static_cast<uint64_t>(int64_t{insn.imm});
    const std::vector<uint8_t> bytes = read_memory(address, size);
    const bool failed = bytes.size() < size;
    uint64_t word = 0;
    if (!failed) std::memcpy(&word, bytes.data(), size);
    set(insn.a, extend(word, size, (insn.c & VM_SIGNED) != 0));
    set(static_cast<uint8_t>(insn.a + 1), failed);
    return !failed || failed_at(address);
  }

  bool string_from_array(const vm_insn& insn) {
    std::string text(imm_high(insn), '\0');
    if (!read_context(imm_low(insn), text.data(), imm_high(insn))) return no_string(insn.a);
    return make_string(insn.a, insn.b, std::string_view(text).substr(0, text.find('\0')));
  }

  bool string_from_loc(const vm_insn& insn) {
    uint32_t word = 0;
    if (!read_context(imm_low(insn), &word, sizeof word)) return no_string(insn.a);
    std::string text(word >> 16, '\0');
    if (!read_context(word & 0xffff, text.data(), word >> 16)) return no_string(insn.a);
    std::string_view shown = std::string_view(text).substr(0, text.find('\0'));
    const uint32_t capacity = imm_high(insn);
    if (shown.size() > capacity - 1) {
      shown = shown.substr(0, capacity - 1);
      fault(VM_FAULT_string_cut);
    }
    return make_string(insn.a, insn.b, shown);
  }

  bool string_from_memory(const vm_insn& insn) {
    const auto address = static_cast<uint64_t>(reg(insn.c));
    const MemoryText read = read_text(reader(), address, static_cast<uint32_t>(insn.imm));
    if (read.failed_at) return no_string_at(insn.a, *read.failed_at);
    if (read.cut) fault(VM_FAULT_string_cut);
    return make_string(insn.a, insn.b, read.text);
  }

  // Exactly so many bytes, or the text at their start.
  bool string_from_bytes(const vm_insn& insn) {
    const uint32_t size = imm_low(insn);
    const auto address = static_cast<uint64_t>(reg(insn.c));
    const std::vector<uint8_t> bytes = read_memory(address, size);
    if (bytes.size() < size) return no_string_at(insn.a, address);
    const std::string_view all(reinterpret_cast<const char*>(bytes.data()), size);
    const bool is_text = (insn.imm & VM_MEM_TEXT) != 0;
    return make_string(insn.a, insn.b, is_text ? all.substr(0, all.find('\0')) : all);
  }

  bool bytes_from_context(const vm_insn& insn) {
    std::string bytes(imm_high(insn), '\0');
    if (!read_context(imm_low(insn), bytes.data(), imm_high(insn))) return no_string(insn.a);
    return make_string(insn.a, insn.b, bytes);
  }

  bool joined_string(const vm_insn& insn) {
    const std::optional<Text> between = heap_.at(reg(static_cast<uint8_t>(insn.c + 1)));
    if (!between) return fault(VM_FAULT_bad_program);
    const auto pointers = static_cast<uint64_t>(reg(insn.c));
    const MemoryText read =
        join_texts(reader(), pointers, between->text, static_cast<uint32_t>(insn.imm));
    if (read.failed_at) return no_string_at(insn.a, *read.failed_at);
    if (read.cut) fault(VM_FAULT_string_cut);
    spend(read.texts);
    return make_string(insn.a, insn.b, read.text);
  }

  bool compare_literal(const vm_insn& insn) {
    const std::optional<Text> text = heap_.at(reg(insn.b));
    if (!text) return fault(VM_FAULT_bad_program);
    spend(imm_high(insn) / VM_BLOCK);
    return set(insn.a, text->text == literal(insn));
  }

  // What an instruction says of the two texts b and c.
  bool of_two_texts(const vm_insn& insn) {
    const std::optional<Text> left = heap_.at(reg(insn.b)), right = heap_.at(reg(insn.c));
    if (!left || !right) return fault(VM_FAULT_bad_program);
    const std::string_view b = left->text, c = right->text;
    if (insn.op == VM_OP_str_find) {
      spend((b.size() + c.size()) / VM_BLOCK);
      return set(insn.a, find_text(b, c, insn.imm != 0));
    }
    spend(std::min(b.size(), c.size()) / VM_BLOCK);
    if (insn.op == VM_OP_str_starts) return set(insn.a, b.starts_with(c));
    if (insn.op == VM_OP_str_ends) return set(insn.a, b.ends_with(c));
    const int order = b.compare(c);  // char_traits<char> compares as unsigned
    return set(insn.a, (order > 0) - (order < 0));
  }

  // A text made of the text c.
  bool remake_string(const vm_insn& insn) {
    const std::optional<Text> text = heap_.at(reg(insn.c));
    if (!text) return fault(VM_FAULT_bad_program);
    if (text->null) return set(insn.a, static_cast<int64_t>(VM_STR_NULL));
    const std::string_view from = text->text;
    std::string made;
    if (insn.op == VM_OP_str_sub) {
      const auto c = insn.c;
      made = part_of_text(from, reg(static_cast<uint8_t>(c + 1)), reg(static_cast<uint8_t>(c + 2)));
    } else if (insn.op == VM_OP_str_trim) {
      spend(from.size() / VM_BLOCK);
      made = trim_text(from, trims_start(insn), trims_end(insn));
    } else {
      made = insn.op == VM_OP_str_lower ? lower_text(from) : upper_text(from);
    }
    if (made.size() > imm_low(insn)) {
      made.resize(imm_low(insn));
      fault(VM_FAULT_string_cut);
    }
    return make_string(insn.a, insn.b, made);
  }

  bool key_string(const vm_insn& insn) {
    const uint32_t offset = imm_low(insn), capacity = imm_high(insn);
    assert(offset + capacity <= VM_KEY_MAX);
    const std::optional<Text> text = heap_.at(reg(insn.a));
    if (!text) return fault(VM_FAULT_bad_program);
    spend(capacity / VM_BLOCK);
    if (text->text.size() > capacity) fault(VM_FAULT_string_cut);
    const std::string_view kept = text->text.substr(0, capacity);
    std::memset(key_.data() + offset, 0, capacity);
    std::copy(kept.begin(), kept.end(), key_.begin() + offset);
    return true;
  }

  bool string_from_key(const vm_insn& insn) {
    const std::string_view part(reinterpret_cast<const char*>(key_.data()) + imm_low(insn),
                                imm_high(insn));
    return make_string(insn.a, insn.b, part.substr(0, part.find('\0')));
  }

  bool next_entry(const vm_insn& insn) {
    set(insn.a, std::max<int64_t>(reg(insn.a), 0));
    uint64_t place = static_cast<uint64_t>(reg(insn.a)) % VM_MAP_PLACES;
    const auto entry = kept_.entry(static_cast<uint32_t>(insn.imm), place);
    spend(place / VM_WALK_GRAIN);
    std::memset(key_.data(), 0, key_class_bytes(insn.c));
    if (entry) std::copy(entry->first.begin(), entry->first.end(), key_.begin());
    set(static_cast<uint8_t>(insn.a + 1), entry ? entry->second : 0);
    return set(static_cast<uint8_t>(insn.a + 2), entry.has_value());
  }

  // Where the instruction's map has the key that is built.
  Kept::Place place(const vm_insn& insn) const {
    return {static_cast<uint32_t>(insn.imm),
            {key_.begin(), key_.begin() + key_class_bytes(insn.c)}};
  }
  static Kept::Place cell(const vm_insn& insn) { return {static_cast<uint32_t>(insn.imm), {}}; }

  // Whether the run goes on after what was done.
  bool done(vm_fault met) { return met == VM_FAULT_none || fault(met); }

  // A number that may be nothing: 0 then, with 1 in the next register.
  bool set_or_null(uint8_t index, std::optional<int64_t> number) {
    set(static_cast<uint8_t>(index + 1), !number);
    return set(index, number.value_or(0));
  }

  bool row_int(int64_t value) {
    if (!row_.has_room()) return fault(VM_FAULT_bad_program);
    row_.add_word(static_cast<uint64_t>(value));
    return true;
  }

  bool row_str(int64_t handle) {
    const std::optional<Text> text = heap_.at(handle);
    if (!row_.has_room() || !text || row_.fields() >= 64) return fault(VM_FAULT_bad_program);
    const size_t kept = row_.add_text(*text);
    if (text->text.size() > kept) fault(VM_FAULT_string_cut);
    spend(kept / VM_BLOCK);
    return true;
  }

  bool row_send() {
    if (!row_.is_open()) return fault(VM_FAULT_bad_program);
    vm_row header{};
    header.time = event_.time;
    header.pid = event_.pid;
    header.tid = event_.tid;
    header.cpu = event_.cpu;
    header.place = event_.site;
    std::memcpy(header.comm, comm_.data(), sizeof header.comm);
    effects_.rows.push_back(row_.finish(header));
    return true;
  }

  bool step(const vm_insn& insn) {
    const auto target = static_cast<uint32_t>(insn.imm);
    const int64_t imm = insn.imm;
    int64_t result = 0;
    switch (static_cast<vm_opcode>(insn.op)) {
      case VM_OP_exit:
        return false;
      case VM_OP_jmp:
        return jump_if(true, target);
      case VM_OP_jz:
        return jump_if(reg(insn.a) == 0, target);
      case VM_OP_jnz:
        return jump_if(reg(insn.a) != 0, target);
      case VM_OP_jeqi:
        return jump_if(reg(insn.a) == imm, branch_target(insn));
      case VM_OP_jnei:
        return jump_if(reg(insn.a) != imm, branch_target(insn));
      case VM_OP_jlti:
        return jump_if(reg(insn.a) < imm, branch_target(insn));
      case VM_OP_jlei:
        return jump_if(reg(insn.a) <= imm, branch_target(insn));
      case VM_OP_jgti:
        return jump_if(reg(insn.a) > imm, branch_target(insn));
      case VM_OP_jgei:
        return jump_if(reg(insn.a) >= imm, branch_target(insn));
      case VM_OP_trap:
        return fault(static_cast<vm_fault>(target));

      case VM_OP_mov:
        return set(insn.a, reg(insn.b));
      case VM_OP_ldi:
        return set(insn.a, imm);
      case VM_OP_ldk:
        assert(size_t{target} + 8 <= program_.pool.size());
        std::memcpy(&result, program_.pool.data() + target, sizeof result);
        return set(insn.a, result);

      case VM_OP_add:
        if (__builtin_add_overflow(reg(insn.b), reg(insn.c), &result))
          return fault(VM_FAULT_overflow);
        return set(insn.a, result);
      case VM_OP_sub:
        if (__builtin_sub_overflow(reg(insn.b), reg(insn.c), &result))
          return fault(VM_FAULT_overflow);
        return set(insn.a, result);
      case VM_OP_mul:
        if (__builtin_mul_overflow(reg(insn.b), reg(insn.c), &result))
          return fault(VM_FAULT_overflow);
        return set(insn.a, result);
      case VM_OP_addi:
        if (__builtin_add_overflow(reg(insn.b), imm, &result)) return fault(VM_FAULT_overflow);
        return set(insn.a, result);
      case VM_OP_div:
      case VM_OP_mod: {
        const int64_t b = reg(insn.b), c = reg(insn.c);
        if (c == 0) return fault(VM_FAULT_divide_by_zero);
        if (b == INT64_MIN && c == -1) return fault(VM_FAULT_overflow);
        return set(insn.a, insn.op == VM_OP_div ? floor_div(b, c) : floor_mod(b, c));
      }
      case VM_OP_pow:
        if (reg(insn.c) < 0) return fault(VM_FAULT_negative_exponent);
        if (!power(reg(insn.b), reg(insn.c), result)) return fault(VM_FAULT_overflow);
        return set(insn.a, result);
      case VM_OP_band:
        return set(insn.a, reg(insn.b) & reg(insn.c));
      case VM_OP_bor:
        return set(insn.a, reg(insn.b) | reg(insn.c));
      case VM_OP_bxor:
        return set(insn.a, reg(insn.b) ^ reg(insn.c));
      case VM_OP_shl:
      case VM_OP_shr: {
        const int64_t b = reg(insn.b), c = reg(insn.c);
        if (c < 0 || c >= 64) return fault(VM_FAULT_shift_range);
        return set(insn.a, insn.op == VM_OP_shr
                               ? b >> c
                               : static_cast<int64_t>(static_cast<uint64_t>(b) << c));
      }

      case VM_OP_bits: {
        const BitRange range = bit_range(insn);
        const uint64_t top = static_cast<uint64_t>(reg(insn.b)) << (64 - range.shift - range.width);
        const uint32_t down = 64 - range.width;
        return set(insn.a, range.is_signed ? static_cast<int64_t>(top) >> down
                                           : static_cast<int64_t>(top >> down));
      }
      case VM_OP_log2:
        return set(insn.a, bucket_of({.bits = static_cast<uint8_t>(insn.imm & 63)}, reg(insn.b)));
      case VM_OP_bswap: {
        const auto word = static_cast<uint64_t>(reg(insn.b));
        uint64_t swapped = 0;
        for (unsigned byte = 0; byte < insn.c; ++byte)
          swapped |= (word >> 8 * byte & 0xff) << 8 * (insn.c - 1u - byte);
        return set(insn.a, static_cast<int64_t>(swapped));
      }

      case VM_OP_eq:
        return set(insn.a, reg(insn.b) == reg(insn.c));
      case VM_OP_ne:
        return set(insn.a, reg(insn.b) != reg(insn.c));
      case VM_OP_lt:
        return set(insn.a, reg(insn.b) < reg(insn.c));
      case VM_OP_le:
        return set(insn.a, reg(insn.b) <= reg(insn.c));
      case VM_OP_not:
        return set(insn.a, reg(insn.b) == 0);
      case VM_OP_isnull:
        return set(insn.a, static_cast<uint64_t>(reg(insn.b)) == VM_STR_NULL);

      case VM_OP_ld_pid:
        return set(insn.a, event_.pid);
      case VM_OP_ld_tid:
        return set(insn.a, event_.tid);
      case VM_OP_ld_uid:
        return set(insn.a, event_.uid);
      case VM_OP_ld_gid:
        return set(insn.a, event_.gid);
      case VM_OP_ld_cpu:
        return set(insn.a, event_.cpu);
      case VM_OP_ld_time:
        return set(insn.a, static_cast<int64_t>(event_.time));
      case VM_OP_ld_task:
        return set(insn.a, static_cast<int64_t>(event_.task));
      case VM_OP_ld_cgroup:
        return set(insn.a, static_cast<int64_t>(event_.cgroup));
      case VM_OP_ld_site:
        return set(insn.a, event_.site);
      case VM_OP_rand:
        return set(insn.a,
                   number_between(reg(insn.b), reg(insn.c), event_.random ? event_.random() : 0));

      case VM_OP_ld_ctx: {
        uint64_t word = 0;
        const bool read = read_context(target, &word, insn.b);
        set(insn.a, extend(word, insn.b, insn.c != 0));
        return read || fault(VM_FAULT_bad_read);
      }
      case VM_OP_ld_mem:
        return load_memory(insn);

      case VM_OP_str_comm:
        return make_string(insn.a, insn.b, comm_.data());
      case VM_OP_str_ctx:
        return string_from_array(insn);
      case VM_OP_str_loc:
        return string_from_loc(insn);
      case VM_OP_str_read:
        return string_from_memory(insn);
      case VM_OP_str_mem:
        return string_from_bytes(insn);
      case VM_OP_str_bytes:
        return bytes_from_context(insn);
      case VM_OP_str_join:
        return joined_string(insn);
      case VM_OP_str_lit:
        return make_string(insn.a, insn.b, literal(insn));
      case VM_OP_str_eqk:
        return compare_literal(insn);
      case VM_OP_str_len: {
        const std::optional<Text> text = heap_.at(reg(insn.b));
        if (!text) return fault(VM_FAULT_bad_program);
        return set(insn.a, static_cast<int64_t>(text->text.size()));
      }
      case VM_OP_str_cmp:
      case VM_OP_str_find:
      case VM_OP_str_starts:
      case VM_OP_str_ends:
        return of_two_texts(insn);
      case VM_OP_str_sub:
      case VM_OP_str_lower:
      case VM_OP_str_upper:
      case VM_OP_str_trim:
        return remake_string(insn);

      case VM_OP_key_zero:
        assert(target <= VM_KEY_MAX);
        std::memset(key_.data(), 0, target);
        return true;
      case VM_OP_key_int:
        assert(target + 8 <= VM_KEY_MAX);
        std::memcpy(key_.data() + target, &reg(insn.a), 8);
        return true;
      case VM_OP_key_str:
        return key_string(insn);
      case VM_OP_key_comm:
        assert(target + VM_COMM_BYTES <= VM_KEY_MAX);
        std::memcpy(key_.data() + target, comm_.data(), VM_COMM_BYTES);
        return true;
      case VM_OP_key_null:
        if (reg(insn.a) != 0) key_[target / 8] |= static_cast<uint8_t>(1u << target % 8);
        return true;

      case VM_OP_ld_key: {
        int64_t word = 0;
        assert(target + 8 <= VM_KEY_MAX);
        std::memcpy(&word, key_.data() + target, sizeof word);
        return set(insn.a, word);
      }
      case VM_OP_str_key:
        return string_from_key(insn);

      case VM_OP_count:
        kept_.count(place(insn));
        return true;
      case VM_OP_count_cell:
        kept_.count(cell(insn));
        return true;
      case VM_OP_sum:
        return done(kept_.sum(place(insn), reg(insn.a)));
      case VM_OP_sum_cell:
        return done(kept_.sum(cell(insn), reg(insn.a)));
      case VM_OP_tally:
        return done(kept_.tally(place(insn), reg(insn.a), insn.b));
      case VM_OP_tally_cell:
        return done(kept_.tally(cell(insn), reg(insn.a), insn.b));
      case VM_OP_map_get:
        return set_or_null(insn.a, kept_.value(place(insn)));
      case VM_OP_map_put:
        kept_.put(place(insn), reg(insn.a));
        return true;
      case VM_OP_map_add:
        return done(kept_.add_value(place(insn), reg(insn.a)));
      case VM_OP_map_delete:
        return set(insn.a, kept_.erase(place(insn)));
      case VM_OP_map_next:
        return next_entry(insn);
      case VM_OP_stack:
        return set_or_null(insn.a, kept_.take_stack(insn.b != 0, target));
      case VM_OP_timer_start:
        return done(kept_.start_timer(insn.imm));
      case VM_OP_timer_stop:
        return set_or_null(insn.a, kept_.stop_timer(insn.imm));

      case VM_OP_row_begin:
        row_.begin(static_cast<uint16_t>(target));
        return true;
      case VM_OP_row_int:
        return row_int(reg(insn.a));
      case VM_OP_row_str:
        return row_str(reg(insn.a));
      case VM_OP_row_null:
        if (!row_.is_open()) return fault(VM_FAULT_bad_program);
        if (reg(insn.a) != 0) row_.set_null(target);
        return true;
      case VM_OP_row_send:
        return row_send();
    }
    return fault(VM_FAULT_bad_program);
  }

  const Program& program_;
  const Event& event_;
  Effects& effects_;
  uint32_t pc_ = 0;
  uint32_t next_ = 0;
  uint64_t spent_ = 0;
  std::array<int64_t, VM_REGS> regs_;
  StringHeap heap_;
  std::array<uint8_t, VM_KEY_MAX> key_;
  std::array<char, VM_COMM_BYTES> comm_{};
  RowMaker row_;
  Kept kept_;
};

}  // namespace

void run(const Program& program, const Event& event, Effects& effects) {
  Run(program, event, effects).run();
}

}  // namespace bytecode
