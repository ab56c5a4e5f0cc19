// HTTP/1.1 on the wire: writing a request, reading a response head, taking the body out of its framing (RFC 9112).
//
// Strict where leniency would hide an incomplete or ambiguous answer: Poco 1.11 takes a truncated chunked body for a complete one, reads header lines
// without a limit and repeats requests by itself, so framing is done here and Poco does sockets and TLS (decision 0013).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/http/byte_stream.hpp"

namespace qwen::http {

inline constexpr std::size_t kMaxHeadBytes = 64u << 10;
inline constexpr int kMaxInformationalResponses = 10;

/// The request as bytes. `absolute_form` is for plain http through a proxy. The result holds the credential: wipe it after sending.
[[nodiscard]] std::string serialise(const Request& request, bool absolute_form, std::string_view proxy_authorization);

/// A response head, parsed.
struct ResponseHead {
    int status = 0;
    int minor_version = 1;
    std::string reason;
    HeaderList headers;
};

/// How the body ends.
struct Framing {
    enum class Kind : std::uint8_t { none, length, chunked, until_close };
    Kind kind = Kind::none;
    std::uint64_t length = 0;
    bool keep_alive = false;
};

/// Parses status line and header lines, without the empty line. Errors: bad_response, with what is wrong and never the text.
[[nodiscard]] Result<ResponseHead> parse_head(std::string_view text);

/// RFC 9112 section 6.3. Errors (bad_response): lengths that differ, are no number or stand beside a transfer coding; unknown codings.
[[nodiscard]] Result<Framing> framing_of(const ResponseHead& head, std::string_view request_method);

/// Reads one response from a stream. Not thread-safe.
class ResponseReader {
public:
    /// `stream` outlives the reader.
    explicit ResponseReader(ByteStream& stream);

    /// Reads the head, skipping informational responses. `started` is set once a byte has arrived.
    [[nodiscard]] Result<ResponseHead> read_head(std::chrono::milliseconds timeout, const Context& context, bool& started);
    void begin_body(const Framing& framing);
    /// As BodyReader::read_some: hands over everything that has arrived, without waiting for more.
    [[nodiscard]] Result<std::size_t> read_body(std::span<char> out, std::chrono::milliseconds idle, const Context& context);
    /// The body was read to its end and nothing unasked follows.
    [[nodiscard]] bool complete() const { return state_ == State::done && begin_ == end_; }

private:
    enum class State : std::uint8_t { size_line, data, data_end, trailer, plain, until_close, done };

    [[nodiscard]] Result<std::size_t> fill(std::chrono::milliseconds timeout, const Context& context);
    [[nodiscard]] std::string_view buffered() const { return {buffer_.data() + begin_, end_ - begin_}; }
    /// Takes body bytes from the buffer until it, or `out`, is used up.
    [[nodiscard]] Result<std::size_t> take(std::span<char> out);
    /// One step through the lines between chunks; false when the next line is not there yet.
    [[nodiscard]] Result<bool> take_framing_line();
    /// A whole line of chunk framing, without its end; nullopt when it is not there yet.
    [[nodiscard]] Result<std::optional<std::string_view>> framing_line();

    ByteStream& stream_;
    std::vector<char> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    State state_ = State::done;
    std::uint64_t left_ = 0;
    std::size_t trailer_bytes_ = 0;
    std::optional<Error> broken_;  // what is wrong with the framing behind the bytes already handed over
};

}  // namespace qwen::http
