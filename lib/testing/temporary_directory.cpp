// SPDX-License-Identifier: MIT
#include "testing/temporary_directory.hpp"

#include <sys/statvfs.h>

#include <cstdint>
#include <cstdlib>
#include <system_error>

#include "base/error.hpp"

namespace tether::testing {

namespace {

constexpr std::uint64_t k_bytes_needed = std::uint64_t{2} * 1024 * 1024 * 1024;

}  // namespace

std::filesystem::path place_for_tests(const std::filesystem::path& memory) {
  struct statvfs found {};
  const bool suits = statvfs(memory.c_str(), &found) == 0 && (found.f_flag & ST_NOEXEC) == 0 &&
                     std::uint64_t{found.f_bavail} * found.f_frsize >= k_bytes_needed;
  return suits ? memory : std::filesystem::temp_directory_path();
}

TemporaryDirectory::TemporaryDirectory() {
  auto pattern = (place_for_tests() / "tether-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw Error(ErrorCode::io, "cannot make the folder " + pattern);
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace tether::testing
