// SPDX-License-Identifier: MIT
// One request until it is answered: retries with backoff and a deadline, and gives way to Ctrl-C. The transport below
// makes single attempts; the sessions above see one Answer.
#pragma once

#include <chrono>
#include <functional>
#include <future>
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

enum class Call { push, pull, info };

class Exchange {
 public:
  /// `interrupted` is asked between and during attempts; once true, Error(interrupted) is thrown.
  Exchange(Transport& transport, Clock& clock, Random& random, Patience patience, std::function<bool()> interrupted);

  Answer ask(Call call, const std::string& body);

 private:
  Transport& transport_;
  Clock& clock_;
  Random& random_;
  Patience patience_;
  std::function<bool()> interrupted_;
};

}  // namespace tether::replica
