// SPDX-License-Identifier: MIT
// What a session with the server writes can be had again: an outcome that is not filed is answered the same when its
// mutation is sent again, and a page that is not stored is pulled again. So while this lives, commits of the connection
// do not wait for the disk; a power cut may take the last of them, whole, and never tears the file. What a person
// records is another connection's commit, waits for the disk, and takes everything before it along. Internal to
// lib/replica.
#pragma once

#include "sql/database.hpp"

namespace tether::replica {

class RepeatableWrites {
 public:
  explicit RepeatableWrites(sql::Database& database) : database_(database) {
    database_.execute("PRAGMA synchronous=NORMAL");
  }
  ~RepeatableWrites() {
    try {
      database_.execute("PRAGMA synchronous=FULL");
    } catch (const Error&) {
      // The file cannot be read any more: nothing will be written to it either.
    }
  }
  RepeatableWrites(const RepeatableWrites&) = delete;
  RepeatableWrites& operator=(const RepeatableWrites&) = delete;

 private:
  sql::Database& database_;
};

}  // namespace tether::replica
