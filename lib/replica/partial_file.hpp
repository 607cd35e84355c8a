// SPDX-License-Identifier: MIT
// A new file that appears under its name whole or not at all.
#pragma once

#include <cstdint>
#include <string>

namespace tether::replica {

/// A new file beside its final place, gone again, with what SQLite keeps beside it, unless it is published.
class PartialFile {
 public:
  /// Throws Error(exists) when there is something at `target`; otherwise makes an empty file, `target`.partial-….
  explicit PartialFile(const std::string& target);
  ~PartialFile();
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  const std::string& path() const { return path_; }
  std::int64_t bytes() const;

  /// As private as `original`.
  void take_permissions_of(const std::string& original);

  /// Onto the disk, then under its name, in one step that overwrites nothing.
  void publish();

 private:
  bool renamed();
  bool linked();
  void sync_folder();

  std::string target_;
  std::string path_;
  int descriptor_ = -1;
  bool published_ = false;
};

}  // namespace tether::replica
