// SPDX-License-Identifier: MIT
// The judge that asks programs (service/MODELS.md, "Programs that decide"): as many questions of a batch at once as its
// processes allow. Whatever a program does, the verdict comes within its time limit and concerns its own question.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "authority/judge.hpp"
#include "service/program.hpp"

namespace tether::service {

/// What programs get of `environment` (as in `environ`): all but the service's own settings, among which are tokens,
/// keys and the store's password, and what libpq reads of the latter.
std::vector<std::string> environment_for_programs(const char* const* environment);

class ProgramPool final : public authority::Judge {
 public:
  /// `log` and `random` outlive the pool and may be used from any thread. From here on SIGPIPE is ignored, and SIGCHLD
  /// is not: the one would end the service with a program, the other would hide how a program ended.
  ProgramPool(Log& log, Random& random, std::vector<std::string> environment, const ProgramBounds& bounds);
  /// Breaks off what is asked, and waits until every program has ended or was killed.
  ~ProgramPool() override;

  std::vector<rules::Verdict> decide(std::span<const authority::Case> cases) override;

  /// For SIGHUP: programs may have been replaced, so that processes that run now are asked no more.
  void start_anew();

 private:
  class Asking;
  struct Strand;
  using Strands = std::map<Program*, Strand>;

  Strands strands_of(std::span<const authority::Case> cases);
  void keep();
  bool tend();

  const Descriptor stop_;  // readable once the service stops
  const Program::Surroundings surroundings_;
  std::atomic<std::int64_t> next_id_{1};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Program::Arguments, Program> programs_;  // by arguments; none is ever taken out
  std::size_t asking_ = 0;                          // batches under way
  bool ending_ = false;
  std::thread keeper_;
};

}  // namespace tether::service
