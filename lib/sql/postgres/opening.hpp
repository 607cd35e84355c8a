// SPDX-License-Identifier: MIT
// From a URL to a connection that is fit for use. Private to the driver.
#pragma once

#include <string>

#include "sql/postgres/postgres.hpp"

struct pg_conn;

namespace tether::sql {

/// The caller closes it. Throws as open_postgres() does; `name` is what messages call the database.
pg_conn* open_connection(const std::string& url, const std::string& name);

}  // namespace tether::sql
