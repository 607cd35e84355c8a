// SPDX-License-Identifier: MIT
#include "testing/temporary_directory.hpp"

#include <cstdlib>
#include <system_error>

#include "base/error.hpp"

namespace tether::testing {

namespace {

std::filesystem::path parent() {
  // Tests commit thousands of times; what a commit costs on a disk is not what they measure.
  const std::filesystem::path in_memory = "/dev/shm";
  std::error_code ignored;
  return std::filesystem::is_directory(in_memory, ignored) ? in_memory : std::filesystem::temp_directory_path();
}

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
  auto pattern = (parent() / "tether-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw Error(ErrorCode::io, "cannot make a folder in " + parent().string());
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace tether::testing
