// SPDX-License-Identifier: MIT
#include "service/program_pool.hpp"

#include <signal.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>

namespace tether::service {

namespace {

using authority::Case;
using rules::Verdict;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds k_tend_every{250};
constexpr milliseconds k_tend_at_end_every{5};
constexpr milliseconds k_wait_for_killed{1'000};  // at the end

// libpq's: where the store's password may come from.
constexpr std::array<std::string_view, 3> k_hidden = {"PGPASSWORD=", "PGPASSFILE=", "PGSERVICEFILE="};

bool is_for_programs(std::string_view variable) {
  return !variable.starts_with("TETHER_") &&
         std::ranges::none_of(k_hidden, [&](std::string_view hidden) { return variable.starts_with(hidden); });
}

}  // namespace

/// A batch that is under way.
class ProgramPool::Asking {
 public:
  explicit Asking(ProgramPool& pool) : pool_(pool) {
    const std::lock_guard lock(pool_.mutex_);
    ++pool_.asking_;
  }
  ~Asking() {
    const std::lock_guard lock(pool_.mutex_);
    --pool_.asking_;
    pool_.changed_.notify_all();
  }
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;

 private:
  ProgramPool& pool_;
};

/// The cases of a batch that concern one program: several threads take one after the other.
struct ProgramPool::Strand {
  std::vector<std::size_t> places;
  std::atomic<std::size_t> next{0};
};

std::vector<std::string> environment_for_programs(const char* const* environment) {
  std::vector<std::string> kept;
  for (; *environment != nullptr; ++environment) {
    if (is_for_programs(*environment)) kept.emplace_back(*environment);
  }
  return kept;
}

ProgramPool::ProgramPool(Log& log, Random& random, std::vector<std::string> environment, const ProgramBounds& bounds)
    : stop_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      surroundings_{log, random, std::move(environment), bounds, stop_.number()} {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGCHLD, SIG_DFL);
  keeper_ = std::thread([this] { keep(); });
}

ProgramPool::~ProgramPool() {
  {
    std::unique_lock lock(mutex_);
    ending_ = true;
    for (auto& [arguments, program] : programs_) program.stop();
    ::eventfd_write(stop_.number(), 1);
    changed_.notify_all();
    changed_.wait(lock, [this] { return asking_ == 0; });
  }
  keeper_.join();
  const auto deadline = steady_clock::now() + surroundings_.bounds.end_time + k_wait_for_killed;
  while (tend() && steady_clock::now() < deadline) std::this_thread::sleep_for(k_tend_at_end_every);
}

std::vector<Verdict> ProgramPool::decide(std::span<const Case> cases) {
  const Asking asking(*this);
  std::vector<Verdict> verdicts(cases.size(), rules::NoAnswer{"not asked"});
  const auto give_up_at = steady_clock::now() + surroundings_.bounds.batch_time;
  Strands strands = strands_of(cases);
  const auto work = [&](Program& program, Strand& strand) {
    for (std::size_t i = strand.next++; i < strand.places.size(); i = strand.next++) {
      const std::size_t place = strand.places[i];
      const milliseconds time_limit(cases[place].command.time_limit_ms);
      verdicts[place] = program.ask(next_id_++, cases[place].question, time_limit, give_up_at);
    }
  };
  std::vector<std::jthread> helpers;
  std::size_t hands = 1;  // this thread's, which takes part: a single question needs no other
  try {
    for (auto& [program, strand] : strands) {
      for (const auto wanted = std::min(strand.places.size(), surroundings_.bounds.processes); hands < wanted;
           ++hands) {
        helpers.emplace_back([&work, at = program, of = &strand] { work(*at, *of); });
      }
      hands = 0;
    }
  } catch (const std::system_error&) {
    // No more threads: those that there are do it all.
  }
  for (auto& [program, strand] : strands) work(*program, strand);
  helpers.clear();  // waits for them
  return verdicts;
}

ProgramPool::Strands ProgramPool::strands_of(std::span<const Case> cases) {
  const std::lock_guard lock(mutex_);
  Strands strands;
  for (std::size_t place = 0; place < cases.size(); ++place) {
    const Program::Arguments& arguments = cases[place].command.arguments;
    Program& program = programs_.try_emplace(arguments, arguments, surroundings_).first->second;
    if (ending_) program.stop();
    strands[&program].places.push_back(place);
  }
  changed_.notify_all();
  return strands;
}

void ProgramPool::start_anew() {
  const std::lock_guard lock(mutex_);
  for (auto& [arguments, program] : programs_) program.start_anew();
}

void ProgramPool::keep() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return ending_ || !programs_.empty(); });
  while (!changed_.wait_for(lock, k_tend_every, [this] { return ending_; })) {
    for (auto& [arguments, program] : programs_) program.tend(steady_clock::now());
  }
}

/// Whether there are processes left.
bool ProgramPool::tend() {
  const std::lock_guard lock(mutex_);
  bool some_are_left = false;
  for (auto& [arguments, program] : programs_) {
    program.tend(steady_clock::now());
    some_are_left = !program.is_at_rest() || some_are_left;
  }
  return some_are_left;
}

}  // namespace tether::service
