// Which of Nushell's commands are functions, and in which order they take their arguments.
#include <algorithm>

#include "bytecode/functions/functions.hpp"

namespace bytecode {
namespace {

using Parameter = FunctionCommand::Parameter;

constexpr Parameter required(std::string_view name) { return {name, {}, false, true}; }
constexpr Parameter optional(std::string_view name) { return {name, {}, false, false}; }
constexpr Parameter option(std::string_view name, std::string_view letter) {
  return {name, letter, true, false};
}
constexpr Parameter toggle(std::string_view name, std::string_view letter) {
  return {name, letter, false, false};
}

constexpr bool kPaths = true;

const Parameter kIgnoreCase = toggle("--ignore-case", "-i");
const Parameter kGraphemes = toggle("--grapheme-clusters", "-g");
const Parameter kBytes = toggle("--utf-8-bytes", "-b");
const Parameter kReplace = option("--replace", "-r");
const Parameter kSigned = toggle("--signed", "-s");
const Parameter kNumberBytes = option("--number-bytes", "-n");
const Parameter kEndian = option("--endian", "-e");
const Parameter kDegrees = toggle("--degrees", "-d");
const Parameter kSample = toggle("--sample", "-s");

const std::vector<FunctionCommand>& commands() {
  using F = Function;
  static const std::vector<FunctionCommand> kCommands = {
      // A path of several steps is a list of names and numbers.
      {"get", F::get, {required("path"), toggle("--optional", "-o")}},
      {"str length", F::str_length, {kGraphemes, kBytes, toggle("--chars", "-c")}, kPaths},
      {"str contains", F::str_contains, {required("string"), kIgnoreCase}, kPaths},
      {"str starts-with", F::str_starts_with, {required("string"), kIgnoreCase}, kPaths},
      {"str ends-with", F::str_ends_with, {required("string"), kIgnoreCase}, kPaths},
      {"str index-of",
       F::str_index_of,
       {required("string"), kGraphemes, kBytes, option("--range", "-r"), toggle("--end", "-e")},
       kPaths},
      {"str substring", F::str_substring, {required("range"), kGraphemes, kBytes}, kPaths},
      {"str downcase", F::str_downcase, {}, kPaths},
      {"str lowercase", F::str_downcase, {}, kPaths},  // the name from 0.115 on
      {"str upcase", F::str_upcase, {}, kPaths},
      {"str uppercase", F::str_upcase, {}, kPaths},
      {"str capitalize", F::str_capitalize, {}, kPaths},
      {"str reverse", F::str_reverse, {}, kPaths},
      {"str trim",
       F::str_trim,
       {option("--char", "-c"), toggle("--left", "-l"), toggle("--right", "-r")},
       kPaths},
      {"str replace",
       F::str_replace,
       {required("find"), required("replace"), toggle("--all", "-a"), toggle("--no-expand", "-n")},
       kPaths},
      {"str join", F::str_join, {optional("separator")}},
      {"str camel-case", F::str_camel_case, {}, kPaths},
      {"str kebab-case", F::str_kebab_case, {}, kPaths},
      {"str pascal-case", F::str_pascal_case, {}, kPaths},
      {"str screaming-snake-case", F::str_screaming_snake_case, {}, kPaths},
      {"str snake-case", F::str_snake_case, {}, kPaths},
      {"str title-case", F::str_title_case, {}, kPaths},
      {"str distance", F::str_distance, {required("string")}, kPaths},
      {"str escape-regex", F::str_escape_regex, {}, kPaths},
      {"str expand", F::str_expand, {toggle("--path", "")}},
      {"str stats", F::str_stats, {}},
      {"fill",
       F::fill,
       {option("--width", "-w"), option("--alignment", "-a"), option("--character", "-c")}},
      {"split row", F::split_row, {required("separator"), option("--number", "-n")}},
      {"split chars", F::split_chars, {kGraphemes, toggle("--code-points", "-c")}},
      {"split words", F::split_words, {option("--min-word-length", "-l"), kGraphemes, kBytes}},
      // Eight columns can have names; Nushell takes any number.
      {"split column",
       F::split_column,
       {required("separator"), toggle("--collapse-empty", "-c"), option("--number", "-n"),
        optional("column 0"), optional("column 1"), optional("column 2"), optional("column 3"),
        optional("column 4"), optional("column 5"), optional("column 6"), optional("column 7")}},
      {"lines", F::lines, {toggle("--skip-empty", "-s")}},
      {"path basename", F::path_basename, {kReplace}},
      {"path dirname", F::path_dirname, {kReplace, option("--num-levels", "-n")}},
      {"path join",
       F::path_join,
       {optional("part 1"), optional("part 2"), optional("part 3"), optional("part 4")}},
      {"path parse", F::path_parse, {option("--extension", "-e")}},
      {"path split", F::path_split, {}},
      {"format date", F::format_date, {optional("format")}},
      {"format duration", F::format_duration, {required("unit")}, kPaths},
      {"format filesize", F::format_filesize, {required("unit")}, kPaths},
      {"into int", F::into_int, {option("--radix", "-r"), kEndian, kSigned}, kPaths},
      {"into float", F::into_float, {}, kPaths},
      {"into bool", F::into_bool, {}, kPaths},
      {"into string",
       F::into_string,
       {option("--decimals", "-d"), toggle("--group-digits", "-g")},
       kPaths},
      {"into duration", F::into_duration, {option("--unit", "-u")}, kPaths},
      {"into filesize", F::into_filesize, {}, kPaths},
      {"into datetime", F::into_datetime, {option("--format", "-f")}, kPaths},
      {"into binary", F::into_binary, {toggle("--compact", "-c"), kEndian}, kPaths},
      {"math abs", F::math_abs, {}, kPaths},
      {"math sqrt", F::math_sqrt, {}, kPaths},
      {"math log", F::math_log, {required("base")}, kPaths},
      {"math ln", F::math_ln, {}},
      {"math exp", F::math_exp, {}},
      {"math round", F::math_round, {option("--precision", "-p")}, kPaths},
      {"math floor", F::math_floor, {}, kPaths},
      {"math ceil", F::math_ceil, {}, kPaths},
      {"math sin", F::math_sin, {kDegrees}},
      {"math cos", F::math_cos, {kDegrees}},
      {"math tan", F::math_tan, {kDegrees}},
      {"math arcsin", F::math_arcsin, {kDegrees}},
      {"math arccos", F::math_arccos, {kDegrees}},
      {"math arctan", F::math_arctan, {kDegrees}},
      {"math sinh", F::math_sinh, {}},
      {"math cosh", F::math_cosh, {}},
      {"math tanh", F::math_tanh, {}},
      {"math arcsinh", F::math_arcsinh, {}},
      {"math arccosh", F::math_arccosh, {}},
      {"math arctanh", F::math_arctanh, {}},
      {"math cbrt", F::math_cbrt, {}, kPaths},
      {"math min", F::math_min, {}, kPaths},
      {"math max", F::math_max, {}, kPaths},
      {"math sum", F::math_sum, {}, kPaths},
      {"math avg", F::math_avg, {}, kPaths},
      {"math product", F::math_product, {}, kPaths},
      {"math median", F::math_median, {}, kPaths},
      {"math mode", F::math_mode, {}, kPaths},
      {"math variance", F::math_variance, {kSample}, kPaths},
      {"math stddev", F::math_stddev, {kSample}, kPaths},
      {"bits not", F::bits_not, {kSigned, kNumberBytes}},
      {"bits rol", F::bits_rol, {required("bits"), kSigned, kNumberBytes}},
      {"bits ror", F::bits_ror, {required("bits"), kSigned, kNumberBytes}},
      {"bytes length", F::bytes_length, {}, kPaths},
      {"length", F::length, {}},
      {"first", F::first, {optional("rows")}},
      {"last", F::last, {optional("rows")}},
      {"take", F::first, {required("rows")}},
      {"skip", F::skip, {optional("rows")}},
      {"drop", F::drop, {optional("rows")}},
      {"reverse", F::reverse, {}},
      {"sort", F::sort, {toggle("--reverse", "-r"), kIgnoreCase}},
      {"uniq",
       F::uniq,
       {toggle("--count", "-c"), toggle("--repeated", "-d"), kIgnoreCase,
        toggle("--unique", "-u")}},
      {"is-empty", F::is_empty, {}},
      {"is-not-empty", F::is_not_empty, {}},
      {"default", F::default_, {required("value"), toggle("--empty", "-e")}},
      {"describe", F::describe, {}},
      {"to nuon", F::to_nuon, {}},
      {"to json",
       F::to_json,
       {toggle("--raw", "-r"), option("--indent", "-i"), option("--tabs", "-t")}},
      {"to text", F::to_text, {toggle("--no-newline", "-n")}},
      {"ip-addr", F::ip_addr, {}},
      {"errno-name", F::errno_name, {}},
      {"signal-name", F::signal_name, {}},
  };
  return kCommands;
}

}  // namespace

std::span<const FunctionCommand> function_commands() { return commands(); }

const FunctionCommand* find_function_command(std::string_view name) {
  const std::span<const FunctionCommand> all = function_commands();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const FunctionCommand& c) { return c.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace bytecode
