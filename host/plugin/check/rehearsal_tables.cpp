// The C side of RehearsalHost: the functions a plugin calls, and the tables they stand in.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/system/digest.hpp"
#include "host/plugin/check/rehearsal_host.hpp"

namespace qwen::host::plugin::check {
namespace {

}  // namespace

/// The functions of the tables. C calls them, so nothing may be thrown out of them; the only thing that could be is bad_alloc, which ends
/// the check.
struct Functions {
    static RehearsalHost& host() { return *RehearsalHost::current_; }

    static void log(qwen_host_ctx*, qwen_call* call, std::uint32_t, qwen_str message) noexcept {
        host().board_.note_call("host log");
        if (call != nullptr) host().expect_current(call, "log");
        host().check_words(copy_of(message), "a line for the log");
    }
    static void error(qwen_call* call, const qwen_error* said) noexcept {
        host().board_.note_call("host error");
        host().expect_current(call, "error");
        if (!QWEN_HAS(said, qwen_error, message)) return;
        host().call.said = copy_of(said->message);
        host().check_words(host().call.said, "the message of an error");
        if (QWEN_HAS(said, qwen_error, hint)) host().check_words(copy_of(said->hint), "the hint of an error");
        if (!QWEN_HAS(said, qwen_error, setting) || said->setting.len == 0) return;
        const auto key = copy_of(said->setting);
        if (host().manifest_.setting(key) == nullptr)
            host().complain(Watch::undeclared_setting, fmt::format("an error blames the setting '{}', which the manifest has not", key));
    }
    static std::uint32_t cancelled(qwen_call* call) noexcept {
        host().expect_current(call, "cancelled");
        return host().is_cancelled_ ? 1 : 0;
    }
    static std::int64_t deadline(qwen_call*) noexcept { return INT64_MAX; }
    static std::uint32_t interactive(qwen_call*) noexcept {
        return host().is_interactive ? QWEN_INTERACTIVE_ALWAYS : QWEN_INTERACTIVE_NEVER;
    }

    static const void* get_extension(qwen_host_ctx*, const char* id) noexcept {
        const std::string wanted = id != nullptr ? id : "";
        if (wanted == host().removed_service) return nullptr;
        const auto found = host().services_.find(wanted);
        return found != host().services_.end() ? found->second : nullptr;
    }

    static qwen_status perform(qwen_call* call, const qwen_http_request* request, qwen_http_response* response) noexcept {
        RehearsalHost& self = host();
        if (const auto status = self.wait_in(call, "qwen.http/1 perform"); status != QWEN_OK) return status;
        if (request == nullptr || response == nullptr || !QWEN_HAS(request, qwen_http_request, body) ||
            !QWEN_HAS(response, qwen_http_response, body))
            return QWEN_ERR_MISUSE;
        HttpAsk ask{self.mono_ms, copy_of(request->method), copy_of(request->url), copy_of(request->body), {}};
        for (std::uint32_t i = 0; i < request->header_count; ++i) {
            ask.headers.emplace_back(copy_of(request->headers[i].key), copy_of(request->headers[i].value));
            self.check_secret(request->headers[i].value, fmt::format("the request header '{}'", ask.headers.back().first));
        }
        if (self.holds_secret(ask.url))
            self.complain(Watch::leaked_secret, "a credential is part of a URL that is asked for; put it into a header or the body");
        if (!self.may_reach(ask.url))
            self.complain(Watch::origin,
                          fmt::format("a request goes to {}, which is neither in the manifest's `origins` nor configured", ask.url));
        self.asked.push_back(ask);
        const HttpReply reply = self.answer ? self.answer(ask) : HttpReply{};
        if (reply.failure != QWEN_OK) return reply.failure;
        auto& headers = self.lists_.emplace_back();
        headers.push_back(
            {self.lend("content-type", "the name of a response header"), self.lend("application/json", "the value of a response header")});
        response->status = reply.status;
        response->headers = headers.data();
        response->header_count = 1;
        response->body = self.lend(reply.body, "the body of an HTTP response", QWEN_STR_SENSITIVE);
        return QWEN_OK;
    }

    static std::int64_t now_utc(qwen_host_ctx*) noexcept {
        host().declare("qwen.clock/1 now_utc_ms");
        return host().utc_ms;
    }
    static std::int64_t now_mono(qwen_host_ctx*) noexcept {
        host().declare("qwen.clock/1 now_mono_ms");
        return host().mono_ms;
    }
    static std::int64_t skew(qwen_call*, qwen_str) noexcept { return 0; }
    static qwen_status sleep_until(qwen_call* call, std::int64_t until) noexcept {
        RehearsalHost& self = host();
        if (const auto status = self.wait_in(call, "qwen.clock/1 sleep_until"); status != QWEN_OK) return status;
        if (until <= self.mono_ms) return QWEN_OK;
        self.utc_ms += until - self.mono_ms;
        self.mono_ms = until;
        return QWEN_OK;
    }

    static qwen_status get_secret(qwen_call* call, qwen_str key, qwen_stored_secret* out) noexcept {
        RehearsalHost& self = host();
        self.use(call, "qwen.secrets/1 get");
        if (out == nullptr || !QWEN_HAS(out, qwen_stored_secret, revision)) return QWEN_ERR_MISUSE;
        const auto found = self.stored.find(copy_of(key));
        if (found == self.stored.end()) return QWEN_ERR_NOT_FOUND;
        out->value = self.lend(found->second.value, "a stored secret", QWEN_STR_SENSITIVE);
        out->expires_at_utc_ms = found->second.expires_at_utc_ms;
        out->revision = found->second.revision;
        return QWEN_OK;
    }
    static qwen_status put_secret(qwen_call* call, qwen_str key, qwen_str value, std::int64_t expires_at, std::uint64_t revision,
                                  std::uint64_t* out) noexcept {
        RehearsalHost& self = host();
        self.use(call, "qwen.secrets/1 put_if");
        if (self.is_cancelled_) ++self.stores_after_cancel;
        if (++self.store_attempts_ > 1000)
            self.board_.fail("put_if was called a thousand times; after QWEN_ERR_CONFLICT read the value again, a few times at most");
        if (self.before_store) {
            if (const auto status = self.before_store(self.store_attempts_); status != QWEN_OK) return status;
        }
        const auto found = self.stored.find(copy_of(key));
        const std::uint64_t newest = found == self.stored.end() ? 0 : found->second.revision;
        if (newest != revision) return QWEN_ERR_CONFLICT;
        self.stored[copy_of(key)] = {copy_of(value), expires_at, newest + 1};
        if (out != nullptr) *out = newest + 1;
        return QWEN_OK;
    }
    static qwen_status erase_secret(qwen_call* call, qwen_str key) noexcept {
        host().use(call, "qwen.secrets/1 erase");
        host().stored.erase(copy_of(key));
        return QWEN_OK;
    }

    static qwen_status device_code(qwen_call* call, const qwen_device_code* code) noexcept {
        RehearsalHost& self = host();
        if (const auto status = self.wait_in(call, "qwen.ui/1 device_code"); status != QWEN_OK) return status;
        if (code == nullptr || !QWEN_HAS(code, qwen_device_code, expires_at_utc_ms)) return QWEN_ERR_MISUSE;
        self.has_shown_code = true;
        self.check_words(copy_of(code->user_code), "the code that is shown");
        self.check_words(copy_of(code->verification_uri), "the address that is shown");
        return QWEN_OK;
    }
    static qwen_status prompt(qwen_call* call, const qwen_prompt* question, qwen_str* answer) noexcept {
        RehearsalHost& self = host();
        if (const auto status = self.wait_in(call, "qwen.ui/1 prompt"); status != QWEN_OK) return status;
        if (question == nullptr || answer == nullptr || !QWEN_HAS(question, qwen_prompt, help_url)) return QWEN_ERR_MISUSE;
        self.check_words(copy_of(question->label), "the label of a question");
        if (!self.is_interactive) return QWEN_ERR_NOT_INTERACTIVE;
        *answer = self.lend(self.make_secret("typed"), "the answer to a question", QWEN_STR_SENSITIVE);
        return QWEN_OK;
    }
    static qwen_status choose(qwen_call* call, qwen_str label, const qwen_str*, std::uint32_t count, std::uint32_t* chosen) noexcept {
        RehearsalHost& self = host();
        if (const auto status = self.wait_in(call, "qwen.ui/1 choose"); status != QWEN_OK) return status;
        self.check_words(copy_of(label), "the label of a choice");
        if (!self.is_interactive) return QWEN_ERR_NOT_INTERACTIVE;
        if (chosen == nullptr || count == 0) return QWEN_ERR_MISUSE;
        *chosen = 0;
        return QWEN_OK;
    }
    static void notice(qwen_call* call, qwen_str text) noexcept {
        host().use(call, "qwen.ui/1 notice");
        host().check_words(copy_of(text), "a notice");
    }
    static void progress(qwen_call* call, std::uint32_t, qwen_str detail) noexcept {
        host().use(call, "qwen.ui/1 progress");
        host().check_words(copy_of(detail), "the detail of a progress report");
    }

    static void random(qwen_host_ctx*, std::uint8_t* out, std::uint32_t len) noexcept {
        host().declare("qwen.random/1 bytes");
        for (std::uint32_t i = 0; i < len; ++i) out[i] = static_cast<std::uint8_t>(i * 7 + 1);
    }
    static void sha256(qwen_host_ctx*, const std::uint8_t* data, std::uint64_t len, std::uint8_t* out) noexcept {
        host().declare("qwen.crypto/1 sha256");
        const auto digest = system::sha256({reinterpret_cast<const char*>(data), len});
        std::copy(digest.begin(), digest.end(), out);
    }
    static void hmac(qwen_host_ctx*, const std::uint8_t* key, std::uint64_t key_len, const std::uint8_t* data, std::uint64_t len,
                     std::uint8_t* out) noexcept {
        host().declare("qwen.crypto/1 hmac_sha256");
        const auto digest = system::hmac_sha256({reinterpret_cast<const char*>(key), key_len}, {reinterpret_cast<const char*>(data), len});
        std::copy(digest.begin(), digest.end(), out);
    }

    static qwen_status get_setting(qwen_call* call, qwen_str key, qwen_setting* out) noexcept {
        RehearsalHost& self = host();
        self.use(call, "qwen.settings/1 get");
        if (out == nullptr || !QWEN_HAS(out, qwen_setting, value)) return QWEN_ERR_MISUSE;
        const std::string name = copy_of(key);
        const auto* const declared = self.manifest_.setting(name);
        if (declared == nullptr) {
            self.complain(Watch::undeclared_setting, fmt::format("the setting '{}' is asked for and not in the manifest", name));
            return QWEN_ERR_MISUSE;
        }
        const auto found = self.settings.find(name);
        if (found == self.settings.end()) return QWEN_ERR_NOT_FOUND;
        out->value = self.lend(found->second, fmt::format("the setting '{}'", name), declared->is_secret() ? QWEN_STR_SENSITIVE : 0);
        out->source =
            declared->has_default && declared->default_value == found->second ? QWEN_SETTING_FROM_DEFAULT : QWEN_SETTING_FROM_CONFIG;
        return QWEN_OK;
    }
    static qwen_status run_command(qwen_call* call, qwen_str key, qwen_str* output) noexcept {
        RehearsalHost& self = host();
        if (const auto status = self.wait_in(call, "qwen.command/1 run"); status != QWEN_OK) return status;
        if (output == nullptr || self.settings.find(copy_of(key)) == self.settings.end()) return QWEN_ERR_NOT_FOUND;
        const std::string secret = self.make_secret("printed");
        *output = self.lend(secret, "the output of a command", QWEN_STR_SENSITIVE);
        return QWEN_OK;
    }

    // ---- the sink ----

    static qwen_status pair(std::vector<std::pair<std::string, std::string>>& list, std::string_view kind, qwen_str name, qwen_str value) {
        RehearsalHost& self = host();
        self.board_.note_call(fmt::format("sink set_{}", kind));
        if (self.sink_refuses) return QWEN_ERR_TOO_LARGE;
        const std::string text = copy_of(value);
        if (text.size() > (8U << 10)) return QWEN_ERR_TOO_LARGE;
        if (text.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) return QWEN_ERR_MISUSE;
        self.check_secret(value, fmt::format("the {} '{}'", kind, copy_of(name)));
        list.emplace_back(copy_of(name), text);
        return QWEN_OK;
    }
    static qwen_status set_header(qwen_sink*, qwen_str name, qwen_str value) noexcept {
        return pair(host().call.headers, "header", name, value);
    }
    static qwen_status set_query(qwen_sink*, qwen_str name, qwen_str value) noexcept {
        return pair(host().call.query, "query", name, value);
    }
    static qwen_status set_text(std::string_view what, qwen_str value) {
        host().board_.note_call(fmt::format("sink {}", what));
        if (host().sink_refuses) return QWEN_ERR_TOO_LARGE;
        if (host().holds_secret(copy_of(value)))
            host().complain(Watch::leaked_secret, fmt::format("a credential is part of what {} is given", what));
        return QWEN_OK;
    }
    static qwen_status set_base_url(qwen_sink*, qwen_str url) noexcept { return set_text("set_base_url", url); }
    static qwen_status set_path(qwen_sink*, qwen_str path) noexcept { return set_text("set_path", path); }
    static qwen_status set_body_field(qwen_sink*, qwen_str, qwen_str json) noexcept { return set_text("set_body_field", json); }
    static qwen_status set_state(qwen_sink*, const qwen_state* state) noexcept {
        RehearsalHost& self = host();
        self.board_.note_call("sink set_state");
        if (self.sink_refuses) return QWEN_ERR_TOO_LARGE;
        if (state == nullptr || !QWEN_HAS(state, qwen_state, account)) return QWEN_ERR_MISUSE;
        self.call.state_kind = state->kind;
        self.check_words(copy_of(state->account), "the account's label");
        self.check_words(copy_of(state->base_url), "the base URL of a state");
        return QWEN_OK;
    }
    static qwen_status set_verdict(qwen_sink*, const qwen_verdict* verdict) noexcept {
        RehearsalHost& self = host();
        self.board_.note_call("sink set_verdict");
        if (self.sink_refuses) return QWEN_ERR_TOO_LARGE;
        if (verdict == nullptr || !QWEN_HAS(verdict, qwen_verdict, help_url)) return QWEN_ERR_MISUSE;
        self.call.verdict_kind = verdict->kind;
        self.check_words(copy_of(verdict->text), "the text of a verdict");
        return QWEN_OK;
    }
    static qwen_status add_model(qwen_sink*, const qwen_model* model) noexcept {
        host().board_.note_call("sink add_model");
        if (host().sink_refuses) return QWEN_ERR_TOO_LARGE;
        return model != nullptr && QWEN_HAS(model, qwen_model, label) ? QWEN_OK : QWEN_ERR_MISUSE;
    }
    static qwen_status add_fact(qwen_sink*, qwen_str name, qwen_str value) noexcept {
        host().board_.note_call("sink add_fact");
        if (host().sink_refuses) return QWEN_ERR_TOO_LARGE;
        host().check_words(copy_of(name), "the name of a fact");
        host().check_words(copy_of(value), "a fact of the account");
        return QWEN_OK;
    }
};

/// A table as long as `tables` says; what is behind it differs: zeroes, nothing that could be read, or members nobody knows yet.
template <typename Table>
const void* RehearsalHost::sized(Table table, std::size_t first_release) {
    if (tables == TableSize::first_release) {
        table.struct_size = static_cast<std::uint32_t>(first_release);
        table.abi_minor = 0;
        void* const place = lasting_.allocate(first_release, "a host table that has the size of version 1.0");
        std::memcpy(place, &table, first_release);
        return place;
    }
    auto& bytes = structs_.emplace_back(sizeof table + kRoomBehind, '\0');
    if (tables == TableSize::newer) {
        table.struct_size = static_cast<std::uint32_t>(bytes.size());
        table.abi_minor = QWEN_ABI_MINOR + 9;
        std::fill(bytes.begin(), bytes.end(), '\x5a');
    }
    std::memcpy(bytes.data(), &table, sizeof table);
    return bytes.data();
}

#define QWEN_FIRST_RELEASE(type, last_member) (offsetof(type, last_member) + sizeof(((type*)nullptr)->last_member))

const qwen_host* RehearsalHost::table() {
    if (table_ != nullptr) return table_;
    using F = Functions;
    services_ = {
        {QWEN_EXT_HTTP,
         sized(qwen_host_http_v1{sizeof(qwen_host_http_v1), QWEN_ABI_MINOR, F::perform}, QWEN_FIRST_RELEASE(qwen_host_http_v1, perform))},
        {QWEN_EXT_CLOCK,
         sized(qwen_host_clock_v1{sizeof(qwen_host_clock_v1), QWEN_ABI_MINOR, F::now_utc, F::now_mono, F::skew, F::sleep_until},
               QWEN_FIRST_RELEASE(qwen_host_clock_v1, sleep_until))},
        {QWEN_EXT_SECRETS,
         sized(qwen_host_secrets_v1{sizeof(qwen_host_secrets_v1), QWEN_ABI_MINOR, F::get_secret, F::put_secret, F::erase_secret},
               QWEN_FIRST_RELEASE(qwen_host_secrets_v1, erase))},
        {QWEN_EXT_UI,
         sized(qwen_host_ui_v1{sizeof(qwen_host_ui_v1), QWEN_ABI_MINOR, F::device_code, F::prompt, F::choose, F::notice, F::progress},
               QWEN_FIRST_RELEASE(qwen_host_ui_v1, progress))},
        {QWEN_EXT_RANDOM, sized(qwen_host_random_v1{sizeof(qwen_host_random_v1), QWEN_ABI_MINOR, F::random},
                                QWEN_FIRST_RELEASE(qwen_host_random_v1, bytes))},
        {QWEN_EXT_CRYPTO, sized(qwen_host_crypto_v1{sizeof(qwen_host_crypto_v1), QWEN_ABI_MINOR, F::sha256, F::hmac},
                                QWEN_FIRST_RELEASE(qwen_host_crypto_v1, hmac_sha256))},
        {QWEN_EXT_SETTINGS, sized(qwen_host_settings_v1{sizeof(qwen_host_settings_v1), QWEN_ABI_MINOR, F::get_setting},
                                  QWEN_FIRST_RELEASE(qwen_host_settings_v1, get))},
        {QWEN_EXT_COMMAND, sized(qwen_host_command_v1{sizeof(qwen_host_command_v1), QWEN_ABI_MINOR, F::run_command},
                                 QWEN_FIRST_RELEASE(qwen_host_command_v1, run))},
    };
    const qwen_host host{sizeof(qwen_host), QWEN_ABI_MINOR, {"qwen", 4, 0}, {"1.0.0", 5, 0}, nullptr,         F::log,
                         F::error,          F::cancelled,   F::deadline,    F::interactive,  F::get_extension};
    table_ = static_cast<const qwen_host*>(sized(host, QWEN_FIRST_RELEASE(qwen_host, get_extension)));
    return table_;
}

const qwen_sink_ops* RehearsalHost::sink_ops() {
    if (sink_ops_ != nullptr) return sink_ops_;
    using F = Functions;
    const qwen_sink_ops ops{sizeof(qwen_sink_ops), QWEN_ABI_MINOR, F::set_header,  F::set_query, F::set_base_url, F::set_path,
                            F::set_body_field,     F::set_state,   F::set_verdict, F::add_model, F::add_fact};
    sink_ops_ = static_cast<const qwen_sink_ops*>(sized(ops, QWEN_FIRST_RELEASE(qwen_sink_ops, add_fact)));
    return sink_ops_;
}

}  // namespace qwen::host::plugin::check
