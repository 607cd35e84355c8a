// SPDX-License-Identifier: MIT
#include "replica/partial_file.hpp"
#include "replica/upkeep.hpp"

namespace tether::replica {

void backup(File& file, const std::string& path, const std::function<void(std::int64_t)>& progress) {
  if (path.empty()) throw Error(ErrorCode::usage, "no file is named to back up to", "Give the path of a new file.");
  PartialFile copy(path);
  copy.take_permissions_of(file.path());
  const sql::Value parameters[] = {std::string_view(copy.path())};
  const auto tell = [&] { progress(copy.bytes()); };
  const sql::Ticking ticking(file.database(), progress ? std::function<void()>(tell) : nullptr);
  try {
    file.database().execute("VACUUM INTO $1", parameters);  // SQLite takes an empty file for one that is not there
  } catch (const Error& fault) {
    if (fault.code() != ErrorCode::disk_full) throw;
    // The driver names the file that is read.
    throw Error(ErrorCode::disk_full, path + ": no room left for the copy; no copy was made",
                "Make room, or name a folder on another disk.");
  }
  copy.publish();
}

}  // namespace tether::replica
