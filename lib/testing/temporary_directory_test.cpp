// SPDX-License-Identifier: MIT
#include "testing/temporary_directory.hpp"

#include <doctest/doctest.h>

namespace tether::testing {

TEST_CASE("tests leave a place in memory alone that has no room for them") {
  CHECK(place_for_tests("/proc") == std::filesystem::temp_directory_path());
  CHECK(place_for_tests("/no/such/place") == std::filesystem::temp_directory_path());
}

TEST_CASE("a folder of a test is gone with what is in it") {
  std::filesystem::path path;
  {
    const TemporaryDirectory folder;
    path = folder.path();
    std::filesystem::create_directories(folder.file("a/b"));
    CHECK(std::filesystem::is_directory(path / "a"));
  }
  CHECK_FALSE(std::filesystem::exists(path));
}

}  // namespace tether::testing
