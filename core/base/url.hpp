// URLs as this program accepts them: http and https, absolute, and nothing a parser could read two ways.
//
// Poco::URI accepts a backslash, an empty host and a newline inside the host, and rewrites commas in paths; no URL reaches
// it before it went through here (docs/internals/security-model.md, "confusable origins").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"

namespace qwen {

/// Scheme, host and effective port: what a credential is bound to. Two equal origins are the same server to us.
struct Origin {
    std::string scheme;      ///< "http" or "https"
    std::string host;        ///< ASCII, lower case, no trailing dot; an IPv6 literal without brackets
    std::uint16_t port = 0;  ///< never 0; the scheme's default is filled in

    /// "https://host" or "https://host:8443" (the default port is left out); IPv6 in brackets.
    [[nodiscard]] std::string to_string() const;
    /// 127.0.0.0/8, ::1, and the name "localhost".
    [[nodiscard]] bool is_loopback() const;
    bool operator==(const Origin&) const = default;
};

/// An absolute http(s) URL, already validated. Values only; never holds user info or a fragment.
class Url {
public:
    /// Refuses: other schemes, user info, backslashes, white space, control and non-ASCII bytes, an empty host, bad ports, bad percent escapes,
    /// fragments, characters RFC 3986 wants escaped, and hosts that look like numbers but are not dotted quads (0x7f.1, 2130706433).
    /// One trailing dot of the host is removed. Error: config_invalid, without any part of the text (it may hold a password or key).
    [[nodiscard]] static Result<Url> parse(std::string_view text);

    [[nodiscard]] const Origin& origin() const { return origin_; }
    /// Starts with '/'; never empty. Percent escapes are kept as given.
    [[nodiscard]] const std::string& path() const { return path_; }
    /// Without '?'; empty means there is none.
    [[nodiscard]] const std::string& query() const { return query_; }
    [[nodiscard]] std::string path_and_query() const;
    [[nodiscard]] std::string to_string() const;

    /// This URL with `suffix` ("/chat/completions") after its path, with exactly one slash between. The query stays.
    /// Bytes that no path may hold are percent-encoded, '?' and '#' among them.
    [[nodiscard]] Url with_path_appended(std::string_view suffix) const;
    /// This origin with another path, already escaped and starting with '/'; a query may follow it, the present one goes. Errors: as parse.
    [[nodiscard]] Result<Url> with_path(std::string_view path) const;
    /// Adds "name=value", both percent-encoded.
    [[nodiscard]] Url with_query_parameter(std::string_view name, std::string_view value) const;

    bool operator==(const Url&) const = default;

private:
    Origin origin_;
    std::string path_ = "/";
    std::string query_;
};

/// RFC 3986 percent-encoding of everything outside the unreserved set.
[[nodiscard]] std::string percent_encode(std::string_view text);

}  // namespace qwen
