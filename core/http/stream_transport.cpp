#include "core/http/stream_transport.hpp"

#include <unistd.h>

#include "core/http/connect.hpp"
#include "core/http/http1_codec.hpp"
#include "core/http/no_proxy.hpp"

namespace qwen::http {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds kWriteTimeout{30'000};
/// How long an answer that is complete may take to end its framing before the connection is given up.
constexpr milliseconds kEndOfFraming{20};

std::string base64(std::string_view bytes) {
    constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k) group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
        for (std::size_t k = 0; k < 4; ++k) text += i + k > bytes.size() ? '=' : kAlphabet[group >> (18 - 6 * k) & 63u];
    }
    return text;
}

}  // namespace

Secret basic_credentials(std::string_view user, const Secret& password) {
    if (user.empty() && password.empty()) return {};
    std::string pair(user);
    pair += ':';
    pair += password.reveal();
    std::string text = "Basic " + base64(pair);
    wipe(pair);
    return Secret::take(text);
}

struct StreamTransport::Connection {
    Origin origin;
    int socket = -1;  // owned by the stream
    /// Requests are written in absolute form, with these credentials, to a plain-http proxy.
    bool through_proxy = false;
    Secret proxy_authorization;
    std::unique_ptr<ByteStream> stream;
    std::unique_ptr<ResponseReader> reader;
};

/// Holds the one idle connection. Outlives the transport while a body is being read.
struct StreamTransport::Keeper {
    std::unique_ptr<Connection> idle;
};

class StreamTransport::Body final : public BodyReader {
public:
    Body(std::unique_ptr<Connection> connection, std::weak_ptr<Keeper> keeper, Framing framing, milliseconds idle, Context context)
        : connection_(std::move(connection)), keeper_(std::move(keeper)), keep_alive_(framing.keep_alive), idle_(idle), context_(context) {
        connection_->reader->begin_body(framing);
    }

    Result<std::size_t> read_some(std::span<char> buffer) override {
        if (!connection_) return std::size_t{0};
        if (context_.cancelled()) return fail(cancelled_error());
        const SocketGuard guard(context_.cancellation, connection_->socket);
        auto count = connection_->reader->read_body(buffer, idle_, context_);
        if (!count) return fail(context_.cancelled() ? cancelled_error() : std::move(count).error());
        if (*count == 0) finish();
        return count;
    }

    void end_early() override {
        char rest[256];
        idle_ = kEndOfFraming;
        static_cast<void>(read_some(rest));
    }

private:
    Error fail(Error error) {
        connection_.reset();
        return error;
    }
    void finish() {
        const auto keeper = keeper_.lock();
        if (keeper && keep_alive_ && connection_->reader->complete()) keeper->idle = std::move(connection_);
        connection_.reset();
    }

    std::unique_ptr<Connection> connection_;
    std::weak_ptr<Keeper> keeper_;
    bool keep_alive_;
    milliseconds idle_;
    Context context_;
};

StreamTransport::StreamTransport(NetworkOptions options, StreamFactories factories)
    : options_(std::move(options)), factories_(std::move(factories)), keeper_(std::make_shared<Keeper>()) {}

StreamTransport::~StreamTransport() = default;

const NetworkOptions::Proxy* StreamTransport::proxy_for(const Origin& origin) const {
    const auto& proxy = origin.scheme == "https" ? options_.https_proxy : options_.http_proxy;
    if (!proxy || bypasses_proxy(origin, options_.no_proxy)) return nullptr;
    return &*proxy;
}

// RFC 9110 section 9.3.6. The provider's credential is never part of it.
Result<int> StreamTransport::tunnel(int socket, const NetworkOptions::Proxy& proxy, const Request& request, const Context& context) {
    QWEN_TRY(StreamFactory* const plain, factories_("http"));
    QWEN_TRY(auto stream, plain->wrap(::dup(socket), proxy.url.origin(), request.timeouts.connect, context));
    const Origin& origin = request.url.origin();
    const std::string host = origin.host.find(':') == std::string::npos ? origin.host : '[' + origin.host + ']';
    const std::string authority = host + ':' + std::to_string(origin.port);
    std::string text = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n";
    if (const Secret credentials = basic_credentials(proxy.user, proxy.password); !credentials.empty()) {
        text += "Proxy-Authorization: ";
        text += credentials.reveal();
        text += "\r\n";
    }
    text += "\r\n";
    const auto written = stream->write_all(text, kWriteTimeout, context);
    wipe(text);
    if (!written) return Error{ErrorCode::proxy_failed, "the proxy " + proxy.url.origin().to_string() + " broke the connection", {}, std::nullopt};

    ResponseReader reader(*stream);
    bool started = false;
    auto head = reader.read_head(request.timeouts.connect, context, started);
    if (!head) {
        Error error = std::move(head).error();
        if (error.code == ErrorCode::cancelled || error.code == ErrorCode::timed_out) return error;
        return Error{ErrorCode::proxy_failed, "the proxy " + proxy.url.origin().to_string() + " did not answer CONNECT: " + error.message, {}, std::nullopt};
    }
    if (head->status / 100 == 2) return socket;
    // Its answer, and none that asking again would change.
    if (head->status / 100 == 4) progress_ = Progress::response_started;
    const bool refused = head->status == 407 || head->status == 401;
    return Error{ErrorCode::proxy_failed,
                 "the proxy " + proxy.url.origin().to_string() + " refused to connect to " + authority + " (" + std::to_string(head->status) + ')',
                 refused ? "put user and password into the proxy setting: http://USER:PASSWORD@HOST:PORT" : "check the proxy, or add the host to NO_PROXY",
                 std::nullopt};
}

Result<std::unique_ptr<StreamTransport::Connection>> StreamTransport::open(const Request& request, const Context& context) {
    const Origin& origin = request.url.origin();
    const NetworkOptions::Proxy* const proxy = proxy_for(origin);
    const Origin& next_hop = proxy ? proxy->url.origin() : origin;
    auto socket = connect_to(next_hop.host, next_hop.port, request.timeouts.connect, context);
    if (!socket) {
        Error error = std::move(socket).error();
        if (proxy && error.code != ErrorCode::cancelled) error = {ErrorCode::proxy_failed, "proxy: " + error.message, "check HTTPS_PROXY, HTTP_PROXY and NO_PROXY", std::nullopt};
        else if (error.code == ErrorCode::connection_failed) error.message += ". proxy: none";
        return error;
    }
    ++connections_opened_;

    auto connection = std::make_unique<Connection>();
    connection->origin = origin;
    connection->socket = socket->get();
    const SocketGuard guard(context.cancellation, connection->socket);
    if (proxy && origin.scheme == "https") {
        QWEN_TRY([[maybe_unused]] const int tunnelled, tunnel(socket->get(), *proxy, request, context));
    } else if (proxy) {
        connection->through_proxy = true;
        connection->proxy_authorization = basic_credentials(proxy->user, proxy->password);
    }
    QWEN_TRY(StreamFactory* const factory, factories_(origin.scheme));
    QWEN_TRY(connection->stream, factory->wrap(socket->release(), origin, request.timeouts.connect, context));
    connection->reader = std::make_unique<ResponseReader>(*connection->stream);
    return connection;
}

Result<Response> StreamTransport::send(const Request& request, const Context& context) {
    progress_ = Progress::nothing_sent;
    if (context.cancelled()) return cancelled_error();
    std::unique_ptr<Connection> connection = std::move(keeper_->idle);
    if (connection && (connection->origin != request.url.origin() || connection->stream->is_stale())) connection.reset();
    if (!connection) {
        auto opened = open(request, context);
        if (!opened) return context.cancelled() ? cancelled_error() : std::move(opened).error();
        connection = std::move(*opened);
    }

    const SocketGuard guard(context.cancellation, connection->socket);
    std::string bytes = serialise(request, connection->through_proxy, connection->proxy_authorization.reveal());
    progress_ = Progress::request_sent;
    const auto written = connection->stream->write_all(bytes, kWriteTimeout, context);
    // Only the head holds a credential; wiping megabytes of history would cost what sending them costs.
    wipe(bytes.data(), bytes.size() - request.body.size());
    if (!written) {
        if (context.cancelled()) return cancelled_error();
        // A server may answer and close before it has read everything (413): look for that answer before giving up.
        Error error = written.error();
        if (error.code != ErrorCode::connection_failed) return error;
    }

    bool started = false;
    auto head = connection->reader->read_head(request.timeouts.first_byte, context, started);
    if (started) progress_ = Progress::response_started;
    if (!head) {
        if (context.cancelled()) return cancelled_error();
        Error error = std::move(head).error();
        if (error.code == ErrorCode::timed_out)
            error.message = request.url.origin().to_string() + " did not answer within " + duration_text(request.timeouts.first_byte);
        else if (error.code == ErrorCode::connection_failed)
            error.message = request.url.origin().to_string() + ": " + error.message;
        return error;
    }
    QWEN_TRY(const Framing framing, framing_of(*head, request.method));
    if (connection->through_proxy && head->status == 407)
        return Error{ErrorCode::proxy_failed, "the proxy wants a user name and password (407)", "put them into the proxy setting: http://USER:PASSWORD@HOST:PORT", std::nullopt};

    Response response;
    response.status = head->status;
    response.reason = std::move(head->reason);
    response.headers = std::move(head->headers);
    response.body = std::make_unique<Body>(std::move(connection), keeper_, framing, request.timeouts.idle, context);
    return response;
}

}  // namespace qwen::http
