// SPDX-License-Identifier: MIT
// For tests: a client that sends any bytes it likes, and a service in this process on a port of its own.
#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "authority/store.hpp"
#include "base/random.hpp"
#include "service/gzip.hpp"
#include "service/server.hpp"
#include "service/store.hpp"

namespace tether::service {

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tether-service-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

struct Answer {
  int status = 0;  // 0: the connection closed without an answer
  std::string head;
  std::string body;
  bool has(std::string_view header) const { return head.find(header) != std::string::npos; }
};

class Client {
 public:
  explicit Client(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
    const timeval patience{10, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  }
  ~Client() {
    if (socket_ >= 0) ::close(socket_);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// False when the other side no longer reads.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  Answer receive(bool head_only = false) {
    Answer answer;
    std::size_t end = std::string::npos;
    while ((end = in_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return answer;
    }
    answer.head = in_.substr(0, end + 4);
    answer.status = std::stoi(answer.head.substr(9, 3));
    in_.erase(0, end + 4);
    const std::size_t at = answer.head.find("Content-Length: ");
    const std::size_t length = at == std::string::npos || head_only ? 0 : std::stoul(answer.head.substr(at + 16));
    while (in_.size() < length) {
      if (!more()) return {};
    }
    answer.body = in_.substr(0, length);
    in_.erase(0, length);
    return answer;
  }

  Answer ask(std::string_view bytes) {
    send(bytes);
    return receive();
  }
  Answer get(const std::string& path) { return ask("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n"); }
  Answer post(const std::string& path, std::string_view body, const std::string& headers = {}) {
    return ask("POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
               headers + "\r\n" + std::string(body));
  }
  /// True once the service has closed the connection.
  bool closed() {
    char byte;
    return ::recv(socket_, &byte, 1, 0) <= 0;
  }

 private:
  bool more() {
    char buffer[16 * 1024];
    const ssize_t received = ::recv(socket_, buffer, sizeof(buffer), 0);
    if (received > 0) in_.append(buffer, static_cast<std::size_t>(received));
    return received > 0;
  }

  int socket_;
  std::string in_;
};

/// A push of `count` creates whose ids begin at `first`.
inline std::string push_of(int count, int first = 0, const std::string& payload = R"({"title":"pump"})") {
  std::string body = R"({"client_id":"ann","mutations":[)";
  for (int i = first; i < first + count; ++i) {
    const std::string digits = std::to_string(i);
    const std::string id = "01K" + std::string(23 - digits.size(), '0') + digits;
    if (i > first) body += ',';
    body += R"({"mutation_id":")" + id + R"(","entity_id":")" + id +
            R"(","model":"Task","operation":"create","payload":)" + payload +
            R"(,"version":1,"timestamp":1763757000123})";
  }
  return body + "]}";
}

class TestService {
 public:
  explicit TestService(const std::function<void(Options&)>& change = {}) {
    options.port = 0;
    options.store_path = folder.file("store.db");
    if (change) change(options);
    authority::migrate(*open_store(options, sql::Open::create));
    authority_ = std::make_unique<authority::Authority>(clock_, random_,
                                                        authority::Options{options.strict_duplicates, options.limits});
    pool = std::make_unique<StorePool>([this] { return open_store(options, sql::Open::existing); }, options.readers,
                                       options.pool_wait);
    routes_ = std::make_unique<Routes>(options, *authority_, *pool, clock_);
    server = std::make_unique<Server>(options, *routes_, log_, clock_);
    thread_ = std::thread([this] { server->run(); });
  }
  ~TestService() { stop(); }
  void stop() {
    server->stop();
    if (thread_.joinable()) thread_.join();
  }
  int port() const { return server->address().port; }
  std::string logged() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

  Folder folder;
  Options options;
  std::unique_ptr<StorePool> pool;
  std::unique_ptr<Server> server;

 private:
  SystemClock clock_;
  SystemRandom random_;
  std::mutex mutex_;
  std::string lines_;
  Log log_{clock_, LogFormat::json, [this](std::string_view line) {
             const std::lock_guard lock(mutex_);
             (lines_ += line) += '\n';
           }};
  std::unique_ptr<authority::Authority> authority_;
  std::unique_ptr<Routes> routes_;
  std::thread thread_;
};

}  // namespace tether::service
