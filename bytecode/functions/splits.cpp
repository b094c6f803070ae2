// Strings taken apart, and filled up.
#include <algorithm>
#include <optional>

#include "bytecode/functions/family.hpp"
#include "bytecode/functions/number_text.hpp"
#include "bytecode/functions/segments.hpp"
#include "bytecode/functions/unicode.hpp"

namespace bytecode::functions {
namespace {

std::vector<std::string> characters(const std::string& string) {
  std::vector<std::string> all;
  for (const char32_t c : code_points(string)) append_utf8(all.emplace_back(), c);
  return all;
}

// The parts between the separators, `most` at most. The empty separator stands before each
// character and behind the last.
std::vector<std::string> parts_of(const std::string& string, const std::string& separator,
                                  size_t most) {
  std::vector<std::string> parts;
  if (separator.empty()) {
    parts = characters(string);
    parts.insert(parts.begin(), "");
    if (!string.empty()) parts.push_back("");
    if (parts.size() == 1) parts.push_back("");
    while (parts.size() > most) {
      const std::string last = std::move(parts.back());
      parts.pop_back();
      parts.back() += last;
    }
    return parts;
  }
  size_t from = 0;
  while (parts.size() + 1 < most) {
    const size_t found = string.find(separator, from);
    if (found == std::string::npos) break;
    parts.push_back(string.substr(from, found - from));
    from = found + separator.size();
  }
  parts.push_back(string.substr(from));
  return parts;
}

// How many parts a `--number` allows; nothing where it is no number.
std::optional<size_t> part_limit(Args args, size_t index) {
  if (!is_given(args, index)) return static_cast<size_t>(-1);
  const std::optional<int64_t> number = integer(args, index);
  if (!number || *number <= 0) return std::nullopt;
  return static_cast<size_t>(*number);
}

List values(const std::vector<std::string>& strings) {
  return List(strings.begin(), strings.end());
}

// The parts of a string, or those of all strings of a list in one list.
template <typename Split>
Answer flattened(const Value& input, Split split) {
  if (input.is_null()) return Value();
  if (const std::string* string = input.get_if<std::string>()) return Value(split(*string));
  const List* list = input.get_if<List>();
  if (!list) return std::nullopt;
  List all;
  for (const Value& item : *list) {
    const std::string* string = item.get_if<std::string>();
    if (!string) return std::nullopt;
    for (Value& part : split(*string)) all.push_back(std::move(part));
  }
  return Value(std::move(all));
}

std::string padded(const std::string& content, size_t width, const std::string& character,
                   const std::string& alignment) {
  const size_t size = grapheme_clusters(code_points(content)).size();
  if (size >= width) return content;
  const size_t missing = width - size;
  size_t left = 0;
  if (alignment == "right" || alignment == "r") {
    left = missing;
  } else if (alignment == "center" || alignment == "middle" || alignment == "c" ||
             alignment == "m") {
    left = missing / 2;
  } else if (alignment == "cr" || alignment == "mr") {
    left = missing - missing / 2;
  }
  std::string out;
  for (size_t i = 0; i < left; ++i) out += character;
  out += content;
  for (size_t i = left; i < missing; ++i) out += character;
  return out;
}

}  // namespace

Answer split_row(Args args) {
  if (!is_given(args, 1)) return Value();
  const std::string* separator = text(args, 1);
  const std::optional<size_t> most = part_limit(args, 2);
  if (!separator || !most) return std::nullopt;
  return flattened(argument(args, 0), [&](const std::string& string) {
    return values(parts_of(string, *separator, *most));
  });
}

Answer split_chars(Args args) {
  const bool clusters = flag(args, 1);
  return each_text(argument(args, 0), [&](const std::string& string) -> Answer {
    if (!clusters) return Value(values(characters(string)));
    const std::u32string all = code_points(string);
    List letters;
    for (const std::u32string_view cluster : grapheme_clusters(all)) {
      letters.emplace_back(utf8(cluster));
    }
    return Value(std::move(letters));
  });
}

Answer split_words(Args args) {
  const std::optional<int64_t> shortest = integer(args, 1);
  if (is_given(args, 1) && (!shortest || *shortest < 0)) return std::nullopt;
  const bool by_cluster = flag(args, 2);
  return each_text(argument(args, 0), [&](const std::string& string) -> Answer {
    List words;
    std::u32string word;
    const auto add_word = [&] {
      const std::string bytes = utf8(word);
      const size_t length = by_cluster ? grapheme_clusters(word).size() : bytes.size();
      if (!word.empty() && static_cast<int64_t>(length) >= shortest.value_or(0)) {
        words.emplace_back(bytes);
      }
      word.clear();
    };
    for (const char32_t c : code_points(string)) {
      if (is_alphanumeric(c) || c == '\'') {
        word += c;
      } else {
        add_word();
      }
    }
    add_word();
    return Value(std::move(words));
  });
}

Answer split_column(Args args) {
  if (!is_given(args, 1)) return Value();
  const std::string* separator = text(args, 1);
  const std::optional<size_t> most = part_limit(args, 3);
  if (!separator || !most) return std::nullopt;
  std::vector<std::string> names;
  for (size_t i = 4; i < args.size(); ++i) {
    if (!is_given(args, i)) continue;
    if (!text(args, i)) return std::nullopt;
    names.push_back(*text(args, i));
  }
  return flattened(argument(args, 0), [&](const std::string& string) {
    std::vector<std::string> parts = parts_of(string, *separator, *most);
    if (flag(args, 2)) std::erase(parts, "");
    const size_t columns = names.empty() ? parts.size() : std::min(parts.size(), names.size());
    Record row;
    for (size_t i = 0; i < columns; ++i) {
      row.emplace_back(names.empty() ? "column" + std::to_string(i) : names[i], parts[i]);
    }
    return List{Value(std::move(row))};
  });
}

Answer lines(Args args) {
  if (!is_given(args, 0)) return Value();
  const std::string* string = text(args, 0);
  if (!string) return std::nullopt;
  List all;
  for (size_t from = 0; from < string->size();) {
    const size_t end = std::min(string->find('\n', from), string->size());
    const bool has_return = end > from && end < string->size() && (*string)[end - 1] == '\r';
    std::string line = string->substr(from, end - from - (has_return ? 1 : 0));
    if (!line.empty() || !flag(args, 1)) all.emplace_back(std::move(line));
    from = end + 1;
  }
  return Value(std::move(all));
}

Answer fill(Args args) {
  constexpr int64_t kWidest = 1 << 16;
  const int64_t width = integer(args, 1).value_or(1);
  if (is_given(args, 1) && (!integer(args, 1) || width < 0 || width > kWidest)) {
    return std::nullopt;
  }
  const std::string alignment = text(args, 2) ? *text(args, 2) : "left";
  std::string character = " ";
  if (const std::string* given = text(args, 3)) {
    character = *given;
  } else if (const std::optional<int64_t> digit = integer(args, 3)) {
    character = std::to_string(*digit);  // `--character 0` is a string to Nushell
  }
  return each(argument(args, 0), [&](const Value& value) -> Answer {
    std::string content;
    if (value.is_null()) return Value();
    if (const std::string* string = value.get_if<std::string>()) {
      content = *string;
    } else if (const int64_t* whole = value.get_if<int64_t>()) {
      content = std::to_string(*whole);
    } else if (const Filesize* size = value.get_if<Filesize>()) {
      content = std::to_string(size->bytes);
    } else if (const double* real = value.get_if<double>()) {
      content = float_text(*real);
    } else {
      return std::nullopt;
    }
    return Value(padded(content, static_cast<size_t>(width), character, alignment));
  });
}

}  // namespace bytecode::functions
