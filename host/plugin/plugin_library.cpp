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

Error refuse(const VerifiedPlugin& plugin, std::string_view reason, std::string hint = {}) {
    return Error{ErrorCode::plugin_refused, fmt::format("the plugin cannot be used: {}", reason), std::move(hint), FileLocation{plugin.file.path.native()}};
}

/// What stands between `before` and `after`; empty when they are not there in this order.
std::string_view between(std::string_view text, std::string_view before, std::string_view after) {
    const auto begin = text.find(before);
    if (begin == std::string_view::npos) return {};
    const auto rest = text.substr(begin + before.size());
    const auto end = rest.find(after);
    return end == std::string_view::npos ? std::string_view{} : rest.substr(0, end);
}

/// The linker's words without Boost's around them; the two that every author of plugins meets one day, in ours.
Error refuse_unlinkable(const VerifiedPlugin& plugin, std::string_view what) {
    constexpr std::string_view kLinkerSays = "(dlerror system message: ";
    const auto said = what.find(kLinkerSays) == std::string_view::npos ? what : what.substr(what.find(kLinkerSays) + kLinkerSays.size());
    const auto reason = said.substr(0, said.rfind("): "));
    if (const auto version = between(reason, "version `", "' not found"); !version.empty()) {
        return refuse(plugin, fmt::format("it needs {}, which {} of this system does not have", version, reason.substr(0, reason.find(':'))),
                      "it was built on a newer system: ask its vendor for a build for this one");
    }
    if (const auto missing = reason.find(": cannot open shared object file"); missing != std::string_view::npos) {
        return refuse(plugin, fmt::format("it needs the library {}, which is not on this system", reason.substr(0, missing)),
                      "install that library, or ask the plugin's vendor for a build without it");
    }
    return refuse(plugin, reason);
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
        return refuse_unlinkable(plugin, error.what());
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
