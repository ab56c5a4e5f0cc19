// What can go wrong, as a value: a stable code, what happened, and what the user can do.
//
// The codes live in one table (error.cpp): name, exit class and one-line meaning. Names appear in JSON output and in
// docs/reference/errors.md, so they are never renamed, renumbered or reused. A message never contains a secret.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace qwen {

/// Every failure a user can meet. The enumerator, the text in JSON output and the anchor in the docs are one word.
enum class ErrorCode : std::uint16_t {
    // The program itself.
    internal,
    // The command line.
    usage,
    // Configuration, files and plugins that are there but cannot be used.
    config_invalid,
    dotenv_refused,
    origin_refused,
    plugin_missing,
    plugin_refused,
    plugin_incompatible,
    model_not_found,
    storage_failed,
    // Signing in.
    not_authenticated,
    credential_rejected,
    credential_expired,
    credential_store_refused,
    login_denied,
    login_expired,
    // The way to the server.
    dns_failed,
    connection_failed,
    tls_failed,
    proxy_failed,
    timed_out,
    // Limits of the account.
    rate_limited,
    quota_exhausted,
    // Decisions of the operations team.
    denied_by_policy,
    policy_invalid,
    // What the server or the plugin answered.
    provider_error,
    bad_response,
    answer_cut_short,
    redirect_refused,
    plugin_fault,
    // The user.
    cancelled,
};

/// Groups of codes that share a process exit status (docs/reference/errors.md, decision 0006). The numbers are in host/exit_status.hpp.
enum class ErrorClass : std::uint8_t { internal, usage, configuration, authentication, network, limit, policy, provider, cancelled };

/// One row of the error table.
struct ErrorCodeInfo {
    ErrorCode code;
    ErrorClass error_class;
    std::string_view name;     ///< the enumerator's spelling
    std::string_view meaning;  ///< one sentence for docs/reference/errors.md
};

/// All rows, in the order of the enumeration.
[[nodiscard]] std::span<const ErrorCodeInfo> error_table();
[[nodiscard]] const ErrorCodeInfo& describe(ErrorCode code);

/// A place in a file the user can open. `line` and `column` count from 1; 0 means "the whole file" / "the whole line".
struct FileLocation {
    std::string path;
    std::uint32_t line = 0;
    std::uint32_t column = 0;

    /// "path", "path:line" or "path:line:column". The path is not sanitised for a terminal.
    [[nodiscard]] std::string to_string() const;
    bool operator==(const FileLocation&) const = default;
};

/// What happened (`message`, lower case, no full stop), what to do (`hint`, may be empty) and the file to blame, if any.
struct Error {
    ErrorCode code = ErrorCode::internal;
    std::string message;
    std::string hint;
    std::optional<FileLocation> where;

    [[nodiscard]] ErrorClass error_class() const { return describe(code).error_class; }
};

}  // namespace qwen
