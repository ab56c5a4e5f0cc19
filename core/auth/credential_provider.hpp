// A provider as the core sees it. host/plugin adapts the C ABI to this interface; the core knows nothing of plugins.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/context.hpp"
#include "core/base/secret.hpp"

namespace qwen::auth {

/// What a provider says of its credential without going online.
struct ProviderState {
    enum class Kind : std::uint8_t { ready, expiring, expired, login_needed };
    Kind kind = Kind::login_needed;
    std::optional<UtcTime> expires_at;  ///< absent: does not expire, or unknown
    std::string base_url;               ///< where requests go; empty: unknown until signed in
    std::string account;                ///< label for people ("ana@example.com"); may be empty
};

/// The request that is about to be made, as far as a provider may know it.
struct RequestShape {
    std::string operation;  ///< "chat.completions" or "models"
    std::string method;     ///< "POST", "GET"
    std::string path;       ///< below the base URL: "/chat/completions"
    std::string model;      ///< empty for "models"
    bool streaming = false;
};

struct Parameter {
    std::string name;
    Secret value;
    /// The value is (or holds) the credential: it is redacted everywhere and may only go to an allowed origin.
    bool sensitive = false;
};

/// Changes a provider makes to a request. Absent members change nothing.
struct RequestEdits {
    std::string base_url;  ///< replaces the configured one; empty: keep
    std::string path;      ///< replaces RequestShape::path; empty: keep
    std::vector<Parameter> headers;
    std::vector<Parameter> query;
    /// JSON pointer (RFC 6901) and JSON text to set there; the text "" removes the member.
    std::vector<std::pair<std::string, std::string>> body_fields;
};

/// A request as it will be sent, for a provider that signs it.
struct FinalRequest {
    std::string method;
    std::string url;
    /// Names in lower case. What the transport adds below (host, content-length) is not among them; `host` is that of `url`.
    std::vector<std::pair<std::string, std::string>> headers;
    std::array<std::uint8_t, 32> body_sha256{};
    /// Borrowed for the call. Empty when it is longer than 1 MiB: the hash stands for it.
    std::string_view body;
};

struct AuthorizeOutcome {
    enum class Kind : std::uint8_t { ready, refresh_needed, login_needed };
    Kind kind = Kind::ready;
    RequestEdits edits;
};

/// What the server answered, for on_response.
struct ResponseHead {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
    std::string body_start;                                    ///< at most the first 4 KiB of an error body; empty for a success
};

struct Verdict {
    enum class Kind : std::uint8_t { pass, refresh_and_retry, login_needed, rate_limited, quota_exhausted, fatal };
    Kind kind = Kind::pass;
    std::string text;                    ///< for people; may be empty
    std::string help_url;                ///< may be empty
    std::optional<UtcTime> available_at; ///< when the limit ends, if the provider knows
};

/// Requests allowed in a period; a provider may declare several.
struct RateLimit {
    std::uint32_t requests = 0;
    std::uint32_t period_seconds = 0;
};

/// One provider instance with its settings. Calls are serialised by the caller: one at a time for one instance.
class CredentialProvider {
public:
    virtual ~CredentialProvider() = default;

    [[nodiscard]] virtual const std::string& id() const = 0;
    [[nodiscard]] virtual bool can_refresh() const = 0;
    [[nodiscard]] virtual bool can_login() const = 0;
    /// Built-in origins of the provider (manifest), for the origin rule.
    [[nodiscard]] virtual const std::vector<std::string>& origins() const = 0;
    [[nodiscard]] virtual std::vector<RateLimit> limits() const = 0;

    /// Offline and quick.
    [[nodiscard]] virtual Result<ProviderState> state(const Context& context) = 0;
    [[nodiscard]] virtual Result<AuthorizeOutcome> authorize(const RequestShape& request, const Context& context) = 0;
    /// The provider puts a signature over the final request on it.
    [[nodiscard]] virtual bool can_sign() const { return false; }
    /// Headers to add. Called last, again for each attempt, and only when can_sign().
    [[nodiscard]] virtual Result<std::vector<Parameter>> sign(const FinalRequest&, const Context&) { return std::vector<Parameter>{}; }
    [[nodiscard]] virtual Result<Verdict> on_response(const ResponseHead& response, const Context& context) = 0;

    /// May ask the user and go online. `method` is one of the manifest's; empty: the first.
    [[nodiscard]] virtual Result<void> login(const std::string& method, const Context& context) = 0;
    [[nodiscard]] virtual Result<void> logout(const Context& context) = 0;
    /// The caller holds the refresh lock and the store was re-read. Errors: credential_expired (sign in again), network classes.
    [[nodiscard]] virtual Result<void> refresh(const Context& context) = 0;
};

}  // namespace qwen::auth
