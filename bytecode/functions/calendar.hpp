// Points in time as dates of the Gregorian calendar, and both as text. Everything is UTC: a Date
// has no zone of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bytecode/value.hpp"

namespace bytecode {

struct Moment {
  int64_t year = 1970;
  int month = 1;  // 1 to 12
  int day = 1;    // 1 to 31
  int hour = 0;
  int minute = 0;
  int second = 0;
  int nanosecond = 0;
  int weekday = 4;      // 0 is Sunday
  int day_of_year = 1;  // 1 to 366
};

Moment moment(Date date);

// Nothing where there is no such day or time, or a Date cannot hold it. `offset` is in seconds east
// of Greenwich. The weekday and the day of the year are not looked at.
std::optional<Date> date_of(const Moment& moment, int64_t offset = 0);

std::string rfc2822_text(Date date);  // Wed, 1 Jan 2020 00:00:00 +0000
std::string rfc3339_text(Date date);  // 2020-01-01T00:00:00.500+00:00

// "2 hours ago", "in a day", "now": the seconds from now on.
std::string relative_text(int64_t seconds);

// The format of chrono, in en_US, with Nushell's %J and %Q; nothing where it is malformed.
std::optional<std::string> formatted(Date date, std::string_view format);

// What `into datetime --format` reads; nothing where the text does not follow the format, or says
// too little.
std::optional<Date> parse_formatted(std::string_view text, std::string_view format);

// The usual forms: RFC 3339 and its parts with a blank or a T, RFC 2822, "1 Jan 2020",
// "Jan 1, 2020", "01/31/2020", "20200131", a number of nanoseconds.
std::optional<Date> parse_date(std::string_view text);

}  // namespace bytecode
