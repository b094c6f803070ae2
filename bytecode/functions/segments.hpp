// Text as people see it: grapheme clusters, words and columns, as Unicode's rules have them.
//
//   "🇩🇪 e\u0301x"    clusters: 4   words: 1   columns: 5
//
// The rules are those of UAX 29; the tables know what unicode_forms.def says and no scripts that
// take a dictionary.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bytecode {

std::vector<std::u32string_view> grapheme_clusters(std::u32string_view text);

// The words with a letter or a digit in them.
size_t count_words(std::u32string_view text);

// How many columns of a terminal it takes; a control character takes one.
size_t column_width(std::u32string_view text);

}  // namespace bytecode
