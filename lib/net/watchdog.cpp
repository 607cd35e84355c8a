// SPDX-License-Identifier: MIT
#include "net/watchdog.hpp"

namespace tether::net {

namespace {
constexpr std::chrono::milliseconds k_again{20};  // a call that was stopped while connecting is stopped again so soon
}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    finished_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Watchdog::begin(std::chrono::steady_clock::time_point deadline) {
  {
    const std::lock_guard lock(mutex_);
    deadline_ = deadline;
    busy_ = true;
  }
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  changed_.notify_all();
}

Watchdog::End Watchdog::end() {
  const std::lock_guard lock(mutex_);
  busy_ = false;
  if (cancelled_) {
    cancelled_ = false;
    return End::cancelled;
  }
  return std::chrono::steady_clock::now() >= deadline_ ? End::too_late : End::by_itself;
}

void Watchdog::cancel() {
  {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
  }
  changed_.notify_all();
}

bool Watchdog::cancelled() const {
  const std::lock_guard lock(mutex_);
  return cancelled_;
}

bool Watchdog::must_stop() const {
  return cancelled_ || std::chrono::steady_clock::now() >= deadline_;
}

void Watchdog::run() {
  std::unique_lock lock(mutex_);
  while (!finished_) {
    if (!busy_) {
      changed_.wait(lock);
    } else if (!must_stop()) {
      changed_.wait_until(lock, deadline_);
    } else {
      lock.unlock();
      stop_();
      lock.lock();
      changed_.wait_for(lock, k_again);
    }
  }
}

}  // namespace tether::net
