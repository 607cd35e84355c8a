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
  file.database().execute("VACUUM INTO $1", parameters);  // SQLite takes an empty file for one that is not there
  copy.publish();
}

}  // namespace tether::replica
