// What Nushell knows of a compiled block of code: its text, where that stands in the source, and
// which declarations it calls.
//
// `view source` gives the text and `view ir` the rest, in every Nushell version; newer ones tell
// the place without it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "plugin/call.hpp"

namespace plugin {

// The text of a block: of a closure's, or of the block with a number (an Int).
Task<std::optional<std::string>> block_text(std::shared_ptr<Call> call, Node closure_or_id);

// Where a closure's block was written, as far as this Nushell tells.
Task<Span> block_span(std::shared_ptr<Call> call, Node closure);

struct BlockView {
  int64_t id = 0;
  Span span;
  bytecode::Value code;  // the block's IR, as `view ir --json` has it
};
// Of a closure, of the block with a number, or of the declaration with one; nothing where that is
// no custom command.
enum class BlockOf : uint8_t { closure_or_id, declaration };
Task<std::optional<BlockView>> view_block(std::shared_ptr<Call> call, Node what, BlockOf of);

// The declarations that a block and the blocks in it call, by the words of the call. Nushell's
// parser has found them from where the block stands, so they may be private to a module.
Task<std::map<std::string, int64_t>> calls_in(std::shared_ptr<Call> call, BlockView block);

Node int_node(int64_t number);

}  // namespace plugin
