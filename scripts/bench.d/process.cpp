// SPDX-License-Identifier: MIT
#include "bench.d/process.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

extern char** environ;

namespace tether::bench {
namespace {

using Steady = std::chrono::steady_clock;

double ms_since(Steady::time_point start) {
  return std::chrono::duration<double, std::milli>(Steady::now() - start).count();
}

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// A file that is gone at the end of the scope.
struct TemporaryFile {
  std::string path = (std::filesystem::temp_directory_path() / "tether-bench.XXXXXX").string();
  TemporaryFile() {
    const int descriptor = ::mkstemp(path.data());
    if (descriptor < 0) throw std::runtime_error("cannot make a temporary file");
    ::close(descriptor);
  }
  ~TemporaryFile() { ::unlink(path.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
};

/// Without `files`, the new process has those of this one.
pid_t start(const Arguments& arguments, const posix_spawn_file_actions_t* files) {
  std::vector<char*> words;
  for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  pid_t pid = 0;
  if (::posix_spawnp(&pid, words[0], files, nullptr, words.data(), environ) != 0) {
    throw std::runtime_error(fmt::format("cannot start {}", arguments.at(0)));
  }
  return pid;
}

pid_t start(const Arguments& arguments, const std::string& in, const std::string& out, const std::string& err) {
  constexpr int k_write = O_WRONLY | O_CREAT | O_TRUNC;
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, in.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, out.c_str(), k_write, 0600);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, err.c_str(), k_write, 0600);
  const pid_t pid = start(arguments, &files);
  posix_spawn_file_actions_destroy(&files);
  return pid;
}

void wait_for(pid_t pid, const Arguments& arguments, const std::string& err) {
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  std::string command;
  for (const std::string& argument : arguments) command += argument.substr(0, 80) + " ";
  throw std::runtime_error(fmt::format("{}ended with status {:#x}: {}", command, status, text_of(err)));
}

}  // namespace

double run(const Arguments& arguments, const Files& files) {
  const TemporaryFile err;
  const auto started = Steady::now();
  const pid_t pid = start(arguments, files.in, files.out, err.path);
  wait_for(pid, arguments, err.path);
  return ms_since(started);
}

std::string output_of(const Arguments& arguments) {
  const TemporaryFile out;
  run(arguments, {.out = out.path});
  return text_of(out.path);
}

double peak_mb(const Arguments& arguments, const Files& files) {
  const TemporaryFile out;
  const TemporaryFile err;
  Arguments small = {"/proc/self/exe", "report-peak"};
  small.insert(small.end(), arguments.begin(), arguments.end());
  const pid_t pid = start(small, files.in, out.path, err.path);
  wait_for(pid, arguments, err.path);
  const std::string text = text_of(err.path);
  const auto at = text.rfind("peak_kb ");
  if (at == std::string::npos) throw std::runtime_error("no peak was reported: " + text);
  return std::stod(text.substr(at + 8)) / 1024;
}

int report_peak(const Arguments& arguments) {
  const pid_t pid = start(arguments, nullptr);
  int status = 0;
  rusage usage{};
  ::wait4(pid, &status, 0, &usage);
  fmt::print(stderr, "peak_kb {}\n", usage.ru_maxrss);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

Service::Service(const std::string& program, const std::string& store, const std::string& log, const Arguments& more) {
  Arguments arguments = {program, "serve", "--listen", "127.0.0.1:0", "--store", store};
  arguments.insert(arguments.end(), more.begin(), more.end());
  pid_ = start(arguments, "/dev/null", "/dev/null", log);
  wait_for_port(log);
}

Service::~Service() {
  ::kill(pid_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
}

void Service::wait_for_port(const std::string& log) {
  constexpr std::string_view k_address = "127.0.0.1:";
  const auto started = Steady::now();
  while (ms_since(started) < 10'000) {
    std::istringstream lines(text_of(log));
    for (std::string line; std::getline(lines, line);) {
      const auto at = line.find(k_address);
      if (line.find("\"serving\"") == std::string::npos || at == std::string::npos) continue;
      port_ = std::stoi(line.substr(at + k_address.size()));
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  throw std::runtime_error("tether-service did not start: " + text_of(log));
}

double Service::peak_mb() const {
  std::istringstream lines(text_of(fmt::format("/proc/{}/status", pid_)));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) / 1024;
  }
  throw std::runtime_error("tether-service is gone");
}

std::size_t Service::open_descriptors() const {
  const std::filesystem::directory_iterator all(fmt::format("/proc/{}/fd", pid_));
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

}  // namespace tether::bench
