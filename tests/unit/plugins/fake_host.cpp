#include "tests/unit/plugins/fake_host.hpp"

#include <dlfcn.h>
#include <nettle/sha2.h>

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <toml++/toml.h>

struct qwen_call {
    qwen::test::FakeHost* host;
};
struct qwen_sink {
    qwen::test::Recorded* recorded;
};

namespace qwen::test {
namespace {

FakeHost* current = nullptr;
qwen_call current_call{};

std::string copy(qwen_str text) { return text.len == 0 ? std::string() : std::string(text.data, text.len); }
qwen_str lend(std::string_view text, std::uint32_t flags = 0) { return {text.data(), static_cast<std::uint32_t>(text.size()), flags}; }

void set_or_replace(Pairs& pairs, std::string name, std::string value) {
    for (auto& [key, old] : pairs) {
        if (key == name) {
            old = std::move(value);
            return;
        }
    }
    pairs.emplace_back(std::move(name), std::move(value));
}

qwen_status record_header(qwen_sink* sink, qwen_str name, qwen_str value) {
    if ((value.flags & QWEN_STR_SENSITIVE) != 0) sink->recorded->sensitive.push_back(copy(value));
    set_or_replace(sink->recorded->headers, copy(name), copy(value));
    return QWEN_OK;
}
qwen_status record_query(qwen_sink* sink, qwen_str name, qwen_str value) {
    set_or_replace(sink->recorded->query, copy(name), copy(value));
    return QWEN_OK;
}
qwen_status record_base_url(qwen_sink* sink, qwen_str url) {
    sink->recorded->base_url = copy(url);
    return QWEN_OK;
}
qwen_status record_path(qwen_sink* sink, qwen_str path) {
    sink->recorded->path = copy(path);
    return QWEN_OK;
}
qwen_status record_body_field(qwen_sink* sink, qwen_str pointer, qwen_str json) {
    sink->recorded->body_fields.emplace_back(copy(pointer), copy(json));
    return QWEN_OK;
}
qwen_status record_state(qwen_sink* sink, const qwen_state* state) {
    sink->recorded->state_kind = state->kind;
    sink->recorded->state_expires_at = state->expires_at_utc_ms;
    sink->recorded->state_base_url = copy(state->base_url);
    return QWEN_OK;
}
qwen_status record_verdict(qwen_sink* sink, const qwen_verdict* verdict) {
    sink->recorded->verdict_kind = verdict->kind;
    sink->recorded->verdict_available_at = verdict->available_at_utc_ms;
    sink->recorded->verdict_text = copy(verdict->text);
    return QWEN_OK;
}
qwen_status ignore_model(qwen_sink*, const qwen_model*) { return QWEN_OK; }
qwen_status ignore_fact(qwen_sink*, qwen_str, qwen_str) { return QWEN_OK; }

const qwen_sink_ops kSinkOps{sizeof(qwen_sink_ops), QWEN_ABI_MINOR,    record_header, record_query, record_base_url, record_path,
                             record_body_field,     record_state,      record_verdict, ignore_model, ignore_fact};

}  // namespace

struct HostFunctions {
    static void log(qwen_host_ctx*, qwen_call*, std::uint32_t, qwen_str message) { current->log.push_back(copy(message)); }
    static void error(qwen_call* call, const qwen_error* error) {
        call->host->error = {error->code, copy(error->message), copy(error->hint), copy(error->setting)};
    }
    static std::uint32_t cancelled(qwen_call* call) {
        return call->host->cancel_at_service_call != 0 && call->host->service_calls >= call->host->cancel_at_service_call ? 1 : 0;
    }
    static std::int64_t deadline(qwen_call*) { return INT64_MAX; }
    static std::uint32_t interactive(qwen_call* call) { return call->host->interactive; }

    static qwen_status perform(qwen_call* call, const qwen_http_request* request, qwen_http_response* response) {
        FakeHost& host = *call->host;
        if (!host.count_service_call()) return QWEN_ERR_CANCELLED;
        HttpExchange exchange{host.mono_ms, copy(request->method), copy(request->url), {}, copy(request->body)};
        for (std::uint32_t i = 0; i < request->header_count; ++i) {
            exchange.headers.emplace_back(copy(request->headers[i].key), copy(request->headers[i].value));
        }
        host.exchanges.push_back(exchange);
        const HttpReply reply = host.answer(exchange);
        host.mono_ms += reply.takes_ms;
        host.utc_ms += reply.takes_ms;
        if (reply.failure != QWEN_OK) return reply.failure;
        auto headers = std::make_unique<std::vector<qwen_kv>>();
        for (const auto& [name, value] : reply.headers) headers->push_back({lend(host.keep(name)), lend(host.keep(value))});
        response->status = reply.status;
        response->headers = headers->data();
        response->header_count = static_cast<std::uint32_t>(headers->size());
        response->body = lend(host.keep(reply.body));
        host.borrowed_headers_.push_back(std::move(headers));
        return QWEN_OK;
    }

    static std::int64_t now_utc(qwen_host_ctx*) { return current->utc_ms; }
    static std::int64_t now_mono(qwen_host_ctx*) { return current->mono_ms; }
    static std::int64_t skew(qwen_call*, qwen_str) { return 0; }
    static qwen_status sleep_until(qwen_call* call, std::int64_t mono_ms) {
        FakeHost& host = *call->host;
        if (!host.count_service_call()) return QWEN_ERR_CANCELLED;
        if (host.before_sleep) host.before_sleep(host);
        if (mono_ms > host.mono_ms) {
            host.utc_ms += mono_ms - host.mono_ms;
            host.mono_ms = mono_ms;
        }
        return QWEN_OK;
    }

    static qwen_status get_secret(qwen_call* call, qwen_str key, qwen_stored_secret* out) {
        FakeHost& host = *call->host;
        const auto found = host.secrets.find(copy(key));
        if (found == host.secrets.end()) return QWEN_ERR_NOT_FOUND;
        out->value = lend(host.keep(found->second.value), QWEN_STR_SENSITIVE);
        out->expires_at_utc_ms = found->second.expires_at_utc_ms;
        out->revision = found->second.revision;
        return QWEN_OK;
    }
    static qwen_status put_secret(qwen_call* call, qwen_str key, qwen_str value, std::int64_t expires_at, std::uint64_t revision, std::uint64_t* out) {
        FakeHost& host = *call->host;
        if (!host.count_service_call()) return QWEN_ERR_CANCELLED;
        if (host.put_failure != QWEN_OK) return std::exchange(host.put_failure, QWEN_OK);
        const auto found = host.secrets.find(copy(key));
        const std::uint64_t newest = found == host.secrets.end() ? 0 : found->second.revision;
        if (newest != revision) return QWEN_ERR_CONFLICT;
        host.secrets[copy(key)] = {copy(value), expires_at, newest + 1};
        if (out != nullptr) *out = newest + 1;
        return QWEN_OK;
    }
    static qwen_status erase_secret(qwen_call* call, qwen_str key) {
        call->host->secrets.erase(copy(key));
        return QWEN_OK;
    }

    static qwen_status device_code(qwen_call* call, const qwen_device_code* code) {
        FakeHost& host = *call->host;
        if (!host.count_service_call()) return QWEN_ERR_CANCELLED;
        host.shown.push_back({copy(code->verification_uri), copy(code->verification_uri_complete), copy(code->user_code), code->expires_at_utc_ms});
        return QWEN_OK;
    }
    static qwen_status prompt(qwen_call* call, const qwen_prompt*, qwen_str* answer) {
        FakeHost& host = *call->host;
        if (!host.count_service_call()) return QWEN_ERR_CANCELLED;
        if (!host.answer_prompt) return QWEN_ERR_NOT_INTERACTIVE;
        std::string text;
        const qwen_status status = host.answer_prompt(text);
        *answer = lend(host.keep(text), QWEN_STR_SENSITIVE);
        return status;
    }
    static qwen_status choose(qwen_call*, qwen_str, const qwen_str*, std::uint32_t, std::uint32_t*) { return QWEN_ERR_NOT_INTERACTIVE; }
    static void notice(qwen_call*, qwen_str) {}
    static void progress(qwen_call* call, std::uint32_t event, qwen_str) { call->host->progress.push_back(event); }

    static void random(qwen_host_ctx*, std::uint8_t* out, std::uint32_t len) {
        for (std::uint32_t i = 0; i < len; ++i) out[i] = static_cast<std::uint8_t>(i * 7 + 1);
    }
    static void sha256(qwen_host_ctx*, const std::uint8_t* data, std::uint64_t len, std::uint8_t* out) {
        sha256_ctx context;
        sha256_init(&context);
        sha256_update(&context, len, data);
        sha256_digest(&context, SHA256_DIGEST_SIZE, out);
    }

    static qwen_status get_setting(qwen_call* call, qwen_str key, qwen_setting* out) {
        FakeHost& host = *call->host;
        if (!host.settings_.contains(copy(key))) throw std::logic_error("setting not in the manifest: " + copy(key));
        const auto found = host.resolve(copy(key));
        if (!found) return QWEN_ERR_NOT_FOUND;
        out->value = lend(host.keep(found->first));
        out->source = found->second;
        return QWEN_OK;
    }
    static qwen_status run_command(qwen_call* call, qwen_str, qwen_str* output) {
        FakeHost& host = *call->host;
        if (!host.run_command) return QWEN_ERR_NOT_FOUND;
        std::string text;
        const qwen_status status = host.run_command(text);
        *output = lend(host.keep(text), QWEN_STR_SENSITIVE);
        return status;
    }

    static const void* get_extension(qwen_host_ctx*, const char* id);
};

namespace {

const qwen_host_http_v1 kHttp{sizeof(qwen_host_http_v1), 0, HostFunctions::perform};
const qwen_host_clock_v1 kClock{sizeof(qwen_host_clock_v1), 0, HostFunctions::now_utc, HostFunctions::now_mono, HostFunctions::skew, HostFunctions::sleep_until};
const qwen_host_secrets_v1 kSecrets{sizeof(qwen_host_secrets_v1), 0, HostFunctions::get_secret, HostFunctions::put_secret, HostFunctions::erase_secret};
const qwen_host_ui_v1 kUi{sizeof(qwen_host_ui_v1), 0, HostFunctions::device_code, HostFunctions::prompt, HostFunctions::choose, HostFunctions::notice, HostFunctions::progress};
const qwen_host_random_v1 kRandom{sizeof(qwen_host_random_v1), 0, HostFunctions::random};
const qwen_host_crypto_v1 kCrypto{sizeof(qwen_host_crypto_v1), 0, HostFunctions::sha256, nullptr};
const qwen_host_settings_v1 kSettings{sizeof(qwen_host_settings_v1), 0, HostFunctions::get_setting};
const qwen_host_command_v1 kCommand{sizeof(qwen_host_command_v1), 0, HostFunctions::run_command};

const qwen_host kHost{sizeof(qwen_host),         0, {"qwen", 4, 0}, {"1.2.3", 5, 0}, nullptr, HostFunctions::log, HostFunctions::error, HostFunctions::cancelled,
                      HostFunctions::deadline,   HostFunctions::interactive, HostFunctions::get_extension};

std::vector<std::string> texts(const toml::array* array) {
    std::vector<std::string> out;
    if (array != nullptr) array->for_each([&](const toml::value<std::string>& text) { out.push_back(*text); });
    return out;
}

}  // namespace

const void* HostFunctions::get_extension(qwen_host_ctx*, const char* id) {
    static const std::map<std::string_view, const void*> kTables{
        {QWEN_EXT_HTTP, &kHttp},     {QWEN_EXT_CLOCK, &kClock},   {QWEN_EXT_SECRETS, &kSecrets},   {QWEN_EXT_UI, &kUi},
        {QWEN_EXT_RANDOM, &kRandom}, {QWEN_EXT_CRYPTO, &kCrypto}, {QWEN_EXT_SETTINGS, &kSettings}, {QWEN_EXT_COMMAND, &kCommand},
    };
    const auto found = kTables.find(id);
    return found == kTables.end() ? nullptr : found->second;
}

FakeHost::FakeHost(const std::string& plugin, const std::string& manifest) {
    current = this;
    const toml::table root = toml::parse_file(manifest);
    root["settings"].as_array()->for_each([&](const toml::table& setting) {
        settings_[setting["key"].value_or(std::string())] = {texts(setting["variables"].as_array()), setting["default"].value<std::string>()};
    });
    if (const toml::array* presets = root["presets"].as_array()) {
        presets->for_each([&](const toml::table& table) {
            Preset entry;
            for (const char* role : {"base_url", "model"}) {
                // As the host: an empty one is not there, and the setting's own default counts.
                if (const auto value = table[role].value<std::string>(); value && !value->empty()) entry.settings[role] = *value;
            }
            if (const toml::table* values = table["settings"].as_table()) {
                for (const auto& [key, node] : *values) entry.settings[std::string(key.str())] = node.value_or(std::string());
            }
            if (const toml::table* lists = table["variables"].as_table()) {
                for (const auto& [key, node] : *lists) entry.variables[std::string(key.str())] = texts(node.as_array());
            }
            presets_[table["id"].value_or(std::string())] = std::move(entry);
        });
    }
    void* const handle = ::dlopen(plugin.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) throw std::runtime_error(::dlerror());
    const auto entry = reinterpret_cast<qwen_provider_entry_fn>(::dlsym(handle, QWEN_ENTRY_SYMBOL));
    if (entry == nullptr) throw std::runtime_error("no entry symbol in " + plugin);
    provider_ = entry(&kHost);
    current_call.host = this;
    if (provider_ == nullptr || provider_->create(&current_call, &instance_) != QWEN_OK) throw std::runtime_error("no instance");
}

FakeHost::~FakeHost() {
    provider_->destroy(instance_);
    current = nullptr;
}

std::optional<std::pair<std::string, std::uint32_t>> FakeHost::resolve(const std::string& key) const {
    const ManifestSetting& setting = settings_.at(key);
    if (const auto found = config.find(key); found != config.end()) return std::pair{found->second, QWEN_SETTING_FROM_CONFIG};
    const Preset* const chosen = preset.empty() ? nullptr : &presets_.at(preset);
    const bool replaced = chosen != nullptr && chosen->variables.contains(key);
    for (const std::string& name : replaced ? chosen->variables.at(key) : setting.variables) {
        if (const auto found = environment.find(name); found != environment.end()) return std::pair{found->second, QWEN_SETTING_FROM_ENVIRONMENT};
    }
    if (chosen != nullptr && chosen->settings.contains(key)) return std::pair{chosen->settings.at(key), QWEN_SETTING_FROM_DEFAULT};
    if (setting.fallback) return std::pair{*setting.fallback, QWEN_SETTING_FROM_DEFAULT};
    return std::nullopt;
}

void FakeHost::begin_call() {
    current = this;
    current_call.host = this;
    recorded = {};
    error = {};
    borrowed_.clear();
    borrowed_headers_.clear();
}

bool FakeHost::count_service_call() {
    ++service_calls;
    return cancel_at_service_call == 0 || service_calls < cancel_at_service_call;
}

std::string_view FakeHost::keep(std::string text) {
    borrowed_.push_back(std::make_unique<std::string>(std::move(text)));
    return *borrowed_.back();
}

qwen_status FakeHost::state() {
    begin_call();
    qwen_sink sink{&recorded};
    return provider_->state(instance_, &current_call, &kSinkOps, &sink);
}

qwen_status FakeHost::authorize(const std::string& model, const std::string& operation, std::uint32_t flags) {
    begin_call();
    qwen_sink sink{&recorded};
    path_ = operation == "models" ? "/models" : "/chat/completions";
    method_ = operation == "models" ? "GET" : "POST";
    const auto base = settings_.contains("base_url") ? resolve("base_url") : std::nullopt;
    const std::string base_url = base ? base->first : "";
    const qwen_request request{sizeof(qwen_request), flags, lend(operation), lend(method_), lend(base_url), lend(path_), lend(model)};
    return provider_->authorize(instance_, &current_call, &request, &kSinkOps, &sink);
}

qwen_status FakeHost::on_response(std::uint32_t status, const std::string& body, const Pairs& headers) {
    begin_call();
    qwen_sink sink{&recorded};
    std::vector<qwen_kv> lent;
    for (const auto& [name, value] : headers) lent.push_back({lend(name), lend(value)});
    const qwen_response response{sizeof(qwen_response), status, lent.data(), static_cast<std::uint32_t>(lent.size()), 0, lend(body)};
    return provider_->on_response(instance_, &current_call, &response, &kSinkOps, &sink);
}

qwen_status FakeHost::login(const std::string& method) {
    begin_call();
    return static_cast<const qwen_provider_login_v1*>(provider_->get_extension(QWEN_EXT_LOGIN))->login(instance_, &current_call, lend(method));
}

qwen_status FakeHost::logout() {
    begin_call();
    return static_cast<const qwen_provider_login_v1*>(provider_->get_extension(QWEN_EXT_LOGIN))->logout(instance_, &current_call);
}

qwen_status FakeHost::refresh() {
    begin_call();
    return static_cast<const qwen_provider_refresh_v1*>(provider_->get_extension(QWEN_EXT_REFRESH))->refresh(instance_, &current_call);
}

std::string FakeHost::wire(const std::string& body) const {
    const auto configured = settings_.contains("base_url") ? resolve("base_url") : std::nullopt;
    std::string url = !recorded.base_url.empty() ? recorded.base_url : configured ? configured->first : "";
    while (url.ends_with('/')) url.pop_back();
    url += recorded.path.empty() ? path_ : recorded.path;
    char separator = '?';
    for (const auto& [name, value] : recorded.query) {
        url += separator + name + "=" + value;
        separator = '&';
    }
    std::string text = method_ + " " + url + "\n";
    for (const auto& [name, value] : recorded.headers) text += name + ": " + value + "\n";
    if (method_ == "GET") return text;
    auto json = nlohmann::ordered_json::parse(body);
    for (const auto& [pointer, value] : recorded.body_fields) {
        const nlohmann::ordered_json::json_pointer place(pointer);
        if (!value.empty()) {
            json[place] = nlohmann::ordered_json::parse(value);
        } else if (json.contains(place)) {
            json[place.parent_pointer()].erase(place.back());
        }
    }
    return text + json.dump();
}

}  // namespace qwen::test
