#include "bytecode/isa_table.hpp"

#include <array>

namespace bytecode {
namespace {

constexpr OpInfo kOps[] = {
#define VM_OP(name, code, text, format, tier, synopsis) \
  {VM_OP_##name, text, Format::format, Tier::tier, synopsis},
#include "bytecode/opcodes.def"
#undef VM_OP
};

constexpr FaultInfo kFaults[] = {
#define FAULT(name, code, ends_run, sentence) {VM_FAULT_##name, #name, (ends_run) != 0, sentence},
#include "bytecode/faults.def"
#undef FAULT
};

// Indices into kOps, plus one; 0 where there is no opcode.
constexpr std::array<uint8_t, 256> kByCode = [] {
  std::array<uint8_t, 256> table{};
  for (size_t i = 0; i < std::size(kOps); ++i) table[kOps[i].op] = static_cast<uint8_t>(i + 1);
  return table;
}();

constexpr uint32_t kKeyClassBytes[] = {
#define KEY_CLASS(index, bytes) bytes,
    VM_KEY_CLASSES(KEY_CLASS)
#undef KEY_CLASS
};
static_assert(std::size(kKeyClassBytes) == VM_KEY_CLASS_COUNT);

}  // namespace

std::span<const OpInfo> op_table() { return kOps; }

const OpInfo* op_info(uint8_t op) {
  const uint8_t index = kByCode[op];
  return index == 0 ? nullptr : &kOps[index - 1];
}

std::string_view format_name(Format format) {
  switch (format) {
#define NAME(format)   \
  case Format::format: \
    return #format
    NAME(none);
    NAME(a);
    NAME(ab);
    NAME(abc);
    NAME(a_imm);
    NAME(ab_imm);
    NAME(ab_bits);
    NAME(ab_size);
    NAME(a_pool8);
    NAME(jump);
    NAME(test);
    NAME(branch);
    NAME(load_ctx);
    NAME(load_mem);
    NAME(str_dst);
    NAME(str_ctx);
    NAME(str_read);
    NAME(str_mem);
    NAME(str_join);
    NAME(str_lit);
    NAME(str_eqk);
    NAME(imm);
    NAME(key_int);
    NAME(key_int_at);
    NAME(key_str);
    NAME(word_at_key);
    NAME(text_at_key);
    NAME(a_bit);
    NAME(fault);
    NAME(abc_end);
    NAME(str_copy);
    NAME(str_trim);
    NAME(str_sub);
    NAME(map_key);
    NAME(a_map_key);
    NAME(load_key);
    NAME(next_key);
    NAME(tally_key);
    NAME(cell);
    NAME(a_cell);
    NAME(tally_cell);
    NAME(stack);
    NAME(timer);
    NAME(load_timer);
    NAME(site);
#undef NAME
  }
  return {};
}

std::span<const FaultInfo> fault_table() { return kFaults; }

const FaultInfo* fault_info(uint32_t kind) {
  for (const FaultInfo& fault : kFaults)
    if (static_cast<uint32_t>(fault.kind) == kind) return &fault;
  return nullptr;
}

uint32_t key_class_bytes(uint8_t key_class) {
  return key_class < VM_KEY_CLASS_COUNT ? kKeyClassBytes[key_class] : 0;
}

}  // namespace bytecode
