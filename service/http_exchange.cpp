// SPDX-License-Identifier: MIT
#include "service/http_exchange.hpp"

#include <httplib.h>

#include <mutex>

#include "base/ulid.hpp"
#include "service/error_reply.hpp"
#include "service/exchange.hpp"
#include "service/gzip.hpp"
#include "service/remote_address.hpp"
#include "service/request_body.hpp"
#include "service/request_head.hpp"

namespace tether::service {

namespace {

constexpr int k_retry_body_s = 1;
// For bodies of usual size, beside one of the largest that is allowed.
constexpr std::size_t k_small_bodies_bytes = 2 * 1024 * 1024;
constexpr std::size_t k_path_logged_max = 200;

// Nothing that is served is a page; these keep a browser from making one of it.
const httplib::Headers k_headers = {{"X-Content-Type-Options", "nosniff"},
                                    {"X-Frame-Options", "DENY"},
                                    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
                                    {"Referrer-Policy", "no-referrer"},
                                    {"Cache-Control", "no-store"}};

std::string_view code_of(int status) {
  switch (status) {
    case 404:
      return "not_found";
    case 405:
      return "method_not_allowed";
    case 414:
      return "too_large";
    default:
      return status < 500 ? "invalid_input" : "internal";
  }
}

bool is_json(std::string_view media_type) {
  return media_type.empty() || media_type == "application/json" || media_type == "text/json" ||
         media_type.ends_with("+json");
}

/// A connection as httplib wants it.
class Stream final : public httplib::Stream {
 public:
  explicit Stream(Connection& connection) : connection_(connection) {}
  bool is_readable() const override { return true; }
  bool is_writable() const override { return !connection_.is_broken(); }
  ssize_t read(char* data, std::size_t size) override { return connection_.read(data, size); }
  ssize_t write(const char* data, std::size_t size) override { return connection_.write(data, size); }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return 0; }  // httplib refuses high descriptors, as it would select() on them

 private:
  Connection& connection_;
};

}  // namespace

class HttpExchanges::Http final : private httplib::Server {
 public:
  Http(const service::Options& options, Routes& routes, Log& log, Clock& clock, Random& random);

  bool serve_one(Connection& connection, bool last);

 private:
  /// What handlers know of the request that their thread serves; httplib hands them its own request only.
  struct Current {
    Connection* connection;
    const RequestHead* head;
    Exchange* exchange;
    bool cleared;              // nothing is to be said against it before its body is read
    bool body_pending;         // not all of it was read: the connection cannot be used again
    ReplyBudget::Loan memory;  // of the reply, until it has left
  };
  static thread_local Current* current_;

  bool serve_request(Connection& connection, const RequestHead& head, Exchange& exchange, bool last);
  void refuse_head(Connection& connection, Exchange& exchange, Connection::Head end, const std::string& why);
  HandlerResponse before_routing(const httplib::Request& request, httplib::Response& response);
  bool receive(RequestBody& body, const httplib::ContentReader& reader) const;
  void answer_with_body(const Routes::Route& route, httplib::Response& response, const httplib::ContentReader& reader);
  Reply reply_to_broken_body(const RequestBody& body) const;
  std::optional<Reply> objection(const Routes::Route& route, const httplib::Request& request);
  std::optional<Reply> objection_to_body() const;
  void send(Reply reply, httplib::Response& response) const;
  std::string new_id();
  void write_log(const Exchange& exchange);

  const service::Options& options_;  // httplib has a function of that name
  Routes& routes_;
  Log& log_;
  BodyBudget budget_;
  std::mutex id_mutex_;
  Clock& clock_;
  UlidSource ids_;
};

thread_local HttpExchanges::Http::Current* HttpExchanges::Http::current_ = nullptr;

HttpExchanges::Http::Http(const service::Options& options, Routes& routes, Log& log, Clock& clock, Random& random)
    : options_(options),
      routes_(routes),
      log_(log),
      budget_(options.limits.body_bytes_max, k_small_bodies_bytes),
      clock_(clock),
      ids_(clock, random) {
  set_default_headers(k_headers);
  set_keep_alive_timeout(std::chrono::duration_cast<std::chrono::seconds>(options.idle_time).count());
  set_keep_alive_max_count(1'000'000);  // only told to clients: there is no bound, as an idle connection is cheap
  set_pre_routing_handler([this](const auto& request, auto& response) { return before_routing(request, response); });
  set_expect_100_continue_handler([this](const httplib::Request& request, httplib::Response& response) {
    const Routes::Route* route = routes_.at(request.path);
    auto refusal = route == nullptr ? std::nullopt : objection(*route, request);
    if (!refusal) return 100;
    send(std::move(*refusal), response);
    return response.status;
  });
  set_error_handler(Handler([this](const httplib::Request&, httplib::Response& response) {
    if (!response.body.empty()) return;
    const std::string& id = current_->exchange->request_id;
    send(error_reply(response.status, code_of(response.status), "the request is malformed", id), response);
  }));
  set_exception_handler([this](const auto&, httplib::Response& response, const std::exception_ptr& fault) {
    send(reply_to_fault(fault, current_->exchange->request_id), response);
  });
  set_post_routing_handler([](const auto&, httplib::Response& response) {
    response.set_header("X-Request-Id", current_->exchange->request_id);
    if (!current_->body_pending) return;
    response.headers.erase("Keep-Alive");
    response.set_header("Connection", "close");
  });
  set_logger([](const auto&, const httplib::Response& response) {
    current_->exchange->status = response.status;
    current_->exchange->bytes_out = static_cast<std::int64_t>(response.body.size());
  });
  for (const Routes::Route& route : routes.all()) {
    if (route.method != "POST") continue;
    Post(route.path, [this, &route](const auto&, httplib::Response& response, const httplib::ContentReader& reader) {
      answer_with_body(route, response, reader);
    });
  }
}

bool HttpExchanges::Http::serve_one(Connection& connection, bool last) {
  std::string raw;
  const Connection::Head end = connection.receive_head(raw, options_.header_time);
  Exchange exchange;
  std::string why;
  std::optional<RequestHead> head;
  if (end == Connection::Head::closed) return false;
  exchange.received = clock_.now();
  if (end == Connection::Head::complete) head = read_head(raw, why);
  const Counted under_way(routes_.counters().requests_under_way);
  exchange.remote = remote_address(connection.remote_ip(), head ? head->forwarded_for : "", options_.proxies);
  exchange.request_id = head && !head->request_id.empty() ? head->request_id : new_id();
  bool usable = false;
  if (head) {
    usable = serve_request(connection, *head, exchange, last);
  } else {
    refuse_head(connection, exchange, end, why);
  }
  if (!connection.flush()) usable = false;
  write_log(exchange);
  if (!usable) connection.linger();
  return usable;
}

bool HttpExchanges::Http::serve_request(Connection& connection, const RequestHead& head, Exchange& exchange,
                                        bool last) {
  exchange.method = head.method;
  exchange.route = head.path.substr(0, k_path_logged_max);
  exchange.client_version = head.client_version;
  Current current{&connection, &head, &exchange, /*cleared=*/false, head.has_body(), {}};
  current_ = &current;
  connection.replay(head.text, std::chrono::steady_clock::now() + options_.request_time);
  bool closed = false;
  const bool close_connection = last || head.wants_close;
  Stream stream(connection);
  const bool answered = process_request(stream, close_connection, closed, nullptr);
  current_ = nullptr;
  return answered && !closed && !close_connection && !current.body_pending;
}

void HttpExchanges::Http::refuse_head(Connection& connection, Exchange& exchange, Connection::Head end,
                                      const std::string& why) {
  const bool too_long = end == Connection::Head::too_long;
  const bool too_late = end == Connection::Head::too_late;
  const int status = too_long ? 431 : too_late ? 408 : 400;
  const std::string message = too_long   ? "the head of the request is too long"
                              : too_late ? "the head of the request did not arrive in time"
                                         : why;
  const std::string_view phrase = too_long   ? "Request Header Fields Too Large"
                                  : too_late ? "Request Timeout"
                                             : "Bad Request";
  const Reply reply = error_reply(status, too_long ? "too_large" : "invalid_input", message, exchange.request_id);
  std::string text = "HTTP/1.1 " + std::to_string(status) + " " + std::string(phrase) +
                     "\r\nConnection: close\r\nContent-Type: application/json\r\nX-Request-Id: " + exchange.request_id +
                     "\r\nContent-Length: " + std::to_string(reply.body.size()) + "\r\n";
  for (const auto& [name, value] : k_headers) text += name + ": " + value + "\r\n";
  text += "\r\n" + reply.body;
  connection.write(text.data(), text.size());
  exchange.status = status;
  exchange.error_code = reply.error_code;
  exchange.bytes_out = static_cast<std::int64_t>(reply.body.size());
}

/// What can be said against a request before its body is read. Asked twice where it says `Expect: 100-continue`.
std::optional<Reply> HttpExchanges::Http::objection(const Routes::Route& route, const httplib::Request& request) {
  if (current_->cleared) return std::nullopt;
  const std::string& id = current_->exchange->request_id;
  const bool reads = request.method == "HEAD" || request.method == "GET";
  if (request.method != route.method && !(reads && route.method == "GET")) {
    Reply reply =
        error_reply(405, "method_not_allowed", route.path + " takes " + std::string(route.method) + " only", id);
    reply.allow = route.method;
    return reply;
  }
  auto refusal = routes_.refuse(route, current_->head->authorization, *current_->exchange);
  if (!refusal && route.method == "POST") refusal = objection_to_body();
  current_->cleared = !refusal;
  return refusal;
}

std::optional<Reply> HttpExchanges::Http::objection_to_body() const {
  const RequestHead& head = *current_->head;
  const std::string& id = current_->exchange->request_id;
  if (!is_json(head.content_type)) {
    return error_reply(415, "invalid_input", "the body must be application/json, not " + head.content_type, id);
  }
  if (!head.content_encoding.empty() && head.content_encoding != "gzip" && head.content_encoding != "identity") {
    return error_reply(415, "invalid_input", "the only Content-Encoding known is gzip", id);
  }
  if (head.content_length.value_or(0) > options_.limits.body_bytes_max) {
    const std::string most = std::to_string(options_.limits.body_bytes_max);
    return error_reply(413, "too_large", "the body is longer than " + most + " bytes; send fewer mutations at once",
                       id);
  }
  return std::nullopt;
}

httplib::Server::HandlerResponse HttpExchanges::Http::before_routing(const httplib::Request& request,
                                                                     httplib::Response& response) {
  const Routes::Route* route = routes_.at(request.path);
  if (route == nullptr) {
    send(error_reply(404, "not_found", "there is nothing at this path", current_->exchange->request_id), response);
  } else if (auto refusal = objection(*route, request)) {
    send(std::move(*refusal), response);
  } else if (route->method == "GET") {
    send(routes_.answer(*route, {}, *current_->exchange), response);
  } else {
    return HandlerResponse::Unhandled;
  }
  return HandlerResponse::Handled;
}

bool HttpExchanges::Http::receive(RequestBody& body, const httplib::ContentReader& reader) const {
  const auto add = [&](const char* data, std::size_t size) { return body.add(data, size); };
  if (current_->head->content_encoding != "gzip") return reader(add);
  Gunzip gunzip;
  return reader([&](const char* data, std::size_t size) { return gunzip.add(data, size, add); }) &&
         gunzip.is_complete();
}

void HttpExchanges::Http::answer_with_body(const Routes::Route& route, httplib::Response& response,
                                           const httplib::ContentReader& reader) {
  RequestBody body(options_.limits.body_bytes_max, budget_);
  const RequestHead& head = *current_->head;
  if (head.content_length && head.content_encoding.empty()) body.expect(*head.content_length);
  const bool complete = receive(body, reader);
  current_->exchange->bytes_in = static_cast<std::int64_t>(body.text().size());
  if (!complete || body.state() != RequestBody::State::sound) {
    current_->body_pending = true;
    send(reply_to_broken_body(body), response);
    return;
  }
  current_->body_pending = false;
  send(routes_.answer(route, body.take(), *current_->exchange), response);
}

Reply HttpExchanges::Http::reply_to_broken_body(const RequestBody& body) const {
  const std::string& id = current_->exchange->request_id;
  if (body.state() == RequestBody::State::too_large) {
    const std::string most = std::to_string(options_.limits.body_bytes_max);
    return error_reply(413, "too_large", "the body is longer than " + most + " bytes; send fewer mutations at once",
                       id);
  }
  if (body.state() == RequestBody::State::no_room) {
    Reply reply = error_reply(503, "busy", "too many large requests at once", id);
    reply.retry_after_s = k_retry_body_s;
    return reply;
  }
  if (current_->connection->timed_out()) {
    return error_reply(408, "invalid_input", "the body did not arrive in time", id);
  }
  return error_reply(400, "invalid_input", "the body ends early, or is not chunked or packed as its headers say", id);
}

void HttpExchanges::Http::send(Reply reply, httplib::Response& response) const {
  response.status = reply.status;
  current_->exchange->error_code = reply.error_code;
  current_->exchange->fault = reply.fault;
  if (reply.retry_after_s > 0) response.set_header("Retry-After", std::to_string(reply.retry_after_s));
  if (!reply.authenticate.empty()) response.set_header("WWW-Authenticate", reply.authenticate);
  if (!reply.allow.empty()) response.set_header("Allow", reply.allow);
  response.set_header("Content-Type", reply.content_type);
  if (current_->head != nullptr && current_->head->accepts_gzip && reply.body.size() >= k_gzip_bytes_min) {
    response.set_header("Content-Encoding", "gzip");
    response.set_header("Vary", "Accept-Encoding");
    response.body = gzipped(reply.body);
  } else {
    response.body = std::move(reply.body);
  }
  reply.memory.resize(response.body.size());
  current_->memory = std::move(reply.memory);
}

std::string HttpExchanges::Http::new_id() {
  const std::lock_guard lock(id_mutex_);
  return ids_.next().text();
}

void HttpExchanges::Http::write_log(const Exchange& exchange) {
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - exchange.started;
  routes_.counters().count_request(exchange.route, exchange.status, took);
  const LogLevel level = exchange.status >= 500 ? LogLevel::error : LogLevel::info;
  log_.write(level, "request",
             {{"request_id", exchange.request_id},
              {"method", exchange.method},
              {"route", exchange.route},
              {"status", std::int64_t{exchange.status}},
              {"duration_ms", took.count()},
              {"remote", exchange.remote},
              {"scope", exchange.scope},
              {"token", exchange.token},
              {"client", exchange.client},
              {"client_version", exchange.client_version},
              {"applied", exchange.applied},
              {"rejected", exchange.rejected},
              {"conflicts", exchange.conflicts},
              {"rows", exchange.rows},
              {"bytes_in", exchange.bytes_in},
              {"bytes_out", exchange.bytes_out},
              {"error_code", exchange.error_code},
              {"fault", exchange.fault}});
}

HttpExchanges::HttpExchanges(const Options& options, Routes& routes, Log& log, Clock& clock, Random& random)
    : http_(std::make_unique<Http>(options, routes, log, clock, random)) {}

HttpExchanges::~HttpExchanges() = default;

bool HttpExchanges::serve_one(Connection& connection, bool last) {
  return http_->serve_one(connection, last);
}

}  // namespace tether::service
