#include "bytecode/functions/calendar.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace bytecode {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kDay = 86400;

constexpr std::string_view kMonths[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};
constexpr std::string_view kWeekdays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                          "Thursday", "Friday", "Saturday"};

bool is_leap(int64_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

int days_in(int64_t year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return kDays[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// Days since 1970-01-01; years begin in March, so that a leap day is a year's last.
int64_t days_since_epoch(int64_t year, int month, int day) {
  const int64_t y = month <= 2 ? year - 1 : year;
  const int64_t era = floor_divide(y, 400);
  const int64_t of_era = y - era * 400;
  const int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

template <typename... T>
std::string printed(const char* format, T... values) {
  char text[64];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

int iso_weekday(const Moment& m) { return m.weekday == 0 ? 7 : m.weekday; }

struct IsoWeek {
  int64_t year;
  int week;
};

IsoWeek iso_week(const Moment& m) {
  const int week = (m.day_of_year - iso_weekday(m) + 10) / 7;
  const auto weeks = [](int64_t year) {
    const auto last_weekday = [](int64_t y) {
      return (y + floor_divide(y, 4) - floor_divide(y, 100) + floor_divide(y, 400)) % 7;
    };
    return last_weekday(year) == 4 || last_weekday(year - 1) == 3 ? 53 : 52;
  };
  if (week < 1) return {m.year - 1, weeks(m.year - 1)};
  if (week > weeks(m.year)) return {m.year + 1, 1};
  return {m.year, week};
}

// The fraction of a second with as many groups of three digits as it needs, with its point.
std::string short_fraction(int nanosecond) {
  if (nanosecond == 0) return "";
  if (nanosecond % 1'000'000 == 0) return printed(".%03d", nanosecond / 1'000'000);
  if (nanosecond % 1'000 == 0) return printed(".%06d", nanosecond / 1'000);
  return printed(".%09d", nanosecond);
}

// One directive of a format, taken apart: `%-d`, `%.3f`, `%::z`.
struct Directive {
  char padding = 0;  // one of - _ 0; 0 for the usual one
  std::string prefix;
  char letter = 0;
};

std::optional<Directive> take_directive(std::string_view format, size_t& at) {
  Directive directive;
  if (at < format.size() && std::string_view("-_0").find(format[at]) != std::string_view::npos) {
    directive.padding = format[at++];
  }
  while (at < format.size() &&
         std::string_view(".:#369").find(format[at]) != std::string_view::npos) {
    directive.prefix += format[at++];
  }
  if (at == format.size()) return std::nullopt;
  directive.letter = format[at++];
  return directive;
}

struct Formatter {
  Date date;
  Moment m = moment(date);
  std::string out;
  char padding = 0;

  void number(int64_t value, int width, char usual = '0') {
    const char pad = padding == 0 ? usual : padding == '_' ? ' ' : padding;
    std::string digits = std::to_string(value);
    if (pad != '-' && static_cast<int>(digits.size()) < width) {
      digits.insert(0, static_cast<size_t>(width) - digits.size(), pad);
    }
    out += digits;
  }

  void year(int64_t value) {
    if (value > 9999) out += '+';
    number(value, 4);
  }

  bool several(std::string_view format) {
    const char outer = padding;
    const bool good = write(format);
    padding = outer;
    return good;
  }

  int hour12() const { return m.hour % 12 == 0 ? 12 : m.hour % 12; }

  bool fraction(const Directive& d) {
    if (d.prefix.empty()) {
      padding = d.padding;
      number(m.nanosecond, 9);
      padding = 0;
    } else if (d.prefix == ".") {
      out += short_fraction(m.nanosecond);
    } else {
      const bool point = d.prefix[0] == '.';
      const std::string width = d.prefix.substr(point ? 1 : 0);
      if (width != "3" && width != "6" && width != "9") return false;
      if (point) out += '.';
      out += printed("%09d", m.nanosecond).substr(0, static_cast<size_t>(width[0] - '0'));
    }
    return true;
  }

  bool zone(const Directive& d) {
    if (d.prefix.empty()) {
      out += "+0000";
    } else if (d.prefix == ":") {
      out += "+00:00";
    } else if (d.prefix == "::") {
      out += "+00:00:00";
    } else if (d.prefix == ":::") {
      out += "+00";
    } else {
      return false;
    }
    return true;
  }

  bool one(const Directive& d) {
    // Nothing but numbers can be padded.
    constexpr std::string_view kNumbers = "YCyqmdewuUWGgVjHkIlMSsf";
    if (d.padding && kNumbers.find(d.letter) == kNumbers.npos) return false;
    if (d.letter == 'z') return zone(d);
    if (d.letter == 'f') return fraction(d);
    if (!d.prefix.empty()) return false;
    padding = d.padding;
    const bool good = date_part(d.letter) || time_part(d.letter) || literal(d.letter);
    padding = 0;
    return good;
  }

  bool date_part(char letter) {
    switch (letter) {
      case 'Y':
        year(m.year);
        return true;
      case 'C':
        number(floor_divide(m.year, 100), 2);
        return true;
      case 'y':
        number(((m.year % 100) + 100) % 100, 2);
        return true;
      case 'q':
        number((m.month + 2) / 3, 1);
        return true;
      case 'm':
        number(m.month, 2);
        return true;
      case 'b':
      case 'h':
        out += kMonths[m.month - 1].substr(0, 3);
        return true;
      case 'B':
        out += kMonths[m.month - 1];
        return true;
      case 'd':
        number(m.day, 2);
        return true;
      case 'e':
        number(m.day, 2, ' ');
        return true;
      case 'a':
        out += kWeekdays[m.weekday].substr(0, 3);
        return true;
      case 'A':
        out += kWeekdays[m.weekday];
        return true;
      case 'w':
        number(m.weekday, 1);
        return true;
      case 'u':
        number(iso_weekday(m), 1);
        return true;
      case 'U':
        number((m.day_of_year + 6 - m.weekday) / 7, 2);
        return true;
      case 'W':
        number((m.day_of_year + 7 - iso_weekday(m)) / 7, 2);
        return true;
      case 'G':
        year(iso_week(m).year);
        return true;
      case 'g':
        number(iso_week(m).year % 100, 2);
        return true;
      case 'V':
        number(iso_week(m).week, 2);
        return true;
      case 'j':
        number(m.day_of_year, 3);
        return true;
      case 'D':
        return several("%m/%d/%y");
      case 'x':
        return several("%m/%d/%Y");
      case 'F':
        return several("%Y-%m-%d");
      case 'v':
        return several("%e-%b-%Y");
      case 'J':
        return several("%Y%m%d");
      default:
        return false;
    }
  }

  bool time_part(char letter) {
    switch (letter) {
      case 'H':
        number(m.hour, 2);
        return true;
      case 'k':
        number(m.hour, 2, ' ');
        return true;
      case 'I':
        number(hour12(), 2);
        return true;
      case 'l':
        number(hour12(), 2, ' ');
        return true;
      case 'P':
        out += m.hour < 12 ? "am" : "pm";
        return true;
      case 'p':
        out += m.hour < 12 ? "AM" : "PM";
        return true;
      case 'M':
        number(m.minute, 2);
        return true;
      case 'S':
        number(m.second, 2);
        return true;
      case 'R':
        return several("%H:%M");
      case 'T':
        return several("%H:%M:%S");
      case 'X':
      case 'r':
        return several("%I:%M:%S %p");
      case 'Q':
        return several("%H%M%S");
      case 'c':
        return several("%a %d %b %Y %r %Z");
      case '+':
        out += rfc3339_text(date);
        return true;
      case 's':
        number(floor_divide(date.nanoseconds, kSecond), 1);
        return true;
      case 'Z':
        out += "+00:00";
        return true;
      default:
        return false;
    }
  }

  bool literal(char letter) {
    if (letter != 't' && letter != 'n' && letter != '%') return false;
    out += letter == 't' ? '\t' : letter == 'n' ? '\n' : '%';
    return true;
  }

  bool write(std::string_view format) {
    for (size_t at = 0; at < format.size();) {
      if (format[at] != '%') {
        out += format[at++];
        continue;
      }
      const std::optional<Directive> directive = take_directive(format, ++at);
      if (!directive || !one(*directive)) return false;
    }
    return true;
  }
};

}  // namespace

Moment moment(Date date) {
  const int64_t seconds = floor_divide(date.nanoseconds, kSecond);
  const int64_t days = floor_divide(seconds, kDay);
  const auto of_day = static_cast<int>(seconds - days * kDay);
  const int64_t shifted = days + 719468;
  const int64_t era = floor_divide(shifted, 146097);
  const int64_t day_of_era = shifted - era * 146097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted_month = (5 * day_of_year + 2) / 153;
  Moment m;
  m.day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  m.month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  m.year = year_of_era + era * 400 + (m.month <= 2 ? 1 : 0);
  m.hour = of_day / 3600;
  m.minute = of_day / 60 % 60;
  m.second = of_day % 60;
  m.nanosecond = static_cast<int>((date.nanoseconds % kSecond + kSecond) % kSecond);
  m.weekday = static_cast<int>(((days + 4) % 7 + 7) % 7);
  m.day_of_year = static_cast<int>(days - days_since_epoch(m.year, 1, 1)) + 1;
  return m;
}

std::optional<Date> date_of(const Moment& m, int64_t offset) {
  if (m.month < 1 || m.month > 12 || m.day < 1 || m.day > days_in(m.year, m.month)) return {};
  if (m.hour > 23 || m.minute > 59 || m.second > 59) return std::nullopt;
  if (m.year < 1600 || m.year > 2300) return std::nullopt;
  const int64_t seconds = days_since_epoch(m.year, m.month, m.day) * kDay + m.hour * 3600 +
                          m.minute * 60 + m.second - offset;
  int64_t nanoseconds = 0;
  // From the following second backwards: the first second of all is not whole.
  if (__builtin_mul_overflow(seconds + 1, kSecond, &nanoseconds) ||
      __builtin_sub_overflow(nanoseconds, kSecond - m.nanosecond, &nanoseconds)) {
    return std::nullopt;
  }
  return Date{nanoseconds};
}

std::string rfc2822_text(Date date) { return *formatted(date, "%a, %-d %b %Y %H:%M:%S %z"); }

std::string rfc3339_text(Date date) { return *formatted(date, "%Y-%m-%dT%H:%M:%S%.f%:z"); }

std::string relative_text(int64_t seconds) {
  constexpr int64_t kMinute = 60, kHour = 3600;
  const int64_t n = seconds < 0 ? -seconds : seconds;
  const auto some = [n](int64_t unit, std::string_view name) {
    return std::to_string(std::max<int64_t>(n / unit, 2)) + " " + std::string(name);
  };
  std::string text;
  if (n > 547 * kDay) {
    text = some(365 * kDay, "years");
  } else if (n > 345 * kDay) {
    text = "a year";
  } else if (n > 45 * kDay) {
    text = some(30 * kDay, "months");
  } else if (n > 29 * kDay) {
    text = "a month";
  } else if (n > 10 * kDay + 12 * kHour) {
    text = some(7 * kDay, "weeks");
  } else if (n > 6 * kDay + 12 * kHour) {
    text = "a week";
  } else if (n > 36 * kHour) {
    text = some(kDay, "days");
  } else if (n > 22 * kHour) {
    text = "a day";
  } else if (n > 90 * kMinute) {
    text = some(kHour, "hours");
  } else if (n > 45 * kMinute) {
    text = "an hour";
  } else if (n > 90) {
    text = some(kMinute, "minutes");
  } else if (n > 45) {
    text = "a minute";
  } else if (n > 10) {
    text = std::to_string(n) + " seconds";
  } else {
    return "now";
  }
  return seconds < 0 ? text + " ago" : "in " + text;
}

std::optional<std::string> formatted(Date date, std::string_view format) {
  Formatter formatter{.date = date, .out = {}};
  if (!formatter.write(format)) return std::nullopt;
  return std::move(formatter.out);
}

}  // namespace bytecode
