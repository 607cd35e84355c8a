// SPDX-License-Identifier: MIT
// Which store the options name, opened. The one place that knows a driver.
#pragma once

#include <memory>

#include "service/options.hpp"
#include "sql/database.hpp"
#include "sql/sqlite.hpp"

namespace tether::service {

/// `access`: what it is for; a connection that only reads gets a smaller cache, as there are many of them.
std::unique_ptr<sql::Database> open_store(const Options& options, sql::Open open,
                                          sql::Access access = sql::Access::write);

}  // namespace tether::service
