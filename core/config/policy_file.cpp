#include "core/config/policy_file.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "core/config/toml_library.hpp"
#include "core/system/file.hpp"
#include "core/system/minisign.hpp"

namespace qwen::config {
namespace {

constexpr std::uint64_t kMaxPolicyBytes = 1u << 20;
constexpr std::int64_t kSchema = 1;
constexpr std::size_t kSha256Digits = 64;

enum class Kind : std::uint8_t { allow_list, deny_list, origin_list, revoked_list, flag, choice, text };

struct KeyRow {
    std::string_view key;
    Kind kind;
    /// For choices: the values, each between two bars.
    std::string_view choices = {};
};

constexpr std::array kKeys{
    KeyRow{"providers.allow", Kind::allow_list},
    KeyRow{"providers.deny", Kind::deny_list},
    KeyRow{"methods.allow", Kind::allow_list},
    KeyRow{"methods.deny", Kind::deny_list},
    KeyRow{"origins.allow", Kind::origin_list},
    KeyRow{"models.allow", Kind::allow_list},
    KeyRow{"plugins.user_dir", Kind::flag},
    KeyRow{"plugins.require", Kind::choice, "|owner|pin|"},
    KeyRow{"plugins.isolation_min", Kind::choice, "|process|in-process|"},
    KeyRow{"plugins.directories", Kind::allow_list},
    KeyRow{"plugins.revoked", Kind::revoked_list},
    KeyRow{"dotenv.project", Kind::flag},
    KeyRow{"credentials.allow_argv_key", Kind::flag},
    KeyRow{"credentials.store", Kind::choice, "|keyring|file|none|"},
    KeyRow{"network.tls_min", Kind::choice, "|1.2|1.3|"},
    KeyRow{"network.ca_file", Kind::text},
    KeyRow{"network.proxy", Kind::text},
    KeyRow{"network.endpoint_binding", Kind::choice, "|default|strict|"},
};

bool is_sha256(std::string_view text) { return text.size() == kSha256Digits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos; }

bool is_section(std::string_view name) {
    return std::any_of(kKeys.begin(), kKeys.end(), [&](const KeyRow& row) { return row.key.substr(0, row.key.find('.')) == name; });
}

Error invalid(std::string message, FileLocation where) {
    return {ErrorCode::policy_invalid, "the policy cannot be used: " + std::move(message), "nothing is sent until an administrator repairs it: qwen policy lint FILE",
            std::move(where)};
}

/// Takes one parsed file apart.
class PolicyReader {
public:
    PolicyReader(Policy& policy, const std::string& path) : policy_(policy), path_(path) {}

    Result<void> read(const toml::table& file) {
        QWEN_CHECK(check_schema(file));
        for (const auto& [name, node] : file) {
            const auto key = name.str();
            if (key == "schema") continue;
            QWEN_CHECK(read_entry(std::string(key.data(), key.size()), node));
        }
        return {};
    }

private:
    Result<void> read_entry(const std::string& key, const toml::node& node) {
        if (key == "message") return read_text(policy_.messages, "message", node);
        if (key == "plugin") return read_pins(node);
        return read_section(key, node);
    }

    [[nodiscard]] FileLocation place(const toml::node& node) const { return {path_, node.source().begin.line, node.source().begin.column}; }
    [[nodiscard]] Error wrong_type(std::string_view key, std::string_view wanted, const toml::node& node) const {
        return invalid("\"" + std::string(key) + "\" must be " + std::string(wanted), place(node));
    }
    [[nodiscard]] Error unknown(std::string_view key, const toml::node& node) const { return invalid("unknown key \"" + std::string(key) + '"', place(node)); }

    Result<void> check_schema(const toml::table& file) const {
        const auto* node = file.get("schema");
        if (node == nullptr) return invalid("\"schema = 1\" is missing", {path_, 1, 1});
        const auto schema = node->value_exact<std::int64_t>();
        if (!schema) return wrong_type("schema", "the number 1", *node);
        if (*schema != kSchema) return invalid("schema " + std::to_string(*schema) + " is not known to this program", place(*node));
        return {};
    }

    Result<void> read_section(const std::string& section, const toml::node& node) {
        if (!is_section(section)) return unknown(section, node);
        const auto* table = node.as_table();
        if (table == nullptr) return wrong_type(section, "a section", node);
        for (const auto& [name, value] : *table) {
            const auto key = section + '.' + std::string(name.str());
            const auto row = std::find_if(kKeys.begin(), kKeys.end(), [&](const KeyRow& own) { return own.key == key; });
            if (row == kKeys.end()) return unknown(key, value);
            QWEN_CHECK(read_value(*row, value));
        }
        return {};
    }

    Result<void> read_value(const KeyRow& row, const toml::node& node) {
        switch (row.kind) {
            case Kind::deny_list:
            case Kind::revoked_list: return read_list(policy_.deny, row, node);
            case Kind::allow_list:
            case Kind::origin_list: {
                PolicyList list{std::string(row.key), {}, place(node)};
                QWEN_CHECK(read_list(list.entries, row, node));
                policy_.allow.push_back(std::move(list));
                return {};
            }
            case Kind::flag: {
                const auto flag = node.value_exact<bool>();
                if (!flag) return wrong_type(row.key, "true or false", node);
                policy_.limits.push_back({std::string(row.key), *flag ? "true" : "false", place(node)});
                return {};
            }
            case Kind::choice: {
                const auto text = node.value_exact<std::string>();
                if (!text || text->find('|') != std::string::npos || row.choices.find('|' + *text + '|') == std::string_view::npos)
                    return wrong_type(row.key, "one of " + std::string(row.choices), node);
                policy_.limits.push_back({std::string(row.key), *text, place(node)});
                return {};
            }
            case Kind::text: return read_text(policy_.limits, row.key, node);
        }
        return {};
    }

    Result<void> read_text(std::vector<PolicyRule>& into, std::string_view key, const toml::node& node) const {
        const auto text = node.value_exact<std::string>();
        if (!text || text->empty()) return wrong_type(key, "a text", node);
        into.push_back({std::string(key), *text, place(node)});
        return {};
    }

    Result<void> read_list(std::vector<PolicyRule>& into, const KeyRow& row, const toml::node& node) const {
        const auto* list = node.as_array();
        if (list == nullptr) return wrong_type(row.key, "a list of texts", node);
        for (const auto& element : *list) {
            QWEN_CHECK(read_text(into, row.key, element));
            if (row.kind == Kind::revoked_list && !is_sha256(into.back().value) && !system::parse_minisign_key(into.back().value))
                return invalid("\"" + std::string(row.key) + "\" holds SHA-256 hashes and public keys of minisign", place(element));
            if (row.kind != Kind::origin_list) continue;
            if (const auto fits = check_origin_pattern(into.back().value); !fits) return invalid(fits.error().message, place(element));
        }
        return {};
    }

    Result<void> read_pins(const toml::node& node) {
        const auto* list = node.as_array();
        if (list == nullptr) return wrong_type("plugin", "sections [[plugin]]", node);
        for (const auto& element : *list) {
            const auto* table = element.as_table();
            if (table == nullptr) return wrong_type("plugin", "sections [[plugin]]", element);
            QWEN_CHECK(read_pin(*table));
        }
        return {};
    }

    Result<void> read_pin(const toml::table& table) {
        for (const auto& [name, value] : table)
            if (name.str() != "id" && name.str() != "sha256" && name.str() != "signers") return unknown("plugin." + std::string(name.str()), value);
        std::vector<PolicyRule> id;
        std::vector<PolicyRule> hashes;
        std::vector<PolicyRule> signers;
        if (table.get("id") == nullptr || (table.get("sha256") == nullptr && table.get("signers") == nullptr))
            return invalid("a [[plugin]] needs \"id\", and \"sha256\" or \"signers\"", place(table));
        QWEN_CHECK(read_text(id, "plugin.id", *table.get("id")));
        if (const auto* list = table.get("sha256")) QWEN_CHECK(read_list(hashes, {"plugin.sha256", Kind::allow_list}, *list));
        if (const auto* list = table.get("signers")) QWEN_CHECK(read_list(signers, {"plugin.signers", Kind::allow_list}, *list));
        PolicyPin pin{id.front().value, {}, {}, place(table)};
        for (const auto& signer : signers) {
            if (const auto key = system::parse_minisign_key(signer.value); !key) return invalid("\"plugin.signers\": " + key.error().message, signer.where);
            pin.signers.push_back(signer.value);
        }
        for (const auto& hash : hashes) {
            if (!is_sha256(hash.value)) return invalid("\"plugin.sha256\" must be 64 lower-case hexadecimal digits", hash.where);
            pin.sha256.push_back(hash.value);
        }
        policy_.pins.push_back(std::move(pin));
        return {};
    }

    Policy& policy_;
    const std::string& path_;
};

Result<void> check_facts(const system::FileFacts& facts, const std::filesystem::path& path, const PolicyPlaces& places) {
    if (S_ISLNK(facts.mode)) return invalid("a symbolic link is not allowed here", {path.string()});
    if (facts.owner != 0 && facts.owner != places.owner) return invalid("it belongs to uid " + std::to_string(facts.owner), {path.string()});
    // In a sticky directory of root others can add entries but replace none; only directories above the policy's own are ever such.
    const bool is_sticky = S_ISDIR(facts.mode) && (facts.mode & S_ISVTX) != 0 && facts.owner == 0 && path != places.file.parent_path() && path != places.directory;
    if (facts.writable_by_others() && !is_sticky) return invalid("others may write to it", {path.string()});
    return {};
}

Result<void> check_parents(const std::filesystem::path& path, const PolicyPlaces& places) {
    for (auto parent = path.parent_path();; parent = parent.parent_path()) {
        const auto facts = system::facts_of_path(parent);
        if (!facts || !*facts) return invalid("its directory cannot be examined", {parent.string()});
        QWEN_CHECK(check_facts(**facts, parent, places));
        if (parent == parent.parent_path()) return {};
    }
}

Result<void> add_file(Policy& policy, const std::filesystem::path& path, const PolicyPlaces& places) {
    QWEN_CHECK(check_parents(path, places));
    const auto content = system::read_file(path, {.max_bytes = kMaxPolicyBytes, .follow_symlink = false});
    if (!content) return invalid(content.error().message, {path.string()});
    if (!*content) return invalid("it disappeared while being read", {path.string()});
    QWEN_CHECK(check_facts((*content)->facts, path, places));
    return add_policy_text(policy, (*content)->bytes, path.string());
}

/// Whether something stands at the path. An error is no "nothing": a directory that may not be searched hides a policy.
Result<bool> is_there(const std::filesystem::path& path) {
    const auto facts = system::facts_of_path(path);
    if (!facts) return invalid(facts.error().message, {path.string()});
    return facts->has_value();
}

Result<std::vector<std::filesystem::path>> drop_ins(const PolicyPlaces& places) {
    QWEN_CHECK(check_parents(places.directory, places));
    const auto facts = system::facts_of_path(places.directory);
    if (!facts || !*facts || !S_ISDIR((*facts)->mode)) return invalid("not a directory", {places.directory.string()});
    QWEN_CHECK(check_facts(**facts, places.directory, places));
    std::error_code error;
    std::vector<std::filesystem::path> files;
    std::filesystem::directory_iterator entry(places.directory, error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error))
        if (entry->path().extension() == ".toml") files.push_back(entry->path());
    if (error) return invalid("cannot list it: " + error.message(), {places.directory.string()});
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace

Result<void> add_policy_text(Policy& policy, std::string_view text, const std::string& shown_as) {
    policy.files.push_back(shown_as);
    try {
        const toml::table file = toml::parse(text);
        return PolicyReader(policy, shown_as).read(file);
    } catch (const toml::parse_error& error) {
        return invalid("not valid TOML: " + std::string(error.description()), {shown_as, error.source().begin.line, error.source().begin.column});
    }
}

Result<Policy> load_policy(const PolicyPlaces& places) {
    Policy policy;
    QWEN_TRY(const bool has_file, is_there(places.file));
    QWEN_TRY(const bool has_directory, is_there(places.directory));
    if (has_file) {
        QWEN_CHECK(add_file(policy, places.file, places));
    }
    if (!has_directory) return policy;
    QWEN_TRY(const auto files, drop_ins(places));
    for (const auto& file : files) QWEN_CHECK(add_file(policy, file, places));
    return policy;
}

}  // namespace qwen::config
