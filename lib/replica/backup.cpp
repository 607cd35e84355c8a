// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "replica/upkeep.hpp"

namespace tether::replica {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse_existing(const std::string& path) {
  throw Error(ErrorCode::exists, path + " exists already", "A backup overwrites nothing: give the path of a new file.");
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

/// A new file beside its final place, gone again unless it is published.
class PartialFile {
 public:
  explicit PartialFile(const std::string& target) : target_(target), path_(target + ".partial-XXXXXX") {
    descriptor_ = ::mkstemp(path_.data());
    if (descriptor_ < 0) throw_errno("cannot make a file beside " + target_);
  }
  ~PartialFile() {
    ::close(descriptor_);
    if (!published_) ::unlink(path_.c_str());
  }
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  const std::string& path() const { return path_; }

  std::int64_t bytes() const {
    struct stat found {};
    return ::fstat(descriptor_, &found) == 0 ? found.st_size : 0;
  }

  /// As private as `original`.
  void take_permissions_of(const std::string& original) {
    struct stat found {};
    if (::stat(original.c_str(), &found) == 0) static_cast<void>(::fchmod(descriptor_, found.st_mode & 0777));
  }

  /// Onto the disk, then under its name, in one step that overwrites nothing.
  void publish() {
    if (::fsync(descriptor_) != 0) throw_errno("cannot write " + path_);
    if (!renamed() && !linked()) throw_errno("cannot make " + target_);
    published_ = true;
    sync_folder();
  }

 private:
  bool renamed() {
    if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target_.c_str(), RENAME_NOREPLACE) == 0) return true;
    if (errno == EEXIST) refuse_existing(target_);
    return false;
  }

  /// Where the file system cannot rename without overwriting, as NFS.
  bool linked() {
    if (errno != EINVAL && errno != ENOSYS) return false;
    if (::link(path_.c_str(), target_.c_str()) != 0) {
      if (errno == EEXIST) refuse_existing(target_);
      return false;
    }
    ::unlink(path_.c_str());
    return true;
  }

  /// The name is on the disk, too. Some file systems cannot sync a folder: then there is nothing to be had.
  void sync_folder() {
    const fs::path folder = fs::absolute(target_).parent_path();
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return;
    static_cast<void>(::fsync(descriptor));
    ::close(descriptor);
  }

  std::string target_;
  std::string path_;
  int descriptor_ = -1;
  bool published_ = false;
};

}  // namespace

void backup(File& file, const std::string& path, const std::function<void(std::int64_t)>& progress) {
  if (path.empty()) throw Error(ErrorCode::usage, "no file is named to back up to", "Give the path of a new file.");
  std::error_code ignored;
  if (fs::exists(fs::symlink_status(path, ignored))) refuse_existing(path);
  PartialFile copy(path);
  copy.take_permissions_of(file.path());
  const sql::Value parameters[] = {std::string_view(copy.path())};
  const auto tell = [&] { progress(copy.bytes()); };
  const sql::Ticking ticking(file.database(), progress ? std::function<void()>(tell) : nullptr);
  file.database().execute("VACUUM INTO $1", parameters);  // SQLite takes an empty file for one that is not there
  copy.publish();
}

}  // namespace tether::replica
