#include "plugin/engine.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <csignal>
#include <exception>

namespace plugin {

namespace {

constexpr size_t read_size = 64 * 1024;
constexpr auto forever = asio::steady_timer::time_point::max();
constexpr const char* own_version = EBPF_PLUGIN_VERSION;

}  // namespace

Engine::Engine(asio::io_context& io, int input, int output, Handlers handlers)
    : io_(io),
      input_(io, input),
      output_(io, output),
      signals_(io, SIGTERM, SIGINT, SIGHUP),
      handlers_(std::move(handlers)) {}

void Engine::start() {
  std::signal(SIGPIPE, SIG_IGN);
  signals_.async_wait([this](const boost::system::error_code& error, int) {
    if (!error) stop();
  });
  out_ += encoding_mark;
  flush();
  read();
}

void Engine::stop() {
  stopping_ = true;
  io_.stop();
}

void Engine::read() {
  input_.async_read_some(asio::buffer(decoder_.room(read_size), read_size),
                         [this](const boost::system::error_code& error, size_t size) {
                           // Nushell ends without a word: the end of input is the usual goodbye.
                           if (error) return stop();
                           try {
                             decoder_.filled(size);
                             while (std::optional<Node> message = decoder_.next()) take(*message);
                           } catch (const std::exception&) {
                             return stop();
                           }
                           pump();
                           flush();
                           if (!stopping_) read();
                         });
}

void Engine::flush() {
  if (write_pending_ || out_.empty()) return;
  write_pending_ = true;
  writing_.swap(out_);
  asio::async_write(output_, asio::buffer(writing_),
                    [this](const boost::system::error_code& error, size_t) {
                      write_pending_ = false;
                      writing_.clear();
                      if (error || (stopping_ && out_.empty())) return stop();
                      flush();
                    });
}

void Engine::take(const Node& message) {
  Input input = parse_input(message);
  std::visit([this](auto& m) { handle(m); }, input);
}

void Engine::handle(const Hello& hello) {
  nushell_ = parse_version(hello.version);
  // Nushell wants a plugin of its own version; this one speaks the protocol of each, so it says
  // what it was told.
  write_hello(out_, hello.version);
}

void Engine::handle(const MetadataCall& call) {
  Node::Map metadata;
  metadata.emplace_back("version", own_version);
  write_response(out_, call.id, tag("Metadata", std::move(metadata)));
}

void Engine::handle(const SignatureCall& call) {
  write_response(out_, call.id, tag("Signature", handlers_.signatures()));
}

void Engine::handle(RunCall& run) {
  expect(run.input);
  auto call = std::make_shared<Call>(*this, std::move(run));
  calls_[call->id()] = call;
  asio::co_spawn(io_, serve(call), asio::detached);
}

void Engine::handle(const CompletionCall& call) {
  asio::co_spawn(io_, serve_completion(call), asio::detached);
}

void Engine::handle(const OtherCall& call) {
  LabeledError error;
  error.message = "this plugin does not answer " + call.kind;
  write_error(out_, call.id, error);
}

void Engine::handle(EngineResponse& response) {
  const auto waiting = questions_.find(response.id);
  if (waiting == questions_.end()) return;
  if (const Node* data = response.response.find("PipelineData")) expect(parse_header(*data));
  waiting->second->response = std::move(response.response);
  waiting->second->answered.cancel();
  questions_.erase(waiting);
}

void Engine::handle(Interrupt) {
  // Nushell waits for each of these to end, and says so only once.
  for (auto& [id, stream] : outgoing_) end(id, stream);
  for (auto& [id, call] : calls_) call->interrupt();
  for (auto it = incoming_.begin(); it != incoming_.end();) {
    const StreamId id = it->first;
    const auto wake = it->second.wake;
    ++it;
    discard(id);
    if (wake) wake->cancel();
  }
  // Streams with nothing on the way close now, the others when Nushell has dropped them.
  std::erase_if(outgoing_, [](auto& entry) {
    if (entry.second.in_flight > 0) return false;
    entry.second.source->closed();
    return true;
  });
}

void Engine::handle(Goodbye) {
  for (auto& [id, stream] : outgoing_) end(id, stream);
  stopping_ = true;
  if (!write_pending_ && out_.empty()) stop();
}

void Engine::handle(StreamData& data) {
  const auto stream = incoming_.find(data.id);
  if (stream == incoming_.end() || stream->second.unwanted) return;
  if (!data.error.is_nil())
    stream->second.error = std::move(data.error);
  else
    stream->second.items.push_back(std::move(data.item));
  if (stream->second.wake) stream->second.wake->cancel();
}

void Engine::handle(const StreamEnd& end) {
  const auto stream = incoming_.find(end.id);
  if (stream == incoming_.end()) return;
  stream->second.ended = true;
  if (stream->second.wake) stream->second.wake->cancel();
  if (stream->second.unwanted) incoming_.erase(stream);
}

void Engine::handle(const StreamAck& ack) {
  const auto found = outgoing_.find(ack.id);
  if (found == outgoing_.end() || found->second.in_flight == 0) return;
  Outgoing& stream = found->second;
  --stream.in_flight;
  stream.source->acknowledged();
  if (stream.ended && stream.in_flight == 0) {
    stream.source->closed();
    outgoing_.erase(found);
  }
}

void Engine::handle(const StreamDrop& drop) {
  const auto found = outgoing_.find(drop.id);
  if (found == outgoing_.end()) return;
  end(drop.id, found->second);
  const std::shared_ptr<ItemSource> source = found->second.source;
  outgoing_.erase(found);
  source->closed();
  handlers_.settled();
}

void Engine::pump() {
  for (auto it = outgoing_.begin(); it != outgoing_.end();) {
    pump(it->first, it->second);
    if (it->second.ended && it->second.in_flight == 0) {
      const std::shared_ptr<ItemSource> source = it->second.source;
      it = outgoing_.erase(it);
      source->closed();
    } else {
      ++it;
    }
  }
  flush();
}

void Engine::schedule_pump() {
  if (pump_scheduled_) return;
  pump_scheduled_ = true;
  asio::post(io_, [this] {
    pump_scheduled_ = false;
    pump();
  });
}

void Engine::pump(StreamId id, Outgoing& stream) {
  if (stream.ended) return;
  Writer writer(out_, nushell_);
  while (stream.in_flight < stream_window && stream.source->ready()) {
    write_item_head(out_, id);
    stream.source->write_next(writer);
    ++stream.in_flight;
  }
  if (!stream.source->ready() && stream.source->finished()) end(id, stream);
}

void Engine::end(StreamId id, Outgoing& stream) {
  if (stream.ended) return;
  stream.ended = stream.source->over = true;
  write_end(out_, id);
}

void Engine::set_gc_disabled(bool disabled) {
  if (disabled == gc_disabled_) return;
  gc_disabled_ = disabled;
  write_gc_disabled(out_, disabled);
  flush();
}

// Messages of a stream follow its header at once, so it is expected before any handler sees it.
void Engine::expect(const PipelineHeader& header) {
  if (header.kind == PipelineHeader::Kind::list_stream ||
      header.kind == PipelineHeader::Kind::byte_stream)
    incoming_[header.stream] = Incoming{};
}

void Engine::discard(StreamId id) {
  const auto stream = incoming_.find(id);
  if (stream == incoming_.end() || stream->second.unwanted) return;
  write_drop(out_, id);
  if (stream->second.ended) {
    incoming_.erase(stream);
  } else {
    stream->second.unwanted = true;
    stream->second.items.clear();
  }
}

Task<std::vector<Node>> Engine::collect(StreamId id, size_t most) {
  std::vector<Node> items;
  auto wake = std::make_shared<asio::steady_timer>(io_);
  for (;;) {
    const auto found = incoming_.find(id);
    if (found == incoming_.end() || found->second.unwanted) co_return items;
    Incoming& stream = found->second;
    while (!stream.items.empty() && items.size() < most) {
      items.push_back(std::move(stream.items.front()));
      stream.items.pop_front();
      write_ack(out_, id);
    }
    flush();
    if (stream.ended || items.size() >= most) break;
    stream.wake = wake;
    wake->expires_at(forever);
    boost::system::error_code cancelled;
    co_await wake->async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
  discard(id);
  flush();
  co_return items;
}

Task<std::optional<Node>> Engine::ask_raw(CallId context, Node question) {
  const uint64_t id = next_question_++;
  auto waiting = std::make_shared<Question>(io_);
  waiting->answered.expires_at(forever);
  questions_[id] = waiting;
  write_engine_call(out_, context, id, std::move(question));
  flush();
  boost::system::error_code cancelled;
  while (!waiting->response)
    co_await waiting->answered.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  co_return std::move(waiting->response);
}

Task<std::optional<Node>> Engine::ask(CallId context, Node question) {
  std::optional<Node> response = co_await ask_raw(context, std::move(question));
  if (const Node* ir = response->find("IrBlock")) co_return *ir;
  const Node* data = response->find("PipelineData");
  if (!data) co_return std::nullopt;
  const PipelineHeader header = parse_header(*data);
  switch (header.kind) {
    case PipelineHeader::Kind::empty:
      co_return std::nullopt;
    case PipelineHeader::Kind::value:
      co_return header.value;
    case PipelineHeader::Kind::list_stream:
    case PipelineHeader::Kind::byte_stream:
      break;
  }
  // Nothing that this plugin asks for is answered by a stream; it must be read all the same.
  discard(header.stream);
  flush();
  co_return std::nullopt;
}

Task<std::optional<Node>> Engine::next(StreamId id, std::optional<Node>& error) {
  auto wake = std::make_shared<asio::steady_timer>(io_);
  for (;;) {
    const auto found = incoming_.find(id);
    if (found == incoming_.end() || found->second.unwanted) co_return std::nullopt;
    Incoming& stream = found->second;
    if (!stream.items.empty()) {
      Node item = std::move(stream.items.front());
      stream.items.pop_front();
      write_ack(out_, id);
      flush();
      co_return item;
    }
    if (stream.ended) {
      error = std::move(stream.error);
      discard(id);
      flush();
      co_return std::nullopt;
    }
    stream.wake = wake;
    wake->expires_at(forever);
    boost::system::error_code cancelled;
    co_await wake->async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
}

Task<Evaluation> Engine::evaluate(CallId context, Node question, BytesSink bytes) {
  const std::optional<Node> response = co_await ask_raw(context, std::move(question));
  Evaluation result;
  if (const Node* error = response->find("Error")) {
    result.error = *error;
    co_return result;
  }
  const Node* data = response->find("PipelineData");
  if (!data) co_return result;
  const PipelineHeader header = parse_header(*data);
  switch (header.kind) {
    case PipelineHeader::Kind::empty:
      break;
    case PipelineHeader::Kind::value:
      result.values.push_back(header.value);
      break;
    case PipelineHeader::Kind::list_stream:
      result.values = co_await collect(header.stream, SIZE_MAX);
      result.list = true;
      break;
    case PipelineHeader::Kind::byte_stream:
      while (std::optional<Node> chunk = co_await next(header.stream, result.error))
        co_await bytes(std::move(*chunk));
      break;
  }
  co_return result;
}

Task<std::optional<uint64_t>> Engine::ask_identifier(CallId context, Node question) {
  const std::optional<Node> response = co_await ask_raw(context, std::move(question));
  const Node* identifier = response->find("Identifier");
  if (!identifier) co_return std::nullopt;
  co_return static_cast<uint64_t>(identifier->as_int());
}

Task<void> Engine::serve(std::shared_ptr<Call> call) {
  Answer result;
  try {
    result = co_await handlers_.run(call);
  } catch (const std::exception& error) {
    result = error_at(call->head(), std::string("internal error: ") + error.what(), "in this call",
                      "", "bpf::internal");
  }
  const PipelineHeader& input = call->run().input;
  if (input.kind == PipelineHeader::Kind::list_stream ||
      input.kind == PipelineHeader::Kind::byte_stream)
    discard(input.stream);
  handlers_.settled();
  answer(*call, std::move(result));
  calls_.erase(call->id());
  pump();
}

// Unanswered, Nushell would hang at the TAB key.
Task<void> Engine::serve_completion(CompletionCall completion) {
  const CallId id = completion.id;
  RunCall run;
  run.id = id;
  run.name = completion.name;
  auto call = std::make_shared<Call>(*this, std::move(run));
  calls_[id] = call;
  Node items;
  try {
    items = co_await handlers_.complete(call, std::move(completion));
  } catch (const std::exception&) {
    items = Node();
  }
  write_response(out_, id, tag("CompletionItems", std::move(items)));
  calls_.erase(id);
  flush();
}

void Engine::answer(const Call& call, Answer answer) {
  if (const auto* value = std::get_if<bytecode::Value>(&answer)) {
    write_value(out_, call.id(), value_node(*value, call.head(), nushell_));
  } else if (const auto* error = std::get_if<LabeledError>(&answer)) {
    write_error(out_, call.id(), *error);
  } else if (const auto* stream = std::get_if<StreamAnswer>(&answer)) {
    const StreamId id = next_stream_++;
    write_list_stream(out_, call.id(), id, call.head());
    Outgoing& outgoing = outgoing_[id];
    outgoing.source = stream->source;
    if (call.interrupted()) end(id, outgoing);
    if (stream->opened) stream->opened();
  } else {
    write_empty(out_, call.id());
  }
}

}  // namespace plugin
