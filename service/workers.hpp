// SPDX-License-Identifier: MIT
// A thread for every live connection, up to a limit: a thread that waits for an idle client costs little, and a new
// client never waits for an old one. Threads are kept for a while after their connection ends.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>

namespace tether::service {

class Workers {
 public:
  /// `serve` is given each socket, in a thread of its own; it closes it and does not throw.
  Workers(std::size_t threads_max, std::function<void(int socket)> serve);
  /// All threads must have ended: see wait_until_done.
  ~Workers();

  enum class Taken {
    at_once,
    waiting,  // for a thread: all are busy
    refused,  // too many wait already: the socket is still the caller's
  };
  Taken submit(int socket);

  /// No thread waits for more work. Returns whether all work was done, and all threads had ended, within `patience`.
  bool wait_until_done(std::chrono::milliseconds patience);

 private:
  static void* enter(void* self);
  bool start_thread();
  void work();

  const std::size_t threads_max_;
  const std::function<void(int)> serve_;
  std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable done_;
  std::deque<int> sockets_;
  std::size_t threads_ = 0;
  std::size_t idle_ = 0;
  bool ending_ = false;
};

}  // namespace tether::service
