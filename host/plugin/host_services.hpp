// The host services of one entry call, in C++: what stands behind the C tables of host.h, in this process and in the process of an isolated plugin.
//
// Two implementations: LocalServices does the work; the plugin's own process has one that asks the host over its socket. The rules (what an offline call
// may do, where http may go, sizes) are enforced in LocalServices, because a plugin's process is not trusted with them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/auth/interaction.hpp"
#include "core/auth/secret_store.hpp"
#include "core/base/secret.hpp"
#include "core/base/url.hpp"
#include "core/config/resolver.hpp"
#include "core/http/message.hpp"
#include "core/system/clock.hpp"
#include "core/system/random.hpp"
#include "host/plugin/manifest.hpp"

namespace qwen::host::plugin {

/// A number of abi.h (QWEN_OK, QWEN_ERR_…).
using Status = std::uint32_t;

struct HttpExchange {
    std::string method;
    std::string url;
    std::vector<auth::Parameter> headers;
    Secret body;
    std::uint32_t timeout_ms = 0;
};

struct HttpAnswer {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
    Secret body;
};

struct SecretAnswer {
    Secret value;
    std::int64_t expires_at_utc_ms = 0;
    std::uint64_t revision = 0;
};

struct SettingAnswer {
    Secret value;
    std::uint32_t source = 0;  ///< QWEN_SETTING_FROM_…
    bool sensitive = false;
};

struct PromptQuestion {
    std::uint32_t kind = 0;  ///< QWEN_PROMPT_…
    std::string label;
    std::string suggestion;
    std::string help_url;
};

/// Each function is the one of the same name in host.h, with its status codes.
class HostServices {
public:
    virtual ~HostServices() = default;

    virtual void log(std::uint32_t level, std::string_view message) = 0;
    [[nodiscard]] virtual bool cancelled() = 0;
    [[nodiscard]] virtual std::int64_t deadline_mono_ms() = 0;
    [[nodiscard]] virtual std::uint32_t interactive() = 0;
    [[nodiscard]] virtual Status http(HttpExchange request, HttpAnswer& answer) = 0;
    [[nodiscard]] virtual std::int64_t server_skew_ms(std::string_view origin) = 0;
    [[nodiscard]] virtual Status sleep_until(std::int64_t mono_ms) = 0;
    [[nodiscard]] virtual Status secret_get(std::string_view key, SecretAnswer& answer) = 0;
    [[nodiscard]] virtual Status secret_put_if(std::string_view key, std::string_view value, std::int64_t expires_at_utc_ms, std::uint64_t revision,
                                               std::uint64_t& new_revision) = 0;
    [[nodiscard]] virtual Status secret_erase(std::string_view key) = 0;
    [[nodiscard]] virtual Status device_code(const auth::DeviceVerification& verification) = 0;
    [[nodiscard]] virtual Status prompt(const PromptQuestion& question, Secret& answer) = 0;
    [[nodiscard]] virtual Status choose(std::string_view label, const std::vector<std::string>& choices, std::uint32_t& chosen) = 0;
    virtual void notice(std::string_view text) = 0;
    virtual void progress(std::uint32_t event, std::string_view detail) = 0;
    [[nodiscard]] virtual Status setting(std::string_view key, SettingAnswer& answer) = 0;
    [[nodiscard]] virtual Status run_command(std::string_view key, Secret& standard_output) = 0;
};

/// What a provider's services are made of. Everything referred to outlives the provider.
struct ServiceDependencies {
    /// Sends one request and follows no redirect; `context` holds deadline and cancellation. Empty: no http (QWEN_ERR_UNSUPPORTED).
    std::function<Result<http::Response>(http::Request, const Context&)> send;
    /// Runs a command line of the user's configuration and returns its standard output, at most 64 KiB. Empty: no commands.
    std::function<Result<Secret>(std::string_view command, const Context&)> run_command;
    /// One line of a plugin for the log; `level` is QWEN_LOG_…. Empty: dropped.
    std::function<void(std::uint32_t level, std::string_view plugin, std::string_view message)> log;
    const config::Resolution& settings;
    auth::SecretStore& secrets;
    auth::Interaction& interaction;
    const system::Clock& clock;
    const system::Random& random;
};

/// Whether services that wait are allowed ([offline] in provider.h).
enum class CallKind : std::uint8_t { offline, online };

/// Does the work in this process. Lives for one entry call, on one thread.
class LocalServices final : public HostServices {
public:
    LocalServices(const ServiceDependencies& dependencies, const Manifest& manifest, CallKind kind, const Context& context);

    void log(std::uint32_t level, std::string_view message) override;
    bool cancelled() override;
    std::int64_t deadline_mono_ms() override;
    std::uint32_t interactive() override;
    Status http(HttpExchange request, HttpAnswer& answer) override;
    std::int64_t server_skew_ms(std::string_view origin) override;
    Status sleep_until(std::int64_t mono_ms) override;
    Status secret_get(std::string_view key, SecretAnswer& answer) override;
    Status secret_put_if(std::string_view key, std::string_view value, std::int64_t expires_at_utc_ms, std::uint64_t revision,
                         std::uint64_t& new_revision) override;
    Status secret_erase(std::string_view key) override;
    Status device_code(const auth::DeviceVerification& verification) override;
    Status prompt(const PromptQuestion& question, Secret& answer) override;
    Status choose(std::string_view label, const std::vector<std::string>& choices, std::uint32_t& chosen) override;
    void notice(std::string_view text) override;
    void progress(std::uint32_t event, std::string_view detail) override;
    Status setting(std::string_view key, SettingAnswer& answer) override;
    Status run_command(std::string_view key, Secret& standard_output) override;

    /// Why the last service that failed did; so that "connection refused" reaches the user when the plugin only passes its status on.
    [[nodiscard]] const std::optional<Error>& last_error() const { return last_error_; }

private:
    [[nodiscard]] Status fail(Error error);
    [[nodiscard]] Status refuse(Status status, std::string what);
    [[nodiscard]] bool may_reach(const Origin& origin) const;
    [[nodiscard]] Result<http::Request> build_request(const HttpExchange& exchange, const Url& url) const;

    const ServiceDependencies& dependencies_;
    const Manifest& manifest_;
    CallKind kind_;
    Context context_;
    std::optional<Error> last_error_;
};

}  // namespace qwen::host::plugin
