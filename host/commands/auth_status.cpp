#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/pipeline/quota_stage.hpp"
#include "host/commands/auth.hpp"
#include "host/commands/json_output.hpp"
#include "host/credential_check.hpp"
#include "host/exit_status.hpp"
#include "host/redaction.hpp"
#include "host/terminal/console_interaction.hpp"
#include "host/terminal/sanitizer.hpp"

namespace qwen::host {
namespace {

enum class Verdict : std::uint8_t { ok, expires, refused, unreachable, blocked, not_signed_in };

/// One provider of the answer.
struct Row {
    std::string provider;
    std::string stored_as{};  ///< the stored account's name; empty: its default one
    Verdict verdict = Verdict::not_signed_in;
    /// Why, when it is not ok.
    std::string detail;
    std::string account;
    std::string server;
    /// "environment OPENAI_API_KEY", "/home/ana/.qwen/oauth_creds.json (0600)".
    std::string source;
    std::optional<UtcTime> expires_at;
    bool renews_itself = false;
    std::vector<auth::QuotaUse> quota;
    /// What the provider says of the account, online.
    std::vector<std::pair<std::string, std::string>> facts{};

    [[nodiscard]] bool is_usable() const { return verdict == Verdict::ok || verdict == Verdict::expires; }
};

std::string_view name_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::ok: return "ok";
        case Verdict::expires: return "expires";
        case Verdict::refused: return "refused";
        case Verdict::unreachable: return "unreachable";
        case Verdict::blocked: return "blocked";
        case Verdict::not_signed_in: return "not_signed_in";
    }
    return {};
}

Verdict verdict_of(const Error& error) {
    if (error.code == ErrorCode::not_authenticated || error.code == ErrorCode::credential_expired) return Verdict::not_signed_in;
    switch (error.error_class()) {
        case ErrorClass::authentication:
        case ErrorClass::configuration: return Verdict::refused;
        case ErrorClass::policy: return Verdict::blocked;
        // The server knows the account when it says that too much was asked.
        case ErrorClass::limit: return Verdict::ok;
        default: return Verdict::unreachable;
    }
}

void fill_state(Row& row, Session& session, const Context& context) {
    const auto state = session.provider().state(context);
    if (!state) {
        row.verdict = verdict_of(state.error());
        row.detail = state.error().message;
        return;
    }
    using Kind = auth::ProviderState::Kind;
    row.account = state->account;
    row.server = state->base_url.empty() ? session.target().base_url.to_string() : state->base_url;
    row.expires_at = state->expires_at;
    row.renews_itself = session.kind() == CredentialKind::sign_in && session.provider().can_refresh();
    switch (state->kind) {
        case Kind::ready: row.verdict = Verdict::ok; break;
        case Kind::expiring:
        case Kind::expired: row.verdict = row.renews_itself ? Verdict::expires : Verdict::not_signed_in; break;
        case Kind::login_needed: row.verdict = Verdict::not_signed_in; break;
    }
}

std::string source_of(const Session& session, auth::SecretStore& store, const config::Resolution& resolution, const plugin::Manifest& manifest) {
    const auto* key = manifest.setting_with_role(config::SettingRole::api_key);
    const auto* winner = session.kind() == CredentialKind::key && key != nullptr ? resolution.winner(key->key) : nullptr;
    return winner != nullptr ? winner->from.to_string() : store.describe();
}

void check_online(Row& row, Session& session, const config::Resolution& resolution, const Context& context) {
    if (!row.is_usable()) return;
    const auto checked = check_credential(session.pipeline(), session.target(), context);
    if (!checked) {
        const auto error = redacted(checked.error(), resolution);
        row.verdict = verdict_of(error);
        row.detail = error.message;
        return;
    }
    // The request has renewed what had expired.
    fill_state(row, session, context);
    if (auto facts = session.account_facts(context)) row.facts = std::move(*facts);
}

Row row_of(const CommandRun& run, const ProviderWish& wish) {
    Row row;
    row.provider = wish.provider;
    const auto failed = [&](const Error& error) {
        row.verdict = verdict_of(error);
        row.detail = error.message;
        return row;
    };
    auto chosen = choose(run, wish);
    if (!chosen) return failed(chosen.error());
    if (chosen->provider) row.provider = chosen->provider->name();
    if (chosen->uses_stored_credential && chosen->account != kDefaultAccount) row.stored_as = chosen->account;
    ConsoleInteraction interaction({}, run.around.terminal, run.around.environment, run.around.clock);
    const auto session = open_session(run, *chosen, interaction);
    if (!session) return failed(session.error());
    fill_state(row, **session, run.context);
    if (row.verdict != Verdict::not_signed_in)
        row.source = source_of(**session, (*session)->store(), chosen->configuration.resolution, (*session)->provider().manifest());
    if (run.options.check) check_online(row, **session, chosen->configuration.resolution, run.context);
    if (auto quota = (*session)->quota_use(run.context)) row.quota = std::move(*quota);
    return row;
}

std::string text_of(const Row& row, UtcTime now) {
    std::string text = fmt::format("{:<14} {}", row.stored_as.empty() ? row.provider : row.provider + '/' + row.stored_as, row.verdict == Verdict::not_signed_in ? "not signed in" : name_of(row.verdict));
    if (row.expires_at && *row.expires_at > now) text += fmt::format("; the token has {} left", remaining_time(now, *row.expires_at));
    else if (row.expires_at) text += "; the token has expired";
    if (row.expires_at && row.renews_itself) text += " and renews itself";
    if (!row.detail.empty()) text += fmt::format(" ({})", sanitized_line(row.detail, 300));
    text += '\n';
    const auto line = [&](std::string_view label, const std::string& value) {
        if (!value.empty()) text += fmt::format("  {:<12} {}\n", label, sanitized_line(value));
    };
    line("account", row.account);
    line("server", row.server);
    line("credential", row.source);
    for (const auto& [name, value] : row.facts) line(sanitized_line(name, 40), value);
    for (const auto& use : row.quota) {
        text += fmt::format("  {:<12} {} of {} used", "limit", use.used, pipeline::limit_text(use.limit));
        text += use.available_at && *use.available_at > now ? fmt::format(", the next one in {}\n", remaining_time(now, *use.available_at)) : std::string("\n");
    }
    return text;
}

nlohmann::ordered_json json_of(const Row& row) {
    nlohmann::ordered_json json{{"provider", row.provider}, {"verdict", name_of(row.verdict)}, {"usable", row.is_usable()}};
    const auto put = [&](const char* name, const std::string& value) {
        if (!value.empty()) json[name] = value;
    };
    put("stored_as", row.stored_as);
    put("detail", row.detail);
    put("account", row.account);
    put("server", row.server);
    put("credential", row.source);
    if (row.expires_at) json["expires_at_ms"] = row.expires_at->time_since_epoch().count();
    json["renews_itself"] = row.renews_itself;
    for (const auto& [name, value] : row.facts) json["facts"][name] = value;
    json["quota"] = nlohmann::ordered_json::array();
    for (const auto& use : row.quota) {
        nlohmann::ordered_json limit{{"limit", use.limit.requests}, {"period_seconds", use.limit.period_seconds}, {"used", use.used}};
        if (use.available_at) limit["available_at_ms"] = use.available_at->time_since_epoch().count();
        json["quota"].push_back(std::move(limit));
    }
    return json;
}

/// PROVIDER alone; else the one a prompt would use, and every account that is stored.
std::vector<ProviderWish> rows_to_show(const CommandRun& run, const Chosen& now) {
    std::vector<ProviderWish> rows;
    if (!run.options.operands.empty()) return {ProviderWish{.provider = run.options.operands.front()}};
    if (now.provider) rows.push_back({.provider = now.provider->name()});
    for (const auto& account : stored_accounts(store_place(run, now.configuration))) {
        const bool is_shown = now.provider && now.uses_stored_credential && account == Account{now.provider->name(), now.account};
        // A key of a variable goes before the provider's default account, and is shown.
        const bool is_hidden = now.provider && account == Account{now.provider->name()};
        if (!is_shown && !is_hidden) rows.push_back({.provider = account.provider, .account = account.is_default() ? std::string() : account.name});
    }
    return rows;
}

}  // namespace

int run_auth_status(const CommandRun& run) {
    const auto now = choose(run, {});
    if (!now) return say_error(run.speech, now.error());
    say_notices(now->configuration);
    const auto wishes = rows_to_show(run, *now);
    if (wishes.empty()) return say_error(run.speech, *now->no_provider);

    std::string text;
    auto json = json_success();
    json["providers"] = nlohmann::ordered_json::array();
    bool first_is_usable = false;
    auto problem = ErrorClass::authentication;
    for (const auto& wish : wishes) {
        const auto row = row_of(run, wish);
        if (run.context.cancelled()) return say_error(run.speech, cancelled_error());
        if (json["providers"].empty()) {
            first_is_usable = row.is_usable();
            if (row.verdict == Verdict::blocked) problem = ErrorClass::policy;
        }
        text += text_of(row, run.around.clock.utc_now());
        json["providers"].push_back(json_of(row));
    }
    json["ok"] = first_is_usable;
    const int written = say(run.speech, text, json);
    return written != kExitOk || first_is_usable ? written : exit_status(problem);
}

}  // namespace qwen::host
