#include "tests/loopback_provider/connection.hpp"

#include <boost/asio/read_until.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

namespace loopback {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using asio::use_awaitable;
using asio::ip::tcp;
using std::chrono::milliseconds;

constexpr std::size_t kMaxHead = 256 * 1024;
constexpr std::size_t kBatch = 256 * 1024;
constexpr auto kStall = std::chrono::minutes(10);

std::string framed(std::string_view data) { return fmt::format("{:x}\r\n{}\r\n", data.size(), data); }

awaitable<void> pause(milliseconds duration) {
    if (duration.count() <= 0) co_return;
    asio::steady_timer timer(co_await asio::this_coro::executor, duration);
    co_await timer.async_wait(use_awaitable);
}

template <class Stream>
class Connection {
public:
    Connection(Stream& stream, Provider& provider) : stream_(stream), provider_(provider) {}

    // Returns where the client closed or the plan says to; network errors end it as exceptions.
    awaitable<void> run() {
        for (;;) {
            const auto request = co_await read_request();
            auto reply = provider_.answer(request);
            co_await pause(reply.delay);
            if (reply.close_without_answer) co_return;
            if (!reply.stream) {
                co_await write(reply.response.to_wire());
            } else if (!co_await send_stream(*reply.stream, reply.response.more_headers)) {
                co_return;
            }
            if (reply.close_after_answer || request.header("connection") == "close") co_return;
        }
    }

private:
    awaitable<HttpRequest> read_request() {
        const auto head_size = co_await asio::async_read_until(stream_, asio::dynamic_buffer(buffer_, kMaxHead + buffer_.size()), "\r\n\r\n", use_awaitable);
        auto request = parse_head(std::string_view(buffer_).substr(0, head_size));
        buffer_.erase(0, head_size);
        if (request.header("expect") == "100-continue") co_await write("HTTP/1.1 100 Continue\r\n\r\n");
        if (request.header("transfer-encoding") == "chunked") {
            co_await read_chunked(request.body);
        } else if (const auto length = request.header("content-length"); !length.empty()) {
            co_await read_exactly(std::stoull(length), request.body);
        }
        co_return request;
    }

    awaitable<void> read_exactly(std::size_t size, std::string& into) {
        if (buffer_.size() < size) {
            const auto had = buffer_.size();
            buffer_.resize(size);
            co_await asio::async_read(stream_, asio::buffer(buffer_.data() + had, size - had), use_awaitable);
        }
        into.append(buffer_, 0, size);
        buffer_.erase(0, size);
    }

    awaitable<void> read_chunked(std::string& body) {
        for (;;) {
            const auto line = co_await asio::async_read_until(stream_, asio::dynamic_buffer(buffer_), "\r\n", use_awaitable);
            const auto size = std::stoull(buffer_.substr(0, line), nullptr, 16);
            buffer_.erase(0, line);
            std::string data;
            co_await read_exactly(size + 2, data);
            if (size == 0) co_return;
            body.append(data, 0, size);
        }
    }

    awaitable<void> write(std::string_view data) { co_await asio::async_write(stream_, asio::buffer(data.data(), data.size()), use_awaitable); }

    // True where the connection can serve another request.
    awaitable<bool> send_stream(const StreamPlan& plan, const std::string& more_headers) {
        std::string out = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nx-request-id: req_loopback\r\n" + more_headers + "Transfer-Encoding: chunked\r\n\r\n";
        const auto count = std::min(plan.events.size(), plan.stop_after);
        if (plan.first_pause.count() > 0) {
            co_await write(std::exchange(out, {}));
            co_await pause(plan.first_pause);
        }
        for (std::size_t i = 0; i < count; ++i) {
            if (i > 0) co_await pause(plan.pause);
            append_event(out, plan, i, count);
            // Paced events leave one by one; a burst leaves in large writes, so that the server is never what is measured.
            if (plan.pause.count() > 0 || out.size() >= kBatch) co_await write(std::exchange(out, {}));
        }
        co_return co_await end_stream(plan, std::move(out));
    }

    void append_event(std::string& out, const StreamPlan& plan, std::size_t i, std::size_t count) const {
        const auto& event = plan.events[i];
        if (plan.stamped && i > 0 && i + 2 < plan.events.size()) {
            out += framed(plan.stamped_prefix + clock_stamp() + plan.stamped_suffix);
        } else if (plan.ending == StreamPlan::Ending::cut_inside_chunk && i + 1 == count) {
            out += framed(event).substr(0, event.size() / 2);
        } else if (plan.split_bytes) {
            for (const auto byte : event) out += framed({&byte, 1});
        } else {
            out += framed(event);
        }
    }

    awaitable<bool> end_stream(const StreamPlan& plan, std::string out) {
        if (plan.ending == StreamPlan::Ending::complete) out += "0\r\n\r\n";
        co_await write(out);
        if (plan.ending == StreamPlan::Ending::stall) co_await pause(kStall);
        while (plan.ending == StreamPlan::Ending::repeat_last_for_ever) co_await write(framed(plan.events.back()));
        co_return plan.ending == StreamPlan::Ending::complete;
    }

    Stream& stream_;
    Provider& provider_;
    std::string buffer_;
};

}  // namespace

awaitable<void> serve_connection(tcp::socket socket, asio::ssl::context* tls, Provider& provider, RequestLog& log) {
    ++log.connections;
    log.most_open_connections = std::max(log.most_open_connections, ++log.open_connections);
    try {
        socket.set_option(tcp::no_delay(true));
        if (tls == nullptr) {
            co_await Connection<tcp::socket>(socket, provider).run();
        } else {
            asio::ssl::stream<tcp::socket> stream(std::move(socket), *tls);
            co_await stream.async_handshake(asio::ssl::stream_base::server, use_awaitable);
            if (SSL_session_reused(stream.native_handle()) != 0) ++log.resumptions;
            co_await Connection<asio::ssl::stream<tcp::socket>>(stream, provider).run();
            co_await stream.async_shutdown(use_awaitable);
        }
    } catch (const std::exception&) {
        // The client went, or sent no HTTP: both end this connection and nothing else.
    }
    --log.open_connections;
}

}  // namespace loopback
