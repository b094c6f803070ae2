#include "native_shim.h"

#include "native_vm.h"
#include "vm_bpf/interp.bpf.h"

const struct vm_native_maps vm_native_maps = {.code = &vm_code,
                                              .rings = &vm_rings,
                                              .stats = &vm_stats,
                                              .faults = &vm_faults,
                                              .cells = &vm_cells,
                                              .tally_cells = &vm_tally_cells,
                                              .cell_places = &vm_cell_places,
                                              .timers = &vm_timers,
                                              .stacks = &vm_stacks,
                                              .scratch = &vm_scratch,
#define VM_MAP(index, bytes)                                                \
  .keyed[index] = &vm_keyed_##index, .tallies[index] = &vm_tallies_##index, \
  .values[index] = &vm_values_##index,
                                              VM_KEY_CLASSES(VM_MAP)
#undef VM_MAP
};
const uint32_t vm_native_run_size = sizeof(struct vm_run);

void vm_native_run(uint64_t context, uint64_t cookie) { vm_enter((void*)context, cookie); }
