// SPDX-License-Identifier: MIT
#include "service/program.hpp"

#include <utility>

#include "base/error.hpp"
#include "service/verdict_text.hpp"

namespace tether::service {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Processes that were killed and are not gone yet: more of them, held up in the kernel, and none is started.
constexpr std::size_t k_leaving_max = 16;

constexpr Program::TimePoint k_at_once = Program::TimePoint::min();

}  // namespace

struct Program::Process {
  Process(const Arguments& arguments, const Surroundings& surroundings, int generation_now)
      : log(surroundings.log, arguments.at(0)),
        child(arguments, surroundings.environment,
              [this](std::string_view bytes) { log.add(bytes, steady_clock::now()); }),
        generation(generation_now) {
    log.set_pid(child.pid());
    log.note(LogLevel::info, "program started");
  }

  ProgramLog log;
  ChildProcess child;
  const int generation;
  bool has_answered = false;
  TimePoint since{};  // idle, or to be killed
};

Program::Program(Arguments arguments, const Surroundings& surroundings)
    : arguments_(std::move(arguments)),
      surroundings_(surroundings),
      restarts_(surroundings.bounds.restart, surroundings.random) {
  TETHER_ASSERT(!arguments_.empty());
}

Program::~Program() = default;

rules::Verdict Program::ask(std::int64_t id, const rules::Question& question, milliseconds time_limit,
                            TimePoint give_up_at) {
  Owned process;
  try {
    process = borrow(give_up_at);
    rules::Verdict verdict = read_verdict(hear(*process, id, question, time_limit), id);
    give_back(std::move(process));
    return verdict;
  } catch (const std::exception& fault) {
    if (process) give_up(std::move(process), fault.what());
    return rules::NoAnswer{arguments_.at(0) + ": " + fault.what()};
  }
}

std::string Program::hear(Process& process, std::int64_t id, const rules::Question& question, milliseconds time_limit) {
  const ProgramBounds& bounds = surroundings_.bounds;
  if (!process.has_answered) time_limit += bounds.start_time;
  const auto deadline = steady_clock::now() + time_limit;
  return process.child.ask(question_line(id, question), deadline, bounds.answer_bytes_max, surroundings_.stop);
}

/// Throws Error(busy or unreachable) when there is none to be had.
Program::Owned Program::borrow(TimePoint give_up_at) {
  std::unique_lock lock(mutex_);
  for (;;) {
    const TimePoint now = steady_clock::now();
    if (stopping_) throw Error(ErrorCode::unreachable, "the service stops");
    if (now >= give_up_at) throw Error(ErrorCode::busy, "no process was free in the time for a batch");
    if (Owned process = take_idle()) return process;
    if (may_start(now)) break;
    if (running_ == 0 && restarts_.next() > now) {
      throw Error(ErrorCode::unreachable, "not started again yet; the last time: " + last_fault_);
    }
    returned_.wait_until(lock, give_up_at);  // tend() wakes it when what it waits for is a moment
  }
  ++running_;
  const int generation = generation_;
  lock.unlock();
  return start(generation);
}

/// Null when none is fit to be asked.
Program::Owned Program::take_idle() {
  while (!idle_.empty()) {
    Owned process = std::move(idle_.back());
    idle_.pop_back();
    if (process->child.is_ready()) return process;
    process->log.note(LogLevel::warning, "program ended or spoke unasked");
    let_go(std::move(process), k_at_once);
  }
  return nullptr;
}

bool Program::may_start(TimePoint now) const {
  return running_ < surroundings_.bounds.processes && leaving_.size() < k_leaving_max && now >= restarts_.next();
}

Program::Owned Program::start(int generation) {
  try {
    return std::make_unique<Process>(arguments_, surroundings_, generation);
  } catch (const std::exception& fault) {
    surroundings_.log.write(LogLevel::warning, "program did not start",
                            {{"program", arguments_.at(0)}, {"fault", fault.what()}});
    const std::lock_guard lock(mutex_);
    --running_;
    note_failure(fault.what());
    throw;
  }
}

void Program::give_back(Owned process) {
  const TimePoint now = steady_clock::now();
  process->has_answered = true;
  const std::lock_guard lock(mutex_);
  restarts_.answered();
  if (stopping_ || process->generation != generation_) {
    return let_go(std::move(process), now + surroundings_.bounds.end_time);
  }
  process->since = now;
  idle_.push_back(std::move(process));
  returned_.notify_one();
}

void Program::give_up(Owned process, const std::string& fault) {
  process->child.read_errors();
  const std::lock_guard lock(mutex_);
  if (stopping_) return let_go(std::move(process), steady_clock::now() + surroundings_.bounds.end_time);
  process->log.note(LogLevel::warning, "program failed and is killed", fault);
  note_failure(fault);
  let_go(std::move(process), k_at_once);
}

/// mutex_ is held, here and below.
void Program::note_failure(const std::string& fault) {
  last_fault_ = fault;
  restarts_.failed(steady_clock::now());
  returned_.notify_all();  // nobody waits for what is not started again yet
}

/// `kill_at` in the past: at once, without telling it to end.
void Program::let_go(Owned process, TimePoint kill_at) {
  if (kill_at != k_at_once) process->child.tell_to_end();
  process->since = kill_at;
  leaving_.push_back(std::move(process));
  --running_;
  forget_gone(steady_clock::now());
  returned_.notify_one();
}

void Program::forget_gone(TimePoint now) {
  std::erase_if(leaving_, [now](const Owned& process) {
    if (now >= process->since) process->child.kill();
    process->child.read_errors();
    if (!process->child.is_gone()) return false;
    process->child.read_errors();
    process->log.finish();
    return true;
  });
}

void Program::tend(TimePoint now) {
  const std::lock_guard lock(mutex_);
  for (Owned& process : std::exchange(idle_, {})) {
    process->child.read_errors();
    if (!process->child.is_ready()) {
      process->log.note(LogLevel::warning, "program ended or spoke unasked");
      let_go(std::move(process), k_at_once);
    } else if (now - process->since >= surroundings_.bounds.idle_time) {
      process->log.note(LogLevel::info, "program ended: nobody asks it");
      let_go(std::move(process), now + surroundings_.bounds.end_time);
    } else {
      idle_.push_back(std::move(process));
    }
  }
  forget_gone(now);
  returned_.notify_all();
}

void Program::start_anew() {
  const std::lock_guard lock(mutex_);
  ++generation_;
  restarts_.answered();
  for (Owned& process : std::exchange(idle_, {})) {
    let_go(std::move(process), steady_clock::now() + surroundings_.bounds.end_time);
  }
}

void Program::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  start_anew();
  returned_.notify_all();
}

bool Program::is_at_rest() {
  const std::lock_guard lock(mutex_);
  return running_ == 0 && leaving_.empty();
}

}  // namespace tether::service
