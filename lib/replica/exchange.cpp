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

void nothing() {}

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

}  // namespace

Exchange::Exchange(Transport& transport, Clock& clock, Random& random, Patience patience,
                   std::function<bool()> interrupted)
    : transport_(transport),
      clock_(clock),
      random_(random),
      patience_(patience),
      interrupted_(std::move(interrupted)) {}

Answer Exchange::ask(Call call, const std::string& body) {
  return ask(
      call, [&] { return body; }, nothing);
}

Answer Exchange::ask(Call call, const std::function<std::string()>& body, const std::function<void()>& meanwhile) {
  const Instant started = clock_.now();
  std::chrono::microseconds slept{0};
  Answer answer = attempt(call, body(), meanwhile);
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
    answer = attempt(call, body(), nothing);
  }
}

Answer Exchange::attempt(Call call, const std::string& body, const std::function<void()>& meanwhile) {
  if (!interrupted_) {
    meanwhile();
    return call_transport(call, body);
  }
  if (interrupted_()) {
    meanwhile();
    throw_interrupted();
  }
  std::future<Answer> answer = std::async(std::launch::async, [&] { return call_transport(call, body); });
  try {
    meanwhile();
    while (answer.wait_for(k_interrupt_poll) != std::future_status::ready) stop_if_interrupted();
  } catch (...) {
    transport_.cancel();
    answer.wait();
    throw;
  }
  return answer.get();
}

Answer Exchange::call_transport(Call call, const std::string& body) {
  switch (call) {
    case Call::push:
      return transport_.push(body);
    case Call::pull:
      return transport_.pull(body);
    case Call::preview:
      return transport_.preview(body);
    case Call::info:
      return transport_.info();
  }
  throw Error(ErrorCode::internal, "unknown kind of call to the server");
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
