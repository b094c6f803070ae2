#include "host/call_ends.hpp"

#include <bpf/bpf.h>

#include <algorithm>
#include <iterator>

#include "bytecode/wire.h"

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
  std::vector<vm_parked_key> keys;
  vm_parked_key key = {}, next = {};
  const vm_parked_key* before = nullptr;
  // The kernel begins anew where a key has gone meanwhile: other probes' runs come and go.
  for (size_t steps = 0; steps < VM_PARKED_MAX; ++steps) {
    if (bpf_map_get_next_key(loader.parked(), before, &next) != 0) break;
    key = next;
    before = &key;
    if (slots.count(key.slot) != 0) keys.push_back(key);
  }
  size_t forgotten = 0;
  for (const vm_parked_key& parked : keys)
    if (bpf_map_delete_elem(loader.parked(), &parked) == 0) ++forgotten;
  return forgotten;
}

}  // namespace host
