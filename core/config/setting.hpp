// What can be set: one table from which flags, variables, --help, config files, the reference page and `config explain` are made.
//
// The core's own settings stand in setting.cpp; a provider's settings come from its manifest and are added at run time, so a third-party
// provider gets all of this without a line of its own.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"

namespace qwen::config {

enum class ValueType : std::uint8_t { text, secret, url, boolean, integer, duration, path, text_list, command };

/// A part a setting plays for the core, whoever declares it.
enum class SettingRole : std::uint8_t { none, api_key, base_url, model };

/// Which sources may set it, as a bit set.
enum AllowedSources : std::uint8_t {
    from_flag = 1,
    from_environment = 2,
    from_project_dotenv = 4,
    from_user_dotenv = 8,
    from_user_config = 16,
    from_system_config = 32,
    from_anywhere = 63,
    /// Everything but files of a project: proxies, CA files, homes, trust switches.
    from_trusted = from_anywhere & ~from_project_dotenv,
    /// Only user and system files: commands to run.
    from_files_of_the_user = from_user_config | from_system_config,
};

struct Setting {
    /// Dotted key as in config.toml: "model", "network.proxy", "providers.openai_compat.base_url".
    std::string key{};
    ValueType type = ValueType::text;
    /// "--openai-api-key"; empty: no flag.
    std::string flag{};
    /// "-m"; empty: none.
    std::string short_flag{};
    /// Environment and .env names, first wins: {"OPENAI_MODEL"}.
    std::vector<std::string> variables{};
    /// Text form; meaningless when !has_default.
    std::string default_value{};
    bool has_default = false;
    std::uint8_t allowed = from_anywhere;
    SettingRole role = SettingRole::none;
    /// Closed list of values; empty: any value of the type.
    std::vector<std::string> choices{};
    /// "URL", "NAME": shown after the flag.
    std::string placeholder{};
    /// One sentence, for --help and the reference.
    std::string help{};
    /// Question for an interactive prompt; empty: never asked.
    std::string prompt{};
    /// The provider plugin that declared it; empty: the core.
    std::string provider{};

    [[nodiscard]] bool is_secret() const { return type == ValueType::secret; }
};

/// The known settings. Keys, flags and variables are unique within one provider and the core.
class SettingTable {
public:
    /// The core's own settings.
    [[nodiscard]] static SettingTable core();

    /// Errors: plugin_refused when a key or flag is taken, or a name is ill-formed. A variable may be shared between providers.
    [[nodiscard]] Result<void> add(Setting setting);

    /// A section ("providers.acme") of a provider whose settings are not in this table: what a file says there is neither used nor judged.
    void leave_alone(std::string section) { left_alone_.push_back(std::move(section)); }
    [[nodiscard]] bool leaves_alone(std::string_view section) const;

    [[nodiscard]] std::span<const Setting> all() const { return settings_; }
    [[nodiscard]] const Setting* find_key(std::string_view key) const;
    [[nodiscard]] const Setting* find_flag(std::string_view flag) const;
    /// The known key nearest to a misspelt one (edit distance at most 3), or empty.
    [[nodiscard]] std::string_view nearest_key(std::string_view key) const;

private:
    std::vector<Setting> settings_;
    std::vector<std::string> left_alone_;
};

}  // namespace qwen::config
