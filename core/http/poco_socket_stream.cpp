#include "core/http/poco_socket_stream.hpp"
#include "core/http/connect.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/StreamSocketImpl.h>
#include <poll.h>

#include <algorithm>

namespace qwen::http {
namespace {

using std::chrono::milliseconds;

// The constructor for a descriptor that is connected already is protected on the way through StreamSocket.
class AdoptedSocketImpl final : public Poco::Net::StreamSocketImpl {
public:
    explicit AdoptedSocketImpl(int fd) : StreamSocketImpl(fd) {}
};

/// The shorter of a timeout (zero: none) and what is left until the deadline; zero again means none. nullopt: the deadline is over.
std::optional<milliseconds> effective(milliseconds timeout, const Context& context) {
    if (!context.deadline) return timeout;
    const auto left = std::chrono::ceil<milliseconds>(*context.deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return std::nullopt;
    return timeout.count() == 0 ? left : std::min(timeout, left);
}

Error no_data(milliseconds timeout) {
    return {ErrorCode::timed_out, "no data for " + duration_text(timeout), {}, std::nullopt};
}

}  // namespace

Poco::Net::StreamSocket adopt_socket(int fd) { return Poco::Net::StreamSocket(new AdoptedSocketImpl(fd)); }

void PocoSocketStream::limit_receive(milliseconds timeout) {
    if (timeout == receive_timeout_) return;
    socket_.setReceiveTimeout(Poco::Timespan(timeout.count() * 1000));
    receive_timeout_ = timeout;
}

Result<std::size_t> PocoSocketStream::read_some(std::span<char> buffer, milliseconds timeout, const Context& context) {
    const auto limit = effective(timeout, context);
    if (!limit) return no_data(timeout);
    try {
        limit_receive(*limit);
        const int count = socket_.receiveBytes(buffer.data(), static_cast<int>(std::min<std::size_t>(buffer.size(), 1u << 20)));
        if (context.cancelled()) return cancelled_error();
        return static_cast<std::size_t>(std::max(count, 0));
    } catch (const Poco::TimeoutException&) {
        return context.cancelled() ? cancelled_error() : no_data(*limit);
    } catch (...) {
        return context.cancelled() ? cancelled_error() : current_exception_as_error();
    }
}

Result<void> PocoSocketStream::write_all(std::string_view bytes, milliseconds timeout, const Context& context) {
    try {
        while (!bytes.empty()) {
            const auto limit = effective(timeout, context);
            if (!limit) return no_data(timeout);
            socket_.setSendTimeout(Poco::Timespan(limit->count() * 1000));
            const int count = socket_.sendBytes(bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), 1u << 30)), MSG_NOSIGNAL);
            if (context.cancelled()) return cancelled_error();
            bytes.remove_prefix(static_cast<std::size_t>(std::max(count, 0)));
        }
        return {};
    } catch (const Poco::TimeoutException&) {
        return context.cancelled() ? cancelled_error() : no_data(timeout);
    } catch (...) {
        return context.cancelled() ? cancelled_error() : current_exception_as_error();
    }
}

bool PocoSocketStream::is_stale() {
    pollfd entry{socket_.impl()->sockfd(), POLLIN, 0};
    return ::poll(&entry, 1, 0) != 0;
}

Error PocoSocketStream::current_exception_as_error() const {
    try {
        throw;
    } catch (const Poco::Net::ConnectionResetException&) {
        return {ErrorCode::connection_failed, "the connection was reset", {}, std::nullopt};
    } catch (const Poco::Exception& exception) {
        return {ErrorCode::connection_failed, "the connection broke: " + exception.displayText(), {}, std::nullopt};
    } catch (const std::exception& exception) {
        return {ErrorCode::internal, exception.what(), {}, std::nullopt};
    }
}

}  // namespace qwen::http
