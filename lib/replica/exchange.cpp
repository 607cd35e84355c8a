// SPDX-License-Identifier: MIT
#include "replica/exchange.hpp"

#include <algorithm>
#include <future>
#include <utility>

#include "base/error.hpp"

namespace tether::replica {
namespace {

// How long Ctrl-C may go unnoticed: short for a person, long for a processor.
constexpr std::chrono::milliseconds k_interrupt_poll{50};

[[noreturn]] void throw_interrupted() {
  throw Error(ErrorCode::interrupted, "interrupted while waiting for the server",
              "Everything committed so far stays; run the command again to go on.");
}

/// The answer to give up with, saying why where the server named a time that is too far away.
Answer given_up(Unreachable unreachable) {
  if (unreachable.retry_after) {
    unreachable.reason += "; the server asks to come back in " + human_duration(*unreachable.retry_after);
  }
  return unreachable;
}

Answer call_transport(Transport& transport, Call call, const std::string& body) {
  switch (call) {
    case Call::push:
      return transport.push(body);
    case Call::pull:
      return transport.pull(body);
    case Call::preview:
      return transport.preview(body);
    case Call::info:
      return transport.info();
  }
  throw Error(ErrorCode::internal, "unknown kind of call to the server");
}

}  // namespace

Exchange::Request::Request(Line& line, Call call, Body body) : line_(line), call_(call), body_(std::move(body)) {
  line_.request = this;
}

Exchange::Request::~Request() {
  line_.request = nullptr;
  if (!attempt_.valid() || attempt_.wait_for(std::chrono::seconds(0)) != std::future_status::timeout) return;
  // A cancel that comes a moment too late holds for the transport's next call: there is none.
  line_.cancelled = true;
  line_.transport->cancel();
  attempt_.wait();
}

Exchange::Exchange(OpenTransport open, Clock& clock, Random& random, Patience patience,
                   std::function<bool()> interrupted)
    : open_(std::move(open)),
      clock_(clock),
      random_(random),
      patience_(patience),
      interrupted_(std::move(interrupted)) {
  lines_.push_back({.transport = &open_()});
}

std::unique_ptr<Exchange::Request> Exchange::begin(Call call, Body body) {
  std::unique_ptr<Request> request(new Request(free_line(), call, std::move(body)));
  if (interrupted_ && interrupted_()) return request;
  attempt(*request);
  if (!interrupted_) let_some_arrive();
  return request;
}

Answer Exchange::finish(Request& request) {
  const Instant started = clock_.now();
  std::chrono::microseconds slept{0};
  if (!request.attempt_.valid()) throw_interrupted();
  Answer answer = answer_to(request);
  for (unsigned retry = 1;; ++retry) {
    auto* unreachable = std::get_if<Unreachable>(&answer);
    if (unreachable == nullptr || !unreachable->worth_retrying) return answer;
    stop_if_interrupted();
    const std::chrono::microseconds wait = patience_.backoff.wait(retry, unreachable->retry_after, random_);
    // The wall clock may go back: what was slept counts in any case.
    const std::chrono::microseconds elapsed = std::max(clock_.now() - started, slept);
    if (elapsed + wait >= patience_.deadline) return given_up(std::move(*unreachable));
    pause(wait);
    slept += wait;
    attempt(request);
    answer = answer_to(request);
  }
}

Answer Exchange::ask(Call call, Body body) {
  const auto request = begin(call, std::move(body));
  return finish(*request);
}

Answer Exchange::ask(Call call, const std::string& body) {
  return ask(call, [&] { return body; });
}

Exchange::Line& Exchange::free_line() {
  const auto is_free = [](const Line& line) { return line.request == nullptr && !line.cancelled; };
  const auto found = std::ranges::find_if(lines_, is_free);
  return found != lines_.end() ? *found : lines_.emplace_back(Line{.transport = &open_()});
}

/// Of several requests made in this thread; a single one is made when it is waited for.
void Exchange::let_some_arrive() {
  const auto is_under_way = [](const Line& line) { return line.request != nullptr && line.request->attempt_.valid(); };
  if (std::ranges::count_if(lines_, is_under_way) < 2) return;
  for (const Line& line : lines_) {
    if (is_under_way(line) && random_.below(2) == 0) line.request->attempt_.wait();
  }
}

void Exchange::attempt(Request& request) {
  ++request.attempts_;
  const auto where = interrupted_ ? std::launch::async : std::launch::deferred;
  request.attempt_ = std::async(where, [&request, body = request.body_()] {
    return call_transport(*request.line_.transport, request.call_, body);
  });
}

Answer Exchange::answer_to(Request& request) {
  while (request.attempt_.wait_for(k_interrupt_poll) == std::future_status::timeout) stop_if_interrupted();
  return request.attempt_.get();
}

void Exchange::pause(std::chrono::microseconds duration) {
  while (duration.count() > 0) {
    stop_if_interrupted();
    const auto slice = std::min<std::chrono::microseconds>(duration, k_interrupt_poll);
    clock_.sleep_for(slice);
    duration -= slice;
  }
  stop_if_interrupted();
}

void Exchange::stop_if_interrupted() {
  if (interrupted_ && interrupted_()) throw_interrupted();
}

}  // namespace tether::replica
