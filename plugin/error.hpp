// Errors as Nushell shows them: a message, words underlined in the user's source, a hint.
//
// The layers below speak of offsets in a closure's text; here those become places in Nushell's
// source. Where the text has no place there (a string built at run time), the label goes on the
// argument that brought it and says the line and column itself.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bytecode/result.hpp"
#include "plugin/node.hpp"

namespace plugin {

struct LabeledError {
  struct Label {
    std::string text;
    Span span;
  };
  std::string message;
  std::vector<Label> labels;
  std::string code;
  std::string help;
  std::vector<LabeledError> inner;
};

Node error_node(const LabeledError& error);
// An error of Nushell's own, to be passed on.
LabeledError read_error(const Node& error);

// Where the text of a closure lies in Nushell's source.
class TextPlace {
 public:
  // Not in the source at all: labels fall back on `argument`.
  explicit TextPlace(Span argument = {}) : argument_(argument) {}
  // Verbatim from `start`.
  TextPlace(Span argument, uint64_t start, uint64_t length);
  // By the place of each byte of the text, and one more for its end: a quoted string with escapes.
  TextPlace(Span argument, std::vector<uint64_t> places);

  bool known() const { return !places_.empty() || length_ > 0; }
  Span argument() const { return argument_; }
  // {0, 0} where the text has no place or `span` lies outside.
  Span at(bytecode::Span span) const;

 private:
  Span argument_;
  uint64_t start_ = 0;
  uint64_t length_ = 0;
  std::vector<uint64_t> places_;
};

// A text and its place: what an error inside it needs to be shown. A closure's has those of what it
// takes along behind it, as the compiler lays them out: each after a newline.
struct SourceText {
  std::string text;
  TextPlace place;
  std::string name = {};               // what the closure calls it: "big", "$body"
  std::vector<SourceText> along = {};  // of a closure: custom commands, captured closures

  // The text of these that a span of the compiler's lies in, and the span there.
  struct Found {
    const SourceText* text;
    bytecode::Span span;
  };
  Found find(bytecode::Span span) const;
};

struct LineColumn {
  uint32_t line = 1;
  uint32_t column = 1;  // in characters
};
LineColumn line_column(std::string_view text, uint32_t offset);
// "" for the closure's own text, " in `big`" for another: behind a word on a place.
std::string in_text(const SourceText& text);

// The places an Error of the layers below may be about.
struct Blame {
  Span head = {};                      // the command's name
  Span target = {};                    // the target argument
  Span argument = {};                  // for `argument`: the one that Error::subject names
  const SourceText* source = nullptr;  // the closure

  // All at one place.
  static Blame at(Span place) { return {.head = place, .argument = place}; }
};
LabeledError labeled(const bytecode::Error& error, const Blame& blame);

// An error about one place.
LabeledError error_at(Span span, std::string message, std::string label, std::string help = "",
                      std::string code = "bpf::argument");

// A value or the error that took its place, as Nushell will be told.
template <typename T>
class [[nodiscard]] Outcome {
 public:
  Outcome(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Outcome(LabeledError error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& operator*() { return *std::get_if<0>(&state_); }
  T* operator->() { return std::get_if<0>(&state_); }
  LabeledError& error() { return *std::get_if<1>(&state_); }

 private:
  std::variant<T, LabeledError> state_;
};

}  // namespace plugin
