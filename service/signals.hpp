// SPDX-License-Identifier: MIT
// Signals as calls in an ordinary thread. Make one before any other thread starts: all inherit what it blocks.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace tether::service {

class Signals {
 public:
  /// `on_signal` is called with SIGINT, SIGTERM or SIGHUP, one at a time. SIGPIPE is ignored from here on.
  explicit Signals(std::function<void(int signal)> on_signal);
  ~Signals();

 private:
  std::function<void(int)> on_signal_;
  std::atomic<bool> finished_{false};
  std::thread thread_;
};

}  // namespace tether::service
