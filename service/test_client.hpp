// SPDX-License-Identifier: MIT
// For tests: a client that sends any bytes it likes.
#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <string_view>

namespace tether::service {

struct Answer {
  int status = 0;  // 0: the connection closed without an answer
  std::string head;
  std::string body;
  bool has(std::string_view header) const { return head.find(header) != std::string::npos; }
};

class Client {
 public:
  /// `receive_bytes`: how much may be on its way to this client before it reads; 0: as much as the system likes.
  explicit Client(int port, int receive_bytes = 0) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_bytes > 0) ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes));
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

}  // namespace tether::service
