#include "host/plugin/host_table.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "core/base/utf8.hpp"
#include "core/system/digest.hpp"
#include "host/plugin/call_limits.hpp"

using qwen::Secret;
using qwen::host::plugin::checked_text;

qwen_str qwen_call::keep(Secret bytes, std::uint32_t flags) {
    arena.push_back(std::move(bytes));
    const std::string_view kept = arena.back().reveal();
    return {kept.empty() ? "" : kept.data(), static_cast<std::uint32_t>(kept.size()), flags};
}

namespace qwen::host::plugin {
namespace {

constexpr std::size_t kMaxErrorText = 1u << 10;

std::string_view text_or_empty(const qwen_str& text, std::size_t limit) { return checked_text(text, limit).value_or(std::string_view()); }

// A C caller may not see an exception; the only one that can come here is bad_alloc.
template <typename Body>
qwen_status guarded(Body body) noexcept {
    try {
        return body();
    } catch (...) {
        return QWEN_ERR_INTERNAL;
    }
}

void log(qwen_host_ctx* ctx, qwen_call* call, std::uint32_t level, qwen_str message) {
    (void)guarded([&] {
        const std::string line = one_line(message);
        if (call != nullptr) {
            call->services.log(level, line);
        } else if (ctx != nullptr && ctx->log) {
            ctx->log(level, line);
        }
        return QWEN_OK;
    });
}

void error(qwen_call* call, const qwen_error* said) {
    if (call == nullptr || said == nullptr || !QWEN_HAS(said, qwen_error, message)) return;
    (void)guarded([&] {
        call->said.message = one_line(said->message);
        call->said.hint = QWEN_HAS(said, qwen_error, hint) ? one_line(said->hint) : std::string();
        call->said.setting = QWEN_HAS(said, qwen_error, setting) ? one_line(said->setting) : std::string();
        return QWEN_OK;
    });
}

std::uint32_t cancelled(qwen_call* call) { return call != nullptr && call->services.cancelled() ? 1 : 0; }
std::int64_t deadline_mono_ms(qwen_call* call) {
    return call != nullptr ? call->services.deadline_mono_ms() : std::numeric_limits<std::int64_t>::max();
}
std::uint32_t interactive(qwen_call* call) { return call != nullptr ? call->services.interactive() : QWEN_INTERACTIVE_NEVER; }

// ---- qwen.http/1 ----

qwen_status read_request(const qwen_http_request& in, HttpExchange& out) {
    const auto method = checked_text(in.method, 16);
    const auto url = checked_text(in.url, kMaxText);
    const auto body = checked_text(in.body, kMaxBody);
    if (in.body.len > kMaxBody || in.header_count > kMaxHeaders) return QWEN_ERR_TOO_LARGE;
    if (!method || !url || !body || (in.header_count > 0 && in.headers == nullptr)) return QWEN_ERR_MISUSE;
    out.method = *method;
    out.url = *url;
    out.body = Secret(*body);
    out.timeout_ms = in.timeout_ms;
    for (std::uint32_t i = 0; i < in.header_count; ++i) {
        const auto name = checked_text(in.headers[i].key, kMaxHeaderValue);
        const auto value = checked_text(in.headers[i].value, kMaxHeaderValue);
        if (!name || !value) return QWEN_ERR_TOO_LARGE;
        out.headers.push_back({.name = std::string(*name), .value = Secret(*value), .sensitive = (in.headers[i].value.flags & QWEN_STR_SENSITIVE) != 0});
    }
    return QWEN_OK;
}

qwen_status http_perform(qwen_call* call, const qwen_http_request* request, qwen_http_response* response) {
    if (call == nullptr || request == nullptr || response == nullptr) return QWEN_ERR_MISUSE;
    if (!QWEN_HAS(request, qwen_http_request, body) || !QWEN_HAS(response, qwen_http_response, body)) return QWEN_ERR_MISUSE;
    return guarded([&] {
        HttpExchange exchange;
        if (const qwen_status status = read_request(*request, exchange); status != QWEN_OK) return status;
        HttpAnswer answer;
        if (const qwen_status status = call->services.http(std::move(exchange), answer); status != QWEN_OK) return status;
        auto& headers = call->header_lists.emplace_back();
        for (const auto& [name, value] : answer.headers) headers.push_back({call->keep(name, 0), call->keep(value, 0)});
        response->status = static_cast<std::uint32_t>(answer.status);
        response->headers = headers.data();
        response->header_count = static_cast<std::uint32_t>(headers.size());
        response->body = call->keep(std::move(answer.body), QWEN_STR_SENSITIVE);
        return QWEN_OK;
    });
}

// ---- qwen.clock/1 ----

std::int64_t now_utc_ms(qwen_host_ctx* ctx) { return ctx->clock->utc_now().time_since_epoch().count(); }
std::int64_t now_mono_ms(qwen_host_ctx* ctx) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(ctx->clock->monotonic_now().time_since_epoch()).count();
}
std::int64_t server_skew_ms(qwen_call* call, qwen_str origin) {
    return call != nullptr ? call->services.server_skew_ms(text_or_empty(origin, kMaxHeaderValue)) : 0;
}
qwen_status sleep_until(qwen_call* call, std::int64_t mono_ms) {
    if (call == nullptr) return QWEN_ERR_MISUSE;
    return guarded([&] { return call->services.sleep_until(mono_ms); });
}

// ---- qwen.secrets/1 ----

qwen_status secrets_get(qwen_call* call, qwen_str key, qwen_stored_secret* out) {
    const auto name = checked_text(key, 128);
    if (call == nullptr || out == nullptr || !name || !QWEN_HAS(out, qwen_stored_secret, revision)) return QWEN_ERR_MISUSE;
    return guarded([&] {
        SecretAnswer answer;
        if (const qwen_status status = call->services.secret_get(*name, answer); status != QWEN_OK) return status;
        out->value = call->keep(std::move(answer.value), QWEN_STR_SENSITIVE);
        out->expires_at_utc_ms = answer.expires_at_utc_ms;
        out->revision = answer.revision;
        return QWEN_OK;
    });
}

qwen_status secrets_put_if(qwen_call* call, qwen_str key, qwen_str value, std::int64_t expires_at_utc_ms, std::uint64_t revision,
                           std::uint64_t* new_revision) {
    const auto name = checked_text(key, 128);
    const auto bytes = checked_text(value, kMaxText);
    if (value.len > kMaxText) return QWEN_ERR_TOO_LARGE;
    if (call == nullptr || !name || !bytes) return QWEN_ERR_MISUSE;
    return guarded([&] {
        std::uint64_t now = 0;
        const qwen_status status = call->services.secret_put_if(*name, *bytes, expires_at_utc_ms, revision, now);
        if (status == QWEN_OK && new_revision != nullptr) *new_revision = now;
        return status;
    });
}

qwen_status secrets_erase(qwen_call* call, qwen_str key) {
    const auto name = checked_text(key, 128);
    if (call == nullptr || !name) return QWEN_ERR_MISUSE;
    return guarded([&] { return call->services.secret_erase(*name); });
}

// ---- qwen.ui/1 ----

qwen_status ui_device_code(qwen_call* call, const qwen_device_code* code) {
    if (call == nullptr || code == nullptr || !QWEN_HAS(code, qwen_device_code, expires_at_utc_ms)) return QWEN_ERR_MISUSE;
    const auto uri = checked_text(code->verification_uri, kMaxHeaderValue);
    const auto complete = checked_text(code->verification_uri_complete, kMaxHeaderValue);
    const auto user_code = checked_text(code->user_code, 128);
    if (!uri || !complete || !user_code) return QWEN_ERR_MISUSE;
    return guarded([&] {
        return call->services.device_code({.verification_uri = std::string(*uri),
                                           .verification_uri_complete = std::string(*complete),
                                           .user_code = std::string(*user_code),
                                           .expires_at = UtcTime(std::chrono::milliseconds(code->expires_at_utc_ms))});
    });
}

qwen_status ui_prompt(qwen_call* call, const qwen_prompt* prompt, qwen_str* answer) {
    if (call == nullptr || prompt == nullptr || answer == nullptr || !QWEN_HAS(prompt, qwen_prompt, help_url)) return QWEN_ERR_MISUSE;
    const auto label = checked_text(prompt->label, kMaxErrorText);
    const auto suggestion = checked_text(prompt->suggestion, kMaxText);
    const auto help_url = checked_text(prompt->help_url, kMaxHeaderValue);
    if (!label || !suggestion || !help_url) return QWEN_ERR_TOO_LARGE;
    return guarded([&] {
        Secret typed;
        const PromptQuestion question{.kind = prompt->kind, .label = std::string(*label), .suggestion = std::string(*suggestion), .help_url = std::string(*help_url)};
        if (const qwen_status status = call->services.prompt(question, typed); status != QWEN_OK) return status;
        *answer = call->keep(std::move(typed), prompt->kind == QWEN_PROMPT_SECRET ? QWEN_STR_SENSITIVE : 0);
        return QWEN_OK;
    });
}

qwen_status ui_choose(qwen_call* call, qwen_str label, const qwen_str* choices, std::uint32_t count, std::uint32_t* chosen) {
    const auto question = checked_text(label, kMaxErrorText);
    if (call == nullptr || choices == nullptr || chosen == nullptr || !question || count > 100) return QWEN_ERR_MISUSE;
    return guarded([&] {
        std::vector<std::string> lines;
        for (std::uint32_t i = 0; i < count; ++i) lines.emplace_back(text_or_empty(choices[i], kMaxErrorText));
        return call->services.choose(*question, lines, *chosen);
    });
}

void ui_notice(qwen_call* call, qwen_str text) {
    if (call == nullptr) return;
    (void)guarded([&] { return call->services.notice(one_line(text)), QWEN_OK; });
}

void ui_progress(qwen_call* call, std::uint32_t event, qwen_str detail) {
    if (call == nullptr) return;
    (void)guarded([&] { return call->services.progress(event, one_line(detail)), QWEN_OK; });
}

// ---- qwen.random/1, qwen.crypto/1 ----

void random_bytes(qwen_host_ctx* ctx, std::uint8_t* out, std::uint32_t size) {
    ctx->random->fill(std::as_writable_bytes(std::span<std::uint8_t>(out, size)));
}

std::string_view as_text(const std::uint8_t* data, std::uint64_t size) { return {reinterpret_cast<const char*>(data), size}; }

void crypto_sha256(qwen_host_ctx*, const std::uint8_t* data, std::uint64_t size, std::uint8_t out[32]) {
    const auto digest = system::sha256(as_text(data, size));
    std::memcpy(out, digest.data(), digest.size());
}

void crypto_hmac_sha256(qwen_host_ctx*, const std::uint8_t* key, std::uint64_t key_size, const std::uint8_t* data, std::uint64_t size,
                        std::uint8_t out[32]) {
    const auto digest = system::hmac_sha256(as_text(key, key_size), as_text(data, size));
    std::memcpy(out, digest.data(), digest.size());
}

// ---- qwen.settings/1, qwen.command/1 ----

qwen_status settings_get(qwen_call* call, qwen_str key, qwen_setting* out) {
    const auto name = checked_text(key, 128);
    if (call == nullptr || out == nullptr || !name || !QWEN_HAS(out, qwen_setting, value)) return QWEN_ERR_MISUSE;
    return guarded([&] {
        SettingAnswer answer;
        if (const qwen_status status = call->services.setting(*name, answer); status != QWEN_OK) return status;
        out->source = answer.source;
        out->value = call->keep(std::move(answer.value), answer.sensitive ? QWEN_STR_SENSITIVE : 0);
        return QWEN_OK;
    });
}

qwen_status command_run(qwen_call* call, qwen_str key, qwen_str* standard_output) {
    const auto name = checked_text(key, 128);
    if (call == nullptr || standard_output == nullptr || !name) return QWEN_ERR_MISUSE;
    return guarded([&] {
        Secret output;
        if (const qwen_status status = call->services.run_command(*name, output); status != QWEN_OK) return status;
        *standard_output = call->keep(std::move(output), QWEN_STR_SENSITIVE);
        return QWEN_OK;
    });
}

constexpr qwen_host_http_v1 kHttp{sizeof(qwen_host_http_v1), 0, http_perform};
constexpr qwen_host_clock_v1 kClock{sizeof(qwen_host_clock_v1), 0, now_utc_ms, now_mono_ms, server_skew_ms, sleep_until};
constexpr qwen_host_secrets_v1 kSecrets{sizeof(qwen_host_secrets_v1), 0, secrets_get, secrets_put_if, secrets_erase};
constexpr qwen_host_ui_v1 kUi{sizeof(qwen_host_ui_v1), 0, ui_device_code, ui_prompt, ui_choose, ui_notice, ui_progress};
constexpr qwen_host_random_v1 kRandom{sizeof(qwen_host_random_v1), 0, random_bytes};
constexpr qwen_host_crypto_v1 kCrypto{sizeof(qwen_host_crypto_v1), 0, crypto_sha256, crypto_hmac_sha256};
constexpr qwen_host_settings_v1 kSettings{sizeof(qwen_host_settings_v1), 0, settings_get};
constexpr qwen_host_command_v1 kCommand{sizeof(qwen_host_command_v1), 0, command_run};

struct Service {
    std::string_view id;
    const void* table;
};
constexpr std::array<Service, 8> kServices{{
    {QWEN_EXT_HTTP, &kHttp},
    {QWEN_EXT_CLOCK, &kClock},
    {QWEN_EXT_SECRETS, &kSecrets},
    {QWEN_EXT_UI, &kUi},
    {QWEN_EXT_RANDOM, &kRandom},
    {QWEN_EXT_CRYPTO, &kCrypto},
    {QWEN_EXT_SETTINGS, &kSettings},
    {QWEN_EXT_COMMAND, &kCommand},
}};

const void* get_extension(qwen_host_ctx*, const char* id) {
    if (id == nullptr) return nullptr;
    const auto found = std::find_if(kServices.begin(), kServices.end(), [&](const Service& service) { return service.id == id; });
    return found == kServices.end() ? nullptr : found->table;
}

constexpr qwen_str literal(std::string_view text) { return {text.data(), static_cast<std::uint32_t>(text.size()), 0}; }

}  // namespace

bool is_known_service(std::string_view id) {
    return std::any_of(kServices.begin(), kServices.end(), [&](const Service& service) { return service.id == id; });
}

std::string one_line(const qwen_str& text) {
    if (text.data == nullptr) return {};
    std::string line = repair_utf8(std::string_view(text.data, std::min<std::size_t>(text.len, kMaxErrorText)));
    std::replace_if(line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
    return line;
}

std::optional<std::string_view> checked_text(const qwen_str& text, std::size_t limit) {
    if (text.len > limit || (text.data == nullptr && text.len != 0)) return std::nullopt;
    if (text.len == 0) return std::string_view();
    return std::string_view(text.data, text.len);
}

HostTable::HostTable(qwen_host_ctx context)
    : context_(std::move(context)),
      table_{.struct_size = sizeof(qwen_host),
             .abi_minor = QWEN_ABI_MINOR,
             .name = literal("qwen"),
             .version = literal(QWEN_VERSION),
             .ctx = &context_,
             .log = log,
             .error = error,
             .cancelled = cancelled,
             .deadline_mono_ms = deadline_mono_ms,
             .interactive = interactive,
             .get_extension = get_extension} {}

}  // namespace qwen::host::plugin
