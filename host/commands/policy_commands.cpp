#include "host/commands/policy_commands.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/config/policy_file.hpp"
#include "core/system/file.hpp"
#include "host/commands/json_output.hpp"
#include "host/terminal/sanitizer.hpp"

namespace qwen::host {
namespace {

constexpr std::uint64_t kMaxBytes = 1u << 20;

/// All rules as rows of key, value and place, lists joined.
std::vector<config::PolicyRule> rows_of(const config::Policy& policy) {
    auto rows = policy.messages;
    rows.insert(rows.end(), policy.deny.begin(), policy.deny.end());
    for (const auto& list : policy.allow) {
        std::string names;
        for (const auto& entry : list.entries) names += (names.empty() ? "" : ", ") + entry.value;
        rows.push_back({list.key, names.empty() ? "(nothing)" : names, list.where});
    }
    rows.insert(rows.end(), policy.limits.begin(), policy.limits.end());
    for (const auto& pin : policy.pins) rows.push_back({"plugin", fmt::format("{}{}{}", pin.id, pin.sha256.empty() ? "" : fmt::format(" sha256 {}", fmt::join(pin.sha256, ", ")),
                                                                                 pin.signers.empty() ? "" : fmt::format(" signed by {}", fmt::join(pin.signers, ", "))), pin.where});
    return rows;
}

/// The plugin behind a name. Errors: denied_by_policy when its plugin is denied, plugin_missing.
Result<std::string> plugin_behind(const config::Policy& policy, std::string_view name, const std::vector<plugin::DescribedPlugin>& plugins,
                                  const std::vector<plugin::DeniedPlugin>& denied) {
    for (const auto& row : plugins)
        if (row.manifest.id == name || row.manifest.preset(name) != nullptr) return row.manifest.id;
    QWEN_CHECK(policy.check_provider(name, name));
    // The name may be a preset's; which plugin has it was not read where the plugin is denied.
    for (const auto& row : denied) return row.why;
    return Error{ErrorCode::plugin_missing, fmt::format("no provider is called \"{}\"", sanitized_line(name, 60)), {}, std::nullopt};
}

/// The value of a setting's flag; empty: not given.
std::string flag_value(const Options& options, std::string_view key) {
    for (const auto& entry : options.flags.entries)
        if (entry.key == key) return std::string(entry.value.reveal());
    return {};
}

/// The key whose signature lets the plugin be used; empty: none is needed, or there is no file of that id. Errors: those of PluginHost::verify.
Result<std::string> signer_of(const plugin::PluginHost& host, const std::string& id) {
    auto file = host.find_file(id);
    if (!file && file.error().code == ErrorCode::plugin_missing) return std::string();
    if (!file) return std::move(file).error();
    QWEN_TRY(const auto verified, host.verify(*file));
    return verified.signer;
}

/// What can be said of the answer: the key that signed the provider's plugin, or nothing.
Result<std::string> check(const config::Policy& policy, const Options& options, const std::vector<plugin::DescribedPlugin>& plugins, const plugin::PluginHost& host) {
    std::string signer;
    const auto provider = flag_value(options, "provider");
    const auto model = flag_value(options, "model");
    if (provider.empty() && model.empty() && options.origin.empty() && options.method.empty())
        return Error{ErrorCode::usage, "nothing to test", "qwen policy test --provider NAME --origin URL --model NAME --method NAME", std::nullopt};
    if (!provider.empty()) {
        QWEN_TRY(const auto plugin, plugin_behind(policy, provider, plugins, host.denied()));
        QWEN_CHECK(policy.check_provider(provider, plugin));
        QWEN_TRY(signer, signer_of(host, plugin));
    }
    if (!options.method.empty()) QWEN_CHECK(policy.check_method(options.method));
    if (!options.origin.empty()) {
        QWEN_TRY(const auto url, Url::parse(options.origin));
        QWEN_CHECK(policy.check_origin(url.origin()));
    }
    if (!model.empty()) QWEN_CHECK(policy.check_model(model));
    return signer;
}

}  // namespace

int run_policy_show(const config::Policy& policy, const Speech& speech) {
    auto json = json_success();
    json["files"] = policy.files;
    json["rules"] = nlohmann::ordered_json::array();
    std::string text = policy.empty() ? "there is no policy: everything is allowed\n" : "";
    for (const auto& file : policy.files) text += fmt::format("file  {}\n", sanitized_line(file));
    for (const auto& row : rows_of(policy)) {
        text += fmt::format("{:28}{}  ({})\n", row.key, sanitized_line(row.value, 300), sanitized_line(row.where.to_string()));
        json["rules"].push_back({{"key", row.key}, {"value", row.value}, {"where", row.where.to_string()}});
    }
    return say(speech, text, json);
}

int run_policy_test(const config::Policy& policy, const Options& options, const std::vector<plugin::DescribedPlugin>& plugins, const plugin::PluginHost& host,
                    const Speech& speech) {
    const auto checked = check(policy, options, plugins, host);
    if (!checked) return say_error(speech, checked.error());
    auto json = json_success();
    if (!checked->empty()) json["signed_by"] = *checked;
    return say(speech, checked->empty() ? "allowed\n" : fmt::format("allowed, signed by {}\n", *checked), json);
}

int run_policy_lint(const Options& options, const Speech& speech) {
    if (options.operands.empty()) return say_error(speech, {ErrorCode::usage, "which file?", "qwen policy lint FILE", std::nullopt});
    const auto& path = options.operands.front();
    const auto content = system::read_file(path, {.max_bytes = kMaxBytes});
    if (!content) return say_error(speech, content.error());
    if (!*content) return say_error(speech, {ErrorCode::storage_failed, "there is no such file", {}, FileLocation{path}});
    config::Policy policy;
    if (const auto added = config::add_policy_text(policy, (*content)->bytes, path); !added) return say_error(speech, added.error());
    const auto rules = rows_of(policy).size();
    auto json = json_success();
    json["rules"] = rules;
    return say(speech, fmt::format("{}: ok, {} rules\n", sanitized_line(path), rules), json);
}

}  // namespace qwen::host
