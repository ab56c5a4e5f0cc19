#include "host/conversation/provider_offers.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qwen::host {
namespace {

/// Where an offer stands in the list.
enum class Rank : std::uint8_t { sign_in, vendor, self_hosted, other, of_the_user, denied };

struct RankedOffer {
    Rank rank;
    ProviderOffer offer;
};

std::string denial_text(const Error& error) {
    return error.where ? fmt::format("denied by the administrator ({})", error.where->to_string()) : "denied by the administrator";
}

std::string refusal_of(const config::Policy& policy, const ProviderOffer& offer, const plugin::Manifest& manifest, const std::string& base_url) {
    if (policy.empty()) return {};
    auto allowed = policy.check_provider(offer.provider, manifest.id);
    if (allowed && offer.way != ProviderOffer::Way::own) allowed = policy.check_method(offer.way == ProviderOffer::Way::sign_in ? "device_code" : "api_key");
    const auto url = Url::parse(base_url);
    if (allowed && url && !url->origin().is_loopback()) allowed = policy.check_origin(url->origin());
    return allowed ? std::string() : denial_text(allowed.error());
}

RankedOffer offer_of_plugin(const plugin::DescribedPlugin& row) {
    const auto& manifest = row.manifest;
    const auto name = manifest.name.empty() ? manifest.id : manifest.name;
    if (row.file.place == plugin::PluginPlace::user)
        return {Rank::of_the_user, {manifest.id, name, fmt::format("plugin {} {}", manifest.id, manifest.version), {}, ProviderOffer::Way::own, true, manifest.url}};
    if (credential_kind(manifest) == CredentialKind::sign_in)
        return {Rank::sign_in, {manifest.id, name + " account", "browser or phone, no key to copy", {}, ProviderOffer::Way::sign_in, false, manifest.url}};
    return {Rank::other, {manifest.id, fmt::format("Other ({})", name), "base URL and API key", {}, ProviderOffer::Way::key, true, {}}};
}

RankedOffer offer_of_preset(const plugin::Preset& preset) {
    const auto* detail = !preset.key_required ? "no key needed" : preset.base_url.empty() ? "API key and your own endpoint" : "API key";
    return {preset.key_required ? Rank::vendor : Rank::self_hosted, {preset.id, preset.name, detail, {}, ProviderOffer::Way::key, preset.key_required, preset.help_url}};
}

}  // namespace

std::vector<ProviderOffer> provider_offers(const CommandRun& run) {
    std::vector<RankedOffer> ranked;
    for (const auto& row : run.plugins) {
        const bool is_users = row.file.place == plugin::PluginPlace::user;
        const auto add = [&](RankedOffer made, const std::string& base_url) {
            if (is_users) made.rank = Rank::of_the_user;
            if (is_users) made.offer.way = ProviderOffer::Way::own;
            made.offer.refusal = refusal_of(run.around.policy, made.offer, row.manifest, base_url);
            ranked.push_back(std::move(made));
        };
        add(offer_of_plugin(row), {});
        for (const auto& preset : row.manifest.presets) add(offer_of_preset(preset), preset.base_url);
    }
    for (const auto& denied : run.host.denied()) ranked.push_back({Rank::denied, {denied.file.id, denied.file.id, {}, denial_text(denied.why), ProviderOffer::Way::own, false, {}}});
    std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.rank < b.rank; });
    std::vector<ProviderOffer> offers;
    for (auto& one : ranked) offers.push_back(std::move(one.offer));
    return offers;
}

std::vector<Choice> choices_of(const std::vector<ProviderOffer>& offers) {
    std::vector<Choice> choices;
    for (const auto& offer : offers) choices.push_back({offer.label, offer.detail, offer.refusal});
    return choices;
}

}  // namespace qwen::host
