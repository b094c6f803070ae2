/* The kernel's interpreter compiled for this process: one function, and the addresses by which it
 * names its maps to the helpers.
 */
#ifndef TESTS_KERNEL_NATIVE_VM_H
#define TESTS_KERNEL_NATIVE_VM_H

#include "bytecode/wire.h"
#include "native_shim.h"

#ifdef __cplusplus
extern "C" {
#endif

struct vm_native_maps {
  const void *code, *rings, *stats, *faults, *cells, *tally_cells, *cell_places, *scratch, *timers,
      *stacks;
  const void* keyed[VM_KEY_CLASS_COUNT];
  const void* tallies[VM_KEY_CLASS_COUNT];
  const void* values[VM_KEY_CLASS_COUNT];
};
extern const struct vm_native_maps vm_native_maps;
extern const uint32_t vm_native_run_size;

void vm_native_run(uint64_t context, uint64_t cookie);

#ifdef __cplusplus
}
#endif

#endif
