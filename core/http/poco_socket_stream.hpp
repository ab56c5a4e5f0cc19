// ByteStream over a Poco StreamSocket; what plain and TLS sockets have in common.
#pragma once

#include <Poco/Net/StreamSocket.h>

#include "core/http/byte_stream.hpp"

namespace qwen::http {

class PocoSocketStream : public ByteStream {
public:
    explicit PocoSocketStream(Poco::Net::StreamSocket socket) : socket_(std::move(socket)) {}

    [[nodiscard]] Result<std::size_t> read_some(std::span<char> buffer, std::chrono::milliseconds timeout, const Context& context) final;
    [[nodiscard]] Result<void> write_all(std::string_view bytes, std::chrono::milliseconds timeout, const Context& context) final;
    [[nodiscard]] bool is_stale() override;

protected:
    /// What the exception being handled means. Called inside a catch block.
    [[nodiscard]] virtual Error current_exception_as_error() const;
    Poco::Net::StreamSocket socket_;

private:
    void limit_receive(std::chrono::milliseconds timeout);
    std::chrono::milliseconds receive_timeout_{-1};
};

/// A Poco socket that owns an already connected descriptor.
[[nodiscard]] Poco::Net::StreamSocket adopt_socket(int fd);

}  // namespace qwen::http
