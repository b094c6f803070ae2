// Strings as Unicode, as far as Nushell's string commands look into them.
//
// Text is UTF-8. A byte that is none is read as one replacement character. Grapheme clusters, words
// and columns are in segments.hpp.
#pragma once

#include <string>
#include <string_view>

namespace bytecode {

constexpr char32_t kReplacementCharacter = 0xfffd;

std::u32string code_points(std::string_view text);
void append_utf8(std::string& text, char32_t code_point);
std::string utf8(std::u32string_view code_points);
std::string valid_utf8(std::string_view text);  // with replacement characters

// With the mappings to several code points, and a sigma at a word's end.
std::string upper_case(std::string_view text);
std::string lower_case(std::string_view text);
std::string upper_case(std::u32string_view text);
std::string lower_case(std::u32string_view text);

// What two texts share that differ in case alone.
std::string folded_case(std::string_view text);

bool is_upper(char32_t code_point);
bool is_lower(char32_t code_point);
bool is_white_space(char32_t code_point);

// Letters and digits. Beyond ASCII: everything but the blocks of punctuation, symbols and emoji.
bool is_alphanumeric(char32_t code_point);

}  // namespace bytecode
