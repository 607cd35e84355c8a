// SPDX-License-Identifier: MIT
// Programs as the bench runs them: to their end, with the time and memory that they took; and a service beside them.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace tether::bench {

using Arguments = std::vector<std::string>;

struct Files {
  std::string in = "/dev/null";
  std::string out = "/dev/null";
};

/// Milliseconds from before the start until the end. Throws std::runtime_error unless it ends with 0.
double run(const Arguments& arguments, const Files& files = {});

/// What it printed.
std::string output_of(const Arguments& arguments);

/// The most memory that the program had, in MB. It is started by a small process of its own: a program inherits
/// the peak of the one that starts it.
double peak_mb(const Arguments& arguments, const Files& files = {});

/// The small process: runs `arguments` with its own files and prints the peak in kB on stderr.
int report_peak(const Arguments& arguments);

/// `tether-service serve` on a free port; ended when destroyed. It listens when the constructor returns.
class Service {
 public:
  /// `store` as for --store; `more` is added to the command line.
  Service(const std::string& program, const std::string& store, const std::string& log, const Arguments& more);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int port() const { return port_; }
  /// The most memory that it had so far, in MB.
  double peak_mb() const;
  /// What it has open: files and connections.
  std::size_t open_descriptors() const;

 private:
  void wait_for_port(const std::string& log);
  pid_t pid_;
  int port_ = 0;
};

}  // namespace tether::bench
