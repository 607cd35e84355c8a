// SPDX-License-Identifier: MIT
#include "bench.d/workshop.hpp"

#include <fmt/core.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace tether::bench {

void Workshop::remove(const std::string& database) const {
  for (const char* suffix : {"", "-wal", "-shm", "-sync", ".log"}) std::filesystem::remove(database + suffix);
}

std::string Workshop::new_client(std::string_view name, std::string_view server) const {
  const std::string file = path(std::string(name) + ".db");
  remove(file);
  Arguments init = {tether(), "--db", file, "init"};
  if (!server.empty()) init.insert(init.end(), {"--server", std::string(server)});
  run(init);
  return file;
}

std::string Workshop::new_store(std::string_view name) const {
  const std::string file = path(std::string(name) + ".db");
  remove(file);
  run({service(), "migrate", "--store", "sqlite:" + file});
  return file;
}

std::string Workshop::new_postgres(std::string_view name) const {
  run({"psql", "-q", postgres, "-c", fmt::format("DROP DATABASE IF EXISTS {}", name), "-c",
       fmt::format("CREATE DATABASE {}", name)});
  std::string url = postgres;
  const auto at = url.find("/postgres?");
  if (at == std::string::npos) throw std::runtime_error("--postgres must name the database `postgres`");
  url.replace(at + 1, std::string_view("postgres").size(), name);
  run({service(), "migrate", "--store", url});
  return url;
}

std::string Workshop::new_token(const std::string& store, int scope) const {
  std::string token =
      output_of({service(), "token", "create", "--store", store, "--scope", fmt::format("scope-{}", scope)});
  token.erase(token.find_last_not_of('\n') + 1);
  return token;
}

Service Workshop::serve(const std::string& store, const Arguments& more) const {
  static int served = 0;
  const bool is_url = store.find("://") != std::string::npos;
  return Service(service(), is_url ? store : "sqlite:" + store, path(fmt::format("service-{}.log", ++served)), more);
}

std::string Workshop::copy_client(const std::string& from, std::string_view name) const {
  const std::string file = path(std::string(name) + ".db");
  remove(file);
  std::filesystem::copy_file(from, file);
  run({tether(), "--db", file, "config", "--list"});
  return file;
}

std::string Workshop::lines(std::int64_t count) const {
  const std::string file = path(fmt::format("lines-{}.ndjson", count));
  if (std::filesystem::exists(file)) return file;
  std::ofstream out(file);
  for (std::int64_t row = 0; row < count; ++row) {
    out << fmt::format(
               R"({{"op":"create","model":"Task","payload":{{"title":"Check pump {0:07}","note":"The gauge of pump {0:07} was read on the )"
               R"(way to the gate, nothing to report","done":false,"priority":{1},"amount":{2}.25,"place":"Hall {3}","tags":"pump,gauge"}}}})",
               row, row % 5, row % 1000, row % 17)
        << '\n';
  }
  return file;
}

double Workshop::bare_ms(Arguments arguments) const {
  arguments.insert(arguments.begin(), self());
  return std::stod(output_of(arguments));
}

}  // namespace tether::bench
