#include "bytecode/host_words.hpp"

#include <string_view>

#include "bytecode/functions/functions.hpp"
#include "bytecode/show.hpp"

namespace bytecode {
namespace {

// The sign of an operator between two values; empty for a command.
std::string_view sign_of(Function function) {
  switch (function) {
    case Function::add:
      return "+";
    case Function::subtract:
      return "-";
    case Function::multiply:
      return "*";
    case Function::divide:
      return "/";
    case Function::floor_divide:
      return "//";
    case Function::modulo:
      return "mod";
    case Function::power:
      return "**";
    case Function::concatenate:
      return "++";
    case Function::equal:
      return "==";
    case Function::not_equal:
      return "!=";
    case Function::less:
      return "<";
    case Function::less_equal:
      return "<=";
    case Function::greater:
      return ">";
    case Function::greater_equal:
      return ">=";
    case Function::logical_and:
      return "and";
    case Function::logical_or:
      return "or";
    case Function::logical_xor:
      return "xor";
    case Function::matches:
      return "=~";
    case Function::in:
      return "in";
    case Function::starts_with:
      return "starts-with";
    case Function::ends_with:
      return "ends-with";
    default:
      return "";
  }
}

const FunctionCommand* command_of(Function function) {
  for (const FunctionCommand& command : function_commands()) {
    if (command.function == function) return &command;
  }
  return nullptr;
}

class Words {
 public:
  explicit Words(std::span<const std::string> sent) : sent_(sent) {}

  std::string of(const Output& output) const {
    const std::string text = value(output);
    return output.present ? text + " if " + field(*output.present) : text;
  }

 private:
  std::string value(const Output& output) const {
    switch (output.kind) {
      case Output::Kind::constant:
        return show(output.constant);
      case Output::Kind::field:
        return field(output.field);
      case Output::Kind::record:
        return "{" + members(output, true) + "}";
      case Output::Kind::list:
        return "[" + members(output, false) + "]";
      case Output::Kind::call:
        return call(output);
      case Output::Kind::range:
        return range(output);
      case Output::Kind::choice:
        return "choose(" + field(output.field) + ": " + members(output, false) + ")";
    }
    return "";
  }

  std::string field(uint16_t index) const {
    return index < sent_.size() ? sent_[index] : "#" + std::to_string(index);
  }

  std::string members(const Output& output, bool names) const {
    std::string text;
    for (const auto& [name, member] : output.members) {
      if (!text.empty()) text += ", ";
      if (names) text += show_name(name) + ": ";
      text += of(member);
    }
    return text;
  }

  std::string range(const Output& output) const {
    std::string parts[3];
    for (size_t i = 0; i < 3 && i < output.members.size(); ++i) {
      const Output& part = output.members[i].second;
      if (!is_missing(part)) parts[i] = of(part);
    }
    const bool open =
        output.members.size() > 3 && output.members[3].second.constant == Value(false);
    return parts[0] + ".." + (parts[1].empty() ? "" : parts[1] + "..") + (open ? "<" : "") +
           parts[2];
  }

  std::string call(const Output& output) const {
    const auto part = [&](size_t i) { return of(output.members[i].second); };
    const std::string_view sign = sign_of(output.function);
    if (output.function == Function::interpolate) return interpolation(output);
    if (output.function == Function::logical_not && !output.members.empty()) {
      return "(not " + part(0) + ")";
    }
    if (!sign.empty() && output.members.size() == 2) {
      return "(" + part(0) + " " + std::string(sign) + " " + part(1) + ")";
    }
    return piped(output);
  }

  std::string interpolation(const Output& output) const {
    std::string text;
    for (const auto& [name, member] : output.members) {
      const std::string* plain = member.constant.get_if<std::string>();
      const bool is_plain = member.kind == Output::Kind::constant && plain;
      const std::string words = is_plain ? show(*plain) : of(member);
      // What is shown of a text stands in quotes.
      const bool quoted = is_plain && words.size() >= 2 && words.front() == '"';
      if (is_plain) {
        text += quoted ? words.substr(1, words.size() - 2) : words;
      } else {
        text += words.starts_with('(') ? words : "(" + words + ")";
      }
    }
    return "$\"" + text + "\"";
  }

  // The input through the pipe, and what was given of the arguments.
  std::string piped(const Output& output) const {
    std::string text = "(";
    const FunctionCommand* command = command_of(output.function);
    for (size_t i = 0; i < output.members.size(); ++i) {
      const Output& argument = output.members[i].second;
      if (i == 0) {
        text += of(argument) + " | " + std::string(function_name(output.function));
        continue;
      }
      if (is_missing(argument)) continue;
      const FunctionCommand::Parameter* parameter =
          command && i <= command->parameters.size() ? &command->parameters[i - 1] : nullptr;
      const bool is_flag = parameter && parameter->name.starts_with("-");
      if (is_flag) text += " " + std::string(parameter->name);
      if (!is_flag || parameter->takes_value) text += " " + of(argument);
    }
    return text + ")";
  }

  static bool is_missing(const Output& output) {
    return output.kind == Output::Kind::constant && output.constant.is_null();
  }

  std::span<const std::string> sent_;
};

}  // namespace

std::string host_words(const Output& output, std::span<const std::string> sent) {
  return Words(sent).of(output);
}

}  // namespace bytecode
