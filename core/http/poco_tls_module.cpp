// qwen_transport_tls.so: TLS for `https` URLs, through Poco::NetSSL.
//
// VERIFY_STRICT always: VERIFY_RELAXED skips the host name for every name that resolves to a loopback address.
#include <Poco/Exception.h>
#include <Poco/Net/Context.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/SSLException.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <cstring>
#include <map>

#include "core/http/ca_store.hpp"
#include "core/http/poco_socket_stream.hpp"
#include "core/http/tls_client_certificate.hpp"
#include "core/http/transport_module.hpp"

namespace qwen::http {
namespace {

using std::chrono::milliseconds;
using Poco::Net::Context;
using Poco::Net::SecureStreamSocket;

/// Why OpenSSL refused the certificate of the handshake that runs on this thread.
struct Refusal {
    int code = X509_V_OK;
    std::string subject;
    std::string issuer;
};
thread_local Refusal last_refusal;

std::string common_name(const X509_NAME* name) {
    char text[256];
    const int length = X509_NAME_get_text_by_NID(const_cast<X509_NAME*>(name), NID_commonName, text, sizeof text);
    if (length > 0) return {text, static_cast<std::size_t>(length)};
    return X509_NAME_oneline(name, text, sizeof text) != nullptr ? std::string(text) : std::string();
}

int remember_refusal(int ok, X509_STORE_CTX* store) {
    if (ok == 0) {
        last_refusal.code = X509_STORE_CTX_get_error(store);
        if (const X509* certificate = X509_STORE_CTX_get_current_cert(store)) {
            last_refusal.subject = common_name(X509_get_subject_name(certificate));
            last_refusal.issuer = common_name(X509_get_issuer_name(certificate));
        }
    }
    return ok;
}

Error certificate_error(const std::string& host) {
    const std::string base = "the certificate of " + host;
    constexpr const char* kCaHint = "if this is your company's proxy or CA: network.ca_file in config.toml, or SSL_CERT_FILE=/path/ca.pem";
    switch (last_refusal.code) {
        case X509_V_ERR_CERT_HAS_EXPIRED: return {ErrorCode::tls_failed, base + " has expired", "check this machine's clock; else the server has to renew it", std::nullopt};
        case X509_V_ERR_CERT_NOT_YET_VALID: return {ErrorCode::tls_failed, base + " is not valid yet", "check this machine's clock", std::nullopt};
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            return {ErrorCode::tls_failed, base + " is not trusted: it is self-signed (\"" + last_refusal.subject + "\")", kCaHint, std::nullopt};
        default:
            return {ErrorCode::tls_failed,
                    base + " is not trusted: issuer \"" + last_refusal.issuer + "\" (" + X509_verify_cert_error_string(last_refusal.code) + ')', kCaHint, std::nullopt};
    }
}

std::string openssl_reason() {
    std::string text;
    while (const unsigned long code = ERR_get_error()) {
        if (const char* reason = ERR_reason_error_string(code)) text = reason;
    }
    return text;
}

/// By origin, for the next handshake with the same server (RFC 8446 section 2.2). Used by one thread, like the transport.
using Sessions = std::map<std::string, Poco::Net::Session::Ptr>;

/// What decides how a server's refusal is explained.
struct OwnSide {
    std::string client;  ///< the client certificate, for messages; empty: none
    NetworkOptions::TlsMinimum minimum = NetworkOptions::TlsMinimum::tls_1_2;
};

class TlsStream final : public PocoSocketStream {
public:
    TlsStream(const SecureStreamSocket& socket, const Origin& origin, Sessions& sessions, const OwnSide& own)
        : PocoSocketStream(socket), host_(origin.host), origin_(origin.to_string()), secure_(socket), sessions_(sessions), own_(own) {}
    /// TLS 1.3 hands out its tickets after the handshake, so the session is taken at the end; OpenSSL takes it for broken where no goodbye was said.
    ~TlsStream() override {
        try {
            if (const auto session = secure_.currentSession()) sessions_[origin_] = session;
            secure_.shutdown();
        } catch (const Poco::Exception&) {
            // The peer has gone first. Then the next handshake may be a full one.
        }
    }
    TlsStream(const TlsStream&) = delete;
    TlsStream& operator=(const TlsStream&) = delete;

protected:
    Error current_exception_as_error() const override {
        try {
            throw;
        } catch (const Poco::Net::SSLConnectionUnexpectedlyClosedException&) {
            return {ErrorCode::connection_failed, "the connection was closed without a TLS goodbye", {}, std::nullopt};
        } catch (const Poco::Net::SSLException& exception) {
            // In TLS 1.3 a server says after the handshake that it wanted another certificate.
            if (auto explained = explain_alert(exception.displayText(), host_, own_.client, own_.minimum)) return std::move(*explained);
            return {ErrorCode::tls_failed, "TLS with " + host_ + " broke: " + exception.displayText(), {}, std::nullopt};
        } catch (...) {
            return PocoSocketStream::current_exception_as_error();
        }
    }

private:
    std::string host_;
    std::string origin_;
    SecureStreamSocket secure_;  ///< the same socket as the base's
    Sessions& sessions_;
    const OwnSide& own_;
};

class TlsStreamFactory final : public StreamFactory {
public:
    static Result<std::unique_ptr<TlsStreamFactory>> make(const NetworkOptions& options) {
        QWEN_TRY(const std::filesystem::path store, choose_ca_store(options));
        try {
            Poco::Net::initializeSSL();
            Context::Params parameters;
            parameters.caLocation = store.string();
            parameters.verificationMode = Context::VERIFY_STRICT;
            parameters.verificationDepth = 9;
            parameters.loadDefaultCAs = false;
            Context::Ptr context = new Context(Context::TLS_CLIENT_USE, parameters);
            SSL_CTX* const native = context->sslContext();
            SSL_CTX_set_min_proto_version(native, options.tls_minimum == NetworkOptions::TlsMinimum::tls_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
            SSL_CTX_set_verify(native, SSL_VERIFY_PEER, &remember_refusal);
            QWEN_TRY(auto client, use_client_certificate(native, options));
            context->enableSessionCache(true);
            return std::unique_ptr<TlsStreamFactory>(new TlsStreamFactory(std::move(context), {std::move(client), options.tls_minimum}));
        } catch (const Poco::Exception& exception) {
            return Error{ErrorCode::tls_failed, "cannot set up TLS with " + store.string() + ": " + exception.displayText(),
                         "check network.ca_file", std::nullopt};
        }
    }

    Result<std::unique_ptr<ByteStream>> wrap(int fd, const Origin& origin, milliseconds timeout, const qwen::Context& context) override {
        last_refusal = {};
        ERR_clear_error();
        const auto start = std::chrono::steady_clock::now();
        try {
            Poco::Net::StreamSocket plain = adopt_socket(fd);
            if (timeout.count() > 0) {
                plain.setReceiveTimeout(Poco::Timespan(timeout.count() * 1000));
                plain.setSendTimeout(Poco::Timespan(timeout.count() * 1000));
            }
            const auto known = sessions_.find(origin.to_string());
            SecureStreamSocket socket = SecureStreamSocket::attach(plain, origin.host, context_, known == sessions_.end() ? nullptr : known->second);
            return std::unique_ptr<ByteStream>(std::make_unique<TlsStream>(socket, origin, sessions_, own_));
        } catch (const Poco::TimeoutException&) {
            return context.cancelled() ? cancelled_error() : timed_out(origin.host);
        } catch (const Poco::Exception& exception) {
            if (context.cancelled()) return cancelled_error();
            if (last_refusal.code != X509_V_OK) return certificate_error(origin.host);
            if (dynamic_cast<const Poco::Net::CertificateValidationException*>(&exception) != nullptr)
                return Error{ErrorCode::tls_failed, "the certificate of " + origin.host + " is for another host name", "check the host name in the URL", std::nullopt};
            if (timeout.count() > 0 && std::chrono::steady_clock::now() - start >= timeout) return timed_out(origin.host);
            std::string reason = openssl_reason();
            if (reason.empty()) reason = exception.displayText();
            if (auto explained = explain_alert(reason, origin.host, own_.client, own_.minimum)) return std::move(*explained);
            return Error{ErrorCode::tls_failed, "no TLS connection with " + origin.host + ": " + reason,
                         "is this an https server, and does it speak TLS 1.2 or newer?", std::nullopt};
        }
    }

private:
    TlsStreamFactory(Context::Ptr context, OwnSide own) : context_(std::move(context)), own_(std::move(own)) {}
    static Error timed_out(const std::string& host) { return {ErrorCode::timed_out, "the TLS handshake with " + host + " took too long", {}, std::nullopt}; }

    Context::Ptr context_;
    OwnSide own_;
    Sessions sessions_;  // outlives the streams: the factory is never destroyed
};

}  // namespace
}  // namespace qwen::http

extern "C" __attribute__((visibility("default"))) qwen::http::StreamFactory* qwen_make_stream_factory(const char* version, const qwen::http::NetworkOptions* options,
                                                                                                   qwen::Error* error) {
    if (std::strcmp(version, qwen::http::transport_module_version()) != 0) return nullptr;
    auto factory = qwen::http::TlsStreamFactory::make(*options);
    if (!factory) {
        *error = std::move(factory).error();
        return nullptr;
    }
    return factory->release();  // lives as long as the process, like the module
}
