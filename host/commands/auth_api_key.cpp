#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "host/commands/auth.hpp"
#include "host/commands/json_output.hpp"
#include "host/commands/prompt_input.hpp"
#include "host/credential_check.hpp"
#include "host/exit_status.hpp"
#include "host/redaction.hpp"
#include "host/terminal/console_interaction.hpp"
#include "host/terminal/error_report.hpp"
#include "host/terminal/output.hpp"
#include "host/typed_key.hpp"

namespace qwen::host {
namespace {

Error key_error(std::string message, std::string hint) { return {ErrorCode::usage, std::move(message), std::move(hint), std::nullopt}; }

Result<TypedKey> tidy(std::string_view text) {
    auto typed = tidy_key(text);
    if (typed.key.empty()) return key_error("there is no key on standard input", "printenv KEY | qwen auth login openai --with-api-key");
    if (!typed.is_plausible)
        return key_error("what stands on standard input is no key: it holds a space, a line break or a character that is not ASCII", "pipe the key alone");
    return typed;
}

Result<TypedKey> read_key(const CommandRun& run, ConsoleInteraction& interaction) {
    if (run.around.terminal.stdin_is_terminal) {
        QWEN_TRY(auto typed, interaction.ask_secret("API key", run.context));
        if (!typed) return key_error("there is nobody to ask for the key", "pipe it: printenv KEY | qwen auth login openai --with-api-key");
        return tidy(typed->reveal());
    }
    QWEN_TRY(auto text, read_standard_input(STDIN_FILENO, run.context));
    const auto all = Secret::take(text);
    return tidy(all.reveal());
}

/// The provider's name in a usable form: PROVIDER, --provider or the setting, else OpenAI.
std::string wanted_provider(const CommandRun& run) {
    if (!run.options.operands.empty()) return run.options.operands.front();
    const auto configured = choose(run, {.account_use = AccountUse::stored_default});
    if (configured && configured->configuration.resolution.winner("provider") != nullptr)
        return std::string(configured->configuration.resolution.winner("provider")->value.reveal());
    return "openai";
}

Result<void> check_takes_key(const plugin::FoundProvider& provider) {
    if (provider.plugin.manifest.setting_with_role(config::SettingRole::api_key) != nullptr) return {};
    return key_error(fmt::format("provider \"{}\" takes no API key", provider.name()), fmt::format("qwen auth login {}", provider.name()));
}

int say_stored(const CommandRun& run, const Session& session, std::string_view name, std::string_view place) {
    auto json = json_success();
    json.update({{"event", "signed_in"}, {"provider", name}, {"stored_in", place}, {"base_url", session.target().base_url.to_string()}, {"checked", !run.options.no_check}});
    if (run.speech.output != OutputFormat::text) return say(run.speech, json_line(json));
    write_to_stderr(fmt::format("{}: {} for {}\nKey in {}.\n", run.options.no_check ? "Stored, not tried" : "Signed in", name,
                                session.target().base_url.origin().to_string(), place));
    return kExitOk;
}

Result<int> login_with_key(const CommandRun& run) {
    ConsoleInteraction interaction({}, run.around.terminal, run.around.environment, run.around.clock);
    QWEN_TRY(const auto tidied, read_key(run, interaction));
    if (tidied.was_changed) write_to_stderr(notice_text("spaces, quotes or empty lines around the key were left out"));

    QWEN_TRY(auto chosen, choose(run, {.provider = wanted_provider(run), .key = &tidied.key, .key_from = "standard input", .account_use = AccountUse::new_one}));
    say_notices(chosen.configuration);
    if (chosen.no_provider) return *chosen.no_provider;
    const auto& resolution = chosen.configuration.resolution;
    if (stores_nothing(run.options, resolution)) return key_error("storing is switched off, so there is nowhere to put the key", "leave --no-store out");
    QWEN_CHECK(check_takes_key(*chosen.provider));
    const auto name = chosen.provider->name();
    QWEN_TRY(const auto session, open_session(run, chosen, interaction));
    if (!run.options.no_check) {
        if (auto checked = check_credential(session->pipeline(), session->target(), run.context); !checked) {
            auto error = redacted(std::move(checked).error(), resolution);
            error.message += "; nothing was stored";
            if (error.error_class() != ErrorClass::authentication) error.hint = "--no-check stores the key without trying it";
            return error;
        }
    }
    QWEN_CHECK(store_secret(session->store(), kStoredKey, tidied.key));
    QWEN_CHECK(store_base_url(session->store(), resolution, session->provider().manifest()));
    QWEN_CHECK(set_current_account(store_place(run, chosen.configuration), {name, chosen.account}));
    return say_stored(run, *session, name, session->store().describe());
}

}  // namespace

Result<void> store_secret(auth::SecretStore& store, std::string_view key, const Secret& value) {
    // Two people typing a key at once: the later one is stored.
    for (int attempt = 0; attempt < 8; ++attempt) {
        QWEN_TRY(const auto before, store.get(key));
        QWEN_TRY(const auto revision, store.put_if(key, value, std::nullopt, before ? before->revision : 0));
        if (revision) return {};
    }
    return Error{ErrorCode::storage_failed, "other processes keep changing " + store.describe(), "try again", std::nullopt};
}

Result<void> store_base_url(auth::SecretStore& store, const config::Resolution& resolution, const plugin::Manifest& manifest) {
    const auto* setting = manifest.setting_with_role(config::SettingRole::base_url);
    const auto* winner = setting == nullptr ? nullptr : resolution.winner(setting->key);
    const bool is_own = winner == nullptr || winner->from.source == config::Source::preset || winner->from.source == config::Source::builtin;
    // What a project's file says holds there only.
    if (is_own || winner->from.trust == config::TrustClass::project) return store.erase(kStoredBaseUrl);
    return store_secret(store, kStoredBaseUrl, winner->value);
}

int run_auth_login_with_key(const CommandRun& run) {
    const auto status = login_with_key(run);
    return status ? *status : say_error(run.speech, status.error());
}

}  // namespace qwen::host
