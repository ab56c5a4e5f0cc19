#include "host/conversation/sign_in_dialogue.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "host/commands/auth.hpp"
#include "host/exit_status.hpp"
#include "host/redaction.hpp"
#include "host/terminal/entry_field.hpp"
#include "host/terminal/error_report.hpp"
#include "host/terminal/output.hpp"
#include "host/terminal/progress_line.hpp"
#include "host/terminal/sanitizer.hpp"
#include "host/typed_key.hpp"

namespace qwen::host {
namespace {

using NameOrBack = Result<std::optional<std::string>>;
using AccountOrBack = Result<std::optional<Account>>;

/// The server a provider has by itself; empty: it has none (Azure). Never one that a project's file names: a key is about to be typed for it.
std::string own_base_url(const config::Resolution& resolution, const plugin::Manifest& manifest) {
    const auto* setting = manifest.setting_with_role(config::SettingRole::base_url);
    const auto* resolved = setting == nullptr ? nullptr : resolution.find(setting->key);
    if (resolved == nullptr) return {};
    for (const auto& candidate : resolved->candidates)
        if (!candidate.value.empty() && candidate.from.trust != config::TrustClass::project) return std::string(candidate.value.reveal());
    return {};
}

std::string check_text(const TriedCredential& tried, const std::string& host, const Error& why) {
    const auto reason = sanitized_line(why.message, 300);
    switch (tried.verdict) {
        case TriedCredential::Verdict::refused: return fmt::format("{} refuses this key ({}). Nothing was saved.\n", host, reason);
        case TriedCredential::Verdict::unreachable: return fmt::format("{} cannot be reached ({}). Nothing was saved.\n", host, reason);
        default: return fmt::format("The key could not be checked ({}). Nothing was saved.\n", reason);
    }
}

}  // namespace

NameOrBack ask_model_of(const std::vector<chat::ModelInfo>& models, const std::string& now, const TerminalFacts& terminal, const Context& context) {
    ChoiceQuestion question{"Which model?", {}, 0, ChoiceQuestion::Digits::filter};
    const bool is_listed = std::any_of(models.begin(), models.end(), [&](const auto& model) { return model.id == now; });
    if (!is_listed && !now.empty()) question.choices.push_back({now, "in use; the server does not list it"});
    for (const auto& model : models) {
        if (model.id == now) question.initial = question.choices.size();
        question.choices.push_back({model.id, model.id == now ? "in use" : ""});
    }
    QWEN_TRY(const auto picked, ask_choice(question, terminal, context));
    return picked ? std::optional(question.choices[*picked].label) : std::nullopt;
}

SignInDialogue::SignInDialogue(const CommandRun& run)
    : run_(run), interaction_({}, run.around.terminal, run.around.environment, run.around.clock) {
    if (run.around.terminal.can_ask() && run.around.terminal.can_redraw()) unseen_.emplace(STDIN_FILENO);
}

AccountOrBack SignInDialogue::run_from_list(const std::string& title) {
    const auto offers = provider_offers(run_);
    ChoiceQuestion question{title, choices_of(offers)};
    while (true) {
        QWEN_TRY(const auto picked, ask_choice(question, run_.around.terminal, run_.context));
        if (!picked) return std::optional<Account>();
        QWEN_TRY(auto done, run_offer(offers[*picked]));
        if (done) return done;
        question.initial = *picked;
    }
}

AccountOrBack SignInDialogue::run_for(const std::string& provider) {
    for (const auto& offer : provider_offers(run_))
        if (offer.provider == provider) return run_offer(offer);
    // A name that is spelt otherwise, or known to nobody: the command has the words for it.
    return run_offer({provider, provider, {}, {}, ProviderOffer::Way::own, true, {}});
}

AccountOrBack SignInDialogue::run_offer(const ProviderOffer& offer) {
    QWEN_TRY(const auto account, ask_account_name(offer.provider));
    if (!account) return std::optional<Account>();
    if (offer.way == ProviderOffer::Way::key) return take_key(offer, *account);
    if (run_auth_login_to(run_, offer.provider, *account) == kExitOk) return std::optional(Account{offer.provider, *account});
    if (run_.context.cancelled()) return cancelled_error();
    return std::optional<Account>();
}

NameOrBack SignInDialogue::ask_account_name(const std::string& provider) {
    QWEN_TRY(const auto chosen, choose(run_, {.account_use = AccountUse::stored_default}));
    const auto accounts = stored_accounts(store_place(run_, chosen.configuration));
    const auto count = std::count_if(accounts.begin(), accounts.end(), [&](const Account& account) { return account.provider == provider; });
    if (count == 0) return std::optional(std::string(kDefaultAccount));
    while (true) {
        QWEN_TRY(const auto typed, ask_entry({.label = "Name of this account", .suggestion = fmt::format("account-{}", count + 1)}, run_.around.terminal, run_.context));
        if (!typed) return std::optional<std::string>();
        std::string name(without_white_space_around(typed->reveal()));
        const auto is_good = check_account_name(name);
        if (is_good) return std::optional(std::move(name));
        write_to_stderr(notice_text(is_good.error().message));
    }
}

AccountOrBack SignInDialogue::take_key(const ProviderOffer& offer, const std::string& account) {
    std::string suggested_url;
    {
        QWEN_TRY(const auto chosen, choose(run_, {.provider = offer.provider, .account_use = AccountUse::stored_default}));
        if (chosen.no_provider) return *chosen.no_provider;
        suggested_url = own_base_url(chosen.configuration.resolution, chosen.provider->plugin.manifest);
    }
    write_to_stderr(fmt::format("{}{}\n", sanitized_line(offer.label), offer.help_url.empty() ? "" : ", keys: " + sanitized_line(offer.help_url)));
    while (true) {
        QWEN_TRY(const auto typed, ask_for_key(offer, suggested_url));
        if (!typed) return std::optional<Account>();
        QWEN_TRY(const auto next, try_and_store({offer.provider, account}, *typed));
        if (next == Next::back) return std::optional<Account>();
        if (next == Next::done) return std::optional(Account{offer.provider, account});
        suggested_url = typed->base_url;
    }
}

Result<std::optional<SignInDialogue::Typed>> SignInDialogue::ask_for_key(const ProviderOffer& offer, const std::string& suggested_url) {
    QWEN_TRY(auto key, ask_key_until_plausible(offer));
    if (!key) return std::optional<Typed>();
    QWEN_TRY(auto url, ask_base_url(suggested_url));
    if (!url) return std::optional<Typed>();
    return std::optional(Typed{std::move(*key), std::move(*url)});
}

Result<std::optional<Secret>> SignInDialogue::ask_key_until_plausible(const ProviderOffer& offer) {
    while (true) {
        const EntryQuestion question{.label = "API key", .kind = EntryQuestion::Kind::secret, .may_be_empty = !offer.needs_key};
        QWEN_TRY(const auto typed, ask_entry(question, run_.around.terminal, run_.context));
        if (!typed) return std::optional<Secret>();
        auto tidied = tidy_key(typed->reveal());
        if (tidied.was_changed) write_to_stderr("Spaces, quotes or line breaks around the key were left out.\n");
        if (tidied.is_plausible || (tidied.key.empty() && !offer.needs_key)) return std::optional(std::move(tidied.key));
        write_to_stderr("That is no key: it is empty, or holds a space, a line break or a character that is not ASCII.\n");
    }
}

NameOrBack SignInDialogue::ask_base_url(const std::string& suggestion) {
    while (true) {
        const EntryQuestion question{.label = "Base URL", .suggestion = suggestion};
        QWEN_TRY(const auto typed, ask_entry(question, run_.around.terminal, run_.context));
        if (!typed) return std::optional<std::string>();
        std::string text(without_white_space_around(typed->reveal()));
        const auto url = Url::parse(text);
        if (url) return std::optional(std::move(text));
        write_to_stderr(notice_text(url.error().message));
    }
}

Result<SignInDialogue::Next> SignInDialogue::try_and_store(const Account& account, const Typed& typed) {
    QWEN_TRY(auto chosen, choose(run_, {.provider = account.provider, .key = typed.key.empty() ? nullptr : &typed.key, .key_from = "the keyboard",
                                        .base_url = typed.base_url, .account = account.name, .account_use = AccountUse::new_one}));
    if (chosen.no_provider) return *chosen.no_provider;
    const auto& resolution = chosen.configuration.resolution;
    if (stores_nothing(run_.options, resolution)) return Error{ErrorCode::usage, "storing is switched off, so there is nowhere to put the key", "leave --no-store out", std::nullopt};
    QWEN_TRY(const auto session, open_session(run_, chosen, interaction_));

    const auto host = session->target().base_url.origin().host;
    const auto began = run_.around.clock.monotonic_now();
    ProgressLine progress("asking " + host, run_.around.terminal, run_.options.plain);
    auto tried = try_credential(*session, run_.context);
    progress.stop();
    if (!tried) return tried.error();
    if (tried->verdict == TriedCredential::Verdict::works) {
        const auto took = std::chrono::duration<double>(run_.around.clock.monotonic_now() - began).count();
        write_to_stderr(fmt::format("{} answers, {} models ({:.1f} s)\n", sanitized_line(host), tried->models.size(), took));
    } else {
        QWEN_TRY(const auto next, ask_what_now(*tried, *session, resolution));
        if (next != Next::done) return next;
    }
    QWEN_TRY(const auto model, ask_model(session->target().model, tried->models));
    if (!model) return Next::back;
    QWEN_CHECK(store(*session, typed, *model == session->target().model ? std::string() : *model, resolution));
    QWEN_CHECK(set_current_account(store_place(run_, chosen.configuration), account));
    write_to_stderr(fmt::format("Signed in: {}{}\n{} in {}. Sent only to {}\n", account.provider, account.is_default() ? "" : fmt::format(" (account {})", account.name), typed.key.empty() ? "Server" : "Key", session->store().describe(),
                                session->target().base_url.origin().to_string()));
    return Next::done;
}

Result<SignInDialogue::Next> SignInDialogue::ask_what_now(const TriedCredential& tried, const Session& session, const config::Resolution& resolution) {
    write_to_stderr(check_text(tried, sanitized_line(session.target().base_url.origin().host), redacted(*tried.why, resolution)));
    const ChoiceQuestion question{"What now?", {{"type it again", ""}, {"save it anyway", ""}}};
    QWEN_TRY(const auto picked, ask_choice(question, run_.around.terminal, run_.context));
    if (!picked) return Next::back;
    return *picked == 0 ? Next::again : Next::done;
}

NameOrBack SignInDialogue::ask_model(const std::string& suggestion, const std::vector<chat::ModelInfo>& models) {
    if (!models.empty()) return ask_model_of(models, suggestion, run_.around.terminal, run_.context);
    const EntryQuestion question{.label = "Model", .suggestion = suggestion};
    QWEN_TRY(const auto typed, ask_entry(question, run_.around.terminal, run_.context));
    if (!typed) return std::optional<std::string>();
    return std::optional(std::string(without_white_space_around(typed->reveal())));
}

Result<void> SignInDialogue::store(Session& session, const Typed& typed, const std::string& model, const config::Resolution& resolution) {
    auto& store = session.store();
    if (!typed.key.empty()) QWEN_CHECK(store_secret(store, kStoredKey, typed.key));
    // Without a key the server is what shows that somebody has signed in.
    QWEN_CHECK(typed.key.empty() ? store_secret(store, kStoredBaseUrl, Secret(typed.base_url)) : store_base_url(store, resolution, session.provider().manifest()));
    return model.empty() ? store.erase(kStoredModel) : store_secret(store, kStoredModel, Secret(model));
}

}  // namespace qwen::host
