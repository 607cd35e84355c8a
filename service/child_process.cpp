// SPDX-License-Identifier: MIT
#include "service/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <thread>

#include "base/error.hpp"

namespace tether::service {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t k_chunk_bytes = 64 * 1024;           // what a pipe holds
constexpr std::size_t k_errors_at_once_max = 1024 * 1024;  // of stderr: who writes without end is left again
constexpr milliseconds k_wait_for_ending{200};             // between the end of its output and its own
constexpr milliseconds k_wait_for_killed{1'000};           // it may be held up in the kernel

std::string message(int error) {
  return std::generic_category().message(error);
}

[[noreturn]] void fail(const std::string& what) {
  throw Error(ErrorCode::io, what);
}

struct Pipe {
  Descriptor read;
  Descriptor write;
};

/// Above the three standard ones, so that none is overwritten while the child's are put in place.
Descriptor out_of_the_way(int descriptor) {
  Descriptor original(descriptor);
  if (descriptor > STDERR_FILENO) return original;
  return Descriptor(::fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail("no pipe: " + message(errno));
  Pipe pipe{out_of_the_way(ends[0]), out_of_the_way(ends[1])};
  if (!pipe.read.is_open() || !pipe.write.is_open()) fail("no pipe: " + message(errno));
  return pipe;
}

/// Our end only: the child's own stays as programs expect it.
void never_block(const Descriptor& end) {
  ::fcntl(end.number(), F_SETFL, O_NONBLOCK);
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  // posix_spawn takes them as char* for the sake of old programs, and changes none.
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

/// How the child begins: a group of its own, all signals as they are in a fresh process, the pipes and nothing else.
class Beginning {
 public:
  Beginning(int input, int output, int errors) {
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawn_file_actions_init(&files_);
    sigset_t set;
    sigemptyset(&set);
    ::posix_spawnattr_setsigmask(&attributes_, &set);
    sigfillset(&set);
    ::posix_spawnattr_setsigdefault(&attributes_, &set);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    ::posix_spawn_file_actions_adddup2(&files_, input, STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&files_, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&files_, errors, STDERR_FILENO);
    ::posix_spawn_file_actions_addclosefrom_np(&files_, STDERR_FILENO + 1);
  }
  ~Beginning() {
    ::posix_spawn_file_actions_destroy(&files_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  Beginning(const Beginning&) = delete;
  Beginning& operator=(const Beginning&) = delete;

  const posix_spawnattr_t* attributes() const { return &attributes_; }
  const posix_spawn_file_actions_t* files() const { return &files_; }

 private:
  posix_spawnattr_t attributes_;
  posix_spawn_file_actions_t files_;
};

/// Until `deadline`, rounded up so that nobody turns in circles through the last millisecond.
int milliseconds_left(ChildProcess::TimePoint deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& arguments, const std::vector<std::string>& environment,
                           OnErrors on_errors)
    : on_errors_(std::move(on_errors)) {
  start(arguments, environment);
  ended_ = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));  // glibc 2.36 has no C++ name for it
}

void ChildProcess::start(const std::vector<std::string>& arguments, const std::vector<std::string>& environment) {
  Pipe input = make_pipe();
  Pipe output = make_pipe();
  Pipe errors = make_pipe();
  never_block(input.write);
  never_block(output.read);
  never_block(errors.read);
  const Beginning beginning(input.read.number(), output.write.number(), errors.write.number());
  const int error = ::posix_spawnp(&pid_, arguments.at(0).c_str(), beginning.files(), beginning.attributes(),
                                   pointers(arguments).data(), pointers(environment).data());
  if (error != 0) {
    pid_ = -1;
    fail("cannot be started: " + message(error));
  }
  input_ = std::move(input.write);
  output_ = std::move(output.read);
  errors_ = std::move(errors.read);
}

ChildProcess::~ChildProcess() {
  kill();
  const auto deadline = std::chrono::steady_clock::now() + k_wait_for_killed;
  while (!is_gone() && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(milliseconds(1));
}

bool ChildProcess::is_ready() const {
  pollfd asked[] = {{output_.number(), POLLIN, 0}, {ended_.number(), POLLIN, 0}};
  return ::poll(asked, 2, 0) == 0 && received_.empty() && !has_ended();
}

std::string ChildProcess::ask(std::string_view line, TimePoint deadline, std::size_t bytes_max, int stop) {
  std::size_t sent = 0;
  for (std::size_t searched = 0;;) {
    wait(line.substr(sent), deadline, stop);
    if (is_.errors) read_errors();
    if (is_.input) sent += send_some(line.substr(sent));
    if (is_.output) {
      receive_some();
    } else if (is_.ended) {
      fail_ended("ended");
    }
    if (const std::size_t end = received_.find('\n', searched); end != received_.npos) {
      std::string answer = received_.substr(0, end);
      received_ = received_.substr(end + 1);  // a long answer's memory goes with it
      return answer;
    }
    searched = received_.size();
    if (searched >= bytes_max) fail("wrote " + std::to_string(bytes_max) + " bytes and no end of a line");
  }
}

/// Until there is something to do.
void ChildProcess::wait(std::string_view unsent, TimePoint deadline, int stop) {
  pollfd polled[] = {{unsent.empty() ? -1 : input_.number(), POLLOUT, 0},
                     {output_.number(), POLLIN, 0},
                     {errors_.number(), POLLIN, 0},
                     {ended_.number(), POLLIN, 0},
                     {stop, POLLIN, 0}};
  const int left = milliseconds_left(deadline);
  if (left == 0) fail("took too long");
  while (::poll(polled, std::size(polled), left) < 0) {
    if (errno != EINTR) fail("cannot be waited for: " + message(errno));
  }
  if (polled[4].revents != 0) fail("was not waited for: the service stops");
  is_ = {.input = polled[0].revents != 0,
         .output = polled[1].revents != 0,
         .errors = polled[2].revents != 0,
         .ended = polled[3].revents != 0};
}

std::size_t ChildProcess::send_some(std::string_view text) {
  const ssize_t sent = ::write(input_.number(), text.data(), text.size());
  if (sent >= 0) return static_cast<std::size_t>(sent);
  if (errno == EAGAIN || errno == EINTR) return 0;
  fail_ended("closed its input");
}

void ChildProcess::receive_some() {
  std::array<char, k_chunk_bytes> chunk;
  const ssize_t size = ::read(output_.number(), chunk.data(), chunk.size());
  if (size > 0) {
    received_.append(chunk.data(), static_cast<std::size_t>(size));
  } else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
    fail_ended("closed its output");
  }
}

void ChildProcess::read_errors() {
  std::array<char, k_chunk_bytes> chunk;
  for (std::size_t taken = 0; errors_.is_open() && taken < k_errors_at_once_max;) {
    const ssize_t size = ::read(errors_.number(), chunk.data(), chunk.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) return errors_.close();
    taken += static_cast<std::size_t>(size);
    on_errors_({chunk.data(), static_cast<std::size_t>(size)});
  }
}

void ChildProcess::tell_to_end() {
  signal(SIGTERM);
  input_.close();
}

void ChildProcess::kill() {
  signal(SIGKILL);
}

/// As long as it was not waited for, its number is no other's, nor is that of its group.
void ChildProcess::signal(int number) const {
  if (pid_ > 0) ::kill(-pid_, number);
}

bool ChildProcess::has_ended() const {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == pid_;
}

bool ChildProcess::is_gone() {
  if (pid_ < 0) return true;
  if (!has_ended()) return false;
  kill();
  while (::waitpid(pid_, nullptr, WNOHANG) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return true;
}

/// Says how it ended, if that is what is behind it: whoever closes a pipe is most likely about to end.
void ChildProcess::fail_ended(const std::string& what) const {
  pollfd ending{ended_.number(), POLLIN, 0};
  ::poll(&ending, 1, static_cast<int>(k_wait_for_ending.count()));
  siginfo_t info{};
  if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != pid_) {
    fail(what);
  }
  if (info.si_code == CLD_EXITED) fail("ended with exit code " + std::to_string(info.si_status));
  const char* name = ::sigabbrev_np(info.si_status);
  fail("was ended by SIG" + std::string(name == nullptr ? "?" : name));
}

}  // namespace tether::service
