#include "host/call_ends.hpp"

#include <bpf/bpf.h>

#include <algorithm>

#include "bytecode/wire.h"
#include "host/hash_keys.hpp"

namespace host {

bool reads_text(const bytecode::Program& program) {
  return std::any_of(program.code.begin(), program.code.end(), [](const vm_insn& insn) {
    return insn.op == VM_OP_str_read || insn.op == VM_OP_str_mem || insn.op == VM_OP_str_join;
  });
}

Result<std::vector<Attachment>> link_call_ends(Attaching& attaching,
                                               const std::vector<AttachPlace>& places) {
  std::vector<Attachment> made;
  Constants numbered;
  for (const AttachPlace& place : places) {
    const Target& target = *place.target;
    if (target.syscall >= 0) {
      numbered.add_syscall(target.syscall, place.cookie);
      continue;
    }
    Result<Attachment> one = attach_tracepoint(attaching, "vm_tracepoint_end", "syscalls",
                                               target.call_end, place.cookie);
    if (!one) return std::move(one).error();
    made.push_back(std::move(one).value());
  }
  if (numbered.syscalls.empty()) return made;
  Result<Attachment> all = attach_raw_tracepoint(attaching, "vm_syscall_end", "sys_exit", numbered);
  if (!all) return std::move(all).error();
  made.push_back(std::move(all).value());
  return made;
}

size_t forget_parked(const Loader& loader, const std::set<uint32_t>& slots) {
  const auto parked = hash_keys<vm_parked_key>(
      loader.parked(), VM_PARKED_MAX,
      [&](const vm_parked_key& key) { return slots.count(key.slot) != 0; });
  return static_cast<size_t>(std::count_if(
      parked.begin(), parked.end(),
      [&](const vm_parked_key& key) { return bpf_map_delete_elem(loader.parked(), &key) == 0; }));
}

}  // namespace host
