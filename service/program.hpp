// SPDX-License-Identifier: MIT
// One command of a models file and the processes that run it: a few, started when they are first needed, kept between
// questions, replaced when they fail. A process that failed is killed with its group before anything else happens, so
// that no answer of one question is taken for that of another. Safe from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "rules/verdict.hpp"
#include "service/child_process.hpp"
#include "service/program_log.hpp"
#include "service/restarts.hpp"

namespace tether::service {

struct ProgramBounds {
  std::size_t processes = 2;                     // of each command at once
  std::chrono::milliseconds start_time{5'000};   // so much longer may the first answer of a process take
  std::chrono::milliseconds batch_time{20'000};  // after it, nothing more of a batch is asked
  std::chrono::milliseconds idle_time{60'000};   // then a process that nobody asks is ended
  std::chrono::milliseconds end_time{2'000};     // from SIGTERM to SIGKILL
  std::size_t answer_bytes_max = 10'000'000;
  rules::Backoff restart{.first = std::chrono::milliseconds(200), .most = std::chrono::seconds(30)};
};

class Program {
 public:
  using TimePoint = ChildProcess::TimePoint;
  using Arguments = std::vector<std::string>;

  struct Surroundings {
    Log& log;
    Random& random;  // from any thread
    const std::vector<std::string> environment;
    const ProgramBounds bounds;
    const int stop;  // a descriptor, readable from the moment when the service stops
  };
  /// At least one argument, the program. `surroundings` outlives it.
  Program(Arguments arguments, const Surroundings& surroundings);
  ~Program();

  /// The verdict of a process that is free, or becomes free before `give_up`, given within `time_limit`. NoAnswer says
  /// what went wrong.
  rules::Verdict ask(std::int64_t id, const rules::Question& question, std::chrono::milliseconds time_limit,
                     TimePoint give_up);

  /// What goes on while nobody asks: reads stderr, notices who died, ends the idle, kills those who do not end, and
  /// leaves no zombie. To be called again and again.
  void tend(TimePoint now);
  /// Processes that run now are asked no more, once they have answered.
  void start_anew();
  /// All processes are told to end and no other is started.
  void stop();
  /// Whether no process is left.
  bool is_at_rest();

 private:
  struct Process;
  using Owned = std::unique_ptr<Process>;

  Owned borrow(TimePoint give_up);
  Owned take_idle();
  bool may_start(TimePoint now) const;
  Owned start(int generation);
  std::string hear(Process& process, std::int64_t id, const rules::Question& question,
                   std::chrono::milliseconds time_limit);
  void give_back(Owned process);
  void give_up(Owned process, const std::string& fault);
  void note_failure(const std::string& fault);
  void let_go(Owned process, TimePoint kill_at);
  void forget_gone(TimePoint now);

  const Arguments arguments_;
  const Surroundings& surroundings_;
  std::mutex mutex_;
  std::condition_variable returned_;
  Restarts restarts_;
  std::string last_fault_;
  std::vector<Owned> idle_;     // the one asked last at the end
  std::vector<Owned> leaving_;  // told to end, or killed, and perhaps not gone yet
  std::size_t running_ = 0;     // idle, asked, or being started
  int generation_ = 0;
  bool stopping_ = false;
};

}  // namespace tether::service
