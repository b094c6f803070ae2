#include "tests/fuzz/subject.hpp"

#include <stdexcept>

#include "bytecode/show.hpp"
#include "tests/fuzz/event.hpp"

namespace fuzz {

std::string Subject::case_text() const {
  std::string text = field_lines();
  for (const auto& [name, value] : captures) text += "capture " + name + " " + value + "\n";
  if (text_dialect) text += "dialect text\n";
  text += "closure ";
  for (const char c : closure()) {
    text += c;
    // A line of the closure is indented, so that it goes on.
    if (c == '\n') text += ' ';
  }
  text += "\n";
  for (const std::string& event : events) text += "\nevent " + event + "\n";
  return text;
}

Subject make_subject(uint64_t seed, const Features& features) {
  Random random(seed);
  Subject subject;
  subject.seed = seed;
  Generated generated = generate(random, features);
  subject.tree = std::move(generated.tree);
  subject.text_dialect = generated.text_dialect;
  subject.captures = std::move(generated.captures);
  for (size_t i = 0; i < kEvents; ++i) subject.events.push_back(random_event(random));
  return subject;
}

cases::Case read_subject(const Subject& subject) {
  bytecode::Result<cases::Case> read = cases::parse_case(subject.case_text(), "subject");
  if (!read) throw std::logic_error(read.error().message + "\n" + subject.case_text());
  read->closure = subject.closure();
  return std::move(*read);
}

std::string event_record(const cases::Case&, const cases::EventSpec& spec,
                         const bytecode::Event& event) {
  std::string fields;
  for (const cases::FieldValue& value : spec.values) {
    if (value.name == "comm") continue;
    fields += fields.empty() ? "" : ", ";
    fields +=
        bytecode::quoted(value.name) + ": " + (value.text == "unreadable" ? "null" : value.text);
  }
  std::string text = "{";
  const auto number = [&](std::string_view name, uint64_t value) {
    text += bytecode::quoted(name) + ": " + std::to_string(value) + ", ";
  };
  number("pid", event.pid);
  number("tid", event.tid);
  number("uid", event.uid);
  number("gid", event.gid);
  number("cpu", event.cpu);
  return text + "\"comm\": " + bytecode::quoted(event.comm) + ", " + fields + ", \"args\": {" +
         fields + "}}";
}

}  // namespace fuzz
