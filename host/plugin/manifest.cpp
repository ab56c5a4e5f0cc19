#include "host/plugin/manifest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>

#include "core/base/json.hpp"
#include "core/base/url.hpp"
#include "core/base/utf8.hpp"
#include "host/plugin/host_table.hpp"
#include "host/terminal/sanitizer.hpp"
#include "qwen/plugin.h"

namespace qwen::host::plugin {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxListLength = 64;
constexpr std::size_t kMaxTextLength = 1024;

bool is_identifier(std::string_view text) {
    if (text.empty() || text.size() > 64 || text[0] < 'a' || text[0] > 'z') return false;
    return std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

bool is_name(std::string_view text) {
    std::string plain(text);
    std::replace_if(plain.begin(), plain.end(), [](char c) { return c == '-' || c == '.'; }, '_');
    return is_identifier(plain);
}

bool is_variable(std::string_view text) {
    if (text.empty() || text.size() > 128 || (text[0] >= '0' && text[0] <= '9')) return false;
    return std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; });
}

/// What a manifest says is shown in many places, help included: what could move a cursor or turn the reading direction is refused here, once.
bool is_printable(std::string_view text) {
    // Nearly every text of a manifest is plain ASCII, and `--help` reads all of them.
    const auto is_plain = [](char byte) { return byte >= ' ' && byte <= '~'; };
    if (std::all_of(text.begin(), text.end(), is_plain)) return true;
    if (!is_valid_utf8(text) || text.find_first_of("\n\t") != std::string_view::npos) return false;
    for (std::size_t offset = 0; offset < text.size();)
        if (is_terminal_control(decode_utf8(text, offset))) return false;
    return true;
}

std::optional<AbiVersion> parse_abi(std::string_view text) {
    AbiVersion abi;
    const char* const end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, abi.major);
    if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '.') return std::nullopt;
    const auto second = std::from_chars(first.ptr + 1, end, abi.minor);
    if (second.ec != std::errc{} || second.ptr != end) return std::nullopt;
    return abi;
}

template <typename T, std::size_t N>
std::optional<T> look_up(const std::array<std::pair<std::string_view, T>, N>& table, std::string_view name) {
    for (const auto& [key, value] : table) {
        if (key == name) return value;
    }
    return std::nullopt;
}

constexpr std::array<std::pair<std::string_view, config::ValueType>, 9> kTypes{{
    {"text", config::ValueType::text},
    {"secret", config::ValueType::secret},
    {"url", config::ValueType::url},
    {"boolean", config::ValueType::boolean},
    {"integer", config::ValueType::integer},
    {"duration", config::ValueType::duration},
    {"path", config::ValueType::path},
    {"text_list", config::ValueType::text_list},
    {"command", config::ValueType::command},
}};
constexpr std::array<std::pair<std::string_view, config::SettingRole>, 3> kRoles{{
    {"api_key", config::SettingRole::api_key},
    {"base_url", config::SettingRole::base_url},
    {"model", config::SettingRole::model},
}};
constexpr std::array<std::pair<std::string_view, std::uint8_t>, 3> kSources{{
    {"anywhere", config::from_anywhere},
    {"trusted", config::from_trusted},
    {"user", config::from_files_of_the_user},
}};
constexpr std::array<std::pair<std::string_view, auth::Interactivity>, 3> kInteractivity{{
    {"never", auth::Interactivity::never},
    {"if_available", auth::Interactivity::if_available},
    {"always", auth::Interactivity::always},
}};

/// Takes the JSON apart. The first thing that is wrong is kept and everything after it answers with something harmless.
class Reader {
public:
    explicit Reader(const std::string& path) : path_(path) {}

    [[nodiscard]] std::optional<Error>& problem() { return problem_; }

    void blame(std::string_view key, std::string_view what) {
        if (problem_) return;
        problem_ = Error{ErrorCode::plugin_refused, fmt::format("the plugin's manifest is invalid: '{}' {}", key, what),
                         "ask the plugin's vendor for a corrected build", FileLocation{path_}};
    }

    std::string text(const Json& object, const char* key, std::string_view fallback = {}) {
        const auto member = object.find(key);
        if (member == object.end()) return std::string(fallback);
        if (!member->is_string()) return blame(key, "is no text"), std::string();
        auto value = member->get<std::string>();
        if (value.size() > kMaxTextLength) blame(key, "is too long");
        if (!is_printable(value)) blame(key, "holds control characters");
        return value;
    }
    bool boolean(const Json& object, const char* key, bool fallback) {
        const auto member = object.find(key);
        if (member == object.end()) return fallback;
        if (!member->is_boolean()) return blame(key, "is neither true nor false"), fallback;
        return member->get<bool>();
    }
    std::uint32_t number(const Json& object, const char* key) {
        const auto member = object.find(key);
        if (member == object.end() || !member->is_number_unsigned() || *member == 0 || *member > 0x7fffffffu) {
            return blame(key, "is no whole number above 0"), 0;
        }
        return member->get<std::uint32_t>();
    }
    std::vector<std::string> texts(const Json& object, const char* key) {
        std::vector<std::string> values;
        for (const Json& element : list(object, key)) {
            if (!element.is_string() || !is_printable(element.get_ref<const std::string&>())) return blame(key, "is no list of texts"), values;
            values.push_back(element.get<std::string>());
        }
        return values;
    }
    /// The tables of a list; empty when the key is absent.
    const Json& list(const Json& object, const char* key) {
        static const Json empty = Json::array();
        const auto member = object.find(key);
        if (member == object.end()) return empty;
        if (!member->is_array() || member->size() > kMaxListLength) return blame(key, "is no list, or longer than 64"), empty;
        return *member;
    }
    const Json& tables(const Json& object, const char* key) {
        static const Json empty = Json::array();
        const Json& found = list(object, key);
        for (const Json& element : found) {
            if (!element.is_object()) return blame(key, "is no list of tables"), empty;
        }
        return found;
    }
    const Json& table(const Json& object, const char* key) {
        static const Json empty = Json::object();
        const auto member = object.find(key);
        if (member == object.end()) return empty;
        if (!member->is_object() || member->size() > kMaxListLength) return blame(key, "is no table"), empty;
        return *member;
    }

private:
    const std::string& path_;
    std::optional<Error> problem_;
};

void read_identity(Reader& reader, const Json& json, Manifest& manifest) {
    if (reader.number(json, "schema") != 1) reader.blame("schema", "is not 1; this program knows no other");
    manifest.id = reader.text(json, "id");
    if (!is_identifier(manifest.id)) reader.blame("id", "is no identifier (lower-case letters, digits, '_')");
    manifest.name = reader.text(json, "name", manifest.id);
    manifest.version = reader.text(json, "version");
    manifest.vendor = reader.text(json, "vendor");
    manifest.license = reader.text(json, "license");
    manifest.url = reader.text(json, "url");
    const auto least = parse_abi(reader.text(json, "abi_min"));
    const auto built = parse_abi(reader.text(json, "abi_built"));
    if (!least) reader.blame("abi_min", "is no version like \"1.0\"");
    if (!built) reader.blame("abi_built", "is no version like \"1.0\"");
    manifest.abi_min = least.value_or(AbiVersion{});
    manifest.abi_built = built.value_or(AbiVersion{});
    manifest.required_services = reader.texts(json, "requires");
    manifest.wanted_services = reader.texts(json, "wants");
    for (const std::string& name : reader.texts(json, "relaxed")) {
        if (name != "threads") reader.blame("relaxed", "holds something else than \"threads\"");
        manifest.starts_threads = true;
    }
}

void read_origins(Reader& reader, const Json& json, Manifest& manifest) {
    for (const std::string& text : reader.texts(json, "origins")) {
        const auto url = Url::parse(text);
        if (!url || url->path() != "/" || !url->query().empty()) return reader.blame("origins", "holds something that is no origin");
        if (url->origin().scheme != "https" && !url->origin().is_loopback()) return reader.blame("origins", "holds an http origin");
        manifest.origins.push_back(url->origin().to_string());
    }
}

void read_methods(Reader& reader, const Json& json, Manifest& manifest) {
    for (const Json& entry : reader.tables(json, "methods")) {
        LoginMethod method;
        method.id = reader.text(entry, "id");
        method.kind = reader.text(entry, "kind");
        method.name = reader.text(entry, "name", method.id);
        if (!is_name(method.id)) reader.blame("methods.id", "is no name");
        const auto interactivity = look_up(kInteractivity, reader.text(entry, "interactive", "if_available"));
        if (!interactivity) reader.blame("methods.interactive", "has an unknown value");
        method.interactivity = interactivity.value_or(auth::Interactivity::never);
        manifest.methods.push_back(std::move(method));
    }
}

std::optional<std::string> default_text(Reader& reader, const Json& entry, const char* key) {
    const auto member = entry.find(key);
    if (member == entry.end()) return std::nullopt;
    return reader.text(entry, key);
}

config::Setting read_setting(Reader& reader, const Json& entry, const Manifest& manifest) {
    config::Setting setting;
    const std::string key = reader.text(entry, "key");
    if (!is_identifier(key)) reader.blame("settings.key", "is no identifier");
    setting.key = manifest.setting_key(key);
    setting.provider = manifest.id;
    const auto type = look_up(kTypes, reader.text(entry, "type"));
    if (!type) reader.blame("settings.type", "has an unknown value");
    setting.type = type.value_or(config::ValueType::text);
    const std::string role = reader.text(entry, "role");
    if (!role.empty()) {
        const auto known = look_up(kRoles, role);
        if (!known) reader.blame("settings.role", "has an unknown value");
        setting.role = known.value_or(config::SettingRole::none);
    }
    const auto sources = look_up(kSources, reader.text(entry, "sources", "anywhere"));
    if (!sources) reader.blame("settings.sources", "has an unknown value");
    // A command is run by the host: no plugin can let a project file or a variable choose it.
    setting.allowed = setting.type == config::ValueType::command ? std::uint8_t{config::from_files_of_the_user} : sources.value_or(0);
    setting.flag = reader.text(entry, "flag");
    setting.variables = reader.texts(entry, "variables");
    if (!std::all_of(setting.variables.begin(), setting.variables.end(), is_variable)) reader.blame("settings.variables", "holds no name of a variable");
    if (auto value = default_text(reader, entry, "default")) {
        setting.default_value = std::move(*value);
        setting.has_default = true;
        if (setting.is_secret()) reader.blame("settings.default", "gives a secret a default");
    }
    setting.choices = reader.texts(entry, "choices");
    setting.placeholder = reader.text(entry, "placeholder");
    setting.help = reader.text(entry, "help");
    setting.prompt = reader.text(entry, "prompt");
    return setting;
}

void read_settings(Reader& reader, const Json& json, Manifest& manifest) {
    std::set<std::string> seen;
    for (const Json& entry : reader.tables(json, "settings")) {
        config::Setting setting = read_setting(reader, entry, manifest);
        if (!seen.insert(setting.key).second) reader.blame("settings.key", "stands twice");
        if (reader.boolean(entry, "required", false)) manifest.required_settings.push_back(setting.key);
        manifest.settings.push_back(std::move(setting));
    }
}

void read_presets(Reader& reader, const Json& json, Manifest& manifest) {
    std::set<std::string> seen;
    for (const Json& entry : reader.tables(json, "presets")) {
        Preset preset;
        preset.id = reader.text(entry, "id");
        if (!is_name(preset.id) || !seen.insert(preset.id).second) reader.blame("presets.id", "is no name, or stands twice");
        preset.name = reader.text(entry, "name", preset.id);
        preset.base_url = reader.text(entry, "base_url");
        preset.model = reader.text(entry, "model");
        preset.key_required = reader.boolean(entry, "key_required", true);
        preset.help_url = reader.text(entry, "help_url");
        const Json& variables = reader.table(entry, "variables");
        for (const auto& [key, value] : variables.items()) {
            if (manifest.setting(key) == nullptr) reader.blame("presets.variables", "names a setting that is not there");
            preset.variables[key] = reader.texts(variables, key.c_str());
        }
        const Json& settings = reader.table(entry, "settings");
        for (const auto& [key, value] : settings.items()) {
            const config::Setting* const setting = manifest.setting(key);
            if (setting == nullptr || setting->is_secret()) reader.blame("presets.settings", "names a setting that is not there, or a secret");
            preset.settings[key] = reader.text(settings, key.c_str());
        }
        manifest.presets.push_back(std::move(preset));
    }
}

void read_limits(Reader& reader, const Json& json, Manifest& manifest) {
    for (const Json& entry : reader.tables(json, "limits")) {
        manifest.limits.push_back({.requests = reader.number(entry, "requests"), .period_seconds = reader.number(entry, "period_seconds")});
    }
}

}  // namespace

std::string AbiVersion::to_string() const { return fmt::format("{}.{}", major, minor); }

AbiVersion host_abi() { return {QWEN_ABI_MAJOR, QWEN_ABI_MINOR}; }

std::string Manifest::setting_key(std::string_view key) const { return fmt::format("providers.{}.{}", id, key); }

const config::Setting* Manifest::setting(std::string_view key) const {
    const std::string full = setting_key(key);
    const auto found = std::find_if(settings.begin(), settings.end(), [&](const config::Setting& setting) { return setting.key == full; });
    return found == settings.end() ? nullptr : &*found;
}

const config::Setting* Manifest::setting_with_role(config::SettingRole role) const {
    const auto found = std::find_if(settings.begin(), settings.end(), [&](const config::Setting& setting) { return setting.role == role; });
    return found == settings.end() ? nullptr : &*found;
}

const Preset* Manifest::preset(std::string_view preset_id) const {
    const auto found = std::find_if(presets.begin(), presets.end(), [&](const Preset& preset) { return preset.id == preset_id; });
    return found == presets.end() ? nullptr : &*found;
}

Result<Manifest> parse_manifest(std::string_view json, const std::string& path) {
    auto parsed = parse_json(json, "plugin manifest", {.max_depth = 8, .max_bytes = 16u << 10});
    if (!parsed || !parsed->is_object()) {
        return Error{ErrorCode::plugin_refused, "the plugin's manifest is no JSON object", {}, FileLocation{path}};
    }
    Reader reader(path);
    Manifest manifest;
    read_identity(reader, *parsed, manifest);
    read_origins(reader, *parsed, manifest);
    read_methods(reader, *parsed, manifest);
    read_settings(reader, *parsed, manifest);
    read_presets(reader, *parsed, manifest);
    read_limits(reader, *parsed, manifest);
    if (reader.problem()) return std::move(*reader.problem());
    return manifest;
}

Result<void> check_compatible(const Manifest& manifest, const std::string& path) {
    const AbiVersion ours = host_abi();
    if (manifest.abi_min.major != ours.major || manifest.abi_min > ours) {
        return Error{ErrorCode::plugin_incompatible,
                     fmt::format("plugin '{}' needs plugin ABI {}, this program has {}", manifest.id, manifest.abi_min.to_string(), ours.to_string()),
                     manifest.abi_min > ours ? "update qwen" : "update the plugin", FileLocation{path}};
    }
    for (const std::string& service : manifest.required_services) {
        if (is_known_service(service)) continue;
        return Error{ErrorCode::plugin_incompatible, fmt::format("plugin '{}' needs the host service {}, which this program does not have", manifest.id, service),
                     "update qwen", FileLocation{path}};
    }
    return {};
}

std::vector<config::Setting> settings_for(const Manifest& manifest, const Preset* preset) {
    std::vector<config::Setting> settings = manifest.settings;
    if (preset == nullptr) return settings;
    for (const auto& [key, variables] : preset->variables) {
        // In place of the plugin's own: a key exported for one service is not sent to another (decision 0005).
        const std::string full = manifest.setting_key(key);
        for (config::Setting& setting : settings) {
            if (setting.key == full) setting.variables = variables;
        }
    }
    return settings;
}

config::Layer preset_layer(const Manifest& manifest, const Preset* preset) {
    config::Layer layer{.source = config::Source::preset, .entries = {}};
    if (preset == nullptr) return layer;
    const auto add = [&](std::string key, std::string_view value) {
        config::Provenance from{.source = config::Source::preset, .trust = config::TrustClass::builtin, .name = preset->id, .location = {}, .file = {}};
        layer.entries.push_back({.key = std::move(key), .value = Secret(value), .from = std::move(from)});
    };
    const config::Setting* const base_url = manifest.setting_with_role(config::SettingRole::base_url);
    const config::Setting* const model = manifest.setting_with_role(config::SettingRole::model);
    if (!preset->base_url.empty() && base_url != nullptr) add(base_url->key, preset->base_url);
    if (!preset->model.empty()) add(model != nullptr ? model->key : "model", preset->model);
    for (const auto& [key, value] : preset->settings) add(manifest.setting_key(key), value);
    return layer;
}

}  // namespace qwen::host::plugin
