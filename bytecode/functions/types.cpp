// The types of results, before any value is known.
#include <algorithm>
#include <utility>

#include "bytecode/functions/functions.hpp"
#include "bytecode/lower/types.hpp"

namespace bytecode {
namespace {

using Answer = std::optional<Type>;

// What stands in a row of functions.def for the result.
enum class Gives : uint8_t {
  integer,
  boolean,
  string,
  date,
  duration,
  filesize,
  floating,
  binary,
  record,
  list,
  any,
  same,
};

struct Row {
  std::string_view takes;
  Gives gives;
};

constexpr Row kRows[] = {
#define FUNCTION(name, takes, gives) {takes, Gives::gives},
#include "bytecode/functions/functions.def"
#undef FUNCTION
};

Type given_type(Gives gives) {
  switch (gives) {
    case Gives::integer:
      return Type::integer;
    case Gives::boolean:
      return Type::boolean;
    case Gives::string:
      return Type::string;
    case Gives::date:
      return Type::date;
    case Gives::duration:
      return Type::duration;
    case Gives::filesize:
      return Type::filesize;
    case Gives::floating:
      return Type::floating;
    case Gives::binary:
      return Type::binary;
    case Gives::record:
      return Type::record;
    case Gives::list:
      return Type::list;
    case Gives::any:
    case Gives::same:
      return Type::any;
  }
  return Type::any;
}

// The letter of a type in functions.def; a blank for what no function takes.
char letter(Type type) {
  switch (type) {
    case Type::null:
      return 'n';
    case Type::integer:
      return 'i';
    case Type::boolean:
      return 'b';
    case Type::string:
      return 's';
    case Type::date:
      return 't';
    case Type::duration:
      return 'd';
    case Type::filesize:
      return 'z';
    case Type::floating:
      return 'f';
    case Type::binary:
      return 'y';
    case Type::range:
      return 'r';
    case Type::record:
    case Type::context:
    case Type::args:
    case Type::regs:
      return 'R';
    case Type::list:
      return 'l';
    case Type::any:
      return '*';
    case Type::bad:
    case Type::closure:
      return ' ';
  }
  return ' ';
}

bool is_plain_number(Type type) { return type == Type::integer || type == Type::floating; }
bool has_unit(Type type) { return type == Type::duration || type == Type::filesize; }

// The result of two types in this order, for the operators whose table is short.
struct Rule {
  Type left, right, result;
};

Answer by_rule(std::span<const Rule> rules, Type left, Type right) {
  for (const Rule& rule : rules) {
    if (rule.left == left && rule.right == right) return rule.result;
  }
  return std::nullopt;
}

constexpr Rule kAdd[] = {
    {Type::string, Type::string, Type::string},
    {Type::date, Type::duration, Type::date},
    {Type::duration, Type::date, Type::date},
    {Type::duration, Type::duration, Type::duration},
    {Type::filesize, Type::filesize, Type::filesize},
};
constexpr Rule kSubtract[] = {
    {Type::date, Type::date, Type::duration},
    {Type::date, Type::duration, Type::date},
    {Type::duration, Type::duration, Type::duration},
    {Type::filesize, Type::filesize, Type::filesize},
};

Type number_type(Type left, Type right) {
  return left == right && left == Type::integer ? Type::integer : Type::floating;
}

Answer arithmetic(Function function, Type left, Type right) {
  const bool plain = is_plain_number(left) && is_plain_number(right);
  switch (function) {
    case Function::add:
      return plain ? number_type(left, right) : by_rule(kAdd, left, right);
    case Function::subtract:
      return plain ? number_type(left, right) : by_rule(kSubtract, left, right);
    case Function::multiply:
      if (plain) return number_type(left, right);
      if (has_unit(left) && is_plain_number(right)) return left;
      if (is_plain_number(left) && has_unit(right)) return right;
      return std::nullopt;
    case Function::power:
      return plain ? Answer(number_type(left, right)) : std::nullopt;
    case Function::concatenate:
      if (left == right && (left == Type::string || left == Type::list || left == Type::binary)) {
        return left;
      }
      return std::nullopt;
    default:
      break;
  }
  // The divisions.
  if (plain) return function == Function::divide ? Type::floating : number_type(left, right);
  if (!has_unit(left)) return std::nullopt;
  if (is_plain_number(right)) return left;
  if (left != right) return std::nullopt;
  if (function == Function::divide) return Type::floating;
  return function == Function::floor_divide ? Type::integer : left;
}

Answer comparison(Type left, Type right) {
  if (left == Type::null || right == Type::null) return Type::null;
  const bool by_number =
      (left == Type::integer && has_unit(right)) || (has_unit(left) && right == Type::integer);
  const auto ordered = [](Type type) {
    return type != Type::list && type != Type::record && type != Type::binary &&
           type != Type::range;
  };
  if (!ordered(left) || !ordered(right)) return std::nullopt;
  const bool alike = left == right || (is_plain_number(left) && is_plain_number(right));
  return alike || by_number ? Answer(Type::boolean) : std::nullopt;
}

Answer membership(Type left, Type right) {
  if (right == Type::list) return Type::boolean;
  if (right == Type::range) {
    return is_plain_number(left) || left == Type::any ? Answer(Type::boolean) : std::nullopt;
  }
  const bool named = right == Type::string || right == Type::record;
  return named && (left == Type::string || left == Type::any) ? Answer(Type::boolean)
                                                              : std::nullopt;
}

Answer operation(Function function, Type left, Type right) {
  const bool unknown = left == Type::any || right == Type::any;
  switch (function) {
    case Function::equal:
    case Function::not_equal:
      return Type::boolean;
    case Function::less:
    case Function::less_equal:
    case Function::greater:
    case Function::greater_equal:
      // Unknown ones may be null, and the result with them.
      return unknown ? Answer(Type::any) : comparison(left, right);
    case Function::logical_not:
      return left == Type::boolean || left == Type::any ? Answer(Type::boolean) : std::nullopt;
    case Function::logical_and:
    case Function::logical_or:
    case Function::logical_xor: {
      const auto fits = [](Type type) { return type == Type::boolean || type == Type::any; };
      return fits(left) && fits(right) ? Answer(Type::boolean) : std::nullopt;
    }
    case Function::matches:
    case Function::starts_with:
    case Function::ends_with: {
      const auto fits = [](Type type) { return type == Type::string || type == Type::any; };
      return fits(left) && fits(right) ? Answer(Type::boolean) : std::nullopt;
    }
    case Function::in:
      return right == Type::any ? Answer(Type::boolean) : membership(left, right);
    case Function::interpolate:
      return Type::string;
    default:
      return unknown ? Answer(Type::any) : arithmetic(function, left, right);
  }
}

Type input_type(std::span<const Type> args) { return args.empty() ? Type::null : args[0]; }

// Rows whose result follows from the types by more than one word.
Answer refined(Function function, std::span<const Type> args) {
  const Type input = input_type(args);
  const Type second = args.size() > 1 ? args[1] : Type::null;
  switch (function) {
    case Function::math_round:
      return second == Type::null ? Answer(Type::integer) : Answer(Type::floating);
    case Function::first:
    case Function::last:
      if (second == Type::null) return input == Type::binary ? Type::integer : Type::any;
      return input == Type::range ? Type::list : input;
    case Function::default_:
      if (input == Type::null) return second;
      return input == second ? input : Type::any;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<Type> result_type(Function function, std::span<const Type> args) {
  const Type input = input_type(args);
  if (function <= Function::interpolate) {
    return operation(function, input, args.size() > 1 ? args[1] : Type::null);
  }
  const Row& row = kRows[static_cast<size_t>(function)];
  const bool takes_all = row.takes == "*";
  const bool over_list = row.takes.back() == '+';
  if (input == Type::any) {
    // A list of unknown things gives a list: only a function that takes no list is sure.
    return over_list ? Type::any : given_type(row.gives);
  }
  if (!takes_all && row.takes.find(letter(input)) == row.takes.npos) {
    return over_list && input == Type::list ? Answer(Type::list) : std::nullopt;
  }
  if (const Answer answer = refined(function, args)) return answer;
  return row.gives == Gives::same ? input : given_type(row.gives);
}

}  // namespace bytecode
