// Whole messages over the socket between the program and a plugin's own process.
//
// A frame is a length, a kind, the number of the call it belongs to, and the message.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/system/clock.hpp"
#include "core/system/file.hpp"
#include "host/plugin/isolation/wire.hpp"

namespace qwen::host::plugin {

/// Exit status of a plugin process whose host is gone: nobody reads it.
inline constexpr int kLostHost = 3;
/// Both ends are one executable; this catches a file that was replaced while the program runs.
inline constexpr std::uint32_t kWireVersion = 1;
/// A body of 1 MiB and its headers, with room.
inline constexpr std::uint32_t kMaxFrame = 4u << 20;

enum class FrameKind : std::uint8_t { start = 1, hello, entry_call, entry_result, service_request, service_answer, log };

struct Frame {
    FrameKind kind = FrameKind::start;
    std::uint64_t call = 0;
    std::string message;  ///< wiped by `Frame::~Frame`

    Frame() = default;
    Frame(Frame&&) = default;
    Frame& operator=(Frame&&) = default;
    ~Frame() { wipe(message); }
};

/// Why no frame came, or went.
enum class ChannelEnd : std::uint8_t { closed, timed_out, cancelled, malformed };

class Channel {
public:
    explicit Channel(system::Descriptor socket) : socket_(std::move(socket)) {}

    /// Until when to wait; `cancelled` is asked at each signal and every 20 ms, and may be empty.
    struct Patience {
        std::optional<MonotonicTime> deadline;
        std::function<bool()> cancelled = {};
    };
    /// nullopt: sent.
    [[nodiscard]] std::optional<ChannelEnd> send(FrameKind kind, std::uint64_t call, std::string_view message, const Patience& patience);
    /// nullopt: `frame` holds one.
    [[nodiscard]] std::optional<ChannelEnd> receive(Frame& frame, const Patience& patience);
    /// The other side has gone; frames it left may still be there.
    [[nodiscard]] bool is_hung_up() const;
    void close() { socket_ = system::Descriptor(); }

private:
    [[nodiscard]] std::optional<ChannelEnd> wait(short events, const Patience& patience) const;
    [[nodiscard]] std::optional<ChannelEnd> transfer(bool sending, char* bytes, std::size_t size, const Patience& patience);

    system::Descriptor socket_;
};

}  // namespace qwen::host::plugin
