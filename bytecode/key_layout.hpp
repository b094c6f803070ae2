// How the parts of a map's key lie in it.
#pragma once

#include <cstdint>
#include <vector>

#include "bytecode/program.hpp"

namespace bytecode {

// Whether the key begins with a word of null bits.
bool has_null_bits(const std::vector<KeyPart>& parts);

// Gives the parts of a key their places, one after another, behind a word of null bits if one of
// them may be null. Where that saves a key class, long texts give up their last 8 bytes. The bytes
// of all of them; where that is no more than VM_KEY_MAX, `key_class` becomes the smallest that
// holds it.
uint32_t fit_key(std::vector<KeyPart>& parts, uint8_t& key_class);

}  // namespace bytecode
