// Optional C++17 glue over the C ABI: header-only, no exception crosses the line, and nothing of C++ does either.
//
// A provider derives from qwen::plugin::Provider and from the capabilities it has (Login, Refresh, Sign, Account, Models), throws Failure
// where it cannot go on, and ends with QWEN_PROVIDER(MyProvider, "my_provider", "1.0.0"). What a Call hands out (settings, secrets,
// responses, answers) is borrowed until the entry call returns.
#ifndef QWEN_PLUGIN_HPP
#define QWEN_PLUGIN_HPP

#include <array>
#include <cstdint>
#include <cstring>
#include <exception>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "qwen/json.h"
#include "qwen/plugin.h"

namespace qwen::plugin {

// ---- Text -----------------------------------------------------------------------------------------------------------

[[nodiscard]] inline qwen_str borrow(std::string_view text) noexcept {
    return qwen_str{text.data(), static_cast<uint32_t>(text.size()), 0};
}
/// The host redacts it everywhere and wipes its own copies.
[[nodiscard]] inline qwen_str sensitive(std::string_view text) noexcept {
    return qwen_str{text.data(), static_cast<uint32_t>(text.size()), QWEN_STR_SENSITIVE};
}
[[nodiscard]] inline std::string_view view(const qwen_str& text) noexcept {
    return text.len == 0 ? std::string_view() : std::string_view(text.data, text.len);
}

// ---- JSON -----------------------------------------------------------------------------------------------------------

/// The string `name` of a JSON object; nullopt when it is not there, is no string, or `json` is no object. See json.h.
[[nodiscard]] inline std::optional<std::string> json_text(std::string_view json, std::string_view name) {
    std::string text(json.size(), '\0');  // decoding makes nothing longer
    uint32_t size = 0;
    if (qwen_json_text(borrow(json), std::string(name).c_str(), text.data(), static_cast<uint32_t>(text.size()), &size) != QWEN_OK) return std::nullopt;
    text.resize(size);
    return text;
}
/// The whole part of the number `name`, quoted or not; nullopt as for json_text.
[[nodiscard]] inline std::optional<int64_t> json_integer(std::string_view json, std::string_view name) {
    int64_t value = 0;
    if (qwen_json_integer(borrow(json), std::string(name).c_str(), &value) != QWEN_OK) return std::nullopt;
    return value;
}

// ---- Errors ---------------------------------------------------------------------------------------------------------

/// Ends the entry call with `status`. A message tells the user why; without one the host words it from the status.
class Failure : public std::exception {
public:
    explicit Failure(qwen_status status, std::string message = {}, std::string hint = {}, std::string setting = {})
        : status_(status), message_(std::move(message)), hint_(std::move(hint)), setting_(std::move(setting)) {}

    [[nodiscard]] qwen_status status() const noexcept { return status_; }
    [[nodiscard]] const std::string& message() const noexcept { return message_; }
    [[nodiscard]] const std::string& hint() const noexcept { return hint_; }
    [[nodiscard]] const std::string& setting() const noexcept { return setting_; }
    [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }

private:
    qwen_status status_;
    std::string message_;
    std::string hint_;
    std::string setting_;
};

/// Throws when a host service did not answer QWEN_OK. The service has said why already, so no message is added.
inline void require(qwen_status status) {
    if (status != QWEN_OK) throw Failure(status);
}

// ---- The host -------------------------------------------------------------------------------------------------------

/// The host's table and its services, looked up once. Copies are cheap; valid for the life of the process.
class Host {
public:
    Host() = default;
    explicit Host(const qwen_host* host) noexcept
        : host_(host),
          http_(find<qwen_host_http_v1>(QWEN_EXT_HTTP)),
          clock_(find<qwen_host_clock_v1>(QWEN_EXT_CLOCK)),
          secrets_(find<qwen_host_secrets_v1>(QWEN_EXT_SECRETS)),
          ui_(find<qwen_host_ui_v1>(QWEN_EXT_UI)),
          random_(find<qwen_host_random_v1>(QWEN_EXT_RANDOM)),
          crypto_(find<qwen_host_crypto_v1>(QWEN_EXT_CRYPTO)),
          settings_(find<qwen_host_settings_v1>(QWEN_EXT_SETTINGS)),
          command_(find<qwen_host_command_v1>(QWEN_EXT_COMMAND)) {}

    [[nodiscard]] const qwen_host* table() const noexcept { return host_; }
    /// Each throws Failure(QWEN_ERR_UNSUPPORTED) when this host does not have the service.
    [[nodiscard]] const qwen_host_http_v1& http() const { return have(http_, QWEN_EXT_HTTP); }
    [[nodiscard]] const qwen_host_clock_v1& clock() const { return have(clock_, QWEN_EXT_CLOCK); }
    [[nodiscard]] const qwen_host_secrets_v1& secrets() const { return have(secrets_, QWEN_EXT_SECRETS); }
    [[nodiscard]] const qwen_host_ui_v1& ui() const { return have(ui_, QWEN_EXT_UI); }
    [[nodiscard]] const qwen_host_random_v1& random() const { return have(random_, QWEN_EXT_RANDOM); }
    [[nodiscard]] const qwen_host_crypto_v1& crypto() const { return have(crypto_, QWEN_EXT_CRYPTO); }
    [[nodiscard]] const qwen_host_settings_v1& settings() const { return have(settings_, QWEN_EXT_SETTINGS); }
    [[nodiscard]] const qwen_host_command_v1& command() const { return have(command_, QWEN_EXT_COMMAND); }

private:
    template <typename Table>
    [[nodiscard]] const Table* find(const char* id) const noexcept {
        return static_cast<const Table*>(host_->get_extension(host_->ctx, id));
    }
    template <typename Table>
    [[nodiscard]] static const Table& have(const Table* table, const char* id) {
        if (table == nullptr) throw Failure(QWEN_ERR_UNSUPPORTED, std::string("this host does not offer ") + id);
        return *table;
    }

    const qwen_host* host_ = nullptr;
    const qwen_host_http_v1* http_ = nullptr;
    const qwen_host_clock_v1* clock_ = nullptr;
    const qwen_host_secrets_v1* secrets_ = nullptr;
    const qwen_host_ui_v1* ui_ = nullptr;
    const qwen_host_random_v1* random_ = nullptr;
    const qwen_host_crypto_v1* crypto_ = nullptr;
    const qwen_host_settings_v1* settings_ = nullptr;
    const qwen_host_command_v1* command_ = nullptr;
};

struct Header {
    std::string name;
    std::string value;
    bool is_sensitive = false;
};

struct HttpRequest {
    std::string method = "GET";
    std::string url;
    std::vector<Header> headers = {};
    std::string body = {};
    uint32_t timeout_ms = 0;  ///< 0: the host's default
};

/// Borrowed until the entry call returns.
struct HttpResponse {
    uint32_t status = 0;
    std::string_view body;
    const qwen_kv* headers = nullptr;
    uint32_t header_count = 0;

    /// First value of the header, asked for in lower case; nullopt when it is absent.
    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const {
        for (uint32_t i = 0; i < header_count; ++i) {
            if (view(headers[i].key) == name) return view(headers[i].value);
        }
        return std::nullopt;
    }
};

/// Borrowed until the entry call returns.
struct Setting {
    std::string_view value;
    uint32_t source = QWEN_SETTING_FROM_DEFAULT;  ///< QWEN_SETTING_FROM_…
};

struct StoredSecret {
    std::string_view value;
    int64_t expires_at_utc_ms = 0;  ///< 0: does not expire, or unknown
    uint64_t revision = 0;          ///< for store()
};

/// One entry call in progress: the host services that belong to it. Never kept beyond the call.
class Call {
public:
    Call(const Host& host, qwen_call* call) noexcept : host_(host), call_(call) {}

    [[nodiscard]] const Host& host() const noexcept { return host_; }
    [[nodiscard]] qwen_call* handle() const noexcept { return call_; }
    [[nodiscard]] bool cancelled() const { return host_.table()->cancelled(call_) != 0; }
    /// On the clock of now_mono_ms(); INT64_MAX: none.
    [[nodiscard]] int64_t deadline_mono_ms() const { return host_.table()->deadline_mono_ms(call_); }
    [[nodiscard]] uint32_t interactive() const { return host_.table()->interactive(call_); }
    void log(uint32_t level, std::string_view message) const { host_.table()->log(host_.table()->ctx, call_, level, borrow(message)); }

    /// nullopt: not set and no default.
    [[nodiscard]] std::optional<Setting> setting_with_source(std::string_view key) const {
        qwen_setting out{};
        out.struct_size = sizeof out;
        const qwen_status status = host_.settings().get(call_, borrow(key), &out);
        if (status == QWEN_ERR_NOT_FOUND) return std::nullopt;
        require(status);
        return Setting{view(out.value), out.source};
    }
    /// The same without where it is from.
    [[nodiscard]] std::optional<std::string_view> setting(std::string_view key) const {
        const auto found = setting_with_source(key);
        if (!found) return std::nullopt;
        return found->value;
    }
    /// The setting, or Failure(QWEN_ERR_SETTING) that names it.
    [[nodiscard]] std::string_view required_setting(const std::string& key) const {
        const auto value = setting(key);
        if (!value || value->empty()) throw Failure(QWEN_ERR_SETTING, "'" + key + "' is not set", {}, key);
        return *value;
    }

    /// Any HTTP status is an answer; Failure means that none came.
    [[nodiscard]] HttpResponse http(const HttpRequest& request) const {
        std::vector<qwen_kv> headers;
        headers.reserve(request.headers.size());
        for (const Header& header : request.headers) {
            headers.push_back({borrow(header.name), header.is_sensitive ? sensitive(header.value) : borrow(header.value)});
        }
        qwen_http_request in{};
        in.struct_size = sizeof in;
        in.timeout_ms = request.timeout_ms;
        in.method = borrow(request.method);
        in.url = borrow(request.url);
        in.headers = headers.data();
        in.header_count = static_cast<uint32_t>(headers.size());
        in.body = borrow(request.body);
        qwen_http_response out{};
        out.struct_size = sizeof out;
        require(host_.http().perform(call_, &in, &out));
        return HttpResponse{out.status, view(out.body), out.headers, out.header_count};
    }

    [[nodiscard]] int64_t now_utc_ms() const { return host_.clock().now_utc_ms(host_.table()->ctx); }
    [[nodiscard]] int64_t now_mono_ms() const { return host_.clock().now_mono_ms(host_.table()->ctx); }
    [[nodiscard]] int64_t server_skew_ms(std::string_view origin) const { return host_.clock().server_skew_ms(call_, borrow(origin)); }
    void sleep_until(int64_t mono_ms) const { require(host_.clock().sleep_until(call_, mono_ms)); }

    /// nullopt: nothing is stored under this key.
    [[nodiscard]] std::optional<StoredSecret> stored(std::string_view key) const {
        qwen_stored_secret out{};
        out.struct_size = sizeof out;
        const qwen_status status = host_.secrets().get(call_, borrow(key), &out);
        if (status == QWEN_ERR_NOT_FOUND) return std::nullopt;
        require(status);
        return StoredSecret{view(out.value), out.expires_at_utc_ms, out.revision};
    }
    /// Stores when `revision` is still the newest (0: none yet) and returns the new revision. Failure(QWEN_ERR_CONFLICT): somebody was quicker.
    uint64_t store(std::string_view key, std::string_view value, int64_t expires_at_utc_ms, uint64_t revision) const {
        uint64_t now = 0;
        require(host_.secrets().put_if(call_, borrow(key), sensitive(value), expires_at_utc_ms, revision, &now));
        return now;
    }
    void erase(std::string_view key) const { require(host_.secrets().erase(call_, borrow(key))); }

    void show_device_code(const qwen_device_code& code) const { require(host_.ui().device_code(call_, &code)); }
    [[nodiscard]] std::string_view prompt(uint32_t kind, std::string_view label, std::string_view suggestion = {},
                                          std::string_view help_url = {}) const {
        qwen_prompt question{};
        question.struct_size = sizeof question;
        question.kind = kind;
        question.label = borrow(label);
        question.suggestion = borrow(suggestion);
        question.help_url = borrow(help_url);
        qwen_str answer{};
        require(host_.ui().prompt(call_, &question, &answer));
        return view(answer);
    }
    void notice(std::string_view text) const { host_.ui().notice(call_, borrow(text)); }
    void progress(uint32_t event, std::string_view detail = {}) const { host_.ui().progress(call_, event, borrow(detail)); }

    void random_bytes(uint8_t* out, uint32_t size) const { host_.random().bytes(host_.table()->ctx, out, size); }
    [[nodiscard]] std::array<uint8_t, 32> sha256(std::string_view bytes) const {
        std::array<uint8_t, 32> digest{};
        host_.crypto().sha256(host_.table()->ctx, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), digest.data());
        return digest;
    }
    [[nodiscard]] std::array<uint8_t, 32> hmac_sha256(std::string_view key, std::string_view bytes) const {
        std::array<uint8_t, 32> digest{};
        host_.crypto().hmac_sha256(host_.table()->ctx, reinterpret_cast<const uint8_t*>(key.data()), key.size(),
                                   reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), digest.data());
        return digest;
    }
    /// Standard output of the command that the setting holds.
    [[nodiscard]] std::string_view run_command(std::string_view setting_key) const {
        qwen_str output{};
        require(host_.command().run(call_, borrow(setting_key), &output));
        return view(output);
    }

private:
    const Host& host_;
    qwen_call* call_;
};

/// Where results go: the host copies at once.
class Sink {
public:
    Sink(const qwen_sink_ops* ops, qwen_sink* sink) noexcept : ops_(ops), sink_(sink) {}

    void set_header(std::string_view name, qwen_str value) const { require(ops_->set_header(sink_, borrow(name), value)); }
    void set_query(std::string_view name, qwen_str value) const { require(ops_->set_query(sink_, borrow(name), value)); }
    void set_base_url(std::string_view url) const { require(ops_->set_base_url(sink_, borrow(url))); }
    void set_path(std::string_view path) const { require(ops_->set_path(sink_, borrow(path))); }
    void set_body_field(std::string_view pointer, std::string_view json) const {
        require(ops_->set_body_field(sink_, borrow(pointer), borrow(json)));
    }
    void add_model(std::string_view id, std::string_view label = {}) const {
        qwen_model model{};
        model.struct_size = sizeof model;
        model.id = borrow(id);
        model.label = borrow(label);
        require(ops_->add_model(sink_, &model));
    }
    void add_fact(std::string_view name, std::string_view value) const { require(ops_->add_fact(sink_, borrow(name), borrow(value))); }
    void set_state(uint32_t kind, int64_t expires_at_utc_ms = 0, std::string_view base_url = {}, std::string_view account = {}) const {
        qwen_state state{};
        state.struct_size = sizeof state;
        state.kind = kind;
        state.expires_at_utc_ms = expires_at_utc_ms;
        state.base_url = borrow(base_url);
        state.account = borrow(account);
        require(ops_->set_state(sink_, &state));
    }
    void set_verdict(uint32_t kind, std::string_view text = {}, int64_t available_at_utc_ms = 0, std::string_view help_url = {}) const {
        qwen_verdict verdict{};
        verdict.struct_size = sizeof verdict;
        verdict.kind = kind;
        verdict.available_at_utc_ms = available_at_utc_ms;
        verdict.text = borrow(text);
        verdict.help_url = borrow(help_url);
        require(ops_->set_verdict(sink_, &verdict));
    }

private:
    const qwen_sink_ops* ops_;
    qwen_sink* sink_;
};

// ---- What a provider is made of -------------------------------------------------------------------------------------

/// One configured account. Constructed in `create` with the Call; the thread rules are those of provider.h.
class Provider {
public:
    virtual ~Provider() = default;
    virtual void state(Call& call, Sink& sink) = 0;
    /// Throws Failure(QWEN_NEED_REFRESH) or Failure(QWEN_NEED_LOGIN) when the credential does not serve.
    virtual void authorize(Call& call, const qwen_request& request, Sink& sink) = 0;
    virtual void on_response(Call&, const qwen_response&, Sink&) {}
};

class Login {
public:
    virtual ~Login() = default;
    virtual void login(Call& call, std::string_view method) = 0;
    virtual void logout(Call& call) = 0;
};

class Refresh {
public:
    virtual ~Refresh() = default;
    virtual void refresh(Call& call) = 0;
};

class Sign {
public:
    virtual ~Sign() = default;
    virtual void sign(Call& call, const qwen_final_request& request, Sink& sink) = 0;
};

class Account {
public:
    virtual ~Account() = default;
    virtual void account_status(Call& call, Sink& sink) = 0;
};

class Models {
public:
    virtual ~Models() = default;
    virtual void list_models(Call& call, Sink& sink) = 0;
};

/// The C side of one provider class. Everything is static: a plugin file holds one provider.
template <typename P>
class Entry {
    static_assert(std::is_base_of_v<Provider, P>, "a provider derives from qwen::plugin::Provider");

public:
    static const qwen_provider* table(const qwen_host* host, const char* id, const char* version) noexcept {
        host_ = Host(host);
        static const qwen_provider provider = {sizeof(qwen_provider), QWEN_ABI_MINOR, id,           version,       &create, &destroy,
                                               &state,                &authorize,     &on_response, &get_extension};
        return &provider;
    }

private:
    static P& self(qwen_instance* instance) noexcept { return *reinterpret_cast<P*>(instance); }

    /// Runs `body` and turns what it throws into a status; the reason goes to the host.
    template <typename Body>
    static qwen_status guard(qwen_call* handle, Body body) noexcept {
        try {
            Call call(host_, handle);
            body(call);
            return QWEN_OK;
        } catch (const Failure& failure) {
            if (!failure.message().empty()) tell(handle, failure.status(), failure.message(), failure.hint(), failure.setting());
            return failure.status();
        } catch (const std::bad_alloc&) {
            tell(handle, QWEN_ERR_INTERNAL, "out of memory", {}, {});
        } catch (const std::exception& error) {
            tell(handle, QWEN_ERR_INTERNAL, error.what(), {}, {});
        } catch (...) {
            tell(handle, QWEN_ERR_INTERNAL, "unknown exception", {}, {});
        }
        return QWEN_ERR_INTERNAL;
    }

    static void tell(qwen_call* handle, qwen_status code, std::string_view message, std::string_view hint, std::string_view setting) noexcept {
        qwen_error error{};
        error.struct_size = sizeof error;
        error.code = code;
        error.message = borrow(message);
        error.hint = borrow(hint);
        error.setting = borrow(setting);
        host_.table()->error(handle, &error);
    }

    static qwen_status create(qwen_call* handle, qwen_instance** instance) noexcept {
        return guard(handle, [&](Call& call) {
            std::unique_ptr<P> provider;
            if constexpr (std::is_constructible_v<P, Call&>) {
                provider = std::make_unique<P>(call);
            } else {
                provider = std::make_unique<P>();
            }
            *instance = reinterpret_cast<qwen_instance*>(provider.release());
        });
    }
    static void destroy(qwen_instance* instance) noexcept { delete &self(instance); }
    static qwen_status state(qwen_instance* instance, qwen_call* handle, const qwen_sink_ops* ops, qwen_sink* target) noexcept {
        return guard(handle, [&](Call& call) {
            Sink sink(ops, target);
            self(instance).state(call, sink);
        });
    }
    static qwen_status authorize(qwen_instance* instance, qwen_call* handle, const qwen_request* request, const qwen_sink_ops* ops,
                                 qwen_sink* target) noexcept {
        return guard(handle, [&](Call& call) {
            Sink sink(ops, target);
            self(instance).authorize(call, *request, sink);
        });
    }
    static qwen_status on_response(qwen_instance* instance, qwen_call* handle, const qwen_response* response, const qwen_sink_ops* ops,
                                   qwen_sink* target) noexcept {
        return guard(handle, [&](Call& call) {
            Sink sink(ops, target);
            self(instance).on_response(call, *response, sink);
        });
    }
    static qwen_status login(qwen_instance* instance, qwen_call* handle, qwen_str method) noexcept {
        return guard(handle, [&](Call& call) { self(instance).login(call, view(method)); });
    }
    static qwen_status logout(qwen_instance* instance, qwen_call* handle) noexcept {
        return guard(handle, [&](Call& call) { self(instance).logout(call); });
    }
    static qwen_status refresh(qwen_instance* instance, qwen_call* handle) noexcept {
        return guard(handle, [&](Call& call) { self(instance).refresh(call); });
    }
    static qwen_status sign(qwen_instance* instance, qwen_call* handle, const qwen_final_request* request, const qwen_sink_ops* ops,
                            qwen_sink* target) noexcept {
        return guard(handle, [&](Call& call) {
            Sink sink(ops, target);
            self(instance).sign(call, *request, sink);
        });
    }
    static qwen_status account_status(qwen_instance* instance, qwen_call* handle, const qwen_sink_ops* ops, qwen_sink* target) noexcept {
        return guard(handle, [&](Call& call) {
            Sink sink(ops, target);
            self(instance).account_status(call, sink);
        });
    }
    static qwen_status list_models(qwen_instance* instance, qwen_call* handle, const qwen_sink_ops* ops, qwen_sink* target) noexcept {
        return guard(handle, [&](Call& call) {
            Sink sink(ops, target);
            self(instance).list_models(call, sink);
        });
    }

    static const void* get_extension(const char* id) noexcept {
        const std::string_view name(id);
        if constexpr (std::is_base_of_v<Login, P>) {
            static const qwen_provider_login_v1 table = {sizeof(qwen_provider_login_v1), 0, &login, &logout};
            if (name == QWEN_EXT_LOGIN) return &table;
        }
        if constexpr (std::is_base_of_v<Refresh, P>) {
            static const qwen_provider_refresh_v1 table = {sizeof(qwen_provider_refresh_v1), 0, &refresh};
            if (name == QWEN_EXT_REFRESH) return &table;
        }
        if constexpr (std::is_base_of_v<Sign, P>) {
            static const qwen_provider_sign_v1 table = {sizeof(qwen_provider_sign_v1), 0, &sign};
            if (name == QWEN_EXT_SIGN) return &table;
        }
        if constexpr (std::is_base_of_v<Account, P>) {
            static const qwen_provider_account_v1 table = {sizeof(qwen_provider_account_v1), 0, &account_status};
            if (name == QWEN_EXT_ACCOUNT) return &table;
        }
        if constexpr (std::is_base_of_v<Models, P>) {
            static const qwen_provider_models_v1 table = {sizeof(qwen_provider_models_v1), 0, &list_models};
            if (name == QWEN_EXT_MODELS) return &table;
        }
        return nullptr;
    }

    inline static Host host_;
};

}  // namespace qwen::plugin

/// Defines the one exported function. `id` equals the manifest's id and the file's stem.
#define QWEN_PROVIDER(Class, id, version)                                                            \
    extern "C" const qwen_provider* qwen_provider_entry_v1(const qwen_host* host) {                  \
        return ::qwen::plugin::Entry<Class>::table(host, id, version);                               \
    }

#endif
