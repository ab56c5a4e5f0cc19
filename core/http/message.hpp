// Requests and responses that cannot be ill-formed: a header with CR, LF or NUL in it cannot be built.
//
// Poco writes header values as they are given, so this type stands in front of it (docs/internals/security-model.md).
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/context.hpp"
#include "core/base/secret.hpp"
#include "core/base/url.hpp"

namespace qwen::http {

/// Without optional whitespace (spaces and tabs, RFC 9110 5.6.3) at both ends.
[[nodiscard]] std::string_view without_ows(std::string_view text);

struct Header {
    std::string name;
    Secret value;
    /// The value is a credential: redacted in traces, and the reason the origin stage looks at the request.
    bool sensitive = false;
};

/// Ordered header list with names compared without case.
class HeaderList {
public:
    /// Replaces every header of that name. Errors (config_invalid): a name that is no token (RFC 9110 5.6.2), a value with control characters,
    /// longer than 8 KiB, or more than 100 headers. The message names the header, never the value.
    [[nodiscard]] Result<void> set(std::string_view name, std::string_view value, bool sensitive = false);
    /// First value of that name; nullopt when absent.
    [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;
    void remove(std::string_view name);
    [[nodiscard]] std::span<const Header> all() const { return headers_; }
    [[nodiscard]] bool has_sensitive() const;
    [[nodiscard]] HeaderList duplicate() const;

private:
    std::vector<Header> headers_;
};

/// Limits of time for one attempt. Zero means "no limit".
struct Timeouts {
    std::chrono::milliseconds connect{10'000};      ///< name resolution, TCP and TLS, each
    std::chrono::milliseconds first_byte{120'000};  ///< request sent to status line
    std::chrono::milliseconds idle{120'000};        ///< between two reads of the body
};

struct Request {
    std::string method = "GET";
    Url url;
    HeaderList headers;
    std::string body;
    /// The URL's query holds a credential (set by the authentication stage).
    bool query_is_sensitive = false;
    Timeouts timeouts;

    [[nodiscard]] bool carries_credential() const { return query_is_sensitive || headers.has_sensitive(); }
};

/// The answer's body, read as it arrives. Destroying it ends the exchange (and the connection, unless the body was read to its end).
class BodyReader {
public:
    virtual ~BodyReader() = default;
    /// Waits until at least one byte is there and returns what is there, at most buffer.size(); 0 is the clean end.
    /// Errors: answer_cut_short (the connection broke), timed_out (idle), bad_response, cancelled.
    [[nodiscard]] virtual Result<std::size_t> read_some(std::span<char> buffer) = 0;
    /// The caller has all it wants (the protocol above said so): reads the rest of the framing if it is as good as there, so that the connection can
    /// serve another request. Never waits longer than a moment.
    virtual void end_early() {}
};

struct Response {
    int status = 0;
    std::string reason;
    HeaderList headers;
    std::unique_ptr<BodyReader> body;  ///< never null
};

/// Reads the rest of the body, at most `limit` bytes. Errors: as read_some, and bad_response when it is longer.
[[nodiscard]] Result<std::string> read_all(BodyReader& body, std::size_t limit);

}  // namespace qwen::http
