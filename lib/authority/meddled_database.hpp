// SPDX-License-Identifier: MIT
// For tests: what happens when a statement fails, or when someone else comes in between.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sql/database.hpp"

namespace tether::authority::fixture {

/// A database in which something happens before every statement of a transaction.
class MeddledDatabase final : public sql::Database {
 public:
  /// `meddle` gets the text of the statement and may throw; the number it returns is taken off the rows changed.
  using Meddle = std::function<std::int64_t(std::string_view text)>;
  /// `committed` is called when a commit took effect and nobody was told yet; it may throw, too.
  MeddledDatabase(sql::Database& database, Meddle meddle, std::function<void()> committed = {})
      : database_(database), meddle_(std::move(meddle)), committed_(std::move(committed)) {}
  std::unique_ptr<sql::Transaction> begin(sql::Access access) override;
  std::int64_t execute(std::string_view text, std::span<const sql::Value> parameters,
                       const sql::RowSink& sink) override {
    return database_.execute(text, parameters, sink);
  }
  void execute_script(std::string_view script) override { database_.execute_script(script); }
  void wait_for_locks(std::chrono::milliseconds longest) override { database_.wait_for_locks(longest); }
  std::vector<std::string> tables() override { return database_.tables(); }

 private:
  class Meddled;
  sql::Database& database_;
  Meddle meddle_;
  std::function<void()> committed_;
};

class MeddledDatabase::Meddled final : public sql::Transaction {
 public:
  Meddled(std::unique_ptr<sql::Transaction> transaction, MeddledDatabase& database)
      : transaction_(std::move(transaction)), meddle_(database.meddle_), committed_(database.committed_) {}
  std::int64_t run(const sql::Statement& statement, std::span<const sql::Value> parameters,
                   const sql::RowSink& sink) override {
    const auto less = meddle_(statement.text);
    return transaction_->run(statement, parameters, sink) - less;
  }
  std::int64_t run_many(const sql::BatchStatement& statement, std::span<const sql::Value> parameters,
                        const sql::Batch& rows, const sql::RowSink& sink) override {
    const auto less = meddle_(statement.text);
    return transaction_->run_many(statement, parameters, rows, sink) - less;
  }
  void commit() override {
    meddle_("COMMIT");
    transaction_->commit();
    if (committed_) committed_();
  }
  sql::Engine engine() const override { return transaction_->engine(); }

 private:
  std::unique_ptr<sql::Transaction> transaction_;
  Meddle& meddle_;
  const std::function<void()>& committed_;
};

inline std::unique_ptr<sql::Transaction> MeddledDatabase::begin(sql::Access access) {
  return std::make_unique<Meddled>(database_.begin(access), *this);
}

}  // namespace tether::authority::fixture
