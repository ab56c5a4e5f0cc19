#include "host/plugin/isolation/channel.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace qwen::host::plugin {
namespace {

constexpr int kSliceMs = 20;

/// Length of what follows, kind, call.
constexpr std::size_t kHeadSize = sizeof(std::uint32_t) + sizeof(std::uint8_t) + sizeof(std::uint64_t);

/// How long to wait at once; negative: for ever, 0: the deadline is over.
int slice(const Channel::Patience& patience) {
    const int limit = patience.cancelled ? kSliceMs : -1;
    if (!patience.deadline) return limit;
    const auto left = *patience.deadline - system::SystemClock().monotonic_now();
    if (left <= left.zero()) return 0;
    const auto milliseconds = static_cast<int>(std::min<std::int64_t>(std::chrono::ceil<std::chrono::milliseconds>(left).count(), 60'000));
    return limit < 0 ? milliseconds : std::min(limit, milliseconds);
}

}  // namespace

std::optional<ChannelEnd> Channel::wait(short events, const Patience& patience) const {
    while (true) {
        if (patience.cancelled && patience.cancelled()) return ChannelEnd::cancelled;
        const int milliseconds = slice(patience);
        pollfd watched{socket_.get(), events, 0};
        const int ready = ::poll(&watched, 1, milliseconds);
        if (ready > 0) return std::nullopt;
        if (ready < 0 && errno != EINTR) return ChannelEnd::closed;
        if (milliseconds == 0) return ChannelEnd::timed_out;
    }
}

std::optional<ChannelEnd> Channel::transfer(bool sending, char* bytes, std::size_t size, const Patience& patience) {
    while (size > 0) {
        const ssize_t moved = sending ? ::send(socket_.get(), bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT) : ::recv(socket_.get(), bytes, size, MSG_DONTWAIT);
        if (moved > 0) {
            bytes += moved;
            size -= static_cast<std::size_t>(moved);
        } else if (moved < 0 && errno == EINTR) {
            continue;
        } else if (moved < 0 && errno == EAGAIN) {
            if (const auto end = wait(sending ? POLLOUT : POLLIN, patience)) return end;
        } else {
            return ChannelEnd::closed;
        }
    }
    return std::nullopt;
}

std::optional<ChannelEnd> Channel::send(FrameKind kind, std::uint64_t call, std::string_view message, const Patience& patience) {
    if (message.size() > kMaxFrame) return ChannelEnd::malformed;
    std::string frame;
    frame.reserve(kHeadSize + message.size());
    const auto size = static_cast<std::uint32_t>(message.size());
    frame.append(reinterpret_cast<const char*>(&size), sizeof size);
    frame.push_back(static_cast<char>(kind));
    frame.append(reinterpret_cast<const char*>(&call), sizeof call);
    frame.append(message);
    const auto end = transfer(true, frame.data(), frame.size(), patience);
    wipe(frame);
    return end;
}

std::optional<ChannelEnd> Channel::receive(Frame& frame, const Patience& patience) {
    char head[kHeadSize];
    if (const auto end = transfer(false, head, sizeof head, patience)) return end;
    WireReader reader({head, sizeof head});
    const auto size = reader.number<std::uint32_t>();
    const auto kind = reader.number<std::uint8_t>();
    frame.call = reader.number<std::uint64_t>();
    if (size > kMaxFrame || kind < static_cast<std::uint8_t>(FrameKind::start) || kind > static_cast<std::uint8_t>(FrameKind::log)) return ChannelEnd::malformed;
    frame.kind = static_cast<FrameKind>(kind);
    wipe(frame.message);
    frame.message.resize(size);
    return transfer(false, frame.message.data(), size, patience);
}

bool Channel::is_hung_up() const {
    pollfd watched{socket_.get(), POLLRDHUP, 0};
    return ::poll(&watched, 1, 0) > 0 && (watched.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0;
}

}  // namespace qwen::host::plugin
