// What can be signed in to, in the words of the manifests, with what the administrator says about it.
#pragma once

#include <string>
#include <vector>

#include "host/provider_setup.hpp"
#include "host/terminal/choice_list.hpp"

namespace qwen::host {

struct ProviderOffer {
    /// How somebody gets in.
    enum class Way : std::uint8_t {
        sign_in,  ///< in a browser
        key,      ///< a key, a server, a model: asked here
        own,      ///< as the plugin itself does it
    };
    std::string provider;  ///< as after --provider
    std::string label;
    std::string detail;
    std::string refusal;  ///< "denied by the administrator (/etc/qwen/policy.toml:3)"; empty: it may be used
    Way way = Way::own;
    bool needs_key = true;
    std::string help_url;  ///< where a key is made; may be empty
};

/// Sign-ins first, then presets, servers of one's own, other endpoints, the user's plugins, and the plugins that are denied. No code of a plugin is run.
[[nodiscard]] std::vector<ProviderOffer> provider_offers(const CommandRun& run);

[[nodiscard]] std::vector<Choice> choices_of(const std::vector<ProviderOffer>& offers);

}  // namespace qwen::host
