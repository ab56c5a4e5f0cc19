#include "host/plugin/host_services.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/config/value.hpp"
#include "host/plugin/call_limits.hpp"
#include "host/plugin/status.hpp"
#include "qwen/plugin.h"

namespace qwen::host::plugin {
namespace {

constexpr std::uint32_t kDefaultTimeoutMs = 15'000;
constexpr std::uint32_t kMaxTimeoutMs = 300'000;
constexpr std::size_t kMaxChoices = 100;

std::uint32_t setting_source(config::Source source) {
    switch (source) {
        case config::Source::flag: return QWEN_SETTING_FROM_FLAG;
        case config::Source::environment: return QWEN_SETTING_FROM_ENVIRONMENT;
        case config::Source::dotenv: return QWEN_SETTING_FROM_DOTENV;
        case config::Source::account: return QWEN_SETTING_FROM_ACCOUNT;
        case config::Source::user_config:
        case config::Source::system_config: return QWEN_SETTING_FROM_CONFIG;
        case config::Source::preset:
        case config::Source::builtin: return QWEN_SETTING_FROM_DEFAULT;
    }
    return QWEN_SETTING_FROM_CONFIG;
}

MonotonicTime from_mono_ms(std::int64_t milliseconds) { return MonotonicTime(std::chrono::milliseconds(milliseconds)); }

/// What goes beyond this is "for ever" to any clock, and would overflow its nanoseconds.
constexpr std::int64_t kFarFutureMs = std::numeric_limits<std::int64_t>::max() / 2'000'000;

/// How a plugin gets a list: values hold no control characters, so nothing needs escaping.
std::string a_line_each(const std::vector<std::string>& elements) {
    std::string lines;
    for (const auto& element : elements) lines += (lines.empty() ? "" : "\n") + element;
    return lines;
}

std::string lower_case(std::string_view text) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return lower;
}

}  // namespace

LocalServices::LocalServices(const ServiceDependencies& dependencies, const Manifest& manifest, CallKind kind, const Context& context)
    : dependencies_(dependencies), manifest_(manifest), kind_(kind), context_(context) {}

Status LocalServices::fail(Error error) {
    const Status status = status_from_error(error);
    last_error_ = std::move(error);
    return status;
}

Status LocalServices::refuse(Status status, std::string what) {
    last_error_ = error_from_status(status, manifest_.id, {.message = std::move(what), .hint = {}, .setting = {}});
    return status;
}

void LocalServices::log(std::uint32_t level, std::string_view message) {
    if (dependencies_.log) dependencies_.log(level, manifest_.id, message.substr(0, kMaxText));
}

bool LocalServices::cancelled() { return context_.cancelled(); }

std::int64_t LocalServices::deadline_mono_ms() {
    if (!context_.deadline) return std::numeric_limits<std::int64_t>::max();
    return std::chrono::duration_cast<std::chrono::milliseconds>(context_.deadline->time_since_epoch()).count();
}

std::uint32_t LocalServices::interactive() {
    switch (dependencies_.interaction.interactivity()) {
        case auth::Interactivity::never: return QWEN_INTERACTIVE_NEVER;
        case auth::Interactivity::if_available: return QWEN_INTERACTIVE_IF_AVAILABLE;
        case auth::Interactivity::always: return QWEN_INTERACTIVE_ALWAYS;
    }
    return QWEN_INTERACTIVE_NEVER;
}

bool LocalServices::may_reach(const Origin& origin) const {
    if (std::find(manifest_.origins.begin(), manifest_.origins.end(), origin.to_string()) != manifest_.origins.end()) return true;
    // A URL that a project file put there does not widen where a plugin may send what it knows.
    return std::any_of(manifest_.settings.begin(), manifest_.settings.end(), [&](const config::Setting& setting) {
        if (setting.type != config::ValueType::url) return false;
        const config::Candidate* const winner = dependencies_.settings.winner(setting.key);
        if (winner == nullptr || winner->from.trust == config::TrustClass::project) return false;
        const auto url = dependencies_.settings.url(setting.key);
        return url && url->origin() == origin;
    });
}

Result<http::Request> LocalServices::build_request(const HttpExchange& exchange, const Url& url) const {
    http::Request request{.method = exchange.method, .url = url, .headers = {}, .body = std::string(exchange.body.reveal()), .query_is_sensitive = false, .timeouts = {}};
    for (const auth::Parameter& header : exchange.headers) QWEN_CHECK(request.headers.set(header.name, header.value.reveal(), header.sensitive));
    return request;
}

Status LocalServices::http(HttpExchange exchange, HttpAnswer& answer) {
    if (kind_ == CallKind::offline) return refuse(QWEN_ERR_OFFLINE_CALL, "it went online in a call that must not");
    if (!dependencies_.send) return QWEN_ERR_UNSUPPORTED;
    if (context_.cancelled()) return fail(cancelled_error());
    if (exchange.method != "GET" && exchange.method != "POST") return refuse(QWEN_ERR_MISUSE, "it sent a request that is neither GET nor POST");
    if (exchange.body.size() > kMaxBody || exchange.headers.size() > kMaxHeaders) return refuse(QWEN_ERR_TOO_LARGE, "it sent too large a request");
    auto url = Url::parse(exchange.url);
    if (!url) return fail(std::move(url).error());
    if (!may_reach(url->origin())) {
        return fail(Error{ErrorCode::origin_refused,
                          fmt::format("plugin '{}' may not talk to {}", manifest_.id, url->origin().to_string()),
                          "only the origins of its manifest and of your configuration are allowed", std::nullopt});
    }
    auto request = build_request(exchange, *url);
    if (!request) return fail(std::move(request).error());
    const std::uint32_t timeout = exchange.timeout_ms == 0 ? kDefaultTimeoutMs : std::min(exchange.timeout_ms, kMaxTimeoutMs);
    const Context limited = context_.with_deadline(dependencies_.clock.monotonic_now() + std::chrono::milliseconds(timeout));
    auto response = dependencies_.send(std::move(*request), limited);
    if (!response) return fail(std::move(response).error());
    auto body = http::read_all(*response->body, kMaxBody);
    if (!body) return fail(std::move(body).error());
    answer.status = response->status;
    for (const http::Header& header : response->headers.all()) answer.headers.emplace_back(lower_case(header.name), std::string(header.value.reveal()));
    answer.body = Secret::take(*body);
    return QWEN_OK;
}

std::int64_t LocalServices::server_skew_ms(std::string_view) { return 0; }

Status LocalServices::sleep_until(std::int64_t mono_ms) {
    if (kind_ == CallKind::offline) return refuse(QWEN_ERR_OFFLINE_CALL, "it slept in a call that must not wait");
    const auto result = dependencies_.clock.sleep_until(from_mono_ms(std::clamp<std::int64_t>(mono_ms, 0, kFarFutureMs)), context_);
    return result ? QWEN_OK : fail(result.error());
}

Status LocalServices::secret_get(std::string_view key, SecretAnswer& answer) {
    auto stored = dependencies_.secrets.get(key);
    if (!stored) return fail(std::move(stored).error());
    if (!stored->has_value()) return QWEN_ERR_NOT_FOUND;
    auth::StoredSecret& secret = **stored;
    answer.expires_at_utc_ms = secret.expires_at ? secret.expires_at->time_since_epoch().count() : 0;
    answer.revision = secret.revision;
    answer.value = std::move(secret.value);
    return QWEN_OK;
}

Status LocalServices::secret_put_if(std::string_view key, std::string_view value, std::int64_t expires_at_utc_ms, std::uint64_t revision,
                                    std::uint64_t& new_revision) {
    if (key.empty() || key.size() > 128 || value.size() > kMaxText) return refuse(QWEN_ERR_TOO_LARGE, "it stored too large a secret");
    std::optional<UtcTime> expires_at;
    if (expires_at_utc_ms > 0) expires_at = UtcTime(std::chrono::milliseconds(std::min(expires_at_utc_ms, kFarFutureMs)));
    const auto stored = dependencies_.secrets.put_if(key, Secret(value), expires_at, revision);
    if (!stored) return fail(stored.error());
    if (!stored->has_value()) return QWEN_ERR_CONFLICT;
    new_revision = **stored;
    return QWEN_OK;
}

Status LocalServices::secret_erase(std::string_view key) {
    const auto erased = dependencies_.secrets.erase(key);
    return erased ? QWEN_OK : fail(erased.error());
}

Status LocalServices::device_code(const auth::DeviceVerification& verification) {
    if (kind_ == CallKind::offline) return refuse(QWEN_ERR_OFFLINE_CALL, "it asked the user in a call that must not");
    if (!Url::parse(verification.verification_uri)) return refuse(QWEN_ERR_BAD_RESPONSE, "the address for signing in is no web address");
    if (!verification.verification_uri_complete.empty() && !Url::parse(verification.verification_uri_complete)) {
        return refuse(QWEN_ERR_BAD_RESPONSE, "the address for signing in is no web address");
    }
    const auto shown = dependencies_.interaction.present_verification(verification, context_);
    return shown ? QWEN_OK : fail(shown.error());
}

Status LocalServices::prompt(const PromptQuestion& question, Secret& answer) {
    if (kind_ == CallKind::offline) return refuse(QWEN_ERR_OFFLINE_CALL, "it asked the user in a call that must not");
    if (question.label.size() > 1024 || question.suggestion.size() > kMaxText) return refuse(QWEN_ERR_TOO_LARGE, "its question is too long");
    if (!question.help_url.empty()) dependencies_.interaction.notice(fmt::format("{}: {}", question.label, question.help_url));
    if (question.kind == QWEN_PROMPT_SECRET) {
        auto secret = dependencies_.interaction.ask_secret(question.label, context_);
        if (!secret) return fail(std::move(secret).error());
        if (!secret->has_value()) return QWEN_ERR_NOT_INTERACTIVE;
        answer = std::move(**secret);
        return QWEN_OK;
    }
    auto text = dependencies_.interaction.ask_text(question.label, question.suggestion, context_);
    if (!text) return fail(std::move(text).error());
    if (!text->has_value()) return QWEN_ERR_NOT_INTERACTIVE;
    answer = Secret::take(**text);
    return QWEN_OK;
}

Status LocalServices::choose(std::string_view label, const std::vector<std::string>& choices, std::uint32_t& chosen) {
    if (kind_ == CallKind::offline) return refuse(QWEN_ERR_OFFLINE_CALL, "it asked the user in a call that must not");
    if (choices.empty() || choices.size() > kMaxChoices) return refuse(QWEN_ERR_MISUSE, "it offered no choices, or too many");
    const auto answer = dependencies_.interaction.choose(label, choices, 0, context_);
    if (!answer) return fail(answer.error());
    if (!answer->has_value()) return QWEN_ERR_NOT_INTERACTIVE;
    chosen = static_cast<std::uint32_t>(**answer);
    return QWEN_OK;
}

void LocalServices::notice(std::string_view text) {
    if (kind_ == CallKind::online) dependencies_.interaction.notice(text.substr(0, 1024));
}

void LocalServices::progress(std::uint32_t event, std::string_view detail) {
    if (kind_ == CallKind::offline || event < QWEN_PROGRESS_POLLING || event > QWEN_PROGRESS_NETWORK_LOST) return;
    dependencies_.interaction.report(static_cast<auth::LoginEvent>(event - QWEN_PROGRESS_POLLING), detail.substr(0, 1024));
}

Status LocalServices::setting(std::string_view key, SettingAnswer& answer) {
    const config::Setting* const declared = manifest_.setting(key);
    if (declared == nullptr) return refuse(QWEN_ERR_MISUSE, fmt::format("it read the setting '{}', which its manifest does not declare", key.substr(0, 64)));
    const config::Candidate* const winner = dependencies_.settings.winner(declared->key);
    if (winner == nullptr) return QWEN_ERR_NOT_FOUND;
    if (declared->type == config::ValueType::text_list) {
        answer.value = Secret(a_line_each(config::parse_text_list(winner->value.reveal())));
    } else {
        answer.value = winner->value.duplicate();
    }
    answer.source = setting_source(winner->from.source);
    answer.sensitive = declared->is_secret();
    return QWEN_OK;
}

Status LocalServices::run_command(std::string_view key, Secret& standard_output) {
    if (kind_ == CallKind::offline) return refuse(QWEN_ERR_OFFLINE_CALL, "it ran a command in a call that must not wait");
    const config::Setting* const declared = manifest_.setting(key);
    if (declared == nullptr || declared->type != config::ValueType::command) return refuse(QWEN_ERR_MISUSE, "it ran something that is no command setting");
    if (!dependencies_.run_command) return QWEN_ERR_UNSUPPORTED;
    const config::Candidate* const winner = dependencies_.settings.winner(declared->key);
    if (winner == nullptr) return QWEN_ERR_NOT_FOUND;
    // Neither a variable of some parent process nor the plugin's own default may say what is run.
    const auto source = winner->from.source;
    if (source != config::Source::user_config && source != config::Source::system_config) {
        return refuse(QWEN_ERR_DENIED, fmt::format("its command comes from {}; only config.toml may name one", winner->from.to_string()));
    }
    auto output = dependencies_.run_command(winner->value.reveal(), context_);
    if (!output) return fail(std::move(output).error());
    standard_output = std::move(*output);
    return QWEN_OK;
}

}  // namespace qwen::host::plugin
