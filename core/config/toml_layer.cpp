#include "core/config/toml_layer.hpp"

#include <algorithm>

#include "core/config/toml_library.hpp"
#include "core/config/value.hpp"
#include "core/system/file.hpp"

namespace qwen::config {
namespace {

constexpr std::uint64_t kMaxTomlBytes = 1u << 20;

class TomlReader {
public:
    TomlReader(std::string path, Source source, FileIdentity identity, const SettingTable& table)
        : path_(std::move(path)), identity_(identity), table_(table) {
        result_.layer.source = source;
    }

    Result<void> read(const toml::table& values, const std::string& prefix) {
        for (const auto& [key, node] : values) {
            const std::string full = prefix + std::string(key.str());
            if (table_.find_key(full) != nullptr) {
                QWEN_CHECK(add(full, node));
            } else if (const auto* nested = node.as_table(); nested != nullptr && is_known_section(full)) {
                QWEN_CHECK(read(*nested, full + '.'));
            } else if (table_.leaves_alone(full)) {
                continue;
            } else if (prefix == "providers.") {
                result_.notices.push_back({"section [" + full + "] is not used: no such provider is installed", location(node)});
            } else {
                return unknown_key(full, node);
            }
        }
        return {};
    }

    TomlLayer take() { return std::move(result_); }

private:
    [[nodiscard]] FileLocation location(const toml::node& node) const { return {path_, node.source().begin.line, node.source().begin.column}; }

    [[nodiscard]] bool is_known_section(const std::string& section) const {
        if (section == "providers") return true;
        const auto start = section + '.';
        return std::any_of(table_.all().begin(), table_.all().end(), [&](const Setting& own) { return own.key.starts_with(start); });
    }

    [[nodiscard]] Error unknown_key(const std::string& key, const toml::node& node) const {
        const auto nearest = table_.nearest_key(key);
        return {ErrorCode::config_invalid, "unknown key \"" + key + '"', nearest.empty() ? std::string("qwen config explain") : std::string(nearest), location(node)};
    }

    Result<void> add(const std::string& key, const toml::node& node) {
        auto text = text_of(node);
        if (!text) return Error{ErrorCode::config_invalid, "key \"" + key + "\" has a value of a wrong type", "a string, number, boolean, or list of strings", location(node)};
        Provenance from{result_.layer.source, TrustClass::user, key, location(node), identity_};
        result_.layer.entries.push_back({key, Secret::take(*text), std::move(from)});
        return {};
    }

    static std::optional<std::string> text_of(const toml::node& node) {
        if (const auto text = node.value_exact<std::string>()) return *text;
        if (const auto number = node.value_exact<std::int64_t>()) return std::to_string(*number);
        if (const auto flag = node.value_exact<bool>()) return *flag ? "true" : "false";
        const auto* list = node.as_array();
        if (list == nullptr) return std::nullopt;
        std::vector<std::string> elements;
        for (const auto& element : *list) {
            const auto text = element.value_exact<std::string>();
            if (!text) return std::nullopt;
            elements.push_back(*text);
        }
        return text_list_of(elements);
    }

    std::string path_;
    FileIdentity identity_;
    const SettingTable& table_;
    TomlLayer result_;
};

Result<void> check_safety(const system::FileFacts& facts, const std::string& path, unsigned effective_uid) {
    const bool foreign = facts.owner != effective_uid && facts.owner != 0;
    const bool writable = (facts.mode & 02) != 0 || ((facts.mode & 020) != 0 && facts.group != facts.owner);
    if (!foreign && !writable) return {};
    return Error{ErrorCode::config_invalid, foreign ? "the configuration file belongs to another user" : "others may write to the configuration file",
                 foreign ? "" : "chmod go-w " + path, FileLocation{path, 0, 0}};
}

}  // namespace

Result<TomlLayer> read_toml_layer(const std::filesystem::path& path, Source source, const SettingTable& table, unsigned effective_uid) {
    auto content = system::read_file(path, {.max_bytes = kMaxTomlBytes});
    if (!content) return Error{ErrorCode::config_invalid, "the configuration file cannot be read: " + content.error().message, {}, FileLocation{path.string(), 0, 0}};
    TomlLayer empty;
    empty.layer.source = source;
    if (!*content) return empty;
    const auto& facts = (*content)->facts;
    QWEN_CHECK(check_safety(facts, path.string(), effective_uid));
    try {
        const toml::table values = toml::parse(std::string_view((*content)->bytes));
        TomlReader reader(path.string(), source, {facts.device, facts.inode}, table);
        QWEN_CHECK(reader.read(values, {}));
        return reader.take();
    } catch (const toml::parse_error& error) {
        return Error{ErrorCode::config_invalid, "not valid TOML: " + std::string(error.description()), {},
                     FileLocation{path.string(), error.source().begin.line, error.source().begin.column}};
    }
}

}  // namespace qwen::config
