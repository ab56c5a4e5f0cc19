#include "host/plugin/isolation/service_messages.hpp"

#include <unistd.h>

#include <limits>

#include "host/plugin/call_limits.hpp"
#include "host/plugin/host_table.hpp"
#include "qwen/plugin.h"

namespace qwen::host::plugin {
namespace {

// The limits of host.h; the C tables apply them to a plugin in this process.
constexpr std::size_t kMaxLine = 1u << 10;
constexpr std::size_t kMaxKey = 128;
constexpr std::uint32_t kMaxList = 100;

std::string line_of(std::string_view text) { return one_line({text.data(), static_cast<std::uint32_t>(text.size()), 0}); }

WireWriter& request(WireWriter& out, Service service) { return out.number(static_cast<std::uint8_t>(service)); }

bool serve_http(WireReader& in, HostServices& services, WireWriter& out) {
    HttpExchange exchange;
    exchange.method = in.text(16);
    exchange.url = in.text(kMaxText);
    for (auto left = in.count(kMaxList); left > 0; --left) {
        const auto name = in.text(kMaxHeaderValue);
        const auto value = in.text(kMaxHeaderValue);
        exchange.headers.push_back({.name = std::string(name), .value = Secret(value), .sensitive = in.flag()});
    }
    exchange.body = Secret(in.text(kMaxBody));
    exchange.timeout_ms = in.number<std::uint32_t>();
    if (!in.is_valid()) return false;
    HttpAnswer answer;
    out.number(services.http(std::move(exchange), answer)).number(std::int32_t{answer.status}).number(static_cast<std::uint32_t>(answer.headers.size()));
    for (const auto& [name, value] : answer.headers) out.text(name).text(value);
    out.text(answer.body.reveal());
    return true;
}

bool serve_secret_get(WireReader& in, HostServices& services, WireWriter& out) {
    const auto key = in.text(kMaxKey);
    if (!in.is_valid()) return false;
    SecretAnswer answer;
    out.number(services.secret_get(key, answer)).text(answer.value.reveal()).number(answer.expires_at_utc_ms).number(answer.revision);
    return true;
}

bool serve_secret_put_if(WireReader& in, HostServices& services, WireWriter& out) {
    const auto key = in.text(kMaxKey);
    const auto value = in.text(kMaxText);
    const auto expires = in.number<std::int64_t>();
    const auto revision = in.number<std::uint64_t>();
    if (!in.is_valid()) return false;
    std::uint64_t now = 0;
    out.number(services.secret_put_if(key, value, expires, revision, now)).number(now);
    return true;
}

bool serve_device_code(WireReader& in, HostServices& services, WireWriter& out) {
    auth::DeviceVerification verification;
    verification.verification_uri = in.text(kMaxHeaderValue);
    verification.verification_uri_complete = in.text(kMaxHeaderValue);
    verification.user_code = in.text(kMaxKey);
    verification.expires_at = UtcTime(std::chrono::milliseconds(in.number<std::int64_t>()));
    if (!in.is_valid()) return false;
    out.number(services.device_code(verification));
    return true;
}

bool serve_prompt(WireReader& in, HostServices& services, WireWriter& out) {
    PromptQuestion question;
    question.kind = in.number<std::uint32_t>();
    question.label = in.text(kMaxLine);
    question.suggestion = in.text(kMaxText);
    question.help_url = in.text(kMaxHeaderValue);
    if (!in.is_valid()) return false;
    Secret typed;
    out.number(services.prompt(question, typed)).text(typed.reveal());
    return true;
}

bool serve_choose(WireReader& in, HostServices& services, WireWriter& out) {
    const auto label = in.text(kMaxLine);
    std::vector<std::string> choices;
    for (auto left = in.count(kMaxList); left > 0; --left) choices.emplace_back(in.text(kMaxLine));
    if (!in.is_valid()) return false;
    std::uint32_t chosen = 0;
    out.number(services.choose(label, choices, chosen)).number(chosen);
    return true;
}

bool serve_setting(WireReader& in, HostServices& services, WireWriter& out) {
    const auto key = in.text(kMaxKey);
    if (!in.is_valid()) return false;
    SettingAnswer answer;
    out.number(services.setting(key, answer)).number(answer.source).text(answer.value.reveal()).number(std::uint8_t{answer.sensitive});
    return true;
}

bool serve_run_command(WireReader& in, HostServices& services, WireWriter& out) {
    const auto key = in.text(kMaxKey);
    if (!in.is_valid()) return false;
    Secret output;
    out.number(services.run_command(key, output)).text(output.reveal());
    return true;
}

bool serve_line(WireReader& in, Service service, HostServices& services) {
    const auto event = service == Service::progress ? in.number<std::uint32_t>() : 0;
    const std::string text = line_of(in.text(kMaxText));
    if (!in.is_valid()) return false;
    if (service == Service::progress) services.progress(event, text);
    if (service == Service::notice) services.notice(text);
    return true;
}

}  // namespace

bool serve(std::string_view message, HostServices& services, WireWriter& out) {
    WireReader in(message);
    const auto service = static_cast<Service>(in.number<std::uint8_t>());
    switch (service) {
        case Service::cancelled: return in.is_valid() && (out.number(std::uint8_t{services.cancelled()}), true);
        case Service::deadline_mono_ms: return in.is_valid() && (out.number(services.deadline_mono_ms()), true);
        case Service::interactive: return in.is_valid() && (out.number(services.interactive()), true);
        case Service::http: return serve_http(in, services, out);
        case Service::server_skew_ms: {
            const auto origin = in.text(kMaxHeaderValue);
            return in.is_valid() && (out.number(services.server_skew_ms(origin)), true);
        }
        case Service::sleep_until: {
            const auto time = in.number<std::int64_t>();
            return in.is_valid() && (out.number(services.sleep_until(time)), true);
        }
        case Service::secret_get: return serve_secret_get(in, services, out);
        case Service::secret_put_if: return serve_secret_put_if(in, services, out);
        case Service::secret_erase: {
            const auto key = in.text(kMaxKey);
            return in.is_valid() && (out.number(services.secret_erase(key)), true);
        }
        case Service::device_code: return serve_device_code(in, services, out);
        case Service::prompt: return serve_prompt(in, services, out);
        case Service::choose: return serve_choose(in, services, out);
        case Service::notice:
        case Service::progress: return serve_line(in, service, services);
        case Service::setting: return serve_setting(in, services, out);
        case Service::run_command: return serve_run_command(in, services, out);
    }
    return false;
}

bool read_log(std::string_view message, std::uint32_t& level, std::string& line) {
    WireReader in(message);
    level = in.number<std::uint32_t>();
    line = line_of(in.text(kMaxText));
    return in.is_valid();
}

bool RemoteServices::ask(const WireWriter& out, Frame& answer) {
    if (call_ == 0 || std::this_thread::get_id() != worker_) return false;
    if (channel_.send(FrameKind::service_request, call_, out.bytes(), {})) ::_exit(kLostHost);
    if (channel_.receive(answer, {}) || answer.kind != FrameKind::service_answer || answer.call != call_) ::_exit(kLostHost);
    return true;
}

Status RemoteServices::ask_for_status(const WireWriter& out) {
    Frame answer;
    return ask(out, answer) ? WireReader(answer.message).number<Status>() : QWEN_ERR_MISUSE;
}

void RemoteServices::log(std::uint32_t level, std::string_view message) {
    // A line outside of the worker's turn could fall into the middle of another frame.
    if (std::this_thread::get_id() != worker_) return;
    WireWriter out;
    out.number(level).text(message.substr(0, kMaxLine));
    if (channel_.send(FrameKind::log, call_, out.bytes(), {})) ::_exit(kLostHost);
}

bool RemoteServices::cancelled() {
    WireWriter out;
    Frame answer;
    return ask(request(out, Service::cancelled), answer) && WireReader(answer.message).flag();
}

std::int64_t RemoteServices::deadline_mono_ms() {
    WireWriter out;
    Frame answer;
    if (!ask(request(out, Service::deadline_mono_ms), answer)) return std::numeric_limits<std::int64_t>::max();
    return WireReader(answer.message).number<std::int64_t>();
}

std::uint32_t RemoteServices::interactive() {
    WireWriter out;
    Frame answer;
    return ask(request(out, Service::interactive), answer) ? WireReader(answer.message).number<std::uint32_t>() : QWEN_INTERACTIVE_NEVER;
}

Status RemoteServices::http(HttpExchange exchange, HttpAnswer& answer) {
    WireWriter out;
    request(out, Service::http).text(exchange.method).text(exchange.url).number(static_cast<std::uint32_t>(exchange.headers.size()));
    for (const auto& header : exchange.headers) out.text(header.name).text(header.value.reveal()).number(std::uint8_t{header.sensitive});
    out.text(exchange.body.reveal()).number(exchange.timeout_ms);
    Frame frame;
    if (!ask(out, frame)) return QWEN_ERR_MISUSE;
    WireReader in(frame.message);
    const auto status = in.number<Status>();
    answer.status = in.number<std::int32_t>();
    for (auto left = in.count(kMaxFrame); left > 0; --left) {
        const auto name = in.text(kMaxFrame);
        answer.headers.emplace_back(name, in.text(kMaxFrame));
    }
    answer.body = Secret(in.text(kMaxFrame));
    return status;
}

std::int64_t RemoteServices::server_skew_ms(std::string_view origin) {
    WireWriter out;
    Frame answer;
    return ask(request(out, Service::server_skew_ms).text(origin), answer) ? WireReader(answer.message).number<std::int64_t>() : 0;
}

Status RemoteServices::sleep_until(std::int64_t mono_ms) {
    WireWriter out;
    return ask_for_status(request(out, Service::sleep_until).number(mono_ms));
}

Status RemoteServices::secret_get(std::string_view key, SecretAnswer& answer) {
    WireWriter out;
    Frame frame;
    if (!ask(request(out, Service::secret_get).text(key), frame)) return QWEN_ERR_MISUSE;
    WireReader in(frame.message);
    const auto status = in.number<Status>();
    answer.value = Secret(in.text(kMaxFrame));
    answer.expires_at_utc_ms = in.number<std::int64_t>();
    answer.revision = in.number<std::uint64_t>();
    return status;
}

Status RemoteServices::secret_put_if(std::string_view key, std::string_view value, std::int64_t expires_at_utc_ms, std::uint64_t revision,
                                     std::uint64_t& new_revision) {
    WireWriter out;
    Frame frame;
    if (!ask(request(out, Service::secret_put_if).text(key).text(value).number(expires_at_utc_ms).number(revision), frame)) return QWEN_ERR_MISUSE;
    WireReader in(frame.message);
    const auto status = in.number<Status>();
    new_revision = in.number<std::uint64_t>();
    return status;
}

Status RemoteServices::secret_erase(std::string_view key) {
    WireWriter out;
    return ask_for_status(request(out, Service::secret_erase).text(key));
}

Status RemoteServices::device_code(const auth::DeviceVerification& verification) {
    WireWriter out;
    request(out, Service::device_code).text(verification.verification_uri).text(verification.verification_uri_complete).text(verification.user_code);
    return ask_for_status(out.number(std::int64_t{verification.expires_at.time_since_epoch().count()}));
}

Status RemoteServices::prompt(const PromptQuestion& question, Secret& answer) {
    WireWriter out;
    Frame frame;
    request(out, Service::prompt).number(question.kind).text(question.label).text(question.suggestion).text(question.help_url);
    if (!ask(out, frame)) return QWEN_ERR_MISUSE;
    WireReader in(frame.message);
    const auto status = in.number<Status>();
    answer = Secret(in.text(kMaxFrame));
    return status;
}

Status RemoteServices::choose(std::string_view label, const std::vector<std::string>& choices, std::uint32_t& chosen) {
    WireWriter out;
    Frame frame;
    request(out, Service::choose).text(label).number(static_cast<std::uint32_t>(choices.size()));
    for (const auto& choice : choices) out.text(choice);
    if (!ask(out, frame)) return QWEN_ERR_MISUSE;
    WireReader in(frame.message);
    const auto status = in.number<Status>();
    chosen = in.number<std::uint32_t>();
    return status;
}

void RemoteServices::notice(std::string_view text) {
    WireWriter out;
    Frame answer;
    (void)ask(request(out, Service::notice).text(text), answer);
}

void RemoteServices::progress(std::uint32_t event, std::string_view detail) {
    WireWriter out;
    Frame answer;
    (void)ask(request(out, Service::progress).number(event).text(detail), answer);
}

Status RemoteServices::setting(std::string_view key, SettingAnswer& answer) {
    if (call_ == 0 || std::this_thread::get_id() != worker_) return QWEN_ERR_MISUSE;
    auto known = settings_.find(key);
    if (known == settings_.end()) {
        WireWriter out;
        Frame frame;
        if (!ask(request(out, Service::setting).text(key), frame)) return QWEN_ERR_MISUSE;
        WireReader in(frame.message);
        KnownSetting read;
        read.status = in.number<Status>();
        read.answer.source = in.number<std::uint32_t>();
        read.answer.value = Secret(in.text(kMaxFrame));
        read.answer.sensitive = in.flag();
        known = settings_.emplace(key, std::move(read)).first;
    }
    answer.source = known->second.answer.source;
    answer.value = known->second.answer.value.duplicate();
    answer.sensitive = known->second.answer.sensitive;
    return known->second.status;
}

Status RemoteServices::run_command(std::string_view key, Secret& standard_output) {
    WireWriter out;
    Frame frame;
    if (!ask(request(out, Service::run_command).text(key), frame)) return QWEN_ERR_MISUSE;
    WireReader in(frame.message);
    const auto status = in.number<Status>();
    standard_output = Secret(in.text(kMaxFrame));
    return status;
}

}  // namespace qwen::host::plugin
