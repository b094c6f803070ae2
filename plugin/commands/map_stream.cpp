#include "plugin/commands/map_stream.hpp"

#include <cstdio>
#include <iterator>
#include <utility>

#include "plugin/codec.hpp"
#include "plugin/error.hpp"

namespace plugin {

namespace {

using bytecode::List;
using bytecode::Value;

// More rows than this come as a stream: a table of so many is one message of about a megabyte.
constexpr size_t table_rows_max = 10'240;

class MapStream : public ItemSource {
 public:
  MapStream(const Call& call, List first, std::unique_ptr<host::MapRows> rest)
      : name_(call.name()),
        span_(encode_span(call.head())),
        rows_(std::move(first)),
        rest_(std::move(rest)) {}

  bool ready() const override { return next_ < rows_.size(); }
  void write_next(Writer& writer) override {
    writer.value(rows_[next_++], span_);
    if (next_ == rows_.size()) read_on();
  }
  bool finished() const override { return !rest_; }
  void acknowledged() override {}
  void closed() override { rest_.reset(); }

 private:
  void read_on() {
    rows_.clear();
    next_ = 0;
    if (!rest_) return;
    auto more = rest_->next();
    if (!more) std::fprintf(stderr, "%s: %s\n", name_.c_str(), more.error().message.c_str());
    if (more) rows_ = std::move(more).value();
    if (rows_.empty()) rest_.reset();
  }

  std::string name_, span_;
  List rows_;
  size_t next_ = 0;
  std::unique_ptr<host::MapRows> rest_;  // null when all is read
};

}  // namespace

Answer map_rows(const Call& call, std::unique_ptr<host::MapRows> rows, Span blame) {
  List first;
  while (first.size() <= table_rows_max) {
    auto more = rows->next();
    if (!more) return labeled(more.error(), Blame::at(blame));
    if (more->empty()) return Value(std::move(first));
    first.insert(first.end(), std::make_move_iterator(more->begin()),
                 std::make_move_iterator(more->end()));
  }
  StreamAnswer answer;
  answer.source = std::make_shared<MapStream>(call, std::move(first), std::move(rows));
  return answer;
}

}  // namespace plugin
