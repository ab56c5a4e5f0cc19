#include "host/plugin/setting_claims.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qwen::host::plugin {
namespace {

Error refusal(const PluginFile& file, std::string why) {
    return {ErrorCode::plugin_refused, std::move(why), "its vendor has to name the setting otherwise; until then remove the file", FileLocation{file.path.native()}};
}

}  // namespace

std::optional<Error> SettingClaims::claim(const PluginFile& file, const Manifest& manifest) {
    config::SettingTable own;
    for (const auto& setting : manifest.settings) {
        if (auto added = own.add(setting); !added) return refusal(file, std::move(added).error().message);
        const auto* other = table_.find_flag(setting.flag);
        const bool is_option = std::find(program_flags_.begin(), program_flags_.end(), setting.flag) != program_flags_.end();
        if (other == nullptr && (setting.flag.empty() || !is_option)) continue;
        const auto owner = other == nullptr || other->provider.empty() ? std::string("the program") : fmt::format("plugin '{}'", other->provider);
        return refusal(file, fmt::format("the flag {} of plugin '{}' is taken by {}", setting.flag, manifest.id, owner));
    }
    for (const auto& setting : manifest.settings) {
        if (auto added = table_.add(setting); !added) return refusal(file, std::move(added).error().message);
    }
    return std::nullopt;
}

}  // namespace qwen::host::plugin
