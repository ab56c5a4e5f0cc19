#include "host/plugin/plugin_library.hpp"

// Debian's Boost 1.74 would otherwise bring in Boost.Filesystem.
#define BOOST_DLL_USE_STD_FS
#include <dlfcn.h>
#include <fmt/format.h>
#include <link.h>

#include <boost/dll/shared_library.hpp>
#include <list>

namespace qwen::host::plugin {
namespace {

Error refuse(const VerifiedPlugin& plugin, std::string_view reason) {
    return Error{ErrorCode::plugin_refused, fmt::format("the plugin cannot be used: {}", reason), {}, FileLocation{plugin.file.path.native()}};
}

/// Kept open for the life of the process, on purpose without destruction: a plugin's thread-local and static objects outlive any order we could choose.
std::list<boost::dll::shared_library>& open_libraries() {
    static auto* const libraries = new std::list<boost::dll::shared_library>();
    return *libraries;
}

/// dlsym also finds a symbol in the libraries a plugin needs; only the one in the file itself was checked.
bool is_from(const boost::dll::shared_library& library, void* symbol) {
    link_map* own = nullptr;
    link_map* found = nullptr;
    Dl_info info{};
    if (::dlinfo(library.native(), RTLD_DI_LINKMAP, &own) != 0) return false;
    if (::dladdr1(symbol, &info, reinterpret_cast<void**>(&found), RTLD_DL_LINKMAP) == 0) return false;
    return own == found;
}

}  // namespace

Result<qwen_provider_entry_fn> open_library(const VerifiedPlugin& plugin) {
    // Boost 1.74 has no name for RTLD_NODELETE and passes the value on as it is.
    const auto mode = static_cast<boost::dll::load_mode::type>(RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    const std::filesystem::path path = fmt::format("/proc/self/fd/{}", plugin.sealed.get());
    try {
        boost::dll::shared_library library(path, mode);
        void* const symbol = ::dlsym(library.native(), QWEN_ENTRY_SYMBOL);
        if (symbol == nullptr) return refuse(plugin, "it does not export " QWEN_ENTRY_SYMBOL);
        if (!is_from(library, symbol)) return refuse(plugin, "its " QWEN_ENTRY_SYMBOL " is in a library it needs, not in the file itself");
        open_libraries().push_back(std::move(library));
        return reinterpret_cast<qwen_provider_entry_fn>(symbol);
    } catch (const std::exception& error) {
        return refuse(plugin, error.what());
    }
}

Result<const qwen_provider*> shake_hands(qwen_provider_entry_fn entry, const HostTable& host, const Manifest& manifest, const std::string& path) {
    const auto refused = [&](std::string_view reason) {
        return Error{ErrorCode::plugin_refused, fmt::format("plugin '{}' cannot be used: {}", manifest.id, reason), {}, FileLocation{path}};
    };
    const qwen_provider* const provider = entry(host.get());
    if (provider == nullptr) return refused("it declined to work with this program");
    if (!QWEN_HAS(provider, qwen_provider, get_extension)) {
        return Error{ErrorCode::plugin_incompatible,
                     fmt::format("plugin '{}' cannot be used: its table has {} bytes, version 1.0 of the interface has {}", manifest.id,
                                 provider->struct_size, sizeof(qwen_provider)),
                     "ask the plugin's vendor for a corrected build", FileLocation{path}};
    }
    if (provider->id == nullptr || provider->id != manifest.id) return refused("its code and its manifest disagree on its id");
    if (provider->create == nullptr || provider->destroy == nullptr || provider->state == nullptr || provider->authorize == nullptr ||
        provider->on_response == nullptr || provider->get_extension == nullptr) {
        return refused("a required function is missing from its table");
    }
    return provider;
}

}  // namespace qwen::host::plugin
