#include "core/http/tls_client_certificate.hpp"

#include <openssl/err.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>

namespace qwen::http {
namespace {

constexpr std::string_view kOptions = "network.client_certificate and network.client_key in config.toml";

Error file_error(std::string message, std::string hint, const std::filesystem::path& path) {
    ERR_clear_error();
    return {ErrorCode::config_invalid, std::move(message), std::move(hint), FileLocation{path.string()}};
}

std::string name_of(const X509_NAME* name) {
    std::array<char, 256> text{};
    const int length = X509_NAME_get_text_by_NID(const_cast<X509_NAME*>(name), NID_commonName, text.data(), static_cast<int>(text.size()));
    return length > 0 ? std::string(text.data(), static_cast<std::size_t>(length)) : std::string("unnamed");
}

/// OpenSSL asks this for a passphrase; the answer is that there is none.
int note_passphrase(char*, int, int, void* was_asked) {
    *static_cast<bool*>(was_asked) = true;
    return -1;
}

bool has_any(std::string_view text, std::initializer_list<std::string_view> parts) {
    return std::any_of(parts.begin(), parts.end(), [&](std::string_view part) { return text.find(part) != std::string_view::npos; });
}

}  // namespace

Result<std::string> use_client_certificate(SSL_CTX* context, const NetworkOptions& options) {
    const auto& certificate = options.client_certificate;
    const auto& key = options.client_key.empty() ? certificate : options.client_key;
    if (certificate.empty() && key.empty()) return std::string();
    if (certificate.empty()) return file_error("there is a key for a client certificate, and no certificate", "network.client_certificate in config.toml", key);
    if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1)
        return file_error("the client certificate cannot be read", "network.client_certificate names a PEM file that begins with the certificate", certificate);

    bool was_asked = false;
    SSL_CTX_set_default_passwd_cb(context, &note_passphrase);
    SSL_CTX_set_default_passwd_cb_userdata(context, &was_asked);
    const bool has_key = SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) == 1;
    SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
    SSL_CTX_set_default_passwd_cb(context, nullptr);
    if (was_asked)
        return file_error("the key of the client certificate is encrypted, and nobody is asked for its passphrase",
                          "openssl pkey -in KEY -out PLAIN_KEY, mode 0600, and network.client_key = \"PLAIN_KEY\"", key);
    const X509* const own = SSL_CTX_get0_certificate(context);
    if (!has_key && ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH)
        return file_error("this key does not belong to the client certificate " + certificate.string(), std::string(kOptions) + " have to be a pair", key);
    if (!has_key) return file_error("the key of the client certificate cannot be read", "network.client_key names a PEM file with a private key", key);
    return '"' + name_of(X509_get_subject_name(own)) + "\", issued by \"" + name_of(X509_get_issuer_name(own)) + '"';
}

std::optional<Error> explain_alert(std::string_view reason, const std::string& host, const std::string& client, NetworkOptions::TlsMinimum minimum) {
    if (has_any(reason, {"unsupported protocol", "alert protocol version", "wrong ssl version", "version too low"})) {
        if (minimum == NetworkOptions::TlsMinimum::tls_1_3)
            return Error{ErrorCode::tls_failed, host + " does not speak TLS 1.3, the lowest version allowed", "network.tls_minimum = \"1.2\" in config.toml, unless your administrator wants 1.3",
                         std::nullopt};
        return Error{ErrorCode::tls_failed, host + " does not speak TLS 1.2 or newer", "the server has to be updated; older versions are never used", std::nullopt};
    }
    if (has_any(reason, {"certificate required", "peer did not return a certificate"}))
        return Error{ErrorCode::tls_failed, host + " wants a client certificate" + (client.empty() ? "" : ", and not " + client), std::string(kOptions), std::nullopt};
    const bool is_refusal = has_any(reason, {"alert bad certificate", "alert unknown ca", "alert certificate", "alert unsupported certificate"});
    if (is_refusal && !client.empty())
        return Error{ErrorCode::tls_failed, host + " does not accept the client certificate " + client + " (" + std::string(reason) + ')', std::string(kOptions), std::nullopt};
    // The one alert older protocols have for everything.
    if (has_any(reason, {"alert handshake failure"}) || is_refusal)
        return Error{ErrorCode::tls_failed, host + " ended the handshake (" + std::string(reason) + ')', client.empty() ? "if it wants a client certificate: " + std::string(kOptions) : std::string(kOptions),
                     std::nullopt};
    return std::nullopt;
}

}  // namespace qwen::http
