// Looking into strings and cutting them: positions are bytes unless told otherwise.
#include <algorithm>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bytecode/functions/calendar.hpp"
#include "bytecode/functions/family.hpp"
#include "bytecode/functions/segments.hpp"
#include "bytecode/functions/unicode.hpp"
#include "bytecode/functions/value_text.hpp"

namespace bytecode::functions {
namespace {

// Which part of something `length` long a range names: negative ends count from the end, and what
// lies outside is not there.
struct Slice {
  size_t begin, end;
};

Slice slice(const Range& range, size_t length) {
  const auto size = static_cast<int64_t>(length);
  const auto at = [size](int64_t place) {
    return std::clamp<int64_t>(place < 0 ? size + std::max(place, -size) : place, 0, size);
  };
  const int64_t begin = at(range.start);
  int64_t end = size;
  if (range.end) {
    // Behind the last one that belongs to it; the one behind -1 is the end itself.
    const int64_t last = *range.end;
    if (!range.inclusive) {
      end = at(last);
    } else if (last != -1) {
      end = last >= size ? size : at(last + 1);
    }
  }
  return {static_cast<size_t>(begin), static_cast<size_t>(std::max(begin, end))};
}

bool is_boundary(const std::string& string, size_t at) {
  return at >= string.size() || (static_cast<uint8_t>(string[at]) & 0xc0) != 0x80;
}

using Test = bool (*)(const std::string&, const std::string&);

// `str contains` and its like: a part, and whether case counts.
Answer test(Args args, Test holds) {
  if (!is_given(args, 1)) return Value();
  const std::string* part = text(args, 1);
  if (!part) return std::nullopt;
  const bool ignore_case = flag(args, 2);
  return each_text(argument(args, 0), [&](const std::string& whole) -> Answer {
    if (ignore_case) return Value(holds(folded_case(whole), folded_case(*part)));
    return Value(holds(whole, *part));
  });
}

}  // namespace

Answer interpolate(Args args) {
  std::string joined;
  for (const Value& part : args) joined += display_text(part);
  return Value(std::move(joined));
}

Answer str_length(Args args) {
  const bool clusters = flag(args, 1), characters = flag(args, 3);
  return each_text(argument(args, 0), [&](const std::string& string) -> Answer {
    size_t length = string.size();
    if (characters) length = code_points(string).size();
    if (clusters) length = grapheme_clusters(code_points(string)).size();
    return Value(static_cast<int64_t>(length));
  });
}

Answer str_contains(Args args) {
  return test(args, [](const std::string& whole, const std::string& part) {
    return whole.find(part) != std::string::npos;
  });
}

Answer str_starts_with(Args args) {
  return test(args, [](const std::string& whole, const std::string& part) {
    return whole.starts_with(part);
  });
}

Answer str_ends_with(Args args) {
  return test(args, [](const std::string& whole, const std::string& part) {
    return whole.ends_with(part);
  });
}

Answer str_index_of(Args args) {
  if (!is_given(args, 1)) return Value();
  const std::string* part = text(args, 1);
  const Range* range = argument(args, 4).get_if<Range>();
  if (!part || (is_given(args, 4) && !range)) return std::nullopt;
  const bool clusters = flag(args, 2), from_end = flag(args, 5);
  return each_text(argument(args, 0), [&](const std::string& whole) -> Answer {
    const Slice in = range ? slice(*range, whole.size()) : Slice{0, whole.size()};
    if (!is_boundary(whole, in.begin) || !is_boundary(whole, in.end)) return std::nullopt;
    const std::string_view part_of(whole.data() + in.begin, in.end - in.begin);
    const size_t found = from_end ? part_of.rfind(*part) : part_of.find(*part);
    if (found == std::string_view::npos) return Value(int64_t{-1});
    const size_t place = in.begin + found;
    if (!clusters) return Value(static_cast<int64_t>(place));
    // The first one that begins there or behind: there is none behind the last one.
    int64_t number = 0;
    size_t begin = 0;
    const std::u32string all = code_points(whole);
    for (const std::u32string_view cluster : grapheme_clusters(all)) {
      if (begin >= place) return Value(number);
      begin += utf8(cluster).size();
      ++number;
    }
    return Value(int64_t{-1});
  });
}

Answer str_substring(Args args) {
  if (!is_given(args, 1)) return Value();
  const Range* range = argument(args, 1).get_if<Range>();
  if (!range) return std::nullopt;
  const bool clusters = flag(args, 2);
  return each_text(argument(args, 0), [&](const std::string& string) -> Answer {
    if (!clusters) {
      const Slice part = slice(*range, string.size());
      return Value(valid_utf8(std::string_view(string).substr(part.begin, part.end - part.begin)));
    }
    const std::u32string all = code_points(string);
    const std::vector<std::u32string_view> letters = grapheme_clusters(all);
    const Slice part = slice(*range, letters.size());
    std::string out;
    for (size_t i = part.begin; i < part.end; ++i) out += utf8(letters[i]);
    return Value(std::move(out));
  });
}

Answer str_reverse(Args args) {
  return each_text(argument(args, 0), [](const std::string& string) -> Answer {
    std::u32string all = code_points(string);
    std::reverse(all.begin(), all.end());
    return Value(utf8(all));
  });
}

namespace {

// `str trim` alone also works on what lies in lists and records, and leaves other values as they
// are.
Value trimmed(const Value& value, std::u32string_view characters, bool left, bool right) {
  const auto again = [&](const Value& part) { return trimmed(part, characters, left, right); };
  if (const List* list = value.get_if<List>()) {
    List out;
    for (const Value& item : *list) out.push_back(again(item));
    return out;
  }
  if (const Record* record = value.get_if<Record>()) {
    Record out;
    for (const auto& [name, cell] : *record) out.emplace_back(name, again(cell));
    return out;
  }
  const std::string* string = value.get_if<std::string>();
  if (!string) return value;
  const std::u32string all = code_points(*string);
  size_t begin = 0, end = all.size();
  const auto trims = [&](char32_t c) { return characters.find(c) != characters.npos; };
  while (left && begin < end && trims(all[begin])) ++begin;
  while (right && begin < end && trims(all[end - 1])) --end;
  return utf8(std::u32string_view(all).substr(begin, end - begin));
}

}  // namespace

Answer str_trim(Args args) {
  std::u32string characters = U" \t\n\v\f\r";
  if (is_given(args, 1)) {
    const std::string* given = text(args, 1);
    if (!given) return std::nullopt;
    const std::u32string character = code_points(*given);
    if (character.size() > 1) return std::nullopt;
    if (!character.empty()) characters = character;
  }
  const bool both = flag(args, 2) == flag(args, 3);
  const Value& input = argument(args, 0);
  if (!input.is_null() && !text(args, 0) && !input.get_if<List>() && !input.get_if<Record>()) {
    return std::nullopt;
  }
  return trimmed(input, characters, both || flag(args, 2), both || flag(args, 3));
}

Answer str_replace(Args args) {
  if (!is_given(args, 1) || !is_given(args, 2)) return Value();
  const std::string* find = text(args, 1);
  const std::string* replacement = text(args, 2);
  if (!find || !replacement) return std::nullopt;
  const bool all = flag(args, 3);
  return each_text(argument(args, 0), [&](const std::string& string) -> Answer {
    std::string out;
    size_t from = 0;
    while (from <= string.size()) {
      const size_t found = string.find(*find, from);
      if (found == std::string::npos) break;
      out.append(string, from, found - from);
      out += *replacement;
      from = found + find->size();
      if (find->empty()) {
        // The empty text stands before each character and behind the last.
        if (!all || from == string.size()) break;
        do {
          out += string[from++];
        } while (!is_boundary(string, from));
      }
      if (!all) break;
    }
    if (from < string.size()) out.append(string, from);
    return Value(std::move(out));
  });
}

Answer str_join(Args args) {
  if (!is_given(args, 0)) return Value();
  if (text(args, 0)) return argument(args, 0);
  const List* list = argument(args, 0).get_if<List>();
  if (!list || (is_given(args, 1) && !text(args, 1))) return std::nullopt;
  std::string joined;
  for (size_t i = 0; i < list->size(); ++i) {
    if (i > 0 && is_given(args, 1)) joined += *text(args, 1);
    const Date* date = (*list)[i].get_if<Date>();
    joined += date ? rfc2822_text(*date) : display_text((*list)[i], "\n");
  }
  return Value(std::move(joined));
}

// The fewest characters to insert, take away or change.
Answer str_distance(Args args) {
  if (!is_given(args, 0) || !is_given(args, 1)) return Value();
  if (!text(args, 0) || !text(args, 1)) return std::nullopt;
  const std::u32string from = code_points(*text(args, 0)), to = code_points(*text(args, 1));
  std::vector<int64_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 0; i < from.size(); ++i) {
    int64_t diagonal = std::exchange(row[0], static_cast<int64_t>(i + 1));
    for (size_t j = 0; j < to.size(); ++j) {
      const int64_t changed = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
    }
  }
  return Value(row.back());
}

Answer str_escape_regex(Args args) {
  constexpr std::string_view kSpecial = "\\.+*?()|[]{}^$#";
  return each_text(argument(args, 0), [&](const std::string& string) -> Answer {
    std::string escaped;
    for (const char c : string) {
      if (kSpecial.find(c) != kSpecial.npos) escaped += '\\';
      escaped += c;
    }
    return Value(std::move(escaped));
  });
}

Answer str_stats(Args args) {
  return each_text(argument(args, 0), [](const std::string& string) -> Answer {
    const std::u32string all = code_points(string);
    const auto ends_line = [](char32_t c) {
      return c == '\n' || c == '\f' || c == '\r' || c == 0x85 || c == 0x2028 || c == 0x2029;
    };
    int64_t lines = !all.empty() && !ends_line(all.back()) ? 1 : 0;
    for (size_t i = 0; i < all.size(); ++i) {
      const bool is_pair = all[i] == '\n' && i > 0 && all[i - 1] == '\r';
      if (ends_line(all[i]) && !is_pair) ++lines;
    }
    const auto count = [](size_t number) { return Value(static_cast<int64_t>(number)); };
    return Value(Record{{"lines", lines},
                        {"words", count(count_words(all))},
                        {"bytes", count(string.size())},
                        {"chars", count(all.size())},
                        {"graphemes", count(grapheme_clusters(all).size())},
                        {"unicode-width", count(column_width(all))}});
  });
}

}  // namespace bytecode::functions
