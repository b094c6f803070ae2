#include "plugin/tracing.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>

namespace plugin {

namespace {

// Rows handled before the loop looks at Nushell's messages again: acknowledgements must not starve.
constexpr size_t rows_per_turn = 1024;
// A drain of more rows than this means a flood. Then the pump naps instead of waiting for the ring
// buffer's wake-ups, which cost the traced program 1,400 ns a row (137-156 ns with the nap).
constexpr size_t flood_rows = 32;
constexpr auto nap_time = std::chrono::milliseconds(1);
// A map with more entries than this is told of by bpf-maps alone, not by a row a second.
constexpr uint64_t counter_entries_max = 10'240;
// More than a ring buffer holds of the smallest rows.
constexpr size_t rows_at_end = 1 << 16;

bytecode::Value now() {
  const auto time = std::chrono::system_clock::now().time_since_epoch();
  return bytecode::Date{std::chrono::duration_cast<std::chrono::nanoseconds>(time).count()};
}

}  // namespace

Tracing::Tracing(asio::io_context& io, Hooks hooks)
    : io_(io), hooks_(std::move(hooks)), nap_(io), second_(io) {}

Tracing::~Tracing() = default;

host::Session& Tracing::session() {
  if (!session_) {
    host::SessionOptions options;
    options.hidden = {static_cast<uint32_t>(getpid()), static_cast<uint32_t>(getppid())};
    options.btf = btf_file_;
    session_ = std::make_unique<host::Session>(std::move(options));
  }
  return *session_;
}

host::Status Tracing::describe_kernel_by(const std::string& btf_file) {
  if (btf_file.empty() || btf_file == btf_file_) return host::Status(bytecode::Nothing{});
  if (session_) {
    bytecode::Error error;
    error.kind = bytecode::ErrorKind::argument;
    error.subject = "btf";
    error.message = "the kernel's types are already known from elsewhere";
    error.hint = "give --btf with the first bpf command after Nushell has started";
    return error;
  }
  btf_file_ = btf_file;
  return host::Status(bytecode::Nothing{});
}

host::Result<host::ProbeInfo> Tracing::attach(Attachment attachment) {
  std::string text = attachment.members.front().program->source;
  auto attached = session().attach(std::move(attachment.members), attachment.options);
  if (!attached) return attached;
  const host::ProbeId id = attached->id;
  auto probe = std::make_shared<ProbeLabel>();
  probe->id = id;
  probe->target = attached->target;
  probe->name = attached->name;
  if (attachment.limit) attachment.limit->probes.push_back(id);
  known_[id] = Known{std::move(probe),
                     std::move(attachment.limit),
                     std::move(attachment.note),
                     attached->maps,
                     {{std::move(text), std::move(attachment.source)}}};
  live_[id];
  complete(*attached);
  watch_rings();
  settle();
  return attached;
}

host::Status Tracing::swap(host::ProbeId id,
                           std::vector<std::shared_ptr<const bytecode::Program>> programs,
                           SourceText source) {
  std::string text = programs.front()->source;
  const host::Status swapped = session().swap(id, std::move(programs));
  if (!swapped) return swapped;
  Known& known = known_[id];
  known.sources.push_back({std::move(text), std::move(source)});
  if (const auto info = session().info(id)) known.maps = info->maps;
  return swapped;
}

host::Status Tracing::detach(host::ProbeId id) {
  const auto found = live_.find(id);
  std::optional<host::ProbeInfo> last = session().info(id);
  const host::Status detached = session().detach(id);
  if (!detached || found == live_.end()) return detached;
  drain(rows_at_end);
  if (const auto info = session().info(id)) last = info;
  if (!last) last.emplace();
  tell_about(*last, true);
  broadcast_.tell_dropped(now());
  if (anyone_listens()) tell_counters(id);
  last->lost += broadcast_.totals(id).lost;
  const Live ended = std::move(live_.at(id));
  live_.erase(id);
  if (ended.expiry) ended.expiry->cancel();
  watch_rings();
  finish_streams();
  for (const auto& then : ended.gone) then(*last);
  // The rows just taken may have brought other probes to their limit.
  end_limited();
  settle();
  hooks_.rows_ready();
  return detached;
}

void Tracing::abandon(const std::vector<host::ProbeId>& ids, const std::set<std::string>& kept) {
  if (ids.empty()) return;
  std::set<std::string> maps;
  for (const host::ProbeId id : ids) {
    for (const std::string& map : maps_of(id)) maps.insert(map);
    if (lives(id)) (void)detach(id);
  }
  broadcast_.forget({ids.begin(), ids.end()});
  for (const std::string& map : maps)
    if (!kept.contains(map)) (void)session().map_delete(map);
  settle();
}

void Tracing::detach_after(host::ProbeId id, std::chrono::nanoseconds time) {
  const auto probe = live_.find(id);
  if (probe == live_.end()) return;
  auto timer = std::make_shared<Timer>(io_);
  timer->expires_after(time);
  timer->async_wait([this, id, timer](const boost::system::error_code& cancelled) {
    if (!cancelled && lives(id)) (void)detach(id);
  });
  probe->second.expiry = std::move(timer);
}

void Tracing::when_gone(host::ProbeId id, std::function<void(const host::ProbeInfo&)> then) {
  const auto probe = live_.find(id);
  if (probe != live_.end()) probe->second.gone.push_back(std::move(then));
}

std::vector<host::ProbeId> Tracing::live() const {
  std::vector<host::ProbeId> ids;
  for (const auto& [id, probe] : live_) ids.push_back(id);
  return ids;
}

std::shared_ptr<const ProbeLabel> Tracing::label(host::ProbeId id) const {
  const auto known = known_.find(id);
  return known == known_.end() ? nullptr : known->second.label;
}

std::vector<std::string> Tracing::maps_of(host::ProbeId id) const {
  const auto known = known_.find(id);
  return known == known_.end() ? std::vector<std::string>() : known->second.maps;
}

std::vector<host::ProbeInfo> Tracing::list() {
  if (!started()) return {};
  std::vector<host::ProbeInfo> probes = session().list();
  for (host::ProbeInfo& probe : probes) complete(probe);
  return probes;
}

std::optional<host::ProbeInfo> Tracing::info(host::ProbeId id) {
  std::optional<host::ProbeInfo> info = session().info(id);
  if (info) complete(*info);
  return info;
}

// What the plugin knows of a probe, and its session does not.
void Tracing::complete(host::ProbeInfo& info) const {
  info.lost += broadcast_.totals(info.id).lost;
  const auto known = known_.find(info.id);
  if (known == known_.end() || known->second.note.empty()) return;
  if (!info.note.empty()) info.note += "; ";
  info.note += known->second.note;
}

Tracing::FaultPlace Tracing::place_of(host::ProbeId id, const host::FaultCount& fault) const {
  const auto known = known_.find(id);
  if (known == known_.end()) return {};
  const auto& sources = known->second.sources;
  // A fault of an earlier generation keeps its own span; the newest text that has its words there
  // is the one.
  const auto match = std::find_if(sources.rbegin(), sources.rend(), [&](const auto& source) {
    return fault.span.end <= source.text.size() &&
           source.text.compare(fault.span.start, fault.span.end - fault.span.start, fault.source) ==
               0;
  });
  if (match == sources.rend()) return {};
  const auto [part, span] = match->parts.find(fault.span);
  return {line_column(part->text, span.start), in_text(*part)};
}

bytecode::Record Tracing::describe(host::ProbeId id, const host::FaultCount& fault,
                                   uint64_t count) const {
  const LineColumn at = place_of(id, fault).at;
  bytecode::Record record;
  record.emplace_back("kind", fault.kind);
  record.emplace_back("count", static_cast<int64_t>(count));
  record.emplace_back("line", static_cast<int64_t>(at.line));
  record.emplace_back("column", static_cast<int64_t>(at.column));
  record.emplace_back("source", fault.source);
  return record;
}

void Tracing::watch_rings() {
  const std::vector<int> fds = session().ring_fds();
  std::erase_if(rings_, [&](const auto& ring) {
    return std::find(fds.begin(), fds.end(), ring.first) == fds.end();
  });
  for (const int fd : fds) {
    if (rings_.contains(fd)) continue;
    // Asio closes what it owns, and the session may close its descriptor first: so a duplicate.
    const int own = dup(fd);
    if (own < 0) continue;
    rings_[fd] = std::make_shared<Ring>(Ring{asio::posix::stream_descriptor(io_, own)});
  }
  if (!napping_) arm_rings();
}

void Tracing::arm_rings() {
  for (auto& [fd, ring] : rings_) {
    if (ring->armed) continue;
    ring->armed = true;
    ring->readable.async_wait(
        asio::posix::descriptor_base::wait_read,
        [this, ring = std::weak_ptr<Ring>(ring)](const boost::system::error_code& error) {
          const auto live = ring.lock();
          if (error || !live) return;
          live->armed = false;
          if (!napping_) drain_turn();
        });
  }
}

void Tracing::drain_turn() {
  const size_t rows = drain(rows_per_turn);
  end_limited();
  if (rows > 0) hooks_.rows_ready();
  if (rows <= flood_rows) {
    napping_ = false;
    arm_rings();
    return;
  }
  napping_ = true;
  nap_.expires_after(rows >= rows_per_turn ? std::chrono::milliseconds(0) : nap_time);
  nap_.async_wait([this](const boost::system::error_code& error) {
    if (!error) drain_turn();
  });
}

size_t Tracing::drain(size_t max_rows) {
  return session().drain([this](host::Row&& row) { take(std::move(row)); }, max_rows);
}

void Tracing::take(host::Row&& row) {
  const auto found = known_.find(row.probe);
  if (found == known_.end()) return;
  Known& known = found->second;
  if (known.limit) {
    if (known.limit->left == 0) return;
    if (--known.limit->left == 0)
      limit_reached_.insert(limit_reached_.end(), known.limit->probes.begin(),
                            known.limit->probes.end());
  }
  broadcast_.publish(known.label, std::move(row));
}

void Tracing::end_limited() {
  // Detaching drains, which may end another probe.
  while (!limit_reached_.empty()) {
    const host::ProbeId id = limit_reached_.back();
    limit_reached_.pop_back();
    if (lives(id)) (void)detach(id);
  }
}

bool Tracing::anyone_listens() const {
  const auto& all = broadcast_.subscriptions();
  return std::any_of(all.begin(), all.end(),
                     [](const Subscription* s) { return s->wants_notices() && !s->finished(); });
}

void Tracing::start_notices() {
  broadcast_.tell_dropped(now());
  if (ticking_) return;
  ticking_ = true;
  notice_tick();
}

void Tracing::notice_tick() {
  second_.expires_after(std::chrono::seconds(1));
  second_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    if (!anyone_listens() || live_.empty()) {
      ticking_ = false;
      return;
    }
    for (const host::ProbeInfo& info : session().list()) tell_about(info, false);
    broadcast_.tell_dropped(now());
    tell_counters({});
    hooks_.rows_ready();
    notice_tick();
  });
}

void Tracing::tell_about(const host::ProbeInfo& info, bool last) {
  const auto found = live_.find(info.id);
  if (found == live_.end()) return;
  Live& probe = found->second;
  StreamRow notice;
  notice.probe = label(info.id);
  notice.notice_name = info.name;
  notice.row.time = now();
  if (info.lost > probe.lost_told) {
    notice.notice = "lost";
    notice.row.value = static_cast<int64_t>(info.lost - probe.lost_told);
    probe.lost_told = info.lost;
    broadcast_.notify(notice, {info.id}, last);
  }
  // One row a kind: the place with the most news. The others wait for the next time, but for the
  // last.
  std::map<std::string, std::pair<const host::FaultCount*, uint64_t>> news;
  const auto tell = [&](const host::FaultCount& fault, uint64_t count) {
    bytecode::Record value = describe(info.id, fault, count);
    value.emplace_back("message", fault.sentence + place_of(info.id, fault).in);
    notice.notice = "fault";
    notice.row.value = std::move(value);
    probe.faults_told[{fault.kind, fault.span.start}] = fault.count;
    broadcast_.notify(notice, {info.id}, last);
  };
  for (const host::FaultCount& fault : info.faults) {
    const uint64_t told = probe.faults_told[{fault.kind, fault.span.start}];
    if (fault.count <= told) continue;
    auto& [most, count] = news[fault.kind];
    if (last)
      tell(fault, fault.count - told);
    else if (fault.count - told > count)
      most = &fault, count = fault.count - told;
  }
  for (const auto& [kind, most] : news)
    if (most.first) tell(*most.first, most.second);
}

void Tracing::tell_counters(std::optional<host::ProbeId> ending) {
  const std::vector<std::string> changed = session().changed_maps();
  if (changed.empty()) return;
  for (const host::MapInfo& map : session().maps()) {
    if (std::find(changed.begin(), changed.end(), map.name) == changed.end()) continue;
    if (map.entries > counter_entries_max) continue;
    auto value = session().map_get(map.name);
    if (!value) continue;
    StreamRow notice;
    notice.notice = "counter";
    notice.notice_name = map.name;
    notice.row.time = now();
    notice.row.value = std::move(*value);
    std::set<host::ProbeId> writers(map.probes.begin(), map.probes.end());
    if (ending) {
      const std::vector<std::string> names = maps_of(*ending);
      if (std::find(names.begin(), names.end(), map.name) != names.end()) writers.insert(*ending);
    }
    if (writers.size() == 1) notice.probe = label(*writers.begin());
    broadcast_.notify(notice, writers);
  }
}

void Tracing::finish_streams() {
  for (Subscription* subscription : broadcast_.subscriptions()) {
    const auto& probes = subscription->probes();
    const bool waits = probes.empty() ? !live_.empty()
                                      : std::any_of(probes.begin(), probes.end(),
                                                    [this](host::ProbeId id) { return lives(id); });
    if (!waits) subscription->finish();
  }
}

void Tracing::settle() {
  bool needed = !live_.empty();
  if (!needed && started()) {
    const std::vector<host::MapInfo> maps = session().maps();
    needed = std::any_of(maps.begin(), maps.end(),
                         [](const host::MapInfo& map) { return map.entries > 0; });
  }
  hooks_.keep_alive(needed);
}

}  // namespace plugin
