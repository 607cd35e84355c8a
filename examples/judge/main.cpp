// SPDX-License-Identifier: MIT
// A service of one's own in a few lines: the authority on an embedded store, with conflicts decided in C++. Of two fees
// that were edited without knowing of each other, the larger one stands.
#include <charconv>
#include <filesystem>
#include <iostream>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "authority/authority.hpp"
#include "authority/judge.hpp"
#include "authority/store.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "protocol/codec.hpp"
#include "protocol/payload.hpp"
#include "rules/models.hpp"
#include "sql/sqlite.hpp"

namespace {

using namespace tether;

/// As service/MODELS.md describes it. The resolver is no program here, but a name: this judge knows one only.
constexpr char k_models[] = R"({"models": {"Fee": {"conflict": "exec", "resolver": ["larger-amount"]}}})";

class LargerAmount final : public authority::Judge {
 public:
  std::vector<rules::Verdict> decide(std::span<const authority::Case> cases) override {
    std::vector<rules::Verdict> verdicts;
    for (const authority::Case& one : cases) verdicts.push_back(verdict(one.question));
    return verdicts;
  }

 private:
  static rules::Verdict verdict(const rules::Question& question) {
    if (amount(question.ours) > amount(question.theirs)) return rules::Apply{question.ours};
    return rules::Keep{};
  }
  static double amount(std::string_view fee) {
    const std::string_view text = protocol::find_member(fee, "amount");
    double number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
  }
};

/// The body of POST /tether/push: one edit by `client`, who had seen revision `base_rev` of the fee F1.
std::string push_of(const std::string& client, const std::string& mutation_id, const std::string& operation,
                    int base_rev, int amount) {
  return R"({"client_id": ")" + client + R"(", "mutations": [{"mutation_id": ")" + mutation_id +
         R"(", "model": "Fee", "entity_id": "F1", "operation": ")" + operation + R"(", "payload": {"amount":)" +
         std::to_string(amount) + R"(}, "version": 1, "timestamp": 1763757000000, "base_rev": )" +
         std::to_string(base_rev) + "}]}";
}

/// The server's store, new each time, and what speaks for it.
class Fees {
 public:
  explicit Fees(const std::string& path)
      : store_(sql::open_sqlite({.path = path, .open = sql::Open::create})),
        authority_(clock_, random_, {}, &larger_amount_) {
    authority::migrate(*store_);
    authority_.use(std::make_shared<const rules::Models>(rules::read_models(k_models)));
  }

  void push(const std::string& body) {
    const protocol::PushRequest request = protocol::decode_push_request(body, {});
    const protocol::PushReply reply = authority_.push(*store_, scope_, request);
    std::cout << request.client_id.value << ": applied " << reply.applied.size() << ", conflicts "
              << reply.conflicts.size() << "\n";
  }

  void show() {
    const auto page = protocol::decode_pull_reply(authority_.pull(*store_, scope_, {}).text);
    for (const auto& row : page.snapshots) {
      std::cout << row.key.id.value << " stands at " << row.payload << ", rev " << row.rev->value << ", by "
                << row.updated_by->value << "\n";
    }
  }

 private:
  SystemClock clock_;
  SystemRandom random_;
  LargerAmount larger_amount_;
  const Scope scope_{"school"};
  std::unique_ptr<sql::Database> store_;
  authority::Authority authority_;
};

}  // namespace

int main() {
  const auto folder = std::filesystem::temp_directory_path() / ("fees-" + std::to_string(SystemRandom().next()));
  std::filesystem::create_directory(folder);
  {
    Fees fees((folder / "fees.db").string());
    fees.push(push_of("ann", "01JD5Q0000000000000000000A", "create", 0, 7));
    fees.push(push_of("ben", "01JD5Q0000000000000000000B", "create", 0, 5));  // had not seen ann's
    fees.push(push_of("eve", "01JD5Q0000000000000000000E", "create", 0, 9));  // nor had eve
    fees.show();
  }
  std::filesystem::remove_all(folder);
}
