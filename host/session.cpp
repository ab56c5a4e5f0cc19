#include "host/session.hpp"

#include <algorithm>

#include "core/auth/origin_binding.hpp"
#include "core/auth/quota.hpp"
#include "core/http/stream_transport.hpp"
#include "core/pipeline/origin_stage.hpp"
#include "core/pipeline/quota_stage.hpp"
#include "core/pipeline/retry_stage.hpp"
#include "core/pipeline/trace_stage.hpp"
#include "core/pipeline/transport_stage.hpp"
#include "host/handed_out_secret.hpp"
#include "host/network_settings.hpp"
#include "host/transport_modules.hpp"

#ifndef QWEN_VERSION
#error "QWEN_VERSION comes from host/CMakeLists.txt"
#endif

namespace qwen::host {
namespace {

std::unique_ptr<auth::SecretStore> store_of(const SessionParts& parts, const std::string& provider) {
    return make_store({parts.user_directory, parts.effective_uid, parts.storage, parts.keyring, parts.clock, parts.notice, parts.account}, provider);
}

/// What cannot be read is reported by whoever needs it.
bool has_stored(auth::SecretStore& store, std::string_view key) {
    const auto stored = store.get(key);
    return stored && stored->has_value();
}

/// A sign-in is in the store and belongs to the manager, which renews it for all processes.
class SignInCredentials final : public pipeline::CredentialSource {
public:
    struct Parts {
        auth::CredentialProvider& provider;
        auth::CredentialManager& manager;
        auth::SecretStore& store;
        const std::function<Error()>& not_signed_in;
    };
    explicit SignInCredentials(Parts parts) : parts_(parts) {}

    auth::CredentialProvider& provider() override { return parts_.provider; }

    Result<void> ensure_fresh(const Context& context) override {
        auto revision = parts_.manager.current(context);
        if (revision) {
            revision_ = *revision;
            return {};
        }
        const bool is_signed_out = revision.error().code == ErrorCode::not_authenticated && !has_stored(parts_.store, kStoredSignIn);
        return is_signed_out ? parts_.not_signed_in() : std::move(revision).error();
    }

    Result<void> replace_rejected(const Context& context) override {
        QWEN_TRY(revision_, parts_.manager.replace(revision_, context));
        return {};
    }

private:
    Parts parts_;
    auth::CredentialRevision revision_ = 0;
};

/// A key does not expire; one that a command printed can be asked for again.
class KeyCredentials final : public pipeline::CredentialSource {
public:
    explicit KeyCredentials(auth::CredentialProvider& provider) : provider_(provider) {}

    auth::CredentialProvider& provider() override { return provider_; }
    Result<void> ensure_fresh(const Context&) override { return {}; }
    /// A command that has not run yet.
    Result<void> refresh_wanted(const Context& context) override { return provider_.can_refresh() ? provider_.refresh(context) : Result<void>(); }
    Result<void> replace_rejected(const Context& context) override {
        if (provider_.can_refresh()) return provider_.refresh(context);
        return Error{ErrorCode::credential_rejected, "the server refused the key", {}, std::nullopt};
    }

private:
    auth::CredentialProvider& provider_;
};

auth::SignInFacts sign_in_facts(const config::Resolution& resolution, const plugin::Manifest& manifest) {
    return {manifest.id, provider_origins(resolution, manifest), list_of(resolution, "trust_origins")};
}

/// What is kept for each account by itself; of the default one under the provider's name alone.
std::string account_id(const std::string& provider, const std::string& account) { return account == kDefaultAccount ? provider : provider + '.' + account; }

/// Qwen Code renews the same sign-in; of any other provider's it knows nothing.
auth::RefreshLocks refresh_locks(const SessionParts& parts, const std::string& provider) {
    if (provider == kSharedSignIn && parts.account == kDefaultAccount) return auth::RefreshLocks::in(parts.user_directory, parts.runtime_directory);
    return auth::RefreshLocks::of(account_id(provider, parts.account), parts.user_directory, parts.runtime_directory);
}

auth::OriginGrants origin_grants(const SessionParts& parts) {
    return {auth::PrivateFile(auth::OriginGrants::place_in(parts.user_directory, parts.effective_uid), parts.notice), parts.random};
}

std::string credential_source(const config::Resolution& resolution, const plugin::Manifest& manifest) {
    const auto* key = manifest.setting_with_role(config::SettingRole::api_key);
    const auto* winner = key == nullptr ? nullptr : resolution.winner(key->key);
    return winner == nullptr ? std::string{} : winner->from.to_string();
}

/// A provider without a configured URL knows its own once somebody is signed in; until then its first origin stands for it.
Result<Url> configured_base_url(const config::Resolution& resolution, const plugin::Manifest& manifest) {
    if (const auto* setting = manifest.setting_with_role(config::SettingRole::base_url))
        if (auto url = resolution.url(setting->key)) return std::move(*url);
    if (!manifest.origins.empty()) return Url::parse(manifest.origins.front());
    return Error{ErrorCode::config_invalid, "provider \"" + manifest.id + "\" has no base URL", "qwen config explain", std::nullopt};
}

}  // namespace

/// In the order in which each needs the one before it.
struct Session::State {
    State(SessionParts given, http::NetworkOptions for_modules, http::NetworkOptions for_transport)
        : parts(std::move(given)), network(std::move(for_modules)), transport(std::move(for_transport), transport_modules(parts.module_directory, network)) {}

    SessionParts parts;
    http::NetworkOptions network;  ///< read by the modules when they are opened
    http::StreamTransport transport;
    std::unique_ptr<auth::SecretStore> store;
    std::optional<HandedOutSecret> plugin_store;
    std::optional<OriginGate> gate;  ///< of a key; a sign-in has rules of its own
    std::unique_ptr<pipeline::Pipeline> plugin_pipeline;
    std::unique_ptr<plugin::PluginProvider> provider;
    std::unique_ptr<auth::CredentialManager> manager;
    std::unique_ptr<pipeline::CredentialSource> credentials;
    std::optional<auth::QuotaCounter> quota;
    std::unique_ptr<pipeline::Pipeline> pipeline;
    CredentialKind kind = CredentialKind::key;
    chat::ChatTarget target;
};

namespace {

/// A plugin's own requests: without the authentication stage, so that a renewal can never call itself.
std::unique_ptr<pipeline::Pipeline> make_plugin_pipeline(const SessionParts& parts, http::Transport& transport) {
    std::vector<std::unique_ptr<pipeline::Stage>> stages;
    stages.push_back(std::make_unique<pipeline::OriginStage>([allowed = parts.origin_policy](const Origin& origin) -> Result<void> {
        QWEN_CHECK(allowed(origin));
        return auth::check_origin(origin, {});
    }));
    stages.push_back(std::make_unique<pipeline::TraceStage>(parts.trace));
    stages.push_back(std::make_unique<pipeline::TransportStage>(transport));
    return std::make_unique<pipeline::Pipeline>(std::move(stages));
}

/// The manifest's limits; the settings `requests_per_minute` and `requests_per_day`, where a provider has them, replace theirs (0: no limit).
std::vector<auth::RateLimit> effective_limits(const config::Resolution& resolution, const plugin::Manifest& manifest) {
    std::vector<auth::RateLimit> limits;
    for (auto limit : manifest.limits) {
        const auto* key = limit.period_seconds == 60 ? "requests_per_minute" : limit.period_seconds == 86400 ? "requests_per_day" : "";
        if (const auto* setting = manifest.setting(key))
            if (const auto value = resolution.integer(setting->key)) limit.requests = static_cast<std::uint32_t>(std::clamp<std::int64_t>(*value, 0, UINT32_MAX));
        if (limit.requests != 0) limits.push_back(limit);
    }
    return limits;
}

struct PipelineParts {
    http::Transport& transport;
    pipeline::CredentialSource& credentials;
    auth::QuotaCounter& quota;
    pipeline::OriginCheck check;
};

std::unique_ptr<pipeline::Pipeline> make_pipeline(const SessionParts& parts, PipelineParts made, const pipeline::CredentialLabel& label) {
    std::vector<std::unique_ptr<pipeline::Stage>> stages;
    stages.push_back(std::make_unique<pipeline::RetryStage>(pipeline::RetryRules{}, parts.clock, parts.random, made.transport, label, parts.notice));
    stages.push_back(std::make_unique<pipeline::AuthenticationStage>(made.credentials, label));
    stages.push_back(std::make_unique<pipeline::OriginStage>([allowed = parts.origin_policy, bound = std::move(made.check)](const Origin& origin) -> Result<void> {
        QWEN_CHECK(allowed(origin));
        return bound(origin);
    }));
    stages.push_back(std::make_unique<pipeline::QuotaStage>(made.quota, parts.clock, parts.notice));
    stages.push_back(std::make_unique<pipeline::TraceStage>(parts.trace));
    stages.push_back(std::make_unique<pipeline::TransportStage>(made.transport));
    return std::make_unique<pipeline::Pipeline>(std::move(stages));
}

}  // namespace

Result<std::unique_ptr<Session>> Session::open(SessionParts given) {
    const auto& manifest = given.provider.plugin.manifest;
    QWEN_TRY(auto base_url, configured_base_url(given.resolution, manifest));
    const auto name = given.provider.name();
    const auto kind = credential_kind(manifest);
    auto facts = binding_facts(given.resolution, manifest, base_url);
    auto where_token_goes = sign_in_facts(given.resolution, manifest);
    auto label = credential_source(given.resolution, manifest);
    auto limits = effective_limits(given.resolution, manifest);
    const auto model = effective_model(given.resolution, manifest);
    QWEN_TRY(auto for_modules, network_options(given.resolution));
    QWEN_TRY(auto for_transport, network_options(given.resolution));

    auto state = std::make_unique<State>(std::move(given), std::move(for_modules), std::move(for_transport));
    auto& parts = state->parts;
    state->target = {std::move(base_url), model, network_timeouts(parts.resolution), "qwen/" QWEN_VERSION};
    state->kind = kind;
    state->store = store_of(parts, name);
    state->plugin_store.emplace(*state->store);
    if (kind == CredentialKind::key) {
        QWEN_TRY(auto secrets, bound_secrets(parts.resolution, parts.provider.plugin.manifest, *state->store, name));
        if (label.empty() && !secrets.empty()) label = secrets.front().from.to_string();
        auto reload = [state = state.get(), name]() -> Result<std::vector<BoundSecret>> {
            QWEN_TRY(auto known, bound_secrets(state->parts.resolution, state->provider->manifest(), *state->store, name));
            const auto* handed_out = state->plugin_store->last();
            if (known.empty() && handed_out != nullptr) known.push_back(stored_secret_of(name, handed_out->duplicate()));
            return known;
        };
        state->gate.emplace(std::move(secrets), std::move(reload), std::move(facts), std::move(parts.origin_rules), origin_grants(parts), parts.notice);
    }
    state->plugin_pipeline = make_plugin_pipeline(parts, state->transport);
    const auto send = [state = state.get()](http::Request request, const Context& context) {
        pipeline::Call call;
        call.request = std::move(request);
        return state->plugin_pipeline->send(call, context);
    };
    plugin::ServiceDependencies services{send, parts.run_command, {}, parts.resolution, *state->plugin_store, parts.interaction, parts.clock, parts.random};
    QWEN_TRY(state->provider, plugin::PluginHost::open(std::move(parts.provider), std::move(services)));
    state->manager = std::make_unique<auth::CredentialManager>(auth::CredentialManager::Parts{*state->provider, *state->store, parts.clock, parts.random},
                                                               refresh_locks(parts, name), parts.notice);
    pipeline::OriginCheck check;
    if (kind == CredentialKind::sign_in) {
        state->credentials = std::make_unique<SignInCredentials>(SignInCredentials::Parts{*state->provider, *state->manager, *state->store, parts.not_signed_in});
        check = [facts = std::move(where_token_goes)](const Origin& origin) { return auth::check_sign_in_origin(origin, facts); };
    } else {
        state->credentials = std::make_unique<KeyCredentials>(*state->provider);
        check = [gate = &*state->gate](const Origin& origin) { return gate->check(origin); };
    }
    state->quota.emplace(parts.user_directory / "quota", account_id(name, parts.account), std::move(limits));
    state->pipeline = make_pipeline(parts, {state->transport, *state->credentials, *state->quota, std::move(check)}, {label});
    return std::unique_ptr<Session>(new Session(std::move(state)));
}

Session::Session(std::unique_ptr<State> state) : state_(std::move(state)) {}
Session::~Session() = default;
pipeline::Pipeline& Session::pipeline() { return *state_->pipeline; }
const chat::ChatTarget& Session::target() const { return state_->target; }
plugin::PluginProvider& Session::provider() { return *state_->provider; }
auth::SecretStore& Session::store() { return *state_->store; }
auth::CredentialManager& Session::manager() { return *state_->manager; }
Result<std::vector<chat::ModelInfo>> Session::list_models(const Context& context) {
    if (!state_->provider->can_list_models()) return chat::list_models(pipeline(), target(), context);
    QWEN_CHECK(state_->credentials->ensure_fresh(context));
    QWEN_TRY(auto listed, state_->provider->list_models(context));
    std::vector<chat::ModelInfo> models;
    for (auto& model : listed.value_or(std::vector<plugin::ListedModel>())) models.push_back({std::move(model.id), {}});
    std::sort(models.begin(), models.end(), [](const auto& one, const auto& other) { return one.id < other.id; });
    return models;
}

Result<std::vector<std::pair<std::string, std::string>>> Session::account_facts(const Context& context) {
    QWEN_TRY(auto facts, state_->provider->account_facts(context));
    return std::move(facts).value_or(std::vector<std::pair<std::string, std::string>>());
}

Result<void> Session::settle_origin(const Context& context) {
    const auto& origin = state_->target.base_url.origin();
    QWEN_CHECK(state_->parts.origin_policy(origin));
    if (!state_->gate) return {};
    return state_->gate->settle(origin, state_->parts.interaction, context);
}

Result<void> Session::check_origin() {
    const auto& origin = state_->target.base_url.origin();
    QWEN_CHECK(state_->parts.origin_policy(origin));
    return state_->gate ? state_->gate->check(origin) : Result<void>();
}

CredentialKind Session::kind() const { return state_->kind; }
Result<std::vector<auth::QuotaUse>> Session::quota_use(const Context& context) const { return state_->quota->usage(state_->parts.clock.utc_now(), context); }

CredentialKind credential_kind(const plugin::Manifest& manifest) {
    const bool has_device = std::any_of(manifest.methods.begin(), manifest.methods.end(), [](const auto& method) { return method.kind == "device-code"; });
    return has_device ? CredentialKind::sign_in : CredentialKind::key;
}

std::vector<std::string> provider_origins(const config::Resolution& resolution, const plugin::Manifest& manifest) {
    auto origins = manifest.origins;
    for (const auto& setting : manifest.settings) {
        const auto* winner = setting.type == config::ValueType::url ? resolution.winner(setting.key) : nullptr;
        if (winner == nullptr || winner->from.trust == config::TrustClass::project) continue;
        if (const auto url = resolution.url(setting.key)) origins.push_back(url->origin().to_string());
    }
    return origins;
}

std::string effective_model(const config::Resolution& resolution, const plugin::Manifest& manifest) {
    const auto* general = resolution.winner("model");
    const auto* setting = manifest.setting_with_role(config::SettingRole::model);
    const auto* own = setting == nullptr ? nullptr : resolution.winner(setting->key);
    if (general == nullptr && own == nullptr) return {};
    const bool own_wins = general == nullptr || (own != nullptr && own->from.source < general->from.source);
    return std::string((own_wins ? own : general)->value.reveal());
}

}  // namespace qwen::host
