// SPDX-License-Identifier: MIT
#include "service/routes.hpp"

#include <algorithm>
#include <utility>

#include "authority/store.hpp"
#include "base/error.hpp"
#include "protocol/codec.hpp"
#include "service/error_reply.hpp"
#include "service/store.hpp"

namespace tether::service {

namespace {

constexpr int k_retry_when_ready_s = 5;
// Full pages on their way out while every reader makes the next one; usual pages are a tenth of that.
constexpr std::size_t k_pages_leaving = 2;
constexpr std::size_t k_refusal_bytes = 160;  // of the answer to a malformed mutation, which may be shorter than that

Reply ok(std::string body, ReplyBudget::Loan memory = {}) {
  memory.resize(body.size());
  Reply reply;
  reply.body = std::move(body);
  reply.memory = std::move(memory);
  return reply;
}

/// The longest page: it ends after the row that made it long enough.
std::size_t page_bytes(const Options& options) {
  return options.limits.page_bytes_max + options.limits.payload_bytes_max;
}

Reply not_ready(std::string_view message, std::string fault, const Exchange& exchange) {
  Reply reply = error_reply(503, "not_ready", message, exchange.request_id);
  reply.retry_after_s = k_retry_when_ready_s;
  reply.fault = std::move(fault);
  return reply;
}

std::vector<std::string> paths_of(std::span<const Routes::Route> routes) {
  std::vector<std::string> paths;
  for (const Routes::Route& route : routes) paths.push_back(route.path);
  return paths;
}

void tell(const protocol::PushReply& reply, Exchange& exchange) {
  exchange.applied = std::ssize(reply.applied);
  exchange.rejected = std::ssize(reply.rejected);
  exchange.conflicts = std::ssize(reply.conflicts);
}

}  // namespace

Routes::Routes(const Options& options, authority::Authority& authority, StorePool& pool, DeviceBook& devices,
               Clock& clock, Random& random, const JwtKeys* jwt_keys)
    : options_(options),
      authority_(authority),
      pool_(pool),
      devices_(devices),
      clock_(clock),
      pushes_([this](const Scope& scope, std::span<authority::Submission* const> together) { apply(scope, together); },
              {.mutations_max = options.group_mutations, .wait = options.pool_wait}),
      replies_((options.readers + k_pages_leaving) * page_bytes(options), options.pool_wait),
      gate_(options, jwt_keys, pool, clock, random),
      routes_({{options.prefix + "/push", "POST", &Routes::push, Access::push},
               {options.prefix + "/preview", "POST", &Routes::preview, Access::push},
               {options.prefix + "/pull", "POST", &Routes::pull, Access::pull},
               {options.prefix + "/info", "GET", &Routes::info, Access::any_token},
               {"/healthz", "GET", &Routes::healthz, Access::everyone},
               {"/readyz", "GET", &Routes::readyz, Access::everyone},
               {"/metrics", "GET", &Routes::metrics, Access::metrics}}),
      metrics_(paths_of(routes_)) {}

const Routes::Route* Routes::at(std::string_view path) const {
  const auto found = std::ranges::find(routes_, path, &Route::path);
  return found == routes_.end() ? nullptr : &*found;
}

Reply Routes::answer(const Route& route, std::string&& body, Exchange& exchange) {
  try {
    return (this->*route.answer)(std::move(body), exchange);
  } catch (...) {
    return reply_to_fault(std::current_exception(), exchange.request_id);
  }
}

Reply Routes::push(std::string&& body, Exchange& exchange) {
  const protocol::PushRequest request = protocol::decode_push_request(body, options_.limits);
  exchange.client = request.client_id.value;
  if (auto refusal = gate_.refuse_client(request.client_id, exchange)) return std::move(*refusal);
  const Scope scope{exchange.scope};
  auto memory = memory_for_push(body, request);
  std::string().swap(body);  // its mutations are read: they need not be held twice while others are waited for
  authority::Submission submission(request, exchange.received, exchange.claims);
  authority_.foresee_questions(submission);
  do {
    authority_.ask(submission);
    pushes_.push(scope, submission);
  } while (submission.verdicts->has_open_questions());
  tell(submission.reply, exchange);
  devices_.saw_push(scope, request.client_id, to_ms(clock_.now()));
  metrics_.count_push(request, submission.reply);
  return ok(protocol::encode(submission.reply), std::move(memory));
}

/// Those that programs have to be asked about first are left for it, and nobody waits for them.
void Routes::apply(const Scope& scope, std::span<authority::Submission* const> together) {
  std::vector<authority::Submission*> rest(together.begin(), together.end());
  bool decided = false;
  while (!decided && !rest.empty()) {
    pool_.write([&](sql::Database& database) { decided = authority_.push(database, scope, rest); }, scope.value);
    std::erase_if(rest, [](const auto* submission) { return submission->verdicts->has_open_questions(); });
  }
}

/// What would become of a push now. It is no push: nothing is counted as one.
Reply Routes::preview(std::string&& body, Exchange& exchange) {
  const protocol::PushRequest request = protocol::decode_push_request(body, options_.limits);
  exchange.client = request.client_id.value;
  if (auto refusal = gate_.refuse_client(request.client_id, exchange)) return std::move(*refusal);
  auto memory = memory_for_push(body, request);
  authority::Submission submission(request, exchange.received, exchange.claims);
  authority_.foresee_questions(submission);
  const Scope scope{exchange.scope};
  bool decided = false;
  while (!decided) {
    authority_.ask(submission);
    pool_.read([&](sql::Database& database) { decided = authority_.preview(database, scope, submission); });
  }
  tell(submission.reply, exchange);
  submission.reply.preview = true;
  return ok(protocol::encode(submission.reply), std::move(memory));
}

/// Ids and revs are shorter than the mutations that they answer; copies of conflicting records may not be.
ReplyBudget::Loan Routes::memory_for_push(std::string_view body, const protocol::PushRequest& request) {
  const std::size_t refusals = request.malformed.size() * k_refusal_bytes;
  return replies_.take(std::min(body.size() + refusals, page_bytes(options_)));
}

Reply Routes::pull(std::string&& body, Exchange& exchange) {
  const protocol::PullRequest request = protocol::decode_pull_request(body, options_.limits);
  exchange.client = request.client_id.value;
  if (auto refusal = gate_.refuse_other_client(request.client_id, exchange)) return std::move(*refusal);
  const Scope scope{exchange.scope};
  auto memory = replies_.take(page_bytes(options_));
  authority::Authority::Page page;
  pool_.read([&](sql::Database& database) { page = authority_.pull(database, scope, request, exchange.claims); });
  if (page.is_revoked) return gate_.refuse_revoked(exchange);
  exchange.rows = page.rows;
  devices_.saw_pull(scope, request.client_id, to_ms(clock_.now()), page.cursor);
  metrics_.count_page(page.rows);
  return ok(std::move(page.text), std::move(memory));
}

Reply Routes::info(std::string&&, Exchange&) {
  protocol::ServerInfo info;
  info.name = "tether-service";
  info.version = TETHER_VERSION;
  info.protocol = 1;
  info.extensions = {"base_rev", "before", "sent_at", "revs", "merged", "limit",   "cursor", "epoch",
                     "skip_own", "models", "fresh",   "full", "reset",  "horizon", "view",   "preview"};
  info.server_time_us = to_us(clock_.now());
  return ok(protocol::encode(info, options_.limits));
}

Reply Routes::healthz(std::string&&, Exchange&) {
  return ok(R"({"status":"alive"})");
}

Reply Routes::readyz(std::string&&, Exchange& exchange) {
  if (draining_) return not_ready("the service stops", {}, exchange);
  int version = 0;
  bool read_only = false;
  std::string fault;
  try {
    pool_.read([&](sql::Database& database) {
      version = authority::schema_version(database);
      read_only = is_read_only(options_, database);
    });
  } catch (const Error& error) {
    fault = error.what();
  }
  if (read_only) {
    return not_ready("the store is read only", options_.store_path + " is a standby, or was set to read only",
                     exchange);
  }
  // A later version only adds: while its replicas replace these one by one, all of them serve.
  if (version >= authority::k_schema_version) return ok(R"({"status":"ready"})");
  const std::string_view message = fault.empty() ? "the store is not migrated" : "the store cannot be read";
  return not_ready(message, std::move(fault), exchange);
}

Reply Routes::metrics(std::string&&, Exchange&) {
  std::vector<Metrics::Pool> pools;
  for (const auto& [name, access] : {std::pair("write", sql::Access::write), std::pair("read", sql::Access::read)}) {
    const StorePool::Usage usage = pool_.usage(access);
    pools.push_back({.access = name, .lent = usage.lent, .free = usage.free, .waiting = usage.waiting});
  }
  Reply reply = ok(metrics_.text(pools, pushes_.waiting()));
  reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
  return reply;
}

}  // namespace tether::service
