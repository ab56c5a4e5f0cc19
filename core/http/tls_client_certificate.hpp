// The certificate this program shows to servers that ask for one, and what it means when they do not like it.
//
// Part of the TLS module alone. Keys behind a passphrase are refused with a way out: a program in a pipe has nobody to ask, and OpenSSL would ask the terminal.
#pragma once

#include <openssl/ssl.h>

#include <optional>
#include <string>
#include <string_view>

#include "core/http/transport.hpp"

namespace qwen::http {

/// Gives `context` the certificate and key of the options; without a key file the key stands in the certificate's file. What it is, for messages
/// ("\"ana\", issued by \"Corp CA\""); empty: none is configured. Errors (config_invalid, with the file): unreadable, encrypted, not a pair.
[[nodiscard]] Result<std::string> use_client_certificate(SSL_CTX* context, const NetworkOptions& options);

/// What a server's TLS alert, or OpenSSL's own refusal of its protocol, is about. `reason` is OpenSSL's text; `client` is what use_client_certificate returned.
/// nullopt: neither the client's certificate nor the version of the protocol.
[[nodiscard]] std::optional<Error> explain_alert(std::string_view reason, const std::string& host, const std::string& client, NetworkOptions::TlsMinimum minimum);

}  // namespace qwen::http
