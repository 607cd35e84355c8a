// SPDX-License-Identifier: MIT
#include "sql/postgres/opening.hpp"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "base/error.hpp"

namespace tether::sql {
namespace {

/// A message of Postgres' protocol: its type, its length, what it says.
std::string message(char type, const std::string& content) {
  const auto length = static_cast<std::uint32_t>(content.size() + 4);
  std::string text(1, type);
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(length >> shift & 0xff);
  return text + content;
}

std::string parameter(const std::string& name, const std::string& value) {
  return message('S', name + '\0' + value + '\0');
}

/// Lets one client in, as a Postgres of that version does.
class OtherPostgres {
 public:
  explicit OtherPostgres(const std::string& version) : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
    REQUIRE(::listen(listener_, 1) == 0);
    socklen_t size = sizeof(address);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, version] { let_in(version); });
  }
  ~OtherPostgres() {
    thread_.join();
    ::close(listener_);
  }
  OtherPostgres(const OtherPostgres&) = delete;
  OtherPostgres& operator=(const OtherPostgres&) = delete;

  std::string url() const { return "postgres://ann@127.0.0.1:" + std::to_string(port_) + "/x?sslmode=disable"; }

 private:
  void let_in(const std::string& version) const {
    const int client = ::accept(listener_, nullptr, nullptr);
    char request[1'000];
    const std::string no_password_needed = message('R', std::string(4, '\0'));
    const std::string ready = message('Z', "I");
    const std::string answer = no_password_needed + parameter("server_version", version) +
                               parameter("server_encoding", "UTF8") + parameter("client_encoding", "UTF8") + ready;
    if (::recv(client, request, sizeof(request), 0) > 0) ::send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
    while (::recv(client, request, sizeof(request), 0) > 0) {
    }
    ::close(client);
  }

  int listener_;
  int port_ = 0;
  std::thread thread_;
};

std::string failure_to_open(const std::string& version) {
  const OtherPostgres server(version);
  try {
    open_postgres(server.url());
  } catch (const Error& error) {
    const std::string said = error.what();
    return std::string(name(error.code())) + said.substr(said.find("/x: ") + 2) + "; " + error.hint();
  }
  return "it was opened";
}

TEST_CASE("a Postgres that is too old is refused") {
  CHECK(failure_to_open("9.6.24") == "usage: Postgres 9 is too old; Use Postgres 12 or later.");
  CHECK(failure_to_open("11.22") == "usage: Postgres 11 is too old; Use Postgres 12 or later.");
  CHECK(failure_to_open("12.0") == "it was opened");
  CHECK(failure_to_open("17.2 (Debian 17.2-1)") == "it was opened");
}

}  // namespace
}  // namespace tether::sql
