#include "bytecode/suggest.hpp"

#include <algorithm>
#include <utility>

namespace bytecode {
namespace {

constexpr size_t shown_at_most = 3;
constexpr size_t word_at_most = 64;  // longer words are no misspellings; keeps the table small

}  // namespace

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = above;
    above = row;
  }
  return above[b.size()];
}

std::vector<std::string> nearest(std::string_view word, const std::vector<std::string>& names) {
  if (word.size() > word_at_most) return {};
  std::vector<std::pair<size_t, std::string>> found;
  for (const std::string& name : names) {
    if (name.size() > word_at_most) continue;
    size_t limit = std::max<size_t>(1, std::max(word.size(), name.size()) / 3);
    size_t distance = edit_distance(word, name);
    // Words of one letter have nothing in common.
    bool alike = distance < std::max(word.size(), name.size());
    if (distance <= limit && alike) found.emplace_back(distance, name);
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  if (found.size() > shown_at_most) found.resize(shown_at_most);
  std::vector<std::string> result;
  for (auto& [distance, name] : found) result.push_back(std::move(name));
  return result;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& names,
                         std::string_view prefix) {
  std::vector<std::string> near = nearest(word, names);
  if (near.empty()) return {};
  std::string text = "did you mean ";
  for (size_t i = 0; i < near.size(); ++i) {
    if (i > 0) text += i + 1 == near.size() ? " or " : ", ";
    text += "`" + std::string(prefix) + near[i] + "`";
  }
  return text + "?";
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += " " + name;
  return text;
}

}  // namespace bytecode
