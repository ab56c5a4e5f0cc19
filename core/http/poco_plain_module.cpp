// qwen_transport.so: plain sockets for `http` URLs and for the way to a proxy.
#include <cstring>

#include "core/http/poco_socket_stream.hpp"
#include "core/http/transport_module.hpp"

namespace qwen::http {
namespace {

class PlainStreamFactory final : public StreamFactory {
public:
    Result<std::unique_ptr<ByteStream>> wrap(int fd, const Origin&, std::chrono::milliseconds, const Context&) override {
        return std::unique_ptr<ByteStream>(std::make_unique<PocoSocketStream>(adopt_socket(fd)));
    }
};

}  // namespace
}  // namespace qwen::http

extern "C" __attribute__((visibility("default"))) qwen::http::StreamFactory* qwen_make_stream_factory(const char* version, const qwen::http::NetworkOptions*,
                                                                                                   qwen::Error*) {
    if (std::strcmp(version, qwen::http::transport_module_version()) != 0) return nullptr;
    static qwen::http::PlainStreamFactory factory;
    return &factory;
}
