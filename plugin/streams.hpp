// Rows on their way from the kernel to Nushell: who gets which, and what becomes of those that
// nobody reads. No input or output here, and no clock.
//
//   published = delivered + unread + lost     for each probe, at every moment
//
// Every open subscription gets every row that it covers. A row that none covers waits in the
// backlog, where the next subscription finds it. A queue holds queue_limit rows; past that its
// oldest is dropped, and if nobody else has it, it is lost. A row is delivered when Nushell
// acknowledges it: what a closing stream was sent but never took goes back to the backlog.
//
// Each reader is told how many rows its own queue has dropped, so its rows and its losses add up
// for every reader, however slow beside others.
//
// Notices (counter, lost, fault rows) stand in order among the rows but beside their queue, so that
// the news of a loss never pushes out a row.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "bytecode/value.hpp"
#include "host/session.hpp"
#include "plugin/call.hpp"
#include "plugin/node.hpp"

namespace plugin {

inline constexpr size_t queue_limit = 8192;
inline constexpr size_t notice_limit = 1024;

// What every row of one probe has in common.
struct ProbeLabel {
  host::ProbeId id = 0;
  std::string target;
  std::string name;
};

// One row of a stream. A probe's own rows are counted; what the plugin tells about probes
// (`notice`: counter, lost, fault) is not.
struct StreamRow {
  std::shared_ptr<const ProbeLabel> probe;  // null where the row is about no single probe
  host::Row row;                            // of a notice only time and value
  const char* notice = nullptr;
  std::string notice_name;  // of a counter: the map's
  uint64_t sequence = 0;
  bool delivered = false;
};
using RowPtr = std::shared_ptr<StreamRow>;

// Rows that wait for one reader, and what it has missed.
struct RowQueue {
  struct Dropped {
    std::shared_ptr<const ProbeLabel> probe;
    uint64_t count = 0;
  };
  std::deque<RowPtr> rows;  // by sequence
  std::map<host::ProbeId, Dropped> dropped;
};

class Broadcast;

// One reader: a bpf-stream, or an attach command's own --stream.
class Subscription {
 public:
  struct Options {
    std::set<host::ProbeId> probes;  // empty: all
    // Made for one probe's own stream: unread rows are nobody else's, and notices are not wanted.
    bool own = false;
  };

  Subscription(Broadcast& broadcast, Options options);
  ~Subscription();
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

  bool covers(host::ProbeId probe) const;
  const std::set<host::ProbeId>& probes() const { return options_.probes; }
  bool wants_notices() const { return !options_.own; }

  bool empty() const { return queue_.rows.empty() && notices_.empty(); }
  // Takes the oldest row for sending; it stays in flight until acknowledged.
  RowPtr take();
  void acknowledge();
  // Nothing more is taken: what was not delivered goes back. Called by the destructor too.
  void close();

  // No more rows will be published for it.
  void finish() { finished_ = true; }
  bool finished() const { return finished_; }

 private:
  friend class Broadcast;
  Broadcast* broadcast_;
  Options options_;
  RowQueue queue_;
  std::deque<RowPtr> notices_;
  std::deque<RowPtr> in_flight_;
  bool finished_ = false;
};

class Broadcast {
 public:
  struct Totals {
    uint64_t published = 0;
    uint64_t delivered = 0;
    uint64_t lost = 0;
    uint64_t unread() const { return published - delivered - lost; }
  };

  // A row of a probe.
  void publish(std::shared_ptr<const ProbeLabel> probe, host::Row row);
  // A row about probes, to every subscription that covers one of `about`. A `last` word on a probe
  // waits for the next subscription if there is none.
  void notify(const StreamRow& notice, const std::set<host::ProbeId>& about, bool last = false);

  // Tells each subscription what its queue has dropped since the last time.
  void tell_dropped(const bytecode::Value& time);

  // Drops what waits of these, as if nobody had ever known of them.
  void forget(const std::set<host::ProbeId>& probes);

  Totals totals(host::ProbeId probe) const;
  size_t backlog() const { return backlog_.rows.size(); }
  // Whether unread rows or last words wait that a subscription to `probes` (empty: all) would get.
  bool has_backlog(const std::set<host::ProbeId>& probes) const;
  const std::vector<Subscription*>& subscriptions() const { return subscriptions_; }

 private:
  friend class Subscription;
  void open(Subscription& subscription);
  void close(Subscription& subscription);
  void enqueue(RowQueue& queue, RowPtr row);
  void drop_oldest(RowQueue& queue);
  void let_go(RowPtr row);

  std::vector<Subscription*> subscriptions_;
  RowQueue backlog_;
  std::deque<RowPtr> last_notices_;  // that nobody has read
  std::map<host::ProbeId, Totals> totals_;
  uint64_t next_sequence_ = 0;
};

// Writes the envelope `time probe target name type event_type pid tid comm cpu value`.
void write_envelope(Writer& writer, const StreamRow& row, std::string_view encoded_span);

}  // namespace plugin
