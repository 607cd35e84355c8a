// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "replica/file.hpp"

namespace tether::replica {
namespace {

/// The same file through a link must meet the same lock.
std::string lock_path(const std::string& path) {
  std::error_code ignored;
  const std::filesystem::path real = std::filesystem::canonical(path, ignored);
  return (real.empty() ? path : real.string()) + "-sync";
}

[[noreturn]] void fail(const std::string& path, int reason) {
  const std::string message = "cannot lock " + path + ": " + std::strerror(reason);
  if (reason == EACCES || reason == EROFS || reason == EPERM) {
    throw Error(ErrorCode::read_only, message, "Syncing writes to the file and beside it: make both writable.");
  }
  if (reason == ENOSPC || reason == EDQUOT) throw Error(ErrorCode::disk_full, message, "Make room on the disk.");
  throw Error(ErrorCode::io, message);
}

}  // namespace

SyncLock::SyncLock(const std::string& path) : descriptor_(-1) {
  if (path == ":memory:") return;
  const std::string beside = lock_path(path);
  descriptor_ = ::open(beside.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail(beside, errno);
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
  const int reason = errno;
  ::close(descriptor_);
  if (reason != EWOULDBLOCK) fail(beside, reason);
  throw Error(ErrorCode::locked, "another tether is syncing " + path,
              "What you recorded is safe. Run it again once the other one is done.");
}

SyncLock::~SyncLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace tether::replica
