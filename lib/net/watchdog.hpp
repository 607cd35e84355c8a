// SPDX-License-Identifier: MIT
// Ends a call that takes too long or that somebody gave up: httplib's own timeouts hold for one read only, so that a
// server that sends a byte now and then would be waited for without end.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace tether::net {

class Watchdog {
 public:
  /// `stop` ends the call that is under way; it is called from the watchdog's own thread, again and again until the
  /// call has ended, since a call that is still connecting does not notice.
  explicit Watchdog(std::function<void()> stop) : stop_(std::move(stop)) {}
  ~Watchdog();

  enum class End { by_itself, too_late, cancelled };
  void begin(std::chrono::steady_clock::time_point deadline);
  End end();

  /// Safe from any thread. With no call under way it holds for the next, so that it cannot come a moment too early.
  void cancel();
  bool cancelled() const;

 private:
  void run();
  bool must_stop() const;

  std::function<void()> stop_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::chrono::steady_clock::time_point deadline_;
  bool busy_ = false;
  bool cancelled_ = false;
  bool finished_ = false;
  std::thread thread_;
};

}  // namespace tether::net
