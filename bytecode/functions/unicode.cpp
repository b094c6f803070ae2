#include "bytecode/functions/unicode.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>

namespace bytecode {
namespace {

struct CaseRange {
  char32_t first, last;
  char32_t step;
  int32_t delta;
};

constexpr CaseRange kUpper[] = {
#define UPPER(first, last, step, delta) {first, last, step, delta},
#define LOWER(first, last, step, delta)
#define EXPANSION(code_point, text)
#include "bytecode/functions/unicode_case.def"
#undef UPPER
#undef LOWER
};

constexpr CaseRange kLower[] = {
#define UPPER(first, last, step, delta)
#define LOWER(first, last, step, delta) {first, last, step, delta},
#include "bytecode/functions/unicode_case.def"
#undef UPPER
#undef LOWER
#undef EXPANSION
};

struct Expansion {
  char32_t code_point;
  std::u32string_view upper;
};

constexpr Expansion kExpansions[] = {
#define UPPER(first, last, step, delta)
#define LOWER(first, last, step, delta)
#define EXPANSION(code_point, text) {code_point, text},
#include "bytecode/functions/unicode_case.def"
#undef UPPER
#undef LOWER
#undef EXPANSION
};

template <size_t N>
char32_t mapped(const CaseRange (&ranges)[N], char32_t c) {
  // Ranges of step 2 interleave: the one that holds `c` may begin before its neighbour.
  const auto* after = std::upper_bound(std::begin(ranges), std::end(ranges), c,
                                       [](char32_t v, const CaseRange& r) { return v < r.first; });
  for (int back = 0; back < 3 && after != std::begin(ranges); ++back) {
    --after;
    if (c <= after->last && (c - after->first) % after->step == 0) {
      return static_cast<char32_t>(static_cast<int64_t>(c) + after->delta);
    }
  }
  return c;
}

char32_t upper(char32_t c) {
  if (c < 0x80) return c >= 'a' && c <= 'z' ? c - 32 : c;
  return mapped(kUpper, c);
}

char32_t lower(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  return mapped(kLower, c);
}

const Expansion* expansion(char32_t c) {
  const auto* found =
      std::lower_bound(std::begin(kExpansions), std::end(kExpansions), c,
                       [](const Expansion& e, char32_t v) { return e.code_point < v; });
  return found != std::end(kExpansions) && found->code_point == c ? found : nullptr;
}

bool is_cased(char32_t c) { return is_upper(c) || is_lower(c); }

// The length of the sequence that this byte begins; 0 where it begins none.
size_t sequence_length(uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  if (lead >= 0xf0 && lead < 0xf5) return 4;
  return 0;
}

// One code point from `at` on, which moves behind it. What is broken is replaced as Rust does it:
// one replacement character for the longest beginning of a sequence.
char32_t take(std::string_view text, size_t& at) {
  const auto lead = static_cast<uint8_t>(text[at++]);
  const size_t length = sequence_length(lead);
  if (length == 1) return lead;
  if (length == 0) return kReplacementCharacter;
  char32_t code_point = lead & (0x7fu >> length);
  for (size_t i = 1; i < length; ++i) {
    const uint8_t next = at < text.size() ? static_cast<uint8_t>(text[at]) : uint8_t{0};
    uint8_t low = 0x80, high = 0xbf;
    if (i == 1 && lead == 0xe0) low = 0xa0;
    if (i == 1 && lead == 0xed) high = 0x9f;
    if (i == 1 && lead == 0xf0) low = 0x90;
    if (i == 1 && lead == 0xf4) high = 0x8f;
    if (next < low || next > high) return kReplacementCharacter;
    code_point = (code_point << 6) | (next & 0x3fu);
    ++at;
  }
  return code_point;
}

struct Block {
  char32_t first, last;
};

// Punctuation, symbols, spaces, controls and emoji above ASCII.
constexpr Block kSymbols[] = {
    {0x80, 0xa9},     {0xab, 0xb1},     {0xb4, 0xb4},       {0xb6, 0xb8},       {0xbb, 0xbb},
    {0xbf, 0xbf},     {0xd7, 0xd7},     {0xf7, 0xf7},       {0x2c2, 0x2c5},     {0x2d2, 0x2df},
    {0x300, 0x344},   {0x346, 0x36f},   {0x37e, 0x37e},     {0x387, 0x387},     {0x55a, 0x55f},
    {0x589, 0x58a},   {0x5be, 0x5be},   {0x60c, 0x60d},     {0x61b, 0x61f},     {0x66a, 0x66d},
    {0x964, 0x965},   {0xe3f, 0xe3f},   {0x2000, 0x206f},   {0x207a, 0x207e},   {0x208a, 0x208e},
    {0x20a0, 0x20ff}, {0x2116, 0x2118}, {0x2190, 0x245f},   {0x249c, 0x24b5},   {0x2500, 0x2775},
    {0x2794, 0x2bff}, {0x2e00, 0x2e7f}, {0x3000, 0x3004},   {0x3008, 0x3020},   {0x3030, 0x3030},
    {0xfe10, 0xfe6f}, {0xfeff, 0xfeff}, {0xff01, 0xff0f},   {0xff1a, 0xff20},   {0xff3b, 0xff40},
    {0xff5b, 0xff65}, {0xffe0, 0xffff}, {0x1f000, 0x1f0ff}, {0x1f300, 0x1faff},
};

}  // namespace

std::u32string code_points(std::string_view text) {
  std::u32string all;
  all.reserve(text.size());
  for (size_t at = 0; at < text.size();) all += take(text, at);
  return all;
}

void append_utf8(std::string& text, char32_t c) {
  const auto tail = [&](int shift) { text += static_cast<char>(0x80 | ((c >> shift) & 0x3f)); };
  if (c < 0x80) {
    text += static_cast<char>(c);
  } else if (c < 0x800) {
    text += static_cast<char>(0xc0 | (c >> 6));
    tail(0);
  } else if (c < 0x10000) {
    text += static_cast<char>(0xe0 | (c >> 12));
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xf0 | (c >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

std::string utf8(std::u32string_view all) {
  std::string text;
  text.reserve(all.size());
  for (const char32_t c : all) append_utf8(text, c);
  return text;
}

std::string valid_utf8(std::string_view text) { return utf8(code_points(text)); }

std::string upper_case(std::u32string_view text) {
  std::string out;
  for (const char32_t c : text) {
    if (const Expansion* several = expansion(c)) {
      out += utf8(several->upper);
    } else {
      append_utf8(out, upper(c));
    }
  }
  return out;
}

std::string lower_case(std::u32string_view text) {
  constexpr char32_t kCapitalSigma = 0x3a3, kFinalSigma = 0x3c2, kCapitalDottedI = 0x130;
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i];
    const bool ends_word =
        i > 0 && is_cased(text[i - 1]) && (i + 1 == text.size() || !is_cased(text[i + 1]));
    if (c == kCapitalSigma && ends_word) {
      append_utf8(out, kFinalSigma);
    } else if (c == kCapitalDottedI) {
      out += "i\u0307";
    } else {
      append_utf8(out, lower(c));
    }
  }
  return out;
}

std::string upper_case(std::string_view text) { return upper_case(code_points(text)); }
std::string lower_case(std::string_view text) { return lower_case(code_points(text)); }

std::string folded_case(std::string_view text) {
  std::string out;
  for (const char32_t c : code_points(upper_case(text))) {
    // The capital I with a dot is two code points in lower case.
    out += c == 0x130 ? lower_case(std::u32string_view(&c, 1)) : utf8(std::u32string(1, lower(c)));
  }
  return out;
}

bool is_upper(char32_t c) { return lower(c) != c; }
bool is_lower(char32_t c) { return upper(c) != c || expansion(c); }

bool is_white_space(char32_t c) {
  return (c >= 9 && c <= 13) || c == ' ' || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

bool is_alphanumeric(char32_t c) {
  if (c < 0x80) return (c >= '0' && c <= '9') || (upper(c) >= 'A' && upper(c) <= 'Z');
  const auto* after = std::upper_bound(std::begin(kSymbols), std::end(kSymbols), c,
                                       [](char32_t v, const Block& b) { return v < b.first; });
  return after == std::begin(kSymbols) || c > std::prev(after)->last;
}

}  // namespace bytecode
