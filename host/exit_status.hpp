// The numbers a shell sees: one for each class of error, the same in text and JSON output (decision 0006).
#pragma once

#include "core/base/error.hpp"

namespace qwen::host {

inline constexpr int kExitOk = 0;

/// 1 internal · 2 usage · 3 configuration · 4 authentication · 5 network · 6 limit · 7 policy · 8 provider · 130 cancelled.
[[nodiscard]] int exit_status(ErrorClass error_class);
[[nodiscard]] int exit_status(const Error& error);

}  // namespace qwen::host
