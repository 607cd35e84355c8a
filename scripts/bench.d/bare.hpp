// SPDX-License-Identifier: MIT
// The yardsticks: what the same machine does with the same rows, tables and batches when nothing but the bare work is
// done. Each runs as a process of its own and prints the milliseconds that count.
#pragma once

#include <cstdint>
#include <string>

namespace tether::bench {

constexpr std::int64_t k_batch = 1'000;

/// Inserts the lines of `lines_path` into the log and the records of `file` (made by `tether init`), k_batch per
/// transaction.
int bare_record(const std::string& file, const std::string& lines_path);

/// Applies the log of `client_file`, read before the clock starts, to the server's tables in `store` (made by
/// `tether-service migrate`), k_batch per transaction, synchronous=FULL.
int bare_push(const std::string& client_file, const std::string& store);

/// Fetches all pages from `port`, then, with the clock running, parses each and upserts its rows into the records of
/// `file`, a transaction per page.
int bare_pull(int port, const std::string& file);

}  // namespace tether::bench
