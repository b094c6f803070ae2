// "Did you mean": the names nearest to a misspelt one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bytecode {

// The number of single-byte insertions, deletions, replacements and swaps of neighbours that turn
// one word into the other.
size_t edit_distance(std::string_view a, std::string_view b);

// At most three of `names`, nearest first, none of them further away than a third of its length.
std::vector<std::string> nearest(std::string_view word, const std::vector<std::string>& names);

// "did you mean `a` or `b`?", or "" where nothing is near. `prefix` is put before each name.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& names,
                         std::string_view prefix = {});

// " a b c"
std::string joined(const std::vector<std::string>& names);

}  // namespace bytecode
