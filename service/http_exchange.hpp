// SPDX-License-Identifier: MIT
// One request on a connection: its head is read and checked here, httplib reads the body and writes the reply, a route
// answers, and one line is logged.
#pragma once

#include <mutex>
#include <string>

#include "base/log.hpp"
#include "base/random.hpp"
#include "base/ulid.hpp"
#include "service/connection.hpp"
#include "service/exchange.hpp"
#include "service/options.hpp"
#include "service/request_body.hpp"
#include "service/request_head.hpp"
#include "service/routes.hpp"

namespace tether::service {

class HttpExchanges final : private httplib::Server {
 public:
  HttpExchanges(const service::Options& options, Routes& routes, Log& log, Clock& clock);

  /// False when the connection is of no further use. `last`: the service stops, say so to the client.
  bool serve_one(Connection& connection, bool last);

 private:
  /// What handlers know of the request that their thread serves; httplib hands them its own request only.
  struct Current {
    Connection* connection;
    const RequestHead* head;
    Exchange* exchange;
    bool body_pending;  // not all of it was read: the connection cannot be used again
  };
  static thread_local Current* current_;

  bool serve_request(Connection& connection, const RequestHead& head, Exchange& exchange, bool last);
  void refuse_head(Connection& connection, Exchange& exchange, Connection::Head end, const std::string& why);
  HandlerResponse before_routing(const httplib::Request& request, httplib::Response& response);
  void answer_with_body(const Routes::Route& route, httplib::Response& response, const httplib::ContentReader& reader);
  Reply reply_to_broken_body(const RequestBody& body) const;
  std::optional<Reply> objection(const Routes::Route& route, const httplib::Request& request) const;
  void send(Reply reply, httplib::Response& response) const;
  std::string new_id();
  void write_log(const Exchange& exchange);

  const service::Options& options_;  // httplib has a function of that name
  Routes& routes_;
  Log& log_;
  BodyBudget budget_;
  std::mutex id_mutex_;
  SystemRandom random_;
  UlidSource ids_;
};

}  // namespace tether::service
