#include "core/config/setting.hpp"

#include <algorithm>
#include <numeric>

namespace qwen::config {
namespace {

constexpr std::size_t kMaxDistance = 3;

/// Where proxies, CA files and homes may come from: never a project's .env.
std::vector<Setting> core_settings() {
    return {
        {.key = "provider", .flag = "--provider", .variables = {"QWEN_PROVIDER"}, .placeholder = "NAME", .help = "who answers: a provider or preset by name"},
        {.key = "model", .flag = "--model", .short_flag = "-m", .variables = {"QWEN_MODEL"}, .role = SettingRole::model, .placeholder = "NAME", .help = "the model to ask"},
        {.key = "account", .flag = "--account", .variables = {"QWEN_ACCOUNT"}, .allowed = from_flag | from_environment, .placeholder = "NAME",
         .help = "the stored account to use, for this call only"},
        {.key = "home", .type = ValueType::path, .flag = "--home", .variables = {"QWEN_HOME"}, .allowed = from_flag | from_environment, .placeholder = "DIR",
         .help = "directory used in place of ~/.qwen"},
        {.key = "storage", .flag = "--storage", .variables = {"QWEN_STORAGE"}, .default_value = "auto", .has_default = true, .allowed = from_trusted,
         .choices = {"auto", "keyring", "file", "none"}, .placeholder = "WHERE", .help = "where credentials are kept"},
        {.key = "trust_origins", .type = ValueType::text_list, .variables = {"QWEN_TRUST_ORIGINS"}, .allowed = from_environment | from_user_config | from_system_config,
         .help = "origins that any key may be sent to, separated by commas"},
        {.key = "auth_source", .flag = "--auth-source", .default_value = "any", .has_default = true, .allowed = from_flag, .choices = {"any", "file"},
         .placeholder = "WHERE", .help = "file: key and server come from the .env file, whatever the environment holds"},
        {.key = "network.https_proxy", .type = ValueType::text, .flag = "--proxy", .variables = {"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"},
         .allowed = from_trusted, .placeholder = "URL", .help = "proxy for https requests"},
        {.key = "network.http_proxy", .type = ValueType::text, .variables = {"HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"}, .allowed = from_trusted,
         .help = "proxy for http requests"},
        {.key = "network.no_proxy", .type = ValueType::text_list, .variables = {"NO_PROXY", "no_proxy"}, .allowed = from_trusted,
         .help = "hosts reached without a proxy, separated by commas"},
        {.key = "network.ca_file", .type = ValueType::path, .flag = "--ca-file", .variables = {"SSL_CERT_FILE"}, .allowed = from_trusted, .placeholder = "FILE",
         .help = "PEM file with the certificate authorities to trust"},
        {.key = "network.ca_directory", .type = ValueType::path, .variables = {"SSL_CERT_DIR"}, .allowed = from_trusted,
         .help = "hashed directory with the certificate authorities to trust"},
        {.key = "network.client_certificate", .type = ValueType::path, .allowed = from_files_of_the_user, .help = "PEM file with the client certificate"},
        {.key = "network.client_key", .type = ValueType::path, .allowed = from_files_of_the_user, .help = "PEM file with the key of the client certificate"},
        {.key = "network.tls_minimum", .default_value = "1.2", .has_default = true, .allowed = from_trusted, .choices = {"1.2", "1.3"}, .help = "lowest TLS version"},
        {.key = "network.connect_timeout", .type = ValueType::duration, .flag = "--connect-timeout", .default_value = "10s", .has_default = true, .allowed = from_trusted,
         .placeholder = "TIME", .help = "limit for name resolution, connecting and TLS, each"},
        {.key = "network.first_byte_timeout", .type = ValueType::duration, .flag = "--first-byte-timeout", .default_value = "120s", .has_default = true,
         .allowed = from_trusted, .placeholder = "TIME", .help = "limit from the request to the answer's first byte"},
        {.key = "network.idle_timeout", .type = ValueType::duration, .flag = "--idle-timeout", .default_value = "120s", .has_default = true, .allowed = from_trusted,
         .placeholder = "TIME", .help = "limit between two parts of an answer"},
    };
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

bool consists_of(std::string_view text, std::string_view extra) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || extra.find(c) != std::string_view::npos;
    });
}

Error refused(const Setting& setting, std::string reason) {
    return {ErrorCode::plugin_refused, "setting \"" + setting.key + "\" " + std::move(reason), {}, std::nullopt};
}

}  // namespace

SettingTable SettingTable::core() {
    SettingTable table;
    table.settings_ = core_settings();
    return table;
}

Result<void> SettingTable::add(Setting setting) {
    if (!consists_of(setting.key, "_.")) return refused(setting, "has an ill-formed key");
    if (!setting.flag.empty() && (!setting.flag.starts_with("--") || !consists_of(setting.flag.substr(2), "-"))) return refused(setting, "has an ill-formed flag");
    if (find_key(setting.key) != nullptr) return refused(setting, "is declared twice");
    if (find_flag(setting.flag) != nullptr) return refused(setting, "has a flag that is taken: " + setting.flag);
    settings_.push_back(std::move(setting));
    return {};
}

bool SettingTable::leaves_alone(std::string_view section) const { return std::find(left_alone_.begin(), left_alone_.end(), section) != left_alone_.end(); }

const Setting* SettingTable::find_key(std::string_view key) const {
    const auto setting = std::find_if(settings_.begin(), settings_.end(), [&](const Setting& own) { return own.key == key; });
    return setting == settings_.end() ? nullptr : &*setting;
}

const Setting* SettingTable::find_flag(std::string_view flag) const {
    if (flag.empty()) return nullptr;
    const auto setting = std::find_if(settings_.begin(), settings_.end(), [&](const Setting& own) { return own.flag == flag; });
    return setting == settings_.end() ? nullptr : &*setting;
}

std::string_view SettingTable::nearest_key(std::string_view key) const {
    if (key.size() > 128) return {};
    std::size_t best = kMaxDistance + 1;
    std::string_view nearest;
    for (const auto& setting : settings_) {
        const auto distance = edit_distance(key, setting.key);
        if (distance >= best) continue;
        best = distance;
        nearest = setting.key;
    }
    return nearest;
}

}  // namespace qwen::config
