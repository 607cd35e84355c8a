// SPDX-License-Identifier: MIT
// A throw-away Postgres for tests: a cluster in a folder of its own, on a Unix socket, run by an unprivileged user,
// gone with the test program however that ends.
#pragma once

#include <cstdio>
#include <memory>
#include <string>

namespace tether::testing {

class PostgresCluster {
 public:
  /// The one of this program, started at first use.
  static PostgresCluster& shared();

  PostgresCluster();
  ~PostgresCluster();
  PostgresCluster(const PostgresCluster&) = delete;
  PostgresCluster& operator=(const PostgresCluster&) = delete;

  /// The URL of an empty place: a schema of its own, which takes a tenth of the time that a new database does.
  std::string new_schema();
  /// The URL of a copy of the database of `url`, to which no connection may be open.
  std::string new_copy(const std::string& url);
  /// The URL of a new database behind PgBouncer, which gives a connection to someone else after every transaction.
  std::string new_pooled_database();
  /// A database that is there, or not; `postgres` always is.
  std::string url(const std::string& database) const;

  /// A disk of so many megabytes, mounted as a folder that Postgres may write into; where this user may mount none, "".
  std::string new_small_disk(int megabytes);

  enum class Stop { fast, immediate };
  void stop(Stop how);
  void start();
  const std::string& folder() const { return folder_; }
  /// A shell command in the cluster's folder, as its user; throws Error with what it said when it fails.
  void run(const std::string& command);

 private:
  void start_pooler();

  std::string folder_;
  std::FILE* keeper_ = nullptr;  // a shell that clears up when this end of its pipe closes
  int made_ = 0;
  bool has_pooler_ = false;
};

}  // namespace tether::testing
