// Stands between a run's secrets and its servers: what core/auth/origin_binding decides, with the user's grants and, on a terminal, their answer.
//
// A key, a command that prints one, and request headers that sound like one are each judged: what a project may not say, it may not receive.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/auth/interaction.hpp"
#include "core/auth/origin_binding.hpp"
#include "core/auth/origin_grants.hpp"
#include "core/auth/secret_store.hpp"
#include "core/config/resolver.hpp"
#include "host/plugin/manifest.hpp"

namespace qwen::host {

/// A secret of the run and where it came from.
struct BoundSecret {
    config::Provenance from;
    Secret value;
};

/// The secrets that a request of this provider may carry: those that were configured, and without a key among them the stored one. Errors: those of
/// SecretStore::get, when the stored key is the one that counts.
[[nodiscard]] Result<std::vector<BoundSecret>> bound_secrets(const config::Resolution& resolution, const plugin::Manifest& manifest, auth::SecretStore& store,
                                                             const std::string& provider);

/// What is stored for a provider, as a secret of the user's.
[[nodiscard]] BoundSecret stored_secret_of(const std::string& provider, Secret value);

/// Whether somebody may be asked before a request is refused.
enum class OriginQuestion : std::uint8_t { never, ask };

/// What the policy says about origin binding.
struct OriginRules {
    bool is_strict = false;
    /// The administrator's own list of servers, which is a grant to every key (rule 5).
    std::function<bool(const Origin&)> is_named_by_policy;
};

/// Not thread-safe.
class OriginGate {
public:
    /// Looks for secrets when there were none: a key may be typed in during the session.
    using Reload = std::function<Result<std::vector<BoundSecret>>()>;

    OriginGate(std::vector<BoundSecret> secrets, Reload reload, auth::BindingFacts facts, OriginRules rules, auth::OriginGrants grants, auth::Notice notice)
        : secrets_(std::move(secrets)), reload_(std::move(reload)), facts_(std::move(facts)), rules_(std::move(rules)), grants_(std::move(grants)), notice_(std::move(notice)) {}

    /// Asked before every request; a well-known host is announced once. Errors: those of auth::judge_origin, and of OriginGrants when it matters.
    [[nodiscard]] Result<void> check(const Origin& origin);
    /// Asks the user when `check` would refuse: no (Enter), once, or always for this key. Before anything is resolved or sent. Errors: as check, cancelled.
    [[nodiscard]] Result<void> settle(const Origin& origin, auth::Interaction& interaction, const Context& context);

private:
    [[nodiscard]] Result<void> check(const Origin& origin, const BoundSecret& secret);
    [[nodiscard]] auth::BindingFacts facts_of(const BoundSecret& secret) const;

    std::vector<BoundSecret> secrets_;
    Reload reload_;
    auth::BindingFacts facts_;
    OriginRules rules_;
    auth::OriginGrants grants_;
    auth::Notice notice_;
    std::vector<std::string> granted_once_;
    bool announced_ = false;
};

/// The facts of a run but for the key. The provider's own origin is that of its preset or default, whatever other servers its manifest knows.
[[nodiscard]] auth::BindingFacts binding_facts(const config::Resolution& resolution, const plugin::Manifest& manifest, const Url& base_url);

}  // namespace qwen::host
