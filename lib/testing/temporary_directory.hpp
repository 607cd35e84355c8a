// SPDX-License-Identifier: MIT
// A folder of a test's own, in memory where the machine has room for it there, gone with the object.
#pragma once

#include <filesystem>
#include <string>

namespace tether::testing {

/// Where folders of tests are made. Tests commit thousands of times, and what a commit costs on a disk is not what they
/// measure: so in `memory`, where that has room for all tests beside each other and lets programs be started. A
/// container has little of it, and lets none.
std::filesystem::path place_for_tests(const std::filesystem::path& memory = "/dev/shm");

class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  /// The path of `name` inside it.
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace tether::testing
