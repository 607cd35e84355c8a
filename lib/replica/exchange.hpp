// SPDX-License-Identifier: MIT
// One request until it is answered: retries with backoff and a deadline, and gives way to Ctrl-C. The transport below
// makes single attempts; the sessions above see one Answer.
#pragma once

#include <chrono>
#include <functional>
#include <string>

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
  /// `interrupted` is asked between and during attempts; once true, Error(interrupted) is thrown. Where it is empty,
  /// calls are made in the caller's own thread, so that simulations are exact.
  Exchange(Transport& transport, Clock& clock, Random& random, Patience patience, std::function<bool()> interrupted);

  /// Asks until there is an answer that another attempt would not improve, or the deadline is too near for one.
  Answer ask(Call call, const std::string& body);

  /// The same with a text that each attempt makes anew, since it tells the time at which it is sent, and with work for
  /// this thread: `meanwhile` runs exactly once, before this returns or throws, while the request is on the wire (just
  /// before it is sent where `interrupted` is empty). What it throws is thrown, once the call is over.
  Answer ask(Call call, const std::function<std::string()>& body, const std::function<void()>& meanwhile);

  /// Lets time pass; gives way to Ctrl-C like a request.
  void pause(std::chrono::microseconds duration);

 private:
  Answer attempt(Call call, const std::string& body, const std::function<void()>& meanwhile);
  Answer call_transport(Call call, const std::string& body);
  void stop_if_interrupted();

  Transport& transport_;
  Clock& clock_;
  Random& random_;
  Patience patience_;
  std::function<bool()> interrupted_;
};

}  // namespace tether::replica
