// Upper and lower case, and the ways to write several words as one.
#include <algorithm>
#include <string>
#include <vector>

#include "bytecode/functions/family.hpp"
#include "bytecode/functions/unicode.hpp"

namespace bytecode::functions {
namespace {

using Words = std::vector<std::u32string>;

// The words of `fooBar`, `FOOBar`, `foo_bar` and `foo bar`: they end before an upper case letter
// that follows a lower case one, and before the last of several upper case letters where a lower
// case one follows.
Words words_of(const std::string& string) {
  enum class Mode : uint8_t { boundary, lower, upper };
  Words words;
  std::u32string run;
  const auto add_run = [&] {
    size_t begin = 0;
    Mode mode = Mode::boundary;
    for (size_t i = 0; i < run.size(); ++i) {
      if (i + 1 == run.size()) {
        words.push_back(run.substr(begin));
        break;
      }
      const Mode next = is_lower(run[i]) ? Mode::lower : is_upper(run[i]) ? Mode::upper : mode;
      if (next == Mode::lower && is_upper(run[i + 1])) {
        words.push_back(run.substr(begin, i + 1 - begin));
        begin = i + 1;
        mode = Mode::boundary;
      } else if (mode == Mode::upper && is_upper(run[i]) && is_lower(run[i + 1])) {
        words.push_back(run.substr(begin, i - begin));
        begin = i;
        mode = Mode::boundary;
      } else {
        mode = next;
      }
    }
    run.clear();
  };
  for (const char32_t c : code_points(string)) {
    if (is_alphanumeric(c)) {
      run += c;
    } else {
      add_run();
    }
  }
  add_run();
  return words;
}

std::string capitalized(const std::u32string& word) {
  const std::u32string_view all = word;
  return upper_case(all.substr(0, 1)) + lower_case(all.substr(1));
}

std::string lowered(const std::u32string& word) { return lower_case(std::u32string_view(word)); }
std::string raised(const std::u32string& word) { return upper_case(std::u32string_view(word)); }

using Form = std::string (*)(const std::u32string&);

Answer rewritten(Args args, std::string_view separator, Form first, Form other) {
  return each_text(argument(args, 0), [&](const std::string& string) -> Answer {
    std::string out;
    const Words words = words_of(string);
    for (size_t i = 0; i < words.size(); ++i) {
      if (i > 0) out += separator;
      out += i == 0 ? first(words[i]) : other(words[i]);
    }
    return Value(std::move(out));
  });
}

}  // namespace

Answer str_downcase(Args args) {
  return each_text(argument(args, 0),
                   [](const std::string& string) -> Answer { return Value(lower_case(string)); });
}

Answer str_upcase(Args args) {
  return each_text(argument(args, 0),
                   [](const std::string& string) -> Answer { return Value(upper_case(string)); });
}

Answer str_capitalize(Args args) {
  return each_text(argument(args, 0), [](const std::string& string) -> Answer {
    const std::u32string all = code_points(string);
    const std::u32string_view view = all;
    if (view.empty()) return Value(std::string());
    return Value(upper_case(view.substr(0, 1)) + utf8(view.substr(1)));
  });
}

Answer str_camel_case(Args args) { return rewritten(args, "", lowered, capitalized); }
Answer str_kebab_case(Args args) { return rewritten(args, "-", lowered, lowered); }
Answer str_pascal_case(Args args) { return rewritten(args, "", capitalized, capitalized); }
Answer str_screaming_snake_case(Args args) { return rewritten(args, "_", raised, raised); }
Answer str_snake_case(Args args) { return rewritten(args, "_", lowered, lowered); }
Answer str_title_case(Args args) { return rewritten(args, " ", capitalized, capitalized); }

}  // namespace bytecode::functions
