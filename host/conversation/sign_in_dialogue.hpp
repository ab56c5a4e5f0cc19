// Signing in without leaving the terminal: which provider, its key, its server, its model; the same on a first run and under /auth.
//
// Nothing is written before everything was asked and tried, so going back anywhere changes nothing.
#pragma once

#include <optional>
#include <string>

#include "host/conversation/provider_offers.hpp"
#include "host/credential_check.hpp"
#include "host/terminal/console_interaction.hpp"
#include "host/terminal/line_input.hpp"

namespace qwen::host {

/// Not thread-safe. The run outlives it.
class SignInDialogue {
public:
    explicit SignInDialogue(const CommandRun& run);

    /// The whole way, beginning with the list. nullopt: the person went back. Errors: cancelled (Ctrl-C), denied_by_policy, those of storing.
    [[nodiscard]] Result<std::optional<Account>> run_from_list(const std::string& title);
    /// For one provider, named as after --provider. nullopt and errors: as above.
    [[nodiscard]] Result<std::optional<Account>> run_for(const std::string& provider);

private:
    struct Typed {
        Secret key;  ///< empty: none
        std::string base_url;
    };
    enum class Next : std::uint8_t { done, again, back };

    [[nodiscard]] Result<std::optional<Account>> run_offer(const ProviderOffer& offer);
    /// A second account of a provider needs a name.
    [[nodiscard]] Result<std::optional<std::string>> ask_account_name(const std::string& provider);
    [[nodiscard]] Result<std::optional<Account>> take_key(const ProviderOffer& offer, const std::string& account);
    [[nodiscard]] Result<std::optional<Typed>> ask_for_key(const ProviderOffer& offer, const std::string& suggested_url);
    [[nodiscard]] Result<std::optional<Secret>> ask_key_until_plausible(const ProviderOffer& offer);
    [[nodiscard]] Result<std::optional<std::string>> ask_base_url(const std::string& suggestion);
    [[nodiscard]] Result<Next> try_and_store(const Account& account, const Typed& typed);
    [[nodiscard]] Result<Next> ask_what_now(const TriedCredential& tried, const Session& session, const config::Resolution& resolution);
    [[nodiscard]] Result<std::optional<std::string>> ask_model(const std::string& suggestion, const std::vector<chat::ModelInfo>& models);
    [[nodiscard]] Result<void> store(Session& session, const Typed& typed, const std::string& model, const config::Resolution& resolution);

    const CommandRun& run_;
    /// Between two questions: a key that is pasted early is not seen either.
    std::optional<UnseenTyping> unseen_;
    ConsoleInteraction interaction_;
};

/// Asks which of these models; `now` is marked. nullopt: the person went back. Errors: cancelled.
[[nodiscard]] Result<std::optional<std::string>> ask_model_of(const std::vector<chat::ModelInfo>& models, const std::string& now, const TerminalFacts& terminal,
                                                              const Context& context);

}  // namespace qwen::host
