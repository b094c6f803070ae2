#include "plugin/commands/plot_rows.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace plugin {

namespace {

using bytecode::List;
using bytecode::Record;
using bytecode::Value;
using pictures::Amount;
using pictures::Bucket;
using pictures::HeatMap;
using pictures::Histogram;
using pictures::TimeKind;
using pictures::Unit;

const Value* member(const Record& record, std::string_view name) {
  for (const auto& [key, value] : record)
    if (key == name) return &value;
  return nullptr;
}

std::string column_names(const Record& record) {
  std::string names;
  for (const auto& [key, value] : record) names += (names.empty() ? "" : ", ") + key;
  return names.empty() ? "none" : names;
}

// The values of the columns that are no part of a histogram's row.
std::string key_of(const Record& row) {
  std::string key;
  for (const auto& [name, value] : row) {
    if (name == "low" || name == "high" || name == "count" || name == "bar" || name == "time")
      continue;
    if (!key.empty()) key += ", ";
    key += pictures::label(value);
  }
  return key;
}

// Reads row after row; the first that is wrong ends it.
class Reader {
 public:
  Reader(bool totals, Span place) : totals_(totals), place_(place) {}

  void row(const Value& value) {
    const Record* record = value.get_if<Record>();
    if (!record) return fail("bpf-maps plot takes a histogram's table", "a row is no record");
    const Value* time = member(*record, "time");
    const Value* table = member(*record, "value");
    if (member(*record, "count") || !time || !table) return bucket(*record, time);
    // A row of bpf-stream.
    if (const Value* type = member(*record, "type")) {
      if (*type != Value("counter")) return;
      totals_ = true;
    }
    const Value* name = member(*record, "name");
    const std::string* map = name ? name->get_if<std::string>() : nullptr;
    if (map && maps_.empty()) maps_ = *map;
    if (map && maps_ != *map)
      return fail("the rows are of several maps: " + maps_ + ", " + *map, "which is to be drawn?",
                  "choose one before: where name == " + maps_);
    const List* rows = table->get_if<List>();
    if (!rows)
      return fail("bpf-maps plot takes a histogram's tables over time", "a value is no table",
                  "the column `value` holds tables of low, high and count");
    for (const Value& inner : *rows) {
      const Record* fields = inner.get_if<Record>();
      if (!fields) return fail("bpf-maps plot takes a histogram's tables", "a row is no record");
      bucket(*fields, time);
    }
  }

  bool failed() const { return error_.has_value(); }

  Outcome<std::string> draw(const PlotOptions& options) {
    if (error_) return *error_;
    if (plain_.empty() && timed_.empty())
      return error_at(place_, "there is nothing to draw", "the table is empty",
                      "nothing has been counted yet, or a filter before let nothing through");
    pictures::PlotStyle style;
    style.width = options.width;
    style.unit = unit_.value_or(Unit::number);
    style.title = !options.title.empty() ? options.title : !maps_.empty() ? maps_ : "Histogram";
    if (timed_.empty()) {
      std::vector<Histogram> histograms;
      for (auto& [key, rows] : plain_) histograms.push_back({key, std::move(rows)});
      return pictures::histogram_svg(histograms, style);
    }
    std::vector<HeatMap> maps;
    for (auto& [key, moments] : timed_) {
      HeatMap map = {key, {}};
      for (auto& [time, rows] : moments) map.moments.push_back({time, std::move(rows)});
      if (totals_) subtract(map);
      maps.push_back(std::move(map));
    }
    return pictures::heat_map_svg(maps, *time_kind_, style);
  }

 private:
  void fail(std::string message, std::string label, std::string hint = "") {
    if (!error_) error_ = error_at(place_, std::move(message), std::move(label), std::move(hint));
  }

  // `low` and `high` are of one type in the whole table.
  bool bound(const Value* value, const char* name, std::optional<int64_t>& into) {
    if (!value || value->is_null()) return true;
    const std::optional<Amount> amount = pictures::amount_of(*value);
    if (!amount || (unit_ && *unit_ != amount->unit)) {
      fail(std::string(name) + " takes ints, durations or filesizes, all of one type",
           amount ? "of several types" : pictures::label(*value) + " is none of these");
      return false;
    }
    unit_ = amount->unit;
    into = amount->number;
    return true;
  }

  void bucket(const Record& row, const Value* time) {
    const Value* low = member(row, "low");
    const Value* high = member(row, "high");
    const Value* count = member(row, "count");
    if (!count || (!low && !high))
      return fail("bpf-maps plot takes a histogram's table: low, high, count",
                  "the columns are " + column_names(row),
                  "`hist` in a closure makes such a map, and bpf-maps get reads it");
    Bucket bucket;
    if (!bound(low, "low", bucket.low) || !bound(high, "high", bucket.high)) return;
    const int64_t* number = count->get_if<int64_t>();
    if (!number || *number < 0)
      return fail("count takes whole numbers from 0 up",
                  pictures::label(*count) + (number ? " is below zero" : " is no such number"));
    bucket.count = *number;
    if (timed_.empty() ? time && !plain_.empty() : !time)
      return fail("some rows have a time and some have none", "in this table");
    if (!time) return plain_[key_of(row)].push_back(bucket);
    if (const auto moment = moment_of(*time)) timed_[key_of(row)][*moment].push_back(bucket);
  }

  std::optional<int64_t> moment_of(const Value& time) {
    std::optional<TimeKind> kind;
    int64_t moment = 0;
    if (const auto* date = time.get_if<bytecode::Date>()) {
      kind = TimeKind::date;
      moment = date->nanoseconds;
    } else if (const auto* duration = time.get_if<bytecode::Duration>()) {
      kind = TimeKind::duration;
      moment = duration->nanoseconds;
    } else if (const auto* number = time.get_if<int64_t>()) {
      kind = TimeKind::number;
      moment = *number;
    }
    if (!kind || (time_kind_ && *time_kind_ != *kind)) {
      fail("time takes dates, durations or ints, all of one type",
           kind ? "of several types" : pictures::label(time) + " is none of these");
      return std::nullopt;
    }
    time_kind_ = kind;
    return moment;
  }

  // Each moment less the one before. A count that fell was cleared meanwhile and began anew.
  static void subtract(HeatMap& map) {
    std::map<std::pair<std::optional<int64_t>, std::optional<int64_t>>, int64_t> before;
    for (HeatMap::Moment& moment : map.moments)
      for (Bucket& bucket : moment.rows) {
        int64_t& last = before[{bucket.low, bucket.high}];
        const int64_t now = bucket.count;
        bucket.count = now >= last ? now - last : now;
        last = now;
      }
  }

  bool totals_;
  Span place_;
  std::optional<LabeledError> error_;
  std::optional<Unit> unit_;
  std::optional<TimeKind> time_kind_;
  std::string maps_;  // the map's name, of rows of bpf-stream
  std::map<std::string, std::vector<Bucket>> plain_;
  std::map<std::string, std::map<int64_t, std::vector<Bucket>>> timed_;
};

}  // namespace

Outcome<std::string> plot(const std::vector<Value>& rows, const PlotOptions& options, Span place) {
  Reader reader(options.totals, place);
  for (const Value& row : rows) {
    reader.row(row);
    if (reader.failed()) break;
  }
  return reader.draw(options);
}

}  // namespace plugin
