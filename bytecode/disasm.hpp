// A Program as text, for people and for golden tests.
#pragma once

#include <string>

#include "bytecode/program.hpp"

namespace bytecode {

// One line an instruction: index, mnemonic, operands, and after ';' the source it came from where
// that changes. Then the rows and the maps. Stable: golden files hold it.
std::string disassemble(const Program& program);

// The operands of one instruction, as the disassembly has them: "r0, ctx[24], u64".
std::string operand_text(const Program& program, const vm_insn& insn);
// The source at a span on one line, cut where it is long.
std::string source_words(const Program& program, Span span);

}  // namespace bytecode
