// SPDX-License-Identifier: MIT
// A program that runs beside the service and is talked to in lines, over pipes: one line in, one line out, each with a
// deadline. It leads a process group of its own, so that what it started ends with it. One thread at a time uses it;
// starting is safe while others run. Whoever makes one ignores SIGPIPE.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "service/descriptor.hpp"

namespace tether::service {

class ChildProcess {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using OnErrors = std::function<void(std::string_view bytes)>;

  /// Starts `arguments`, the first being the program: looked for in the service's PATH unless it names a folder, never
  /// given to a shell. It gets `environment` and three pipes, no other descriptor, no blocked or ignored signal.
  /// `on_errors` is given what it writes to stderr, in ask() and read_errors(). Throws Error(io) when it does not
  /// start.
  ChildProcess(const std::vector<std::string>& arguments, const std::vector<std::string>& environment,
               OnErrors on_errors);
  /// Kills it and its group, unless they are gone.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }

  /// Whether it runs and has said nothing unasked.
  bool is_ready() const;

  /// Sends `line`, which ends in a newline, and returns the line that comes back, without its newline. Throws
  /// Error(io): it took too long, ended, closed a pipe, or wrote `bytes_max` bytes and no newline; or `stop` became
  /// readable. After that nobody knows what its next line would answer: to be killed.
  std::string ask(std::string_view line, TimePoint deadline, std::size_t bytes_max, int stop);

  /// Takes what has been written to stderr, without waiting.
  void read_errors();

  /// Sends SIGTERM to its group, then closes its input.
  void tell_to_end();
  /// SIGKILL to its group.
  void kill();
  /// Whether it has ended, and is no zombie any more; whatever is left of its group was killed first. Never waits.
  bool is_gone();

 private:
  void start(const std::vector<std::string>& arguments, const std::vector<std::string>& environment);
  void wait(std::string_view unsent, TimePoint deadline, int stop);
  std::size_t send_some(std::string_view text);
  void receive_some();
  bool has_ended() const;
  void signal(int number) const;
  [[noreturn]] void fail_ended(const std::string& what) const;

  pid_t pid_ = -1;  // -1: gone
  Descriptor input_;
  Descriptor output_;
  Descriptor errors_;
  Descriptor ended_;  // readable once it has ended; none where the system does not offer that
  std::string received_;
  OnErrors on_errors_;

  struct Readable {
    bool input = false;  // writable, that is
    bool output = false;
    bool errors = false;
    bool ended = false;
  } is_;  // since the last wait
};

}  // namespace tether::service
