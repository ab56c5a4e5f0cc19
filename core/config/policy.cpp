#include "core/config/policy.hpp"

#include <algorithm>

namespace qwen::config {
namespace {

constexpr std::string_view kAnySubdomain = "https://*.";

/// People write qwen-oauth as often as qwen_oauth; a rule must not be missed for that.
std::string plain_name(std::string_view name) {
    std::string plain(name);
    for (char& c : plain) {
        if (c == '-') c = '_';
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return plain;
}

bool same_name(std::string_view a, std::string_view b) { return plain_name(a) == plain_name(b); }

bool model_matches(std::string_view pattern, std::string_view model) {
    if (pattern.ends_with('*')) return model.starts_with(pattern.substr(0, pattern.size() - 1));
    return pattern == model;
}

template <typename Matches>
const PolicyRule* first_match(const std::vector<PolicyRule>& rules, std::string_view key, Matches matches) {
    const auto rule = std::find_if(rules.begin(), rules.end(), [&](const PolicyRule& own) { return own.key == key && matches(own.value); });
    return rule == rules.end() ? nullptr : &*rule;
}

/// The list that does not hold what is asked for; null when every list of the key does.
template <typename Matches>
const PolicyList* first_list_without(const std::vector<PolicyList>& lists, std::string_view key, Matches matches) {
    const auto list = std::find_if(lists.begin(), lists.end(), [&](const PolicyList& own) {
        return own.key == key && std::none_of(own.entries.begin(), own.entries.end(), [&](const PolicyRule& entry) { return matches(entry.value); });
    });
    return list == lists.end() ? nullptr : &*list;
}

std::string allowed_names(const PolicyList& list) {
    std::string names;
    for (const auto& entry : list.entries) names += (names.empty() ? "" : ", ") + entry.value;
    return "allowed: " + (names.empty() ? std::string("none") : names);
}

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

}  // namespace

Error Policy::denied(std::string message, const FileLocation& where, std::string hint) const {
    // Without a line break: the report puts one line under another for each part.
    for (const auto& own : messages) hint += (hint.empty() ? "" : "; ") + own.value;
    return {ErrorCode::denied_by_policy, std::move(message), std::move(hint), where};
}

const PolicyRule* Policy::limit(std::string_view key, std::string_view value) const {
    return first_match(limits, key, [&](const std::string& own) { return own == value; });
}

Result<void> Policy::check_provider(std::string_view name, std::string_view plugin) const {
    const auto matches = [&](const std::string& value) { return same_name(value, name) || same_name(value, plugin); };
    const auto message = "provider " + quoted(name) + " is denied by your administrator";
    if (const auto* rule = first_match(deny, "providers.deny", matches)) return denied(message, rule->where);
    if (const auto* list = first_list_without(allow, "providers.allow", matches)) return denied(message, list->where, allowed_names(*list));
    return {};
}

Result<void> Policy::check_method(std::string_view method) const {
    const auto matches = [&](const std::string& value) { return same_name(value, method); };
    const auto message = "the sign-in method " + quoted(method) + " is denied by your administrator";
    if (const auto* rule = first_match(deny, "methods.deny", matches)) return denied(message, rule->where);
    if (const auto* list = first_list_without(allow, "methods.allow", matches)) return denied(message, list->where, allowed_names(*list));
    return {};
}

Result<void> Policy::check_origin(const Origin& origin) const {
    const auto* list = first_list_without(allow, "origins.allow", [&](const std::string& value) { return origin_matches(value, origin); });
    if (list != nullptr) return denied("the server " + origin.to_string() + " is not allowed by your administrator", list->where, allowed_names(*list));
    return {};
}

bool Policy::names_origin(const Origin& origin) const {
    const bool has_list = std::any_of(allow.begin(), allow.end(), [](const PolicyList& list) { return list.key == "origins.allow"; });
    return has_list && check_origin(origin).has_value();
}

Result<void> Policy::check_model(std::string_view model) const {
    const auto* list = first_list_without(allow, "models.allow", [&](const std::string& value) { return model_matches(value, model); });
    if (list != nullptr) return denied("model " + quoted(model) + " is not allowed by your administrator", list->where, allowed_names(*list));
    return {};
}

Result<void> Policy::check_plugin_file(std::string_view id, const std::filesystem::path& path, bool in_user_directory,
                                       const std::vector<std::string>& other_plugins) const {
    const auto is_this = [&](const std::string& value) { return same_name(value, id); };
    const auto message = "plugin " + quoted(id) + " is denied by your administrator";
    if (const auto* rule = first_match(deny, "providers.deny", is_this)) return denied(message, rule->where);
    const auto may_be_this = [&](const std::string& value) {
        const bool names_a_plugin = std::any_of(other_plugins.begin(), other_plugins.end(), [&](const auto& other) { return same_name(other, value); });
        return is_this(value) || (!in_user_directory && !names_a_plugin);
    };
    if (const auto* list = first_list_without(allow, "providers.allow", may_be_this)) return denied(message, list->where, allowed_names(*list));
    if (const auto* rule = limit("plugins.user_dir", "false"); rule != nullptr && in_user_directory)
        return denied("plugins of the user are denied by your administrator: " + path.string(), rule->where);
    const auto directory = path.parent_path().lexically_normal();
    const auto* list = first_list_without(allow, "plugins.directories", [&](const std::string& own) { return std::filesystem::path(own).lexically_normal() == directory; });
    if (list != nullptr) return denied("plugins in " + directory.string() + " are denied by your administrator", list->where, allowed_names(*list));
    return {};
}

Result<void> Policy::check_not_revoked(const PluginBuild& build) const {
    for (const auto& rule : deny) {
        if (rule.key != "plugins.revoked") continue;
        const bool is_hash = rule.value == build.sha256;
        const bool is_key = !is_hash && build.signer && build.signer({rule.value}).has_value();
        if (is_hash || is_key)
            return denied("plugin " + quoted(build.id) + (is_key ? " is signed by a key that" : " is a build that") + " your administrator has revoked", rule.where);
    }
    return {};
}

Result<std::string> Policy::check_pin(const PolicyPin& pin, const PluginBuild& build) const {
    if (std::find(pin.sha256.begin(), pin.sha256.end(), build.sha256) != pin.sha256.end()) return std::string();
    const auto not_allowed = [&](const std::string& why) {
        return denied("plugin " + quoted(build.id) + " is not one of the builds your administrator allows (" + why + ')', pin.where);
    };
    if (pin.signers.empty()) return not_allowed("sha256 " + std::string(build.sha256));
    if (!build.signer) return not_allowed("it has no signature");
    auto signer = build.signer(pin.signers);
    if (!signer) return not_allowed(signer.error().message);
    return signer;
}

Result<std::string> Policy::check_plugin_content(const PluginBuild& build) const {
    QWEN_CHECK(check_not_revoked(build));
    std::string signer;
    bool is_pinned = build.came_with_program;
    const bool is_named = std::any_of(pins.begin(), pins.end(), [&](const PolicyPin& pin) { return same_name(pin.id, build.id); });
    for (const auto& pin : pins) {
        const bool is_for_others = pin.id == "*" && !is_named && !build.came_with_program;
        if (!same_name(pin.id, build.id) && !is_for_others) continue;
        QWEN_TRY(auto own, check_pin(pin, build));
        if (!own.empty()) signer = std::move(own);
        is_pinned = true;
    }
    const auto* rule = limit("plugins.require", "pin");
    if (rule == nullptr || is_pinned) return signer;
    return denied("plugin " + quoted(build.id) + " has no pin, and your administrator requires one", rule->where);
}

bool origin_matches(std::string_view pattern, const Origin& origin) {
    const bool any_subdomain = pattern.starts_with(kAnySubdomain);
    const auto url = Url::parse(any_subdomain ? "https://" + std::string(pattern.substr(kAnySubdomain.size())) : std::string(pattern));
    if (!url) return false;
    if (!any_subdomain) return url->origin() == origin;
    const auto& below = url->origin();
    return origin.scheme == below.scheme && origin.port == below.port && origin.host.size() > below.host.size() + 1 && origin.host.ends_with('.' + below.host);
}

Result<void> check_origin_pattern(std::string_view pattern) {
    const bool any_subdomain = pattern.starts_with(kAnySubdomain);
    const auto url = Url::parse(any_subdomain ? "https://" + std::string(pattern.substr(kAnySubdomain.size())) : std::string(pattern));
    const bool plain = url && url->path() == "/" && url->query().empty();
    if (plain && !(any_subdomain && url->origin().host.find('.') == std::string::npos)) return {};
    return Error{ErrorCode::config_invalid, "not an origin like \"https://api.example.com\" or \"https://*.example.com\"", {}, std::nullopt};
}

}  // namespace qwen::config
