#include <algorithm>
#include <string>

#include "core/config/policy.hpp"

namespace qwen::config {
namespace {

bool is_from_project(const Candidate& candidate) { return candidate.from.source == Source::dotenv && candidate.from.trust == TrustClass::project; }

/// What the operations team itself configured, or nobody did.
bool is_of_the_system(const Candidate* winner) {
    return winner == nullptr || winner->from.source == Source::system_config || winner->from.source == Source::builtin;
}

std::string text_or_nothing(const Resolution& resolution, std::string_view key) {
    const auto* winner = resolution.winner(key);
    return winner == nullptr ? std::string() : std::string(winner->value.reveal());
}

std::string from(const Candidate& candidate) { return " (" + candidate.from.to_string() + ')'; }

/// What is wrong with the settings under one rule; empty: nothing.
std::string conflict(const PolicyRule& rule, const Resolution& resolution, std::string_view storage) {
    if (rule.key == "dotenv.project" && rule.value == "false") {
        for (const auto& resolved : resolution.all())
            if (const auto* winner = resolved.winner(); winner != nullptr && is_from_project(*winner))
                return "a project's .env may not set \"" + resolved.setting.key + '"' + from(*winner);
    }
    if (rule.key == "credentials.allow_argv_key" && rule.value == "false") {
        for (const auto& resolved : resolution.all())
            for (const auto& candidate : resolved.candidates)
                if (resolved.setting.is_secret() && candidate.from.source == Source::flag) return "a key on the command line is denied" + from(candidate);
    }
    if (rule.key == "credentials.store" && rule.value != storage) return "credentials may only be kept in: " + rule.value + " (now: " + std::string(storage) + ')';
    if (rule.key == "network.tls_min" && text_or_nothing(resolution, "network.tls_minimum") < rule.value) return "TLS below " + rule.value + " is denied";
    if (rule.key == "network.ca_file") {
        if (text_or_nothing(resolution, "network.ca_file") != rule.value) return "certificate authorities other than " + rule.value + " are denied";
        if (const auto* more = resolution.winner("network.ca_directory"); !is_of_the_system(more)) return "further certificate authorities are denied" + from(*more);
    }
    if (rule.key == "network.proxy") {
        if (text_or_nothing(resolution, "network.https_proxy") != rule.value) return "requests must go through the proxy " + rule.value;
        if (const auto* around = resolution.winner("network.no_proxy"); !is_of_the_system(around)) return "going around the proxy is denied" + from(*around);
    }
    return {};
}

/// How to satisfy the rule, where there is one obvious way.
std::string remedy(const PolicyRule& rule) {
    if (rule.key == "credentials.store") return "--storage " + rule.value;
    if (rule.key == "network.ca_file") return "--ca-file " + rule.value;
    if (rule.key == "network.proxy") return "--proxy " + rule.value;
    if (rule.key == "network.tls_min") return "network.tls_minimum = \"" + rule.value + "\" in config.toml";
    return {};
}

}  // namespace

Result<void> Policy::check_settings(const Resolution& resolution, std::string_view storage) const {
    for (const auto& rule : limits)
        if (auto message = conflict(rule, resolution, storage); !message.empty()) return denied("your administrator's rule " + rule.key + ": " + message, rule.where, remedy(rule));
    return {};
}

}  // namespace qwen::config
