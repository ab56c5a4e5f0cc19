#include "host/transport_modules.hpp"

// Debian's Boost 1.74 would otherwise bring in Boost.Filesystem.
#define BOOST_DLL_USE_STD_FS
#include <boost/dll/shared_library.hpp>
#include <map>
#include <memory>

#include "core/http/transport_module.hpp"

namespace qwen::host {
namespace {

Error unusable(const std::filesystem::path& path, std::string reason) {
    return {ErrorCode::internal, "a part of this program cannot be loaded: " + std::move(reason), "install it again", FileLocation{path.string(), 0, 0}};
}

/// Never closed: the streams' code is in it.
Result<http::StreamFactory*> open_module(const std::filesystem::path& path, const http::NetworkOptions& options) {
    try {
        static auto* const opened = new std::map<std::filesystem::path, boost::dll::shared_library>();
        auto& library = opened->try_emplace(path, path, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local).first->second;
        const auto make = library.get<http::StreamFactory*(const char*, const http::NetworkOptions*, Error*)>(QWEN_STREAM_FACTORY_SYMBOL);
        Error error;
        auto* const factory = make(http::transport_module_version(), &options, &error);
        if (factory != nullptr) return factory;
        return error.message.empty() ? unusable(path, "it is of another build") : std::move(error);
    } catch (const std::exception& problem) {
        return unusable(path, problem.what());
    }
}

}  // namespace

std::filesystem::path installation_prefix() {
    std::error_code problem;
    return std::filesystem::read_symlink("/proc/self/exe", problem).parent_path().parent_path();
}

http::StreamFactories transport_modules(std::filesystem::path directory, const http::NetworkOptions& options) {
    // One for each scheme: the CA store is loaded once, and TLS sessions are known to the next connection.
    auto made = std::make_shared<std::map<std::string, http::StreamFactory*, std::less<>>>();
    return [directory = std::move(directory), &options, made = std::move(made)](std::string_view scheme) -> Result<http::StreamFactory*> {
        if (const auto known = made->find(scheme); known != made->end()) return known->second;
        QWEN_TRY(auto* const factory, open_module(directory / (scheme == "https" ? "qwen_transport_tls.so" : "qwen_transport.so"), options));
        return made->emplace(scheme, factory).first->second;
    };
}

}  // namespace qwen::host
