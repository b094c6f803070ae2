#include "tests/fuzz/documented.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace fuzz {
namespace {

struct Difference {
  std::string_view name;
  bool (*explains)(const Parting& parting);
};

bool same(const Row& a, const Row& b) {
  return a.kind == b.kind && a.name == b.name && text_of(a.value) == text_of(b.value);
}

bool counts_within(const Outcome& whole, const Outcome& part) {
  return std::ranges::all_of(part.counts, [&](const auto& count) {
    const auto other = whole.counts.find(count.first);
    return other != whole.counts.end() && other->second >= count.second;
  });
}

// All that `part` did before it ended is the beginning of what `whole` did.
bool begins(const Outcome& whole, const Outcome& part) {
  if (part.rows.size() > whole.rows.size()) return false;
  for (size_t i = 0; i < part.rows.size(); ++i)
    if (!same(part.rows[i], whole.rows[i])) return false;
  return counts_within(whole, part);
}

// `part` did the same, but for some rows and counts.
bool lies_within(const Outcome& whole, const Outcome& part) {
  size_t found = 0;
  for (const Row& row : whole.rows)
    if (found < part.rows.size() && same(row, part.rows[found])) ++found;
  return found == part.rows.size() && counts_within(whole, part);
}

bool has_null(const bytecode::Value& value) {
  if (const auto* list = value.get_if<bytecode::List>())
    return std::ranges::any_of(*list, has_null);
  if (const auto* record = value.get_if<bytecode::Record>())
    return std::ranges::any_of(*record, [](const auto& each) { return has_null(each.second); });
  return value.is_null();
}

bool has_call(const bytecode::Output& output) {
  return output.kind == bytecode::Output::Kind::call ||
         std::ranges::any_of(output.members,
                             [](const auto& each) { return has_call(each.second); });
}

// Whether the place lies in the closure or the condition of an `each` or a `where`, or in a command
// that one of them may call.
bool in_stream(std::string_view closure, size_t place) {
  const bool has_stream = closure.find("| each {") != std::string_view::npos ||
                          closure.find("| where ") != std::string_view::npos;
  int open = 0;
  for (size_t i = std::min(place, closure.size()); i-- > 0;) {
    const char c = closure[i];
    if (c == '}' || c == ')') {
      ++open;
    } else if (c == '{' || c == '(') {
      open = std::max(open - 1, 0);
    }
    const std::string_view rest = closure.substr(i);
    if (open == 0 && (rest.starts_with("| each {") || rest.starts_with("| where "))) return true;
    if (open == 0 && rest.starts_with("def ") && has_stream) return true;
  }
  return false;
}

// The same but for the last digits of floats: four units in the last place, since what is computed
// from such a float is off a little more.
bool same_but_last_digits(const bytecode::Value& a, const bytecode::Value& b) {
  const double *real = a.get_if<double>(), *other = b.get_if<double>();
  if (real && other)
    return *real == *other ||
           std::abs(*real - *other) <= 4 * std::numeric_limits<double>::epsilon() *
                                           std::max(std::abs(*real), std::abs(*other));
  const auto *list = a.get_if<bytecode::List>(), *other_list = b.get_if<bytecode::List>();
  if (list && other_list) return std::ranges::equal(*list, *other_list, same_but_last_digits);
  const auto *record = a.get_if<bytecode::Record>(), *other_record = b.get_if<bytecode::Record>();
  if (record && other_record)
    return std::ranges::equal(*record, *other_record, [](const auto& one, const auto& two) {
      return one.first == two.first && same_but_last_digits(one.second, two.second);
    });
  return text_of(a) == text_of(b);
}

bool is_ascii(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return (c & 0x80) != 0; });
}

const Difference kDifferences[] = {
    {"string cut in a key",
     [](const Parting& p) {
       return std::ranges::find(p.ours.notes, "string_cut") != p.ours.notes.end() &&
              p.ours.fault == p.theirs.fault && p.ours.rows.size() == p.theirs.rows.size() &&
              p.ours.counts.size() <= p.theirs.counts.size();
     }},
    {"an error in a stream",
     [](const Parting& p) {
       return !p.ours.fault.empty() && in_stream(p.closure, p.ours.fault_at) &&
              begins(p.theirs, p.ours);
     }},
    {"what a stream never came to",
     [](const Parting& p) {
       static constexpr std::string_view stops[] = {"| all {", "| any {",  "| first",
                                                    "| take ", "is-empty", "is-not-empty"};
       return p.ours.fault == p.theirs.fault && lies_within(p.ours, p.theirs) &&
              p.closure.find("| each {") != std::string::npos &&
              std::ranges::any_of(stops, [&](std::string_view stop) {
                return p.closure.find(stop) != std::string::npos;
              });
     }},
    {"a fault behind what the host decides",
     [](const Parting& p) {
       const std::string before = p.closure.substr(0, p.ours.fault_at);
       return !p.ours.fault.empty() && begins(p.theirs, p.ours) &&
              (before.find(" and ") != std::string::npos ||
               before.find(" or ") != std::string::npos) &&
              std::ranges::any_of(p.program.rows,
                                  [](const auto& site) { return has_call(site.value); });
     }},
    {"an error on the host is null",
     [](const Parting& p) {
       const size_t row = p.theirs.rows.size();
       return !p.theirs.fault.empty() && p.ours.rows.size() > row &&
              has_null(p.ours.rows[row].value) && begins(p.ours, p.theirs) &&
              std::ranges::any_of(p.program.rows,
                                  [](const auto& site) { return has_call(site.value); });
     }},
    // There nothing of it is left in the program: nobody looks at the value.
    {"an error on the host is null",
     [](const Parting& p) {
       return !p.theirs.fault.empty() && begins(p.ours, p.theirs) &&
              p.closure.find("| math avg") != std::string::npos;
     }},
    {"a string that is a stream",
     [](const Parting& p) {
       return p.ours.fault == p.theirs.fault && p.ours.rows.size() == p.theirs.rows.size() &&
              p.closure.find("| str join ") != std::string::npos &&
              p.closure.find("| describe") != std::string::npos;
     }},
    {"text beyond ASCII in the kernel",
     [](const Parting& p) {
       const auto has = [&](std::string_view word) {
         return p.closure.find(word) != std::string::npos;
       };
       return (has("str downcase") || has("str upcase") || has("str substring")) &&
              !(is_ascii(p.closure) && is_ascii(p.event) && is_ascii(text_of(p.ours)));
     }},
    {"last digits",
     [](const Parting& p) {
       return p.closure.find("**") != std::string::npos && p.ours.fault == p.theirs.fault &&
              p.ours.counts == p.theirs.counts &&
              std::ranges::equal(p.ours.rows, p.theirs.rows, [](const Row& one, const Row& two) {
                return one.kind == two.kind && one.name == two.name &&
                       same_but_last_digits(one.value, two.value);
              });
     }},
    {"Nushell 0.108 wraps a product of a duration",
     [](const Parting& p) {
       return p.version.starts_with("0.108") && p.ours.fault == "overflow" &&
              p.ours.fault_op == VM_OP_mul && begins(p.theirs, p.ours);
     }},
    {"Nushell 0.108 formats a filesize with all its digits",
     [](const Parting& p) {
       return p.version.starts_with("0.108") &&
              p.closure.find("| format filesize ") != std::string::npos;
     }},
    {"Nushell 0.108 shifts in the fewest bytes that hold the int",
     [](const Parting& p) {
       return p.version.starts_with("0.108") && p.closure.find("| bits shl ") != std::string::npos;
     }},
    {"Nushell 0.108 has no overflow in math abs",
     [](const Parting& p) {
       return p.version.starts_with("0.108") && p.ours.fault == "overflow" &&
              p.closure.find("math abs") != std::string::npos && begins(p.theirs, p.ours);
     }},
};

}  // namespace

std::string_view documented(const Parting& parting) {
  for (const Difference& each : kDifferences)
    if (each.explains(parting)) return each.name;
  return {};
}

}  // namespace fuzz
