// SPDX-License-Identifier: MIT
// Requests until they are answered: retries with backoff and a deadline, and gives way to Ctrl-C. The transports below
// make single attempts, each one at a time; the sessions above see one Answer. Several requests may be under way at
// once, each on a transport of its own; what each of them needs beyond its first attempt is done when it is waited for.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "replica/transport.hpp"
#include "rules/backoff.hpp"

namespace tether::replica {

struct Patience {
  std::chrono::milliseconds deadline{10'000};  // for all attempts at one request; 0: a single attempt
  rules::Backoff backoff;
};

enum class Call { push, pull, preview, info };

class Exchange {
 public:
  /// Gives a way to the server that no request uses; it outlives the exchange. Asked for the first one at once, and for
  /// others when more requests are under way than ever before.
  using OpenTransport = std::function<Transport&()>;

  /// `interrupted` is asked between and during attempts; once true, Error(interrupted) is thrown. Where it is empty,
  /// calls are made in the caller's own thread, so that simulations are exact: when they are waited for, or, of several
  /// under way, when another begins, as chance has it, so that any of them may arrive first.
  Exchange(OpenTransport open, Clock& clock, Random& random, Patience patience, std::function<bool()> interrupted);

  /// A request under way. One that is given up is cancelled: nothing goes on behind its back.
  class Request;

  using Body = std::function<std::string()>;

  /// Puts a request on the wire, unless interrupted: finish() tells. Each attempt makes its text anew, since it says
  /// when it is sent. The request ends before the exchange does.
  std::unique_ptr<Request> begin(Call call, Body body);

  /// Waits until there is an answer that another attempt would not improve, or the deadline is too near for one. The
  /// time to the deadline begins to run here. Asked once per request.
  Answer finish(Request& request);

  /// Both at once.
  Answer ask(Call call, Body body);
  Answer ask(Call call, const std::string& body);

  /// Begins `work` beside the caller, in a thread of its own; where calls are made in the caller's thread, so is the
  /// work, when it is waited for. What it throws, get() throws; what it uses outlives the future.
  template <class Work>
  auto beside(Work work) const {
    return std::async(interrupted_ ? std::launch::async : std::launch::deferred, std::move(work));
  }

  /// Lets time pass; gives way to Ctrl-C like a request.
  void pause(std::chrono::microseconds duration);

 private:
  struct Line {
    Transport* transport;
    Request* request = nullptr;  // the one that it carries
    bool cancelled = false;
  };
  Line& free_line();
  void let_some_arrive();
  void attempt(Request& request);
  Answer answer_to(Request& request);
  void stop_if_interrupted();

  OpenTransport open_;
  std::deque<Line> lines_;
  Clock& clock_;
  Random& random_;
  Patience patience_;
  std::function<bool()> interrupted_;
};

class Exchange::Request {
 public:
  ~Request();
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  /// Whether the first attempt was not enough: the server is busy, or the way to it is slow.
  bool was_repeated() const { return attempts_ > 1; }

 private:
  friend class Exchange;
  Request(Line& line, Call call, Body body);

  Line& line_;
  Call call_;
  Body body_;
  std::future<Answer> attempt_;  // the one under way; none when it was interrupted before the first
  int attempts_ = 0;
};

}  // namespace tether::replica
