#include "plugin/error.hpp"

#include <algorithm>
#include <utility>

#include "plugin/codec.hpp"

namespace plugin {

namespace {

void append_closure_labels(LabeledError& out, const bytecode::Error& error,
                           const SourceText& source) {
  for (const bytecode::Label& label : error.labels) {
    const auto [part, span] = source.find(label.span);
    const Span place = part->place.at(span);
    if (place.is_place()) {
      out.labels.push_back({label.text, place});
      continue;
    }
    const LineColumn at = line_column(part->text, span.start);
    const size_t start = std::min<size_t>(span.start, part->text.size());
    const size_t end = std::clamp<size_t>(span.end, start, part->text.size());
    std::string words = part->text.substr(start, end - start);
    words = words.substr(0, words.find('\n'));
    std::string text = part->name.empty() ? "" : "in `" + part->name + "` ";
    text += "at " + std::to_string(at.line) + ":" + std::to_string(at.column);
    if (!words.empty()) text += " `" + words + "`";
    if (!label.text.empty()) text += ": " + label.text;
    if (source.place.argument().is_place())
      out.labels.push_back({std::move(text), source.place.argument()});
    else
      out.message += " (" + text + ")";
  }
}

void label(LabeledError& out, Span span, std::string text) {
  if (span.is_place()) out.labels.push_back({std::move(text), span});
}

}  // namespace

Node error_node(const LabeledError& error) {
  Node::Array labels;
  for (const LabeledError::Label& item : error.labels) {
    Node::Map map;
    map.emplace_back("text", sanitise(item.text));
    map.emplace_back("span", item.span);
    labels.push_back(Node(std::move(map)));
  }
  Node::Array inner;
  for (const LabeledError& item : error.inner) inner.push_back(error_node(item));
  Node::Map map;
  map.emplace_back("msg", sanitise(error.message));
  map.emplace_back("labels", std::move(labels));
  map.emplace_back("code", error.code.empty() ? Node() : Node(error.code));
  map.emplace_back("url", Node());
  map.emplace_back("help", error.help.empty() ? Node() : Node(sanitise(error.help)));
  map.emplace_back("inner", std::move(inner));
  return Node(std::move(map));
}

LabeledError read_error(const Node& error) {
  const auto text = [&](std::string_view name) {
    const Node* member = error.find(name);
    return member ? std::string(member->as_text()) : std::string();
  };
  LabeledError out;
  out.message = text("msg");
  out.code = text("code");
  out.help = text("help");
  if (const Node* labels = error.find("labels"))
    for (const Node& item : labels->items()) {
      const Node* words = item.find("text");
      const Node* span = item.find("span");
      if (words && span && span->as_span().is_place())
        out.labels.push_back({std::string(words->as_text()), span->as_span()});
    }
  if (const Node* inner = error.find("inner"))
    for (const Node& item : inner->items()) out.inner.push_back(read_error(item));
  return out;
}

TextPlace::TextPlace(Span argument, uint64_t start, uint64_t length)
    : argument_(argument), start_(start), length_(length) {}

TextPlace::TextPlace(Span argument, std::vector<uint64_t> places)
    : argument_(argument), places_(std::move(places)) {}

Span TextPlace::at(bytecode::Span span) const {
  const uint64_t length = places_.empty() ? length_ : places_.size() - 1;
  if (span.end < span.start || span.end > length || length == 0) return {};
  // An empty span still underlines something: the character it stands before, or the last one.
  if (span.start == span.end) {
    if (span.end < length)
      ++span.end;
    else
      --span.start;
  }
  if (!places_.empty()) return {places_[span.start], places_[span.end]};
  return {start_ + span.start, start_ + span.end};
}

SourceText::Found SourceText::find(bytecode::Span span) const {
  const SourceText* part = this;
  for (const SourceText& next : along) {
    const auto length = static_cast<uint32_t>(part->text.size() + 1);
    if (span.start < length) break;
    span.start -= length;
    span.end -= std::min(span.end, length);
    part = &next;
  }
  return {part, span};
}

std::string in_text(const SourceText& text) {
  return text.name.empty() ? "" : " in `" + text.name + "`";
}

LineColumn line_column(std::string_view text, uint32_t offset) {
  LineColumn at;
  for (size_t i = 0; i < offset && i < text.size(); ++i) {
    if (text[i] == '\n') {
      ++at.line;
      at.column = 1;
    } else if ((static_cast<uint8_t>(text[i]) & 0xc0) != 0x80) {
      ++at.column;
    }
  }
  return at;
}

LabeledError labeled(const bytecode::Error& error, const Blame& blame) {
  LabeledError out;
  out.message = error.message;
  out.help = error.hint;
  switch (error.kind) {
    case bytecode::ErrorKind::closure:
      out.code = "bpf::closure";
      if (blame.source) append_closure_labels(out, error, *blame.source);
      break;
    case bytecode::ErrorKind::target:
      out.code = "bpf::target";
      label(out, blame.target.is_place() ? blame.target : blame.head, "this target");
      break;
    case bytecode::ErrorKind::argument:
      out.code = "bpf::argument";
      label(out, blame.argument.is_place() ? blame.argument : blame.head,
            error.subject.empty() ? "here" : error.subject);
      break;
    case bytecode::ErrorKind::system:
      out.code = "bpf::system";
      label(out, blame.target.is_place() ? blame.target : blame.head, "refused");
      // The first line repeats the message with errno's number; a log may follow.
      if (const size_t log = error.detail.find('\n'); log != std::string::npos)
        out.help += (out.help.empty() ? "" : "\n") + error.detail.substr(log + 1);
      break;
  }
  for (const bytecode::Error& other : error.more) out.inner.push_back(labeled(other, blame));
  return out;
}

LabeledError error_at(Span span, std::string message, std::string label_text, std::string help,
                      std::string code) {
  LabeledError out;
  out.message = std::move(message);
  label(out, span, std::move(label_text));
  out.help = std::move(help);
  out.code = std::move(code);
  return out;
}

}  // namespace plugin
