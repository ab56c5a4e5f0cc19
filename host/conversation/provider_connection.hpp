// Who answers in a conversation: a provider, its session and the model. Replaced as a whole when the user changes provider.
#pragma once

#include <memory>
#include <string>

#include "host/provider_setup.hpp"

namespace qwen::host {

class ProviderConnection {
public:
    /// An empty wish: by the rule of the configuration. Errors: those of choose() and open_session().
    [[nodiscard]] static Result<std::unique_ptr<ProviderConnection>> open(const CommandRun& run, const ProviderWish& wish, auth::Interaction& interaction);

    [[nodiscard]] pipeline::Pipeline& pipeline() { return session_->pipeline(); }
    [[nodiscard]] Session& session() { return *session_; }
    [[nodiscard]] const chat::ChatTarget& target() const { return target_; }
    [[nodiscard]] const config::Configuration& configuration() const { return chosen_->configuration; }
    [[nodiscard]] const config::Resolution& settings() const { return chosen_->configuration.resolution; }
    [[nodiscard]] const std::string& name() const { return name_; }
    /// For people: the account's name, or the provider's when its default account or no account answers.
    [[nodiscard]] std::string label() const { return uses_stored_credential() ? account().label() : name_; }
    [[nodiscard]] Account account() const { return {name_, chosen_->account}; }
    /// The account's own key or sign-in answers, not a key of a flag, a variable or a file.
    [[nodiscard]] bool uses_stored_credential() const { return chosen_->uses_stored_credential; }
    void use_model(std::string model) { target_.model = std::move(model); }
    /// Why this provider and no other; says so when a variable or file decided it.
    [[nodiscard]] const std::string& because() const { return chosen_->because; }

private:
    ProviderConnection() = default;

    std::unique_ptr<Chosen> chosen_;  // the session refers to it
    std::unique_ptr<Session> session_;
    std::string name_;
    chat::ChatTarget target_;
};

}  // namespace qwen::host
