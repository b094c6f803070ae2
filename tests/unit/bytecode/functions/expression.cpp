#include "expression.hpp"

#include <cstdlib>
#include <stdexcept>

#include "bytecode/functions/calendar.hpp"
#include "bytecode/functions/functions.hpp"
#include "bytecode/functions/number_text.hpp"
#include "bytecode/functions/unicode.hpp"
#include "bytecode/lower/types.hpp"

using namespace bytecode;

namespace {

struct Operator {
  std::string_view text;
  Function function;
  bool negated = false;
  bool swapped = false;
};

constexpr Operator kOperators[] = {
    {"+", Function::add},
    {"-", Function::subtract},
    {"*", Function::multiply},
    {"/", Function::divide},
    {"//", Function::floor_divide},
    {"mod", Function::modulo},
    {"**", Function::power},
    {"++", Function::concatenate},
    {"==", Function::equal},
    {"!=", Function::not_equal},
    {"<", Function::less},
    {"<=", Function::less_equal},
    {">", Function::greater},
    {">=", Function::greater_equal},
    {"and", Function::logical_and},
    {"or", Function::logical_or},
    {"xor", Function::logical_xor},
    {"=~", Function::matches},
    {"!~", Function::matches, true},
    {"in", Function::in},
    {"not-in", Function::in, true},
    {"has", Function::in, false, true},
    {"starts-with", Function::starts_with},
    {"ends-with", Function::ends_with},
};

// A function that gives nothing ends the reading: Nushell would have raised an error.
struct Raised {};

class Reader {
 public:
  explicit Reader(std::string_view text, std::vector<std::string>& complaints)
      : rest_(text), complaints_(complaints) {}

  Value whole() {
    Value value = expression();
    blanks();
    if (!rest_.empty()) fail("cannot read on");
    return value;
  }

 private:
  [[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error(what + " at: " + std::string(rest_));
  }

  void blanks() {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
  }

  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  std::string_view word(std::string_view ends) {
    const std::string_view found =
        rest_.substr(0, std::min(rest_.find_first_of(ends), rest_.size()));
    rest_.remove_prefix(found.size());
    return found;
  }

  Value run(Function function, const std::vector<Value>& args) {
    std::vector<Type> types;
    for (const Value& arg : args) types.push_back(type_of(arg));
    const std::optional<Type> foretold = result_type(function, types);
    const std::optional<Value> value = bytecode::apply(function, args);
    const bool something = value && !value->is_null();
    if (!foretold) throw Raised();  // refused before it runs
    if (foretold && something && *foretold != Type::any && *foretold != type_of(*value)) {
      complaints_.push_back(std::string(function_name(function)) + " is of another type");
    }
    if (!value) throw Raised();
    return *value;
  }

  Value expression() {
    blanks();
    Value value;
    if (take("not ")) {
      value = run(Function::logical_not, {single()});
    } else {
      value = single();
    }
    for (;;) {
      blanks();
      if (take("|")) {
        value = command(value);
      } else if (const Operator* op = take_operator()) {
        blanks();
        const Value right = single();
        std::vector<Value> args;
        args.push_back(op->swapped ? right : value);
        args.push_back(op->swapped ? value : right);
        value = run(op->function, args);
        if (op->negated) value = run(Function::logical_not, {value});
      } else {
        return value;
      }
    }
  }

  const Operator* take_operator() {
    for (const Operator& op : kOperators) {
      if (rest_.starts_with(std::string(op.text) + " ") && take(op.text)) return &op;
    }
    return nullptr;
  }

  Value command(const Value& input) {
    blanks();
    const FunctionCommand* found = nullptr;
    for (const FunctionCommand& candidate : function_commands()) {
      const bool fits =
          rest_.starts_with(candidate.name) &&
          (rest_.size() == candidate.name.size() ||
           std::string_view(" )|").find(rest_[candidate.name.size()]) != std::string_view::npos);
      if (fits && (!found || candidate.name.size() > found->name.size())) found = &candidate;
    }
    if (!found) fail("no such command");
    take(found->name);
    std::vector<Value> args(found->parameters.size() + 1);
    args[0] = input;
    arguments(*found, args);
    return run(found->function, args);
  }

  void arguments(const FunctionCommand& command, std::vector<Value>& args) {
    size_t positional = 0;
    const auto& parameters = command.parameters;
    for (blanks(); !rest_.empty() && rest_[0] != ')' && rest_[0] != '|'; blanks()) {
      const bool is_flag = rest_[0] == '-' && rest_.size() > 1 && !std::isdigit(rest_[1]);
      if (is_flag) {
        const std::string_view name = word(" )|");
        size_t i = 0;
        while (i < parameters.size() && parameters[i].name != name &&
               parameters[i].short_flag != name) {
          ++i;
        }
        if (i == parameters.size()) fail("no such flag " + std::string(name));
        blanks();
        args[i + 1] = parameters[i].takes_value ? single() : Value(true);
        continue;
      }
      while (positional < parameters.size() && parameters[positional].name.starts_with("--")) {
        ++positional;
      }
      if (positional == parameters.size()) fail("too many arguments");
      args[++positional] = single();
    }
    while (positional < parameters.size() && !parameters[positional].required) ++positional;
    if (positional < parameters.size()) throw Raised();
  }

  Value single() {
    blanks();
    if (take("$\"")) return interpolation();
    if (rest_.starts_with("\"")) return quoted();
    if (take("'")) {
      const Value value = std::string(word("'"));
      take("'");
      return value;
    }
    if (take("[")) return list();
    if (take("{")) return record();
    if (take("0x[")) return binary();
    if (take("(")) {
      Value value = expression();
      blanks();
      if (!take(")")) fail("no )");
      return take("..") ? range(*value.get_if<int64_t>()) : value;
    }
    if (take("..")) return range(0);
    return scalar(word(" ,)]}|"));
  }

  Value interpolation() {
    std::vector<Value> parts;
    while (!take("\"")) {
      if (rest_.empty()) fail("no end of string");
      if (take("(")) {
        parts.push_back(expression());
        if (!take(")")) fail("no )");
      } else {
        parts.emplace_back(std::string(word("(\"")));
      }
    }
    return run(Function::interpolate, parts);
  }

  std::string quoted() {
    std::string text;
    take("\"");
    while (!take("\"")) {
      if (rest_.empty()) fail("no end of string");
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c != '\\') {
        text += c;
      } else if (take("u{")) {
        append_utf8(
            text, static_cast<char32_t>(std::strtol(std::string(word("}")).c_str(), nullptr, 16)));
        take("}");
      } else {
        const char escaped = rest_.front();
        rest_.remove_prefix(1);
        text += escaped == 'n' ? '\n' : escaped == 't' ? '\t' : escaped == 'r' ? '\r' : escaped;
      }
    }
    return text;
  }

  void separators() {
    while (take(",") || take(" ")) {
    }
  }

  List list() {
    List items;
    for (separators(); !take("]"); separators()) items.push_back(single());
    return items;
  }

  Record record() {
    Record cells;
    for (separators(); !take("}"); separators()) {
      std::string name = rest_.starts_with("\"") ? quoted() : std::string(word(":"));
      if (!take(":")) fail("no :");
      blanks();
      cells.emplace_back(std::move(name), single());
    }
    return cells;
  }

  Binary binary() {
    Binary bytes;
    while (!take("]")) {
      if (take(" ")) continue;
      bytes.bytes.push_back(
          static_cast<uint8_t>(std::strtol(std::string(rest_.substr(0, 2)).c_str(), nullptr, 16)));
      rest_.remove_prefix(2);
    }
    return bytes;
  }

  Range range(int64_t start) {
    Range range;
    range.start = start;
    const auto bound = [&]() -> std::optional<int64_t> {
      if (!rest_.empty() && rest_[0] == '(') return *single().get_if<int64_t>();
      const size_t end = std::min(rest_.find_first_not_of("-0123456789"), rest_.size());
      const std::optional<int64_t> number = parse_integer(rest_.substr(0, end));
      rest_.remove_prefix(end);
      return number;
    };
    range.inclusive = !take("<");
    range.end = bound();
    if (take("..")) {
      range.step = *range.end - start;
      range.inclusive = !take("<");
      range.end = bound();
    } else if (range.end && *range.end < start) {
      range.step = -1;
    }
    return range;
  }

  Value scalar(std::string_view text) {
    if (text == "null") return {};
    if (text == "true" || text == "false") return text == "true";
    const size_t dots = text.find("..");
    if (dots != text.npos && dots > 0) {
      if (const auto start = parse_integer(text.substr(0, dots))) {
        const std::string_view after = rest_;
        rest_ = std::string_view(
            text.data() + dots + 2,
            static_cast<size_t>(after.data() + after.size() - text.data()) - dots - 2);
        return range(*start);
      }
    }
    if (const auto number = parse_integer(text)) return *number;
    if (text.size() > 2 && text.substr(0, 2) == "0x") return *parse_integer(text.substr(2), 16);
    const bool number = text.find_first_of("0123456789") <= 1;
    if (number && text.size() >= 10 && text[4] == '-') {
      if (const auto date = parse_date(text)) return *date;
    }
    const size_t end = text.find_last_of("0123456789.") + 1;
    if (number && end < text.size() && end > 0) {
      const std::string_view unit = text.substr(end);
      const auto count = parse_float(text.substr(0, end));
      if (const auto size = nanoseconds_of_unit(unit); count && size) {
        if (const auto exact = parse_integer(text.substr(0, end))) return Duration{*exact * *size};
        return Duration{static_cast<int64_t>(*count * static_cast<double>(*size))};
      }
      for (const std::string_view known : {"B", "kB", "MB", "GB", "KiB", "MiB", "GiB"}) {
        if (count && lower_case(known) == lower_case(unit)) {
          return Filesize{*parse_integer(text.substr(0, end)) * *bytes_of_unit(known)};
        }
      }
    }
    if (const auto real = parse_float(text); real && number) return *real;
    return std::string(text);
  }

  std::string_view rest_;
  std::vector<std::string>& complaints_;
};

}  // namespace

Evaluation evaluate(std::string_view expression) {
  Evaluation evaluation;
  try {
    evaluation.value = Reader(expression, evaluation.complaints).whole();
  } catch (const Raised&) {
  } catch (const std::runtime_error& error) {
    evaluation.complaints.push_back(error.what());
  }
  return evaluation;
}
