// Everything between a chosen provider and its server: plugin, credential, pipeline, target. Made once for a run.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/auth/credential_manager.hpp"
#include "core/auth/quota.hpp"
#include "core/chat/chat_client.hpp"
#include "core/chat/model_list.hpp"
#include "core/config/resolver.hpp"
#include "core/pipeline/authentication_stage.hpp"
#include "core/system/random.hpp"
#include "host/credential_stores.hpp"
#include "host/origin_gate.hpp"
#include "host/plugin/plugin_host.hpp"

namespace qwen::host {

/// What a session is made of. References outlive it.
struct SessionParts {
    plugin::FoundProvider provider;
    const config::Resolution& resolution;
    std::filesystem::path user_directory;
    std::filesystem::path module_directory;
    std::filesystem::path runtime_directory;  ///< $XDG_RUNTIME_DIR; may be empty
    unsigned effective_uid = 0;
    std::string account = std::string(kDefaultAccount);
    Storage storage = Storage::automatic;
    auth::SecretServiceSettings keyring;
    auth::Interaction& interaction;
    const system::Clock& clock;
    const system::Random& random;
    /// The administrator's word on a server, asked before every request; never empty.
    std::function<Result<void>(const Origin&)> origin_policy;
    OriginRules origin_rules;
    std::function<void(std::string_view)> notice;
    std::function<void(std::string_view)> trace;  ///< empty: nothing is traced
    /// Runs a command of config.toml for a plugin; empty: plugins run none.
    std::function<Result<Secret>(std::string_view command, const Context&)> run_command;
    /// What a request ends with when it needs a sign-in and nobody is signed in.
    std::function<Error()> not_signed_in;
};

enum class CredentialKind : std::uint8_t {
    key,
    /// Obtained in a browser, renewed by the credential manager.
    sign_in,
};

/// Not thread-safe; does not move, its parts refer to each other.
class Session {
public:
    /// Opens the plugin; connects nowhere. Errors: those of PluginHost::open, config_invalid.
    [[nodiscard]] static Result<std::unique_ptr<Session>> open(SessionParts parts);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    [[nodiscard]] pipeline::Pipeline& pipeline();
    [[nodiscard]] const chat::ChatTarget& target() const;
    [[nodiscard]] plugin::PluginProvider& provider();
    [[nodiscard]] auth::SecretStore& store();
    [[nodiscard]] auth::CredentialManager& manager();
    [[nodiscard]] CredentialKind kind() const;
    /// The models of the account, as the provider lists them, or else as the server does; sorted by id. Errors: those of the provider and the pipeline.
    [[nodiscard]] Result<std::vector<chat::ModelInfo>> list_models(const Context& context);
    /// What the provider knows of the account when it asks its server ("plan", "free"); empty for a provider that does not say. Errors: the provider's.
    [[nodiscard]] Result<std::vector<std::pair<std::string, std::string>>> account_facts(const Context& context);
    /// Asks the user, through the session's interaction, whether a key may go to a server that only a project's file names; nobody to ask is "no".
    /// For commands that are about to send something. Errors: origin_refused, denied_by_policy, cancelled.
    [[nodiscard]] Result<void> settle_origin(const Context& context);
    /// Whether a request to the target would be let through, without asking anybody. Errors: origin_refused, denied_by_policy, config_invalid.
    [[nodiscard]] Result<void> check_origin();
    /// One entry for each limit of the provider. Errors: as QuotaCounter::usage.
    [[nodiscard]] Result<std::vector<auth::QuotaUse>> quota_use(const Context& context) const;

private:
    struct State;
    explicit Session(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

[[nodiscard]] CredentialKind credential_kind(const plugin::Manifest& manifest);

/// Where the provider's credential may go: the manifest's origins and those of its URL settings, unless a project's file set them.
[[nodiscard]] std::vector<std::string> provider_origins(const config::Resolution& resolution, const plugin::Manifest& manifest);

/// The model of a run: the stronger of `model` and the provider's own setting; empty when neither is set.
[[nodiscard]] std::string effective_model(const config::Resolution& resolution, const plugin::Manifest& manifest);

}  // namespace qwen::host
