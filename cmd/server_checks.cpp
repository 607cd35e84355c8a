// SPDX-License-Identifier: MIT
#include "cmd/server_checks.hpp"

#include <algorithm>
#include <variant>

#include "cmd/sync_session.hpp"
#include "protocol/codec.hpp"
#include "replica/pull.hpp"

namespace tether::cmd {

namespace {

using replica::Answer;
using replica::Check;
using replica::CheckResult;

constexpr std::int64_t k_protocol = 1;
// The server takes no edit time later than its own now, and a slow clock loses conflicts that it should win.
constexpr std::chrono::minutes k_skew_usual{1};

Check auth_accepted(const Settings& settings) {
  const bool has_token = !settings.token().empty();
  return {"auth", CheckResult::ok,
          std::string("this client may push and pull") + (has_token ? " with its token" : ", without a token")};
}

std::string refused(const replica::Forbidden& forbidden) {
  return forbidden.reason + "; " + forbidden_hint(forbidden.reason);
}

/// The checks for an answer that is no reply; empty for a reply.
std::vector<Check> turned_away(const Answer& answer, const Settings& settings) {
  if (const auto* unreachable = std::get_if<replica::Unreachable>(&answer)) {
    return {{"server", CheckResult::warning, unreachable->reason + "; what is recorded stays here until it answers"}};
  }
  if (const auto* forbidden = std::get_if<replica::Forbidden>(&answer)) {
    return {{"server", CheckResult::ok, "answers at " + settings.server()},
            {"auth", CheckResult::failed, refused(*forbidden)}};
  }
  return {};
}

Check protocol_check(std::int64_t version) {
  if (version == k_protocol) return {"protocol", CheckResult::ok, "version 1"};
  return {
      "protocol", CheckResult::failed,
      "the server speaks version " + std::to_string(version) + ", this tether version 1: update the older of the two"};
}

/// Whether `answer` lets this client do `what`; nullopt when it does.
std::optional<Check> refusal(std::string_view what, const Answer& answer) {
  const std::string denied = "this client may not " + std::string(what) + ": ";
  if (const auto* forbidden = std::get_if<replica::Forbidden>(&answer)) {
    return Check{"auth", CheckResult::failed, denied + refused(*forbidden)};
  }
  if (const auto* unreachable = std::get_if<replica::Unreachable>(&answer)) {
    return Check{"auth", CheckResult::warning, "could not be asked: " + unreachable->reason};
  }
  return std::nullopt;
}

/// Asks as this client for both that a sync needs: a push of nothing, and a pull of which nothing is kept.
Check auth_check(replica::Exchange& exchange, replica::File& file, const Settings& settings) {
  protocol::PushRequest nothing;
  nothing.client_id = file.client_id();
  if (auto refused_push = refusal("push", exchange.ask(replica::Call::push, protocol::encode(nothing)))) {
    return *std::move(refused_push);
  }
  const std::string one_record = replica::next_pull_request(file, 1);
  if (auto refused_pull = refusal("pull", exchange.ask(replica::Call::pull, one_record))) {
    return *std::move(refused_pull);
  }
  return auth_accepted(settings);
}

std::vector<Check> described(const protocol::ServerInfo& info, const Settings& settings, Instant here) {
  const auto skew = std::chrono::duration_cast<std::chrono::milliseconds>(from_us(info.server_time_us) - here);
  return {{"server", CheckResult::ok, info.name + " " + info.version + " at " + settings.server()},
          protocol_check(info.protocol),
          clock_check(skew)};
}

/// The original server says nothing about itself: whether it is one shows in how it answers a pull, of which nothing is
/// kept.
Answer answer_to_pull(replica::Exchange& exchange, replica::File& file) {
  protocol::PullRequest request;
  request.client_id = file.client_id();
  request.limit = 1;
  return exchange.ask(replica::Call::pull, protocol::encode(request));
}

std::vector<Check> known_by_pull(const Answer& answer, const Settings& settings) {
  if (auto checks = turned_away(answer, settings); !checks.empty()) return checks;
  protocol::decode_pull_reply(std::get<replica::Reply>(answer).body);
  return {{"server", CheckResult::ok, "answers at " + settings.server() + ", and says nothing about itself"},
          protocol_check(k_protocol),
          {"auth", CheckResult::ok, "this client may pull"}};
}

std::vector<Check> asked(Context& context, replica::File& file, const Settings& settings) {
  const auto connection = context.connect(settings);
  replica::Exchange& exchange = connection->exchange();
  const Instant sent = context.clock().now();
  std::vector<Check> checks;
  try {
    const Answer answer = exchange.ask(replica::Call::info, "");
    const Instant received = context.clock().now();
    if (auto away = turned_away(answer, settings); !away.empty()) return away;
    const auto info = protocol::decode_server_info(std::get<replica::Reply>(answer).body);
    checks = described(info, settings, sent + (received - sent) / 2);
  } catch (const Error& e) {
    if (e.code() != ErrorCode::unexpected_reply) throw;
    const Answer answer = answer_to_pull(exchange, file);
    if (std::holds_alternative<replica::Unreachable>(answer)) throw;  // it does answer, only nothing that makes sense
    return known_by_pull(answer, settings);
  }
  checks.push_back(auth_check(exchange, file, settings));
  return checks;
}

}  // namespace

Check clock_check(std::chrono::milliseconds skew) {
  const std::chrono::milliseconds size = std::max(skew, -skew);
  if (size <= k_skew_usual) return {"clock", CheckResult::ok, human_duration(size) + " from the server's"};
  return {"clock", CheckResult::warning,
          "this machine is " + human_duration(size) + (skew.count() > 0 ? " behind" : " ahead of") +
              " the server: set its clock, for conflicts are decided by time"};
}

std::vector<Check> check_server(Context& context, replica::File& file, const SettingValues& flags) {
  SettingValues once = flags;
  once["retry-for"] = "0s";  // a doctor does not wait for better times
  try {
    const Settings settings = context.settings(file, once);
    if (settings.text("server").empty()) {
      return {{"server", CheckResult::warning, "none is set; `tether config server URL` sets one"}};
    }
    return asked(context, file, settings);
  } catch (const Error& e) {  // to a doctor a fault is a finding
    if (e.code() == ErrorCode::interrupted) throw;
    return {{"server", CheckResult::failed, std::string(e.what()) + (e.hint().empty() ? "" : "; " + e.hint())}};
  }
}

}  // namespace tether::cmd
