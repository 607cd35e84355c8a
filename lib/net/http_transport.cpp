// SPDX-License-Identifier: MIT
#include "net/http_transport.hpp"

#include <httplib.h>
#include <openssl/err.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "net/answers.hpp"
#include "net/no_connection.hpp"
#include "net/resolve.hpp"
#include "net/url.hpp"
#include "net/watchdog.hpp"
#include "net/watched_client.hpp"

namespace tether::net {

namespace {

using std::chrono::steady_clock;

constexpr std::string_view k_preview = "/preview";

/// Writing to a connection that the server has closed must fail, not end the program; and `tether log | head` must
/// still end quietly. So SIGPIPE is held back for this thread and this call only.
class NoBrokenPipeSignal {
 public:
  NoBrokenPipeSignal() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoBrokenPipeSignal() {
    if (sigismember(&before_, SIGPIPE) == 0) {
      const timespec at_once{};
      while (sigtimedwait(&pipe_, nullptr, &at_once) == SIGPIPE) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoBrokenPipeSignal(const NoBrokenPipeSignal&) = delete;
  NoBrokenPipeSignal& operator=(const NoBrokenPipeSignal&) = delete;

 private:
  sigset_t pipe_;
  sigset_t before_;
};

/// A short way needs no compression: packing costs more than sending.
bool is_near(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

void check_options(const HttpOptions& options) {
  const auto is_plain = [](char c) { return c > ' ' && c < 127; };
  if (!std::ranges::all_of(options.token, is_plain)) {
    throw Error(ErrorCode::usage, "the token has a space, a line break or another character that no token has",
                "Copy it again, or check that the token file holds the token and nothing else.");
  }
  if (!options.ca_file.empty() && ::access(options.ca_file.c_str(), R_OK) != 0) {
    throw Error(ErrorCode::usage, "the certificate file '" + options.ca_file + "' cannot be read",
                "Name a PEM file with the certificates to trust.");
  }
}

class HttpTransport final : public replica::Transport {
 public:
  explicit HttpTransport(const HttpOptions& options)
      : options_(options), url_(parse_url(options.server)), watchdog_([this] { shut_down(); }) {
    check_options(options_);
    if (url_.tls) {
      auto client = watched_tls_client(url_.host, url_.port, watch_);
      if (!options_.ca_file.empty()) client->set_ca_cert_path(options_.ca_file);
      tls_client_ = client.get();
      client_ = std::move(client);
    } else {
      client_ = watched_client(url_.host, url_.port, watch_);
    }
    client_->set_keep_alive(true);
    client_->set_tcp_nodelay(true);
    client_->set_follow_location(false);
    client_->set_url_encode(false);
    client_->set_connection_timeout(connect_timeout());
    client_->set_read_timeout(options_.request_timeout);
    client_->set_write_timeout(options_.request_timeout);
    client_->set_socket_options([this](socket_t socket) { socket_ = socket; });
  }

  replica::Answer push(std::string_view body) override { return ask("POST", "/push", body); }
  replica::Answer pull(std::string_view body) override { return ask("POST", "/pull", body); }
  replica::Answer preview(std::string_view body) override { return ask("POST", k_preview, body); }
  replica::Answer info() override { return ask("GET", "/info", {}); }
  void cancel() override { watchdog_.cancel(); }

 private:
  httplib::Request request(const char* method, const std::string& path, std::string_view body) const;
  replica::Answer ask(const char* method, std::string_view end_of_path, std::string_view body);
  std::optional<replica::Unreachable> resolve_name();
  bool send(httplib::Request& request, httplib::Response& response, httplib::Error& error);
  replica::Answer failed(httplib::Error error, Watchdog::End end, const std::string& url, bool too_long);
  void refuse_no_http(const std::string& url) const;
  replica::Unreachable tls_failed(bool in_verification, const std::string& url);
  std::chrono::milliseconds connect_timeout() const {
    return std::min(options_.connect_timeout, options_.request_timeout);
  }
  void shut_down() {
    if (const int socket = socket_; socket >= 0) ::shutdown(socket, SHUT_RDWR);
  }

  HttpOptions options_;
  Url url_;
  AnswerWatch watch_;
  std::vector<std::string> addresses_;  // of the server, in the order to try them
  std::unique_ptr<httplib::ClientImpl> client_;
  httplib::SSLClient* tls_client_ = nullptr;
  std::atomic<int> socket_{-1};  // the newest one; shut down by the watchdog while a call is under way
  Watchdog watchdog_;
};

/// The body as it lies there: a batch may be large, and httplib would hold a copy of it. That it could not be sent
/// httplib knows by itself; false would mean that the caller wants no more.
void send_in_place(httplib::Request& request, std::string_view body) {
  request.content_length_ = body.size();
  request.content_provider_ = [body](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
    sink.write(body.data() + offset, length);
    return true;
  };
}

httplib::Request HttpTransport::request(const char* method, const std::string& path, std::string_view body) const {
  httplib::Request request;
  request.method = method;
  request.path = path;
  request.set_header("Accept", "application/json");
  request.set_header("Accept-Encoding", is_near(url_.host) ? "identity" : "gzip");
  request.set_header("User-Agent", "tether/" TETHER_VERSION);
  request.set_header("X-Tether-Client-Version", TETHER_VERSION);
  if (!options_.token.empty()) request.set_header("Authorization", "Bearer " + options_.token);
  if (request.method == "POST") request.set_header("Content-Type", "application/json");
  if (!body.empty()) send_in_place(request, body);
  return request;
}

/// httplib would read a negative length as one without end.
bool has_proper_length(const httplib::Response& response) {
  const std::string length = response.get_header_value("Content-Length");
  return std::ranges::all_of(length, [](char c) { return c >= '0' && c <= '9'; });
}

/// Before a new connection: httplib would ask for the name by itself, and wait without end.
std::optional<replica::Unreachable> HttpTransport::resolve_name() {
  if (client_->is_socket_open() != 0) return std::nullopt;
  socket_ = -1;  // the number may become that of a connection to a nameserver
  if (is_numeric_address(url_.host)) {
    addresses_ = {url_.host};
    return std::nullopt;
  }
  const auto found =
      resolve(url_.host, steady_clock::now() + connect_timeout(), [this] { return watchdog_.cancelled(); });
  if (!found) {
    return replica::Unreachable{
        "the name '" + url_.host + "' was not resolved within " + human_duration(connect_timeout()), {}, true};
  }
  if (found->numeric.empty()) {
    return replica::Unreachable{
        "the name '" + url_.host + "' cannot be resolved: " + found->failure, {}, /*worth_retrying=*/false};
  }
  addresses_ = found->numeric;
  return std::nullopt;
}

/// To the first address that takes the connection. Certificates are still held against the name.
bool HttpTransport::send(httplib::Request& request, httplib::Response& response, httplib::Error& error) {
  const auto deadline = steady_clock::now() + options_.request_timeout;
  for (const std::string& address : addresses_) {
    if (watchdog_.cancelled() || steady_clock::now() >= deadline) return false;
    client_->set_hostname_addr_map({{url_.host, address}});
    if (client_->send(request, response, error)) return true;
    if (error != httplib::Error::Connection && error != httplib::Error::ConnectionTimeout) return false;
  }
  return false;
}

replica::Answer HttpTransport::ask(const char* method, std::string_view end_of_path, std::string_view body) {
  const std::string path = url_.prefix + std::string(end_of_path);
  const std::string url = url_.text(path);
  httplib::Request request = this->request(method, path, body);
  std::string text;
  bool too_long = false;
  request.response_handler = has_proper_length;
  request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
    watch_.body_came();
    too_long = size > options_.reply_bytes_max - text.size();
    if (!too_long) text.append(data, size);
    return !too_long;
  };
  httplib::Response response;
  httplib::Error error = httplib::Error::Success;
  ERR_clear_error();
  watch_.begin();
  const NoBrokenPipeSignal quiet;
  watchdog_.begin(steady_clock::now() + options_.request_timeout);
  const auto nameless = resolve_name();
  const bool done = !nameless && send(request, response, error);
  const Watchdog::End end = watchdog_.end();
  if (nameless && end != Watchdog::End::cancelled) return *nameless;
  if (!done) return failed(error, end, url, too_long);
  if (response.status == 404 && end_of_path == k_preview) throw replica::NoPreview(url);
  HttpReply reply{response.status, std::move(text), response.get_header_value("Location"),
                  response.get_header_value("Retry-After")};
  return answer_of(std::move(reply), url, std::chrono::system_clock::now());
}

void HttpTransport::refuse_no_http(const std::string& url) const {
  const std::string hint = "Is this the address of a Tether server? Something else may answer there.";
  if (watch_.is_too_much()) {
    throw Error(ErrorCode::unexpected_reply,
                "the answer of " + url + " has more than " + std::to_string(AnswerWatch::k_bytes_max) +
                    " bytes without any of its body",
                hint);
  }
  if (watch_.is_no_http()) {
    throw Error(ErrorCode::unexpected_reply, "the answer of " + url + " is no proper HTTP", hint);
  }
}

replica::Answer HttpTransport::failed(httplib::Error error, Watchdog::End end, const std::string& url, bool too_long) {
  if (end == Watchdog::End::cancelled) return replica::Unreachable{"given up while waiting for " + url, {}, true};
  if (too_long) {
    throw replica::ReplyTooLong("the answer of " + url + " is longer than " + std::to_string(options_.reply_bytes_max) +
                                " bytes");
  }
  refuse_no_http(url);
  if (end == Watchdog::End::too_late) {
    return replica::Unreachable{
        "no answer from " + url + " within " + human_duration(options_.request_timeout), {}, true};
  }
  switch (error) {
    case httplib::Error::Connection:
      return why_no_connection(url_, addresses_.front());
    case httplib::Error::ConnectionTimeout:
      return replica::Unreachable{
          "no connection to " + url_.text() + " within " + human_duration(options_.connect_timeout), {}, true};
    case httplib::Error::SSLServerVerification:
      return tls_failed(/*in_verification=*/true, url);
    case httplib::Error::SSLConnection:
      return tls_failed(/*in_verification=*/false, url);
    case httplib::Error::SSLLoadingCerts:
      throw Error(ErrorCode::usage, "the certificate file '" + options_.ca_file + "' holds no certificates",
                  "Name a PEM file with the certificates to trust.");
    case httplib::Error::Write:
      return replica::Unreachable{"the connection to " + url + " closed while the request was being sent", {}, true};
    default:
      return replica::Unreachable{"the connection to " + url + " closed in the middle of the answer", {}, true};
  }
}

/// How OpenSSL says that something else than TLS came; which of them depends on its version and on the bytes.
bool is_no_tls(unsigned long code) {
  const int reason = ERR_GET_REASON(code);
  return ERR_GET_LIB(code) == ERR_LIB_SSL &&
         (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_PACKET_LENGTH_TOO_LONG);
}

replica::Unreachable HttpTransport::tls_failed(bool in_verification, const std::string& url) {
  if (in_verification) {
    const long result = tls_client_->get_openssl_verify_result();
    const std::string why = result == X509_V_OK ? "it is made out to another name than '" + url_.host + "'"
                                                : X509_verify_cert_error_string(result);
    return {"the certificate of " + url_.text() + " is not trusted: " + why, {}, /*worth_retrying=*/false};
  }
  const unsigned long code = ERR_peek_error();  // the first is the cause; later ones are of tidying up
  if (is_no_tls(code)) {
    throw Error(ErrorCode::unexpected_reply, "no encrypted connection to " + url_.text() + ": what answers is no TLS",
                "Does that port speak https? For one that does not, write http://.");
  }
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  if (reason == nullptr) return {"the connection to " + url + " closed while encryption was agreed upon", {}, true};
  return {"no encrypted connection to " + url_.text() + ": " + reason + " (does that port speak https?)", {}, false};
}

}  // namespace

std::unique_ptr<replica::Transport> http_transport(const HttpOptions& options) {
  return std::make_unique<HttpTransport>(options);
}

}  // namespace tether::net
