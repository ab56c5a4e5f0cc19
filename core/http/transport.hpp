// The bottom of the pipeline: one request out, one response in. Never retries, never follows a redirect.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/http/message.hpp"

namespace qwen::http {

/// Where connections go through, and whom TLS believes.
struct NetworkOptions {
    /// Proxy for https and http requests; absent: direct. User and password travel in `proxy_user`/`proxy_password`.
    struct Proxy {
        Url url;
        std::string user;
        Secret password;
    };
    std::optional<Proxy> https_proxy;
    std::optional<Proxy> http_proxy;
    /// NO_PROXY rules: host names, ".suffix", "*", IP addresses, CIDR blocks, each with an optional ":port".
    std::vector<std::string> no_proxy;

    /// PEM file with the only CAs to believe; empty: `ca_directory`, then the system's store.
    std::filesystem::path ca_file;
    std::filesystem::path ca_directory;
    /// Client certificate and key, PEM; both or none.
    std::filesystem::path client_certificate;
    std::filesystem::path client_key;
    enum class TlsMinimum : std::uint8_t { tls_1_2, tls_1_3 };
    TlsMinimum tls_minimum = TlsMinimum::tls_1_2;
};

/// How far an attempt got before it failed: decides whether it may be repeated (docs/internals/architecture.md, retry table).
enum class Progress : std::uint8_t { nothing_sent, request_sent, response_started };


/// Not thread-safe. Keeps a connection open between requests to the same origin where the server allows it.
class Transport {
public:
    virtual ~Transport() = default;
    /// On failure `progress_of_last_failure()` says how far it got.
    /// Errors: dns_failed, connection_failed, tls_failed, proxy_failed, timed_out, bad_response, cancelled.
    [[nodiscard]] virtual Result<Response> send(const Request& request, const Context& context) = 0;
    [[nodiscard]] virtual Progress progress_of_last_failure() const = 0;
    /// Connections opened so far, for tests and `--debug`.
    [[nodiscard]] virtual std::size_t connections_opened() const = 0;
};

}  // namespace qwen::http
