// What runs a case: an engine takes a program and an event and says what happened. Three engines
// run the same cases: the reference interpreter, the kernel's step compiled for this process, and
// the kernel itself. Each is one class and one line of main:
//
//   int main(int argc, char** argv) {
//     KernelEngine engine;
//     return cases::run_cases(engine, argc, argv);
//   }
#pragma once

#include <string_view>

#include "bytecode/interp.hpp"
#include "bytecode/program.hpp"
#include "bytecode/result.hpp"

namespace cases {

class Engine {
 public:
  virtual ~Engine() = default;

  // The word that a case's `engines:` line uses: "reference", "native", "kernel".
  virtual std::string_view name() const = 0;

  // Makes the event what this engine can run, before anything is expected of it. The kernel's
  // engine has no say in who it is: it writes its own process id, user, CPU and so on over the
  // event's, and takes on the event's `comm` as the thread's name. `time` it leaves: a case never
  // expects an exact one.
  virtual void adapt(bytecode::Event&) {}

  // Runs a validated program once, as if freshly loaded, and adds to `effects`. Rows have slot 0
  // and generation 0 in their header; a header's time may be any. `steps` may stay 0. The context
  // is a multiple of 8 bytes, at most 96, and the addresses in it are this process's own memory (or
  // answer nobody, by intent): event.memory reads them as the kernel would.
  virtual bytecode::Status run(const bytecode::Program& program, const bytecode::Event& event,
                               bytecode::Effects& effects) = 0;
};

// Runs the case files and folders named in argv (folders: each *.case in them), prints what differs
// and a line of totals. 0 if all passed, 1 if one failed, 2 if there was nothing to run. A case
// that leaves this engine out is counted and named, not run. `--list` prints the files' names and
// descriptions.
int run_cases(Engine& engine, int argc, char** argv);

}  // namespace cases
