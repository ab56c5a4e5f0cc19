// The real transport: picks proxy and module, connects, speaks HTTP/1.1, keeps one connection for the next request.
#pragma once

#include <functional>
#include <memory>

#include "core/http/byte_stream.hpp"

namespace qwen::http {

/// Gives the stream factory for "http" or "https", opening its module at the first use. The factory lives as long as the process.
using StreamFactories = std::function<Result<StreamFactory*>(std::string_view scheme)>;

class StreamTransport final : public Transport {
public:
    /// `options` is copied; nothing is opened or connected before send().
    StreamTransport(NetworkOptions options, StreamFactories factories);
    ~StreamTransport() override;

    [[nodiscard]] Result<Response> send(const Request& request, const Context& context) override;
    [[nodiscard]] Progress progress_of_last_failure() const override { return progress_; }
    [[nodiscard]] std::size_t connections_opened() const override { return connections_opened_; }

private:
    struct Connection;
    class Body;
    struct Keeper;

    [[nodiscard]] const NetworkOptions::Proxy* proxy_for(const Origin& origin) const;
    [[nodiscard]] Result<std::unique_ptr<Connection>> open(const Request& request, const Context& context);
    [[nodiscard]] Result<int> tunnel(int socket, const NetworkOptions::Proxy& proxy, const Request& request, const Context& context);

    NetworkOptions options_;
    StreamFactories factories_;
    /// Shared with the bodies still being read, which hand their connection back here.
    std::shared_ptr<Keeper> keeper_;
    Progress progress_ = Progress::nothing_sent;
    std::size_t connections_opened_ = 0;
};

/// "Basic …" for a proxy with a user name; empty without one (RFC 7617).
[[nodiscard]] Secret basic_credentials(std::string_view user, const Secret& password);

}  // namespace qwen::http
