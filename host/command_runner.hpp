// Runs a command of the user's configuration that prints a credential, as `api_key_command` and the like name one.
//
// No shell is involved, so a value can never become more than arguments. Where a command may come from is decided by
// host/plugin/host_services.cpp: config.toml of the user or the system, nothing else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/context.hpp"
#include "core/base/secret.hpp"
#include "core/system/clock.hpp"
#include "core/system/environment.hpp"

namespace qwen::host {

/// A command line as words: separated by blanks, '...' literal, "..." with \" and \\, a backslash outside of quotes takes the next character
/// as it is. Nothing is expanded. Errors: config_invalid (nothing in it, a quote without its partner).
[[nodiscard]] Result<std::vector<std::string>> split_command(std::string_view command);

/// Standard output of the command, at most 64 KiB. The program is a path with a slash, or a name looked up in PATH. Standard input is
/// /dev/null; what it writes to standard error is shown, sanitised and cut, only when it fails. It and its children are killed after 30 s, at the
/// context's deadline or on cancellation. Errors: config_invalid (cannot be started), provider_error (exit status, signal, too much output),
/// timed_out, cancelled.
[[nodiscard]] Result<Secret> run_credential_command(std::string_view command, const system::Environment& environment, const system::Clock& clock,
                                                    const Context& context);

}  // namespace qwen::host
