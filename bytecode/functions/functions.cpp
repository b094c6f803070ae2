#include "bytecode/functions/functions.hpp"

#include <limits>

#include "bytecode/functions/family.hpp"

namespace bytecode {
namespace {

using Behaviour = std::optional<Value> (*)(std::span<const Value>);

constexpr Behaviour kBehaviours[] = {
#define FUNCTION(name, takes, gives) functions::name,
#include "bytecode/functions/functions.def"
#undef FUNCTION
};

constexpr std::string_view kNames[] = {
#define FUNCTION(name, takes, gives) #name,
#include "bytecode/functions/functions.def"
#undef FUNCTION
};

}  // namespace

std::string_view function_name(Function function) {
  for (const FunctionCommand& command : function_commands()) {
    if (command.function == function) return command.name;
  }
  return kNames[static_cast<size_t>(function)];
}

std::optional<Value> apply(Function function, std::span<const Value> args) {
  return kBehaviours[static_cast<size_t>(function)](args);
}

namespace functions {

const Value& argument(Args args, size_t index) {
  static const Value kNull;
  return index < args.size() ? args[index] : kNull;
}

bool is_given(Args args, size_t index) { return !argument(args, index).is_null(); }

bool flag(Args args, size_t index) {
  const bool* given = argument(args, index).get_if<bool>();
  return given && *given;
}

const std::string* text(Args args, size_t index) {
  return argument(args, index).get_if<std::string>();
}

std::optional<int64_t> integer(Args args, size_t index) {
  const int64_t* number = argument(args, index).get_if<int64_t>();
  return number ? std::optional(*number) : std::nullopt;
}

Answer each(const Value& input, const std::function<Answer(const Value&)>& answer) {
  const List* list = input.get_if<List>();
  if (!list) return answer(input);
  List answers;
  for (const Value& item : *list) {
    Answer one = answer(item);
    if (!one) return std::nullopt;
    answers.push_back(std::move(*one));
  }
  return Value(std::move(answers));
}

Answer each_text(const Value& input, const std::function<Answer(const std::string&)>& answer) {
  return each(input, [&](const Value& value) -> Answer {
    if (const std::string* string = value.get_if<std::string>()) return answer(*string);
    if (value.is_null()) return Value();
    return std::nullopt;
  });
}

std::optional<uint64_t> count_of(const Range& range) {
  if (!range.end) return std::nullopt;
  const bool up = range.step > 0;
  if (up ? *range.end < range.start : *range.end > range.start) return 0;
  const auto start = static_cast<uint64_t>(range.start), end = static_cast<uint64_t>(*range.end);
  const auto step = static_cast<uint64_t>(range.step);
  const uint64_t distance = up ? end - start : start - end;
  const uint64_t steps = distance / (up ? step : 0 - step);
  const bool on_end = distance % (up ? step : 0 - step) == 0;
  if (on_end && !range.inclusive) return steps;
  return steps == std::numeric_limits<uint64_t>::max() ? steps : steps + 1;
}

List values_of(const Range& range, uint64_t first, uint64_t count) {
  List list;
  for (uint64_t i = first; i < first + count; ++i) {
    const uint64_t value =
        static_cast<uint64_t>(range.start) + i * static_cast<uint64_t>(range.step);
    list.emplace_back(static_cast<int64_t>(value));
  }
  return list;
}

}  // namespace functions
}  // namespace bytecode
