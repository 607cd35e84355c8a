// SPDX-License-Identifier: MIT
#include "replica/partial_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/error.hpp"

namespace tether::replica {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse_existing(const std::string& path) {
  throw Error(ErrorCode::exists, path + " exists already", "Nothing is overwritten: give the path of a new file.");
}

[[noreturn]] void throw_errno(const std::string& what) {
  const int fault = errno;
  const std::string message = what + ": " + std::strerror(fault);
  switch (fault) {
    case ENOENT:
    case ENOTDIR:
      throw Error(ErrorCode::not_found, message, "Make the folder, or name another one.");
    case EACCES:
    case EPERM:
    case EROFS:
      throw Error(ErrorCode::read_only, message, "Name a folder that you may write to.");
    case ENOSPC:
    case EDQUOT:
      throw Error(ErrorCode::disk_full, message, "Make room, or name a folder on another disk.");
    default:
      throw Error(ErrorCode::io, message, "Name a folder on another disk.");
  }
}

}  // namespace

PartialFile::PartialFile(const std::string& target) : target_(target), path_(target + ".partial-XXXXXX") {
  std::error_code ignored;
  // What lies beside would be taken for this file's.
  for (const char* suffix : {"", "-journal", "-wal"}) {
    if (fs::exists(fs::symlink_status(target + suffix, ignored))) refuse_existing(target + suffix);
  }
  descriptor_ = ::mkstemp(path_.data());
  if (descriptor_ < 0) throw_errno("cannot make a file beside " + target_);
}

PartialFile::~PartialFile() {
  ::close(descriptor_);
  if (published_) return;
  for (const char* suffix : {"", "-journal", "-wal", "-shm"}) ::unlink((path_ + suffix).c_str());
}

std::int64_t PartialFile::bytes() const {
  struct stat found {};
  return ::fstat(descriptor_, &found) == 0 ? found.st_size : 0;
}

void PartialFile::take_permissions_of(const std::string& original) {
  struct stat found {};
  if (::stat(original.c_str(), &found) == 0) static_cast<void>(::fchmod(descriptor_, found.st_mode & 0777));
}

void PartialFile::publish() {
  if (::fsync(descriptor_) != 0) throw_errno("cannot write " + path_);
  if (!renamed() && !linked()) throw_errno("cannot make " + target_);
  published_ = true;
  sync_folder();
}

bool PartialFile::renamed() {
  if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target_.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EEXIST) refuse_existing(target_);
  return false;
}

/// Where the file system cannot rename without overwriting, as NFS.
bool PartialFile::linked() {
  if (errno != EINVAL && errno != ENOSYS) return false;
  if (::link(path_.c_str(), target_.c_str()) != 0) {
    if (errno == EEXIST) refuse_existing(target_);
    return false;
  }
  ::unlink(path_.c_str());
  return true;
}

/// The name is on the disk, too. Some file systems cannot sync a folder: then there is nothing to be had.
void PartialFile::sync_folder() {
  const fs::path folder = fs::absolute(target_).parent_path();
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  static_cast<void>(::fsync(descriptor));
  ::close(descriptor);
}

}  // namespace tether::replica
