#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "host/commands/auth.hpp"
#include "host/commands/json_output.hpp"
#include "host/credential_check.hpp"
#include "host/exit_status.hpp"
#include "host/redaction.hpp"
#include "host/terminal/console_interaction.hpp"
#include "host/terminal/error_report.hpp"
#include "host/terminal/output.hpp"
#include "host/terminal/sanitizer.hpp"

namespace qwen::host {
namespace {

/// A code that ran out while somebody sits there is replaced, but not for ever.
constexpr int kMostCodes = 3;

std::string host_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "this machine";
}

nlohmann::ordered_json code_event(const auth::DeviceVerification& verification, UtcTime now) {
    const auto left = std::chrono::duration_cast<std::chrono::seconds>(verification.expires_at - now + std::chrono::milliseconds(999)).count();
    nlohmann::ordered_json event{{"event", "device_code"}, {"verification_uri", verification.verification_uri}};
    if (!verification.verification_uri_complete.empty()) event["verification_uri_complete"] = verification.verification_uri_complete;
    event["user_code"] = verification.user_code;
    event["expires_in"] = std::max<long long>(left, 0);
    return event;
}

/// Tells a program what the person is told, so that a web page or a notebook can show the link.
class EventInteraction final : public auth::Interaction {
public:
    EventInteraction(ConsoleInteraction& person, const CommandRun& run) : person_(person), run_(run) {}

    auth::Interactivity interactivity() const override { return person_.interactivity(); }
    Result<void> present_verification(const auth::DeviceVerification& verification, const Context& context) override {
        QWEN_CHECK(person_.present_verification(verification, context));
        if (run_.speech.output == OutputFormat::text) return {};
        QWEN_CHECK(write_all(STDOUT_FILENO, json_line(code_event(verification, run_.around.clock.utc_now()))));
        return {};
    }
    void report(auth::LoginEvent event, std::string_view detail) override { person_.report(event, detail); }
    Result<std::optional<Secret>> ask_secret(std::string_view question, const Context& context) override { return person_.ask_secret(question, context); }
    Result<std::optional<std::string>> ask_text(std::string_view question, std::string_view suggestion, const Context& context) override {
        return person_.ask_text(question, suggestion, context);
    }
    Result<std::optional<std::size_t>> choose(std::string_view question, const std::vector<std::string>& choices, std::size_t safe_choice,
                                              const Context& context) override {
        return person_.choose(question, choices, safe_choice, context);
    }
    void notice(std::string_view text) override { person_.notice(text); }

private:
    ConsoleInteraction& person_;
    const CommandRun& run_;
};

/// PROVIDER, --provider or the setting, else the provider with a browser sign-in; where there is none, the one for API keys.
std::string wanted_provider(const CommandRun& run, const config::Resolution& resolution) {
    if (!run.options.operands.empty()) return run.options.operands.front();
    if (const auto* named = resolution.winner("provider"); named != nullptr && !named->value.empty()) return std::string(named->value.reveal());
    for (const auto& row : run.plugins)
        if (credential_kind(row.manifest) == CredentialKind::sign_in) return row.manifest.id;
    return "openai";
}

LoginScreen login_screen(const CommandRun& run, const config::Resolution& resolution, const plugin::FoundProvider& provider) {
    const auto& manifest = provider.plugin.manifest;
    return {.provider_name = provider.preset() != nullptr ? provider.preset()->name : manifest.name.empty() ? manifest.id : manifest.name,
            .provider_origins = provider_origins(resolution, manifest),
            .host_name = host_name(),
            .show_qr_code = run.options.show_qr_code,
            .no_browser = run.options.no_browser || run.around.environment.has("QWEN_NO_BROWSER"),
            .plain = run.options.plain,
            .interactivity = auth::Interactivity::always};
}

/// A key has to be typed by somebody.
Result<void> check_can_be_asked(const CommandRun& run, const plugin::FoundProvider& provider) {
    const auto& methods = provider.plugin.manifest.methods;
    const auto method = std::find_if(methods.begin(), methods.end(), [&](const auto& own) { return run.options.method.empty() || own.id == run.options.method; });
    if (method == methods.end() || method->kind != "api-key" || run.around.terminal.can_ask()) return {};
    return Error{ErrorCode::not_authenticated, "there is no terminal to ask for the key of " + provider.name(),
                 fmt::format("printenv KEY | qwen auth login {} --with-api-key", provider.name()), std::nullopt};
}

/// For a provider that takes a key and leaves asking for it to the host.
Result<void> ask_and_store_key(const CommandRun& run, Session& session, auth::Interaction& interaction) {
    const auto& manifest = session.provider().manifest();
    const auto* setting = manifest.setting_with_role(config::SettingRole::api_key);
    if (setting == nullptr) {
        return Error{ErrorCode::usage, fmt::format("there is nothing to sign in to: provider \"{}\" gets its credential by itself", manifest.id),
                     "qwen config explain", std::nullopt};
    }
    QWEN_TRY(const auto key, interaction.ask_secret(setting->prompt.empty() ? "API key" : setting->prompt, run.context));
    if (!key || key->empty()) return Error{ErrorCode::not_authenticated, "no key was given", "start again: qwen auth login " + manifest.id, std::nullopt};
    return store_secret(session.store(), kStoredKey, *key);
}

Result<void> sign_in(const CommandRun& run, Session& session, auth::Interaction& interaction) {
    if (!session.provider().can_login() && session.kind() == CredentialKind::key) return ask_and_store_key(run, session, interaction);
    for (int code = 1;; ++code) {
        auto signed_in = session.provider().login(run.options.method, run.context);
        const bool again = !signed_in && signed_in.error().code == ErrorCode::login_expired && run.around.terminal.can_ask() && code < kMostCodes;
        if (!again) return signed_in;
    }
}

int say_signed_in(const CommandRun& run, Session& session, std::string_view name) {
    const auto state = session.provider().state(run.context);
    const auto account = state ? state->account : std::string{};
    const auto place = session.store().describe();
    const bool renews = session.kind() == CredentialKind::sign_in && session.provider().can_refresh();
    if (run.speech.output == OutputFormat::text) {
        write_to_stderr(fmt::format("Signed in: {}{}{}\n{} in {}.{}\n", name, account.empty() ? "" : " as ", sanitized_line(account),
                                    session.kind() == CredentialKind::sign_in ? "Token" : "Key", place, renews ? " Renews itself." : ""));
        return kExitOk;
    }
    nlohmann::ordered_json event{{"event", "signed_in"}, {"ok", true}, {"provider", name}};
    if (!account.empty()) event["account"] = account;
    if (state && state->expires_at) event["expires_at_ms"] = state->expires_at->time_since_epoch().count();
    event["stored_in"] = place;
    return say(run.speech, json_line(event));
}

Result<int> login(const CommandRun& run, const std::string& provider, const std::string& account) {
    QWEN_TRY(auto chosen, choose(run, {.provider = provider, .account = account, .account_use = AccountUse::new_one}));
    say_notices(chosen.configuration);
    if (chosen.no_provider) return *chosen.no_provider;
    const auto& resolution = chosen.configuration.resolution;
    if (stores_nothing(run.options, resolution))
        return Error{ErrorCode::usage, "storing is switched off, so a sign-in would be forgotten at once", "leave --no-store out", std::nullopt};
    QWEN_CHECK(check_can_be_asked(run, *chosen.provider));
    const auto name = chosen.provider->name();
    const Account signed_in{name, chosen.account};
    ConsoleInteraction person(login_screen(run, resolution, *chosen.provider), run.around.terminal, run.around.environment, run.around.clock);
    EventInteraction interaction(person, run);
    QWEN_TRY(const auto session, open_session(run, chosen, interaction));
    QWEN_CHECK(session->store().check_writable());
    QWEN_CHECK(sign_in(run, *session, interaction));
    if (session->kind() == CredentialKind::key) QWEN_CHECK(store_base_url(session->store(), resolution, session->provider().manifest()));

    QWEN_CHECK(set_current_account(store_place(run, chosen.configuration), signed_in));
    if (auto checked = check_credential(session->pipeline(), session->target(), run.context); !checked) {
        auto error = redacted(std::move(checked).error(), resolution);
        error.message = fmt::format("what was signed in with is kept in {}, but the first request failed: {}", session->store().describe(), error.message);
        return error;
    }
    const int said = say_signed_in(run, *session, name);
    say_who_answers(run, signed_in);
    return said;
}

}  // namespace

int run_auth_login(const CommandRun& run) {
    if (run.options.with_api_key) return run_auth_login_with_key(run);
    const auto configured = choose(run, {.account_use = AccountUse::stored_default});
    if (!configured) return say_error(run.speech, configured.error());
    return run_auth_login_to(run, wanted_provider(run, configured->configuration.resolution), {});
}

int run_auth_login_to(const CommandRun& run, const std::string& provider, const std::string& account) {
    const auto status = login(run, provider, account);
    return status ? *status : say_error(run.speech, status.error());
}

}  // namespace qwen::host
