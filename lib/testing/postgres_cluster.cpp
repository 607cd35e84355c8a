// SPDX-License-Identifier: MIT
#include "testing/postgres_cluster.hpp"

#include <sys/mount.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "sql/postgres/postgres.hpp"
#include "testing/temporary_directory.hpp"

namespace tether::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view k_before_name = "postgres://tether@/";
constexpr const char* k_pooler_port = "6432";
constexpr const char* k_tests = "tests";  // the database

/// Postgres refuses to run as root.
std::string as_unprivileged() {
  return geteuid() == 0 ? "setpriv --reuid=nobody --regid=nogroup --clear-groups " : "";
}

/// Debian keeps every version in a folder of its own; the newest one is taken.
std::string programs() {
  fs::path newest;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", ignored)) {
    if (fs::exists(entry.path() / "bin/initdb") && entry.path() > newest) newest = entry.path();
  }
  return newest.empty() ? "" : (newest / "bin/").string();
}

/// The path of a socket in it is at most 107 bytes long.
std::string make_folder() {
  std::string pattern = (place_for_tests() / "tether-postgres-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw Error(ErrorCode::io, "cannot make the folder " + pattern);
  return pattern;
}

std::string content(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

}  // namespace

PostgresCluster& PostgresCluster::shared() {
  static PostgresCluster cluster;
  return cluster;
}

PostgresCluster::PostgresCluster() : folder_(make_folder()) {
  const std::string data = folder_ + "/data";
  // Its input ends with this process, also when that is killed. Signals meant for the tests do not reach it.
  const std::string keeper = "trap '' INT TERM HUP; read -r _; kill $(cat " + folder_ +
                             "/pooler.pid 2>/dev/null) 2>/dev/null; " + as_unprivileged() + programs() + "pg_ctl -D " +
                             data + " -m immediate stop >/dev/null 2>&1; umount -l " + folder_ +
                             "/disk_* 2>/dev/null; rm -rf " + folder_;
  keeper_ = popen(keeper.c_str(), "we");
  if (keeper_ == nullptr) throw Error(ErrorCode::io, "cannot start a shell");
  if (geteuid() == 0 && std::system(("chown nobody:nogroup " + folder_).c_str()) != 0) {
    throw Error(ErrorCode::io, "cannot give away " + folder_);
  }
  // A language's order, as most databases have one: what holds here does not hold by luck.
  run(programs() + "initdb -D " + data +
      " -U tether -A trust -E UTF8 --locale=C.UTF-8 --locale-provider=icu --icu-locale=en-US "
      "--no-sync --no-instructions");
  std::ofstream(data + "/postgresql.conf", std::ios::app)
      << "listen_addresses = ''\nunix_socket_directories = '" << folder_ << "'\nmax_connections = 100\n"
      << "fsync = off\nfull_page_writes = off\nshared_buffers = 64MB\nautovacuum = off\n";
  start();
  sql::open_postgres(url("postgres"))->execute(std::string("CREATE DATABASE ") + k_tests);
}

PostgresCluster::~PostgresCluster() {
  if (keeper_ != nullptr) pclose(keeper_);  // waits until everything is gone
}

std::string PostgresCluster::new_schema() {
  const std::string name = "test_" + std::to_string(++made_);
  sql::open_postgres(url(k_tests))->execute("CREATE SCHEMA " + name);
  return url(k_tests) + "&options=-csearch_path%3D" + name;
}

std::string PostgresCluster::new_copy(const std::string& url_of_original) {
  const std::string end = url_of_original.substr(url_of_original.find('?'));
  const std::string original =
      url_of_original.substr(k_before_name.size(), url_of_original.size() - end.size() - k_before_name.size());
  const std::string name = "copy_" + std::to_string(++made_);
  sql::open_postgres(url("postgres"))->execute("CREATE DATABASE " + name + " TEMPLATE " + original);
  return std::string(k_before_name) + name + end;
}

std::string PostgresCluster::new_pooled_database() {
  if (!std::exchange(has_pooler_, true)) start_pooler();
  const std::string name = "pooled_" + std::to_string(++made_);
  sql::open_postgres(url("postgres"))->execute("CREATE DATABASE " + name);
  return url(name) + "&port=" + k_pooler_port;
}

/// Two connections to the server for any number of clients.
void PostgresCluster::start_pooler() {
  std::ofstream(folder_ + "/users") << "\"tether\" \"\"\n";
  std::ofstream(folder_ + "/pooler.ini") << "[databases]\n* = host=" << folder_
                                         << "\n[pgbouncer]\nlisten_addr =\nlisten_port = " << k_pooler_port
                                         << "\nunix_socket_dir = " << folder_
                                         << "\nauth_type = trust\nauth_file = " << folder_
                                         << "/users\nlogfile = " << folder_ << "/pooler.log\npidfile = " << folder_
                                         << "/pooler.pid\npool_mode = transaction\n"
                                         << "default_pool_size = 2\n";
  run("/usr/sbin/pgbouncer -q -d " + folder_ + "/pooler.ini");
}

std::string PostgresCluster::new_small_disk(int megabytes) {
  const std::string disk = folder_ + "/disk_" + std::to_string(++made_);
  run("mkdir " + disk);
  const std::string options = "size=" + std::to_string(megabytes) + "m,mode=0777";
  return ::mount("tmpfs", disk.c_str(), "tmpfs", 0, options.c_str()) == 0 ? disk : "";
}

std::string PostgresCluster::url(const std::string& database) const {
  return std::string(k_before_name) + database + "?host=" + folder_;
}

void PostgresCluster::stop(Stop how) {
  run(programs() + "pg_ctl -D " + folder_ + "/data -w -m " + (how == Stop::immediate ? "immediate" : "fast") + " stop");
}

void PostgresCluster::start() {
  run(programs() + "pg_ctl -D " + folder_ + "/data -l " + folder_ + "/log -w -t 60 start");
}

void PostgresCluster::run(const std::string& command) {
  const std::string said = folder_ + "/said";
  const std::string line = "cd " + folder_ + " && " + as_unprivileged() + command + " >" + said + " 2>&1";
  if (std::system(line.c_str()) != 0) {
    throw Error(ErrorCode::io, command + ": " + content(said) + content(folder_ + "/log"),
                "The tests need the packages postgresql and pgbouncer; scripts/install-deps --dev installs them.");
  }
}

}  // namespace tether::testing
