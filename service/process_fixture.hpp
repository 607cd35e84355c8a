// SPDX-License-Identifier: MIT
// For tests: the program itself, as a process of its own.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "service/fixture.hpp"

namespace tether::service {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t k_shadow = 10;  // a sanitizer keeps what was freed, and shadows of it all
#else
constexpr std::size_t k_shadow = 1;
#endif

inline std::string content(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

/// tether-service with its output in files.
class Process {
 public:
  Process(const Folder& folder, std::vector<std::string> arguments)
      : log_(folder.file("stderr")), out_(folder.file("stdout")) {
    arguments.insert(arguments.begin(), TETHER_BIN "/tether-service");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(::open(log_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
      ::dup2(::open(out_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
  }
  ~Process() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      wait();
    }
  }
  void signal(int number) const { ::kill(pid_, number); }
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  std::string log() const { return content(log_); }
  std::string out() const { return content(out_); }
  /// Waits until `text` was logged.
  bool says(const std::string& text) const {
    for (int i = 0; i < 500; ++i) {
      if (log().find(text) != std::string::npos) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  int port() const {
    REQUIRE(says("\"serving\""));
    const std::string text = log();
    return std::stoi(text.substr(text.find("://127.0.0.1:") + 13));
  }
  std::size_t peak_kb() const {
    const std::string status = content("/proc/" + std::to_string(pid_) + "/status");
    return std::stoul(status.substr(status.find("VmHWM:") + 6));
  }

 private:
  std::string log_;
  std::string out_;
  pid_t pid_;
};

inline Process serving(const Folder& folder, std::vector<std::string> more = {}) {
  more.insert(more.begin(), {"serve", "--listen", "127.0.0.1:0", "--store", "sqlite:" + folder.file("store.db")});
  return Process(folder, std::move(more));
}

inline int run(const Folder& folder, std::vector<std::string> arguments, std::string* out = nullptr,
               std::string* log = nullptr) {
  Process process(folder, std::move(arguments));
  const int code = process.wait();
  if (out != nullptr) *out = process.out();
  if (log != nullptr) *log = process.log();
  return code;
}

}  // namespace tether::service
