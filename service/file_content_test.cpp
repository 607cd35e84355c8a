// SPDX-License-Identifier: MIT
#include "service/file_content.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <fstream>

#include "base/error.hpp"
#include "service/process_fixture.hpp"

namespace tether::service {
namespace {

std::string trouble_with(const std::string& path) {
  try {
    file_content(path, 1);
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

TEST_CASE("a file is read to its end, up to the most that it may hold") {
  const Folder folder;
  std::ofstream(folder.file("text")) << "a\nb";
  CHECK(file_content(folder.file("text"), 1) == "a\nb");
  std::ofstream(folder.file("full")) << std::string(1024 * 1024, 'a');
  CHECK(file_content(folder.file("full"), 1).size() == 1024 * 1024);
  std::ofstream(folder.file("long")) << std::string(1024 * 1024 + 1, 'a');
  CHECK(trouble_with(folder.file("long")) == "is longer than 1 MiB");
}

TEST_CASE("a pipe to which nobody writes is refused without waiting, as are folders and devices") {
  const Folder folder;
  REQUIRE(::mkfifo(folder.file("pipe").c_str(), 0600) == 0);
  const std::string refusal = "cannot be read: it is no file, and a pipe could not be read again";
  CHECK(trouble_with(folder.file("pipe")) == refusal);
  CHECK(trouble_with(folder.file(".")) == refusal);
  CHECK(trouble_with("/dev/zero") == refusal);
  CHECK(trouble_with(folder.file("none")) == "cannot be read");
}

TEST_CASE("what is read once may come through a pipe") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  REQUIRE(::write(ends[1], "text", 4) == 4);
  ::close(ends[1]);
  CHECK(file_or_pipe_content("/dev/fd/" + std::to_string(ends[0]), 1) == "text");
  ::close(ends[0]);
}

}  // namespace
}  // namespace tether::service
