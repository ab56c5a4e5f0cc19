// The plugin's table: reads the settings, lets vendor, api_key and answer decide, tells the host.
//
// Where the key comes from, first that is there: the setting `api_key` (flag, environment, .env, config), the output of
// `api_key_command`, the key typed in at login. No function here goes online: only login waits (for a person) and refresh (for a command).
#include <cstring>
#include <new>
#include <nlohmann/json.hpp>
#include <optional>

#include "plugins/openai_compat/answer.hpp"
#include "plugins/openai_compat/api_key.hpp"
#include "plugins/openai_compat/host_services.hpp"
#include "plugins/openai_compat/vendor.hpp"

using namespace openai_compat;

struct qwen_instance {
    /// What api_key_command printed last; empty: not run yet. Kept for the life of the process, never stored.
    std::string command_key;

    qwen_instance() = default;
    qwen_instance(const qwen_instance&) = delete;
    qwen_instance& operator=(const qwen_instance&) = delete;
    ~qwen_instance() { forget_command_key(); }

    void forget_command_key() {
        ::explicit_bzero(command_key.data(), command_key.size());
        command_key.clear();
    }
};

namespace {

constexpr std::string_view kStoredKey = "api_key";

const Services* services = nullptr;  // set once by the entry function, before any other call

enum class KeyOrigin : unsigned char { none, setting, command, command_not_run, stored };

struct Key {
    KeyOrigin origin = KeyOrigin::none;
    std::string_view value;
};

struct Endpoint {
    std::string base_url;
    bool is_replaced = false;  ///< base_url is not the configured one
    std::string host;
    Vendor vendor = Vendor::generic;
};

qwen_status report(qwen_call* call, qwen_status code, const Failure& failure) { return fail(services->host, call, code, failure); }

std::optional<qwen_stored_secret> stored_key(qwen_call* call) {
    qwen_stored_secret found{};
    found.struct_size = sizeof found;
    if (services->secrets == nullptr || services->secrets->get(call, text(kStoredKey), &found) != QWEN_OK) return std::nullopt;
    return found;
}

Key find_key(const qwen_instance& instance, qwen_call* call) {
    if (const Setting key = services->setting(call, "api_key"); !key.value.empty()) return {KeyOrigin::setting, key.value};
    if (!services->setting(call, "api_key_command").value.empty()) {
        if (instance.command_key.empty()) return {KeyOrigin::command_not_run, {}};
        return {KeyOrigin::command, instance.command_key};
    }
    if (const auto stored = stored_key(call); stored && stored->value.len != 0) return {KeyOrigin::stored, view(stored->value)};
    return {};
}

/// An error has been reported when nothing comes back.
std::optional<Endpoint> find_endpoint(qwen_call* call) {
    Endpoint endpoint;
    const Setting base = services->setting(call, "base_url");
    const auto named = vendor_from_name(services->setting(call, "vendor").value);
    endpoint.base_url = base.value;
    const std::string_view resource = services->setting(call, "resource").value;
    if (named == Vendor::azure && !resource.empty() && (base.source == QWEN_SETTING_FROM_DEFAULT || base.value.empty())) {
        const auto built = azure_endpoint(resource);
        if (!built) {
            report(call, QWEN_ERR_SETTING, {"the Azure resource name may hold letters, digits and hyphens only", "give base_url instead", "resource"});
            return std::nullopt;
        }
        endpoint.base_url = *built;
        endpoint.is_replaced = true;
    } else if (named == Vendor::azure && base.source == QWEN_SETTING_FROM_DEFAULT) {
        // The default is OpenAI's address: a key for Azure must not go there.
        endpoint.base_url.clear();
    }
    if (endpoint.base_url.empty()) {
        report(call, QWEN_ERR_SETTING, {"no base URL", "set base_url, for Azure for example https://RESOURCE.openai.azure.com", "base_url"});
        return std::nullopt;
    }
    const auto host = host_of(endpoint.base_url);
    if (!host) {
        report(call, QWEN_ERR_SETTING, {"the base URL must be http:// or https:// and a plain host name", "", "base_url"});
        return std::nullopt;
    }
    endpoint.host = *host;
    endpoint.vendor = named.value_or(vendor_of_host(*host));
    return endpoint;
}

bool may_go_without_key(qwen_call* call, const Endpoint& endpoint) {
    return is_loopback(endpoint.host) || services->setting(call, "auth").value == "none";
}

qwen_status report_missing_key(qwen_call* call, const Endpoint& endpoint) {
    const VendorFacts& facts = facts_of(endpoint.vendor);
    const std::string message = "no API key for " + endpoint.host;
    const std::string hint = "set " + std::string(facts.key_variable) + " in the environment or in .env, or give --openai-api-key";
    return report(call, QWEN_NEED_LOGIN, {message, hint, "api_key"});
}

/// Collects the sink's answers: the first refusal counts.
class Edits {
public:
    Edits(const qwen_sink_ops& ops, qwen_sink* sink) : ops_(ops), sink_(sink) {}

    void header(std::string_view name, std::string_view value, std::uint32_t flags = 0) { note(ops_.set_header(sink_, text(name), text(value, flags))); }
    void header_if_set(std::string_view name, std::string_view value) {
        if (!value.empty()) header(name, value);
    }
    void query(std::string_view name, std::string_view value) { note(ops_.set_query(sink_, text(name), text(value))); }
    void base_url(std::string_view url) { note(ops_.set_base_url(sink_, text(url))); }
    void path(std::string_view value) { note(ops_.set_path(sink_, text(value))); }
    void body_field(std::string_view pointer, std::string_view json) { note(ops_.set_body_field(sink_, text(pointer), text(json))); }
    [[nodiscard]] qwen_status status() const { return status_; }

private:
    void note(qwen_status status) {
        if (status_ == QWEN_OK) status_ = status;
    }

    const qwen_sink_ops& ops_;
    qwen_sink* sink_;
    qwen_status status_ = QWEN_OK;
};

void send_address(qwen_call* call, const Endpoint& endpoint, const qwen_request& request, Edits& edits) {
    if (endpoint.vendor != Vendor::azure) return;
    const AzureSettings settings{std::string(services->setting(call, "deployment").value),
                                 std::string(services->setting(call, "api_version").value)};
    const Address address = azure_address(endpoint.base_url, settings, {view(request.operation), view(request.path), view(request.model)});
    edits.base_url(address.base_url);
    if (!address.path.empty()) edits.path(address.path);
    for (const auto& [name, value] : address.query) edits.query(name, value);
    if (!address.model.empty() && view(request.operation) != "models") edits.body_field("/model", nlohmann::json(address.model).dump());
}

void send_key(qwen_call* call, const Endpoint& endpoint, std::string_view key, Edits& edits) {
    const std::string_view way = services->setting(call, "auth").value;
    if (key.empty() || way == "none") return;
    if (way == "api-key" || (way != "bearer" && endpoint.vendor == Vendor::azure)) {
        edits.header("api-key", key, QWEN_STR_SENSITIVE);
        return;
    }
    std::string bearer = "Bearer ";
    bearer += key;
    edits.header("Authorization", bearer, QWEN_STR_SENSITIVE);
    ::explicit_bzero(bearer.data(), bearer.size());
}

void send_vendor_headers(qwen_call* call, const Endpoint& endpoint, const qwen_request& request, Edits& edits) {
    const std::string program = std::string(view(services->host->name)) + "/" + std::string(view(services->host->version));
    switch (endpoint.vendor) {
        case Vendor::openai:
            edits.header_if_set("OpenAI-Organization", services->setting(call, "organization").value);
            edits.header_if_set("OpenAI-Project", services->setting(call, "project").value);
            break;
        case Vendor::openrouter:
            // X-Title is the older name of X-OpenRouter-Title; gateways in front of OpenRouter still look for it.
            edits.header_if_set("HTTP-Referer", services->setting(call, "app_url").value);
            edits.header("X-OpenRouter-Title", view(services->host->name));
            edits.header("X-Title", view(services->host->name));
            break;
        case Vendor::dashscope:
            edits.header("X-DashScope-CacheControl", "enable");
            edits.header("X-DashScope-UserAgent", program);
            edits.header("X-DashScope-AuthType", "openai");
            break;
        case Vendor::modelscope:
            // stream_options without stream is refused there.
            if ((request.flags & QWEN_REQUEST_STREAMING) == 0 && view(request.operation) != "models") edits.body_field("/stream_options", "");
            break;
        case Vendor::azure:
        case Vendor::generic: break;
    }
}

bool is_header_name(std::string_view name) {
    constexpr std::string_view kToken = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    return !name.empty() && name.find_first_not_of(kToken) == std::string_view::npos;
}

/// The setting `headers`: one "Name: value" a line. Returns false when a line is something else.
bool send_extra_headers(qwen_call* call, Edits& edits) {
    std::string_view rest = services->setting(call, "headers").value;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        const std::string_view line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (line.empty()) continue;
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos || !is_header_name(line.substr(0, colon))) return false;
        edits.header(line.substr(0, colon), trim_key(line.substr(colon + 1)));
    }
    return true;
}

qwen_status create(qwen_call*, qwen_instance** instance) {
    *instance = new (std::nothrow) qwen_instance;
    return *instance != nullptr ? QWEN_OK : QWEN_ERR_INTERNAL;
}

void destroy(qwen_instance* instance) { delete instance; }

qwen_status state(qwen_instance* instance, qwen_call* call, const qwen_sink_ops* ops, qwen_sink* sink) {
    const auto endpoint = find_endpoint(call);
    if (!endpoint) return QWEN_ERR_SETTING;
    qwen_state state{};
    state.struct_size = sizeof state;
    const bool ready = find_key(*instance, call).origin != KeyOrigin::none || may_go_without_key(call, *endpoint);
    state.kind = ready ? QWEN_STATE_READY : QWEN_STATE_LOGIN_NEEDED;
    state.base_url = text(endpoint->base_url);
    return ops->set_state(sink, &state);
}

qwen_status authorize(qwen_instance* instance, qwen_call* call, const qwen_request* request, const qwen_sink_ops* ops, qwen_sink* sink) {
    const auto endpoint = find_endpoint(call);
    if (!endpoint) return QWEN_ERR_SETTING;
    const bool unauthenticated = services->setting(call, "auth").value == "none";
    const Key key = unauthenticated ? Key{} : find_key(*instance, call);
    if (key.origin == KeyOrigin::command_not_run) return QWEN_NEED_REFRESH;
    if (key.value.empty() && !may_go_without_key(call, *endpoint)) return report_missing_key(call, *endpoint);
    if (const std::string_view defect = key_defect(key.value); !defect.empty()) {
        const std::string message = "the API key " + std::string(defect);
        return report(call, QWEN_ERR_SETTING, {message, "copy it again, without anything around it", "api_key"});
    }

    Edits edits(*ops, sink);
    if (endpoint->is_replaced && endpoint->vendor != Vendor::azure) edits.base_url(endpoint->base_url);
    send_address(call, *endpoint, *request, edits);
    send_vendor_headers(call, *endpoint, *request, edits);
    if (!send_extra_headers(call, edits)) {
        return report(call, QWEN_ERR_SETTING, {"'headers' must hold lines like 'Name: value'", "", "headers"});
    }
    send_key(call, *endpoint, key.value, edits);
    return edits.status();
}

/// When a limit ends: Retry-After-Ms and Retry-After in seconds; OpenRouter's X-RateLimit-Reset is epoch milliseconds. 0: unknown.
std::int64_t available_at(const qwen_response& response) {
    if (services->clock == nullptr) return 0;
    const std::int64_t now = services->clock->now_utc_ms(services->host->ctx);
    for (std::uint32_t i = 0; i < response.header_count; ++i) {
        const std::string_view name = view(response.headers[i].key);
        const std::string_view value = view(response.headers[i].value);
        if (value.empty() || value.size() > 13 || value.find_first_not_of("0123456789") != std::string_view::npos) continue;
        const std::int64_t number = std::stoll(std::string(value));
        if (name == "retry-after-ms") return now + number;
        if (name == "retry-after" && value.size() <= 9) return now + number * 1000;
        if (name == "x-ratelimit-reset" && number > now) return number;
    }
    return 0;
}

qwen_status on_response(qwen_instance* instance, qwen_call* call, const qwen_response* response, const qwen_sink_ops* ops, qwen_sink* sink) {
    if (response->status < 400) return QWEN_OK;
    const auto endpoint = find_endpoint(call);
    const Vendor vendor = endpoint ? endpoint->vendor : Vendor::generic;
    const Answer answer = read_answer(vendor, response->status, view(response->body_start));

    qwen_verdict verdict{};
    verdict.struct_size = sizeof verdict;
    verdict.text = text(answer.text);
    switch (answer.meaning) {
        case Meaning::pass: return QWEN_OK;
        case Meaning::key_refused: {
            // A command may print short-lived keys: its next one may be good. The host asks for one refresh only.
            const bool renewable = find_key(*instance, call).origin == KeyOrigin::command;
            verdict.kind = renewable ? QWEN_VERDICT_REFRESH_AND_RETRY : QWEN_VERDICT_LOGIN_NEEDED;
            verdict.help_url = text(facts_of(vendor).key_page);
            break;
        }
        case Meaning::rate_limited:
            verdict.kind = QWEN_VERDICT_RATE_LIMITED;
            verdict.available_at_utc_ms = available_at(*response);
            break;
        case Meaning::quota_exhausted:
            verdict.kind = QWEN_VERDICT_QUOTA_EXHAUSTED;
            verdict.help_url = text(facts_of(vendor).quota_page);
            break;
        case Meaning::fatal: verdict.kind = QWEN_VERDICT_FATAL; break;
    }
    return ops->set_verdict(sink, &verdict);
}

qwen_status ask_for_key(qwen_call* call, const Endpoint& endpoint, qwen_str* answer) {
    if (services->ui == nullptr || services->host->interactive(call) == QWEN_INTERACTIVE_NEVER) {
        report_missing_key(call, endpoint);
        return QWEN_ERR_NOT_INTERACTIVE;
    }
    const std::string label = "API key for " + endpoint.host;
    const qwen_prompt prompt{sizeof(qwen_prompt), QWEN_PROMPT_SECRET, text(label), text(""), text(facts_of(endpoint.vendor).key_page)};
    return services->ui->prompt(call, &prompt, answer);
}

qwen_status login(qwen_instance*, qwen_call* call, qwen_str method) {
    if (view(method) == "command") return QWEN_OK;  // nothing to ask: the host refreshes when the key is needed
    const auto endpoint = find_endpoint(call);
    if (!endpoint) return QWEN_ERR_SETTING;
    if (services->secrets == nullptr) return report(call, QWEN_ERR_UNSUPPORTED, {"this host stores no keys"});

    qwen_str answer{};
    if (const qwen_status asked = ask_for_key(call, *endpoint, &answer); asked != QWEN_OK) return asked;
    const std::string_view key = trim_key(view(answer));
    if (key.empty()) return report(call, QWEN_ERR_CANCELLED, {"no key was entered"});
    if (const std::string_view defect = key_defect(key); !defect.empty()) {
        const std::string message = "the API key " + std::string(defect);
        return report(call, QWEN_ERR_SETTING, {message, "copy it again, without anything around it", "api_key"});
    }
    const auto before = stored_key(call);
    return services->secrets->put_if(call, text(kStoredKey), text(key, QWEN_STR_SENSITIVE), 0, before ? before->revision : 0, nullptr);
}

qwen_status logout(qwen_instance* instance, qwen_call* call) {
    instance->forget_command_key();
    return services->secrets == nullptr ? QWEN_OK : services->secrets->erase(call, text(kStoredKey));
}

qwen_status refresh(qwen_instance* instance, qwen_call* call) {
    if (services->command == nullptr) return report(call, QWEN_NEED_LOGIN, {"this host runs no commands"});
    qwen_str output{};
    const qwen_status ran = services->command->run(call, text("api_key_command"), &output);
    if (ran == QWEN_ERR_NOT_FOUND) return report(call, QWEN_NEED_LOGIN, {"an API key cannot be renewed", "give another key"});
    if (ran != QWEN_OK) return ran;
    const std::string_view key = trim_key(view(output));
    if (key.empty()) return report(call, QWEN_ERR_SETTING, {"api_key_command printed nothing", "", "api_key_command"});
    if (const std::string_view defect = key_defect(key); !defect.empty()) {
        const std::string message = "what api_key_command printed " + std::string(defect);
        return report(call, QWEN_ERR_SETTING, {message, "it must print the key alone", "api_key_command"});
    }
    instance->forget_command_key();
    instance->command_key = key;
    return QWEN_OK;
}

/// No exception may cross the ABI; the only one left is running out of memory.
template <auto Function, typename... Arguments>
qwen_status guarded(Arguments... arguments) {
    try {
        return Function(arguments...);
    } catch (const std::exception&) {
        return QWEN_ERR_INTERNAL;
    }
}

const qwen_provider_login_v1 kLogin{
    sizeof(qwen_provider_login_v1), QWEN_ABI_MINOR,
    guarded<login, qwen_instance*, qwen_call*, qwen_str>,
    guarded<logout, qwen_instance*, qwen_call*>,
};

const qwen_provider_refresh_v1 kRefresh{sizeof(qwen_provider_refresh_v1), QWEN_ABI_MINOR, guarded<refresh, qwen_instance*, qwen_call*>};

const void* get_extension(const char* id) {
    if (std::strcmp(id, QWEN_EXT_LOGIN) == 0) return &kLogin;
    if (std::strcmp(id, QWEN_EXT_REFRESH) == 0) return &kRefresh;
    return nullptr;
}

const qwen_provider kProvider{
    sizeof(qwen_provider),
    QWEN_ABI_MINOR,
    "openai_compat",
    "1.0.0",
    create,
    destroy,
    guarded<state, qwen_instance*, qwen_call*, const qwen_sink_ops*, qwen_sink*>,
    guarded<authorize, qwen_instance*, qwen_call*, const qwen_request*, const qwen_sink_ops*, qwen_sink*>,
    guarded<on_response, qwen_instance*, qwen_call*, const qwen_response*, const qwen_sink_ops*, qwen_sink*>,
    get_extension,
};

}  // namespace

extern "C" const qwen_provider* qwen_provider_entry_v1(const qwen_host* host) {
    static const Services table(host);
    services = &table;
    return table.settings != nullptr ? &kProvider : nullptr;
}
