#include "bytecode/functions/segments.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "bytecode/functions/unicode.hpp"

namespace bytecode {
namespace {

struct Block {
  char32_t first, last;
};

constexpr Block kMarks[] = {
#define MARK(first, last) {first, last},
#define SPACING(first, last)
#define WIDE(first, last)
#include "bytecode/functions/unicode_forms.def"
#undef MARK
#undef SPACING
};

constexpr Block kSpacing[] = {
#define MARK(first, last)
#define SPACING(first, last) {first, last},
#include "bytecode/functions/unicode_forms.def"
#undef SPACING
#undef WIDE
};

constexpr Block kWide[] = {
#define SPACING(first, last)
#define WIDE(first, last) {first, last},
#include "bytecode/functions/unicode_forms.def"
#undef MARK
#undef SPACING
#undef WIDE
};

// Emoji and their like, which a joiner joins; without the flags' letters.
constexpr Block kPictographs[] = {
    {0xa9, 0xa9},       {0xae, 0xae},       {0x203c, 0x203c},   {0x2049, 0x2049},
    {0x2122, 0x2122},   {0x2139, 0x2139},   {0x2194, 0x21aa},   {0x231a, 0x2328},
    {0x2388, 0x2388},   {0x23cf, 0x23f3},   {0x23f8, 0x23fa},   {0x24c2, 0x24c2},
    {0x25aa, 0x25ab},   {0x25b6, 0x25b6},   {0x25c0, 0x25c0},   {0x25fb, 0x25fe},
    {0x2600, 0x2767},   {0x2795, 0x27bf},   {0x2934, 0x2935},   {0x2b05, 0x2b07},
    {0x2b1b, 0x2b1c},   {0x2b50, 0x2b55},   {0x3030, 0x3030},   {0x303d, 0x303d},
    {0x3297, 0x3299},   {0x1f000, 0x1f0ff}, {0x1f10d, 0x1f1e5}, {0x1f201, 0x1f3fa},
    {0x1f400, 0x1fbff},
};

// Signs that a number or a letter follows, in one cluster with it.
constexpr Block kPrefixes[] = {
    {0x600, 0x605}, {0x6dd, 0x6dd},     {0x70f, 0x70f},     {0x890, 0x891},     {0x8e2, 0x8e2},
    {0xd4e, 0xd4e}, {0x110bd, 0x110bd}, {0x110cd, 0x110cd}, {0x111c2, 0x111c3},
};

// Marks that join two consonants of an Indian script; the script's block begins at a multiple of
// 0x80, its consonants stand at 0x15 to 0x39 of it.
constexpr char32_t kJoiningMarks[] = {0x94d, 0x9cd, 0xacd, 0xb4d, 0xc4d, 0xd4d};

// Invisible ones without a width that are no marks.
constexpr Block kInvisible[] = {
    {0x61c, 0x61c},   {0x115f, 0x115f}, {0x1160, 0x11ff}, {0x200b, 0x200f},
    {0x202a, 0x202e}, {0x2060, 0x206f}, {0x3164, 0x3164}, {0xd7b0, 0xd7fb},
    {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xfff8}, {0xe0000, 0xe0fff},
};

constexpr Block kKatakana[] = {
    {0x3031, 0x3035}, {0x309b, 0x309c}, {0x30a0, 0x30fa}, {0x30fc, 0x30ff},
    {0x31f0, 0x31ff}, {0x32d0, 0x32fe}, {0x3300, 0x3357}, {0xff66, 0xff9d},
};

// Each of these is a word of its own: to tell words apart takes a dictionary. And fractions.
constexpr Block kAlone[] = {
    {0xb2, 0xb3},       {0xb9, 0xb9},     {0xbc, 0xbe},     {0xe01, 0xe46},   {0xe81, 0xec6},
    {0x1000, 0x103f},   {0x1050, 0x109f}, {0x1780, 0x17dc}, {0x1950, 0x19df}, {0x1a20, 0x1aad},
    {0x2070, 0x2070},   {0x2074, 0x2079}, {0x2080, 0x2089}, {0x2150, 0x215f}, {0x2460, 0x249b},
    {0x3007, 0x3007},   {0x3021, 0x3029}, {0x3041, 0x309f}, {0x3400, 0x9fff}, {0xf900, 0xfaff},
    {0x20000, 0x3ffff},
};

constexpr Block kHebrew[] = {{0x5d0, 0x5ea}, {0x5ef, 0x5f2}, {0xfb1d, 0xfb4f}};

// Where the ten digits of a script begin.
constexpr char32_t kDigits[] = {0x30,  0x660, 0x6f0, 0x7c0,  0x966,  0x9e6,  0xa66,
                                0xae6, 0xb66, 0xbe6, 0xc66,  0xce6,  0xd66,  0xde6,
                                0xe50, 0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810};

template <size_t N>
bool is_in(const Block (&blocks)[N], char32_t c) {
  const auto* after = std::upper_bound(std::begin(blocks), std::end(blocks), c,
                                       [](char32_t v, const Block& b) { return v < b.first; });
  return after != std::begin(blocks) && c <= std::prev(after)->last;
}

template <size_t N>
bool is_one_of(const char32_t (&all)[N], char32_t c) {
  return std::find(std::begin(all), std::end(all), c) != std::end(all);
}

constexpr char32_t kJoiner = 0x200d, kEmojiStyle = 0xfe0f;

bool is_mark(char32_t c) { return c >= 0x80 && is_in(kMarks, c); }
bool is_line_end(char32_t c) {
  return (c >= 0xa && c <= 0xd) || c == 0x85 || c == 0x2028 || c == 0x2029;
}
bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c || c == 0x200b ||
         c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
         (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}
bool is_flag_letter(char32_t c) { return c >= 0x1f1e6 && c <= 0x1f1ff; }
bool is_pictograph(char32_t c) { return c >= 0x80 && is_in(kPictographs, c); }

// What a Korean syllable is made of.
enum class Jamo : uint8_t { none, lead, vowel, tail, lead_vowel, whole };

Jamo jamo(char32_t c) {
  if ((c >= 0x1100 && c <= 0x115f) || (c >= 0xa960 && c <= 0xa97c)) return Jamo::lead;
  if ((c >= 0x1160 && c <= 0x11a7) || (c >= 0xd7b0 && c <= 0xd7c6)) return Jamo::vowel;
  if ((c >= 0x11a8 && c <= 0x11ff) || (c >= 0xd7cb && c <= 0xd7fb)) return Jamo::tail;
  if (c < 0xac00 || c > 0xd7a3) return Jamo::none;
  return (c - 0xac00) % 28 == 0 ? Jamo::lead_vowel : Jamo::whole;
}

bool joins_syllable(Jamo left, Jamo right) {
  if (left == Jamo::none || right == Jamo::none) return false;
  if (left == Jamo::lead) return right != Jamo::tail;
  const bool after_vowel = left == Jamo::vowel || left == Jamo::lead_vowel;
  return right == Jamo::tail || (after_vowel && right == Jamo::vowel);
}

bool is_indian_consonant(char32_t c, char32_t joining_mark) {
  const char32_t block = joining_mark & ~char32_t{0x7f};
  return c >= block + 0x15 && c <= block + 0x39;
}

// Two consonants with a joining mark among the marks between them.
bool joins_consonants(std::u32string_view cluster, char32_t next) {
  char32_t joining = 0;
  for (size_t i = cluster.size(); i-- > 0;) {
    if (is_one_of(kJoiningMarks, cluster[i])) {
      joining = cluster[i];
    } else if (!is_mark(cluster[i]) && cluster[i] != kJoiner) {
      return joining != 0 && is_indian_consonant(cluster[i], joining) &&
             is_indian_consonant(next, joining);
    }
  }
  return false;
}

bool joins_pictographs(std::u32string_view cluster, char32_t next) {
  if (!is_pictograph(next) || cluster.back() != kJoiner) return false;
  size_t i = cluster.size() - 1;
  while (i > 0 && is_mark(cluster[i - 1])) --i;
  return i > 0 && is_pictograph(cluster[i - 1]);
}

// Whether `next` belongs to the cluster before it.
bool continues(std::u32string_view cluster, char32_t next) {
  const char32_t last = cluster.back();
  if (last == '\r' && next == '\n') return true;
  if (is_control(last) || is_control(next)) return false;
  if (is_mark(next) || next == kJoiner || is_in(kSpacing, next) || is_in(kPrefixes, last)) {
    return true;
  }
  if (is_flag_letter(last) && is_flag_letter(next)) return cluster.size() % 2 == 1;
  return joins_syllable(jamo(last), jamo(next)) || joins_pictographs(cluster, next) ||
         joins_consonants(cluster, next);
}

// What UAX 29 calls Word_Break.
enum class Part : uint8_t {
  other,
  line_end,
  extend,
  letter,
  hebrew,
  katakana,
  digit,
  joins_letters,
  joins_digits,
  joins_both,
  single_quote,
  double_quote,
  connector,
  flag,
};

Part part_of(char32_t c) {
  switch (c) {
    case '\'':
      return Part::single_quote;
    case '"':
      return Part::double_quote;
    case '.':
    case 0x2018:
    case 0x2019:
    case 0x2024:
    case 0xff0e:
      return Part::joins_both;
    case ':':
    case 0xb7:
    case 0x387:
    case 0x2027:
    case 0xff1a:
      return Part::joins_letters;
    case ',':
    case ';':
    case 0x37e:
    case 0x589:
    case 0x60c:
    case 0x2044:
    case 0xff0c:
      return Part::joins_digits;
    case '_':
    case 0x202f:
    case 0x203f:
    case 0x2040:
    case 0xff3f:
      return Part::connector;
    default:
      break;
  }
  if (is_line_end(c)) return Part::line_end;
  if (is_mark(c) || is_in(kSpacing, c) || c == kJoiner) return Part::extend;
  if (is_flag_letter(c)) return Part::flag;
  for (const char32_t zero : kDigits) {
    if (c >= zero && c < zero + 10) return Part::digit;
  }
  if (is_in(kHebrew, c)) return Part::hebrew;
  if (is_in(kKatakana, c)) return Part::katakana;
  return is_alphanumeric(c) && !is_in(kAlone, c) ? Part::letter : Part::other;
}

bool is_letter(Part part) { return part == Part::letter || part == Part::hebrew; }

// Whether a word goes on from `last` to `next`; `before` and `after` stand around them.
bool goes_on(Part before, Part last, Part next, Part after) {
  const auto joins_letters = [](Part part) {
    return part == Part::joins_letters || part == Part::joins_both || part == Part::single_quote;
  };
  const auto joins_digits = [](Part part) {
    return part == Part::joins_digits || part == Part::joins_both || part == Part::single_quote;
  };
  const auto is_solid = [](Part part) {
    return is_letter(part) || part == Part::digit || part == Part::katakana ||
           part == Part::connector;
  };
  if (is_letter(last) && is_letter(next)) return true;
  if (is_letter(last) && joins_letters(next) && is_letter(after)) return true;
  if (is_letter(before) && joins_letters(last) && is_letter(next)) return true;
  if (last == Part::hebrew && next == Part::single_quote) return true;
  if (last == Part::hebrew && next == Part::double_quote && after == Part::hebrew) return true;
  if (before == Part::hebrew && last == Part::double_quote && next == Part::hebrew) return true;
  if (last == Part::digit && (next == Part::digit || is_letter(next))) return true;
  if (is_letter(last) && next == Part::digit) return true;
  if (last == Part::digit && joins_digits(next) && after == Part::digit) return true;
  if (before == Part::digit && joins_digits(last) && next == Part::digit) return true;
  if (last == Part::katakana && next == Part::katakana) return true;
  return (is_solid(last) && next == Part::connector) || (last == Part::connector && is_solid(next));
}

size_t width_of(char32_t c) {
  if (c < 0x80) return 1;
  if (c >= 0x1f3fb && c <= 0x1f3ff) return 2;  // a skin, where it stands alone
  if (is_mark(c) || is_in(kInvisible, c)) return 0;
  return is_in(kWide, c) ? 2 : 1;
}

size_t cluster_width(std::u32string_view cluster) {
  const char32_t first = cluster.front();
  const bool as_emoji = cluster.find(kEmojiStyle) != cluster.npos;
  const bool is_key = first == '#' || first == '*' || (first >= '0' && first <= '9');
  if (is_pictograph(first) && (as_emoji || cluster.find(kJoiner) != cluster.npos)) return 2;
  if (is_key && as_emoji) return 2;
  if (cluster == U"\r\n") return 1;
  if (is_pictograph(first)) return width_of(first);
  size_t width = 0;
  for (const char32_t c : cluster) width += width_of(c);
  return width;
}

}  // namespace

std::vector<std::u32string_view> grapheme_clusters(std::u32string_view text) {
  std::vector<std::u32string_view> clusters;
  size_t begin = 0;
  for (size_t i = 1; i <= text.size(); ++i) {
    if (i < text.size() && continues(text.substr(begin, i - begin), text[i])) continue;
    clusters.push_back(text.substr(begin, i - begin));
    begin = i;
  }
  return clusters;
}

size_t count_words(std::u32string_view text) {
  struct Piece {
    Part part;
    bool is_word;
  };
  // Without the marks, which change nothing for what stands around them.
  std::vector<Piece> pieces;
  for (const char32_t c : text) {
    const Part part = part_of(c);
    const bool starts = pieces.empty() || pieces.back().part == Part::line_end;
    if (part == Part::extend && !starts) continue;
    const bool is_word = part != Part::extend && part != Part::flag && is_alphanumeric(c);
    pieces.push_back({part, is_word});
  }
  const auto part_at = [&](size_t i) { return i < pieces.size() ? pieces[i].part : Part::other; };
  size_t words = 0;
  bool counted = false;
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (i == 0 || !goes_on(part_at(i - 2), part_at(i - 1), part_at(i), part_at(i + 1))) {
      counted = false;
    }
    if (pieces[i].is_word && !counted) {
      ++words;
      counted = true;
    }
  }
  return words;
}

size_t column_width(std::u32string_view text) {
  size_t width = 0;
  for (const std::u32string_view cluster : grapheme_clusters(text)) width += cluster_width(cluster);
  return width;
}

}  // namespace bytecode
