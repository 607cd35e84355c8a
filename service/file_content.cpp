// SPDX-License-Identifier: MIT
#include "service/file_content.hpp"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.hpp"
#include "service/descriptor.hpp"

namespace tether::service {

namespace {

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ErrorCode::usage, why);
}

Descriptor opened(const std::string& path, int flags) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | flags));
  if (!file.is_open()) refuse("cannot be read");
  return file;
}

/// Without waiting for a writer, where it turns out to be a pipe.
Descriptor opened_file(const std::string& path) {
  Descriptor file = opened(path, O_NONBLOCK);
  struct stat found {};
  if (::fstat(file.number(), &found) != 0) refuse("cannot be read");
  if (!S_ISREG(found.st_mode)) refuse("cannot be read: it is no file, and a pipe could not be read again");
  return file;
}

std::string content_of(const Descriptor& file, std::size_t mebibytes_max) {
  std::string content(mebibytes_max * 1024 * 1024 + 1, '\0');
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t got = ::read(file.number(), content.data() + size, content.size() - size);
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) refuse("cannot be read");
    size += static_cast<std::size_t>(got);
  }
  if (size == content.size()) refuse("is longer than " + std::to_string(mebibytes_max) + " MiB");
  content.resize(size);
  return content;
}

}  // namespace

std::string file_content(const std::string& path, std::size_t mebibytes_max) {
  return content_of(opened_file(path), mebibytes_max);
}

std::string file_or_pipe_content(const std::string& path, std::size_t mebibytes_max) {
  return content_of(opened(path, 0), mebibytes_max);
}

}  // namespace tether::service
