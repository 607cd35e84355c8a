// SPDX-License-Identifier: MIT
// httplib.h, for the two files that speak HTTP: it costs more than a second to compile.
#pragma once

#include <httplib.h>
