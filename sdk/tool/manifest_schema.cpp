#include "manifest_schema.hpp"

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 1
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "qwen/plugin.h"

namespace qwen::sdk {
namespace {

using Json = nlohmann::ordered_json;
using Choices = std::initializer_list<std::string_view>;

enum class Shape : std::uint8_t {
    text,        // a string
    number,      // a whole number above 0
    boolean,     //
    texts,       // list of strings
    scalar,      // string, whole number or boolean; becomes text
    tables,      // [[...]] with rules of its own
    text_lists,  // table of lists of strings
    scalars,     // table of scalars
};
enum class Need : std::uint8_t { optional, required };

struct Rule {
    std::string_view key;
    Shape shape;
    Need need = Need::optional;
    std::vector<std::string_view> choices = {};
    const std::vector<Rule>* members = nullptr;
};

const std::vector<Rule> kMethodRules = {
    {"id", Shape::text, Need::required},
    {"kind", Shape::text, Need::required, {"api-key", "device-code", "command", "none"}},
    {"name", Shape::text},
    {"interactive", Shape::text, Need::optional, {"never", "if_available", "always"}},
};

const std::vector<Rule> kSettingRules = {
    {"key", Shape::text, Need::required},
    {"type", Shape::text, Need::required, {"text", "secret", "url", "boolean", "integer", "duration", "path", "text_list", "command"}},
    {"role", Shape::text, Need::optional, {"api_key", "base_url", "model"}},
    {"flag", Shape::text},
    {"variables", Shape::texts},
    {"default", Shape::scalar},
    {"choices", Shape::texts},
    {"placeholder", Shape::text},
    {"help", Shape::text},
    {"prompt", Shape::text},
    {"required", Shape::boolean},
    {"sources", Shape::text, Need::optional, {"anywhere", "trusted", "user"}},
};

const std::vector<Rule> kPresetRules = {
    {"id", Shape::text, Need::required}, {"name", Shape::text},         {"base_url", Shape::text},        {"model", Shape::text},
    {"key_required", Shape::boolean},    {"help_url", Shape::text},     {"variables", Shape::text_lists}, {"settings", Shape::scalars},
};

const std::vector<Rule> kLimitRules = {
    {"requests", Shape::number, Need::required},
    {"period_seconds", Shape::number, Need::required},
};

const std::vector<Rule> kManifestRules = {
    {"schema", Shape::number, Need::required},
    {"id", Shape::text, Need::required},
    {"name", Shape::text, Need::required},
    {"version", Shape::text, Need::required},
    {"vendor", Shape::text},
    {"license", Shape::text},
    {"url", Shape::text},
    {"abi_min", Shape::text, Need::required},
    {"requires", Shape::texts},
    {"wants", Shape::texts},
    {"origins", Shape::texts},
    {"relaxed", Shape::texts, Need::optional, {"threads"}},
    {"methods", Shape::tables, Need::optional, {}, &kMethodRules},
    {"settings", Shape::tables, Need::optional, {}, &kSettingRules},
    {"presets", Shape::tables, Need::optional, {}, &kPresetRules},
    {"limits", Shape::tables, Need::optional, {}, &kLimitRules},
};

bool is_identifier(std::string_view text) {
    if (text.empty() || text.size() > 64 || text[0] < 'a' || text[0] > 'z') return false;
    return std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

/// Preset names are typed by people: a hyphen and a dot are welcome in them.
bool is_preset_name(std::string_view text) {
    std::string plain(text);
    std::replace_if(plain.begin(), plain.end(), [](char c) { return c == '-' || c == '.'; }, '_');
    return is_identifier(plain);
}

bool is_flag(std::string_view text) {
    if (text.size() < 4 || text.substr(0, 2) != "--" || text[2] < 'a' || text[2] > 'z') return false;
    return std::all_of(text.begin() + 2, text.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

bool is_variable(std::string_view text) {
    if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
    return std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; });
}

std::optional<std::pair<unsigned, unsigned>> parse_abi(std::string_view text) {
    unsigned major = 0;
    unsigned minor = 0;
    const char* const end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, major);
    if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '.') return std::nullopt;
    const auto second = std::from_chars(first.ptr + 1, end, minor);
    if (second.ec != std::errc{} || second.ptr != end) return std::nullopt;
    return std::pair{major, minor};
}

std::size_t edit_distance(std::string_view left, std::string_view right) {
    std::vector<std::size_t> row(right.size() + 1);
    for (std::size_t j = 0; j <= right.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= left.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= right.size(); ++j) {
            const std::size_t above = row[j];
            row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (left[i - 1] == right[j - 1] ? 0u : 1u)});
            diagonal = above;
        }
    }
    return row[right.size()];
}

/// Host services a plugin may name; those of the headers beside this tool.
constexpr std::array<std::string_view, 8> kServices{QWEN_EXT_SETTINGS, QWEN_EXT_SECRETS, QWEN_EXT_HTTP,   QWEN_EXT_CLOCK,
                                                    QWEN_EXT_UI,       QWEN_EXT_RANDOM,  QWEN_EXT_CRYPTO, QWEN_EXT_COMMAND};

/// "https://host[:port]"; http to this machine alone. What the program's own URL parser makes of the rest is its business.
bool is_origin(std::string_view text) {
    const bool is_https = text.substr(0, 8) == "https://";
    if (!is_https && text.substr(0, 7) != "http://") return false;
    std::string_view host = text.substr(is_https ? 8 : 7);
    if (const auto colon = host.rfind(':'); colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) {
        const std::string_view port = host.substr(colon + 1);
        const bool is_number = !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == std::string_view::npos;
        if (!is_number) return false;
        host = host.substr(0, colon);
    }
    if (host.empty() || host.find_first_of("/?#@ *") != std::string_view::npos) return false;
    return is_https || host == "localhost" || host == "[::1]" || host.substr(0, 4) == "127.";
}

class Converter {
public:
    Converter(const std::string& path, std::vector<std::string>& problems) : path_(path), problems_(problems) {}

    Json convert_table(const toml::table& table, const std::vector<Rule>& rules, const std::string& prefix) {
        for (const auto& [key, node] : table) check_known(key.str(), key.source(), rules, prefix);
        Json object = Json::object();
        for (const Rule& rule : rules) {
            const toml::node* const node = table.get(rule.key);
            if (node == nullptr) {
                if (rule.need == Need::required) blame(table.source(), "'" + prefix + std::string(rule.key) + "' is missing");
                continue;
            }
            if (auto value = convert_value(*node, rule, prefix)) object[std::string(rule.key)] = std::move(*value);
        }
        return object;
    }

    void blame(const toml::source_region& source, const std::string& what) {
        problems_.push_back(path_ + ":" + std::to_string(source.begin.line) + ":" + std::to_string(source.begin.column) + ": " + what);
    }

private:
    void check_known(std::string_view key, const toml::source_region& source, const std::vector<Rule>& rules, const std::string& prefix) {
        const Rule* nearest = nullptr;
        std::size_t distance = 4;
        for (const Rule& rule : rules) {
            const std::size_t d = edit_distance(key, rule.key);
            if (d == 0) return;
            if (d < distance) {
                distance = d;
                nearest = &rule;
            }
        }
        std::string text = "unknown key '" + prefix + std::string(key) + "'";
        if (nearest != nullptr) text += " (did you mean '" + std::string(nearest->key) + "'?)";
        blame(source, text);
    }

    std::optional<Json> convert_value(const toml::node& node, const Rule& rule, const std::string& prefix) {
        const std::string name = prefix + std::string(rule.key);
        switch (rule.shape) {
            case Shape::text: return convert_text(node, rule, name);
            case Shape::number: return convert_number(node, name);
            case Shape::boolean:
                if (const auto value = node.value_exact<bool>()) return Json(*value);
                return wrong(node, name, "true or false");
            case Shape::texts: return convert_texts(node, rule, name);
            case Shape::scalar: return convert_scalar(node, name);
            case Shape::tables: return convert_tables(node, rule, name);
            case Shape::text_lists:
            case Shape::scalars: return convert_map(node, rule, name);
        }
        return std::nullopt;
    }

    std::optional<Json> wrong(const toml::node& node, const std::string& name, std::string_view expected) {
        blame(node.source(), "'" + name + "' must be " + std::string(expected));
        return std::nullopt;
    }

    std::optional<Json> convert_text(const toml::node& node, const Rule& rule, const std::string& name) {
        const auto value = node.value_exact<std::string>();
        if (!value) return wrong(node, name, "a text");
        check_choice(node, rule, name, *value);
        return Json(*value);
    }

    void check_choice(const toml::node& node, const Rule& rule, const std::string& name, const std::string& value) {
        if (rule.choices.empty() || std::find(rule.choices.begin(), rule.choices.end(), value) != rule.choices.end()) return;
        std::string list;
        for (const auto choice : rule.choices) list += (list.empty() ? "" : ", ") + std::string(choice);
        blame(node.source(), "'" + name + "' is '" + value + "'; it must be one of " + list);
    }

    std::optional<Json> convert_number(const toml::node& node, const std::string& name) {
        const auto value = node.value_exact<std::int64_t>();
        if (!value || *value <= 0 || *value > INT32_MAX) return wrong(node, name, "a whole number above 0");
        return Json(*value);
    }

    std::optional<Json> convert_texts(const toml::node& node, const Rule& rule, const std::string& name) {
        const toml::array* const array = node.as_array();
        if (array == nullptr) return wrong(node, name, "a list of texts");
        Json list = Json::array();
        for (const toml::node& element : *array) {
            if (auto text = convert_text(element, rule, name + "[]")) list.push_back(std::move(*text));
        }
        return list;
    }

    std::optional<Json> convert_scalar(const toml::node& node, const std::string& name) {
        if (const auto text = node.value_exact<std::string>()) return Json(*text);
        if (const auto flag = node.value_exact<bool>()) return Json(*flag ? "true" : "false");
        if (const auto number = node.value_exact<std::int64_t>()) return Json(std::to_string(*number));
        return wrong(node, name, "a text, a whole number, true or false");
    }

    std::optional<Json> convert_tables(const toml::node& node, const Rule& rule, const std::string& name) {
        const toml::array* const array = node.as_array();
        if (array == nullptr) return wrong(node, name, "a list of tables ([[" + name + "]])");
        Json list = Json::array();
        for (const toml::node& element : *array) {
            const toml::table* const table = element.as_table();
            if (table == nullptr) return wrong(element, name, "a list of tables ([[" + name + "]])");
            list.push_back(convert_table(*table, *rule.members, name + "."));
        }
        return list;
    }

    std::optional<Json> convert_map(const toml::node& node, const Rule& rule, const std::string& name) {
        const toml::table* const table = node.as_table();
        if (table == nullptr) return wrong(node, name, "a table");
        Json map = Json::object();
        for (const auto& [key, value] : *table) {
            const std::string member = name + "." + std::string(key.str());
            auto converted = rule.shape == Shape::scalars ? convert_scalar(value, member) : convert_texts(value, Rule{"", Shape::texts}, member);
            if (converted) map[std::string(key.str())] = std::move(*converted);
        }
        return map;
    }

    const std::string& path_;
    std::vector<std::string>& problems_;
};

/// Rules that look at more than one value, or at the inside of a text.
class Consistency {
public:
    Consistency(const toml::table& root, Converter& converter) : root_(root), converter_(converter) {}

    void check(const Json& manifest, const ManifestIdentity& identity) {
        check_identity(manifest, identity);
        check_services("requires");
        check_services("wants");
        check_origins();
        check_unique("methods", "id", is_preset_name, "a name like 'api-key'");
        check_unique("presets", "id", is_preset_name, "lower-case letters, digits, '_', '-' and '.'");
        check_unique("settings", "key", is_identifier, "lower-case letters, digits and '_'");
        for_each("settings", [this](const toml::table& setting) { check_setting(setting); });
        const auto names = setting_keys();
        for_each("presets", [&](const toml::table& preset) {
            check_members(preset, "variables", names);
            check_members(preset, "settings", names);
        });
    }

private:
    void check_identity(const Json& manifest, const ManifestIdentity& identity) {
        const auto text = [&](const char* key) { return manifest.value(key, std::string()); };
        if (manifest.value("schema", 1) != 1) blame("schema", "'schema' must be 1: this SDK knows no other");
        if (!is_identifier(text("id"))) {
            blame("id", "'id' must be lower-case letters, digits and '_', starting with a letter");
        } else if (!identity.file_stem.empty() && text("id") != identity.file_stem) {
            blame("id", "'id' is '" + text("id") + "' but the plugin's file is '" + std::string(identity.file_stem) + ".so'; they must agree");
        }
        const auto least = parse_abi(text("abi_min"));
        if (!least) {
            blame("abi_min", "'abi_min' must look like \"1.0\"");
        } else if (const auto built = parse_abi(identity.abi_built); built && (least->first != built->first || least->second > built->second)) {
            blame("abi_min", "'abi_min' is " + text("abi_min") + " but these headers are ABI " + std::string(identity.abi_built));
        }
    }

    void check_services(std::string_view list) {
        for_each_text(list, [&](const toml::node& node, const std::string& name) {
            if (std::find(kServices.begin(), kServices.end(), name) != kServices.end()) return;
            const auto nearest = std::min_element(kServices.begin(), kServices.end(),
                                                  [&](auto one, auto other) { return edit_distance(name, one) < edit_distance(name, other); });
            const std::string guess = edit_distance(name, *nearest) < 4 ? " (did you mean '" + std::string(*nearest) + "'?)" : "";
            converter_.blame(node.source(), "'" + std::string(list) + "[]' names '" + name + "', which no host service is called" + guess);
        });
    }

    void check_origins() {
        for_each_text("origins", [&](const toml::node& node, const std::string& text) {
            if (!is_origin(text)) converter_.blame(node.source(), "'origins[]' must look like \"https://api.example.com\", without a path; http only to this machine");
        });
    }

    void check_setting(const toml::table& setting) {
        if (const toml::node* flag = setting.get("flag")) {
            if (!is_flag(flag->value_or(std::string()))) converter_.blame(flag->source(), "'settings.flag' must look like \"--region\"");
        }
        if (const toml::array* variables = setting["variables"].as_array()) {
            for (const toml::node& variable : *variables) {
                if (!is_variable(variable.value_or(std::string()))) {
                    converter_.blame(variable.source(), "'settings.variables[]' must be upper-case letters, digits and '_'");
                }
            }
        }
        if (setting["type"].value_or(std::string()) == "secret" && setting.contains("default")) {
            converter_.blame(setting.get("default")->source(), "a setting of type 'secret' cannot have a default");
        }
    }

    template <typename Accept>
    void check_unique(std::string_view list, std::string_view key, Accept accept, const std::string& wanted) {
        std::set<std::string> seen;
        for_each(list, [&](const toml::table& entry) {
            const toml::node* const node = entry.get(key);
            const std::string name = node != nullptr ? node->value_or(std::string()) : std::string();
            if (node == nullptr) return;
            const std::string place = std::string(list) + "." + std::string(key);
            if (!accept(name)) converter_.blame(node->source(), "'" + place + "' must be " + wanted);
            if (!seen.insert(name).second) converter_.blame(node->source(), "'" + place + "' '" + name + "' stands here twice");
        });
    }

    [[nodiscard]] std::set<std::string> setting_keys() const {
        std::set<std::string> keys;
        for_each("settings", [&](const toml::table& setting) { keys.insert(setting["key"].value_or(std::string())); });
        return keys;
    }

    void check_members(const toml::table& preset, std::string_view member, const std::set<std::string>& settings) {
        const toml::table* const table = preset[member].as_table();
        if (table == nullptr) return;
        for (const auto& [key, value] : *table) {
            if (settings.contains(std::string(key.str()))) continue;
            converter_.blame(key.source(), "'presets." + std::string(member) + "." + std::string(key.str()) + "' is no setting of this plugin");
        }
    }

    template <typename Visit>
    void for_each(std::string_view list, Visit visit) const {
        const toml::array* const array = root_[list].as_array();
        if (array == nullptr) return;
        for (const toml::node& element : *array) {
            if (const toml::table* const table = element.as_table()) visit(*table);
        }
    }

    template <typename Visit>
    void for_each_text(std::string_view list, Visit visit) const {
        const toml::array* const array = root_[list].as_array();
        if (array == nullptr) return;
        for (const toml::node& element : *array) {
            if (const auto text = element.value_exact<std::string>()) visit(element, *text);
        }
    }

    void blame(std::string_view key, const std::string& what) {
        const toml::node* const node = root_.get(key);
        if (node != nullptr) converter_.blame(node->source(), what);
    }

    const toml::table& root_;
    Converter& converter_;
};

}  // namespace

ManifestConversion convert_manifest(std::string_view toml_text, const std::string& path, const ManifestIdentity& identity) {
    ManifestConversion result;
    try {
        const toml::table root = toml::parse(toml_text, path);
        Converter converter(path, result.problems);
        Json manifest = converter.convert_table(root, kManifestRules, "");
        Consistency(root, converter).check(manifest, identity);
        manifest["abi_built"] = identity.abi_built;
        result.json = manifest.dump();
    } catch (const toml::parse_error& error) {
        result.problems.push_back(path + ":" + std::to_string(error.source().begin.line) + ":" +
                                  std::to_string(error.source().begin.column) + ": " + std::string(error.description()));
    } catch (const nlohmann::json::exception& error) {
        result.problems.push_back(path + ": " + error.what());
    }
    return result;
}

}  // namespace qwen::sdk
