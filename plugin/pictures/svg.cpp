#include "plugin/pictures/svg.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "plugin/codec.hpp"

namespace plugin::pictures {

namespace {

constexpr const char* replacement = "\xef\xbf\xbd";  // U+FFFD

// Bytes of the letter that begins with this byte, of valid UTF-8.
size_t letter_bytes(char first) {
  const auto byte = static_cast<uint8_t>(first);
  return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

// From U+1100 on, where the first wide letters are. The script of the flame graph does the same.
size_t letter_columns(std::string_view letter) {
  return letter.size() > 3 || (letter.size() == 3 && letter >= "\xe1\x84\x80") ? 2 : 1;
}

}  // namespace

std::string escaped(std::string_view text) {
  const std::string valid = sanitise(text);
  std::string out;
  out.reserve(valid.size());
  for (size_t i = 0; i < valid.size(); ++i) {
    const char c = valid[i];
    switch (c) {
      case '&':
        out += "&amp;";
        continue;
      case '<':
        out += "&lt;";
        continue;
      case '>':
        out += "&gt;";
        continue;
      case '"':
        out += "&quot;";
        continue;
      case '\'':
        out += "&#39;";
        continue;
      case '\n':
        out += "&#10;";
        continue;
      default:
        break;
    }
    const std::string_view three = std::string_view(valid).substr(i, 3);
    if (three == "\xef\xbf\xbe" || three == "\xef\xbf\xbf") {  // U+FFFE, U+FFFF
      out += replacement;
      i += 2;
    } else if (static_cast<uint8_t>(c) < 0x20 || c == 0x7f) {
      out += replacement;
    } else {
      out += c;
    }
  }
  return out;
}

std::string coordinate(double number) {
  char buffer[400];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::fixed, 4).ptr;
  std::string text(buffer, end);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

size_t columns(std::string_view text) {
  size_t sum = 0;
  while (!text.empty()) {
    const std::string_view letter = text.substr(0, letter_bytes(text.front()));
    sum += letter_columns(letter);
    text.remove_prefix(letter.size());
  }
  return sum;
}

std::string fitted(std::string_view text, size_t room) {
  if (room < 3) return {};
  size_t used = 0, kept = 0;  // kept: what fits beside an ellipsis
  for (size_t at = 0; at < text.size();) {
    const std::string_view letter = text.substr(at, letter_bytes(text[at]));
    used += letter_columns(letter);
    at += letter.size();
    if (used < room) kept = at;
    if (used > room) return std::string(text.substr(0, kept)) + "…";
  }
  return std::string(text);
}

std::string colour(double hue, double saturation, double lightness) {
  const double strength = saturation * std::min(lightness, 1 - lightness);
  const auto channel = [&](double offset) {
    const double k = std::fmod(offset + hue / 30, 12);
    const double level = lightness - strength * std::max(-1.0, std::min({k - 3, 9 - k, 1.0}));
    return static_cast<unsigned>(std::lround(level * 255));
  };
  std::string text = "#";
  for (const unsigned level : std::array{channel(0), channel(8), channel(4)})
    for (const unsigned digit : {level / 16 % 16, level % 16}) text += "0123456789abcdef"[digit];
  return text;
}

std::string svg_head(double width, double height, std::string_view class_name,
                     std::string_view title, std::string_view style) {
  const std::string w = coordinate(width), h = coordinate(height);
  const std::string scope = "." + std::string(class_name);
  std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"" + std::string(class_name) +
                    "\" width=\"" + w + "\" height=\"" + h + "\" viewBox=\"0 0 " + w + " " + h +
                    "\">\n<title>" + escaped(title) + "</title>\n<style>\n" + scope +
                    " text{font:" + coordinate(font_size) + "px " + font_family +
                    ";fill:#23272e}\n" + scope + " .paper{fill:#fdfcfa}\n" + scope +
                    " .title{font:600 16px system-ui,'Segoe UI',Helvetica,Arial,sans-serif}\n" +
                    scope + " .faint{fill:#6b7078}\n" + "@media (prefers-color-scheme:dark){" +
                    scope + " text{fill:#e4e2dd}" + scope + " .paper{fill:#1d1f23}" + scope +
                    " .faint{fill:#9aa0a8}}\n" + std::string(style) + "</style>\n";
  out += "<rect class=\"paper\" width=\"" + w + "\" height=\"" + h + "\"/>\n";
  // Twice as wide a letter as a label's is a safe guess for the proportional title.
  const auto room = static_cast<size_t>(std::max(0.0, (width - 260) / 9));
  out += text_element(width / 2, 27, "class=\"title\" text-anchor=\"middle\"",
                      fitted(sanitise(title), room));
  return out;
}

std::string text_element(double x, double y, std::string_view attributes, std::string_view text) {
  std::string out = "<text x=\"" + coordinate(x) + "\" y=\"" + coordinate(y) + "\"";
  if (!attributes.empty()) out.append(" ").append(attributes);
  return out + ">" + escaped(text) + "</text>\n";
}

}  // namespace plugin::pictures
